"""The document that `report_formats.json_v1` writes, as types; `data/report-v1.schema.json` says the same to others."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class LocationV1(TypedDict):
    """A place in a file; line and column are 1-based or null."""

    path: str
    line: int | None
    column: int | None


class ExcerptV1(TypedDict):
    """See `report_formats.interface.Excerpt`."""

    first: int
    lines: list[str]
    marked: int
    column: int | None


class FixV1(TypedDict):
    """What to write instead, in the language of the file."""

    language: str
    text: str


class FindingV1(TypedDict):
    """See `verdicts.Finding`; `denies` tells whether it reaches the threshold."""

    fingerprint: str
    denies: bool
    rule: str
    scanner: str
    severity: str
    message: str
    remediation: str
    resource: str
    subject: str
    location: LocationV1 | None
    documentation: str
    also: NotRequired[list[str]]
    excerpt: NotRequired[ExcerptV1]
    fix: NotRequired[FixV1]


class WaiverV1(TypedDict):
    """See `verdicts.Waiver`; `expires` is the last day on which it applies."""

    owner: str
    reason: str
    approver: str
    expires: str
    location: LocationV1


class WaivedV1(TypedDict):
    """An excused finding and who answers for it."""

    finding: FindingV1
    waiver: WaiverV1


class CouldNotCheckV1(TypedDict):
    """See `verdicts.NotCompleted`."""

    scanner: str
    reason: str
    detail: str
    remedy: str
    location: LocationV1 | None


class ToolV1(TypedDict):
    """See `verdicts.ToolIdentity`."""

    name: str
    version: str
    digest: str
    origin: str


class InputV1(TypedDict):
    """See `verdicts.InputDigest`."""

    name: str
    digest: str


class DatabaseV1(TypedDict):
    """See `verdicts.DatabaseIdentity`."""

    name: str
    digest: str
    updated_at: str


class RuleAnswersV1(TypedDict):
    """See `verdicts.RuleAnswers`."""

    rule: str
    compliant: int
    non_compliant: int
    unknown: int
    not_applicable: int


class ScannerV1(TypedDict):
    """One outcome; `examined` and `unit` are null where the scanner did not complete."""

    scanner: str
    completed: bool
    examined: int | None
    unit: str | None
    findings: int
    seconds: float
    notes: list[str]
    tools: list[ToolV1]
    databases: list[DatabaseV1]
    inputs: list[InputV1]
    rules: NotRequired[list[RuleAnswersV1]]


class MlgateV1(TypedDict):
    """The program that judged."""

    version: str


class FactV1(TypedDict):
    """Something about the run that a reader should know."""

    name: str
    value: str


class RuleV1(TypedDict):
    """A rule that findings name; `page` is Markdown, "" if it has none."""

    id: str
    family: str
    synopsis: str
    page: str


class VerdictV1(TypedDict):
    """The decision; `summary` is for people and may be worded differently in any release."""

    decision: str
    fail_on: str
    decided_at: str
    summary: str


class ReportV1(TypedDict):
    """The document."""

    schema: str
    title: str
    created_at: str
    mlgate: MlgateV1
    facts: list[FactV1]
    verdict: VerdictV1
    findings: list[FindingV1]
    waived: list[WaivedV1]
    could_not_check: list[CouldNotCheckV1]
    scanners: list[ScannerV1]
    tools: list[ToolV1]
    databases: list[DatabaseV1]
    inputs: list[InputV1]
    kind: NotRequired[str]
    left_out: NotRequired[list[str]]
    rules: NotRequired[list[RuleV1]]
