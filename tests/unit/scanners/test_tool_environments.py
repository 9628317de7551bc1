"""`mlgate tools install` with a uv that is a script: what is recorded, what is noticed, what is made again."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from scanners.interface import ToolUnavailableError
from scanners.tool_environments import ToolEnvironments, lock_of, mlgate_home
from scanners.toolbox import LocalToolbox
from scanners.wrapped_tools import WRAPPED_TOOLS
from verdicts import ConfigurationError, CouldNotCheckError, Reason
from verdicts.digests import digest_tree

_UV = """#!{python} -IS
import os, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "uv.calls").open("a") as stream:
    stream.write(" ".join(sys.argv[1:]) + "\\n")
(here / "uv.environment").write_text("\\n".join(sorted(os.environ)))
if (here / "fail").exists():
    sys.exit("error: no route to the index")
if sys.argv[1] == "venv":
    (pathlib.Path(sys.argv[-1]) / "bin").mkdir(parents=True)
else:
    python = pathlib.Path(sys.argv[sys.argv.index("--python") + 1])
    program = python.parent / "trivy"
    version = (here / "version").read_text()
    program.write_text(
        "#!{python} -IS\\nimport pathlib\\npathlib.Path({trace!r}).touch()\\n"
        f"print('Version: {{version}}')\\n# github.com/aquasecurity/trivy/pkg/version/app.ver={{version}}\\n"
    )
    program.chmod(0o755)
"""


class FakeUv:
    """A folder on PATH with a uv of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started = folder / "tool-was-started"
        folder.mkdir()
        (folder / "uv").write_text(_UV.format(python=sys.executable, trace=str(self.started)))
        (folder / "uv").chmod(0o755)
        self.provides("0.76.0")

    def provides(self, version: str) -> None:
        (self.folder / "version").write_text(version)

    def fails(self, failing: bool = True) -> None:
        (self.folder / "fail").touch() if failing else (self.folder / "fail").unlink()

    @property
    def calls(self) -> list[str]:
        trace = self.folder / "uv.calls"
        return trace.read_text().splitlines() if trace.exists() else []


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeUv:
    fake = FakeUv(tmp_path / "uv-bin")
    monkeypatch.setenv("PATH", str(fake.folder))
    return fake


@pytest.fixture
def environments(tmp_path: Path) -> ToolEnvironments:
    return ToolEnvironments(tmp_path / "home")


def obstacle(environments: ToolEnvironments, *, thorough: bool = False) -> ToolUnavailableError:
    with pytest.raises(ToolUnavailableError) as caught:
        environments.verify("trivy", thorough=thorough)
    return caught.value


def test_an_installation_is_recorded_and_trusted(uv: FakeUv, environments: ToolEnvironments) -> None:
    record, made = environments.install("trivy")
    assert made
    assert record.version == "0.76.0"
    assert record.environment == digest_tree(environments.folder("trivy") / "environment")
    assert environments.verify("trivy", thorough=True) == record


def test_packages_come_by_hash_and_are_not_built(uv: FakeUv, environments: ToolEnvironments) -> None:
    environments.install("trivy")
    install = uv.calls[1].split()
    assert {"--require-hashes", "--no-build", "--no-config"} <= set(install)
    assert Path(install[-1]).read_bytes() == lock_of("trivy")


def test_a_second_run_does_nothing(uv: FakeUv, environments: ToolEnvironments) -> None:
    first, _ = environments.install("trivy")
    before = uv.calls
    assert environments.install("trivy") == (first, False)
    assert uv.calls == before


def test_the_toolbox_hands_out_what_was_installed(uv: FakeUv, environments: ToolEnvironments) -> None:
    record, _ = environments.install("trivy")
    found = LocalToolbox(home=environments.home, environment={}).tool("trivy")
    assert found.argv == (str(environments.program("trivy")),)
    assert (found.identity.digest, found.identity.origin) == (record.environment, "managed")


