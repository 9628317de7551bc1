"""The baseline: accepted findings, and that it never approves itself."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from deploy_gate.static_checks.baseline import MAXIMUM_DAYS, load_baseline, write_baseline
from verdicts import Completed, ConfigurationError, Decision, Finding, Location, Severity, Verdict, decide

TODAY = dt.date(2026, 11, 21)
NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def finding(resource: str = "/x/st", line: int = 3, subject: str = "/properties/a") -> Finding:
    return Finding(
        rule_id="MLG-TEST",
        scanner="policy",
        severity=Severity.HIGH,
        message="wrong",
        remediation="mend it",
        resource=resource,
        subject=subject,
        location=Location("infra/main.json", line),
    )


def written(tmp_path: Path, *findings: Finding, approver: str | None = "reviewer@example.com") -> Path:
    path = tmp_path / "baseline.yml"
    write_baseline(path, findings, owner="team@example.com", reason="before mlgate", today=TODAY)
    if approver is not None:
        path.write_text(path.read_text().replace("approver: null", f"approver: {approver}"))
    return path


def verdict(path: Path, *findings: Finding, at: dt.datetime = NOW) -> Verdict:
    done = Completed(scanner="policy", examined=1, unit="resources", findings=findings)
    waivers = load_baseline(path, shown_as="baseline.yml")
    return decide([done], required=frozenset(), waivers=waivers, fail_on=Severity.MEDIUM, at=at)


def test_accepted_findings_are_waived_and_shown_wherever_their_line_went(tmp_path: Path) -> None:
    path = written(tmp_path, finding(), finding("/x/other"))
    result = verdict(path, finding(line=30), finding("/x/other"))
    assert result.decision is Decision.ALLOWED
    assert [item.waiver.reason for item in result.waived] == ["baseline of 2026-11-21: before mlgate"] * 2


def test_a_new_finding_is_not_excused(tmp_path: Path) -> None:
    path = written(tmp_path, finding())
    assert verdict(path, finding(), finding("/x/new")).decision is Decision.DENIED
    assert verdict(path, finding(subject="/properties/b")).decision is Decision.DENIED


def test_what_is_gone_is_named_and_what_expired_stands_again(tmp_path: Path) -> None:
    path = written(tmp_path, finding())
    assert [one.rule_id for one in verdict(path).findings] == ["MLG-WAIVER-UNUSED"]
    later = NOW + dt.timedelta(days=MAXIMUM_DAYS)
    assert verdict(path, finding(), at=later).decision is Decision.DENIED


def test_a_baseline_that_nobody_approved_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="isn't approved"):
        load_baseline(written(tmp_path, finding(), approver=None), shown_as="baseline.yml")


def test_writing_it_anew_takes_the_approval_away(tmp_path: Path) -> None:
    path = written(tmp_path, finding())
    load_baseline(path, shown_as="b")
    write_baseline(path, [finding()], owner="team@example.com", reason="again", today=TODAY)
    with pytest.raises(ConfigurationError, match="isn't approved"):
        load_baseline(path, shown_as="b")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("approver: reviewer@example.com", "approver: Team@example.com", "two people"),
        ("accepted: '2026-11-21'", "accepted: '2026-01-01'", "180 days"),
        ("accepted: '2026-11-21'", "accepted: '2028-01-01'", "180 days"),
        ("rule: MLG-TEST", "rules: MLG-TEST", "'rule' is missing"),
        ("mlgate/baseline/v1", "mlgate/baseline/v0", "'schema' must be"),
        ("reason: before mlgate", "reason: ''", "'reason' must be text"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = written(tmp_path, finding())
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigurationError, match=message):
        load_baseline(path, shown_as="baseline.yml")


def test_names_that_yaml_would_take_for_something_else_come_back_as_they_were(tmp_path: Path) -> None:
    odd = finding("yes: [#] 'x' \u00e9 !t", subject="1.10")
    assert verdict(written(tmp_path, odd), odd).decision is Decision.ALLOWED
