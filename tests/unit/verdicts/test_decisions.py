"""`decide`: what must never be ALLOWED, and what must never be hidden."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import strategies
from tests.sample_reports import finding
from tests.strategies import NOW, waiver_for
from verdicts import Completed, Decision, Finding, NotCompleted, Outcome, Reason, Severity, Verdict, Waiver, decide


def looked(*findings: Finding, scanner: str = "checkov", examined: int = 1) -> Completed:
    return Completed(scanner=scanner, examined=examined, unit="templates", findings=findings)


def failed(*findings: Finding, scanner: str = "trivy") -> NotCompleted:
    return NotCompleted(scanner=scanner, reason=Reason.CRASHED, detail="it crashed", remedy="", findings=findings)


def judge(
    *outcomes: Outcome,
    required: tuple[str, ...] = (),
    waivers: tuple[Waiver, ...] = (),
    fail_on: Severity = Severity.MEDIUM,
    at: dt.datetime = NOW,
) -> Verdict:
    return decide(outcomes, required=frozenset(required), waivers=waivers, fail_on=fail_on, at=at)


def test_no_outcomes_is_could_not_check() -> None:
    assert judge().decision is Decision.COULD_NOT_CHECK


def test_nothing_examined_is_could_not_check_and_says_so() -> None:
    verdict = judge(looked(examined=0))
    assert verdict.decision is Decision.COULD_NOT_CHECK
    assert [(item.scanner, item.reason) for item in verdict.unchecked] == [("checkov", Reason.NOTHING_EXAMINED)]


def test_one_scanner_that_examined_nothing_is_enough() -> None:
    assert judge(looked(), looked(scanner="trivy", examined=0)).decision is Decision.COULD_NOT_CHECK


def test_a_missing_required_scanner_is_could_not_check_by_its_name() -> None:
    verdict = judge(looked(), required=("checkov", "trivy", "allowlist"))
    assert verdict.decision is Decision.COULD_NOT_CHECK
    assert [item.scanner for item in verdict.unchecked] == ["allowlist", "trivy"]


def test_a_required_scanner_that_failed_is_told_once() -> None:
    assert len(judge(looked(), failed(), required=("checkov", "trivy")).unchecked) == 1


def test_a_scanner_that_completed_elsewhere_does_not_make_up_for_what_it_could_not_check() -> None:
    assert judge(looked(), failed(scanner="checkov")).decision is Decision.COULD_NOT_CHECK


def test_everything_looked_at_and_nothing_found_is_allowed() -> None:
    verdict = judge(looked(), looked(scanner="trivy"), required=("checkov", "trivy"))
    assert verdict.decision is Decision.ALLOWED
    assert verdict.unchecked == ()


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("fail_on", Severity)
def test_a_finding_denies_from_the_threshold_upwards(severity: Severity, fail_on: Severity) -> None:
    verdict = judge(looked(finding(severity=severity)), fail_on=fail_on)
    order = [Severity.INFORMATIONAL, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]
    worst = {Severity.UNKNOWN: Severity.CRITICAL}
    denies = order.index(worst.get(severity, severity)) >= order.index(worst.get(fail_on, fail_on))
    assert verdict.decision is (Decision.DENIED if denies else Decision.ALLOWED)
    assert bool(verdict.denying) is denies
    assert bool(verdict.tolerated) is not denies


def test_an_unrated_finding_denies_at_every_threshold() -> None:
    for fail_on in Severity:
        assert judge(looked(finding(severity=Severity.UNKNOWN)), fail_on=fail_on).decision is Decision.DENIED


def test_a_denying_finding_denies_though_something_else_was_not_checked() -> None:
    verdict = judge(looked(finding()), failed())
    assert verdict.decision is Decision.DENIED
    assert len(verdict.unchecked) == 1


def test_what_was_found_before_a_crash_counts() -> None:
    assert judge(failed(finding())).decision is Decision.DENIED


def test_what_was_found_while_examining_nothing_counts() -> None:
    assert judge(looked(finding(), examined=0)).decision is Decision.DENIED


def test_a_waiver_does_not_excuse_what_could_not_be_checked() -> None:
    waived = finding()
    verdict = judge(failed(waived), waivers=(waiver_for(waived),))
    assert verdict.decision is Decision.COULD_NOT_CHECK
    assert len(verdict.waived) == 1


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        judge(looked(), at=NOW.replace(tzinfo=None))


def test_findings_stand_worst_first_whatever_the_order_of_the_outcomes() -> None:
    bad = finding(severity=Severity.CRITICAL, rule_id="Z")
    mild = finding(severity=Severity.LOW, rule_id="A")
    there = judge(looked(mild), looked(bad, scanner="trivy"))
    back = judge(looked(bad, scanner="trivy"), looked(mild))
    assert there.findings == back.findings == (bad, mild)


@given(
    said=st.lists(strategies.outcomes, max_size=4),
    required=st.frozensets(strategies.scanner_ids, max_size=2),
    fail_on=st.sampled_from(Severity),
    waive=st.booleans(),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_allowed_needs_everything(
    said: list[Outcome], required: frozenset[str], fail_on: Severity, waive: bool
) -> None:
    found = [item for outcome in said for item in outcome.findings]
    waivers = [waiver_for(item) for item in found] if waive else []
    verdict = decide(said, required=required, waivers=waivers, fail_on=fail_on, at=NOW)
    if verdict.decision is Decision.ALLOWED:
        assert said
        assert all(isinstance(outcome, Completed) and outcome.examined > 0 for outcome in said)
        assert required <= {outcome.scanner for outcome in said}
        assert waive or not any(item.severity.reaches(fail_on) for item in found)
    kept = [*verdict.findings, *(item.finding for item in verdict.waived)]
    assert sorted(map(repr, found)) == sorted(repr(item) for item in kept if item.scanner != "waivers")


@given(said=st.lists(strategies.completed, min_size=1, max_size=3), broken=strategies.not_completed)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_adding_something_unchecked_never_allows(said: list[Completed], broken: NotCompleted) -> None:
    verdict = decide([*said, broken], required=frozenset(), fail_on=Severity.CRITICAL, at=NOW)
    assert verdict.decision is not Decision.ALLOWED


@given(said=st.lists(strategies.outcomes, max_size=3), more=strategies.findings)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_another_finding_never_makes_the_verdict_milder(said: list[Outcome], more: Finding) -> None:
    order = [Decision.ALLOWED, Decision.COULD_NOT_CHECK, Decision.DENIED]
    before = decide(said, required=frozenset(), fail_on=Severity.MEDIUM, at=NOW)
    if not said:
        return
    worse = [dataclasses.replace(said[0], findings=(*said[0].findings, more)), *said[1:]]
    after = decide(worse, required=frozenset(), fail_on=Severity.MEDIUM, at=NOW)
    assert order.index(after.decision) >= order.index(before.decision)
