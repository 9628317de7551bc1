"""Cases line by line: one answer for each, as it comes, whatever the line holds."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from policies.cases import answer_case, error_json
from policies.scope import Aliases
from verdicts.documents import DocumentError, parse_json
from verdicts.text import clean_text

MAXIMUM_LINE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """One line of output.

    Attributes:
        text: JSON in ASCII, without line break.
        read: whether the line held a JSON value; if not, nothing was evaluated.
        failed: the engine itself failed, which is a defect.
    """

    text: str
    read: bool = True
    failed: bool = False


def case_answers(stream: BinaryIO, now: dt.datetime, aliases: Aliases | None = None) -> Iterator[CaseAnswer]:
    """An answer for each line but blank ones.

    Args:
        stream: one case a line, UTF-8.
        now, aliases: see `answer_case`.

    Raises:
        OSError: the stream can't be read.
    """
    number = 0
    while line := stream.readline(MAXIMUM_LINE + 1):
        number += 1
        if len(line) > MAXIMUM_LINE:
            _skip_rest(stream, line)
            yield _unread(number, f"longer than {MAXIMUM_LINE:,} bytes")
        elif line.strip():
            yield _answered(line, number, now, aliases)


def _skip_rest(stream: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(MAXIMUM_LINE)


def _unread(number: int, why: str) -> CaseAnswer:
    return CaseAnswer(json.dumps(error_json(clean_text(f"line {number}: {why}"))), read=False)


def _answered(line: bytes, number: int, now: dt.datetime, aliases: Aliases | None) -> CaseAnswer:
    try:
        case = parse_json(line)
    except DocumentError as error:
        return _unread(number, str(error))
    try:
        return CaseAnswer(json.dumps(answer_case(case, now, aliases), allow_nan=False))
    except Exception as error:  # a defect of the engine must cost one answer, not all that follow
        reason = clean_text(f"line {number}: internal error, {type(error).__name__}: {error}")
        return CaseAnswer(json.dumps(error_json(reason)), failed=True)
