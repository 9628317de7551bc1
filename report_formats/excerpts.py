"""The lines of a file around a finding, made safe to show.

A report is public more often than the file: build logs, comments, uploaded results. So a value that may be a secret is
replaced wherever it stands in an excerpt, on the marked line and on those around it: what looks like a secret by its
form, what stands under a name of secrets, and every line that a rule about secrets points at.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from report_formats.interface import Excerpt
from verdicts import Finding, Location
from verdicts.text import REDACTED, clean_text

CONTEXT = 2
"""Lines shown before and after the marked one."""
MAXIMUM_WIDTH = 160
_SLICE = 2_000
_TAB = "    "
_LONGEST_SECRET = 400
"""How many lines under a line with a secret may belong to it (a key in a YAML block)."""

_NAME = (
    r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|shared[_-]?key"
    r"|storage[_-]?key|primary[_-]?key|private[_-]?key|client[_-]?key|connection[_-]?string|credential|sas)"
)
# What such a name may end with and hold no secret any more: secretName, tokenExpirationDays, allowSharedKeyAccess.
_HARMLESS = r"(?:name|names|uri|url|id|ids|type|types|days|version|policy|access|enabled|store|provider|rotation)"
_NAMED = re.compile(
    rf"(?<![\w.-])(?P<name>[\"']?[\w.-]*{_NAME}(?![\w.-]*{_HARMLESS}[\"']?\s*[:=])[\w.-]*[\"']?\s*[:=]\s*)"
    r"(?P<value>\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?|[^\s,;#}\]]+)",
    re.IGNORECASE,
)
# An expression, a reference to a variable or to a secret's place, or no text at all.
_NO_SECRET = re.compile(
    r"(?:[\"']?(?:\[[^\[]|@|\$|\{\{|#\{|\*+[\"']?$|[\"']?$)|(?:true|false|null|~|[\[{|>&*!])|-?\d{1,5}$)",
    re.IGNORECASE,
)
_OPTION = re.compile(
    rf"(?P<name>(?<!\S)--?[\w-]*{_NAME}(?![\w-]*{_HARMLESS}\b)[\w-]*[ \t]+)(?P<value>[^\s-]\S*)", re.IGNORECASE
)
_RANDOM = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
_KEY = re.compile(r"\s*(?:-\s+)?[\"']?[\w.-]{1,100}[\"']?\s*[:=]")


def excerpts_of(
    findings: Iterable[Finding],
    files: Mapping[str, bytes],
    secret_rules: Collection[str] = (),
    among: Iterable[Finding] = (),
) -> dict[str, Excerpt]:
    """By fingerprint, where findings stand; those without a line, or of a file that isn't given, have none.

    Args:
        findings: in any order.
        files: the bytes that were checked, by path.
        secret_rules: ids of the rules whose findings point at secrets.
        among: further findings, which get no excerpt; those of `secret_rules` hide their lines all the same.
    """
    texts: dict[str, list[str]] = {}

    def placed(given: Iterable[Finding]) -> Iterator[tuple[Finding, Location, int, list[str]]]:
        for one in given:
            place = one.location
            if place is not None and place.line and place.path in files:
                if place.path not in texts:
                    texts[place.path] = text_lines(files[place.path])
                yield one, place, place.line, texts[place.path]

    findings = list(findings)
    hidden: dict[str, set[int]] = {}
    for _, place, line, lines in placed(one for one in (*findings, *among) if one.rule_id in secret_rules):
        if line <= len(lines):
            hidden.setdefault(place.path, set()).update(_belonging(lines, line))
    made = {}
    for finding, place, line, lines in placed(findings):
        excerpt = _excerpt(lines, line, place.column, hidden.get(place.path, frozenset()))
        if excerpt is not None:
            made[finding.fingerprint] = excerpt
    return made


def text_lines(data: bytes) -> list[str]:
    """The lines of a file as its readers count them: by line feeds."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return [line.removesuffix("\r") for line in data.decode(encoding, "replace").split("\n")]