@pytest.mark.parametrize("change", ["edit", "add", "remove", "replace by link"])
def test_a_changed_environment_is_not_trusted_and_made_again(
    uv: FakeUv, environments: ToolEnvironments, change: str, tmp_path: Path
) -> None:
    environments.install("trivy")
    program = environments.program("trivy")
    match change:
        case "edit":
            status = program.stat()
            program.write_text(program.read_text().replace("Version", "Virsion"))  # as long as before
            os.utime(program, ns=(status.st_atime_ns, status.st_mtime_ns))
        case "add":
            (program.parent / "sitecustomize.py").write_text("print('hello')")
        case "remove":
            program.unlink()
        case _:
            program.rename(tmp_path / "elsewhere")
            program.symlink_to(tmp_path / "elsewhere")
    assert obstacle(environments).reason is Reason.UNTRUSTED_TOOL
    with pytest.raises(ToolUnavailableError):
        LocalToolbox(home=environments.home, environment={}).tool("trivy")
    assert environments.install("trivy")[1]
    environments.verify("trivy", thorough=True)


def test_touching_a_file_without_changing_it_is_looked_into_and_forgiven(
    uv: FakeUv, environments: ToolEnvironments
) -> None:
    record, _ = environments.install("trivy")
    os.utime(environments.program("trivy"), ns=(1, 1))
    assert environments.verify("trivy") == record


def test_a_forged_stamp_does_not_survive_a_thorough_look(uv: FakeUv, environments: ToolEnvironments) -> None:
    environments.install("trivy")
    program = environments.program("trivy")
    stamp = environments.folder("trivy") / "stamp.json"
    original = program.read_text()
    program.write_text(original + "# more\n")
    # What somebody could do who may write there: stamp the changed tree with the genuine digest.
    from scanners import tool_environments as module

    record = environments.record("trivy")
    assert record is not None
    tree = environments.folder("trivy") / "environment"
    stamp.write_text(json.dumps({"environment": record.environment, "stamp": module._stamp(tree)}))
    assert obstacle(environments, thorough=True).reason is Reason.UNTRUSTED_TOOL


@pytest.mark.parametrize("content", ["", "{}", '{"schema": "mlgate/tool/v1"}', "[1]", '{"schema": 1'])
def test_an_incomplete_or_broken_record_means_not_installed(
    uv: FakeUv, environments: ToolEnvironments, content: str
) -> None:
    environments.install("trivy")
    (environments.folder("trivy") / "mlgate-tool.json").write_text(content)
    assert obstacle(environments).reason is Reason.MISSING_TOOL
    assert environments.install("trivy")[1]


def test_a_failed_installation_leaves_nothing_that_could_be_used(uv: FakeUv, environments: ToolEnvironments) -> None:
    uv.fails()
    with pytest.raises(CouldNotCheckError, match="no route to the index"):
        environments.install("trivy")
    assert obstacle(environments).reason is Reason.MISSING_TOOL
    assert not environments.folder("trivy").exists()
    uv.fails(False)
    assert environments.install("trivy")[1]


def test_a_refused_release_is_neither_started_nor_kept(uv: FakeUv, environments: ToolEnvironments) -> None:
    uv.provides("0.69.4")
    with pytest.raises(CouldNotCheckError, match="CVE-2026-33634"):
        environments.install("trivy")
    assert not uv.started.exists()
    assert obstacle(environments).reason is Reason.MISSING_TOOL


def test_without_uv_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanners.tool_environments.find_uv", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"mlgate\[tools\]"):
        ToolEnvironments(tmp_path).install("trivy")


def test_two_installations_at_once_make_one_environment(uv: FakeUv, environments: ToolEnvironments) -> None:
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.append(environments.install("trivy")[1])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True]
    assert len(uv.calls) == 2  # one venv, one install


def test_uv_sees_no_variable_that_it_was_not_meant_to_see(
    uv: FakeUv, environments: ToolEnvironments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INSECURE_HOST", "example.com")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    environments.install("trivy")
    seen = (uv.folder / "uv.environment").read_text().split()
    assert "HTTPS_PROXY" in seen
    assert not {"UV_INSECURE_HOST", "PYTHONPATH"} & set(seen)


def test_a_home_that_is_no_absolute_path_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        mlgate_home({"MLGATE_HOME": "relative"})


def test_every_wrapped_tool_has_a_lock_in_which_everything_is_hashed() -> None:
    for name in WRAPPED_TOOLS:
        requirements = lock_of(name).decode().replace("\\\n", " ").splitlines()
        assert requirements
        assert all("==" in line and "--hash=sha256:" in line for line in requirements)
        assert not any("://" in line for line in requirements)
