"""Hypothesis strategies for the shared language: ordinary values mixed with hostile ones."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from report_formats.interface import KINDS, Excerpt, Lines, Report, RuleText
from verdicts import (
    Completed,
    DatabaseIdentity,
    Evidence,
    Finding,
    InputDigest,
    Location,
    NotCompleted,
    Outcome,
    Reason,
    RuleAnswers,
    Severity,
    ToolIdentity,
    Verdict,
    Waiver,
    decide,
)

NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)

HOSTILE = (
    "\x1b[2J\x1b[1;1HALLOWED",
    "\x1b]0;title\x07",
    "\x9b31mred",
    "\u202egnp.exe",
    "\ud800",
    "\ufffe\uffff\x00",
    "[bold red]markup[/] [link=http://evil.example]x[/link]",
    "| cell | `code` ``` ~~~ $x$ #1 !2",
    "@everyone https://evil.example www.evil.example a@evil.example GH-1",
    "![x](http://evil.example/x.png) [x](javascript:alert(1))",
    "</details></code><script>alert(1)</script><!-- mlgate:report:v1 -->",
    "{0} {{1}} [text](1)",
    "##vso[task.setvariable variable=x]y",
    "line\n::error::owned\r\n  ::set-output name=x::y",
    "../../etc/passwd",
    "/absolute//path/./x:y",
    "C:\\windows\\path",
    "pkg:pypi/requests@2.0?x=y#z",
    "]]>&lt;&amp;<![CDATA[",
    "https://user:hunter2hunter2@host.example/ AccountKey=abcdefghijklmnop==;",
    "é漢字🙂 %2e%2e%00",
    "x" * 5_000,
    "@" * 500,
    "   ",
)

texts = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=60), st.from_regex(r"[A-Za-z0-9 _.-]{1,40}", fullmatch=True)
)
identifiers = st.one_of(
    st.from_regex(r"[A-Z]{2,4}[-_][A-Z0-9-]{1,12}", fullmatch=True),
    st.sampled_from([text for text in HOSTILE if text.strip()]),
)
scanner_ids = st.one_of(st.sampled_from(["checkov", "trivy", "pip-audit", "allowlist", "rbac-matrix"]), identifiers)
digests = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
moments = st.datetimes(
    min_value=dt.datetime(2020, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=dt.datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)
numbers = st.none() | st.integers(min_value=-1, max_value=10_000)
locations = st.builds(Location, path=texts, line=numbers, column=numbers)

findings = st.builds(
    Finding,
    rule_id=identifiers,
    scanner=scanner_ids,
    severity=st.sampled_from(Severity),
    message=texts,
    remediation=texts,
    resource=texts,
    subject=texts,
    location=st.none() | locations,
    documentation=st.one_of(st.just("https://rules.example/x"), texts),
    also=st.lists(identifiers, max_size=2).map(tuple),
)
evidence = st.builds(
    Evidence,
    inputs=st.lists(st.builds(InputDigest, name=texts, digest=digests), max_size=2).map(tuple),
    tools=st.lists(
        st.builds(ToolIdentity, name=texts, version=texts, digest=digests, origin=st.sampled_from(["path", "managed"])),
        max_size=2,
    ).map(tuple),
    databases=st.lists(st.builds(DatabaseIdentity, name=texts, digest=digests, updated_at=moments), max_size=2).map(
        tuple
    ),
)
seconds = st.floats(min_value=0, max_value=10_000)
counts = st.integers(min_value=0, max_value=1_000)
rule_answers = st.builds(RuleAnswers, texts, counts, counts, counts, counts)
completed = st.builds(
    Completed,
    scanner=scanner_ids,
    examined=st.integers(min_value=0, max_value=1_000),
    unit=texts,
    findings=st.lists(findings, max_size=3).map(tuple),
    evidence=evidence,
    seconds=seconds,
    notes=st.lists(texts, max_size=2).map(tuple),
    rules=st.lists(rule_answers, max_size=2).map(tuple),
)
not_completed = st.builds(
    NotCompleted,
    scanner=scanner_ids,
    reason=st.sampled_from(Reason),
    detail=texts,
    remedy=texts,
    location=st.none() | locations,
    findings=st.lists(findings, max_size=2).map(tuple),
    evidence=evidence,
    seconds=seconds,
)
outcomes: st.SearchStrategy[Outcome] = st.one_of(completed, not_completed)


def waiver_for(finding: Finding, *, expires: dt.date = dt.date(2027, 1, 1), reason: str = "accepted") -> Waiver:
    """A waiver with exactly this finding's scope."""
    return Waiver(
        rule_id=finding.rule_id,
        path=finding.location.path if finding.location else "",
        resource=finding.resource,
        subject=finding.subject,
        owner="owner@example.com",
        reason=reason,
        approver="approver@example.com",
        expires=expires,
        location=Location("governance/waivers.yml", 3),
    )


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """What `decide` says of anything; some findings waived, some waivers expired or without a finding."""
    said = draw(st.lists(outcomes, max_size=4))
    found = [finding for outcome in said for finding in outcome.findings]
    chosen = draw(st.lists(st.sampled_from(found), max_size=3)) if found else []
    waivers = [
        waiver_for(
            finding, expires=draw(st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31))), reason=draw(texts) or "none"
        )
        for finding in chosen
    ]
    return decide(
        said,
        required=draw(st.frozensets(scanner_ids, max_size=2)),
        waivers=waivers,
        fail_on=draw(st.sampled_from(Severity)),
        at=NOW,
    )


excerpts = st.builds(
    lambda first, lines, marked, column: Excerpt(
        first=first, lines=tuple(lines), marked=first + marked % len(lines), column=column
    ),
    st.integers(min_value=1, max_value=10_000),
    st.lists(texts, min_size=1, max_size=5),
    st.integers(min_value=0, max_value=4),
    st.none() | st.integers(min_value=1, max_value=300),
)
rule_texts = st.builds(RuleText, id=identifiers, synopsis=texts, help=texts, markdown=texts, family=texts)


@st.composite
def _reports(draw: st.DrawFn) -> Report:
    verdict = draw(verdicts())
    known = [*verdict.findings, *(item.finding for item in verdict.waived)]
    explained = [one for one in known if draw(st.booleans())]
    return Report(
        title=draw(texts),
        verdict=verdict,
        mlgate_version="0.1.0",
        facts=tuple(draw(st.lists(st.tuples(texts, texts), max_size=3))),
        created_at=NOW,
        kind=draw(st.sampled_from(KINDS)),
        left_out=tuple(draw(st.lists(texts, max_size=2))),
        excerpts={one.fingerprint: draw(excerpts) for one in explained},
        fixes={one.fingerprint: Lines(draw(st.sampled_from(("arm", "yaml"))), draw(texts)) for one in explained},
        rules={one.rule_id: draw(rule_texts) for one in explained},
    )


reports = _reports()
