"""Records of which a run makes hundreds of thousands: frozen for the type checker, quick to make.

Each field of a frozen dataclass is set by a call of its own, which made a tenth of the time of `mlgate check`. Nothing
but the type checker keeps anybody from changing a record; all of our code goes through it (`mypy --strict`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass

    def record(*, frozen, slots):
        """As `dataclasses.dataclass`: equal and hashed by its fields, too."""
        assert frozen
        return dataclass(slots=slots, unsafe_hash=True)


__all__ = ["record"]
