"""The state machine: which step may follow which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_gate.path import CHECKS, SECURITY_CHECKS, Ending, OutOfOrderError, PathState, Result, Step

READ = [(Step.READ, Result.PASSED)]
CHECKED = READ + [(step, Result.PASSED) for step in CHECKS]
ALLOWED = [*CHECKED, (Step.DECIDE, Result.PASSED)]
DEPLOYED = [*ALLOWED, (Step.APPROVE, Result.PASSED), (Step.DEPLOY, Result.PASSED), (Step.SMOKE_TEST, Result.PASSED)]


def failing(step: Step) -> list[tuple[Step, Result]]:
    return [(done, Result.FAILED if done is step else result) for done, result in CHECKED] + [
        (Step.DECIDE, Result.FAILED)
    ]


def test_the_good_path_ends_deployed() -> None:
    state = PathState.replay([*DEPLOYED, (Step.SHIFT_TRAFFIC, Result.PASSED), (Step.RECORD, Result.PASSED)])
    assert state.next_step is None
    assert state.ending is Ending.DEPLOYED


@pytest.mark.parametrize("step", [step for step in CHECKS if step in SECURITY_CHECKS])
def test_a_failed_security_check_leads_to_removal_and_its_proof(step: Step) -> None:
    state = PathState.replay(failing(step))
    assert state.next_step is Step.REMOVE_IMAGE
    state = state.after(Step.REMOVE_IMAGE, Result.PASSED)
    assert state.next_step is Step.PROVE_REMOVAL
    state = state.after(Step.PROVE_REMOVAL, Result.PASSED).after(Step.NOTIFY, Result.PASSED)
    assert state.after(Step.RECORD, Result.PASSED).ending is Ending.DENIED


def test_a_failed_evaluation_denies_and_deletes_nothing() -> None:
    state = PathState.replay(failing(Step.CHECK_EVALUATION))
    assert state.next_step is Step.NOTIFY
    assert state.heading is Ending.DENIED


def test_could_not_check_touches_nothing() -> None:
    events = [*READ, *((step, Result.COULD_NOT_CHECK) for step in CHECKS), (Step.DECIDE, Result.COULD_NOT_CHECK)]
    state = PathState.replay(events)
    assert state.next_step is Step.NOTIFY
    state = state.after(Step.NOTIFY, Result.PASSED).after(Step.RECORD, Result.PASSED)
    assert state.ending is Ending.COULD_NOT_CHECK
    assert not state.changes_begun


def test_waiting_for_approval_stays_there() -> None:
    state = PathState.replay([*ALLOWED, (Step.APPROVE, Result.WAITING)])
    assert state.next_step is Step.APPROVE
    assert state.ending is None
    assert not state.changes_begun


@pytest.mark.parametrize("step", [Step.REMOVE_IMAGE, Step.PROVE_REMOVAL])
def test_a_removal_that_could_not_be_done_is_tried_again(step: Step) -> None:
    state = PathState.replay(failing(Step.CHECK_IMAGE))
    if step is Step.PROVE_REMOVAL:
        state = state.after(Step.REMOVE_IMAGE, Result.PASSED)
    state = state.after(step, Result.NOT_DONE)
    assert state.next_step is step
    assert state.changes_begun


@pytest.mark.parametrize("step", [Step.DEPLOY, Step.SMOKE_TEST, Step.SHIFT_TRAFFIC])
def test_a_failure_while_deploying_withdraws(step: Step) -> None:
    events = [*DEPLOYED, (Step.SHIFT_TRAFFIC, Result.PASSED)]
    state = PathState.replay(events[: [done for done, _ in events].index(step)]).after(step, Result.FAILED)
    assert state.next_step is Step.WITHDRAW
    for following in (Step.WITHDRAW, Step.NOTIFY, Step.RECORD):
        state = state.after(following, Result.PASSED)
    assert state.ending is Ending.DENIED


@given(st.lists(st.tuples(st.sampled_from(list(Step)), st.sampled_from(list(Result))), max_size=30))
def test_no_sequence_deploys_without_every_check_a_decision_and_an_approval(
    events: list[tuple[Step, Result]],
) -> None:
    state = PathState()
    for step, result in events:
        try:
            state = state.after(step, result)
        except OutOfOrderError:
            continue
    if state.result(Step.DEPLOY) is not None:
        assert all(state.result(step) is not None for step in CHECKS)
        assert state.result(Step.DECIDE) is Result.PASSED
        assert state.result(Step.APPROVE) is Result.PASSED


@given(st.data())
def test_every_walk_ends_or_waits_and_never_both_deploys_and_removes(data: st.DataObject) -> None:
    state = PathState()
    for _ in range(60):
        step = state.next_step
        if step is None:
            break
        allowed = []
        for result in Result:
            try:
                state.after(step, result)
            except OutOfOrderError:
                continue
            allowed.append(result)
        state = state.after(step, data.draw(st.sampled_from(allowed)))
    steps = {step for step, _ in state.history}
    assert not {Step.DEPLOY, Step.REMOVE_IMAGE} <= steps
    if state.next_step is None:
        assert state.ending is not None


def test_every_step_and_result_pair_is_either_allowed_or_refused_with_its_name() -> None:
    for step in Step:
        if step is not Step.READ:
            with pytest.raises(OutOfOrderError, match=step.value):
                PathState().after(step, Result.PASSED)
    with pytest.raises(OutOfOrderError, match="waiting"):
        PathState().after(Step.READ, Result.WAITING)
