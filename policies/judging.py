"""One policy of an assignment and one resource: whether it applies there, how, and with which state."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.assigned_policies import AssignedPolicy, Failure, Prepared
from policies.assignments import Assignment, Enforcement, OverrideKind
from policies.compliance import NOT_OK, Row
from policies.definitions import RESOURCE_MANAGER_MODES
from policies.effects import Effect
from policies.evaluation import Answer, State, evaluate
from policies.exemptions import Enrollment, Exemption, enrolled, exemption_for, expired_for
from policies.placement import Hierarchy, Place
from policies.scope import Surroundings, scope_of
from policies.selectors import Subject, all_hold, subject_of
from policies.values import EvaluationError, Truth, Unknown

# Microsoft: exemptions work with these, and not with the other modes of resource providers.
EXEMPTIBLE_MODES = RESOURCE_MANAGER_MODES | {
    "microsoft.kubernetes.data",
    "microsoft.keyvault.data",
    "microsoft.network.data",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """What is known of where the resources stand, besides the assignments.

    Attributes:
        exemptions: all there are; an expired one has no force.
        enrollments: into assignments with enforcement mode Enroll; None if they aren't known.
        hierarchy: the management groups above the subscriptions.
        deployed_to: id of the resource group or subscription that resources without an id are deployed to; "" if that
            isn't known.
    """

    exemptions: tuple[Exemption, ...] = ()
    enrollments: tuple[Enrollment, ...] | None = None
    hierarchy: Hierarchy = field(default_factory=Hierarchy)
    deployed_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a policy stands towards a resource, before it is asked.

    Attributes:
        policy: of an assignment whose scope may hold the resource.
        covered: True, or Unknown if that isn't sure.
        enforced: whether requests feel it.
        prepared: with the overrides that take hold.
        exemption: that holds; Unknown if one may. expired: one that would hold if it hadn't expired.
        surroundings: with what `policy()` gives.
    """

    policy: AssignedPolicy
    covered: Truth
    enforced: Truth
    prepared: Prepared | Failure
    exemption: Exemption | Unknown | None
    expired: Exemption | None
    surroundings: Surroundings

    @property
    def effect(self) -> Effect | None:
        """The effect that it has; None where that can't be told."""
        return self.prepared.compiled.effect if isinstance(self.prepared, Prepared) else None

    @property
    def certain(self) -> bool:
        """Whether all of this is known."""
        known = isinstance(self.covered, bool) and isinstance(self.enforced, bool)
        return known and isinstance(self.prepared, Prepared) and not isinstance(self.exemption, Unknown)


def coverage(assignment: Assignment, resource: Mapping[str, Any], place: Place) -> Truth:
    """Whether an assignment concerns a resource: its scope, exclusions and resource selectors."""
    return all_hold((assignment.covers(place), assignment.selects(subject_of(resource, place))))


def standing(
    policy: AssignedPolicy,
    covered: Truth,
    resource: Mapping[str, Any],
    place: Place,
    estate: Estate,
    surroundings: Surroundings,
) -> Standing | None:
    """How a policy stands towards a resource; None where it isn't applicable to resources of that type.

    Args:
        covered: what `coverage` gives, True or Unknown.
    """
    assignment = policy.assignment
    subject = subject_of(resource, place, policy.reference_id)
    prepared = _prepared(policy, subject)
    exemptible = True
    if isinstance(prepared, Prepared):
        if prepared.types is not None and subject.type not in prepared.types:
            return None
        exemptible = prepared.compiled.definition.mode in EXEMPTIBLE_MODES
    exemptions = estate.exemptions if exemptible else ()
    enforced: Truth = assignment.enforcement is Enforcement.DEFAULT
    if assignment.enforcement is Enforcement.ENROLL:
        enforced = enrolled(estate.enrollments, assignment, subject)
    return Standing(
        policy=policy,
        covered=covered,
        enforced=enforced,
        prepared=prepared,
        exemption=exemption_for(exemptions, assignment, subject, surroundings.now),
        expired=expired_for(exemptions, assignment, subject, surroundings.now),
        surroundings=dataclasses.replace(surroundings, policy=_policy_function(policy)),
    )


def _prepared(policy: AssignedPolicy, subject: Subject) -> Prepared | Failure:
    effect = policy.assignment.override(OverrideKind.EFFECT, subject)
    version = policy.assignment.override(OverrideKind.VERSION, subject)
    if isinstance(effect, Unknown):
        return Failure(State.UNKNOWN, effect.reason)
    if isinstance(version, Unknown):
        return Failure(State.UNKNOWN, version.reason)
    put = effect.value if effect is not None else ""
    if version is None:
        return policy.prepare(put)
    if policy.initiative is not None and not version.names_policies:
        # It means the version of the initiative, whose other versions have other references.
        reason = f"version {version.value} of the initiative is asked for here, and only one version is at hand"
        return Failure(State.UNKNOWN, reason)
    return policy.prepare(put, version.pin)


