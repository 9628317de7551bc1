"""Drives a release along the path: asks the state machine what comes next, does it, writes it down, asks again."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from deploy_gate.checking import Checks
from deploy_gate.frozen_inputs import freeze
from deploy_gate.governance import check_governance
from deploy_gate.path import CHECKS, Ending, PathState, Result, Step
from deploy_gate.ports import Clock, Endpoints, ImageNotFoundError, ImageRegistry, Notifier, SourceHistory
from deploy_gate.project import FILE_NAME, Project, load_project
from deploy_gate.release_checks import ReleaseInputs, scanners_of
from deploy_gate.release_manifest import load_manifest
from deploy_gate.rollout import Rollout
from deploy_gate.runs import Run, RunFacts, RunStore, last_deployed, unfinished
from deploy_gate.steps import StepContext, do_step
from scanners.interface import Scanner, Toolbox
from verdicts import ConfigurationError, CouldNotCheckError, Outcome, Verdict

MakeScanners = Callable[[ReleaseInputs], tuple[Scanner, ...]]


class Observer(Protocol):
    """Is told what happens; it can't change anything."""

    def step_begins(self, run: str, step: Step) -> None:
        """Before a step is done."""

    def step_done(self, run: str, step: Step, result: Result) -> None:
        """A step is done and not yet written down."""

    def step_recorded(self, run: str, step: Step, result: Result) -> None:
        """A step is in the trail."""

    def scanner(self, scanner: str, outcomes: tuple[Outcome, ...] | None) -> None:
        """A scanner starts (None) or has ended."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside that a run needs."""

    registry: ImageRegistry
    endpoints: Endpoints
    notifier: Notifier
    history: SourceHistory
    clock: Clock
    toolbox: Toolbox


@dataclass(frozen=True, slots=True)
class RunReport:
    """Where a run has come to.

    Attributes:
        run: with all its records.
        verdict: None if it didn't come to a decision.
    """

    run: Run
    verdict: Verdict | None

    @property
    def waiting(self) -> bool:
        """Whether it waits for an approval."""
        return self.run.state.next_step is Step.APPROVE

    @property
    def ending(self) -> Ending | None:
        """How it ended, or will end as things stand; None while that is open."""
        return self.run.state.ending or self.run.state.heading


