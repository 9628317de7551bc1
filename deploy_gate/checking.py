"""The checks of one run: scanning what hasn't been scanned, keeping what was said, deciding."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy_gate.path import CHECKS, Result, Step
from deploy_gate.ports import Clock
from deploy_gate.release_checks import STEP_SCANNERS, ReleaseInputs
from deploy_gate.runs import Run, RunStore
from scanners.interface import ScanContext, Scanner, Toolbox
from scanners.running import Progress, run_scanners
from verdicts import Completed, NotCompleted, Outcome, Verdict, Waiver, decide
from verdicts.waiver_file import load_waivers


@dataclass(frozen=True, kw_only=True)
class Checks:
    """What is known of a run's checks; scans on first demand, all that is missing at the same time."""

    run: Run
    inputs: ReleaseInputs
    store: RunStore
    scanners: tuple[Scanner, ...]
    toolbox: Toolbox
    clock: Clock
    progress: Progress
    timeout_s: float

    @functools.cached_property
    def outcomes(self) -> Mapping[str, tuple[Outcome, ...]]:
        """By scanner: what earlier processes kept (proven by the trail), and what is scanned now."""
        kept: dict[str, tuple[Outcome, ...]] = {}
        for step in CHECKS:
            for scanner, digest in self.run.data.get(step, {}).get("outcomes", {}).items():
                kept[scanner] = self.store.kept_outcomes(self.run.id, scanner, digest)
        missing = [scanner for scanner in self.scanners if scanner.id not in kept]
        if missing:
            with self.store.scratch(self.run.id) as workspace:
                context = ScanContext(
                    root=self.inputs.root,
                    workspace=workspace,
                    now=self.clock.now(),
                    tools=self.toolbox,
                    timeout_s=self.timeout_s,
                )
                kept |= run_scanners(missing, context, progress=self.progress)
        return kept

    @functools.cached_property
    def waivers(self) -> tuple[Waiver, ...]:
        """The waivers, as they were when the run began."""
        path = self.inputs.governance.waivers
        if path is None:
            return ()
        return load_waivers(path, shown_as=path.relative_to(self.inputs.root).as_posix())

    def verdict(self, at: dt.datetime) -> Verdict:
        """The verdict over everything, at a moment: a waiver that has expired since counts no more."""
        return decide(
            [outcome for outcomes in self.outcomes.values() for outcome in outcomes],
            required=self.inputs.policy.required,
            waivers=self.waivers,
            fail_on=self.inputs.policy.fail_on,
            at=at,
        )

    def decided_verdict(self, run: Run | None = None) -> Verdict:
        """The verdict as of the moment when it was last decided (recorded by decide or approve)."""
        data = (run or self.run).data
        at = data.get(Step.APPROVE, {}).get("decided_at") or data[Step.DECIDE]["decided_at"]
        return self.verdict(dt.datetime.fromisoformat(at))

    def step(self, step: Step) -> tuple[Result, dict[str, Any]]:
        """How one check step ended, and what to record: each scanner's outcome digest and counts."""
        names = [scanner.id for scanner in self.scanners if scanner.id in STEP_SCANNERS[step]]
        verdict = self.verdict(self.clock.now())
        data: dict[str, Any] = {
            "outcomes": {name: self.store.keep_outcomes(self.run.id, name, self.outcomes[name]) for name in names},
            "summary": {name: _summary(self.outcomes[name]) for name in names},
        }
        if any(finding.scanner in names for finding in verdict.denying):
            return Result.FAILED, data
        expected = self.inputs.policy.required & set(STEP_SCANNERS[step])
        if any(item.scanner in expected or item.scanner in names for item in verdict.unchecked):
            return Result.COULD_NOT_CHECK, data
        return Result.PASSED, data


def _summary(outcomes: tuple[Outcome, ...]) -> dict[str, int]:
    """Counts for people who read the trail."""
    return {
        "examined": sum(outcome.examined for outcome in outcomes if isinstance(outcome, Completed)),
        "findings": sum(len(outcome.findings) for outcome in outcomes),
        "unchecked": sum(isinstance(outcome, NotCompleted) for outcome in outcomes),
    }
