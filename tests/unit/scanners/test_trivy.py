"""What the gate demands of Trivy's good end, one lie at a time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from scanners.image_builder import Layer
from scanners.interface import ScanContext
from scanners.oci_layout import OciLayout
from scanners.trivy import TrivyScanner
from scanners.trivy_database import TrivyDatabase
from tests.fakes.fake_tools import FakeTool, Fault, calls_of, fake_toolbox
from tests.fakes.fake_trivy import (
    ADVISORIES,
    UPDATED_AT,
    build_trivy_scanner,
    clean_report,
    flaw,
    os_result,
    python_result,
    trivy_tool,
)
from tests.fakes.images import blob_path, clean_layers, make_image
from verdicts import Completed, NotCompleted, Outcome, Reason, Severity

NOW = UPDATED_AT + dt.timedelta(days=1)


@dataclass
class Bench:
    """One scan with a fake Trivy."""

    folder: Path
    scanner: TrivyScanner

    def clean(self) -> dict[str, Any]:
        """The report on the scanner's image when all is well."""
        return clean_report(OciLayout(self.scanner.layout).verify(self.scanner.digest))

    def scan(self, tool: FakeTool | None = None, **changes: Any) -> tuple[Outcome, ...]:
        """The outcomes; `changes` are of the scanner."""
        for name in ("bin", "workspace"):
            (self.folder / name).mkdir()
        context = ScanContext(
            root=self.folder,
            workspace=self.folder / "workspace",
            now=NOW,
            tools=fake_toolbox(self.folder / "bin", tool or trivy_tool()),
        )
        return replace(self.scanner, **changes).scan(context)

    def gap(self, tool: FakeTool | None = None, **changes: Any) -> NotCompleted:
        """The one outcome, which has to be a refusal."""
        outcomes = self.scan(tool, **changes)
        assert len(outcomes) == 1, outcomes
        assert isinstance(outcomes[0], NotCompleted), outcomes
        assert outcomes[0].remedy
        return outcomes[0]

    @property
    def calls(self) -> list[list[str]]:
        """Arguments of each start of Trivy."""
        return calls_of(self.folder / "bin" / "trivy")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, build_trivy_scanner(tmp_path))


def completed(outcomes: tuple[Outcome, ...]) -> Completed:
    assert len(outcomes) == 1, outcomes
    assert isinstance(outcomes[0], Completed), outcomes
    return outcomes[0]


def test_a_clean_image_is_completed_with_all_evidence(bench: Bench) -> None:
    outcome = completed(bench.scan())
    assert (outcome.examined, outcome.unit, outcome.findings) == (2, "packages", ())
    assert [item.digest for item in outcome.evidence.inputs] == [bench.scanner.digest]
    assert outcome.evidence.databases[0].updated_at == UPDATED_AT
    assert outcome.evidence.tools[0].version == "0.76.0"


def test_trivy_never_sees_the_registry_itself_and_reads_no_file_of_the_caller(bench: Bench) -> None:
    bench.scan()
    assert len(bench.calls) == 2
    for arguments in bench.calls:
        assert not any(str(bench.scanner.layout) in argument for argument in arguments)
        assert not any(str(bench.scanner.database) in argument for argument in arguments)
        assert {"--cache-backend=memory", "--offline-scan", "--skip-db-update", "--ignorefile="} <= set(arguments)
        assert "--exit-code=10" in arguments
        assert "--exit-on-eol=11" in arguments


def test_a_tampered_image_is_refused_before_trivy_starts(bench: Bench) -> None:
    layout = OciLayout(bench.scanner.layout)
    path = blob_path(layout, layout.manifest(bench.scanner.digest).layers[0].digest)
    path.write_bytes(path.read_bytes().replace(b"3.0.17", b"3.0.99"))
    assert bench.gap().reason is Reason.DIGEST_MISMATCH
    assert bench.calls == []


def test_an_image_that_is_not_there_is_refused(bench: Bench) -> None:
    assert bench.gap(digest="sha256:" + "0" * 64).reason is Reason.UNREADABLE_INPUT


