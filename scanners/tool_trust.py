"""Whether a program is one to trust: the version in its file, the refused releases, then what it says itself."""

from __future__ import annotations

from pathlib import Path

from scanners.interface import ToolUnavailableError
from scanners.process_runner import Command, ProcessError, run
from scanners.wrapped_tools import WrappedTool
from verdicts import Reason
from verdicts.text import one_line

VERSION_TIMEOUT_S = 60.0


class UnsupportedReleaseError(ToolUnavailableError):
    """An honest release that mlgate doesn't know how to call; another copy of the tool may do."""


def _untrusted(tool: WrappedTool, detail: str, remedy: str) -> ToolUnavailableError:
    return ToolUnavailableError(Reason.UNTRUSTED_TOOL, f"{tool.name}: {detail}", remedy)


def check_release(tool: WrappedTool, version: str, where: Path) -> None:
    """Raises ToolUnavailableError for a refused or unknown release, UnsupportedReleaseError for one out of range."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        parsed = Version(version)
    except InvalidVersion:
        raise _untrusted(tool, f"{where} calls itself {one_line(version)!r}", "install an official release") from None
    # Compared by release, so that 0.69.4+something or v0.69.4 is refused like 0.69.4.
    for refused, why in tool.refused.items():
        if parsed.release == Version(refused).release:
            raise _untrusted(
                tool,
                f"{where} is release {refused}, which was {why}; it was not started",
                f"remove {where}, treat the machine as compromised, then `mlgate tools install {tool.name}`",
            )
    if not SpecifierSet(tool.supported, prereleases=True).contains(parsed):
        raise UnsupportedReleaseError(
            Reason.UNTRUSTED_TOOL,
            f"{tool.name}: {where} is release {version}; mlgate works with {tool.supported}",
            f"upgrade it, or `mlgate tools install {tool.name}`",
        )


def _asked_version(tool: WrappedTool, program: Path) -> str:
    try:
        result = run(Command(argv=(str(program), "--version"), timeout_s=VERSION_TIMEOUT_S, maximum_output=1 << 20))
    except ProcessError as error:
        raise _untrusted(tool, f"--version failed: {error}", f"`mlgate tools install {tool.name}`") from None
    match = tool.version_line.search(result.stdout.decode("utf-8", "replace"))
    if result.exit_code != 0 or match is None:
        raise _untrusted(
            tool,
            f"{program} --version gave no version (exit code {result.exit_code})",
            f"`mlgate tools install {tool.name}`",
        )
    return match["version"]


def trusted_version(tool: WrappedTool, program: Path) -> str:
    """The program's version, once its release is known to be one that may run.

    The file is read first; a refused release is never started.

    Raises:
        ToolUnavailableError: refused, unknown, out of range, or file and program disagree.
    """
    try:
        in_file = tool.version_in_file(program)
    except OSError as error:
        raise _untrusted(tool, f"{program} can't be read: {error.strerror}", "look at its permissions") from None
    if in_file is None and tool.must_tell_version:
        raise _untrusted(
            tool,
            f"{program} doesn't hold its version, so a refused release could not be told apart; it was not started",
            f"use an official build, or `mlgate tools install {tool.name}`",
        )
    if in_file is not None:
        check_release(tool, in_file, program)
        if not tool.must_tell_version:
            return in_file
    asked = _asked_version(tool, program)
    if in_file is not None and asked != in_file:
        raise _untrusted(tool, f"{program} holds version {in_file} and says {asked}", "install an official release")
    check_release(tool, asked, program)
    return asked
