"""Reads a project once, and has every check look at it at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy_gate.static_checks.accepted import Accepted, accepted_findings
from deploy_gate.static_checks.inline_skips import SCANNER as SKIPS
from deploy_gate.static_checks.kept_readings import KeptReadings
from deploy_gate.static_checks.package_files import CHECK as PACKAGES
from deploy_gate.static_checks.package_files import package_checks
from deploy_gate.static_checks.project_readings import ProjectReadings, read_project
from deploy_gate.static_checks.readings import Results
from deploy_gate.static_checks.rule_check import POLICY, PolicyCheck
from deploy_gate.static_checks.rule_check import rules_for as rules_for
from deploy_gate.static_checks.selection import ChangedFiles, Selection, select
from deploy_gate.static_checks.settings import CHECKS, CheckSettings
from deploy_gate.static_checks.skipped_findings import WithoutSkips, skips_in
from deploy_gate.static_checks.template_checks import CHECKOV, RBAC_MATRIX, checkov_scanner, rbac_scanner
from resource_readers.interface import ReadRequest
from resource_readers.project_files import watching
from scanners.interface import Keeper, ScanContext, Scanner
from scanners.running import Progress, run_scanners
from verdicts import Completed, NotCompleted, Outcome, Reason, RuleAnswers, Waiver

CHANGES = "changed-files"
"""Under this name the report says that nothing changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedProject:
    """What was read, and what every check said.

    Attributes:
        read: every file with what its reader made of it, judged or not.
        selection: which of them were judged.
        outcomes: of all checks that ran, and about skips that may not be.
        required: ids of the checks that must have said something.
        waivers: of the project's waiver file, the baseline and skips inside of the files.
        notes: what a report must say besides: what was left out, what didn't run and why.
        facts: (name, value) pairs for the report.
    """

    read: Results
    selection: Selection
    outcomes: tuple[Outcome, ...]
    required: frozenset[str]
    waivers: tuple[Waiver, ...]
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What is asked.

    Attributes:
        read: the root and what holds for all files; its `path` is not looked at.
        paths: files and folders, absolute or relative to the root; the root itself for everything.
        settings: what the project demands.
        skipped: checks that aren't to run this time.
        changed: what differs from a revision, where only that is to be checked.
        keeper: results of earlier runs; None to work out everything anew.
    """

    read: ReadRequest
    paths: Sequence[Path]
    settings: CheckSettings
    skipped: frozenset[str] = frozenset()
    changed: ChangedFiles | None = None
    keeper: Keeper | None = None


@dataclass(slots=True)
class _Plan:
    """Scanners, the slowest first, and why others don't run."""

    scanners: list[Scanner] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    required: set[str] = field(default_factory=set)


def check_project(request: CheckRequest, context: ScanContext, *, progress: Progress | None = None) -> CheckedProject:
    """Checks files and folders of a project.

    Args:
        request: what is asked.
        context: what scanners may use.
        progress: see `scanners.running`.

    Raises:
        CouldNotCheckError: the rules can't be read.
        ConfigurationError: a file that steers the check is wrong.
    """
    root, settings = request.read.root, request.settings
    accepted = accepted_findings(root, settings)
    memory = KeptReadings(request.read, request.keeper)
    without_skips = WithoutSkips()
    with watching(without_skips.see):
        project = read_project(memory, request.read, request.paths, settings)
    selection = select(project.readings, project.named, request.changed, settings, root)
    plan = _planned(request, project, selection)
    outcomes: list[Outcome] = []
    if plan.scanners:
        by_scanner = run_scanners(plan.scanners, context, progress=progress)
        outcomes += [outcome for said in by_scanner.values() for outcome in said]
    chosen = [one for one in project.readings if one.shown in selection]
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    skips = skips_in(root, chosen, findings, settings.skips, context.now, without_skips.digests)
    if skips.findings:
        outcomes.append(Completed(scanner=SKIPS, examined=len(skips.findings), unit="skips", findings=skips.findings))
    memory.keep()
    return CheckedProject(
        read=Results(project.readings),
        selection=selection,
        outcomes=tuple(outcomes),
        required=frozenset(plan.required),
        waivers=(*_fitting(accepted, plan, selection, project, outcomes), *skips.waivers),
        notes=(*selection.notes, *plan.notes, *project.notes),
        facts=(*_facts(project), *_rule_facts(outcomes)),
    )