@pytest.mark.parametrize("name", ["trivy.db", "metadata.json"])
def test_a_missing_database_is_refused(bench: Bench, name: str) -> None:
    (bench.scanner.database / "db" / name).unlink()
    assert bench.gap().reason is Reason.MISSING_DATABASE
    assert bench.calls == []


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "{}",
        "[]",
        '{"Version": 1, "UpdatedAt": "2026-11-19T06:00:00Z"}',
        '{"Version": 2, "UpdatedAt": "yesterday"}',
        '{"Version": 2, "UpdatedAt": "2026-11-19T06:00:00"}',
        '{"Version": 2, "UpdatedAt": 3}',
    ],
)
def test_metadata_that_is_none_is_no_database(bench: Bench, metadata: str) -> None:
    (bench.scanner.database / "db" / "metadata.json").write_text(metadata)
    assert bench.gap().reason is Reason.MISSING_DATABASE


@pytest.mark.parametrize("updated", ["2026-11-01T00:00:00Z", "2016-11-19T00:00:00.123456789Z", "2027-11-19T00:00:00Z"])
def test_a_database_that_is_too_old_or_from_the_future_is_stale(bench: Bench, updated: str) -> None:
    metadata = {"Version": 2, "UpdatedAt": updated}
    (bench.scanner.database / "db" / "metadata.json").write_text(json.dumps(metadata))
    assert bench.gap().reason is Reason.STALE_DATABASE
    assert bench.calls == []


def test_the_age_is_measured_to_the_second(bench: Bench) -> None:
    assert bench.gap(maximum_database_age_days=0).reason is Reason.STALE_DATABASE


def test_a_database_of_just_the_allowed_age_counts(bench: Bench) -> None:
    completed(bench.scan(maximum_database_age_days=1))


@pytest.mark.parametrize("canaries", ["", "{}", '{"schema": "mlgate/trivy-canaries/v1", "canaries": [{}]}'])
def test_a_canary_file_that_is_none_is_refused(bench: Bench, canaries: str) -> None:
    (bench.scanner.database / "canary.json").write_text(canaries)
    assert bench.gap().reason is Reason.MISSING_DATABASE


Change = Callable[[dict[str, Any]], None]


def without_results(report: dict[str, Any]) -> None:
    del report["Results"]


def without_system(report: dict[str, Any]) -> None:
    del report["Metadata"]["OS"]


def without_system_packages(report: dict[str, Any]) -> None:
    del report["Results"][0]


def without_a_debian_package(report: dict[str, Any]) -> None:
    report["Results"][0] = os_result([("base-files", "12.4")])


def without_a_distribution(report: dict[str, Any]) -> None:
    del report["Results"][1]


def with_another_version(report: dict[str, Any]) -> None:
    report["Results"][1]["Packages"][0]["Version"] = "3.1.7"


def of_another_image(report: dict[str, Any]) -> None:
    report["Metadata"]["ImageID"] = "sha256:" + "0" * 64


def of_other_layers(report: dict[str, Any]) -> None:
    report["Metadata"]["DiffIDs"].reverse()


def of_fewer_stored_layers(report: dict[str, Any]) -> None:
    report["Metadata"]["Layers"].pop()


def of_an_unlisted_release(report: dict[str, Any]) -> None:
    report["Metadata"]["OS"]["Name"] = "99"


def of_an_unknown_family(report: dict[str, Any]) -> None:
    report["Metadata"]["OS"] = {"Family": "gentoo", "Name": "2.15"}


def of_another_schema(report: dict[str, Any]) -> None:
    report["SchemaVersion"] = 3


def of_a_folder(report: dict[str, Any]) -> None:
    report["ArtifactType"] = "filesystem"


def of_another_trivy(report: dict[str, Any]) -> None:
    report["Trivy"]["Version"] = "0.69.5"


