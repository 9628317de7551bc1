"""Real git repositories for tests, driven as a person would."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

GIT = shutil.which("git") or "git"


class Clone:
    """A repository with a working tree, driven as a person would."""

    def __init__(self, top: Path) -> None:
        self.top = top

    @classmethod
    def new(cls, top: Path) -> Clone:
        top.mkdir(parents=True, exist_ok=True)
        clone = cls(top)
        clone.git("init", "--quiet", "--initial-branch=main")
        return clone

    def git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        clean = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.top.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "x",
            "GIT_COMMITTER_NAME": "x",
            "GIT_AUTHOR_EMAIL": "author@example.com",
            "GIT_COMMITTER_EMAIL": "committer@example.com",
        }
        done = subprocess.run(
            [GIT, *arguments],
            cwd=self.top,
            env=clean | dict(environment or {}),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()

    def commit(
        self,
        name: str = "file.txt",
        *,
        author: str = "author@example.com",
        committer: str = "committer@example.com",
        message: str = "change",
    ) -> str:
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            stream.write("line\n")
        self.git("--literal-pathspecs", "add", "--force", "--", name)
        self.git(
            "commit",
            "--quiet",
            "--cleanup=verbatim",
            "--message",
            message,
            environment={"GIT_AUTHOR_EMAIL": author, "GIT_COMMITTER_EMAIL": committer},
        )
        return self.git("rev-parse", "HEAD")

    def configure_email(self, address: str = "Me@Example.com") -> None:
        """In the person's own configuration."""
        (self.top.parent / ".gitconfig").write_text(f"[user]\n\temail = {address}\n")

    def change(self) -> None:
        """Changes a committed file and doesn't commit it."""
        (self.top / "file.txt").write_text("changed\n")
