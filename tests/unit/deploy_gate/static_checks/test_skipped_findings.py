"""Skips are looked for in the bytes that were judged, and a file is opened again only where that isn't known."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_gate.static_checks.inline_skips import SKIP_RULE
from deploy_gate.static_checks.kept_readings import KeptReadings
from deploy_gate.static_checks.project_readings import read_project
from deploy_gate.static_checks.settings import load_settings
from deploy_gate.static_checks.skipped_findings import WithoutSkips, skips_in
from resource_readers.interface import ReadRequest
from resource_readers.project_files import open_inside, watching
from tests.fakes.checked_project import NOW, make_project

SKIP = "// mlgate:skip MLG-STORAGE-PUBLIC-ACCESS until 2026-12-31 by owner@example.com: it is needed\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are opened to look for skips."""
    names: list[str] = []

    def spied(root: Path, path: Path) -> object:
        names.append(path.as_posix())
        return open_inside(root, path)

    monkeypatch.setattr("deploy_gate.static_checks.skipped_findings.open_inside", spied)
    return names


def refused(root: Path, between: object = None) -> set[str]:
    """The files with a skip; none is allowed. `between` happens after they were read."""
    request = ReadRequest(root=root, path=root)
    seen = WithoutSkips()
    with watching(seen.see):
        project = read_project(KeptReadings(request, None), request, [root], load_settings(root))
    if callable(between):
        between()
    skips = skips_in(root, project.readings, (), None, NOW, seen.digests)
    assert {one.rule_id for one in skips.findings} <= {SKIP_RULE}
    return {one.location.path for one in skips.findings if one.location is not None}


def test_what_was_read_without_a_skip_is_not_opened_again(root: Path, opened: list[str]) -> None:
    assert refused(root) == set()
    assert opened == []


@pytest.mark.parametrize("name", ["infra/main.bicep", "infra/modules/vault.bicep", "infra/other/main.json"])
def test_a_skip_is_found_also_in_what_is_taken_in(root: Path, opened: list[str], name: str) -> None:
    file = root / name
    file.write_text(SKIP + file.read_text())
    assert refused(root) == {name}
    assert set(opened) == {name}


def test_without_that_knowledge_every_file_is_opened(root: Path, opened: list[str]) -> None:
    file = root / "infra/main.bicep"
    file.write_text(SKIP + file.read_text())
    request = ReadRequest(root=root, path=root)
    project = read_project(KeptReadings(request, None), request, [root], load_settings(root))
    assert [one.rule_id for one in skips_in(root, project.readings, (), None, NOW).findings] == [SKIP_RULE]
    assert {"infra/main.bicep", "infra/modules/vault.bicep", "infra/other/main.json"} <= set(opened)


def test_a_content_that_another_had_is_no_knowledge_of_this_one(root: Path) -> None:
    seen = WithoutSkips()
    file = root / "infra/main.bicep"
    plain = file.read_text()
    for text, known in ((plain, True), (SKIP + plain, False), (plain, True)):
        file.write_text(text)
        with watching(seen.see):
            open_inside(root, Path("infra/main.bicep"))
        assert ("infra/main.bicep" in seen.digests) is known


def test_nobody_sees_files_outside_of_the_watch(root: Path) -> None:
    seen = WithoutSkips()
    with watching(seen.see):
        pass
    open_inside(root, Path("infra/main.bicep"))
    assert seen.digests == {}