def with_a_finding_of_an_end_without(report: dict[str, Any]) -> None:
    report["Results"][1]["Vulnerabilities"] = [flaw(ADVISORIES[1], "3.1.6")]


def with_packages_of_an_unproven_type(report: dict[str, Any]) -> None:
    packages = [{"Name": "openssl", "Version": "3"}]
    report["Results"].append({"Target": "Conda", "Class": "lang-pkgs", "Type": "conda-pkg", "Packages": packages})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without_system, Reason.NOTHING_EXAMINED),
        (without_a_debian_package, Reason.INCOMPLETE),
        (without_a_distribution, Reason.INCOMPLETE),
        (with_another_version, Reason.INCOMPLETE),
        (of_another_image, Reason.BAD_OUTPUT),
        (of_other_layers, Reason.BAD_OUTPUT),
        (of_fewer_stored_layers, Reason.BAD_OUTPUT),
        (of_an_unlisted_release, Reason.UNSUPPORTED),
        (of_an_unknown_family, Reason.UNSUPPORTED),
        (of_another_schema, Reason.BAD_OUTPUT),
        (of_a_folder, Reason.BAD_OUTPUT),
        (of_another_trivy, Reason.UNTRUSTED_TOOL),
        (with_a_finding_of_an_end_without, Reason.BAD_OUTPUT),
        (with_packages_of_an_unproven_type, Reason.INCOMPLETE),
    ],
)
def test_a_report_that_does_not_show_a_real_look_is_refused(bench: Bench, change: Change, reason: Reason) -> None:
    report = bench.clean()
    change(report)
    assert bench.gap(trivy_tool(report)).reason is reason


@pytest.mark.parametrize("change", [without_results, without_system_packages])
def test_missing_lists_are_told_apart_and_all_said(bench: Bench, change: Change) -> None:
    report = bench.clean()
    change(report)
    outcomes = bench.scan(trivy_tool(report))
    assert all(isinstance(outcome, NotCompleted) for outcome in outcomes)
    reasons = [outcome.reason for outcome in outcomes if isinstance(outcome, NotCompleted)]
    assert reasons[:2] == [Reason.NOTHING_EXAMINED, Reason.INCOMPLETE]


def test_accepted_types_stay_unchecked_and_stand_in_the_notes(bench: Bench) -> None:
    report = bench.clean()
    with_packages_of_an_unproven_type(report)
    outcome = completed(bench.scan(trivy_tool(report), unscanned_types=frozenset({"conda-pkg"})))
    assert any("conda-pkg" in note for note in outcome.notes)


def test_a_good_end_with_findings_but_none_in_the_report_is_refused(bench: Bench) -> None:
    assert bench.gap(trivy_tool(exit_code=10)).reason is Reason.BAD_OUTPUT


def test_a_missed_canary_names_what_was_missed(bench: Bench) -> None:
    canary = json.loads(trivy_tool().replies[0].output)
    canary["Results"] = [canary["Results"][0]]
    gap = bench.gap(trivy_tool(canary=canary))
    assert gap.reason is Reason.CANARY_MISSED
    for words in ("CVE-2024-34064", "a secret in a file", "a secret in the image's configuration"):
        assert words in gap.detail
    assert "CVE-2024-5535" not in gap.detail


def test_a_database_that_is_written_to_meanwhile_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    signatures = iter([(1, 1, 1), (1, 1, 2)])
    monkeypatch.setattr(TrivyDatabase, "signature", lambda _database: next(signatures))
    gap = bench.gap()
    assert gap.reason is Reason.INCOMPLETE
    assert "written to" in gap.detail


def test_the_canary_must_be_the_one_that_was_looked_at(bench: Bench) -> None:
    canary = json.loads(trivy_tool().replies[0].output)
    canary["Metadata"]["ImageID"] = "sha256:" + "0" * 64
    assert bench.gap(trivy_tool(canary=canary)).reason is Reason.BAD_OUTPUT


