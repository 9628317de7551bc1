"""Reading a configuration file key by key: what is missing, misspelt or of a wrong kind is said with file and line."""

from __future__ import annotations

import datetime as dt
import difflib
import enum
import math
from collections.abc import Iterator
from typing import Any, TypeVar

from verdicts.documents import Document, Pointer
from verdicts.errors import ConfigurationError

_E = TypeVar("_E", bound=enum.Enum)
_REQUIRED: Any = object()


class Section:
    """A mapping in a document. Every key must be asked for before `finish()`, which refuses the rest.

    All readers raise ConfigurationError with "file:line".
    """

    def __init__(self, document: Document, name: str, pointer: Pointer = ()) -> None:
        self._document = document
        self._name = name
        self._pointer = pointer
        content = document.content
        for part in pointer:
            content = content[part]
        if not isinstance(content, dict):
            raise self.error(f"expected a mapping{self._of()}, found {_kind(content)}")
        self._content: dict[str, Any] = content
        self._asked: set[str] = set()

    def _of(self) -> str:
        return f" at {'.'.join(map(str, self._pointer))}" if self._pointer else ""

    @property
    def name(self) -> str:
        """The file's name as errors show it."""
        return self._name

    def line(self, *keys: str | int) -> int | None:
        """Line of a key below this section."""
        return self._document.line((*self._pointer, *keys))

    def error(self, message: str, *keys: str | int, remedy: str = "") -> ConfigurationError:
        """An error at this section or at a key below it."""
        line = self._document.line((*self._pointer, *keys))
        return ConfigurationError(message, where=f"{self._name}:{line}" if line else self._name, remedy=remedy)

    def keys(self) -> tuple[str, ...]:
        """All keys, in the file's order."""
        return tuple(self._content)

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        self._asked.add(key)
        return self._content.get(key) is not None

    def _take(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        value = self._content.get(key)
        if value is None:
            if default is _REQUIRED:
                raise self.error(f"{key!r} is missing{self._of()}")
            return default
        return value

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        """A non-empty text; a number is not taken for one, since 1.10 would become 1.1."""
        value = self._take(key, default)
        if value is default:
            return value  # type: ignore[no-any-return]
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"{key!r} must be text, found {_kind(value)}", key, remedy="put it in quotes")
        return value

    def integer(self, key: str, default: Any = _REQUIRED, *, minimum: int, maximum: int) -> int:
        """A whole number within bounds."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise self.error(f"{key!r} must be a whole number from {minimum} to {maximum}, found {value!r}", key)
        return value

    def number(self, key: str, default: Any = _REQUIRED) -> float:
        """A finite number."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(f"{key!r} must be a number, found {_kind(value)}", key)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self.error(f"{key!r} must be a finite number, found {number}", key)
        return number

    def boolean(self, key: str, default: Any = _REQUIRED) -> bool:
        """true or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self.error(f"{key!r} must be true or false, found {value!r}", key)
        return value

    def date(self, key: str) -> dt.date:
        """A day, as 2027-01-31."""
        value = self.text(key)
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise self.error(f"{key!r} must be a date like 2027-01-31, found {value!r}", key) from None

    def choice(self, key: str, kind: type[_E], default: Any = _REQUIRED) -> _E:
        """A member of an enumeration, by its value."""
        value = self._take(key, default)
        if value is default:
            return value  # type: ignore[no-any-return]
        allowed = [str(member.value) for member in kind]
        if value not in allowed:
            raise self.error(f"{key!r} must be one of {', '.join(allowed)}; found {value!r}", key)
        return kind(value)

    def texts(self, key: str, default: Any = _REQUIRED) -> tuple[str, ...]:
        """A list of texts."""
        value = self._take(key, default)
        if not isinstance(value, list | tuple):
            raise self.error(f"{key!r} must be a list, found {_kind(value)}", key)
        for index, item in enumerate(value):
            if not isinstance(item, str) or not item.strip():
                raise self.error(f"{key!r} must hold texts, found {_kind(item)}", key, index)
        return tuple(value)

    def integers(self, key: str, default: Any = _REQUIRED, *, minimum: int, maximum: int) -> tuple[int, ...]:
        """A list of whole numbers within bounds."""
        value = self._take(key, default)
        if not isinstance(value, list | tuple):
            raise self.error(f"{key!r} must be a list, found {_kind(value)}", key)
        for index, item in enumerate(value):
            if isinstance(item, bool) or not isinstance(item, int) or not minimum <= item <= maximum:
                raise self.error(f"{key!r} must hold whole numbers from {minimum} to {maximum}", key, index)
        return tuple(value)

    def value(self, key: str) -> Any:
        """Whatever stands there, but not nothing."""
        return self._take(key, _REQUIRED)

    def section(self, key: str) -> Section:
        """A mapping below this one; an absent one is an error."""
        self._take(key, _REQUIRED)
        return Section(self._document, self._name, (*self._pointer, key))

    def optional_section(self, key: str) -> Section | None:
        """A mapping below this one, or None."""
        return self.section(key) if self._take(key, None) is not None else None

    def sections(self, key: str, default: Any = _REQUIRED) -> Iterator[Section]:
        """A list of mappings."""
        value = self._take(key, default)
        if not isinstance(value, list | tuple):
            raise self.error(f"{key!r} must be a list, found {_kind(value)}", key)
        for index in range(len(value)):
            yield Section(self._document, self._name, (*self._pointer, key, index))

    def finish(self) -> None:
        """Refuses keys that nobody asked for: a misspelt one would silently mean the default."""
        for key in self._content:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, n=1)
                remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(self._asked))}"
                raise self.error(f"unknown key {key!r}{self._of()}", key, remedy=remedy)


def _kind(value: object) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return "nothing" if value is None else names.get(type(value), type(value).__name__)