def _policy_function(policy: AssignedPolicy) -> dict[str, Any]:
    return {
        "assignmentId": policy.assignment.id,
        "definitionId": policy.definition_id,
        "setDefinitionId": policy.initiative.id if policy.initiative is not None else "",
        "definitionReferenceId": policy.reference_id,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a policy says of a resource.

    Attributes:
        standing: see there.
        state: after exemptions, and Unknown where anything that decides it is.
        reason: in a sentence.
        answer: of the engine; None where it wasn't asked.
        changed: whether the request would be changed in accord with the policy.
    """

    standing: Standing
    state: State
    reason: str
    answer: Answer | None
    changed: bool = False

    @property
    def failed(self) -> bool:
        """Whether the evaluation itself failed, which denies requests."""
        return self.state is State.ERROR and self.answer is not None

    @property
    def harmless(self) -> bool:
        """Whether the policy surely does nothing to a request, be it in force or not."""
        prepared, answer = self.standing.prepared, self.answer
        exact = isinstance(prepared, Prepared) and not prepared.problem
        return exact and answer is not None and answer.state is State.COMPLIANT

    @property
    def takes_hold(self) -> str:
        """The effect that takes hold, lower-cased; "" if none does, or the resource is exempt."""
        return (self.answer.effect or "") if self.answer is not None and self.state is not State.EXEMPT else ""

    def row(self, resource: Mapping[str, Any]) -> Row:
        """As a row of results."""
        policy, prepared = self.standing.policy, self.standing.prepared
        definition = prepared.compiled.definition if isinstance(prepared, Prepared) else None
        exemption = self.standing.exemption
        effect = self.standing.effect
        enforced = self.standing.enforced
        speaks = self.state in NOT_OK - {State.UNKNOWN} and (
            definition is None or definition.mode in RESOURCE_MANAGER_MODES
        )
        return Row(
            assignment=policy.assignment.id or policy.assignment.name,
            initiative=policy.initiative.id or policy.initiative.name if policy.initiative is not None else "",
            reference=policy.reference_id,
            groups=policy.reference.groups if policy.reference is not None else (),
            definition=policy.definition_id,
            definition_name=definition.display_name if definition is not None else "",
            resource=resource_label(resource),
            resource_type=str(resource.get("type") or ""),
            state=self.state,
            effect=effect.value if effect is not None else "",
            takes_hold=bool(self.takes_hold),
            enforced=None if isinstance(enforced, Unknown) else enforced,
            changed=self.changed,
            reason=self.reason,
            message=policy.assignment.message(policy.reference_id) if speaks else "",
            exemption=exemption.label if self.state is State.EXEMPT and isinstance(exemption, Exemption) else "",
            expired_exemption=self.standing.expired.label if self.standing.expired is not None else "",
            problem=prepared.problem if isinstance(prepared, Prepared) else "",
        )


def resource_label(resource: Mapping[str, Any]) -> str:
    """A resource's id as far as it is known, else its type and name."""
    identifier = resource.get("id")
    if isinstance(identifier, str) and identifier:
        return identifier
    name = resource.get("name")
    return f"{resource.get('type') or ''}/{name if isinstance(name, str) else '{...}'}"


def judge(
    stands: Standing, resource: Mapping[str, Any], related: Sequence[Mapping[str, Any]] | None = None
) -> Judged | None:
    """Asks a policy about a resource; None where it isn't applicable."""
    prepared = stands.prepared
    if isinstance(prepared, Failure):
        return _judged(stands, prepared.state, prepared.reason, None)
    answer = evaluate(prepared.compiled, resource, stands.surroundings, related=related)
    if answer.state is State.NOT_APPLICABLE:
        return None
    if prepared.problem and answer.state is State.COMPLIANT:
        return _judged(stands, State.UNKNOWN, f"{prepared.problem}; that one says: {answer.reason}", answer)
    return _judged(stands, answer.state, answer.reason, answer)


def _judged(stands: Standing, state: State, reason: str, answer: Answer | None) -> Judged:
    exemption = stands.exemption
    if isinstance(exemption, Exemption):
        state, reason = State.EXEMPT, f"exempt by {exemption.label}"
    elif isinstance(exemption, Unknown) and state in NOT_OK:
        state, reason = State.UNKNOWN, exemption.reason
    if isinstance(stands.covered, Unknown):
        state, reason = (
            State.UNKNOWN,
            f"whether the assignment covers the resource is not known: {stands.covered.reason}",
        )
    return Judged(standing=stands, state=state, reason=reason, answer=answer)


def fields_that_may_change(stands: Standing, resource: Mapping[str, Any]) -> list[str] | Unknown:
    """The fields that a policy with modify or append may change, whatever its conditions come to."""
    prepared = stands.prepared
    assert isinstance(prepared, Prepared)
    names: list[str] = []
    for operation in prepared.compiled.operations:
        try:
            name = operation.field.value(scope_of(resource, stands.surroundings))
        except EvaluationError as error:
            return Unknown(str(error))
        if isinstance(name, Unknown):
            return name
        names.append(str(name))
    return names
