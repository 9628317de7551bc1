"""Colours of the tones, for light and dark. A test holds every text to the contrast of WCAG 2.2 AA (4.5 to 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rbac_matrix.rendering.grid import Tone


@dataclass(frozen=True, slots=True)
class Colours:
    """Text on a surface, "#rrggbb"."""

    text: str
    fill: str


@dataclass(frozen=True, slots=True)
class Theme:
    """`page` is for all text that has no tone, `dim` for what matters less on the same surface, `line` for borders."""

    page: Colours
    dim: str
    head: str
    line: str
    tones: Mapping[Tone, Colours]


LIGHT = Theme(
    page=Colours("#1b1f24", "#ffffff"),
    dim="#57606a",
    head="#f1f3f5",
    line="#c4cad1",
    tones={
        Tone.EMPTY: Colours("#57606a", "#ffffff"),
        Tone.READS: Colours("#0b5a2b", "#d7f2df"),
        Tone.CHANGES: Colours("#6b4700", "#ffeebf"),
        Tone.CONTROLS: Colours("#8f1018", "#ffdcd9"),
        Tone.EXACT: Colours("#0b5a2b", "#d7f2df"),
        Tone.MISSING: Colours("#0a4a8f", "#dbeafe"),
        Tone.SUBSET: Colours("#145a66", "#d5f0f4"),
        Tone.EXCESS: Colours("#8f1018", "#ffdcd9"),
        Tone.DIFFERENT: Colours("#7a2c72", "#f7dcf4"),
        Tone.UNKNOWN: Colours("#44494f", "#e3e6e9"),
    },
)
DARK = Theme(
    page=Colours("#e6e8ea", "#15181c"),
    dim="#a6adb5",
    head="#22272d",
    line="#454c54",
    tones={
        Tone.EMPTY: Colours("#a6adb5", "#15181c"),
        Tone.READS: Colours("#9be3b4", "#12351f"),
        Tone.CHANGES: Colours("#f5d57c", "#3d2f08"),
        Tone.CONTROLS: Colours("#ffb3ad", "#4a1518"),
        Tone.EXACT: Colours("#9be3b4", "#12351f"),
        Tone.MISSING: Colours("#a9cdfb", "#12305a"),
        Tone.SUBSET: Colours("#9fdbe5", "#0f3840"),
        Tone.EXCESS: Colours("#ffb3ad", "#4a1518"),
        Tone.DIFFERENT: Colours("#f0b5e9", "#431a3f"),
        Tone.UNKNOWN: Colours("#c9ced4", "#333940"),
    },
)


def contrast(first: str, second: str) -> float:
    """Ratio of luminances, 1 to 21 (WCAG 2.2, relative luminance)."""
    bright, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
