"""The deploy path as a state machine: which step may follow which. It does no I/O.

The order on the good path:

    read -> check templates -> check packages -> check image -> check model -> check evaluation -> decide
         -> approve -> deploy -> smoke test -> shift traffic -> record

All checks run whatever an earlier one found, so that one run shows everything. After `decide`:

- denied by a security check: remove the image -> prove that it is gone -> notify -> record
- denied otherwise (evaluation), or could not check: notify -> record; nothing is deployed, nothing deleted
- allowed: approve; without an approval the path waits there, and the verdict is decided anew when it comes

A failure from `deploy` on withdraws the new deployment, restores the traffic, notifies and records. A step that could
not be done (a registry that doesn't answer) stays the next step until it can: `mlgate resume`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Step(enum.Enum):
    """The steps of the path; the values are the event names in the audit trail."""

    READ = "read-release"
    CHECK_TEMPLATES = "check-templates"
    CHECK_PACKAGES = "check-packages"
    CHECK_IMAGE = "check-image"
    CHECK_MODEL = "check-model"
    CHECK_EVALUATION = "check-evaluation"
    DECIDE = "decide"
    APPROVE = "approve"
    DEPLOY = "deploy"
    SMOKE_TEST = "smoke-test"
    SHIFT_TRAFFIC = "shift-traffic"
    REMOVE_IMAGE = "remove-image"
    PROVE_REMOVAL = "prove-removal"
    WITHDRAW = "withdraw"
    NOTIFY = "notify"
    RECORD = "record"


CHECKS = (
    Step.CHECK_TEMPLATES,
    Step.CHECK_PACKAGES,
    Step.CHECK_IMAGE,
    Step.CHECK_MODEL,
    Step.CHECK_EVALUATION,
)
SECURITY_CHECKS = frozenset(CHECKS) - {Step.CHECK_EVALUATION}


class Result(enum.Enum):
    """How a step ended. WAITING and NOT_DONE leave it the next step."""

    PASSED = "passed"
    FAILED = "failed"
    COULD_NOT_CHECK = "could-not-check"
    WAITING = "waiting"
    NOT_DONE = "not-done"


class Ending(enum.Enum):
    """How a whole run ends."""

    DEPLOYED = "deployed"
    DENIED = "denied"
    COULD_NOT_CHECK = "could-not-check"


_REPEATED = frozenset({Result.WAITING, Result.NOT_DONE})

# Which results a step may have; what isn't listed is a defect or a forged trail.
_CHECK_RESULTS = frozenset({Result.PASSED, Result.FAILED, Result.COULD_NOT_CHECK})
_ALLOWED: dict[Step, frozenset[Result]] = {
    Step.READ: frozenset({Result.PASSED}),
    **dict.fromkeys(CHECKS, _CHECK_RESULTS),
    Step.DECIDE: _CHECK_RESULTS,
    Step.APPROVE: frozenset({Result.PASSED, Result.FAILED, Result.COULD_NOT_CHECK, Result.WAITING}),
    Step.DEPLOY: frozenset({Result.PASSED, Result.FAILED, Result.NOT_DONE}),
    Step.SMOKE_TEST: frozenset({Result.PASSED, Result.FAILED}),
    Step.SHIFT_TRAFFIC: frozenset({Result.PASSED, Result.FAILED}),
    Step.REMOVE_IMAGE: frozenset({Result.PASSED, Result.NOT_DONE}),
    Step.PROVE_REMOVAL: frozenset({Result.PASSED, Result.NOT_DONE}),
    Step.WITHDRAW: frozenset({Result.PASSED, Result.NOT_DONE}),
    Step.NOTIFY: frozenset({Result.PASSED, Result.NOT_DONE}),
    Step.RECORD: frozenset({Result.PASSED}),
}


class OutOfOrderError(Exception):
    """A step that can't come next, or a result that it can't have."""


@dataclass(frozen=True, slots=True)
class PathState:
    """Where a run is. Made anew for every step: `PathState().after(Step.READ, Result.PASSED)`.

    Attributes:
        history: the steps that ended, in order, with how.
    """

    history: tuple[tuple[Step, Result], ...] = ()

    @classmethod
    def replay(cls, events: Iterable[tuple[Step, Result]]) -> PathState:
        """The state after these events. Raises OutOfOrderError where they don't follow from each other."""
        state = cls()
        for step, result in events:
            state = state.after(step, result)
        return state

    def result(self, step: Step) -> Result | None:
        """How the step ended the last time, or None."""
        return next((result for done, result in reversed(self.history) if done is step), None)

    def after(self, step: Step, result: Result) -> PathState:
        """The state when `step` has ended with `result`."""
        if step is not self.next_step:
            expected = self.next_step.value if self.next_step else "nothing"
            raise OutOfOrderError(f"{step.value} can't come here: {expected} is next")
        if result not in _ALLOWED[step]:
            raise OutOfOrderError(f"{step.value} can't end as {result.value}")
        return PathState((*self.history, (step, result)))

    @property
    def next_step(self) -> Step | None:
        """What has to be done next; None when the run has ended."""
        if not self.history:
            return Step.READ
        step, result = self.history[-1]
        if result in _REPEATED:
            return step
        return self._following(step, result)

    def _following(self, step: Step, result: Result) -> Step | None:
        match step:
            case Step.READ:
                return CHECKS[0]
            case (
                Step.CHECK_TEMPLATES | Step.CHECK_PACKAGES | Step.CHECK_IMAGE | Step.CHECK_MODEL | Step.CHECK_EVALUATION
            ):
                following = CHECKS.index(step) + 1
                return CHECKS[following] if following < len(CHECKS) else Step.DECIDE
            case Step.DECIDE | Step.APPROVE:
                return self._decided(step, result)
            case Step.DEPLOY:
                return Step.SMOKE_TEST if result is Result.PASSED else Step.WITHDRAW
            case Step.SMOKE_TEST:
                return Step.SHIFT_TRAFFIC if result is Result.PASSED else Step.WITHDRAW
            case Step.SHIFT_TRAFFIC:
                return Step.RECORD if result is Result.PASSED else Step.WITHDRAW
            case Step.REMOVE_IMAGE:
                return Step.PROVE_REMOVAL
            case Step.PROVE_REMOVAL | Step.WITHDRAW:
                return Step.NOTIFY
            case Step.NOTIFY:
                return Step.RECORD
            case Step.RECORD:
                return None

    def _decided(self, step: Step, result: Result) -> Step:
        if result is Result.PASSED:
            return Step.APPROVE if step is Step.DECIDE else Step.DEPLOY
        if result is Result.FAILED and self.removal_due:
            return Step.REMOVE_IMAGE
        return Step.NOTIFY

    @property
    def removal_due(self) -> bool:
        """Whether a security check failed: then the image goes."""
        return any(step in SECURITY_CHECKS and result is Result.FAILED for step, result in self.history)

    @property
    def changes_begun(self) -> bool:
        """Whether anything outside the run's own folder may have been touched: then no other run may pass it by."""
        begun = {Step.REMOVE_IMAGE, Step.DEPLOY}
        return self.next_step is not None and (
            self.next_step in begun or any(step in begun for step, _ in self.history)
        )

    @property
    def ending(self) -> Ending | None:
        """How the run ended, or None while it goes on."""
        if self.next_step is not None:
            return None
        return self.heading

    @property
    def heading(self) -> Ending | None:
        """How the run will end as things stand, or None while that is open."""
        if self.result(Step.SHIFT_TRAFFIC) is Result.PASSED:
            return Ending.DEPLOYED
        for step in (Step.DECIDE, Step.APPROVE):
            if self.result(step) is Result.FAILED:
                return Ending.DENIED
            if self.result(step) is Result.COULD_NOT_CHECK:
                return Ending.COULD_NOT_CHECK
        if any(self.result(step) is Result.FAILED for step in (Step.DEPLOY, Step.SMOKE_TEST, Step.SHIFT_TRAFFIC)):
            return Ending.DENIED
        return None
