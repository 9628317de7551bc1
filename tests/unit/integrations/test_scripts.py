"""The scripts that pipelines share, the Azure Pipelines template, the hook of pre-commit."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.pipeline_steps import BAD, GOOD, ROOT, bash, environment, installed, project

INSTALL = ROOT / "integrations" / "install.sh"
TEMPLATE: Any = yaml.safe_load((ROOT / "integrations" / "azure-pipelines" / "mlgate-check.yml").read_text())
HOOKS: Any = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
DIGEST = "0" * 64

# Makes an environment whose tools write down what they are called with.
FAKE_PYTHON = """\
#!/bin/sh
echo "python $*" >> "$LOG"
if [ "$1" = -m ] && [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  cp "$0" "$3/bin/python"
  for name in uv mlgate; do printf '#!/bin/sh\\necho "%s $*" >> "$LOG"\\n' "$name" > "$3/bin/$name"; done
  chmod +x "$3"/bin/*
fi
"""


@pytest.fixture
def fake(tmp_path: Path) -> dict[str, str]:
    python = tmp_path / "python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return environment(tmp_path, PYTHON=str(python), LOG=str(tmp_path / "log"))


def calls(fake: dict[str, str]) -> list[str]:
    log = Path(fake["LOG"])
    return log.read_text().splitlines() if log.exists() else []


def install(fake: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return bash(shlex.join(["bash", str(INSTALL), *arguments]), folder, fake)


def test_everything_is_installed_by_hash_and_nothing_is_built_but_mlgate(tmp_path: Path, fake: dict[str, str]) -> None:
    assert install(fake, tmp_path, str(ROOT), str(tmp_path / "env"), "", "").returncode == 0
    installs = [call for call in calls(fake) if " install " in call or " sync " in call]
    assert len(installs) == 3
    assert all("--require-hashes" in call for call in installs[:2])
    assert "--only-binary :all:" in installs[0]
    assert "--no-build " in installs[1]
    assert installs[1].split()[-3].endswith("locks/runtime.txt")
    assert "--no-index" in installs[2]
    assert "--no-build-isolation" in installs[2]


def test_a_version_needs_the_hash_of_its_wheel(tmp_path: Path, fake: dict[str, str]) -> None:
    target = tmp_path / "env"
    assert install(fake, tmp_path, str(ROOT), str(target), "1.2.3", DIGEST).returncode == 0
    assert (target / "mlgate.txt").read_text() == f"mlgate==1.2.3 --hash=sha256:{DIGEST}\n"
    assert any("--require-hashes" in call and "mlgate.txt" in call for call in calls(fake))


@pytest.mark.parametrize(
    "arguments",
    [
        ("1.2.3", ""),
        ("", DIGEST),
        ("1.2.3 --index-url=x", DIGEST),
        ("1.2.3\nother==1", DIGEST),
        (">=1", DIGEST),
        ("1.2.3", DIGEST.upper().replace("0", "A")),
        ("1.2.3", "0" * 63),
        ("1.2.3",),
    ],
)
def test_what_is_no_version_and_hash_installs_nothing(
    tmp_path: Path, fake: dict[str, str], arguments: tuple[str, ...]
) -> None:
    assert install(fake, tmp_path, str(ROOT), str(tmp_path / "env"), *arguments).returncode == 2
    assert calls(fake) == []


def test_every_package_of_mlgate_is_in_the_lock_with_hashes() -> None:
    import configparser

    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    wanted = [re.split(r"[<>=;\[ ]", line)[0] for line in setup["options"]["install_requires"].split("\n") if line]
    text = (ROOT / "locks" / "runtime.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.M))
    normal = {re.sub(r"[-_.]+", "-", name).lower() for name in wanted}
    assert normal <= set(pinned)
    assert {"uv", "setuptools"} <= set(pinned)
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", text, flags=re.M)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    developed = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / "locks" / "development.txt").read_text(), re.M))
    assert {name: version for name, version in pinned.items() if developed.get(name) != version} == {}


def azure(text: str, given: dict[str, str]) -> str:
    """Expressions of the template with parameters, as far as this template has them."""
    values = {one["name"]: str(one["default"]) for one in TEMPLATE["parameters"]} | given

    def value(match: re.Match[str]) -> str:
        name = re.fullmatch(r"(?:lower\(|join\('\\n', )?parameters\.(\w+)\)?", match[1])
        assert name, match[1]
        text = values[name[1]]
        return "" if text == "[]" else text.lower() if match[1].startswith("lower") else text

    return re.sub(r"\$\{\{ (.*?) \}\}", value, text)


def pipeline(tmp_path: Path, folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    temporary = tmp_path / "agent"
    if not temporary.exists():
        installed(temporary / "mlgate")
    (step,) = [one for one in TEMPLATE["steps"] if one["displayName"] == "mlgate check"]
    given = {"source": str(ROOT), **given}
    own = {name: azure(str(value), given) for name, value in step["env"].items()}
    assert "${{" not in step["bash"]
    return bash(step["bash"], folder, environment(tmp_path, AGENT_TEMPDIRECTORY=str(temporary), **own))


@pytest.mark.slow
def test_the_azure_template_ends_as_the_check_and_hands_over_its_reports(tmp_path: Path) -> None:
    folder = project(tmp_path / "project", main_json=GOOD, other_json=BAD)
    bad = pipeline(tmp_path, folder)
    assert bad.returncode == 1, bad.stderr
    summary = re.search(r"^##vso\[task\.uploadsummary\](.+)$", bad.stdout, re.M)
    assert summary
    assert "MLG-REGISTRY-" in Path(summary[1]).read_text()
    assert re.search(r"^##vso\[artifact\.upload [^\]]*\].+mlgate\.sarif$", bad.stdout, re.M)
    assert pipeline(tmp_path, folder, paths="main.json").returncode == 0
    assert pipeline(tmp_path, folder, paths="main.json\nother.json").returncode == 1
    assert pipeline(tmp_path, folder, profile="live").returncode == 2


@pytest.mark.slow
def test_what_stands_in_a_checked_file_is_no_command_to_the_agent(tmp_path: Path) -> None:
    hostile = BAD.replace("crtrain", "##vso[task.setvariable variable=x]y")
    printed = pipeline(tmp_path, project(tmp_path / "project", main_json=hostile)).stdout
    commands = [line for line in printed.splitlines() if "##vso[" in line]
    assert all(re.match(r"##vso\[(task\.uploadsummary|artifact\.upload )", line) for line in commands)
    assert len(commands) == 2


@pytest.mark.slow
def test_the_hook_judges_the_files_that_it_is_given(tmp_path: Path) -> None:
    (hook,) = HOOKS
    folder = project(tmp_path / "project", main_json=GOOD, other_json=BAD)
    path = installed(tmp_path / "env") / "bin"
    variables = environment(tmp_path)
    variables["PATH"] = f"{path}:{variables['PATH']}"

    def ends(*files: str) -> int:
        return bash(f"{hook['entry']} {shlex.join(files)}", folder, variables).returncode

    assert hook["language"] == "python"
    assert hook["pass_filenames"] is True
    assert ends("main.json") == 0
    assert ends("main.json", "other.json") == 1
    assert ends("--help") in (2, 3)


def test_the_hook_runs_for_what_mlgate_reads_and_for_nothing_else() -> None:
    pattern = re.compile(HOOKS[0]["files"])
    read = (
        "main.bicep",
        "a/main.tf",
        "a/b.json",
        "azureml/x.yml",
        "x.YAML",
        "Dockerfile",
        "a/Dockerfile.gpu",
        "requirements-dev.txt",
    )
    assert all(pattern.search(name) for name in read)
    assert not any(pattern.search(name) for name in ("main.py", "README.md", "a/model.pkl", "notes.txt"))
