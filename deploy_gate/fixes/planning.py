"""Which findings can be mended in the text, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deploy_gate.fixes.bicep_text import set_in_bicep
from deploy_gate.fixes.json_text import set_in_json
from deploy_gate.fixes.terraform_text import set_in_terraform
from deploy_gate.fixes.texts import Change, NotMechanicalError, Target, changed
from deploy_gate.fixes.yaml_text import set_in_yaml
from policies.rules import Rule
from resource_readers.interface import ReadResult, Resource
from verdicts import Finding

_BOM = "\ufeff"
_LANGUAGES = {"arm": "arm", "bicep": "bicep", "terraform": "terraform", "azure-ml": "yaml"}
"""By kind of file, the language of a rule's fix; files of other kinds are mended by people."""
_SETTERS: Mapping[str, Callable[[str, Target], list[Change]]] = {
    "arm": set_in_json,
    "bicep": set_in_bicep,
    "terraform": set_in_terraform,
    "yaml": set_in_yaml,
}

Read = Sequence[tuple[str, ReadResult]]


@dataclass(frozen=True, slots=True)
class Fix:
    """One property to set in one file, for one finding or for those of a loop.

    Attributes:
        rule: see policies.rules.
        path: the file.
        language: see policies.rule_fixes.
        target: what to set, and where.
        findings: what it mends.
    """

    rule: Rule
    path: str
    language: str
    target: Target
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class NotMended:
    """A finding that stays, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be mended, by file the last place first, and what can't though its rule has a fix."""

    fixes: tuple[Fix, ...]
    not_mended: tuple[NotMended, ...]


def plan_fixes(findings: Sequence[Finding], rules: Mapping[str, Rule], read: Read) -> Plan:
    """Which findings can be mended.

    Args:
        findings: those that stand; of rules without a fix, and of others, nothing is said.
        rules: by id.
        read: see `resource_readers.projects.read_paths`.
    """
    fixes: dict[tuple[str, Target], Fix] = {}
    refused: list[NotMended] = []
    for finding in findings:
        rule = rules.get(finding.rule_id)
        if rule is None or not rule.fixes or finding.location is None:
            continue
        try:
            fix = _fix(finding, rule, finding.location.path, read)
        except NotMechanicalError as error:
            refused.append(NotMended(finding, str(error)))
            continue
        known = fixes.get((fix.path, fix.target))
        if known is not None and known.rule.id == fix.rule.id:
            fix = Fix(fix.rule, fix.path, fix.language, fix.target, (*known.findings, finding))
        fixes[fix.path, fix.target] = fix
    # From a file's end to its beginning, so that no change moves the place of one that is still to come.
    ordered = sorted(fixes.values(), key=lambda one: (-one.target.line, -one.target.column, one.target.path))
    return Plan(tuple(sorted(ordered, key=lambda one: one.path)), tuple(refused))


def _fix(finding: Finding, rule: Rule, path: str, read: Read) -> Fix:
    result = next((result for shown, result in read if shown == path), None)
    if result is None or result.not_read:
        raise NotMechanicalError("the file was not read whole")
    language = _LANGUAGES.get(result.kind)
    action = rule.fixes.get(language or "")
    if language is None or action is None:
        raise NotMechanicalError(f"in files of this kind ({result.kind}) that takes a person")
    if language == "terraform" and not path.casefold().endswith(".tf"):
        raise NotMechanicalError("it is no file in Terraform's own syntax")
    place = _declared(finding, path, language, read)
    return Fix(rule, path, language, Target(*place, action.path, action.value), (finding,))


def _declared(finding: Finding, path: str, language: str, read: Read) -> tuple[int, int]:
    """Where the resource of a finding begins: where one id is declared twice, the declaration before the finding."""
    line = finding.location.line if finding.location is not None else None
    found = {
        _place(one, language)
        for _, result in read
        for one in result.resources
        if one.id == finding.resource and one.location.path == path and not one.existing
    }
    before = [place for place in sorted(found) if place[0] <= (line or 0)]
    if not before:
        raise NotMechanicalError("its declaration was not found")
    return before[-1]


def _place(resource: Resource, language: str) -> tuple[int, int]:
    """Where the object, block or document of a resource begins."""
    if language in ("arm", "bicep"):
        return resource.place()
    return resource.location.line or 1, 1


def fixed_text(text: str, fix: Fix) -> str:
    """The text with the property set. Raises NotMechanicalError."""
    mark = _BOM if text.startswith(_BOM) else ""
    bare = text.removeprefix(_BOM)
    made = changed(bare, _SETTERS[fix.language](bare, fix.target))
    if made == bare:
        raise NotMechanicalError("it stands there already")
    return mark + made
