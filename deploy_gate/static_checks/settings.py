"""The section `check:` of mlgate.yml, which `mlgate check` reads; a project without one gets the defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from deploy_gate.policy_checks.added_settings import AddedPolicies, read_added
from deploy_gate.policy_checks.rule_changes import RuleChange
from deploy_gate.project import (
    DEFAULT_DATABASE_AGE_DAYS,
    FILE_NAME,
    SCHEMA,
    DatabaseSettings,
    inside,
    matrix_named,
    require_file,
)
from deploy_gate.static_checks.inline_skips import AllowedSkips
from policies.profiles import PROFILES
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


@dataclass(frozen=True, slots=True)
class PackageFiles:
    """A pinned closure: its requirement file and the conda environment file around it, if there is one."""

    requirements: Path
    conda: Path | None = None


@dataclass(frozen=True, slots=True)
class Governance:
    """Files that the project's other commands use, too. None where the project doesn't name one."""

    allowlist: Path | None = None
    waivers: Path | None = None
    principals: Path | None = None
    organisation: Path | None = None


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
        packages: closures that are checked; None for those that are found.
        matrix: which persona matrix role assignments are held against, "production", "pre-production" or one of
            the organisation's own.
        governance: see Governance.
        advisories: the advisory snapshot, or None.
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
    packages: tuple[PackageFiles, ...] | None = None
    matrix: str = "production"
    governance: Governance = Governance()
    advisories: DatabaseSettings | None = None
    source: Path | None = None

    @property
    def steering_files(self) -> tuple[Path, ...]:
        """Files of the project that say what is demanded: a change in them concerns every file."""
        governance = self.governance
        named = (self.source, self.baseline, governance.waivers, governance.allowlist)
        people = (governance.principals, governance.organisation)
        return tuple(path for path in (*named, *people, *(entry.path for entry in self.policies)) if path is not None)


def load_settings(root: Path) -> CheckSettings:
    """The settings of the project in `root`.

    Raises:
        ConfigurationError: with file and line.
    """
    path = root / FILE_NAME
    if not os.path.lexists(path):
        return CheckSettings()
    require_file(path)
    top = Section(load_document(path, shown_as=FILE_NAME), FILE_NAME)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    for other in ("backend", "environments"):
        top.has(other)  # what only `mlgate deploy` needs, it reads
    common = CheckSettings(
        governance=_governance(root, top.optional_section("governance")),
        advisories=_advisories(root, top.optional_section("databases")),
        source=path,
    )
    section = top.optional_section("check")
    top.finish()
    return read_settings(root, section, common) if section is not None else common


def read_settings(root: Path, section: Section, common: CheckSettings) -> CheckSettings:
    """The section's content, beside what other sections say. Raises ConfigurationError."""
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
    settings = replace(
        common,
        profile=profile,
        fail_on=fail_on,
        checks=checks,
        exclude=tuple(_exclusion(one) for one in section.sections("exclude", ())),
        rules={key: _change(listed.section(key)) for key in listed.keys()} if listed is not None else {},  # noqa: SIM118
        policies=tuple(read_added(one, root) for one in section.sections("policies", ())),
        baseline=inside(root, root, baseline, section, "baseline") if baseline is not None else None,
        skips=_skips(skips) if skips is not None else None,
        packages=tuple(_packages(root, one) for one in section.sections("packages"))
        if section.has("packages")
        else None,
        matrix=matrix_named(
            section,
            "production" if profile == "production" else "pre-production",
            own_matrices=common.governance.organisation is not None,
        ),
    )
    section.finish()
    return settings


def _packages(root: Path, section: Section) -> PackageFiles:
    conda = section.text("conda") if section.has("conda") else None
    files = PackageFiles(
        _file(root, section, "requirements", section.text("requirements")),
        _file(root, section, "conda", conda) if conda is not None else None,
    )
    section.finish()
    return files


def _file(root: Path, section: Section, key: str, name: str) -> Path:
    """A file of the project that must be there: a misspelt one would never be looked at."""
    path = inside(root, root, name, section, key)
    if not path.is_file():
        raise section.error(f"there is no file {name!r}", key)
    return path


def _governance(root: Path, section: Section | None) -> Governance:
    if section is None:
        return Governance()
    named = {
        key: inside(root, root, section.text(key), section, key)
        for key in ("allowlist", "waivers", "principals", "organisation")
        if section.has(key)
    }
    section.finish()
    return Governance(**named)


def _advisories(root: Path, section: Section | None) -> DatabaseSettings | None:
    if section is None:
        return None
    section.has("trivy")  # images are not looked at here
    database = section.optional_section("advisories")
    section.finish()
    if database is None:
        return None
    settings = DatabaseSettings(
        inside(root, root, database.text("path"), database, "path"),
        database.integer("maximum_age_days", DEFAULT_DATABASE_AGE_DAYS, minimum=1, maximum=40_000),
    )
    database.finish()
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
