"""A project that the real local backend can deploy: a real image in a real layout, a score.py that loads quickly."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy_gate.evidence.trail import trail_paths
from scanners.image_builder import Layer, build_image
from scanners.oci_layout import OciLayout
from tests.fakes.tiny_project import write_tiny_project

SCORE = """\
import json


def init():
    pass


def run(data):
    return {"probabilities": [0.5], "echo": json.loads(data)}
"""


def write_serving_project(root: Path, requirements: Path, environments: Path) -> Path:
    """Writes the project, commits it, pushes its image; returns the path of its release.

    The release's environment is taken from the store `environments`, so that no test makes one of its own.
    """
    release = write_tiny_project(root)
    (root / "code" / "score.py").write_text(SCORE)
    (root / "requirements.txt").write_bytes(requirements.read_bytes())
    (root / ".gitignore").write_text(".mlgate/\n")
    state = root / ".mlgate"
    state.mkdir()
    (state / "environments").symlink_to(environments, target_is_directory=True)
    push_image(root)
    git = ["git", "-C", str(root), "-c", "user.name=Author", "-c", "user.email=writer@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "A release"]):
        subprocess.run([*git, *arguments], check=True)
    return release


def push_image(root: Path) -> str:
    """Pushes the release's image; returns its digest."""
    folder = root / ".mlgate" / "registry" / "model"
    layout = OciLayout(folder) if folder.exists() else OciLayout.create(folder)
    return build_image([Layer.of_files({"etc/os-release": b"ID=debian\n"})], layout, "1")


def server_processes(root: Path) -> list[int]:
    """Process ids of all servers (leaders and workers) of the project's deployments."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes()
        except OSError:
            continue
        if f"AML_APP_ROOT={root}/".encode() in variables:
            found.append(int(process.name))
    return found


def trail_events(root: Path) -> list[str]:
    """What the trail says happened, in order."""
    from deploy_gate.evidence.verification import read_records

    return [record.event for record in read_records(*trail_paths(root / ".mlgate"))]
