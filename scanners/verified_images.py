"""Each image is read through once, however many scanners ask.

A manifest's digest fixes every byte of the image, so what one reading verified holds for the digest, wherever a copy of
it stands. A scanner that hands a copy to another program still has to hash that copy (`OciLayout.copy` does).
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict

from scanners.image_inventory import PythonDistribution
from scanners.oci_layout import OciLayout
from scanners.oci_verification import VerifiedImage

_KEPT = 8
_known: OrderedDict[str, VerifiedImage] = OrderedDict()
_reading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_guard = threading.Lock()


def verified_image(layout: OciLayout, digest: str) -> VerifiedImage:
    """The image, verified now or earlier in this process. Raises ImageError; a failure isn't remembered."""
    with _guard:
        lock = _reading[digest]
    with lock:
        with _guard:
            if digest in _known:
                return _known[digest]
        image = layout.verify(digest)
        with _guard:
            _known[digest] = image
            while len(_known) > _KEPT:
                oldest, _ = _known.popitem(last=False)
                _reading.pop(oldest, None)
        return image


def image_distributions(layout: OciLayout, digest: str) -> tuple[PythonDistribution, ...]:
    """The Python distributions in an image, by a reading of our own. Raises ImageError."""
    return verified_image(layout, digest).inventory.python_distributions
