"""What is done at each step of the path after the checks. Every step may be repeated without harm."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from deploy_gate.approvals import refusal
from deploy_gate.assets import environment_variables
from deploy_gate.checking import Checks
from deploy_gate.path import Result, Step
from deploy_gate.ports import DeploymentFailedError, DeploymentRequest, Notification
from deploy_gate.rollout import Rollout
from deploy_gate.runs import Run, RunStore
from verdicts import CouldNotCheckError, Decision, TamperedError, Verdict
from verdicts.digests import digest_tree

if TYPE_CHECKING:
    from deploy_gate.pipeline import Ports

StepEnd = tuple[Result, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step may use.

    Attributes:
        run: as it was before the step.
        checks: its checks.
        store: all runs.
        ports: the outside.
        approver: who approves, if this process was told.
    """

    run: Run
    checks: Checks
    store: RunStore
    ports: Ports
    approver: str | None

    @property
    def rollout(self) -> Rollout:
        """The run's endpoint."""
        return Rollout(self.ports.endpoints, self.run.facts.endpoint)


def do_step(step: Step, context: StepContext) -> StepEnd:
    """Does a step and says how it ended and what to record."""
    match step:
        case Step.DECIDE:
            return _decide(context)
        case Step.APPROVE:
            return _approve(context)
        case Step.DEPLOY:
            return _deploy(context)
        case Step.SMOKE_TEST:
            return context.rollout.smoke_test(context.run, context.checks.inputs)
        case Step.SHIFT_TRAFFIC:
            return context.rollout.shift(context.run, context.checks.inputs)
        case Step.REMOVE_IMAGE:
            return _remove_image(context)
        case Step.PROVE_REMOVAL:
            return _prove_removal(context)
        case Step.WITHDRAW:
            return _attempt(lambda: context.rollout.withdraw(context.run))
        case Step.NOTIFY:
            return _notify(context)
        case Step.RECORD:
            return _record(context)
        case (
            Step.READ
            | Step.CHECK_TEMPLATES
            | Step.CHECK_PACKAGES
            | Step.CHECK_IMAGE
            | Step.CHECK_MODEL
            | Step.CHECK_EVALUATION
        ):
            raise ValueError(f"{step.value} isn't done here")
    assert_never(step)


def _attempt(action: Any) -> StepEnd:
    """An action of the outside; if it can't be done now, the step stays the next one."""
    try:
        data = action()
    except CouldNotCheckError as error:
        return Result.NOT_DONE, {"why": str(error)}
    return Result.PASSED, data or {}


def _verdict_data(verdict: Verdict) -> dict[str, Any]:
    return {
        "decision": verdict.decision.value,
        "decided_at": verdict.at.isoformat(),
        "denying": dict(Counter(finding.scanner for finding in verdict.denying)),
        "fingerprints": sorted(finding.fingerprint for finding in verdict.denying),
        "waived": len(verdict.waived),
        "unchecked": [f"{item.scanner}: {item.reason.value}" for item in verdict.unchecked],
    }


def _result(decision: Decision) -> Result:
    match decision:
        case Decision.ALLOWED:
            return Result.PASSED
        case Decision.DENIED:
            return Result.FAILED
        case Decision.COULD_NOT_CHECK:
            return Result.COULD_NOT_CHECK
    assert_never(decision)


def _decide(context: StepContext) -> StepEnd:
    verdict = context.checks.verdict(context.ports.clock.now())
    return _result(verdict.decision), _verdict_data(verdict)


def _approve(context: StepContext) -> StepEnd:
    """Somebody who may, said yes; and the verdict still holds."""
    policy = context.checks.inputs.policy
    if policy.approvers:
        if context.run.facts.anonymous:
            # The approver must be somebody else than the author, and here nobody can tell who that is.
            unknown = "the release has uncommitted changes by nobody known: commit them, or set git's user.email"
            return Result.COULD_NOT_CHECK, {"why": unknown}
        if context.approver is None:
            return Result.WAITING, {"approvers": sorted(policy.approvers)}
        why = refusal(context.approver, policy, context.run.facts.people)
        if why is not None:
            return Result.WAITING, {"approvers": sorted(policy.approvers), "refused": why}
    now = context.ports.clock.now()
    verdict = context.checks.verdict(now)
    data = _verdict_data(verdict) | {"approver": context.approver if policy.approvers else None, "means": "asserted"}
    if verdict.decision is Decision.ALLOWED and _too_old(context, now):
        return Result.COULD_NOT_CHECK, data | {"why": f"the checks are older than {policy.checks_valid_hours} hours"}
    return _result(verdict.decision), data


def _too_old(context: StepContext, now: dt.datetime) -> bool:
    decided = dt.datetime.fromisoformat(context.run.data[Step.DECIDE]["decided_at"])
    return now - decided > dt.timedelta(hours=context.checks.inputs.policy.checks_valid_hours)


