"""checkov over ARM and Bicep templates, offline, so that green means that every resource was visited.

One process looks at all templates, since its start takes most of the time. Beside checkov's own checks it loads one of
mlgate's (`checkov_guest`) that passes for every resource of every type: its results say which resources checkov
visited, and they are compared with what `scanners.checkov_templates` sees. What isn't among them is a could-not-check
of that file.

Exit codes of checkov: 0 no failed check, 1 failed checks, 2 usage or crash. Files that it can't parse change nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scanners.checkov_guest import GUEST
from scanners.checkov_kept import KeptLooks
from scanners.checkov_report import BadReportError, Report, parse_report
from scanners.checkov_results import INLINE_SKIP_RULE, Look, combined, failed, looks, severities
from scanners.checkov_startup import ARGUMENTS, ENVIRONMENT, temporary_folder
from scanners.checkov_templates import SCANNER, Template, read_template
from scanners.interface import Keeper, ScanContext, Tool
from scanners.process_runner import Command, ProcessResult, run
from verdicts import NotCompleted, Outcome, Reason
from verdicts.text import one_line

__all__ = ["INLINE_SKIP_RULE", "SCANNER", "CheckovScanner", "severities"]


@dataclass(frozen=True, slots=True)
class CheckovScanner:
    """Infrastructure templates through checkov.

    Attributes:
        paths: ARM (.json) and Bicep files, absolute or below the project's root.
        parameters: the ARM parameters file (JSON) that a template is deployed with, by the path in `paths`.
        kept: answers of earlier runs; None to ask anew.
    """

    paths: tuple[Path, ...]
    parameters: Mapping[Path, Path] = field(default_factory=dict)
    kept: Keeper | None = None

    @property
    def id(self) -> str:
        """The scanner's name in configuration and reports."""
        return SCANNER

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """One Completed for the templates that were looked at in full, one NotCompleted for each other one."""
        tool = context.tools.tool(SCANNER)
        memory = KeptLooks(self.kept, tool, context.root)
        found: list[Look | Template | NotCompleted] = []
        for path in dict.fromkeys(self.paths):
            parameters = self.parameters.get(path)
            found.append(memory.look(path, parameters) or read_template(path, context.root, parameters))
        gaps = [item for item in found if isinstance(item, NotCompleted)]
        templates = [item for item in found if isinstance(item, Template)]
        known = {item.path: item for item in found if isinstance(item, Look)}
        if not templates and not known:
            return tuple(gaps) or (failed(Reason.NOTHING_EXAMINED, "no template was named", "name one", tool),)
        obstacles: list[NotCompleted] = []
        if templates:
            try:
                new, obstacles = _looked_at(tool, templates, context)
            except _NoAnswerError as error:
                # What is known of others is said, too.
                known_ones = combined(list(known.values())) if known else ()
                return (*known_ones, *gaps, failed(error.reason, str(error), error.remedy, tool))
            known |= {look.path: look for look in new}
            if not obstacles:
                memory.keep(new)
        order = [item.path for item in found if not isinstance(item, NotCompleted)]
        return (*combined([known[path] for path in order]), *obstacles, *gaps)


class _NoAnswerError(Exception):
    """Checkov gave no answer to be believed."""

    def __init__(self, reason: Reason, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.remedy = remedy


def _looked_at(
    tool: Tool, templates: Sequence[Template], context: ScanContext
) -> tuple[list[Look], list[NotCompleted]]:
    """What checkov says of templates, and what it says of none in particular. Raises _NoAnswerError."""
    ended = _run(tool, templates, context)
    if ended.exit_code not in (0, 1):
        detail = f"checkov ended with exit code {ended.exit_code}: {one_line(ended.error_tail())}"
        raise _NoAnswerError(Reason.CRASHED, detail, "run checkov by hand on the same files")
    try:
        report = parse_report(ended.stdout)
        _check_consistency(report, ended.exit_code, tool, len(templates))
    except BadReportError as error:
        detail = f"checkov's output can't be trusted: {error}"
        raise _NoAnswerError(Reason.BAD_OUTPUT, detail, "see `mlgate tools list`") from None
    return looks(templates, report, ended, tool)


def _run(tool: Tool, templates: Sequence[Template], context: ScanContext) -> ProcessResult:
    staged, checks = context.workspace / "staged", context.workspace / "checks"
    checks.mkdir()
    (checks / "__init__.py").touch()
    (checks / "mlgate_visited.py").write_text(GUEST)
    for number, template in enumerate(templates):
        folder = staged / f"{number:04d}"
        folder.mkdir(parents=True)
        suffix = "json" if template.language == "arm" else "bicep"
        # newline="": the lines must stay where they are in the real file.
        (folder / f"template.{suffix}").write_text(template.staged, encoding="utf-8", newline="")
    arguments = (
        *("--directory", str(staged), "--external-checks-dir", str(checks), *ARGUMENTS),
        *("--framework", *sorted({template.language for template in templates})),
    )
    environment = ENVIRONMENT | {"TMPDIR": str(temporary_folder(tool, context.workspace / "temporary"))}
    return run(Command(argv=(*tool.argv, *arguments), environment=environment, timeout_s=context.timeout_s))


def _check_consistency(report: Report, exit_code: int, tool: Tool, templates: int) -> None:
    """Raises BadReportError where output, exit code, tool and input contradict each other."""
    if report.versions != {tool.identity.version}:
        raise BadReportError(f"it comes from {sorted(report.versions)}, the tool is {tool.identity.version}")
    failed = any(result.kind == "FAILED" for result in report.results)
    if exit_code != int(failed):
        raise BadReportError(f"exit code {exit_code} {'with' if failed else 'without'} failed checks")
    numbers = {result.template for result in report.results} | report.unparsed
    if numbers and max(numbers) >= templates:
        raise BadReportError("it names a template that it was not given")
