"""Where the raw bytes of an array end in an uncompressed joblib dump.

joblib pickles a `NumpyArrayWrapper` in an array's place and writes the array's bytes right behind the BUILD opcode of
that wrapper, in the middle of the pickle. How many bytes its loader takes follows from the wrapper's state; a walker
that counts otherwise by one byte sees another pickle than the loader. So the state is understood exactly, or refused.

Source: joblib 1.2 to 1.6, `numpy_pickle.NumpyArrayWrapper.read_array`; numpy `dtype.__reduce__`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from scanners.pickle_opcodes import ImportName

WRAPPER = ImportName("joblib.numpy_pickle", "NumpyArrayWrapper")
DTYPE = ImportName("numpy", "dtype")
ALIGNMENT = 16

_ARRAY_CLASSES = frozenset({ImportName("numpy", "ndarray"), ImportName("numpy", "matrix")})
_WRAPPER_KEYS = frozenset({"subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"})
_TYPE_CODE = re.compile(r"([biufcSUVMm])([1-9][0-9]{0,9})")
_OBJECT_CODE = "O8"
# Bits of a dtype's flags (numpy/ndarraytypes.h): references to objects, a list pickle, a pointer, needs
# initialisation, needs Python, aligned.
_HAS_OBJECT, _NEEDS_INIT, _NEEDS_PYTHON, _ALIGNED = 0x01, 0x08, 0x10, 0x80
_MAXIMUM_FIELDS = 1_000
_MAXIMUM_NESTING = 4


@dataclass(slots=True, eq=False)
class MadeValue:
    """An instance of a class that the walker knows (a dtype, an array wrapper)."""

    made_by: ImportName
    arguments: tuple[object, ...]
    states: list[object] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class DictValue:
    """A dictionary in the stream; `items` is cut at MAXIMUM_ITEMS, and then `cut` is true."""

    items: list[tuple[object, object]] = field(default_factory=list)
    cut: bool = False

    MAXIMUM_ITEMS = 256

    def add(self, pairs: list[object]) -> None:
        """Adds keys and values that stand one after the other."""
        room = self.MAXIMUM_ITEMS - len(self.items)
        if len(pairs) > 2 * room:
            self.cut = True
        self.items.extend(zip(pairs[0 : 2 * room : 2], pairs[1 : 2 * room : 2], strict=False))

    def plain(self) -> dict[str, object] | None:
        """The content, if every key is a text of its own."""
        content = {key: value for key, value in self.items if isinstance(key, str)}
        return content if len(content) == len(self.items) and not self.cut else None


class UnknownLayoutError(Exception):
    """What a wrapper stands for can't be told exactly; the text says why."""


@dataclass(frozen=True, slots=True)
class ArrayData:
    """What stands behind a wrapper: `size` raw bytes after the padding, or a pickle of its own (objects)."""

    size: int
    pickled: bool


def array_data(wrapper: MadeValue) -> ArrayData:
    """What the loader reads behind the wrapper. Raises UnknownLayoutError."""
    state = _only_state(wrapper)
    content = state.plain() if isinstance(state, DictValue) else None
    if content is None:
        raise UnknownLayoutError("the array's description is not a plain dictionary")
    if frozenset(content) != _WRAPPER_KEYS:
        raise UnknownLayoutError("the array's description has not the keys that joblib 1.2 or later writes")
    if content["subclass"] not in _ARRAY_CLASSES:
        raise UnknownLayoutError("the array is of an unknown class")
    if content["order"] not in ("C", "F") or content["allow_mmap"] not in (True, False):
        raise UnknownLayoutError("the array's order is unknown")
    if type(content["numpy_array_alignment_bytes"]) is not int or content["numpy_array_alignment_bytes"] != ALIGNMENT:
        raise UnknownLayoutError("the array is not aligned to 16 bytes")
    count = _count(content["shape"])
    item_size = _item_size(content["dtype"], 0)
    return ArrayData(0, True) if item_size is None else ArrayData(count * item_size, False)


def _only_state(made: MadeValue) -> object:
    if len(made.states) != 1:
        raise UnknownLayoutError(f"{made.made_by} is given a state {len(made.states)} times")
    return made.states[0]


def _count(shape: object) -> int:
    if not isinstance(shape, tuple) or len(shape) > 64:
        raise UnknownLayoutError("the array's shape is unknown")
    count = 1
    for length in shape:
        if type(length) is not int or not 0 <= length < 2**40:
            raise UnknownLayoutError("the array's shape is unknown")
        count *= length
    if count >= 2**48:
        raise UnknownLayoutError("the array is larger than any file")
    return count


def _item_size(dtype: object, depth: int) -> int | None:
    """Bytes of one element; None for Python objects."""
    if not isinstance(dtype, MadeValue) or dtype.made_by != DTYPE or depth > _MAXIMUM_NESTING:
        raise UnknownLayoutError("the array's dtype is unknown")
    if len(dtype.arguments) != 3 or dtype.arguments[1:] != (False, True) or not isinstance(dtype.arguments[0], str):
        raise UnknownLayoutError("the array's dtype is made in an unknown way")
    code = dtype.arguments[0]
    state = _only_state(dtype)
    if not isinstance(state, tuple) or len(state) not in (8, 9) or state[1] not in ("<", ">", "|", "="):
        raise UnknownLayoutError("the array's dtype has an unknown state")
    version, _, parent, names, fields, element_size, _, flags = state[:8]
    if code == _OBJECT_CODE:
        if (version, parent, names, fields, element_size, flags) != (3, None, None, None, -1, 63) or len(state) != 8:
            raise UnknownLayoutError("a dtype of objects with an unknown state")
        return None
    match = _TYPE_CODE.fullmatch(code)
    if match is None or type(element_size) is not int or type(flags) is not int or parent is not None:
        raise UnknownLayoutError(f"the array's dtype {code!r} is unknown")
    kind, size = match.group(1), int(match.group(2)) * (4 if match.group(1) == "U" else 1)
    if (version, len(state)) != ((4, 9) if kind in "Mm" else (3, 8)):
        raise UnknownLayoutError("the array's dtype has a state of an unknown version")
    if element_size != (size if kind in "SUV" else -1):
        raise UnknownLayoutError("the array's dtype states two sizes")
    if flags & ~(_NEEDS_INIT | _NEEDS_PYTHON | _ALIGNED):
        raise UnknownLayoutError("the array's dtype has unknown flags")
    _check_fields(kind, names, fields, depth)
    return size


def _check_fields(kind: str, names: object, fields: object, depth: int) -> None:
    if names is None and fields is None:
        return
    content = fields.plain() if isinstance(fields, DictValue) else None
    if kind != "V" or content is None or not isinstance(names, tuple) or len(names) > _MAXIMUM_FIELDS:
        raise UnknownLayoutError("the fields of the array's dtype are unknown")
    if set(names) != set(content):
        raise UnknownLayoutError("the fields of the array's dtype contradict their names")
    for value in content.values():
        if not isinstance(value, tuple) or len(value) not in (2, 3) or _item_size(value[0], depth + 1) is None:
            raise UnknownLayoutError("a field of the array's dtype is unknown, or holds objects")