def _deploy(context: StepContext) -> StepEnd:
    """Brings the new deployment up beside the old ones, without traffic."""
    run, inputs = context.run, context.checks.inputs
    # An approval may have been given long before this process runs: what it was given for must still hold.
    now = context.ports.clock.now()
    verdict = context.checks.verdict(now)
    if verdict.decision is not Decision.ALLOWED or _too_old(context, now):
        return Result.FAILED, {"why": "the verdict that was approved no longer holds"} | _verdict_data(verdict)
    if digest_tree(inputs.root) != run.facts.inputs_digest:
        raise TamperedError(f"the frozen inputs of run {run.id} changed while it ran", where=str(inputs.root))
    digest = run.facts.image_digest
    if digest is None or not context.ports.registry.has(run.facts.repository, digest):
        return Result.FAILED, {"why": "the image that was checked is no longer in the registry"}
    before = context.rollout.traffic_without(run.deployment)
    request = DeploymentRequest(
        name=run.deployment,
        release=f"{run.facts.release} {run.facts.version}",
        image_digest=digest,
        model_digest=inputs.manifest.model_digest,
        requirements=inputs.root / inputs.manifest.requirements,
        code=inputs.root / inputs.manifest.code,
        entry_script=inputs.manifest.entry_script,
        model=inputs.root / inputs.manifest.model,
        variables=environment_variables(inputs.manifest, inputs.root),
    )
    data: dict[str, Any] = {"deployment": run.deployment, "traffic_before": before}
    try:
        context.ports.endpoints.deploy(run.facts.endpoint, request)
    except DeploymentFailedError as error:
        return Result.FAILED, data | {"why": str(error)}
    except CouldNotCheckError as error:
        return Result.NOT_DONE, data | {"why": str(error)}
    return Result.PASSED, data


def _remove_image(context: StepContext) -> StepEnd:
    facts = context.run.facts
    digest = facts.image_digest
    if digest is None:
        return Result.PASSED, {"image": f"{facts.repository}:{facts.tag}", "why": "the registry has no such image"}
    image = f"{facts.repository}@{digest}"

    def action() -> dict[str, Any]:
        context.ports.registry.remove(facts.repository, digest)
        return {"image": image}

    return _attempt(action)


def _prove_removal(context: StepContext) -> StepEnd:
    facts = context.run.facts
    digest = facts.image_digest

    def action() -> dict[str, Any]:
        if digest is not None and context.ports.registry.has(facts.repository, digest):
            raise CouldNotCheckError(f"{facts.repository}@{digest} is still in the registry after its removal")
        return {"gone": f"{facts.repository}@{digest}" if digest else f"{facts.repository}:{facts.tag}"}

    return _attempt(action)


def _notify(context: StepContext) -> StepEnd:
    run = context.run
    heading = run.state.heading
    outcome = heading.value if heading is not None else "unfinished"
    notification = Notification(
        run=run.id,
        at=context.ports.clock.now(),
        subject=f"{run.facts.title}: {outcome}",
        body="\n".join(_news(context)),
    )
    return _attempt(lambda: context.ports.notifier.notify(notification))


def _news(context: StepContext) -> list[str]:
    """What people have to know, a line each."""
    run = context.run
    verdict = context.checks.decided_verdict(run)
    lines = [f"Run {run.id}, commit {run.facts.commit}, endpoint {run.facts.endpoint}."]
    lines += [f"{finding.severity.value}: {finding.rule_id} {finding.message}" for finding in verdict.denying[:20]]
    if len(verdict.denying) > 20:
        lines.append(f"... and {len(verdict.denying) - 20} more findings; see the report.")
    lines += [f"could not check: {item.scanner}: {item.detail}" for item in verdict.unchecked]
    for step in (Step.APPROVE, Step.DEPLOY, Step.SMOKE_TEST, Step.SHIFT_TRAFFIC):
        why = run.data.get(step, {}).get("why")
        if why:
            lines.append(f"{step.value}: {why}")
    if run.state.result(Step.PROVE_REMOVAL) is Result.PASSED:
        lines.append(f"The image was removed: {run.data[Step.PROVE_REMOVAL]['gone']}.")
    if run.state.result(Step.WITHDRAW) is Result.PASSED:
        lines.append(f"The new deployment {run.deployment} was withdrawn; traffic is as it was.")
    else:
        lines.append("The running deployments were not touched.")
    return lines


def _record(context: StepContext) -> StepEnd:
    state = context.rollout.state
    heading = context.run.state.heading
    return Result.PASSED, {
        "ending": heading.value if heading is not None else "unknown",
        "traffic": dict(state.traffic or {}),
        "deployments": [deployment.name for deployment in state.deployments],
    }
