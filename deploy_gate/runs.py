"""Runs: one walk of one release along the path, kept so that another process can go on with it.

The audit trail is the only record of how far a run is; its folder holds the bulky rest (the frozen inputs, the outcomes
of the checks), each named in the trail by its digest.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_gate.evidence.trail import Trail, trail_paths
from deploy_gate.evidence.verification import verify
from deploy_gate.path import Ending, OutOfOrderError, PathState, Result, Step
from deploy_gate.ports import Clock
from verdicts import ConfigurationError, Outcome, TamperedError
from verdicts.digests import canonical_json, digest_bytes, digest_tree
from verdicts.documents import DocumentError, parse_json, read_bounded
from verdicts.outcome_json import outcome_from_json, outcome_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What a run is about: the data of its first record.

    Attributes:
        release, version, environment, endpoint: names.
        manifest: path of the release manifest, relative to the project's root.
        commit: the commit that was released; people: everyone behind it (e-mail addresses, lower case).
        dirty: whether files differed from the commit; anonymous: by nobody known.
        repository, tag, image_digest: the image; the digest is None where the registry has no such tag.
        inputs_digest: of the frozen copy.
        actor: who started the run, as the operating system says.
    """

    release: str
    version: str
    environment: str
    endpoint: str
    manifest: str
    commit: str
    people: tuple[str, ...]
    dirty: bool
    repository: str
    tag: str
    image_digest: str | None
    inputs_digest: str
    actor: str
    # Trails from before this was recorded: such runs were refused then.
    anonymous: bool = False

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.release} {self.version} to {self.environment}"

    def to_json(self) -> dict[str, Any]:
        """As trail data."""
        return {**dataclasses.asdict(self), "people": list(self.people)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunFacts:
        """From trail data. Raises TypeError, KeyError for anything else."""
        return cls(**{**data, "people": tuple(data["people"])})


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the trail tells it.

    Attributes:
        id: "20261121T075900-3fa9c1d2".
        facts: see RunFacts.
        state: where it is on the path.
        data: what the steps recorded, the last time each ended.
    """

    id: str
    facts: RunFacts
    state: PathState
    data: Mapping[Step, Mapping[str, Any]]

    def after(self, step: Step, result: Result, data: Mapping[str, Any]) -> Run:
        """The run when the step has ended so. Raises OutOfOrderError."""
        return dataclasses.replace(self, state=self.state.after(step, result), data={**self.data, step: data})

    @property
    def deployment(self) -> str:
        """Name of the run's deployment: the same in every process that works on it (Azure ML: 3 to 32 characters)."""
        return f"r-{self.id.rpartition('-')[2]}"


class RunStore:
    """All runs of a project, below its state folder."""

    def __init__(self, state: Path, clock: Clock) -> None:
        self._folder = state / "runs"
        self._clock = clock
        self._records, self._head = trail_paths(state)
        self.trail = Trail(self._records, self._head)

    def check_trail(self) -> None:
        """Repairs an interrupted write and verifies everything. Raises TamperedError."""
        self.trail.recover()
        if self._records.exists() or self._head.exists():
            verify(self._records, self._head)

    def new_id(self) -> str:
        """A name that no other run has."""
        return f"{self._clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"

    def inputs(self, run: str) -> Path:
        """Where the run's frozen inputs are."""
        return self._folder / run / "inputs"

    @contextmanager
    def scratch(self, run: str) -> Iterator[Path]:
        """An empty folder for what needn't be kept; what a killed process left there goes first."""
        folder = self._folder / run / "scratch"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def report(self, run: str) -> Path:
        """Where the run's last report is kept as JSON."""
        return self._folder / run / "report.json"

    def record(self, run: str, step: Step, result: Result, data: Mapping[str, Any]) -> None:
        """Writes down how a step ended; on disk when this returns."""
        self.trail.append(run, step.value, {"result": result.value, **data})

    def load(self, run: str) -> Run:
        """One run. Raises ConfigurationError if there is none, TamperedError if its records don't follow."""
        found = next((candidate for candidate in self.all() if candidate.id == run), None)
        if found is None:
            raise ConfigurationError(f"there is no run {run!r}", remedy="`mlgate status` lists them")
        return found

    def all(self) -> Iterator[Run]:
        """Every run, oldest first."""
        runs: dict[str, list[tuple[Step, Result, dict[str, Any]]]] = {}
        for record in self.trail.records():
            if record.event not in _STEPS:
                continue
            data = dict(record.data)
            try:
                runs.setdefault(record.run, []).append((_STEPS[record.event], Result(data.pop("result")), data))
            except (KeyError, ValueError):
                raise TamperedError(f"record {record.sequence} of the trail has no valid result") from None
        for name, events in runs.items():
            yield _replay(name, events)

    def check_inputs(self, run: Run) -> None:
        """Raises TamperedError if the frozen inputs aren't what was recorded."""
        folder = self.inputs(run.id)
        found = digest_tree(folder) if folder.is_dir() else "nothing"
        if found != run.facts.inputs_digest:
            raise TamperedError(
                f"the frozen inputs of run {run.id} are not what was recorded",
                where=str(folder),
                remedy="start a new deploy, and find out who changed them",
            )

    def keep_outcomes(self, run: str, scanner: str, outcomes: tuple[Outcome, ...]) -> str:
        """Keeps what a scanner said; returns the digest to record."""
        data = canonical_json([outcome_to_json(outcome) for outcome in outcomes])
        folder = self._folder / run / "outcomes"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{scanner}.json").write_bytes(data)
        return digest_bytes(data)

    def kept_outcomes(self, run: str, scanner: str, digest: str) -> tuple[Outcome, ...]:
        """What a scanner said. Raises TamperedError if it isn't what was recorded."""
        path = self._folder / run / "outcomes" / f"{scanner}.json"
        try:
            data = read_bounded(path, 1 << 30)
            if digest_bytes(data) != digest:
                raise ValueError("the digest differs")
            return tuple(outcome_from_json(item) for item in parse_json(data))
        except (OSError, ValueError, KeyError, TypeError, DocumentError, json.JSONDecodeError):
            raise TamperedError(f"what {scanner} said in run {run} is not what was recorded", where=str(path)) from None


_STEPS = {step.value: step for step in Step}


def _replay(name: str, events: list[tuple[Step, Result, dict[str, Any]]]) -> Run:
    try:
        state = PathState.replay((step, result) for step, result, _ in events)
        facts = RunFacts.from_json(events[0][2])
    except (OutOfOrderError, KeyError, TypeError) as error:
        raise TamperedError(f"the records of run {name} don't follow from each other: {error}") from None
    return Run(name, facts, state, {step: data for step, _, data in events})


def unfinished(runs: Iterator[Run], endpoint: str) -> list[Run]:
    """Runs of an endpoint that haven't ended, oldest first."""
    return [run for run in runs if run.facts.endpoint == endpoint and run.state.next_step is not None]


def last_deployed(runs: Iterator[Run], endpoint: str, environment: str) -> Run | None:
    """The last run that brought a release to this endpoint."""
    deployed = [
        run
        for run in runs
        if run.facts.endpoint == endpoint
        and run.facts.environment == environment
        and run.state.ending is Ending.DEPLOYED
    ]
    return deployed[-1] if deployed else None
