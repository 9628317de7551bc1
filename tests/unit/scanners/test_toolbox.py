"""Which programs the toolbox hands out, and which it never even starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanners import toolbox as toolbox_module
from scanners.interface import ToolUnavailableError
from scanners.toolbox import LocalToolbox
from tests.fakes.fake_tools import FakeTool, Reply, calls_of, write_tool
from verdicts import Reason
from verdicts.digests import digest_file


@pytest.fixture(autouse=True)
def nothing_beside_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolbox_module, "program_beside_python", lambda _: None)


def trivy(folder: Path, *, in_file: str | None, says: str) -> Path:
    """A program called trivy that holds one version, like a Go binary, and prints another."""
    folder.mkdir(parents=True, exist_ok=True)
    reply = Reply(when=("--version",), output=f"Version: {says}\n")
    program = write_tool(folder, FakeTool(name="trivy", version=says, replies=(reply,)))
    if in_file is not None:
        with program.open("a") as stream:
            stream.write(f"# -X github.com/aquasecurity/trivy/pkg/version/app.ver={in_file}\n")
    return program


def box(tmp_path: Path, *folders: Path, pins: dict[str, frozenset[str]] | None = None) -> LocalToolbox:
    path = ":".join(map(str, folders))
    return LocalToolbox(home=tmp_path / "home", environment={"PATH": path}, pins=pins)


def refusal(toolbox: LocalToolbox, name: str = "trivy") -> ToolUnavailableError:
    with pytest.raises(ToolUnavailableError) as caught:
        toolbox.tool(name)
    return caught.value


def test_a_supported_release_on_path_is_used_with_version_and_file_digest(tmp_path: Path) -> None:
    program = trivy(tmp_path / "bin", in_file="0.76.0", says="0.76.0")
    found = box(tmp_path, tmp_path / "bin").tool("trivy")
    assert found.argv == (str(program),)
    assert (found.identity.version, found.identity.origin) == ("0.76.0", "path")
    assert found.identity.digest == digest_file(program)


def test_a_tool_is_looked_up_once(tmp_path: Path) -> None:
    program = trivy(tmp_path / "bin", in_file="0.76.0", says="0.76.0")
    toolbox = box(tmp_path, tmp_path / "bin")
    assert toolbox.tool("trivy") is toolbox.tool("trivy")
    assert calls_of(program) == [["--version"]]


@pytest.mark.parametrize("version", ["0.69.4", "0.69.5", "0.69.6", "v0.69.4", "0.69.4+build7"])
def test_a_stolen_release_is_never_started(tmp_path: Path, version: str) -> None:
    program = trivy(tmp_path / "bin", in_file=version, says="0.76.0")
    error = refusal(box(tmp_path, tmp_path / "bin"))
    assert error.reason is Reason.UNTRUSTED_TOOL
    assert "CVE-2026-33634" in error.detail
    assert calls_of(program) == []


def test_a_stolen_release_behind_a_good_one_is_not_reached(tmp_path: Path) -> None:
    good = trivy(tmp_path / "good", in_file="0.76.0", says="0.76.0")
    bad = trivy(tmp_path / "bad", in_file="0.69.4", says="0.69.4")
    assert box(tmp_path, tmp_path / "good", tmp_path / "bad").tool("trivy").argv == (str(good),)
    assert calls_of(bad) == []


def test_a_stolen_release_before_a_good_one_ends_the_search(tmp_path: Path) -> None:
    trivy(tmp_path / "bad", in_file="0.69.4", says="0.69.4")
    good = trivy(tmp_path / "good", in_file="0.76.0", says="0.76.0")
    assert refusal(box(tmp_path, tmp_path / "bad", tmp_path / "good")).reason is Reason.UNTRUSTED_TOOL
    assert calls_of(good) == []


def test_a_stolen_release_that_hides_its_version_from_the_file_is_never_started(tmp_path: Path) -> None:
    program = trivy(tmp_path / "bin", in_file=None, says="0.76.0")
    assert refusal(box(tmp_path, tmp_path / "bin")).reason is Reason.UNTRUSTED_TOOL
    assert calls_of(program) == []


def test_two_versions_in_one_file_are_refused_without_a_start(tmp_path: Path) -> None:
    program = trivy(tmp_path / "bin", in_file="0.76.0", says="0.76.0")
    with program.open("a") as stream:
        stream.write("# -X github.com/aquasecurity/trivy/pkg/version/app.ver=0.75.0\n")
    assert refusal(box(tmp_path, tmp_path / "bin")).reason is Reason.UNTRUSTED_TOOL
    assert calls_of(program) == []


def test_a_file_and_a_program_that_disagree_are_refused(tmp_path: Path) -> None:
    trivy(tmp_path / "bin", in_file="0.76.0", says="0.75.0")
    error = refusal(box(tmp_path, tmp_path / "bin"))
    assert error.reason is Reason.UNTRUSTED_TOOL
    assert "0.75.0" in error.detail


@pytest.mark.parametrize("version", ["dev", "0.76.0-fork", "0.x"])
def test_a_release_that_nobody_published_is_refused(tmp_path: Path, version: str) -> None:
    trivy(tmp_path / "bin", in_file=version, says=version)
    assert refusal(box(tmp_path, tmp_path / "bin")).reason is Reason.UNTRUSTED_TOOL


def test_an_old_release_is_passed_over_for_the_next_one_on_path(tmp_path: Path) -> None:
    trivy(tmp_path / "old", in_file="0.50.0", says="0.50.0")
    good = trivy(tmp_path / "good", in_file="0.76.0", says="0.76.0")
    assert box(tmp_path, tmp_path / "old", tmp_path / "good").tool("trivy").argv == (str(good),)


def test_an_old_release_alone_says_what_it_is_and_what_to_type(tmp_path: Path) -> None:
    trivy(tmp_path / "old", in_file="0.50.0", says="0.50.0")
    error = refusal(box(tmp_path, tmp_path / "old"))
    assert error.reason is Reason.MISSING_TOOL
    assert "0.50.0" in error.detail
    assert "mlgate tools install trivy" in error.remedy


def test_nothing_anywhere_is_a_missing_tool(tmp_path: Path) -> None:
    error = refusal(box(tmp_path))
    assert error.reason is Reason.MISSING_TOOL
    assert "mlgate tools install trivy" in error.remedy


def test_a_tool_that_mlgate_does_not_wrap_is_missing_even_if_it_is_on_path(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    write_tool(folder, FakeTool(name="other", version="1", replies=()))
    assert refusal(box(tmp_path, folder), "other").reason is Reason.MISSING_TOOL


@pytest.mark.parametrize("what", ["folder", "file", "real folder"])
def test_a_program_that_everybody_can_change_is_not_started(tmp_path: Path, what: str) -> None:
    program = trivy(tmp_path / "bin", in_file="0.76.0", says="0.76.0")
    folder = program.parent
    if what == "real folder":
        folder = tmp_path / "links"
        folder.mkdir()
        (folder / "trivy").symlink_to(program)
    (program if what == "file" else program.parent).chmod(0o777)
    error = refusal(box(tmp_path, folder))
    assert error.reason is Reason.MISSING_TOOL
    assert "can be changed by other users" in error.detail
    assert calls_of(program) == []


@pytest.mark.parametrize("entry", ["", ".", "bin", "{cwd}"])
def test_the_current_directory_and_relative_places_are_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    program = trivy(tmp_path / "bin", in_file="0.76.0", says="0.76.0")
    monkeypatch.chdir(tmp_path if entry == "bin" else program.parent)
    toolbox = LocalToolbox(home=tmp_path / "home", environment={"PATH": entry.format(cwd=program.parent)})
    assert refusal(toolbox).reason is Reason.MISSING_TOOL
    assert calls_of(program) == []


def test_a_pinned_digest_admits_only_that_program(tmp_path: Path) -> None:
    program = trivy(tmp_path / "bin", in_file="0.76.0", says="0.76.0")
    pinned = frozenset({digest_file(program)})
    assert box(tmp_path, tmp_path / "bin", pins={"trivy": pinned}).tool("trivy").argv == (str(program),)
    with program.open("a") as stream:
        stream.write("# changed\n")
    assert refusal(box(tmp_path, tmp_path / "bin", pins={"trivy": pinned})).reason is Reason.UNTRUSTED_TOOL


def test_an_empty_set_of_pins_admits_nothing(tmp_path: Path) -> None:
    trivy(tmp_path / "bin", in_file="0.76.0", says="0.76.0")
    error = refusal(box(tmp_path, tmp_path / "bin", pins={"trivy": frozenset()}))
    assert error.reason is Reason.UNTRUSTED_TOOL


def checkov(folder: Path, *, installed: str | None, says: str) -> Path:
    """A console script as pip writes one, with or without the package beside its interpreter."""
    binaries = folder / "bin"
    binaries.mkdir(parents=True)
    program = write_tool(binaries, FakeTool(name="checkov", version=says, replies=(Reply(output=f"{says}\n"),)))
    interpreter = binaries / "python"
    first, _, rest = program.read_text().partition("\n")
    interpreter.symlink_to(first.removeprefix("#!").split(" ")[0])
    program.write_text(f"#!{interpreter} -IS\n{rest}")
    if installed is not None:
        (folder / "lib" / "python3.11" / "site-packages" / f"checkov-{installed}.dist-info").mkdir(parents=True)
    return program


def test_checkov_tells_its_version_without_the_seconds_that_its_start_takes(tmp_path: Path) -> None:
    program = checkov(tmp_path / "venv", installed="3.3.30", says="3.3.30")
    assert box(tmp_path, program.parent).tool("checkov").identity.version == "3.3.30"
    assert calls_of(program) == []


def test_checkov_is_asked_where_its_file_does_not_tell(tmp_path: Path) -> None:
    program = checkov(tmp_path / "venv", installed=None, says="3.3.30")
    assert box(tmp_path, program.parent).tool("checkov").identity.version == "3.3.30"
    assert calls_of(program) == [["--version"]]


@pytest.mark.parametrize("answer", ["", "checkov?", "3.3.30 and more\nlines"])
def test_an_answer_that_is_no_version_is_refused(tmp_path: Path, answer: str) -> None:
    program = checkov(tmp_path / "venv", installed=None, says=answer)
    assert refusal(box(tmp_path, program.parent), "checkov").reason is Reason.UNTRUSTED_TOOL
