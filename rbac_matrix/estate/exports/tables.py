"""CSV: memberships of Azure DevOps and Azure Artifacts, with the columns service, project, group, member."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from rbac_matrix.estate.exports.devops import membership
from rbac_matrix.estate.exports.interface import Collected, RecordError
from rbac_matrix.estate.model import Part
from verdicts import ConfigurationError

_NEEDED = frozenset({"service", "group", "member"})
_KNOWN = _NEEDED | {"project"}
MAXIMUM_CHARACTERS = 256 * 1024 * 1024


def is_table(head: str) -> bool:
    """Whether a text begins as such a table does; `#TYPE` is what PowerShell writes before it."""
    lines = [line for line in head[:10_000].splitlines()[:2] if not line.startswith("#TYPE")]
    return bool(lines) and _NEEDED.issubset(_columns(lines[0]))


def _columns(line: str) -> list[str]:
    separator = ";" if line.count(";") > line.count(",") else ","
    return [cell.strip().strip('"').casefold() for cell in line.split(separator)]


def read_table(text: Iterator[str], into: Collected) -> None:
    """Adds the lines. Raises ConfigurationError for columns that aren't known, and for lines that aren't CSV."""
    whole = ""
    for window in text:
        whole += window
        if len(whole) > MAXIMUM_CHARACTERS:
            raise ConfigurationError("is too large for a table", where=into.shown_as)
    skipped = 1 if whole.startswith("#TYPE") else 0
    whole = whole.partition("\n")[2] if skipped else whole
    head = whole.partition("\n")[0]
    rows = csv.reader(io.StringIO(whole, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        columns = [cell.strip().casefold() for cell in next(rows)]
        unknown = sorted(set(columns) - _KNOWN)
        if unknown or len(set(columns)) != len(columns):
            raise ConfigurationError(
                f"the column {unknown[0]!r} is not known" if unknown else "a column stands twice",
                where=f"{into.shown_as}:{1 + skipped}",
                remedy="the columns are service, project, group and member",
            )
        for row in rows:
            line = rows.line_num + skipped
            if not any(cell.strip() for cell in row):
                continue
            try:
                if len(row) != len(columns):
                    raise RecordError(f"it has {len(row)} cells, and there are {len(columns)} columns")
                record = dict(zip(columns, row, strict=True))
                into.memberships.append(membership(record, into, line))
            except RecordError as error:
                into.refuse(Part.DEVOPS, "a line", str(error), line)
    except csv.Error as error:
        raise ConfigurationError(f"not CSV: {error}", where=f"{into.shown_as}:{rows.line_num + skipped}") from None
    into.covers.add(Part.DEVOPS)
