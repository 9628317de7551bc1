"""Rules that hold for the whole tree."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import mlgate
from cli.main import COMMANDS
from cli.main import mlgate as group
from policies.rules import load_rules

ROOT = Path(__file__).resolve().parents[2]


def tracked(*endings: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name.endswith(endings) and (ROOT / name).is_file()]


def rules() -> set[str]:
    """Every rule id of our own that the code can report."""
    found: set[str] = set()
    for package in mlgate.PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            found |= set(re.findall(r'"(MLG-[A-Z0-9-]+[A-Z0-9])"', path.read_text()))
    return found | {rule.id for rule in load_rules()}


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "rules").glob("MLG-*.md")}
    assert rules() == pages


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile(
        "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "npm" + r"js\.org", "deb\\.deb" + r"ian\.org"))
    )
    named = [str(path) for path in tracked("") if hosts.search(path.read_bytes().decode("utf-8", "replace"))]
    assert named == []


def test_no_program_is_started_but_by_the_runner_and_the_server() -> None:
    allowed = {ROOT / "scanners" / "process_runner.py", ROOT / "cloud_backends" / "local" / "server_process.py"}
    starters = {
        path
        for package in mlgate.PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\b(subprocess|os\.system|os\.popen|pty|shell=True)\b", path.read_text())
    }
    assert {
        path for path in starters if re.search(r"^\s*(import subprocess|from subprocess)", path.read_text(), re.M)
    } <= allowed


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_loads_and_its_one_line_help_is_its_own(name: str) -> None:
    result = CliRunner().invoke(group, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


def test_the_commands_of_the_readme_exist() -> None:
    named = set(re.findall(r"(?:`|^    |&& )mlgate ([a-z]+)", (ROOT / "README.md").read_text(), re.M))
    assert named <= set(COMMANDS), named - set(COMMANDS)
