"""The project configuration `mlgate.yml`: where things are and what is demanded in which environment."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.evaluation import Threshold, load_thresholds
from policies.profiles import PROFILES
from verdicts import ConfigurationError, Severity
from verdicts.documents import load_document
from verdicts.sections import Section

FILE_NAME = "mlgate.yml"
SCHEMA = "mlgate/project/v1"

DEFAULT_DATABASE_AGE_DAYS = 7
DEFAULT_CHECKS_VALID_HOURS = 24
KNOWN_SCANNERS = frozenset(
    {
        "allowlist",
        "assets",
        "checkov",
        "evaluation",
        "image-closure",
        "model-artifact",
        "pip-audit",
        "policy",
        "rbac-matrix",
        "trivy",
    }
)


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where a database of advisories is, and after how many days it is too old to say anything."""

    path: Path
    maximum_age_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPolicy:
    """What one environment demands.

    Attributes:
        name: as `--environment` names it.
        matrix: "production", "pre-production", or one of the organisation's own.
        profile: which rules hold (see `policies.rules.PROFILES`).
        fail_on: lowest severity that denies.
        required: scanners without which nothing is allowed.
        approvers: e-mail addresses of those who may approve; empty where no approval is demanded.
        thresholds: for the evaluation results.
        minimum_rows: rows that the evaluation's dataset must have.
        traffic: percentages that the new deployment gets, step by step; the last is 100.
        checks_valid_hours: how long a verdict may wait for its approval.
    """

    name: str
    matrix: str
    profile: str
    fail_on: Severity
    required: frozenset[str]
    approvers: frozenset[str]
    thresholds: tuple[Threshold, ...]
    minimum_rows: int
    traffic: tuple[int, ...]
    checks_valid_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A loaded configuration. All paths are absolute.

    Attributes:
        principals: who stands for which persona; None only where `organisation` says it.
        organisation: the organisation's own personas, matrices and groups; None for the built-in matrices alone.
    """

    root: Path
    state: Path
    registry: Path
    allowlist: Path
    waivers: Path | None
    principals: Path | None
    advisories: DatabaseSettings
    trivy: DatabaseSettings
    environments: Mapping[str, EnvironmentPolicy]
    organisation: Path | None = None

    def environment(self, name: str) -> EnvironmentPolicy:
        """The environment of that name. Raises ConfigurationError with the names that exist."""
        if name not in self.environments:
            known = ", ".join(sorted(self.environments))
            raise ConfigurationError(
                f"there is no environment {name!r}", where=str(self.root / FILE_NAME), remedy=f"there are: {known}"
            )
        return self.environments[name]


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` that holds a mlgate.yml. Raises ConfigurationError."""
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        # Also a link that leads nowhere, or a folder: passing it over would silently ignore a configuration.
        if os.path.lexists(candidate / FILE_NAME):
            return candidate
    raise ConfigurationError(
        f"no {FILE_NAME} here or above",
        where=str(folder),
        remedy="see README.md for a first one, or go into the project's folder",
    )


def require_file(path: Path) -> None:
    """Refuses a configuration that is a folder, a pipe or a link that leads nowhere. Raises ConfigurationError."""
    if not path.is_file():
        raise ConfigurationError("this is no file that can be read", where=str(path))


def inside(root: Path, base: Path, relative: str, section: Section, key: str) -> Path:
    """`relative` taken from `base`, proven to stay below `root` (links followed). Raises ConfigurationError."""
    path = base / relative
    if Path(relative).is_absolute() or not path.resolve().is_relative_to(root.resolve()):
        raise section.error(f"{relative!r} leads out of the project {root}", key)
    # Normalised without following links: what the project calls the file.
    return Path(os.path.normpath(path))


