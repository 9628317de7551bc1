"""Skips inside of files: where they hold, and that those which don't are findings themselves."""

from __future__ import annotations

import datetime as dt

import pytest

from deploy_gate.static_checks.inline_skips import SKIP_RULE, AllowedSkips, Skips, apply_skips
from verdicts import Completed, Decision, Finding, Location, Severity, decide

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
ALLOWED = AllowedSkips(90, "security@example.com")
SKIP = "mlgate:skip MLG-TEST until 2026-12-31 by owner@example.com: the batch job needs it"


def finding(line: int, resource: str = "/x/st") -> Finding:
    return Finding(
        rule_id="MLG-TEST",
        scanner="policy",
        severity=Severity.HIGH,
        message="wrong",
        remediation="mend it",
        resource=resource,
        subject="/properties/a",
        location=Location("main.bicep", line),
    )


def skips(text: str, *findings: Finding, allowed: AllowedSkips | None = ALLOWED, declared: int = 2) -> Skips:
    return apply_skips({"main.bicep": text.encode()}, findings, {"/x/st": declared}, allowed, NOW)


def decision(result: Skips, *findings: Finding) -> Decision:
    done = Completed(scanner="policy", examined=1, unit="resources", findings=(*findings, *result.findings))
    return decide([done], required=frozenset(), waivers=result.waivers, fail_on=Severity.MEDIUM, at=NOW).decision


@pytest.mark.parametrize("comment", [f"// {SKIP}", f"# {SKIP}", f"/* {SKIP} */", f"  a: 1 // {SKIP}"])
@pytest.mark.parametrize("line", [1, 2, 4, 5])
def test_a_skip_beside_the_finding_or_the_declaration_excuses_it(comment: str, line: int) -> None:
    text = "\n" * (line - 1) + comment + "\n"
    result = skips(text, finding(5))
    assert decision(result, finding(5)) is Decision.ALLOWED
    assert [waiver.reason for waiver in result.waivers] == ["the batch job needs it"]


def test_a_skip_elsewhere_or_for_another_rule_excuses_nothing_and_is_named_as_unused() -> None:
    for text in ("\n\n\n\n\n\n\n// " + SKIP, "\n// " + SKIP.replace("MLG-TEST", "MLG-OTHER")):
        result = skips(text, finding(5))
        assert result.findings == ()
        done = Completed(scanner="policy", examined=1, unit="resources", findings=(finding(5),))
        verdict = decide([done], required=frozenset(), waivers=result.waivers, fail_on=Severity.MEDIUM, at=NOW)
        assert verdict.decision is Decision.DENIED
        assert "MLG-WAIVER-UNUSED" in {one.rule_id for one in verdict.findings}


def test_it_excuses_every_finding_of_the_rule_at_its_place_and_no_other_resource() -> None:
    two = finding(5), finding(6, "/x/other")
    result = skips("\n// " + SKIP, *two)
    assert [waiver.resource for waiver in result.waivers] == ["/x/st"]
    assert decision(result, *two) is Decision.DENIED


@pytest.mark.parametrize(
    ("skip", "allowed", "why"),
    [
        (SKIP, None, "allows no skips"),
        ("mlgate:skip MLG-TEST", ALLOWED, "must read"),
        ("mlgate:skip MLG-TEST until 2026-12-31 by owner@example.com:", ALLOWED, "must read"),
        ("mlgate:skip MLG-TEST until tomorrow by owner@example.com: x", ALLOWED, "must read"),
        (SKIP.replace("2026-12-31", "2026-02-30"), ALLOWED, "no day"),
        (SKIP.replace("2026-12-31", "2027-12-31"), ALLOWED, "90 days at most"),
        (SKIP.replace("owner@", "Security@"), ALLOWED, "the approver of skips"),
    ],
)
def test_a_skip_that_may_not_be_is_a_finding_and_excuses_nothing(
    skip: str, allowed: AllowedSkips | None, why: str
) -> None:
    result = skips("\n// " + skip, finding(3), allowed=allowed)
    assert result.waivers == ()
    (one,) = result.findings
    assert (one.rule_id, str(one.location)) == (SKIP_RULE, "main.bicep:2")
    assert why in one.message
    assert decision(result, finding(3)) is Decision.DENIED


def test_an_expired_skip_excuses_nothing() -> None:
    result = skips("\n// " + SKIP.replace("2026-12-31", "2026-11-20"), finding(3))
    assert decision(result, finding(3)) is Decision.DENIED


def test_a_file_of_one_long_line_is_searched_in_no_time() -> None:
    text = "mlgate:skip " * 200_000
    assert len(skips(text).findings) == 1
