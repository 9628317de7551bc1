"""`--format` and `--output`, the same for every command that ends in a verdict.

    @click.command()
    @report_options
    def check(reports: ReportSelection) -> None:
        ...
        emit(make_report("Check of infrastructure/", verdict, facts=(("commit", commit),)), reports)
        click.get_current_context().exit(exit_code(verdict.decision))

`report_options` hands the command a keyword argument `reports`. The n-th `--output` belongs to the n-th `--format`; a
format without one goes to standard output ("-"), at most one. Mistakes in the options, and a folder that isn't there,
are told before anything is scanned. A format never changes the exit code.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from report_formats.registry import FORMAT_NAMES, format_named
from verdicts.errors import ConfigurationError
from verdicts.files import write_atomically

if TYPE_CHECKING:
    from report_formats.interface import Report
    from verdicts import Verdict

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class ReportTarget:
    """One report to write: a format's name, and a file or "-" for standard output."""

    format_name: str
    output: str


@dataclass(frozen=True, slots=True)
class ReportSelection:
    """The reports that the person asked for; at most one goes to standard output."""

    targets: tuple[ReportTarget, ...] = (ReportTarget(FORMAT_NAMES[0], STANDARD_OUTPUT),)


def select_reports(formats: tuple[str, ...], outputs: tuple[str, ...]) -> ReportSelection:
    """Pairs formats with outputs. Raises click.UsageError and ConfigurationError."""
    if not formats and not outputs:
        return ReportSelection()
    if len(outputs) > len(formats):
        raise click.UsageError("more --output than --format: the n-th output is the file of the n-th format")
    targets = tuple(
        ReportTarget(name, outputs[index] if index < len(outputs) else STANDARD_OUTPUT)
        for index, name in enumerate(formats)
    )
    on_screen = [target.format_name for target in targets if target.output == STANDARD_OUTPUT]
    if len(on_screen) > 1:
        raise click.UsageError(f"{' and '.join(on_screen)} would both go to standard output: give each an --output")
    files = [os.path.realpath(target.output) for target in targets if target.output != STANDARD_OUTPUT]
    if len(set(files)) != len(files):
        raise click.UsageError("two formats would be written to the same file")
    for target in targets:
        if target.output != STANDARD_OUTPUT:
            _refuse_unwritable(target.output)
    return ReportSelection(targets)


def _refuse_unwritable(output: str) -> None:
    path = Path(output)
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"the folder of the report does not exist: {path.parent}", where=output, remedy="make it first"
        )
    if path.is_dir():
        raise ConfigurationError("the report would be written over a folder", where=output)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: adds `--format` and `--output`, and passes `reports: ReportSelection`."""

    @functools.wraps(command)
    def with_selection(*args: Any, report_format: tuple[str, ...], report_output: tuple[str, ...], **rest: Any) -> Any:
        return command(*args, reports=select_reports(report_format, report_output), **rest)

    with_output = click.option(
        "--output",
        "report_output",
        multiple=True,
        metavar="FILE",
        help="Write the report there; the n-th belongs to the n-th --format; - is standard output.",
    )(with_selection)
    return click.option(
        "--format",
        "report_format",
        multiple=True,
        type=click.Choice(FORMAT_NAMES),
        help="How to report; may repeat, each with an --output. Default: console.",
    )(with_output)


def make_report(title: str, verdict: Verdict, facts: Iterable[tuple[str, str]] = ()) -> Report:
    """A report of this moment by this mlgate. `facts` are (name, value) pairs in the order to show."""
    from mlgate import __version__
    from report_formats.interface import Report

    return Report(
        title=title,
        verdict=verdict,
        mlgate_version=__version__,
        facts=tuple(facts),
        created_at=dt.datetime.now(dt.UTC),
    )


def emit(report: Report, selection: ReportSelection) -> None:
    """Writes every report that was asked for. Files are written whole or not at all.

    Raises:
        ConfigurationError: a file can't be written; the others were written nevertheless.
    """
    failed: ConfigurationError | None = None
    for target in selection.targets:
        try:
            if target.output == STANDARD_OUTPUT:
                _print(report, target.format_name)
                continue
            write_report(Path(target.output), format_named(target.format_name).render(report))
        except BrokenPipeError:
            raise  # whoever read standard output is gone: see cli.main
        except OSError as error:
            failed = ConfigurationError(
                f"the report can't be written: {error.strerror or error}",
                where="standard output" if target.output == STANDARD_OUTPUT else target.output,
                remedy="the verdict stands; choose another --output",
            )
    if all(target.output != STANDARD_OUTPUT for target in selection.targets):
        from report_formats.wording import headline

        click.echo(headline(report.verdict), err=True)
    if failed is not None:
        raise failed


def _print(report: Report, format_name: str) -> None:
    if format_name == "console" and sys.stdout.isatty():
        from report_formats.console import print_report

        print_report(report)
        return
    # Bytes, so that neither a locale nor a line-end translation changes a machine's format.
    click.echo(format_named(format_name).render(report).encode(), nl=False)


def write_report(path: Path, text: str) -> None:
    """Writes a report as UTF-8, whole or not at all. Raises OSError.

    What is there and is no file (/dev/null, a pipe) is written to, never replaced.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(text.encode())
    else:
        write_atomically(path, text.encode())
