"""What checkov's results say of one template, and of all of them together."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scanners.checkov_report import CANARY_CHECK, Report, Result, logged_errors
from scanners.checkov_templates import CANARY_RESOURCE, SCANNER, Template, gap, original_id
from scanners.interface import Tool
from scanners.process_runner import ProcessResult
from verdicts import Completed, Evidence, Finding, InputDigest, Location, NotCompleted, Outcome, Reason, Severity
from verdicts.documents import load_document
from verdicts.sections import Section
from verdicts.text import one_line

INLINE_SKIP_RULE = "MLG-CHECKOV-INLINE-SKIP"

# The type in "Microsoft.KeyVault/vaults.name" or, of a child, in "subnets.name"; names may hold anything.
_TYPE = re.compile(r"((?:[A-Za-z0-9.]+/)?[A-Za-z0-9]+(?:/[A-Za-z0-9]+)*)\.")

_Obstacle = tuple[Reason, str, str]


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
class Look:
    """What checkov said of one template; it depends on nothing but the template, its parameters and checkov.

    Attributes:
        path: the real file.
        outcome: of this template alone.
        elsewhere: templates that it pulls in: (reference, the file if it is a local one).
        types: visited types of resources, with whether checkov has a check for them.
    """

    path: Path
    outcome: Completed | NotCompleted
    elsewhere: tuple[tuple[str, Path | None], ...]
    types: Mapping[str, bool]


def looks(
    templates: Sequence[Template], report: Report, ended: ProcessResult, tool: Tool
) -> tuple[list[Look], list[NotCompleted]]:
    """Every template with what checkov said of it, and what it said of none in particular."""
    results: dict[int, list[Result]] = defaultdict(list)
    for result in report.results:
        results[result.template].append(result)
    broken = _broken_checks(ended)
    found = [
        _look(template, results[number], number in report.unparsed, broken.get(number), tool)
        for number, template in enumerate(templates)
    ]
    return found, [failed(*broken[None], tool)] if None in broken else []


def failed(reason: Reason, detail: str, remedy: str, tool: Tool) -> NotCompleted:
    """Checkov as a whole gave no answer."""
    evidence = Evidence(tools=(tool.identity,))
    return NotCompleted(scanner=SCANNER, reason=reason, detail=detail, remedy=remedy, evidence=evidence)


def combined(found: Sequence[Look]) -> tuple[Outcome, ...]:
    """One Completed for the templates that were looked at in full, one NotCompleted for each other one."""
    known = {look.path for look in found}
    complete: list[Completed] = []
    gaps: list[NotCompleted] = []
    for look in found:
        outcome = _with_what_it_pulls_in(look, known)
        if isinstance(outcome, Completed):
            complete.append(outcome)
        else:
            gaps.append(outcome)
    if not complete:
        return tuple(gaps)
    done = Completed(
        scanner=SCANNER,
        examined=len(complete),
        unit="templates",
        findings=tuple(finding for one in complete for finding in one.findings),
        evidence=Evidence(
            inputs=tuple(dict.fromkeys(digest for one in complete for digest in one.evidence.inputs)),
            tools=tuple(dict.fromkeys(tool for one in complete for tool in one.evidence.tools)),
        ),
        notes=_notes(found),
    )
    return done, *gaps


def _look(template: Template, results: Sequence[Result], unparsed: bool, broken: _Obstacle | None, tool: Tool) -> Look:
    found = tuple(_finding(template, result) for result in results if result.kind != "PASSED")
    inputs = [InputDigest(template.shown, template.digest)]
    inputs += [template.parameters] if template.parameters is not None else []
    evidence = Evidence(inputs=tuple(inputs), tools=(tool.identity,))
    obstacle = _obstacle(template, results, unparsed) or broken
    outcome: Completed | NotCompleted
    if obstacle is None:
        outcome = Completed(scanner=SCANNER, examined=1, unit="templates", findings=found, evidence=evidence)
    else:
        outcome = replace(gap(template.shown, *obstacle), findings=found, evidence=evidence)
    return Look(template.path, outcome, template.elsewhere, _types(results))


def _with_what_it_pulls_in(look: Look, known: set[Path]) -> Completed | NotCompleted:
    unseen = [reference for reference, path in look.elsewhere if path is None or path not in known]
    if not unseen or isinstance(look.outcome, NotCompleted):
        return look.outcome
    missing = gap(
        look.outcome.evidence.inputs[0].name,
        Reason.INCOMPLETE,
        f"it deploys other templates that were not looked at: {', '.join(unseen)}",
        "name local modules in the release as well; for the others give the compiled template",
    )
    return replace(missing, findings=look.outcome.findings, evidence=look.outcome.evidence)


def _broken_checks(ended: ProcessResult) -> dict[int | None, _Obstacle]:
    """What checkov logged as an error, by template; None for errors that name no template."""
    remedy = "another release of checkov may help; report it to checkov"
    lines = ended.stderr.decode("utf-8", "replace").splitlines()
    return {
        number: (Reason.INCOMPLETE, f"checkov reported an error and went on: {one_line(message)}", remedy)
        for number, message in reversed(logged_errors(lines))
    }


def _obstacle(template: Template, results: Sequence[Result], unparsed: bool) -> _Obstacle | None:
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


def _types(results: Iterable[Result]) -> dict[str, bool]:
    checked: dict[str, bool] = {}
    for result in results:
        kind = _TYPE.match(result.resource)
        if kind is not None and result.resource != CANARY_RESOURCE:
            checked[kind[1]] = checked.get(kind[1], False) or result.check != CANARY_CHECK
    return checked


def _notes(found: Iterable[Look]) -> tuple[str, ...]:
    """Which types checkov visited without having a check for them."""
    checked: dict[str, bool] = {}
    for look in found:
        for kind, has_checks in look.types.items():
            checked[kind] = checked.get(kind, False) or has_checks
    without = sorted(kind for kind, has_checks in checked.items() if not has_checks)
    return (f"checkov has no check for: {', '.join(without)}",) if without else ()
