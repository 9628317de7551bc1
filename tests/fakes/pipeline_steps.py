"""Runs the steps of pipeline files as their services would: a project, an environment, and bash."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
CONFIGURATION = "schema: mlgate/project/v1\ncheck: {profile: development, fail_on: high, checks: [policy]}\n"


def template(**properties: Any) -> str:
    """A template with a container registry."""
    registry = {
        "type": "Microsoft.ContainerRegistry/registries",
        "apiVersion": "2023-07-01",
        "name": "crtrain",
        "location": "westeurope",
        "sku": {"name": "Premium"},
        "properties": properties,
    }
    return json.dumps({"$schema": TEMPLATE, "contentVersion": "1.0.0.0", "resources": [registry]}, indent=1)


GOOD = template(adminUserEnabled=False, anonymousPullEnabled=False, publicNetworkAccess="Disabled")
BAD = template(adminUserEnabled=True, anonymousPullEnabled=True)


def project(folder: Path, **files: str) -> Path:
    """A git repository with a configuration and files (an underscore in a name stands for a dot), all committed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mlgate.yml").write_text(CONFIGURATION)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        git(folder, *arguments)
    return folder


def git(folder: Path, *arguments: str) -> None:
    """Runs git with an identity of its own."""
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def installed(folder: Path) -> Path:
    """What `integrations/install.sh` makes: an environment with this mlgate."""
    (folder / "bin").mkdir(parents=True)
    own = Path(sys.executable).parent
    (folder / "bin" / "mlgate").write_text(f'#!/bin/sh\nexec "{own / "python"}" -m mlgate "$@"\n')
    (folder / "bin" / "mlgate").chmod(0o755)
    (folder / "bin" / "python").symlink_to(own / "python")
    return folder


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Variables of a job, and nothing of whoever runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), **variables}


def bash(script: str, folder: Path, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A step's script, as GitHub and Azure Pipelines run `bash`."""
    return subprocess.run(
        [shutil.which("bash") or "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=dict(variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@dataclass
class Run:
    """A run of a composite action.

    Attributes:
        results: by step, those that ran.
        outputs: by step id.
        summary: what went to the job's summary.
    """

    results: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    summary: str = ""

    @property
    def failed(self) -> bool:
        """Whether the job would be red."""
        return any(result.returncode for result in self.results.values())


_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def run_action(
    action: Mapping[str, Any],
    folder: Path,
    variables: Mapping[str, str],
    inputs: Mapping[str, str],
    *,
    leave_out: frozenset[str] = frozenset(),
) -> Run:
    """Runs the steps of a composite action one after the other, as far as its own expressions go."""
    given = {name: str(one.get("default", "")) for name, one in action["inputs"].items()}
    assert set(inputs) <= set(given), "an input that the action doesn't have"
    given |= inputs
    run = Run()
    summary = folder.parent / "summary.md"
    for number, step in enumerate(action["runs"]["steps"]):
        if step["name"] in leave_out or not _wanted(str(step.get("if", "")), given, run):
            continue
        output = folder.parent / f"output-{number}"
        output.touch()
        own = {name: _filled(str(value), given, run) for name, value in step.get("env", {}).items()}
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        where = folder / _filled(str(step.get("working-directory", ".")), given, run)
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "what callers give must not be part of a script"
        result = bash(step["run"], where, {**variables, **files, **own})
        run.results[step["name"]] = result
        lines = (line.partition("=") for line in output.read_text().splitlines())
        run.outputs[step.get("id", str(number))] = {name: value for name, _, value in lines}
    run.summary = summary.read_text() if summary.exists() else ""
    return run


def _wanted(condition: str, inputs: Mapping[str, str], run: Run) -> bool:
    inner = condition.removeprefix("${{").removesuffix("}}").strip()
    if inner == "always()":
        return True
    if run.failed:
        return False
    if not inner:
        return True
    found = re.fullmatch(r"inputs\.([\w-]+) == '([^']*)'", inner)
    assert found, f"a condition that this runner doesn't know: {condition}"
    return inputs[found[1]] == found[2]


def _filled(text: str, inputs: Mapping[str, str], run: Run) -> str:
    def value(match: re.Match[str]) -> str:
        kind, _, rest = match[1].partition(".")
        if kind == "inputs":
            return inputs[rest]
        assert kind == "steps", f"an expression that this runner doesn't know: {match[1]}"
        step, _, name = rest.partition(".outputs.")
        return run.outputs.get(step, {}).get(name, "")

    return _EXPRESSION.sub(value, text)