class Pipeline:
    """The deploy path of one project.

    Args:
        project: its configuration.
        ports: the outside.
        observer: is told what happens.
        make_scanners: which scanners look at a release.
        timeout_s: for each wrapped program.
    """

    def __init__(
        self,
        project: Project,
        ports: Ports,
        observer: Observer,
        *,
        make_scanners: MakeScanners = scanners_of,
        timeout_s: float = 600.0,
    ) -> None:
        self._project = project
        self._ports = ports
        self._observer = observer
        self._make_scanners = make_scanners
        self._timeout_s = timeout_s
        self.store = RunStore(project.state, ports.clock)

    def deploy(self, manifest: Path, environment: str, approve_as: str | None = None) -> RunReport:
        """Starts a run and walks it as far as it goes.

        Raises:
            ConfigurationError: manifest or configuration are wrong, the endpoint is held by another run, or an earlier
                run has to be finished first. Nothing has been changed then.
            CouldNotCheckError: it isn't known who wrote the release, or a step could not be done now; `resume` goes on.
            TamperedError: the trail is not what it was.
        """
        check_governance(self._project, self._project.environment(environment))
        release = load_manifest(manifest, self._project.root)
        run_id = self.store.new_id()
        with self._ports.endpoints.hold(release.endpoint, f"run {run_id} (deploy)"):
            self.store.check_trail()
            for earlier in unfinished(self.store.all(), release.endpoint):
                if earlier.state.changes_begun:
                    raise ConfigurationError(
                        f"run {earlier.id} ({earlier.facts.title}) on {release.endpoint} is not finished",
                        remedy=f"type `mlgate resume {earlier.id}` first",
                    )
            return self._walk(self._begin(run_id, manifest, environment), approve_as)

    def resume(self, run_id: str, approve_as: str | None = None) -> RunReport:
        """Goes on with a run. A run that has ended is only reported. Raises as `deploy`."""
        endpoint = self.store.load(run_id).facts.endpoint
        with self._ports.endpoints.hold(endpoint, f"run {run_id} (resume)"):
            self.store.check_trail()
            run = self.store.load(run_id)
            if run.state.next_step is not None:
                self._refuse_overtaken(run)
                self.store.check_inputs(run)
            return self._walk(run, approve_as)

    def approve(self, run_id: str, approver: str) -> RunReport:
        """Approves a waiting run without going on with it. Raises ConfigurationError if it doesn't wait."""
        endpoint = self.store.load(run_id).facts.endpoint
        with self._ports.endpoints.hold(endpoint, f"run {run_id} (approve)"):
            self.store.check_trail()
            run = self.store.load(run_id)
            if run.state.next_step is not Step.APPROVE:
                raise ConfigurationError(f"run {run_id} doesn't wait for an approval")
            self._refuse_overtaken(run)
            self.store.check_inputs(run)
            checks = self._checks(run)
            run = self._do(run, Step.APPROVE, checks, approver)
            return RunReport(run, checks.decided_verdict(run))

    def report(self, run_id: str) -> RunReport:
        """Where a run is, without touching anything."""
        run = self.store.load(run_id)
        if run.state.result(Step.DECIDE) is None:
            return RunReport(run, None)
        return RunReport(run, self._checks(run).decided_verdict())

    def rollback(self, endpoint: str, environment: str) -> tuple[str, str]:
        """Gives all traffic to the deployment that had it before the last release; returns (from, to)."""
        with self._ports.endpoints.hold(endpoint, "rollback"):
            self.store.check_trail()
            run = last_deployed(self.store.all(), endpoint, environment)
            if run is None:
                raise ConfigurationError(f"no release was deployed to {endpoint} in {environment}")
            return Rollout(self._ports.endpoints, endpoint).roll_back(self.store.trail, run)

    def _refuse_overtaken(self, run: Run) -> None:
        """A run that waited while a later one was deployed must not undo the later one."""
        later = [other for other in self.store.all() if other.facts.endpoint == run.facts.endpoint]
        following = later[[other.id for other in later].index(run.id) + 1 :]
        overtaking = next((other for other in following if other.state.ending is Ending.DEPLOYED), None)
        if overtaking is not None and not run.state.changes_begun:
            raise ConfigurationError(
                f"run {run.id} was overtaken by run {overtaking.id}, which is deployed",
                remedy="start a new deploy",
            )

    def _begin(self, run_id: str, manifest: Path, environment: str) -> Run:
        """Freezes the inputs and writes the first record."""
        self._observer.step_begins(run_id, Step.READ)
        root = self._project.root
        frozen = self.store.inputs(run_id)
        people = self._ports.history.people
        known = people(root, None)
        digest = freeze(root, frozen, state=self._project.state, registry=self._project.registry)
        relative = manifest.resolve().relative_to(root)
        release = load_manifest(frozen / relative, frozen)
        before = last_deployed(self.store.all(), release.endpoint, environment)
        # Asked before and after the copy: a change that was there only while it was made isn't passed over.
        commit = people(root, before.facts.commit if before else None)
        if commit.commit != known.commit:
            raise CouldNotCheckError(f"the commit changed from {known.commit} to {commit.commit} meanwhile")
        facts = RunFacts(
            release=release.name,
            version=release.version,
            environment=environment,
            endpoint=release.endpoint,
            manifest=relative.as_posix(),
            commit=commit.commit,
            people=tuple(sorted(commit.people | known.people)),
            dirty=commit.dirty or known.dirty,
            anonymous=commit.anonymous or known.anonymous,
            repository=release.image.repository,
            tag=release.image.tag,
            image_digest=self._resolve(release.image.repository, release.image.tag, release.image.digest),
            inputs_digest=digest,
            actor=_actor(),
        )
        return self._record(Run(run_id, facts, PathState(), {}), Step.READ, Result.PASSED, facts.to_json())

    def _resolve(self, repository: str, tag: str, expected: str | None) -> str | None:
        try:
            digest = self._ports.registry.resolve(repository, tag)
        except ImageNotFoundError:
            return None  # the image check says so, beside everything else that is wrong
        if expected is not None and digest != expected:
            raise CouldNotCheckError(
                f"{repository}:{tag} is {digest}, the release says {expected}",
                remedy="build the release's manifest from the image that was pushed",
            )
        return digest

    def _checks(self, run: Run) -> Checks:
        frozen = self.store.inputs(run.id)
        governance = load_project(frozen, shown_as=FILE_NAME)
        inputs = ReleaseInputs(
            root=frozen,
            manifest=load_manifest(frozen / run.facts.manifest, frozen),
            governance=governance,
            policy=governance.environment(run.facts.environment),
            project=self._project,
            image_layout=self._ports.registry.layout(run.facts.repository),
            image_digest=run.facts.image_digest,
        )
        return Checks(
            run=run,
            inputs=inputs,
            store=self.store,
            scanners=self._make_scanners(inputs),
            toolbox=self._ports.toolbox,
            clock=self._ports.clock,
            progress=self._observer.scanner,
            timeout_s=self._timeout_s,
        )

    def _walk(self, run: Run, approver: str | None) -> RunReport:
        """Does one step after the other until the run ends, waits, or a step can't be done."""
        checks = self._checks(run)
        while (step := run.state.next_step) is not None:
            run = self._do(run, step, checks, approver)
            if run.state.next_step is step:
                break  # it waits, or could not be done now
        decided = run.state.result(Step.DECIDE) is not None
        return RunReport(run, checks.decided_verdict(run) if decided else None)

    def _do(self, run: Run, step: Step, checks: Checks, approver: str | None) -> Run:
        self._observer.step_begins(run.id, step)
        if step in CHECKS:
            result, data = checks.step(step)
        else:
            result, data = do_step(step, StepContext(run, checks, self.store, self._ports, approver))
        return self._record(run, step, result, data)

    def _record(self, run: Run, step: Step, result: Result, data: dict[str, Any]) -> Run:
        self._observer.step_done(run.id, step, result)
        # First the state machine: what can't come here is a defect and must not get into the trail.
        following = run.after(step, result, data)
        self.store.record(run.id, step, result, data)
        self._observer.step_recorded(run.id, step, result)
        return following


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
