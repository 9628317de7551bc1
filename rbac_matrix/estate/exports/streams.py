"""JSON exports of any size, some records at a time.

A file holds one document or several, one behind the other (JSON lines, pages that were joined): a list of records, an
object with such a list under `value` or `data` and other things beside it, or a single record. A list is parsed in
pieces that end between two of its records. That place is guessed from the text, and the guess may be wrong (within a
record, within a text); but a piece that starts between two records and is a whole list in brackets also ends between
two records, so a wrong guess never parses.

Keys that stand twice, NaN, and nesting without end are refused, as everywhere (`verdicts.documents`).
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rbac_matrix.estate.exports.text import WINDOW
from rbac_matrix.estate.exports.values import LISTS, Envelope, Piece, RefusedError, decode
from verdicts import ConfigurationError

MAXIMUM_RECORD = 64 * 1024 * 1024
"""Characters that one record, or a value beside the records, may have."""

_SPACE = re.compile(r"[ \t\r\n]*")


class _NotWholeError(Exception):
    """What was asked for isn't whole in the text at hand."""


class Documents:
    """Reads the documents in windows of text. Errors are ConfigurationError with file and line.

    Args:
        windows: the text; may begin within a list, see `resume`.
        shown_as: the file's name.
        open_end: the text ends between two records of the first document's list.
    """

    def __init__(self, windows: Iterator[str], shown_as: str, *, open_end: bool = False) -> None:
        self._windows = windows
        self._shown_as = shown_as
        self._open_end = open_end
        self._text = ""
        self._at = 0
        self._counted = 0
        self._line = 1
        self._ended = False
        self._singly = False
        self._by_lines = True
        self.in_list = False
        """A list of records has begun."""
        self.cut_in_list = False
        """With `open_end`: the text did end within the first document's list."""

    @property
    def line(self) -> int:
        """Line of what is read next."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def pieces(self) -> Iterator[Piece]:
        """All records, in their order. A document without records gives one piece without any."""
        first = True
        while self._peek() and not (self._open_end and not first):
            yield from self._document()
            first = False

    def resume(self, envelope: Envelope) -> Iterator[Piece]:
        """The same for a text that begins between two records of the envelope's list."""
        yield from self._records(envelope)
        if envelope.key != "":
            yield from self._members(envelope, goes_on=True)
        yield from self.pieces()

    def _document(self) -> Iterator[Piece]:
        character = self._peek()
        if character == "[":
            self._at += 1
            yield from self._records(Envelope("", self.line))
            return
        if character != "{":
            raise self._error("neither a list nor an object")
        if self._by_lines and not self._open_end:
            pieces = self._lines_of_records()
            if pieces is not None:
                yield pieces
                return
        envelope = Envelope(None, self.line)
        self._at += 1
        yield from self._members(envelope, goes_on=False)

    def _members(self, envelope: Envelope, *, goes_on: bool) -> Iterator[Piece]:
        """The keys and values of an object, up to its end."""
        more = self._more("}") if goes_on else self._peek() != "}"
        if not more and not goes_on:
            self._at += 1
        while more:
            key = self._value()
            if not isinstance(key, str) or self._peek() != ":":
                raise self._error("not JSON: a key and a colon are missing")
            if key in envelope.fields or key == envelope.key:
                raise self._error(f"the key {key!r} stands twice")
            self._at += 1
            if key in LISTS and envelope.key is None and self._peek() == "[":
                envelope.key = key
                self._at += 1
                yield from self._records(envelope)
                if self.cut_in_list:
                    return
            else:
                envelope.fields[key] = self._value()
            more = self._more("}")
        if envelope.key is None:
            yield Piece(envelope, (envelope.fields,), (envelope.line,), last=True)
        else:
            yield Piece(envelope, (), (), last=True)

    def _more(self, closing: str) -> bool:
        """Goes over a comma, or over the end."""
        character = self._peek()
        if character not in (",", closing):
            raise self._error(f"not JSON: a comma or {closing} is missing", cut=character == "")
        self._at += 1
        return character == ","

    def _records(self, envelope: Envelope) -> Iterator[Piece]:
        """The records of a list and its end; only a list without anything around it ends its document."""
        self._singly = False
        self.in_list = True
        self._fill(WINDOW)
        # The space before the first record stays: it tells how records are indented.
        behind = self._space(self._at)
        ended = self._text[behind : behind + 1] == "]"
        if ended:
            self._at = behind + 1
            yield Piece(envelope, (), (), last=envelope.key == "")
        while not ended:
            records, lines, ended = self._some_records()
            yield Piece(envelope, records, lines, last=ended and envelope.key == "" and not self.cut_in_list)

    def _some_records(self) -> tuple[Sequence[Any], Sequence[int], bool]:
        size = WINDOW
        while True:
            self._fill(size)
            found = None if self._singly else self._many()
            try:
                return found or self._one_by_one()
            except _NotWholeError:
                if size > MAXIMUM_RECORD:
                    raise self._error("a record is too large, or has no end") from None
                size *= 2

    def _many(self) -> tuple[Sequence[Any], Sequence[int], bool] | None:
        """As many records as possible at once; None if they have to be gone through one by one."""
        end = len(self._text) if self._ended else self._guess()
        if end <= self._at:
            return None
        piece = f"[{self._text[self._at : end]}]"
        try:
            records, parsed = decode(piece, 0)
        except (json.JSONDecodeError, RefusedError):
            self._singly = True
            return None
        own_bracket = parsed < len(piece)
        if not records or (self._ended and own_bracket is self._open_end):
            return None
        lines = self._lines(len(records), min(end, self._at + parsed - 1))
        if lines is None:
            self._singly = True
            return None
        if own_bracket:
            self._at += parsed - 1
        else:
            self._at = end + (not self._ended)
            self.cut_in_list = self._ended
        return records, lines, own_bracket or self._ended

    def _guess(self) -> int:
        """Where a record could end, followed by a comma and another record; 0 if there is no such place."""
        start = self._text.find("{", self._at)
        line_start = self._text.rfind("\n", self._at, max(start, self._at))
        mark = self._text[line_start : start + 1] if line_start >= 0 else "{"
        at = self._text.rfind(mark, start + 1)
        if at < 0:
            return 0
        comma = _before(self._text, at)
        end = _before(self._text, comma)
        return comma if self._text[comma] == "," and self._text[end] == "}" and end > start else 0

    def _lines(self, count: int, end: int) -> Sequence[int] | None:
        """The lines of that many records up to `end`; None where their starts can't be told from the text."""
        text, line = self._text, self.line
        first = text.find("{", self._at, end)
        line_start = text.rfind("\n", self._at, max(first, self._at))
        if text.find("\n", self._at, end) < 0:
            return [line] * count
        if first < 0 or line_start < 0:
            return None
        # What stands between the starts of records, with their line breaks.
        between = text[self._at : end].split(text[line_start : first + 1])
        if len(between) != count + 1:
            return None
        counts = [each.count("\n") + 1 for each in between[:-1]]
        lines = list(itertools.accumulate(counts, initial=line))[1:]
        self._line, self._counted = lines[-1], end - len(between[-1])
        return lines

    def _one_by_one(self) -> tuple[Sequence[Any], Sequence[int], bool]:
        records: list[Any] = []
        lines: list[int] = []
        while True:
            self._at = self._space(self._at)
            line = self.line
            try:
                record, end = decode(self._text, self._at)
            except RefusedError as error:
                raise self._error(str(error)) from None
            except json.JSONDecodeError as error:
                if self._ended and not (self._open_end and error.pos >= len(self._text) and not records):
                    raise self._json_error(error) from None
                break
            behind = self._space(end)
            character = self._text[behind : behind + 1]
            if character not in (",", "]") and not (self._ended and self._open_end and not character):
                if character or self._ended:
                    self._at = behind
                    raise self._error("not JSON: a comma or ] is missing", cut=not character)
                break
            records.append(record)
            lines.append(line)
            self._at = behind + 1
            if character != ",":
                self.cut_in_list = not character
                self._at = behind + (1 if character else 0)
                return records, lines, True
        if not records:
            raise _NotWholeError
        return records, lines, False

    def _lines_of_records(self) -> Piece | None:
        """JSON lines, many at once; None if it is something else."""
        self._fill(WINDOW)
        end = len(self._text) if self._ended else self._text.rfind("\n") + 1
        rows = [row.strip(" \t\r") for row in self._text[self._at : end].split("\n")]
        numbers = [index for index, row in enumerate(rows) if row]
        if len(numbers) < 2 or not all(rows[index][0] == "{" and rows[index][-1] == "}" for index in numbers):
            self._by_lines = False
            return None
        try:
            records, _ = decode("[" + ",".join(rows[index] for index in numbers) + "]", 0)
        except (json.JSONDecodeError, RefusedError):
            records = []
        if len(records) != len(numbers) or any(isinstance(one.get(key), list) for one in records for key in LISTS):
            self._by_lines = False
            return None
        line = self.line
        self._at = end
        return Piece(Envelope("", line), records, [line + index for index in numbers], last=True)

    def _value(self) -> Any:
        size = WINDOW
        while True:
            self._at = self._space(self._at)
            try:
                value, end = decode(self._text, self._at)
            except RefusedError as error:
                raise self._error(str(error)) from None
            except json.JSONDecodeError as error:
                if self._ended:
                    raise self._json_error(error) from None
                if size > MAXIMUM_RECORD:
                    raise self._error("a value is too large, or has no end") from None
            else:
                # A number could go on behind the text at hand.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            self._fill(size)
            size *= 2

    def _peek(self) -> str:
        """The next character that is no space, which is gone to; "" at the end."""
        while True:
            self._at = self._space(self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._fill(WINDOW)

    def _space(self, start: int) -> int:
        match = _SPACE.match(self._text, start)
        return match.end() if match else start

    def _fill(self, size: int) -> None:
        """Sees to it that so much of the text is at hand, as far as there is so much."""
        if self._ended or len(self._text) - self._at >= size:
            return
        _ = self.line
        parts = [self._text[self._at :]]
        held = len(parts[0])
        while held < size:
            window = next(self._windows, None)
            if window is None:
                self._ended = True
                break
            parts.append(window)
            held += len(window)
        self._text = "".join(parts)
        self._at = self._counted = 0

    def _error(self, message: str, *, cut: bool = False) -> ConfigurationError:
        remedy = "the file may be cut off: export it again" if cut else ""
        return ConfigurationError(message, where=f"{self._shown_as}:{self.line}", remedy=remedy)

    def _json_error(self, error: json.JSONDecodeError) -> ConfigurationError:
        cut = error.pos >= len(self._text.rstrip()) or error.msg.startswith("Unterminated")
        self._at = min(error.pos, len(self._text))
        return self._error(f"not JSON: {error.msg}", cut=cut)


def _before(text: str, at: int) -> int:
    """The last place before `at` that holds no space."""
    at -= 1
    while at > 0 and text[at] in " \t\r\n":
        at -= 1
    return at
