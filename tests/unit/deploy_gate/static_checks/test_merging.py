"""One mistake is one finding, and no waiver reaches further than it says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from pathlib import Path

import pytest

from deploy_gate.static_checks.merging import declarations_of, merge_duplicates
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from tests.strategies import waiver_for
from verdicts import (
    Completed,
    Decision,
    Finding,
    Location,
    NotCompleted,
    Outcome,
    Reason,
    Severity,
    Verdict,
    Waiver,
    decide,
)

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
STORAGE = "Microsoft.Storage/storageAccounts"
PARTNERS = {"MLG-STORAGE-TLS": ("CKV_AZURE_44",), "MLG-STORAGE-PUBLIC": ("CKV_AZURE_59", "CKV_AZURE_190")}


def account(name: str) -> dict[str, object]:
    return {"type": STORAGE, "apiVersion": "2023-01-01", "name": name, "properties": {}}


def template(*names: str, indent: int | None = 1) -> str:
    return json.dumps(
        {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"}
        | {"contentVersion": "1.0.0.0", "resources": [account(name) for name in names]},
        indent=indent,
    )


def ours(root: Path, resource: int, rule: str = "MLG-STORAGE-TLS", severity: Severity = Severity.MEDIUM) -> Finding:
    """A finding of ours on the n-th resource of the project, a line under its declaration."""
    one = [item for _, result in read_paths(ReadRequest(root=root, path=root), [root]) for item in result.resources]
    place = one[resource].location
    return Finding(
        rule_id=rule,
        scanner="policy",
        severity=severity,
        message="m",
        remediation="r",
        resource=one[resource].id,
        subject="/properties/minimumTlsVersion",
        location=Location(place.path, (place.line or 0) + 1, 3),
    )


def theirs(line: int, name: str = "one", check: str = "CKV_AZURE_44", path: str = "main.json") -> Finding:
    return Finding(
        rule_id=check,
        scanner="checkov",
        severity=Severity.MEDIUM,
        message="m",
        remediation="r",
        resource=f"{STORAGE}.{name}",
        location=Location(path, line),
    )


def outcomes(*findings: Finding) -> tuple[Outcome, ...]:
    return tuple(
        Completed(
            scanner=scanner,
            examined=1,
            unit="things",
            findings=tuple(one for one in findings if one.scanner == scanner),
        )
        for scanner in ("policy", "checkov")
    )


def merged(root: Path, said: tuple[Outcome, ...], *waivers: Waiver) -> tuple[Outcome, ...]:
    files = {path.name: path.read_bytes() for path in root.iterdir()}
    declared = declarations_of(read_paths(ReadRequest(root=root, path=root), [root]), files)
    return merge_duplicates(said, PARTNERS, declared, waivers, NOW)


def names(said: tuple[Outcome, ...]) -> list[str]:
    return [one.rule_id for outcome in said for one in outcome.findings]


def line_of(root: Path, name: str) -> int:
    lines = (root / "main.json").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if f'"{name}"' in line) - 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "main.json").write_text(template("one", "two"))
    return tmp_path


def test_what_both_found_is_ours_and_says_so(root: Path) -> None:
    mine = ours(root, 0)
    said = merged(root, outcomes(mine, theirs(line_of(root, "one"))))
    assert [one for outcome in said for one in outcome.findings] == [dataclasses.replace(mine, also=("CKV_AZURE_44",))]
    assert said[0].findings[0].fingerprint == mine.fingerprint
    assert isinstance(said[1], Completed)
    assert said[1].notes == ("1 finding was made by policy, too: told there",)


@pytest.mark.parametrize(
    "other",
    [
        theirs(1, name="elsewhere"),
        dataclasses.replace(theirs(1), location=None),
        dataclasses.replace(theirs(1), location=Location("other.json", 1)),
        dataclasses.replace(theirs(1), resource="nonsense"),
        dataclasses.replace(theirs(1), resource=f"{STORAGE}.two"),
    ],
    ids=["unknown-name", "no-place", "other-file", "no-type", "other-resource"],
)
def test_a_finding_elsewhere_is_another(root: Path, other: Finding) -> None:
    said = outcomes(ours(root, 0), other)
    assert merged(root, said) == said


def test_another_check_another_type_and_another_instance_stay(root: Path) -> None:
    line = line_of(root, "one")
    for other in (
        theirs(line, check="CKV_AZURE_35"),
        dataclasses.replace(theirs(line), resource="Microsoft.KeyVault/vaults.one"),
        theirs(line_of(root, "two"), "two"),
        # As two conditional variants have it: the name is the same, and it is declared where another resource is.
        theirs(line_of(root, "two"), "one"),
    ):
        said = outcomes(ours(root, 0), other)
        assert merged(root, said) == said


def test_where_the_line_says_nothing_the_name_does(root: Path) -> None:
    assert names(merged(root, outcomes(ours(root, 0), theirs(2, "ONE")))) == ["MLG-STORAGE-TLS"]
    twice = outcomes(ours(root, 0), theirs(2, "one"), dataclasses.replace(theirs(3, "one"), subject="x"))
    assert merged(root, twice) == twice


def test_in_a_file_of_one_line_the_name_tells_which(root: Path) -> None:
    (root / "main.json").write_text(template("one", "two", indent=None))
    said = merged(root, outcomes(ours(root, 0), theirs(1, "one"), theirs(1, "two")))
    assert [one.resource for one in said[1].findings] == [f"{STORAGE}.two"]


def test_several_checks_of_one_rule_and_several_rules_of_one_check(root: Path) -> None:
    line = line_of(root, "one")
    said = merged(
        root,
        outcomes(
            ours(root, 0, "MLG-STORAGE-PUBLIC"), theirs(line, check="CKV_AZURE_59"), theirs(line, check="CKV_AZURE_190")
        ),
    )
    assert [one.also for one in said[0].findings] == [("CKV_AZURE_190", "CKV_AZURE_59")]
    assert names(said) == ["MLG-STORAGE-PUBLIC"]


def test_the_worse_severity_holds(root: Path) -> None:
    mine, line = ours(root, 0, severity=Severity.LOW), line_of(root, "one")
    for severity in Severity:
        other = dataclasses.replace(theirs(line), severity=severity)
        (one,) = merged(root, outcomes(mine, other))[0].findings
        assert one.severity.rank == max(severity.rank, Severity.LOW.rank)


def test_bicep_is_met_at_the_statement_behind_its_decorators(tmp_path: Path) -> None:
    statement = f"resource x '{STORAGE}@2023-01-01' = {{\n  name: 'same'\n  properties: {{}}\n}}\n"
    (tmp_path / "main.bicep").write_text(f"@description('''\nan account\n''')\n@batchSize(1)\n{statement}\n{statement}")
    found = [theirs(line, "x", path="main.bicep") for line in (1, 10)]
    said = merged(tmp_path, outcomes(ours(tmp_path, 0), *found))
    assert [one.location.line for one in said[1].findings if one.location] == [10]
    # A symbol's name is no resource's name.
    other = outcomes(ours(tmp_path, 0), theirs(10, "same", path="main.bicep"))
    assert [one.also for one in merged(tmp_path, outcomes(ours(tmp_path, 1), *found))[0].findings] == [
        ("CKV_AZURE_44",)
    ]
    assert merged(tmp_path, other) == other


def test_a_loop_is_one_finding_of_theirs_and_several_of_ours(tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text(
        f"resource x '{STORAGE}@2023-01-01' = [for i in range(0, 3): {{\n  name: 'st${{i}}'\n  properties: {{}}\n}}]\n"
    )
    mine, other = [ours(tmp_path, number) for number in range(3)], theirs(1, "x", path="main.bicep")
    said = merged(tmp_path, outcomes(*mine, other))
    assert names(said) == ["MLG-STORAGE-TLS"] * 3
    assert all(one.also for one in said[0].findings)
    # A waiver for one instance says nothing of what checkov found, which is about all of them.
    assert names(merged(tmp_path, outcomes(*mine, other), waiver_for(mine[1]))) == [
        *["MLG-STORAGE-TLS"] * 3,
        "CKV_AZURE_44",
    ]


def verdict(root: Path, *findings: Finding, waivers: list[Waiver]) -> Verdict:
    said = merged(root, outcomes(*findings), *waivers)
    return decide(said, required=frozenset(), waivers=waivers, fail_on=Severity.MEDIUM, at=NOW)


def test_a_waiver_for_one_leaves_the_other_standing(root: Path) -> None:
    mine, other = ours(root, 0), theirs(line_of(root, "one"))
    for excused, standing in itertools.permutations((mine, other)):
        found = verdict(root, mine, other, waivers=[waiver_for(excused)])
        assert found.decision is Decision.DENIED
        assert [one.rule_id for one in found.denying] == [standing.rule_id]
        assert [item.finding.rule_id for item in found.waived] == [excused.rule_id]
        assert found.denying[0].also == ()


def test_both_excused_are_both_shown(root: Path) -> None:
    mine, other = ours(root, 0), theirs(line_of(root, "one"))
    found = verdict(root, mine, other, waivers=[waiver_for(mine), waiver_for(other)])
    assert found.decision is Decision.ALLOWED
    assert {item.finding.rule_id for item in found.waived} == {mine.rule_id, other.rule_id}


def test_an_expired_waiver_excuses_nothing_and_keeps_nothing_apart(root: Path) -> None:
    mine, other = ours(root, 0), theirs(line_of(root, "one"))
    found = verdict(root, mine, other, waivers=[waiver_for(other, expires=dt.date(2026, 10, 31))])
    assert [one.rule_id for one in found.denying] == [mine.rule_id]
    assert [one.rule_id for one in found.tolerated] == ["MLG-WAIVER-EXPIRED"]


def test_no_merging_turns_a_denial_into_something_else(root: Path) -> None:
    """Over all severities and waivers: what is denied unmerged is denied merged."""
    line = line_of(root, "one")
    for mild, wild in itertools.product((Severity.LOW, Severity.HIGH), repeat=2):
        mine, other = ours(root, 0, severity=mild), dataclasses.replace(theirs(line), severity=wild)
        for waivers in ([], [waiver_for(mine)], [waiver_for(other)], [waiver_for(mine), waiver_for(other)]):
            plain = decide(
                outcomes(mine, other), required=frozenset(), waivers=waivers, fail_on=Severity.MEDIUM, at=NOW
            )
            assert verdict(root, mine, other, waivers=waivers).decision is plain.decision


def test_findings_of_a_template_that_was_not_looked_at_whole_are_merged_too(root: Path) -> None:
    mine, other = ours(root, 0), theirs(line_of(root, "one"))
    gap = NotCompleted(
        scanner="checkov", reason=Reason.INCOMPLETE, detail="d", remedy="r", findings=(other,), location=other.location
    )
    said = merged(root, (*outcomes(mine)[:1], gap))
    assert names(said) == ["MLG-STORAGE-TLS"]
    assert isinstance(said[1], NotCompleted)
