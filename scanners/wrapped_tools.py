"""The programs that mlgate wraps: which releases it works with, which ones it refuses, how each tells its version."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scanners import checkov_startup

_GO_VERSION = re.compile(rb"[0-9A-Za-z.+-]{1,40}")
_DIST_INFO = re.compile(r"checkov-(?P<version>[0-9][0-9A-Za-z.+!]*)\.dist-info")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedTool:
    """One program.

    Attributes:
        name: of the executable.
        supported: releases that its scanner understands, as a PEP 440 range.
        refused: releases that must not even be started, with the reason.
        version_in_file: reads the version from the file without starting it; None where the file doesn't tell.
        must_tell_version: whether a file that doesn't tell is refused (True) or asked with --version (False).
        version_line: finds the version in what --version prints.
        warm_up: run with program and environment before the installation is measured; raises ToolUnavailableError.
    """

    name: str
    supported: str
    version_in_file: Callable[[Path], str | None]
    must_tell_version: bool
    version_line: re.Pattern[str]
    refused: Mapping[str, str] = field(default_factory=dict)
    warm_up: Callable[[Path, Path], None] | None = None


def go_version(program: Path) -> str | None:
    """The version that the linker wrote into a Trivy binary (Go build information), without starting it.

    None if there is none, or if two disagree. Raises OSError.
    """
    needle = b"github.com/aquasecurity/trivy/pkg/version/app.ver="
    found: set[str] = set()
    with program.open("rb") as stream:
        try:
            content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:  # an empty file can't be mapped
            return None
        with content:
            position = content.find(needle)
            while position >= 0:
                start = position + len(needle)
                match = _GO_VERSION.match(content[start : start + 64])
                found.add(match.group().decode() if match else "")
                position = content.find(needle, start)
    return found.pop() if len(found) == 1 and "" not in found else None


def checkov_version(program: Path) -> str | None:
    """The version of the package beside the interpreter that a console script names. Raises OSError."""
    with program.open("rb") as stream:
        first = stream.readline(4096).decode("utf-8", "replace").strip()
    interpreter = Path(first.removeprefix("#!").split(" ")[0])
    if not first.startswith("#!/") or interpreter.name == "env":
        return None
    prefix = interpreter.parent.parent
    found = {
        match["version"]
        for folder in prefix.glob("lib/python3*/site-packages/checkov-*.dist-info")
        if (match := _DIST_INFO.fullmatch(folder.name))
    }
    return found.pop() if len(found) == 1 else None


_STOLEN_TRIVY = "published by an intruder (CVE-2026-33634)"

WRAPPED_TOOLS: Mapping[str, WrappedTool] = {
    tool.name: tool
    for tool in (
        WrappedTool(
            name="checkov",
            supported=">=3.2,<4",
            version_in_file=checkov_version,
            must_tell_version=False,
            version_line=re.compile(r"\A(?P<version>\d[0-9A-Za-z.+]*)\s*\Z"),
            warm_up=checkov_startup.warm_up,
        ),
        WrappedTool(
            name="trivy",
            supported=">=0.70,<1",
            version_in_file=go_version,
            # Releases of a supply chain attack must be told apart before they run, not after.
            must_tell_version=True,
            version_line=re.compile(r"(?m)^Version: v?(?P<version>\d[0-9A-Za-z.+-]*)$"),
            refused={"0.69.4": _STOLEN_TRIVY, "0.69.5": _STOLEN_TRIVY, "0.69.6": _STOLEN_TRIVY},
        ),
    )
}
