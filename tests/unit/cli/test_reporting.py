"""`--format` and `--output`: which report goes where, and that a format changes nothing else."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from cli.reporting import ReportSelection, emit, make_report, report_options, write_report
from report_formats.registry import FORMAT_NAMES
from tests import sample_reports
from tests.strategies import NOW
from verdicts import ConfigurationError


@click.command()
@click.option("--sample", default="denied")
@report_options
def judge(sample: str, reports: ReportSelection) -> None:
    """A command that ends in a verdict."""
    report = sample_reports.denied_report() if sample == "denied" else sample_reports.allowed_report()
    emit(report, reports)
    click.get_current_context().exit(1 if sample == "denied" else 0)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(judge, list(arguments))


@pytest.mark.parametrize("name", FORMAT_NAMES)
@pytest.mark.parametrize(("sample", "code"), [("denied", 1), ("allowed", 0)])
def test_a_format_never_changes_the_exit_code(name: str, sample: str, code: int, tmp_path: Path) -> None:
    assert run("--sample", sample, "--format", name).exit_code == code
    assert run("--sample", sample, "--format", name, "--output", str(tmp_path / "report")).exit_code == code


def test_console_is_the_default() -> None:
    result = run()
    assert result.exit_code == 1
    assert "  DENIED\n" in result.stdout


def test_a_machine_format_has_standard_output_to_itself() -> None:
    result = run("--format", "json")
    assert json.loads(result.stdout)["verdict"]["decision"] == "denied"


def test_each_output_belongs_to_the_format_of_its_number(tmp_path: Path) -> None:
    sarif, junit = tmp_path / "r.sarif", tmp_path / "r.xml"
    result = run(
        *("--format", "sarif", "--format", "junit", "--format", "console"),
        *("--output", str(sarif), "--output", str(junit)),
    )
    assert result.exit_code == 1
    assert json.loads(sarif.read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert junit.read_text(encoding="utf-8").startswith("<?xml")
    assert "DENIED" in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.sarif", "r.xml"]


def test_a_dash_is_standard_output(tmp_path: Path) -> None:
    file = tmp_path / "report.md"
    result = run("--format", "json", "--output", "-", "--format", "markdown", "--output", str(file))
    assert json.loads(result.stdout)
    assert "DENIED" in file.read_text(encoding="utf-8")


def test_the_verdict_is_told_where_no_report_goes_to_the_screen(tmp_path: Path) -> None:
    result = run("--format", "json", "--output", str(tmp_path / "r.json"))
    assert result.stdout == ""
    assert result.stderr.startswith("DENIED: 2 findings")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--output", "report.txt"),
        ("--format", "json", "--output", "a", "--output", "b"),
        ("--format", "json", "--format", "sarif"),
        ("--format", "json", "--format", "sarif", "--output", "-"),
        ("--format", "json", "--format", "sarif", "--output", "x", "--output", "./x"),
        ("--format", "html6"),
        ("--format", "JSON"),
    ],
)
def test_a_mistake_in_the_options_is_a_usage_error_before_anything_runs(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_told_before_anything_runs(tmp_path: Path) -> None:
    result = run("--format", "json", "--output", str(tmp_path / "absent" / "report.json"))
    assert isinstance(result.exception, ConfigurationError)
    assert "the folder of the report does not exist" in str(result.exception)
    assert "\n" not in str(result.exception)
    assert result.stdout == ""


def test_a_folder_is_not_written_over(tmp_path: Path) -> None:
    result = run("--format", "json", "--output", str(tmp_path))
    assert isinstance(result.exception, ConfigurationError)


def test_a_file_that_can_not_be_written_is_told_and_the_other_reports_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def full_disk(self: Path, target: Path) -> Path:
        if target.name == "bad":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full_disk)
    bad, good = tmp_path / "bad", tmp_path / "good"
    bad.write_text("old", encoding="utf-8")
    result = run("--format", "json", "--output", str(bad), "--format", "sarif", "--output", str(good))
    assert isinstance(result.exception, ConfigurationError)
    assert "No space left on device" in str(result.exception)
    assert json.loads(good.read_text(encoding="utf-8"))
    assert bad.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "good"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_standard_output_that_can_not_be_written_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; from cli.main import run; sys.exit(run(sys.argv[1:]))"
    (tmp_path / "a.tf").write_text("locals {}\n", encoding="utf-8")
    arguments = [sys.executable, "-c", program, "check", "--skip", "checkov", "--no-cache"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(arguments, cwd=tmp_path, stdout=full, check=False)
    assert ended.returncode == 2
    told = capfd.readouterr().err
    assert "standard output: the report can't be written: No space left on device" in told
    assert "Traceback" not in told


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("precious", encoding="utf-8")
    link.symlink_to(victim)
    write_report(link, "report")
    assert victim.read_text(encoding="utf-8") == "precious"
    assert link.read_text(encoding="utf-8") == "report"


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_report(pipe, "report")
        assert os.read(reader, 100) == b"report"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_new_file_has_the_rights_that_the_user_gives_to_new_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_report(tmp_path / "report", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "report").stat().st_mode) == 0o640


def test_a_report_of_now_names_this_mlgate() -> None:
    from mlgate import __version__

    report = make_report("x", sample_reports.denied_report().verdict, facts=[("run", "1")])
    assert report.mlgate_version == __version__
    assert report.created_at > NOW.replace(year=2025)
    assert report.facts == (("run", "1"),)
