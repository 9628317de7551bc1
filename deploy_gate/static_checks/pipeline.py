"""Reads a project once, and has every check look at it at the same time."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.policy_checks.judging import SCANNER as POLICY
from deploy_gate.policy_checks.judging import judge
from deploy_gate.policy_checks.rule_sets import RuleSet, rule_set
from deploy_gate.static_checks.baseline import load_baseline
from deploy_gate.static_checks.inline_skips import SCANNER as SKIPS
from deploy_gate.static_checks.inline_skips import Skips, apply_skips
from deploy_gate.static_checks.inputs import IgnoredFiles
from deploy_gate.static_checks.settings import CheckSettings
from policies.pack_sources import PackSourceError
from policies.rules import RuleError, load_rules
from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.project_files import UnreadableFileError, open_inside
from resource_readers.projects import read_paths
from scanners.checkov import CheckovScanner
from scanners.interface import ScanContext, Scanner
from scanners.running import Progress, run_scanners
from verdicts import Completed, CouldNotCheckError, NotCompleted, Outcome, Reason, Waiver

Read = tuple[tuple[str, ReadResult], ...]

_TEMPLATES = frozenset({"arm", "bicep"})
"""Kinds of files that checkov looks at beside us."""


@dataclass(frozen=True, slots=True)
class PolicyScanner:
    """The rules over what was read; see scanners.interface.Scanner."""

    read: Read
    rules: RuleSet

    @property
    def id(self) -> str:
        """See scanners.interface.Scanner."""
        return POLICY

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """See scanners.interface.Scanner."""
        if not self.read:
            nothing = NotCompleted(
                scanner=POLICY,
                reason=Reason.NOTHING_EXAMINED,
                detail="there is no file of a kind that is read",
                remedy="name the folder that holds them; docs/inputs.md lists the kinds",
            )
            return (nothing,)
        return judge(self.read, self.rules, context.now)


@dataclass(frozen=True, slots=True)
class CheckedProject:
    """What was read, and what every check said.

    Attributes:
        read: every file with what its reader made of it.
        outcomes: of all checks that ran, and about skips that may not be.
        waivers: of the baseline and of skips inside of the files.
        notes: what a report must say besides: what was left out, and what the project changed of the rules.
    """

    read: Read
    outcomes: tuple[Outcome, ...]
    waivers: tuple[Waiver, ...]
    notes: tuple[str, ...]


def rules_for(settings: CheckSettings) -> RuleSet:
    """The rules that hold in a project.

    Raises:
        CouldNotCheckError: the rules themselves can't be read.
        ConfigurationError: the configuration names a rule that doesn't exist, or weakens one without a reason.
    """
    try:
        rules = load_rules()
    except (RuleError, PackSourceError) as error:
        raise CouldNotCheckError(f"the rules can't be read: {error}", remedy="install mlgate anew") from None
    if not settings.policies:
        return rule_set(rules, settings.profile, settings.rules)
    from deploy_gate.policy_checks.added_policies import added_rules

    added, notes = added_rules(settings.policies)
    made = rule_set((*rules, *added), settings.profile, settings.rules)
    return dataclasses.replace(made, notes=(*made.notes, *notes))


def read_project(request: ReadRequest, paths: Sequence[Path], settings: CheckSettings) -> tuple[Read, tuple[str, ...]]:
    """Every file with what its reader made of it, and notes of what was left out."""
    ignored = IgnoredFiles(request.root, settings.exclude)
    read = tuple(read_paths(request, paths, ignored))
    notes = []
    for exclusion in settings.exclude:
        count = ignored.left_out.get(exclusion.pattern, 0)
        notes.append(f"left out by {exclusion.pattern!r} ({count} files and folders): {exclusion.reason}")
    return read, tuple(notes)


def check_project(
    request: ReadRequest,
    paths: Sequence[Path],
    settings: CheckSettings,
    context: ScanContext,
    *,
    progress: Progress | None = None,
) -> CheckedProject:
    """Checks files and folders of a project.

    Args:
        request: the root and what holds for all files; its `path` is not looked at.
        paths: files and folders, absolute or relative to the root.
        settings: what to do.
        context: what scanners may use.
        progress: see `scanners.running`.

    Raises:
        CouldNotCheckError, ConfigurationError: see `rules_for`.
    """
    rules, accepted = rules_for(settings), _accepted(request.root, settings)
    read, notes = read_project(request, paths, settings)
    templates = tuple(Path(shown) for shown, result in read if result.kind in _TEMPLATES)
    scanners: list[Scanner] = []
    if "checkov" in settings.checks and templates:
        scanners.append(CheckovScanner(templates))
    if "policy" in settings.checks:
        scanners.append(PolicyScanner(read, rules))
    by_scanner = run_scanners(scanners, context, progress=progress) if scanners else {}
    outcomes = tuple(outcome for said in by_scanner.values() for outcome in said)
    skips = _skips(request.root, read, outcomes, settings, context)
    if skips.findings:
        about = Completed(scanner=SKIPS, examined=len(skips.findings), unit="skips", findings=skips.findings)
        outcomes = (*outcomes, about)
    return CheckedProject(read, outcomes, (*accepted, *skips.waivers), notes)


def _accepted(root: Path, settings: CheckSettings) -> tuple[Waiver, ...]:
    if settings.baseline is None:
        return ()
    return load_baseline(settings.baseline, shown_as=settings.baseline.relative_to(root).as_posix())


def _skips(root: Path, read: Read, outcomes: Sequence[Outcome], settings: CheckSettings, context: ScanContext) -> Skips:
    files: dict[str, bytes] = {}
    for name in dict.fromkeys(digest.name for _, result in read for digest in result.files):
        # One that can't be opened any more has no skips; that it can't be read is told where it is read.
        with contextlib.suppress(UnreadableFileError):
            files[name] = open_inside(root, Path(name)).data
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    declared = {
        resource.id: resource.location.line
        for _, result in read
        for resource in result.resources
        if resource.location.line is not None
    }
    return apply_skips(files, findings, declared, settings.skips, context.now)