def test_findings_stand_although_the_rest_could_not_be_checked(bench: Bench) -> None:
    report = bench.clean()
    report["Results"] = [report["Results"][0] | {"Vulnerabilities": [flaw(ADVISORIES[0], "3.0.17-1~deb12u2")]}]
    gap = bench.gap(trivy_tool(report, exit_code=10))
    assert gap.reason is Reason.INCOMPLETE
    assert [finding.rule_id for finding in gap.findings] == ["CVE-2024-5535"]


def test_findings_stand_although_the_canary_crashed(bench: Bench) -> None:
    report = bench.clean()
    report["Results"][0]["Vulnerabilities"] = [flaw(ADVISORIES[0], "3.0.17-1~deb12u2")]
    tool = replace(trivy_tool(report, exit_code=10), fault=Fault.CRASH, fault_from_call=1)
    gap = bench.gap(tool)
    assert gap.reason is Reason.CRASHED
    assert [finding.rule_id for finding in gap.findings] == ["CVE-2024-5535"]


def test_flaws_secrets_and_end_of_life_become_findings_once(bench: Bench) -> None:
    report = bench.clean()
    fixed, unrated = flaw(ADVISORIES[1], "3.1.6"), flaw(ADVISORIES[0], "3.0.17-1~deb12u2")
    unrated |= {"Severity": "UNKNOWN", "FixedVersion": "", "Status": "will_not_fix"}
    secret = {"RuleID": "private-key", "Severity": "HIGH", "Title": "Key", "StartLine": 3, "Match": "BEGIN s3cr3t"}
    report["Results"][0]["Vulnerabilities"] = [unrated]
    report["Results"][1]["Vulnerabilities"] = [fixed, fixed]
    report["Results"].append({"Target": "/app/key", "Class": "secret", "Secrets": [secret]})
    outcome = completed(bench.scan(trivy_tool(report, exit_code=11)))
    found = {finding.rule_id: finding for finding in outcome.findings}
    assert len(outcome.findings) == len(found) == 4
    assert found["MLG-IMAGE-EOL"].severity is Severity.CRITICAL
    assert found["CVE-2024-5535"].severity is Severity.UNKNOWN
    assert "will not fix" in found["CVE-2024-5535"].remediation
    assert "3.1.4" in found["CVE-2024-34064"].remediation
    assert found["TRIVY-SECRET-private-key"].resource == "/app/key"
    assert "s3cr3t" not in repr(outcome)


def test_a_supported_release_without_end_of_life_gives_no_such_finding(bench: Bench) -> None:
    assert not completed(bench.scan()).findings


def test_an_image_without_a_distribution_needs_to_be_declared(tmp_path: Path) -> None:
    bench = Bench(tmp_path, build_trivy_scanner(tmp_path / "project"))
    layout, digest = make_image(tmp_path / "registry", clean_layers()[1:])
    image = layout.verify(digest)
    report = clean_report(image)
    report["Results"] = [
        python_result({item.path: ("Jinja2", "3.1.6") for item in image.inventory.python_distributions})
    ]
    del report["Metadata"]["OS"]
    bench.scanner = replace(bench.scanner, layout=layout.path, digest=digest)
    assert bench.gap(trivy_tool(report)).reason is Reason.NOTHING_EXAMINED


def test_metadata_without_a_version_is_named(tmp_path: Path) -> None:
    bench = Bench(tmp_path, build_trivy_scanner(tmp_path / "project"))
    hidden = Layer.of_files({"opt/numpy.dist-info/METADATA": b"Name: numpy\n\n"})
    layout, digest = make_image(tmp_path / "registry", [*clean_layers(), hidden])
    report = clean_report(layout.verify(digest))
    report["Results"][1]["Packages"] = report["Results"][1]["Packages"][1:]
    bench.scanner = replace(bench.scanner, layout=layout.path, digest=digest)
    gap = bench.gap(trivy_tool(report))
    assert gap.reason is Reason.INCOMPLETE
    assert "opt/numpy.dist-info/METADATA (numpy without a version)" in gap.detail
