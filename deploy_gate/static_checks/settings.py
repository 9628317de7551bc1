"""The section `check:` of mlgate.yml, which `mlgate check` reads; a project without one gets the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy_gate.policy_checks.added_settings import AddedPolicies, read_added
from deploy_gate.policy_checks.rule_sets import RuleChange
from deploy_gate.project import FILE_NAME, SCHEMA, inside
from deploy_gate.static_checks.inline_skips import AllowedSkips
from policies.rules import PROFILES
from verdicts import Severity
from verdicts.documents import load_document
from verdicts.sections import Section

CHECKS = ("policy", "checkov", "rbac-matrix", "packages")
"""What `mlgate check` can run; docs/check.md says what each looks at."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Files that are left out: a pattern as in .gitignore, and why."""

    pattern: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What `mlgate check` does in one project.

    Attributes:
        profile: see `policies.rules.PROFILES`.
        fail_on: lowest severity that denies.
        checks: which of CHECKS run.
        exclude: what is left out; shown in every report.
        rules: changes by rule id.
        policies: definitions of others that are checked beside our rules.
        baseline: file with findings that are accepted for a time, or None.
        skips: which skips inside of files hold; None where none does.
        source: the configuration file, or None.
    """

    profile: str = "production"
    fail_on: Severity = Severity.MEDIUM
    checks: tuple[str, ...] = CHECKS
    exclude: tuple[Exclusion, ...] = ()
    rules: Mapping[str, RuleChange] = field(default_factory=dict)
    policies: tuple[AddedPolicies, ...] = ()
    baseline: Path | None = None
    skips: AllowedSkips | None = None
    source: Path | None = None


def load_settings(root: Path) -> CheckSettings:
    """The settings of the project in `root`.

    Raises:
        ConfigurationError: with file and line.
    """
    path = root / FILE_NAME
    if not path.is_file():
        return CheckSettings()
    top = Section(load_document(path, shown_as=FILE_NAME), FILE_NAME)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    section = top.optional_section("check")
    return read_settings(root, path, section) if section is not None else CheckSettings(source=path)


def read_settings(root: Path, path: Path, section: Section) -> CheckSettings:
    """The section's content. Raises ConfigurationError."""
    profile = section.text("profile", "production")
    if profile not in PROFILES:
        raise section.error(f"there is no profile {profile!r}", "profile", remedy=f"there are: {', '.join(PROFILES)}")
    checks = section.texts("checks", CHECKS)
    foreign = sorted(set(checks) - set(CHECKS))
    if foreign or not checks:
        what = f"there is no check {foreign[0]!r}" if foreign else "no check is named: nothing would be looked at"
        raise section.error(what, "checks", remedy=f"there are: {', '.join(CHECKS)}")
    fail_on = section.choice("fail_on", Severity, Severity.MEDIUM)
    if fail_on is Severity.UNKNOWN:
        raise section.error("'fail_on' must be a severity: unknown ones always deny", "fail_on")
    baseline = section.text("baseline") if section.has("baseline") else None
    listed = section.optional_section("rules")
    skips = section.optional_section("inline_skips")
    settings = CheckSettings(
        profile=profile,
        fail_on=fail_on,
        checks=checks,
        exclude=tuple(_exclusion(one) for one in section.sections("exclude", ())),
        rules={key: _change(listed.section(key)) for key in listed.keys()} if listed is not None else {},  # noqa: SIM118
        policies=tuple(read_added(one, root) for one in section.sections("policies", ())),
        baseline=inside(root, root, baseline, section, "baseline") if baseline is not None else None,
        skips=_skips(skips) if skips is not None else None,
        source=path,
    )
    section.finish()
    return settings


def _exclusion(section: Section) -> Exclusion:
    exclusion = Exclusion(section.text("path"), section.text("reason"))
    section.finish()
    return exclusion


def _skips(section: Section) -> AllowedSkips:
    allowed = AllowedSkips(section.integer("maximum_days", minimum=1, maximum=366), section.text("approver"))
    section.finish()
    return allowed


def _change(section: Section) -> RuleChange:
    values = section.optional_section("parameters")
    change = RuleChange(
        enabled=section.boolean("enabled") if section.has("enabled") else None,
        severity=section.choice("severity", Severity) if section.has("severity") else None,
        parameters={key: values.value(key) for key in values.keys()} if values is not None else {},  # noqa: SIM118
        reason=section.text("reason", ""),
    )
    if change.severity is Severity.UNKNOWN:
        raise section.error("'severity' must be a severity", "severity")
    section.finish()
    return change
