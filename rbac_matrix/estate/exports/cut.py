"""Whether an export goes on where the file ends."""

from __future__ import annotations

from dataclasses import dataclass, field

from rbac_matrix.estate.exports.interface import Collected, Document, ExportReader

NEXT = ("nextLink", "@odata.nextLink", "$skipToken", "skipToken", "skip_token", "continuationToken", "odata.nextLink")
"""Keys beside a list that say that there is more."""
TOTALS = ("totalRecords", "total_records", "@odata.count")
TRUNCATED = ("resultTruncated", "result_truncated")


@dataclass(slots=True)
class _Answer:
    line: int
    goes_on: str = ""
    truncated: bool = False
    count: int = 0
    total: int = 0


@dataclass(slots=True)
class Cuts:
    """What the documents of a file say of their ends. A page that goes on is followed by the next one in the file."""

    _answers: dict[ExportReader, _Answer] = field(default_factory=dict)

    def end(self, reader: ExportReader, document: Document) -> None:
        """A document ended that had records of that reader."""
        fields = document.envelope.fields
        if document.envelope.key is None:
            return
        answer = self._answers.setdefault(reader, _Answer(document.envelope.line))
        answer.line = document.envelope.line
        answer.goes_on = next((key for key in NEXT if fields.get(key)), "")
        answer.truncated |= any(str(fields.get(key)).casefold() == "true" for key in TRUNCATED)
        answer.count += document.count
        totals = [fields[key] for key in TOTALS if isinstance(fields.get(key), int)]
        answer.total = max([answer.total, *totals])

    def note(self, into: Collected) -> None:
        """At the file's end: gaps for what is missing."""
        for reader, answer in self._answers.items():
            detail = ""
            if answer.goes_on:
                detail = f"the list goes on ({answer.goes_on}), and its next page isn't in the file"
            elif answer.truncated:
                detail = "the answer says that it was cut off"
            elif answer.total > answer.count:
                detail = f"{answer.count} of {answer.total} rows are in the file"
            if detail:
                into.gap(
                    reader.part,
                    f"{reader.kind}: {detail}",
                    "export all pages into one file, one behind the other (docs/rbac-sources.md)",
                    answer.line,
                )