def _planned(request: CheckRequest, project: ProjectReadings, selection: Selection) -> _Plan:
    settings, plan = request.settings, _Plan()
    for name in CHECKS:
        if name in request.skipped:
            plan.notes.append(f"{name} did not run: --skip {name}")
        elif name not in settings.checks:
            plan.notes.append(f"{name} did not run: it is not among check.checks in mlgate.yml")
    wanted = [name for name in settings.checks if name not in request.skipped]
    chosen = [one for one in project.readings if one.shown in selection]
    if not chosen and request.changed is not None and project.readings:
        plan.scanners.append(_NothingChanged(len(project.readings), request.changed))
        if PACKAGES in wanted:
            _add_packages(request, plan, selection)
        return plan
    if CHECKOV in wanted:
        _add(plan, checkov_scanner(project.readings, chosen, request.keeper))
    if PACKAGES in wanted:
        _add_packages(request, plan, selection)
    if RBAC_MATRIX in wanted:
        _add(plan, rbac_scanner(project.readings, chosen, settings, request.keeper))
    if POLICY in wanted:
        check = PolicyCheck(project.readings, selection.only, settings, request.keeper)
        plan.scanners.append(check.prepared())
        plan.required.add(POLICY)
    if not plan.scanners:
        plan.scanners.append(_Nothing(wanted))
    return plan


def _add(plan: _Plan, made: Scanner | str) -> None:
    """A scanner, or why there is none."""
    if isinstance(made, str):
        plan.notes.append(made)
    else:
        plan.scanners.append(made)


def _add_packages(request: CheckRequest, plan: _Plan, selection: Selection) -> None:
    def concerned(names: Iterable[str]) -> bool:
        return _concerned(list(names), request, selection)

    checks = package_checks(request.read.root, request.settings, concerned, request.keeper)
    plan.scanners += checks.scanners
    plan.notes += checks.notes


def _concerned(names: list[str], request: CheckRequest, selection: Selection) -> bool:
    if selection.only is None:
        return True
    if request.changed is not None and not any(name in request.changed for name in names):
        return False
    root = request.read.root
    below = [Path(root, path).resolve() for path in request.paths]
    return any((root / name).resolve().is_relative_to(one) for name in names for one in below)


@dataclass(frozen=True, slots=True)
class _NothingChanged:
    """Says that nothing is claimed, since nothing that could be checked differs; see scanners.interface.Scanner."""

    compared: int
    changed: ChangedFiles

    @property
    def id(self) -> str:
        return CHANGES

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        note = f"nothing that is checked differs from {self.changed.since}, so nothing was judged"
        return (Completed(scanner=CHANGES, examined=self.compared, unit="files", notes=(note,)),)


@dataclass(frozen=True, slots=True)
class _Nothing:
    """Says that no check found anything to look at; see scanners.interface.Scanner."""

    wanted: Sequence[str]

    @property
    def id(self) -> str:
        return self.wanted[0] if self.wanted else POLICY

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        names = ", ".join(self.wanted)
        nothing = NotCompleted(
            scanner=self.id,
            reason=Reason.NOTHING_EXAMINED,
            detail=f"there is nothing for {names} to look at" if names else "every check is skipped",
            remedy="name the folder that holds the files, or let more checks run",
        )
        return (nothing,)


def _fitting(
    accepted: Accepted, plan: _Plan, selection: Selection, project: ProjectReadings, outcomes: Sequence[Outcome]
) -> tuple[Waiver, ...]:
    """The waivers that say something about this run."""
    ran = frozenset(scanner.id for scanner in plan.scanners)
    whole = selection.only is None
    known = {digest.name for one in project.readings if one.shown in selection for digest in one.files}
    known |= selection.only or frozenset()
    return accepted.fitting(ran, None if whole else frozenset(known), outcomes)


def _facts(project: ProjectReadings) -> tuple[tuple[str, str], ...]:
    kinds: dict[str, int] = {}
    for one in project.readings:
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    read = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda item: (-item[1], item[0])))
    kept = sum(one.kept for one in project.readings)
    facts = [("files read", f"{len(project.readings):,}" + (f" ({read})" if read else ""))]
    if kept:
        facts.append(("unchanged since an earlier run", f"{kept:,} files"))
    return tuple(facts)


def _rule_facts(outcomes: Iterable[Outcome]) -> Iterator[tuple[str, str]]:
    """What became of the rules: no finding tells of one that passed, or that met nothing to judge."""
    for outcome in outcomes:
        if not isinstance(outcome, Completed) or not outcome.rules:
            continue
        kinds: dict[str, int] = {}
        for one in outcome.rules:
            kinds[_fate(one)] = kinds.get(_fate(one), 0) + 1
        told = ", ".join(f"{count:,} {fate}" for fate, count in sorted(kinds.items()))
        yield "rules", f"{len(outcome.rules):,} ({told})"


def _fate(rule: RuleAnswers) -> str:
    if rule.non_compliant:
        return "failed"
    if rule.unknown:
        return "not decided everywhere"
    return "passed" if rule.compliant else "with nothing to judge"