def load_project(directory: Path, *, shown_as: str | None = None) -> Project:
    """The configuration of the project at or above `directory`.

    Args:
        directory: where to look first.
        shown_as: the file's name in errors and findings, if not its path.

    Raises:
        ConfigurationError: with file and line.
    """
    root = find_project(directory)
    name = shown_as or str(root / FILE_NAME)
    require_file(root / FILE_NAME)
    top = Section(load_document(root / FILE_NAME, shown_as=name), name)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")

    def place(section: Section, key: str, default: str | None = None) -> Path:
        text = section.text(key) if default is None else section.text(key, default)
        return inside(root, root, text, section, key)

    backend = top.section("backend")
    if backend.text("kind") != "local":
        raise backend.error("'kind' must be local: other backends come with later versions", "kind")
    state = place(backend, "state", ".mlgate")
    registry = place(backend, "registry", ".mlgate/registry")
    backend.finish()

    governance = top.section("governance")
    allowlist = place(governance, "allowlist")
    organisation = place(governance, "organisation") if governance.has("organisation") else None
    # An organisation's file can name the groups itself; without one there is no other place for them.
    named = organisation is None or governance.has("principals")
    principals = place(governance, "principals") if named else None
    waivers = place(governance, "waivers") if governance.has("waivers") else None
    governance.finish()

    databases = top.section("databases")
    advisories, trivy = (_database(databases.section(key), place) for key in ("advisories", "trivy"))
    databases.finish()

    top.has("check")  # `mlgate check` reads it, see static_checks/settings.py
    listed = top.section("environments")
    environments = {
        key: _environment(key, listed.section(key), own_matrices=organisation is not None)
        for key in listed.keys()  # noqa: SIM118 - a Section is no dict
    }
    if not environments:
        raise listed.error("no environment is described")
    top.finish()
    return Project(
        root=root,
        state=state,
        registry=registry,
        allowlist=allowlist,
        waivers=waivers,
        principals=principals,
        advisories=advisories,
        trivy=trivy,
        environments=environments,
        organisation=organisation,
    )


def _database(section: Section, place: Callable[[Section, str], Path]) -> DatabaseSettings:
    settings = DatabaseSettings(
        place(section, "path"),
        section.integer("maximum_age_days", DEFAULT_DATABASE_AGE_DAYS, minimum=1, maximum=40_000),
    )
    section.finish()
    return settings


def matrix_named(section: Section, default: str | None, *, own_matrices: bool) -> str:
    """`matrix`. Which names an organisation's file has is looked at when it is read. Raises ConfigurationError."""
    matrix = section.text("matrix") if default is None else section.text("matrix", default)
    if matrix not in ("production", "pre-production") and not own_matrices:
        remedy = "another one has to be declared in the file that 'governance.organisation' names"
        raise section.error("'matrix' must be production or pre-production", "matrix", remedy=remedy)
    return matrix


def _environment(name: str, section: Section, *, own_matrices: bool) -> EnvironmentPolicy:
    matrix = matrix_named(section, None, own_matrices=own_matrices)
    required = frozenset(section.texts("required"))
    if not required:
        raise section.error("'required' names no scanner: nothing would be looked at", "required")
    unknown = sorted(required - KNOWN_SCANNERS)
    if unknown:
        known = ", ".join(sorted(KNOWN_SCANNERS))
        raise section.error(f"unknown scanner {unknown[0]!r}", "required", remedy=f"there are: {known}")
    fail_on = section.choice("fail_on", Severity)
    if fail_on is Severity.UNKNOWN:
        raise section.error("'fail_on' must be a severity: unknown ones always deny", "fail_on")
    thresholds = section.optional_section("thresholds")
    policy = EnvironmentPolicy(
        name=name,
        matrix=matrix,
        profile=_profile(section, matrix),
        fail_on=fail_on,
        required=required,
        approvers=frozenset(person.strip().casefold() for person in section.texts("approvers", ())),
        thresholds=load_thresholds(thresholds) if thresholds is not None else (),
        minimum_rows=section.integer("minimum_rows", 0, minimum=0, maximum=10**9),
        traffic=_traffic(section),
        checks_valid_hours=section.integer(
            "checks_valid_hours", DEFAULT_CHECKS_VALID_HOURS, minimum=1, maximum=24 * 30
        ),
    )
    section.finish()
    return policy


def _profile(section: Section, matrix: str) -> str:
    profile = section.text("profile", "test" if matrix == "pre-production" else "production")
    if profile not in PROFILES:
        raise section.error(f"there is no profile {profile!r}", "profile", remedy=f"there are: {', '.join(PROFILES)}")
    return profile


def _traffic(section: Section) -> tuple[int, ...]:
    steps = section.integers("traffic", (100,), minimum=1, maximum=100)
    if not steps or steps[-1] != 100 or list(steps) != sorted(set(steps)):
        raise section.error("'traffic' must rise to 100, as in [10, 100]", "traffic")
    return steps
