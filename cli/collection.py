"""How often Python looks for circles of objects that nobody needs any more, in commands that keep nearly all they make.

By default it looks after every 700 new objects. In `mlgate check` that took a tenth of the time and found nothing to
speak of: what was read is kept until the report is written, and trees have no circles.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

_NEW_OBJECTS = 500_000
"""Bounds what can be left lying to some 50 MB, whatever stands in the files."""


@contextlib.contextmanager
def rare_collection() -> Iterator[None]:
    """Looks only after every 500,000 objects that are new and still there; as before when it ends.

    Afterwards what is there is passed over: the command is done, and looking through it would only delay the end.
    """
    before = gc.get_threshold()
    gc.set_threshold(_NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(*before)
