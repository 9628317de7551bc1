"""What is installed in the image is what the closure pins, and nothing else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from scanners.image_builder import DebianPackage, Layer, debian_base_layer, python_distributions_layer
from scanners.image_closure import MISSING, UNPINNED, ImageClosureScanner
from scanners.interface import ScanContext
from scanners.oci_layout import OciLayout
from scanners.verified_images import image_distributions
from tests.fakes.fake_tools import FakeToolbox
from tests.fakes.images import blob_path, make_image
from verdicts import Completed, Finding, NotCompleted, Outcome, Reason

SITE = "usr/local/lib/python3.11/site-packages"
INSTALLED = {"Jinja2": "3.1.6", "ruamel.yaml": "0.18.0"}
CLOSURE = {"jinja2": "3.1.6", "ruamel-yaml": "0.18"}


def scan(folder: Path, layers: list[Layer], closure: dict[str, str]) -> tuple[Outcome, ...]:
    layout, digest = make_image(folder / "registry", layers)
    return scan_image(folder, layout, digest, closure)


def scan_image(folder: Path, layout: OciLayout, digest: str, closure: dict[str, str]) -> tuple[Outcome, ...]:
    lines = [f"{name}=={version} --hash=sha256:{'0' * 64}\n" for name, version in closure.items()]
    (folder / "requirements.txt").write_text("".join(lines))
    context = ScanContext(
        root=folder, workspace=folder, now=dt.datetime(2026, 11, 20, tzinfo=dt.UTC), tools=FakeToolbox()
    )
    return ImageClosureScanner(layout.path, digest, folder / "requirements.txt").scan(context)


def findings(outcomes: tuple[Outcome, ...]) -> list[Finding]:
    assert [type(outcome) for outcome in outcomes] == [Completed], outcomes
    return list(outcomes[0].findings)


def test_an_image_of_exactly_the_closure_has_no_findings(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, [python_distributions_layer(INSTALLED)], CLOSURE)
    assert findings(outcomes) == []
    assert isinstance(outcomes[0], Completed)
    assert outcomes[0].examined == 2


def test_an_unnamed_package_is_denied(tmp_path: Path) -> None:
    layers = [python_distributions_layer(INSTALLED | {"evil": "1"})]
    (finding,) = findings(scan(tmp_path, layers, CLOSURE))
    assert (finding.rule_id, finding.resource) == (UNPINNED, "pkg:pypi/evil@1")
    assert finding.documentation == f"docs/rules/{UNPINNED}.md"


def test_another_version_is_denied(tmp_path: Path) -> None:
    (finding,) = findings(scan(tmp_path, [python_distributions_layer(INSTALLED)], CLOSURE | {"jinja2": "3.1.5"}))
    assert finding.rule_id == UNPINNED
    assert "3.1.5" in finding.message


def test_a_second_copy_of_another_version_is_denied(tmp_path: Path) -> None:
    layers = [python_distributions_layer(INSTALLED), python_distributions_layer({"Jinja2": "2.4"}, site="opt/old")]
    (finding,) = findings(scan(tmp_path, layers, CLOSURE))
    assert finding.subject.startswith("opt/old/")


def test_a_package_without_a_version_is_denied(tmp_path: Path) -> None:
    hidden = Layer.of_files({"opt/x/jinja2.dist-info/METADATA": b"Name: jinja2\n\n"})
    (finding,) = findings(scan(tmp_path, [python_distributions_layer(INSTALLED), hidden], CLOSURE))
    assert "no version" in finding.message


def test_a_package_that_the_image_lacks_is_told_with_its_line(tmp_path: Path) -> None:
    (finding,) = findings(scan(tmp_path, [python_distributions_layer(INSTALLED)], CLOSURE | {"numpy": "2.4.0"}))
    assert finding.rule_id == MISSING
    assert str(finding.location) == "requirements.txt:3"


def test_what_debian_installed_is_debians(tmp_path: Path) -> None:
    path = "usr/lib/python3/dist-packages/six-1.dist-info/METADATA"
    layers = [
        debian_base_layer([DebianPackage("python3-six", "1")]),
        Layer.of_files({path: b"Name: six\nVersion: 1\n\n", "var/lib/dpkg/info/python3-six.list": f"/{path}".encode()}),
        python_distributions_layer(INSTALLED),
    ]
    assert findings(scan(tmp_path, layers, CLOSURE)) == []


@pytest.mark.parametrize(("owner", "count"), [("Jinja2-3.1.6", 0), ("unknown-1", 1)])
def test_what_lies_inside_a_pinned_distribution_belongs_to_it(tmp_path: Path, owner: str, count: int) -> None:
    inner = "jinja2/_vendor/wheel-1.dist-info/METADATA"
    vendored = Layer.of_files(
        {f"{SITE}/{inner}": b"Name: wheel\nVersion: 1\n\n", f"{SITE}/{owner}.dist-info/RECORD": f"{inner},,\n".encode()}
    )
    found = findings(scan(tmp_path, [python_distributions_layer(INSTALLED), vendored], CLOSURE))
    assert len(found) == count


def test_a_tampered_image_is_not_compared(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "registry", [python_distributions_layer({"tampered-with": "1"})])
    path = blob_path(layout, layout.manifest(digest).layers[0].digest)
    path.write_bytes(path.read_bytes().replace(b"Version: 1", b"Version: 2"))
    (outcome,) = scan_image(tmp_path, layout, digest, {"tampered-with": "2"})
    assert isinstance(outcome, NotCompleted)
    assert outcome.reason is Reason.DIGEST_MISMATCH


def test_a_closure_that_can_not_be_read_is_not_compared(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, [python_distributions_layer(INSTALLED)], {})
    assert any(isinstance(outcome, NotCompleted) for outcome in outcomes)


def test_the_inventory_can_be_had_by_itself(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, [python_distributions_layer(INSTALLED)])
    assert [item.name for item in image_distributions(layout, digest)] == ["Jinja2", "ruamel.yaml"]
