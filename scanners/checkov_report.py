"""What checkov printed, as values; anything that is not the shape of its JSON output is refused.

Without a file that it takes, checkov prints the bare summary; with one framework one report, with two a list of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from verdicts.documents import DocumentError, parse_json

CANARY_CHECK = "MLG_CHECKOV_VISITED"

_KINDS = {"passed_checks": "PASSED", "failed_checks": "FAILED", "skipped_checks": "SKIPPED"}
_CHECK_ID = re.compile(r"(CKV2?_[A-Z0-9]+(_[A-Z0-9]+)*|MLG_CHECKOV_VISITED)")
_STAGED = re.compile(r"\S*/(\d{4})/template\.(?:json|bicep)(?=$|[:\s])")
_ERROR_LINE = re.compile(r"^\S+ \S+ \[[^\]]*\]\s+\[(?:ERROR|CRITICAL)\s*\]\s+(.*)$")


class BadReportError(ValueError):
    """The output is not one to trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check on one resource.

    Attributes:
        template: number of the staged template.
        kind: PASSED, FAILED or SKIPPED.
        check: its id ("CKV_AZURE_35").
        title: what the check demands.
        resource: checkov's resource id, "<type>.<name>".
        line: 1-based.
        guideline: address of its page, "" without one.
        comment: why it is skipped, in the words of the template.
    """

    template: int
    kind: str
    check: str
    title: str
    resource: str
    line: int
    guideline: str
    comment: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that checkov said.

    Attributes:
        versions: of checkov, as each part of the output says.
        results: see Result.
        unparsed: numbers of the staged templates that it could not parse.
    """

    versions: frozenset[str]
    results: tuple[Result, ...]
    unparsed: frozenset[int]


def staged_number(path: str) -> int:
    """Number of the staged template that a path of checkov's ends in. Raises BadReportError."""
    match = _STAGED.search(path)
    if match is None:
        raise BadReportError(f"it names a file that it was not given: {path[:200]!r}")
    return int(match[1])


def parse_report(output: bytes) -> Report:
    """Checkov's standard output. Raises BadReportError."""
    try:
        content = parse_json(output)
    except DocumentError as error:
        raise BadReportError(str(error)) from None
    versions: set[str] = set()
    results: list[Result] = []
    unparsed: set[int] = set()
    for part in content if isinstance(content, list) else [content]:
        if not isinstance(part, dict):
            raise BadReportError("a report is not an object")
        summary = part.get("summary", part)
        versions.add(_text(summary, "checkov_version"))
        if "check_type" not in part:
            if any(summary.get(key) != 0 for key in ("passed", "failed", "skipped", "resource_count")):
                raise BadReportError("a summary without results counts something")
            continue
        if part["check_type"] not in ("arm", "bicep"):
            raise BadReportError(f"an unknown kind of report: {part['check_type']!r}")
        found = part.get("results")
        if not isinstance(found, dict):
            raise BadReportError("a report has no results")
        for key, kind in _KINDS.items():
            records = _list(found, key)
            if summary.get(kind.lower()) != len(records):
                raise BadReportError(
                    f"the summary counts {summary.get(kind.lower())!r} {kind}, {len(records)} are listed"
                )
            results.extend(_result(record, kind) for record in records)
        unparsed.update(staged_number(str(path)) for path in _list(found, "parsing_errors"))
    if not versions:
        raise BadReportError("it is empty")
    return Report(frozenset(versions), tuple(results), frozenset(unparsed))


def _result(record: object, kind: str) -> Result:
    if not isinstance(record, dict):
        raise BadReportError("a record is not an object")
    check = _text(record, "check_id")
    outcome, lines = record.get("check_result"), record.get("file_line_range")
    if not isinstance(outcome, dict) or outcome.get("result") != kind:
        raise BadReportError(f"{check} is listed as {kind} and says otherwise")
    if not _CHECK_ID.fullmatch(check):
        raise BadReportError(f"an unknown kind of check: {check[:100]!r}")
    if not isinstance(lines, list) or not lines or isinstance(lines[0], bool) or not isinstance(lines[0], int):
        raise BadReportError(f"{check} has no line")
    return Result(
        template=staged_number(_text(record, "file_path")),
        kind=kind,
        check=check,
        title=_text(record, "check_name"),
        resource=_text(record, "resource"),
        line=max(lines[0], 1),
        guideline=str(record.get("guideline") or ""),
        comment=str(outcome.get("suppress_comment") or "").strip(),
    )


def _text(mapping: object, key: str) -> str:
    value = mapping.get(key) if isinstance(mapping, dict) else None
    if not isinstance(value, str) or not value:
        raise BadReportError(f"{key} is missing")
    return value


def _list(mapping: dict[str, Any], key: str) -> list[Any]:
    value = mapping.get(key)
    if not isinstance(value, list):
        raise BadReportError(f"{key} is missing")
    return value


def logged_errors(lines: Iterable[str]) -> list[tuple[int | None, str]]:
    """Errors that checkov logged and went on from (a check that breaks counts for nothing in its report).

    Each with the number of the staged template that it names, or None.
    """
    errors: list[tuple[int | None, str]] = []
    for line in lines:
        match = _ERROR_LINE.match(line)
        if match:
            staged = _STAGED.search(match[1])
            errors.append((int(staged[1]) if staged else None, _STAGED.sub("the template", match[1])))
    return errors
