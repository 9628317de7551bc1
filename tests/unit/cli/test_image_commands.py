"""`mlgate image`: exit codes and what a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from cli.main import run
from scanners.oci_layout import OciLayout
from scanners.toolbox import LocalToolbox
from scanners.trivy_database import write_database
from tests.fakes.fake_tools import FakeTool, fake_toolbox
from tests.fakes.fake_trivy import ADVISORIES, clean_report, flaw, trivy_tool, write_trivy_database
from tests.fakes.images import TAG, blob_path, clean_layers, make_image


@pytest.fixture
def layout(tmp_path: Path) -> tuple[OciLayout, str]:
    return make_image(tmp_path / "registry", clean_layers())


def use(tool: FakeTool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bin").mkdir()
    box = fake_toolbox(folder / "bin", tool)
    monkeypatch.setattr(LocalToolbox, "tool", lambda _self, name: box.tool(name))


def scan(folder: Path, layout: OciLayout, *more: str) -> int:
    import datetime as dt

    write_trivy_database(folder / "cache")
    write_database(folder / "cache", ADVISORIES, updated_at=dt.datetime.now(dt.UTC))
    return run(["image", "scan", str(layout.path), "--database", str(folder / "cache"), *more])


def test_a_clean_image_ends_with_0(
    tmp_path: Path, layout: tuple[OciLayout, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(trivy_tool(), tmp_path, monkeypatch)
    assert scan(tmp_path, layout[0], "--tag", TAG) == ExitCode.ALLOWED
    assert "ALLOWED" in capsys.readouterr().out


def test_a_vulnerable_image_ends_with_1_unless_it_is_below_the_threshold(
    tmp_path: Path, layout: tuple[OciLayout, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, digest = layout
    report = clean_report(registry.verify(digest))
    report["Results"][1]["Vulnerabilities"] = [flaw(ADVISORIES[1], "3.1.6")]
    use(trivy_tool(report, exit_code=10), tmp_path, monkeypatch)
    assert scan(tmp_path, registry, "--digest", digest) == ExitCode.DENIED
    assert scan(tmp_path, registry, "--digest", digest, "--fail-on", "high") == ExitCode.ALLOWED


def test_a_tampered_image_ends_with_3(
    tmp_path: Path, layout: tuple[OciLayout, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, digest = layout
    path = blob_path(registry, registry.manifest(digest).config.digest)
    path.write_bytes(path.read_bytes() + b" ")
    use(trivy_tool(), tmp_path, monkeypatch)
    assert scan(tmp_path, registry, "--tag", TAG) == ExitCode.COULD_NOT_CHECK


@pytest.mark.parametrize("arguments", [[], ["--tag", "1", "--digest", "sha256:" + "0" * 64], ["--digest", "1"]])
def test_an_image_is_named_in_one_way(tmp_path: Path, layout: tuple[OciLayout, str], arguments: list[str]) -> None:
    assert scan(tmp_path, layout[0], *arguments) == ExitCode.USAGE


def test_an_unknown_tag_could_not_be_checked(tmp_path: Path, layout: tuple[OciLayout, str]) -> None:
    assert scan(tmp_path, layout[0], "--tag", "other") == ExitCode.COULD_NOT_CHECK


def test_remove_removes_and_says_so_twice(layout: tuple[OciLayout, str], capsys: pytest.CaptureFixture[str]) -> None:
    registry, digest = layout
    assert run(["image", "remove", str(registry.path), "--digest", digest, "--yes"]) == ExitCode.ALLOWED
    assert "is gone (4 blobs removed)" in capsys.readouterr().out
    assert not registry.has(digest)
    assert run(["image", "remove", str(registry.path), "--digest", digest, "--yes"]) == ExitCode.ALLOWED
    assert "is not there" in capsys.readouterr().out


def test_remove_without_a_yes_keeps_the_image(layout: tuple[OciLayout, str], monkeypatch: pytest.MonkeyPatch) -> None:
    registry, digest = layout
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: "n")
    assert run(["image", "remove", str(registry.path), "--digest", digest]) != ExitCode.ALLOWED
    assert registry.has(digest)


def test_removing_from_a_folder_that_is_no_layout_proves_nothing(tmp_path: Path) -> None:
    arguments = ["image", "remove", str(tmp_path / "mistyped"), "--digest", "sha256:" + "0" * 64, "--yes"]
    assert run(arguments) == ExitCode.COULD_NOT_CHECK
