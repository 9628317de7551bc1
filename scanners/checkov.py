"""checkov over ARM and Bicep templates, offline, so that green means that every resource was visited.

One process looks at all templates, since its start takes most of the time. Beside checkov's own checks it loads one of
mlgate's (`_CANARY`) that passes for every resource of every type: its results say which resources checkov visited, and
they are compared with what `scanners.checkov_templates` sees. What isn't among them is a could-not-check of that file.

Exit codes of checkov: 0 no failed check, 1 failed checks, 2 usage or crash. Files that it can't parse change nothing.
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from scanners.checkov_report import CANARY_CHECK, BadReportError, Report, Result, logged_errors, parse_report
from scanners.checkov_startup import ARGUMENTS, ENVIRONMENT, temporary_folder
from scanners.checkov_templates import CANARY_RESOURCE, SCANNER, Template, gap, original_id, read_template
from scanners.interface import ScanContext, Tool
from scanners.process_runner import Command, ProcessResult, run
from verdicts import (
    Completed,
    Evidence,
    Finding,
    InputDigest,
    Location,
    NotCompleted,
    Outcome,
    Reason,
    Severity,
)
from verdicts.documents import load_document
from verdicts.sections import Section
from verdicts.text import one_line

# The type in "Microsoft.KeyVault/vaults.name" or, of a child, in "subnets.name"; names may hold anything.
_TYPE = re.compile(r"((?:[A-Za-z0-9.]+/)?[A-Za-z0-9]+(?:/[A-Za-z0-9]+)*)\.")

INLINE_SKIP_RULE = "MLG-CHECKOV-INLINE-SKIP"

# Runs inside checkov's environment. Overriding `scan_entity_conf` as well makes it pass for `existing` Bicep resources.
_CANARY = f'''\
from checkov.arm.base_resource_check import BaseResourceCheck
from checkov.arm.registry import arm_resource_registry
from checkov.common.models.enums import CheckCategories, CheckResult


class Visited(BaseResourceCheck):
    def __init__(self):
        super().__init__(
            name="visited by checkov",
            id="{CANARY_CHECK}",
            categories=(CheckCategories.GENERAL_SECURITY,),
            supported_resources=("*",),
        )

    def scan_entity_conf(self, conf, entity_type):
        return CheckResult.PASSED

    def scan_resource_conf(self, conf):
        return CheckResult.PASSED


if arm_resource_registry.get_check_by_id("{CANARY_CHECK}") is None:  # it is loaded once for each framework
    check = Visited()
'''


@functools.cache
def severities() -> Mapping[str, Severity]:
    """Severity by check id; "" holds the default (checkov itself rates nothing without its vendor's platform)."""
    with importlib.resources.as_file(importlib.resources.files("scanners") / "data" / "checkov-severities.yml") as path:
        document = Section(load_document(path, shown_as="checkov-severities.yml"), "checkov-severities.yml")
    document.text("schema")
    rated = {"": document.choice("default", Severity)}
    for severity in Severity:
        rated |= dict.fromkeys(document.texts(severity.value, ()), severity)
    document.finish()
    return rated


@dataclass(frozen=True, slots=True)
class CheckovScanner:
    """Infrastructure templates through checkov.

    Attributes:
        paths: ARM (.json) and Bicep files, absolute or below the project's root.
        parameters: the ARM parameters file (JSON) that a template is deployed with, by the path in `paths`.
    """

    paths: tuple[Path, ...]
    parameters: Mapping[Path, Path] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The scanner's name in configuration and reports."""
        return SCANNER

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """One Completed for the templates that were looked at in full, one NotCompleted for each other one."""
        tool = context.tools.tool(SCANNER)
        read = [read_template(path, context.root, self.parameters.get(path)) for path in dict.fromkeys(self.paths)]
        templates = [item for item in read if isinstance(item, Template)]
        gaps = [item for item in read if isinstance(item, NotCompleted)]
        if not templates:
            return tuple(gaps) or (_failed(Reason.NOTHING_EXAMINED, "no template was named", "name one", tool),)
        ended = _run(tool, templates, context)
        if ended.exit_code not in (0, 1):
            detail = f"checkov ended with exit code {ended.exit_code}: {one_line(ended.error_tail())}"
            return (*gaps, _failed(Reason.CRASHED, detail, "run checkov by hand on the same files", tool))
        try:
            report = parse_report(ended.stdout)
            _check_consistency(report, ended.exit_code, tool, len(templates))
        except BadReportError as error:
            detail = f"checkov's output can't be trusted: {error}"
            return (*gaps, _failed(Reason.BAD_OUTPUT, detail, "see `mlgate tools list`", tool))
        return (*_outcomes(templates, report, ended, tool), *gaps)


def _failed(reason: Reason, detail: str, remedy: str, tool: Tool) -> NotCompleted:
    evidence = Evidence(tools=(tool.identity,))
    return NotCompleted(scanner=SCANNER, reason=reason, detail=detail, remedy=remedy, evidence=evidence)


def _run(tool: Tool, templates: Sequence[Template], context: ScanContext) -> ProcessResult:
    staged, checks = context.workspace / "staged", context.workspace / "checks"
    checks.mkdir()
    (checks / "__init__.py").touch()
    (checks / "mlgate_visited.py").write_text(_CANARY)
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


def _outcomes(
    templates: Sequence[Template], report: Report, ended: ProcessResult, tool: Tool
) -> tuple[Completed | NotCompleted, ...]:
    results: dict[int, list[Result]] = defaultdict(list)
    for result in report.results:
        results[result.template].append(result)
    broken = _broken_checks(ended)
    known = {template.path for template in templates}
    complete: list[Template] = []
    findings: list[Finding] = []
    gaps: list[NotCompleted] = []
    for number, template in enumerate(templates):
        found = tuple(_finding(template, result) for result in results[number] if result.kind != "PASSED")
        obstacle = _obstacle(template, results[number], number in report.unparsed, known) or broken.get(number)
        if obstacle is None:
            complete.append(template)
            findings += found
        else:
            reason, detail, remedy = obstacle
            evidence = _evidence([template], tool)
            gaps.append(replace(gap(template.shown, reason, detail, remedy), findings=found, evidence=evidence))
    if None in broken:
        gaps.append(_failed(*broken[None], tool))
    if not complete:
        return tuple(gaps)
    done = Completed(
        scanner=SCANNER,
        examined=len(complete),
        unit="templates",
        findings=tuple(findings),
        evidence=_evidence(complete, tool),
        notes=_notes(report.results),
    )
    return (done, *gaps)


def _evidence(templates: Iterable[Template], tool: Tool) -> Evidence:
    inputs: dict[InputDigest, None] = {}
    for template in templates:
        inputs[InputDigest(template.shown, template.digest)] = None
        if template.parameters is not None:
            inputs[template.parameters] = None
    return Evidence(inputs=tuple(inputs), tools=(tool.identity,))


_Obstacle = tuple[Reason, str, str]


def _broken_checks(ended: ProcessResult) -> dict[int | None, _Obstacle]:
    """What checkov logged as an error, by template; None for errors that name no template."""
    remedy = "another release of checkov may help; report it to checkov"
    lines = ended.stderr.decode("utf-8", "replace").splitlines()
    return {
        number: (Reason.INCOMPLETE, f"checkov reported an error and went on: {one_line(message)}", remedy)
        for number, message in reversed(logged_errors(lines))
    }


def _obstacle(template: Template, results: Sequence[Result], unparsed: bool, known: set[Path]) -> _Obstacle | None:
    """Why the template doesn't count as looked at, or None."""
    if unparsed:
        return (
            Reason.UNREADABLE_INPUT,
            "checkov can't parse it (and says nothing about that on its own)",
            "replace tab characters by spaces"
            if "\t" in template.staged
            else "write it with simpler syntax, or give the compiled ARM template (`bicep build`)",
        )
    visited = [result.resource.lower() for result in results if result.check == CANARY_CHECK]
    if template.language == "bicep":
        if CANARY_RESOURCE.lower() not in visited:
            return Reason.INCOMPLETE, "checkov gave no sign of having read it", "see `mlgate tools list`"
        visited = [resource for resource in visited if resource != CANARY_RESOURCE.lower()]
    if not template.declared and not template.elsewhere:
        return Reason.NOTHING_EXAMINED, "it declares no resource", "leave it out of the release"
    missed = _missed(template, visited)
    if missed:
        detail = f"checkov did not visit {', '.join(missed)}"
        return Reason.INCOMPLETE, detail, "write resources as a list, with the usual case of the keys"
    unseen = [reference for reference, path in template.elsewhere if path is None or path not in known]
    if unseen:
        return (
            Reason.INCOMPLETE,
            f"it deploys other templates that were not looked at: {', '.join(unseen)}",
            "name local modules in the release as well; for the others give the compiled template",
        )
    return None


def _missed(template: Template, visited: Sequence[str]) -> list[str]:
    """Types of declared resources that checkov visited less often than they are declared."""
    if template.language == "bicep":
        # Children carry relative types, and checkov's results their full ones: only the number can be compared.
        fewer = len(template.declared) - len(visited)
        return [f"{fewer} of {len(template.declared)} resources"] if fewer > 0 else []
    missed: list[str] = []
    for kind, count in Counter(resource.type for resource in template.declared).items():
        seen = sum(resource.startswith(f"{kind}.") for resource in visited) if kind else len(visited)
        if seen < count:
            missed.append(f"{count - seen} of {count} {kind or 'resources'}")
    if not missed and len(visited) < len(template.declared):
        missed.append(f"{len(template.declared) - len(visited)} of {len(template.declared)} resources")
    return missed


def _finding(template: Template, result: Result) -> Finding:
    resource = original_id(result.resource)
    place = Location(template.shown, result.line)
    if result.kind == "SKIPPED":
        reason = f": {result.comment}" if result.comment else ""
        return Finding(
            rule_id=INLINE_SKIP_RULE,
            scanner=SCANNER,
            severity=Severity.HIGH,
            message=f"{result.check} ({result.title}) is switched off for {resource} inside the template{reason}",
            remediation="Remove the checkov:skip; if the exception is right, write a waiver with owner and expiry.",
            resource=resource,
            subject=result.check,
            location=place,
            documentation=f"docs/rules/{INLINE_SKIP_RULE}.md",
        )
    rated = severities()
    return Finding(
        rule_id=result.check,
        scanner=SCANNER,
        severity=rated.get(result.check, rated[""]),
        message=result.title,
        remediation=f"Change {resource} so that this holds: {result.title}",
        resource=resource,
        location=place,
        documentation=result.guideline,
    )


def _notes(results: Iterable[Result]) -> tuple[str, ...]:
    """Which types checkov visited without having a check for them."""
    checked: dict[str, bool] = {}
    for result in results:
        kind = _TYPE.match(result.resource)
        if kind is not None and result.resource != CANARY_RESOURCE:
            checked[kind[1]] = checked.get(kind[1], False) or result.check != CANARY_CHECK
    without = sorted(kind for kind, has_checks in checked.items() if not has_checks)
    return (f"checkov has no check for: {', '.join(without)}",) if without else ()
