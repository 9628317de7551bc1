"""What this machine has for Bicep: the CLI, and the modules that it restored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from resource_readers.interface import BicepCompiler


def restored_modules() -> tuple[Path, ...]:
    """The folder in which the bicep CLI keeps modules of registries, if there is one."""
    try:
        folder = Path.home() / ".bicep"
    except RuntimeError:
        return ()
    return (folder,) if folder.is_dir() else ()


def bicep_compiler() -> BicepCompiler | None:
    """The bicep CLI; None where there is none, or none to trust, which is said on standard error."""
    from scanners.bicep_cli import find_bicep
    from scanners.interface import ToolUnavailableError

    try:
        return find_bicep(modules=next(iter(restored_modules()), None))
    except ToolUnavailableError as error:
        click.echo(f"mlgate: Bicep is read without its CLI: {error.detail}", err=True)
        return None
