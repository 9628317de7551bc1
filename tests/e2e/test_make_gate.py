"""What `make gate` shows, end to end: real scanners, real images, real servers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scanners.interface import ToolUnavailableError
from scanners.toolbox import LocalToolbox
from tests.fakes.serving_project import server_processes

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "credit-risk"
MLGATE = Path(sys.executable).with_name("mlgate")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    for name in ("checkov", "trivy"):
        try:
            LocalToolbox().tool(name)
        except ToolUnavailableError as error:
            pytest.skip(f"{name} is not installed ({error.detail}): run `mlgate tools install`")


def mlgate(*arguments: str, cwd: Path = EXAMPLE) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(MLGATE), *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


def demonstration() -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE / "run_gate.py")], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_demonstration_shows_everything_twice_and_leaves_nothing_running() -> None:
    for _ in range(2):
        shown = demonstration()
        assert "credit-risk 1.4.0" in shown
        denying = "allowlist, checkov, model-artifact, pip-audit, policy, rbac-matrix, trivy"
        assert f"denied by 7 scanners: {denying}" in shown
        assert "images in the registry: 1.4.0" in shown
        assert server_processes(EXAMPLE) == []
    verified = mlgate("trail", "verify")
    assert verified.returncode == 0, verified.stderr


def test_each_planted_fault_of_the_bad_release_is_found() -> None:
    report = json.loads((EXAMPLE / ".mlgate" / "bad-report.json").read_text())
    found = {(finding["scanner"], finding["rule"]) for finding in report["findings"]}
    rules = {rule for _, rule in found}
    assert ("checkov", "CKV2_AZURE_49") in found, "public network access"
    assert ("rbac-matrix", "MLG-RBAC-PRODUCTION") in found, "Owner for the data scientists"
    assert ("allowlist", "MLG-ALLOWLIST-UNLISTED") in found
    assert ("model-artifact", "MLG-MODEL-DANGEROUS-IMPORT") in found
    assert ("pip-audit", "CVE-2023-43804") in found, "urllib3"
    assert ("trivy", "CVE-2024-5535") in found, "the old OpenSSL of the image"
    assert "TRIVY-SECRET-private-key" in rules
    assert "BEGIN" not in json.dumps(report), "no secret is quoted"


def test_two_deployments_at_the_same_time_one_wins_and_the_other_says_who_holds_the_endpoint(tmp_path: Path) -> None:
    command = [str(MLGATE), "deploy", "releases/good.yml", "--environment", "production"]
    both = [
        subprocess.Popen(command, cwd=EXAMPLE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [(process.communicate(timeout=300), process.returncode) for process in both]
    codes = sorted(code for _, code in ended)
    assert codes == [2, 3], ended  # 3: the winner's checks are through, and it waits for its approval
    (_, error), _ = next(item for item in ended if item[1] == 2)
    assert "is held by run" in error
    assert str(next(process.pid for process in both if process.returncode == 3)) in error


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ("name: credit-risk\n", 2, "'name' is missing"),
        ("../scoring, entry_script", 2, "leads out of the project"),
        ("sha256:cf38", 3, "model-artifact"),
        ("../evaluation/results.json", 2, "is not there"),
    ],
)
def test_a_damaged_release_gets_one_clear_answer(tmp_path: Path, change: str, code: int, said: str) -> None:
    damage = {
        "name: credit-risk\n": "",
        "../scoring, entry_script": "../../../docs, entry_script",
        "sha256:cf38": "sha256:0000",
        "../evaluation/results.json": "../evaluation/none.json",
    }
    text = (EXAMPLE / "releases" / "good.yml").read_text()
    assert change in text
    damaged = EXAMPLE / "releases" / "damaged-by-test.yml"
    try:
        damaged.write_text(text.replace(change, damage[change], 1))
        done = mlgate("deploy", "releases/damaged-by-test.yml", "--environment", "production")
    finally:
        damaged.unlink()
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
