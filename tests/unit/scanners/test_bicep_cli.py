"""The bicep CLI as a compiler: found, tried, and distrusted where it ends well without having compiled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanners import bicep_cli
from scanners.bicep_cli import BicepCli, find_bicep
from scanners.interface import ToolUnavailableError
from tests.fakes.fake_bicep import write_fake_bicep
from verdicts import CouldNotCheckError

pytestmark = pytest.mark.slow  # each case starts a program two or three times


def test_a_healthy_cli_is_found_on_the_path_and_compiles(tmp_path: Path) -> None:
    program = write_fake_bicep(tmp_path / "bin")
    cli = find_bicep({"PATH": str(program.parent)})
    assert cli is not None
    assert (cli.identity.name, cli.identity.version) == ("bicep", "0.36.1")
    file = tmp_path / "main.bicep"
    file.write_text("param x string")
    (tmp_path / "main.bicep.compiled.json").write_text('{"resources": [{"type": "A.B/c"}]}')
    assert json.loads(cli.compile(file))["resources"] == [{"type": "A.B/c"}]


def test_the_cli_that_az_installs_is_found_too(tmp_path: Path) -> None:
    write_fake_bicep(tmp_path / ".azure" / "bin")
    assert find_bicep({"PATH": "", "HOME": str(tmp_path)}) is not None
    write_fake_bicep(tmp_path / "elsewhere" / "bin")
    assert find_bicep({"PATH": "", "AZURE_CONFIG_DIR": str(tmp_path / "elsewhere")}) is not None


def test_a_machine_without_one_has_none(tmp_path: Path) -> None:
    assert find_bicep({"PATH": str(tmp_path), "HOME": str(tmp_path)}) is None


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("no version", "no version"),
        ("old", "older than 0.20"),
        ("silent", "it wrote nothing"),
        ("garbage", "no JSON"),
        ("deep", "no JSON"),
        ("other", "doesn't say that bicep made it"),
        ("stale", "isn't what the file says"),
        ("empty", "isn't what the file says"),
    ],
)
def test_a_cli_that_only_seems_to_work_is_not_used(tmp_path: Path, mode: str, said: str) -> None:
    program = write_fake_bicep(tmp_path / "bin", mode)
    with pytest.raises(ToolUnavailableError) as caught:
        find_bicep({"PATH": str(program.parent)})
    assert said in caught.value.detail
    assert str(program) in caught.value.detail


def test_a_cli_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bicep_cli, "COMPILE_TIMEOUT_S", 1.0)
    program = write_fake_bicep(tmp_path / "bin", "hangs")
    with pytest.raises(ToolUnavailableError, match="did not end within"):
        BicepCli(program)


def test_a_cli_that_others_can_change_is_passed_over(tmp_path: Path) -> None:
    program = write_fake_bicep(tmp_path / "bin")
    program.chmod(0o777)
    with pytest.raises(ToolUnavailableError, match="changed by other users"):
        find_bicep({"PATH": str(program.parent)})


def test_a_healthy_one_behind_a_broken_one_is_used(tmp_path: Path) -> None:
    broken, healthy = write_fake_bicep(tmp_path / "a", "silent"), write_fake_bicep(tmp_path / "b")
    assert find_bicep({"PATH": f"{broken.parent}:{healthy.parent}"}) is not None


def test_a_file_that_it_refuses_has_the_reason_with_its_line(tmp_path: Path) -> None:
    cli = BicepCli(write_fake_bicep(tmp_path / "bin"))
    file = tmp_path / "main.bicep"
    file.write_text("broken")
    with pytest.raises(CouldNotCheckError, match="line 3: BCP057"):
        cli.compile(file)


def test_one_that_ends_well_without_output_is_not_believed(tmp_path: Path) -> None:
    cli = BicepCli(write_fake_bicep(tmp_path / "bin", "silent later"))
    file = tmp_path / "main.bicep"
    file.write_text("param x string")
    with pytest.raises(CouldNotCheckError, match="it wrote nothing"):
        cli.compile(file)


def test_it_gets_none_of_the_callers_variables_and_no_name_is_an_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "x")
    cli = BicepCli(write_fake_bicep(tmp_path / "bin", "leaks"))
    file = tmp_path / "--outdir.bicep"
    file.write_text("param x string")
    (tmp_path / "--outdir.bicep.compiled.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert json.loads(cli.compile(Path("--outdir.bicep")))["resources"] == []


def test_the_folder_of_restored_modules_has_the_name_by_which_the_cli_looks_for_it(tmp_path: Path) -> None:
    program = write_fake_bicep(tmp_path / "bin")
    assert BicepCli(program, modules=tmp_path / ".bicep").identity.name == "bicep"
    with pytest.raises(ValueError, match=r"\.bicep"):
        BicepCli(program, modules=tmp_path / "modules")


def test_the_real_cli_compiles(tmp_path: Path) -> None:
    cli = find_bicep()
    if cli is None:
        pytest.skip("there is no bicep CLI on this machine")
    file = tmp_path / "main.bicep"
    file.write_text(
        "resource kv 'Microsoft.KeyVault/vaults@2023-07-01' existing = { name: 'kv' }\noutput id string = kv.id\n"
    )
    assert "id" in json.loads(cli.compile(file))["outputs"]
