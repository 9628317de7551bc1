"""What is kept of checkov's answers: only what changed is asked anew, and nothing that isn't sound is believed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from scanners.checkov import CheckovScanner
from scanners.interface import ScanContext, Tool
from scanners.running import run_scanner
from tests.fakes.fake_checkov import RECORDED_OUTPUT, build_checkov_scanner, checkov_tool
from tests.fakes.fake_tools import calls_of, fake_toolbox
from verdicts import Completed, NotCompleted, Outcome

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
TEMPLATES = (Path("vault.json"), Path("identity.bicep"))


class Memory:
    """A keeper in memory; values go through JSON as on disk."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, key: str) -> Any | None:
        return json.loads(self.values[key]) if key in self.values else None

    def put(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)


class Box:
    """The fake checkov as one that `mlgate tools install` made, and how often it was started."""

    def __init__(self, folder: Path, *, output: str = RECORDED_OUTPUT, origin: str = "managed") -> None:
        folder.mkdir()
        self._tool = fake_toolbox(folder, checkov_tool(output)).tool("checkov")
        self._origin = origin

    def tool(self, name: str) -> Tool:
        return Tool(dataclasses.replace(self._tool.identity, origin=self._origin), self._tool.argv)

    @property
    def runs(self) -> int:
        return sum("--directory" in call for call in calls_of(Path(self._tool.argv[0])))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    build_checkov_scanner(folder)
    return folder


def scan(root: Path, box: Box, memory: Memory | None, paths: tuple[Path, ...] = TEMPLATES) -> tuple[Outcome, ...]:
    number = len(list(root.parent.iterdir()))
    workspace = root.parent / f"workspace-{number}"
    workspace.mkdir()
    context = ScanContext(root=root, workspace=workspace, now=NOW, tools=box)
    outcomes = run_scanner(CheckovScanner(paths, kept=memory), context)
    return tuple(dataclasses.replace(outcome, seconds=0.0) for outcome in outcomes)


def test_a_second_run_over_the_same_files_says_the_same_without_checkov(root: Path, tmp_path: Path) -> None:
    box, memory = Box(tmp_path / "tools"), Memory()
    first = scan(root, box, memory)
    assert isinstance(first[0], Completed)
    assert len(memory.values) == 2
    assert scan(root, box, memory) == first
    assert box.runs == 1


def test_only_what_changed_is_asked_anew(root: Path, tmp_path: Path) -> None:
    box, memory = Box(tmp_path / "tools"), Memory()
    before = scan(root, box, memory)
    (root / "vault.json").write_text((root / "vault.json").read_text() + "\n")
    scan(root, box, memory)
    assert box.runs == 2
    (staged,) = [path for path in root.parent.glob("workspace-*/staged/*/*") if path.parents[2].name > "workspace-2"]
    assert staged.name == "template.json"
    (root / "vault.json").write_text((root / "vault.json").read_text().rstrip("\n") + "\n")
    assert isinstance(before[0], Completed)


def test_an_answer_that_is_not_believed_is_not_kept(root: Path, tmp_path: Path) -> None:
    memory = Memory()
    (bad,) = scan(root, Box(tmp_path / "tools", output="{}"), memory)
    assert isinstance(bad, NotCompleted)
    assert memory.values == {}


def test_a_checkov_of_the_users_own_is_always_asked(root: Path, tmp_path: Path) -> None:
    box, memory = Box(tmp_path / "tools", origin="path"), Memory()
    scan(root, box, memory)
    scan(root, box, memory)
    assert box.runs == 2
    assert memory.values == {}


def test_another_file_of_the_same_name_with_an_old_answer_is_not_believed(root: Path, tmp_path: Path) -> None:
    box, memory = Box(tmp_path / "tools"), Memory()
    first = scan(root, box, memory)
    one, other = memory.values
    memory.values[one], memory.values[other] = memory.values[other], memory.values[one]
    assert scan(root, box, memory) == first
    assert box.runs == 2


@pytest.mark.parametrize("damage", ["null", "[]", "{}", '{"outcome": {}, "elsewhere": [], "types": {}}', '"x"', "7"])
def test_what_is_no_answer_is_asked_anew(root: Path, tmp_path: Path, damage: str) -> None:
    box, memory = Box(tmp_path / "tools"), Memory()
    first = scan(root, box, memory)
    memory.values = dict.fromkeys(memory.values, damage)
    assert scan(root, box, memory) == first
    assert box.runs == 2


def test_a_module_that_was_not_looked_at_is_said_also_of_a_kept_template(root: Path, tmp_path: Path) -> None:
    """Whether all that a template pulls in was looked at depends on the run, so it isn't part of what is kept."""
    text = (root / "identity.bicep").read_text() + "\nmodule m './vault.json' = {\n  name: 'm'\n}\n"
    (root / "identity.bicep").write_text(text)
    box, memory = Box(tmp_path / "tools"), Memory()
    whole = scan(root, box, memory)
    assert [type(one) for one in whole] == [Completed]
    (alone,) = scan(root, box, memory, (Path("identity.bicep"),))
    assert isinstance(alone, NotCompleted)
    assert "vault.json" in alone.detail
    assert box.runs == 1