@functools.lru_cache(maxsize=4_096)  # several findings stand in the same lines
def safe_line(text: str) -> str:
    """One line without secrets and without what a terminal obeys."""
    hidden = _OPTION.sub(_without_value, _NAMED.sub(_without_value, text))
    hidden = _RANDOM.sub(lambda match: REDACTED if _looks_random(match.group()) else match.group(), hidden)
    return clean_text(hidden.replace("\t", _TAB).replace("\r", " "), maximum=_SLICE * 3)


def _without_value(match: re.Match[str]) -> str:
    value = match["value"]
    return match.group() if _NO_SECRET.match(value) else f"{match['name']}{REDACTED}"


def _looks_random(text: str) -> bool:
    """Whether it may be a key: all kinds of characters in it, and no words with slashes between them."""
    kinds = (any(c.islower() for c in text), any(c.isupper() for c in text), sum(c.isdigit() for c in text) >= 3)
    return all(kinds) and text.count("/") + text.count("-") + text.count("_") <= max(2, len(text) // 16)


def _belonging(lines: list[str], line: int) -> Iterable[int]:
    """The line of a secret, and those under it that may go on with it: they are indented deeper."""
    yield line
    margin = _margin(lines[line - 1])
    for number in range(line + 1, min(len(lines), line + _LONGEST_SECRET) + 1):
        text = lines[number - 1]
        if text.strip() and _margin(text) <= margin:
            return
        yield number


def _margin(text: str) -> int:
    return len(text) - len(text.lstrip(" \t"))


def _excerpt(lines: list[str], marked: int, column: int | None, hidden: Collection[int]) -> Excerpt | None:
    if marked > len(lines):
        return None
    last = len(lines) - 1 if lines[-1] == "" and marked < len(lines) else len(lines)
    first = max(1, marked - CONTEXT)
    numbers = range(first, min(last, marked + CONTEXT) + 1)
    shown: list[str] = []
    at: int | None = None
    for number in numbers:
        text = lines[number - 1]
        if number in hidden:
            shown.append(_without_secret(text))
            if number == marked:
                at = _margin(shown[-1]) + 1
        elif number == marked:
            line, at = _window(text, column)
            shown.append(line)
        else:
            shown.append(_cut(safe_line(text[:_SLICE]), 0))
    return Excerpt(first=first, lines=tuple(shown), marked=marked, column=at)


def _without_secret(text: str) -> str:
    """A line that holds a secret: its key only."""
    key = _KEY.match(text)
    margin = text[: min(_margin(text), 40)].replace("\t", _TAB)
    return _cut(f"{safe_line(key.group()).rstrip()} {REDACTED}" if key else f"{margin}{REDACTED}", 0)


def _window(text: str, column: int | None) -> tuple[str, int | None]:
    """The part of the marked line around the column, and the column in it."""
    if column is None or column > len(text) + 1:
        return _cut(safe_line(text[:_SLICE]), 0), None
    start = max(0, column - 1 - _SLICE // 2)
    part = text[start : start + _SLICE]
    line, before = safe_line(part), safe_line(part[: column - 1 - start])
    # What was replaced before the column, or around it, leaves no place to point at.
    at = len(before) if line.startswith(before) else None
    offset = max(0, at - MAXIMUM_WIDTH // 2) if at is not None and len(line) > MAXIMUM_WIDTH else 0
    cut = _cut(line, offset, begun=start > 0)
    if at is None:
        return cut, None
    return cut, min(at - offset + (1 if offset or start else 0), len(cut)) + 1


def _cut(line: str, offset: int, *, begun: bool = False) -> str:
    part = line[offset : offset + MAXIMUM_WIDTH]
    before = "…" if offset or begun else ""
    return f"{before}{part}{'…' if offset + MAXIMUM_WIDTH < len(line) else ''}".rstrip()
