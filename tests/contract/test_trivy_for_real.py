"""The real Trivy, in the cases in which it ends with 0 although it could not look: none of them becomes allowed.

The numbers are those of docs/scanners/trivy.md. Cases that our way of calling it rules out (no exit code, one severity
only, another format, a remote registry) have no test of their own: see tests/unit/scanners/test_trivy.py for the call.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scanners.bolt_file import write_bolt
from scanners.image_builder import DebianPackage, Layer, SymbolicLink, debian_base_layer, python_distributions_layer
from scanners.interface import ScanContext, Tool, ToolUnavailableError
from scanners.oci_layout import OciLayout
from scanners.running import run_scanner
from scanners.toolbox import LocalToolbox
from scanners.trivy import TrivyScanner
from scanners.trivy_database import write_database
from tests.fakes.fake_trivy import ADVISORIES
from tests.fakes.images import (
    OLD_OPENSSL,
    PATCHED_OPENSSL,
    blob_path,
    clean_layers,
    made_up_token,
    make_image,
)
from verdicts import Decision, NotCompleted, Outcome, Reason, Severity, decide

pytestmark = pytest.mark.slow

NOW = dt.datetime.now(dt.UTC)
SITE = "usr/local/lib/python3.11/site-packages"


@pytest.fixture(scope="module")
def trivy() -> Tool:
    try:
        return LocalToolbox().tool("trivy")
    except ToolUnavailableError as error:
        pytest.skip(f"needs Trivy (`mlgate tools install`): {error.detail}")


@dataclass(frozen=True)
class OneTool:
    """A toolbox with Trivy only."""

    trivy: Tool

    def tool(self, name: str) -> Tool:
        assert name == "trivy"
        return self.trivy


@dataclass
class Bench:
    """A database with two advisories, and scans against it."""

    folder: Path
    trivy: Tool
    scans: int = 0

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def scan_image(self, layout: OciLayout, digest: str, **options: Any) -> tuple[Outcome, ...]:
        self.scans += 1
        workspace = self.folder / f"workspace-{self.scans}"
        workspace.mkdir()
        context = ScanContext(root=self.folder, workspace=workspace, now=NOW, tools=OneTool(self.trivy))
        return run_scanner(TrivyScanner(layout.path, digest, self.cache, 7, **options), context)

    def scan(self, layers: Sequence[Layer], **options: Any) -> tuple[Outcome, ...]:
        layout, digest = make_image(self.folder / "registry", layers)
        return self.scan_image(layout, digest, **options)


@pytest.fixture
def bench(tmp_path: Path, trivy: Tool) -> Bench:
    write_database(tmp_path / "cache", ADVISORIES, updated_at=NOW)
    return Bench(tmp_path, trivy)


def decision(outcomes: tuple[Outcome, ...]) -> Decision:
    return decide(outcomes, required=frozenset({"trivy"}), fail_on=Severity.MEDIUM, at=NOW).decision


def reasons(outcomes: tuple[Outcome, ...]) -> list[Reason]:
    assert decision(outcomes) is Decision.COULD_NOT_CHECK, outcomes
    return [outcome.reason for outcome in outcomes if isinstance(outcome, NotCompleted)]


def rules(outcomes: tuple[Outcome, ...]) -> set[str]:
    assert decision(outcomes) is Decision.DENIED, outcomes
    return {finding.rule_id for outcome in outcomes for finding in outcome.findings}


def test_a_clean_image_is_allowed_and_the_database_stays_as_it_was(bench: Bench) -> None:
    before = {path: path.read_bytes() for path in bench.cache.rglob("*") if path.is_file()}
    assert decision(bench.scan(clean_layers())) is Decision.ALLOWED
    assert {path: path.read_bytes() for path in bench.cache.rglob("*") if path.is_file()} == before


def test_a_vulnerable_image_is_denied_for_each_flaw(bench: Bench) -> None:
    layers = [debian_base_layer([OLD_OPENSSL]), python_distributions_layer({"jinja2": "3.1.2"})]
    assert rules(bench.scan(layers)) == {"CVE-2024-5535", "CVE-2024-34064"}


def test_a_package_with_an_epoch_counts_as_listed(bench: Bench) -> None:
    layers = [debian_base_layer([PATCHED_OPENSSL, DebianPackage("zlib1g", "1:1.2.13.dfsg-1", "zlib")])]
    assert decision(bench.scan(layers)) is Decision.ALLOWED


def test_case_2_an_empty_database(bench: Bench) -> None:
    write_bolt(bench.cache / "db" / "trivy.db", {"data-source": {}, "vulnerability": {}})
    assert reasons(bench.scan(clean_layers())) == [Reason.CANARY_MISSED]


def test_case_2_a_database_without_the_distribution(bench: Bench) -> None:
    canaries = (bench.cache / "canary.json").read_bytes()
    write_database(bench.cache, ADVISORIES[1:], updated_at=NOW)
    (bench.cache / "canary.json").write_bytes(canaries)
    assert reasons(bench.scan(clean_layers())) == [Reason.CANARY_MISSED]


def test_case_2_a_database_without_a_canary_file_is_held_against_well_known_flaws(bench: Bench) -> None:
    (bench.cache / "canary.json").unlink()
    write_bolt(bench.cache / "db" / "trivy.db", {"data-source": {}, "vulnerability": {}})
    assert reasons(bench.scan(clean_layers())) == [Reason.CANARY_MISSED]


def test_case_2_a_truncated_database(bench: Bench) -> None:
    database = bench.cache / "db" / "trivy.db"
    database.write_bytes(database.read_bytes()[:6000])
    assert decision(bench.scan(clean_layers())) is Decision.COULD_NOT_CHECK


def test_case_3_a_database_years_old(bench: Bench) -> None:
    write_database(bench.cache, ADVISORIES, updated_at=NOW - dt.timedelta(days=800))
    assert reasons(bench.scan(clean_layers())) == [Reason.STALE_DATABASE]


def test_case_4_an_advisory_that_nobody_rated_denies(bench: Bench) -> None:
    from dataclasses import replace

    write_database(bench.cache, [replace(item, severity="UNKNOWN") for item in ADVISORIES], updated_at=NOW)
    assert rules(bench.scan([debian_base_layer([OLD_OPENSSL])])) == {"CVE-2024-5535"}


@pytest.mark.parametrize("os_release", [b"ID=unheardof\nVERSION_ID=1\n", b""])
def test_case_5_an_unknown_distribution(bench: Bench, os_release: bytes) -> None:
    status = OLD_OPENSSL.stanza().encode()
    layer = Layer.of_files({"etc/os-release": os_release, "var/lib/dpkg/status": status})
    assert decision(bench.scan([layer])) is Decision.COULD_NOT_CHECK


def test_case_5_an_image_without_any_package(bench: Bench) -> None:
    assert reasons(bench.scan([Layer.of_files({"app/hello": b"hello"})])) == [Reason.NOTHING_EXAMINED]


def test_case_5_an_image_without_layers(bench: Bench) -> None:
    assert decision(bench.scan([])) is Decision.COULD_NOT_CHECK


@pytest.mark.parametrize("release", ["99", "13"])
def test_case_6_a_release_that_the_database_does_not_know(bench: Bench, release: str) -> None:
    assert reasons(bench.scan([debian_base_layer([PATCHED_OPENSSL], release=release)])) == [Reason.UNSUPPORTED]


@pytest.mark.parametrize(
    "change",
    [
        {"var/lib/dpkg/.wh.status": b""},
        {"var/lib/.wh.dpkg": b""},
        {"var/lib/dpkg/.wh..wh..opq": b""},
        {"var/lib/dpkg/status": b"\xff\xfenot a status file"},
    ],
)
def test_case_7_a_package_database_that_is_gone_or_broken(bench: Bench, change: dict[str, Any]) -> None:
    layers = [debian_base_layer([OLD_OPENSSL]), Layer.of_files(change)]
    assert Reason.NOTHING_EXAMINED in reasons(bench.scan(layers))


def test_case_7_a_package_database_that_is_a_link(bench: Bench) -> None:
    hidden = OLD_OPENSSL.stanza().encode()
    link = Layer.of_files({"var/lib/dpkg/status": SymbolicLink("real"), "var/lib/dpkg/real": hidden})
    assert reasons(bench.scan([*clean_layers(), link])) == [Reason.INCOMPLETE]


def test_case_7_one_package_that_trivy_can_not_parse(bench: Bench) -> None:
    status = PATCHED_OPENSSL.stanza() + "\nPackage: openssl\nStatus: install ok installed\nVersion: not a version\n"
    layers = [debian_base_layer([]), Layer.of_files({"var/lib/dpkg/status": status.encode()})]
    outcomes = bench.scan(layers)
    assert reasons(outcomes) == [Reason.INCOMPLETE]


def test_case_8_a_layer_that_is_not_what_its_digest_says(bench: Bench) -> None:
    layout, digest = make_image(bench.folder / "registry", [debian_base_layer([OLD_OPENSSL])])
    path = blob_path(layout, layout.manifest(digest).layers[0].digest)
    path.write_bytes(path.read_bytes().replace(b"3.0.11-1~deb12u2", b"3.0.17-1~deb12u2"))
    assert reasons(bench.scan_image(layout, digest)) == [Reason.DIGEST_MISMATCH]


def test_case_10_a_tampered_image_leaves_nothing_behind_for_the_genuine_one(bench: Bench) -> None:
    layout, digest = make_image(bench.folder / "registry", [debian_base_layer([OLD_OPENSSL])])
    path = blob_path(layout, layout.manifest(digest).layers[0].digest)
    genuine = path.read_bytes()
    path.write_bytes(genuine.replace(b"3.0.11-1~deb12u2", b"3.0.17-1~deb12u2"))
    assert reasons(bench.scan_image(layout, digest)) == [Reason.DIGEST_MISMATCH]
    path.write_bytes(genuine)
    assert rules(bench.scan_image(layout, digest)) == {"CVE-2024-5535"}


def test_case_11_the_named_image_is_scanned_and_not_the_first_one(bench: Bench) -> None:
    make_image(bench.folder / "registry", clean_layers(), "first")
    layout, digest = make_image(bench.folder / "registry", [debian_base_layer([OLD_OPENSSL])], "second")
    assert rules(bench.scan_image(layout, digest)) == {"CVE-2024-5535"}


def test_case_12_files_and_variables_of_the_caller_suppress_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.folder / ".trivyignore").write_text("CVE-2024-5535\n")
    (bench.folder / "trivy.yaml").write_text("severity: [LOW]\nscan: {scanners: [misconfig]}\n")
    monkeypatch.chdir(bench.folder)
    monkeypatch.setenv("TRIVY_SEVERITY", "LOW")
    monkeypatch.setenv("TRIVY_IGNOREFILE", str(bench.folder / ".trivyignore"))
    assert rules(bench.scan([debian_base_layer([OLD_OPENSSL])])) == {"CVE-2024-5535"}


@pytest.mark.parametrize(
    "files",
    [
        {f"{SITE}/jinja2-3.1.2.dist-info/METADATA": b"Metadata-Version: 2.1\nName: jinja2\n\n"},
        {f"{SITE}/jinja2-3.1.2.dist-info/METADATA": SymbolicLink("/opt/metadata")},
        {f"{SITE}/jinja2-3.1.2.dist-info/METADATA": b""},
    ],
)
def test_case_14_a_distribution_that_trivy_leaves_out(bench: Bench, files: dict[str, Any]) -> None:
    outcomes = bench.scan([*clean_layers(), Layer.of_files(files)])
    assert reasons(outcomes) == [Reason.INCOMPLETE]
    assert any("jinja2" in outcome.detail for outcome in outcomes if isinstance(outcome, NotCompleted))


def test_case_14_conda_packages_are_not_compared(bench: Bench) -> None:
    meta = json.dumps({"name": "openssl", "version": "1.1.1", "build": "0", "files": []}).encode()
    layers = [*clean_layers(), Layer.of_files({"opt/conda/conda-meta/openssl-1.1.1-0.json": meta})]
    assert reasons(bench.scan(layers)) == [Reason.INCOMPLETE]
    accepted = bench.scan(layers, unscanned_types=frozenset({"conda-pkg"}))
    assert decision(accepted) is Decision.ALLOWED
    assert "conda-pkg" in repr(accepted)


@pytest.mark.parametrize(
    "path",
    [
        "app/settings.py",
        "app/README.md",
        "usr/lib/settings.py",
        "usr/share/settings.txt",
        "app/tests/settings.py",
        "app/example/settings.py",
        "app/vendor/settings.py",
    ],
)
def test_case_15_a_secret_is_found_where_trivy_would_not_look(bench: Bench, path: str) -> None:
    secret = Layer.of_files({path: f"token = '{made_up_token()}'\n".encode()})
    outcomes = bench.scan([*clean_layers(), secret])
    assert rules(outcomes) == {"TRIVY-SECRET-github-pat"}
    assert made_up_token() not in repr(outcomes)


def test_a_secret_that_a_higher_layer_deletes_is_still_in_the_image(bench: Bench) -> None:
    secret = Layer.of_files({"app/key.txt": f"token = '{made_up_token()}'\n".encode()})
    outcomes = bench.scan([*clean_layers(), secret, Layer.of_files({"app/.wh.key.txt": b""})])
    assert rules(outcomes) == {"TRIVY-SECRET-github-pat"}


def test_an_image_on_a_release_out_of_support_is_denied(bench: Bench) -> None:
    from dataclasses import replace

    old = replace(ADVISORIES[0], target="debian 9")
    write_database(bench.cache, [old, *ADVISORIES], updated_at=NOW)
    layers = [debian_base_layer([PATCHED_OPENSSL], release="9")]
    assert rules(bench.scan(layers)) == {"MLG-IMAGE-EOL"}


def test_a_distroless_image_has_to_be_declared(bench: Bench) -> None:
    layers = [python_distributions_layer({"Jinja2": "3.1.6"})]
    assert reasons(bench.scan(layers)) == [Reason.NOTHING_EXAMINED]
    assert decision(bench.scan(layers, distroless=True)) is Decision.ALLOWED


def test_the_database_writer_splits_large_trees_so_that_trivy_reads_all_of_them(bench: Bench) -> None:
    from dataclasses import replace

    many = [
        replace(ADVISORIES[0], id=f"CVE-2000-{number:05}", package=f"package-{number:05}") for number in range(3000)
    ]
    write_database(bench.cache, [*many, *ADVISORIES], updated_at=NOW)
    packages = [DebianPackage(f"package-{number:05}", "1") for number in (0, 1, 1499, 2998, 2999)]
    found = rules(bench.scan([debian_base_layer(packages)]))
    assert found == {f"CVE-2000-{number:05}" for number in (0, 1, 1499, 2998, 2999)}
