"""Role assignments against a matrix. Each rule has a page in docs/rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rbac_matrix.assignments import RoleAssignment, ScopeKind, Timing
from rbac_matrix.matrix import Access, Matrix, Persona, Role
from rbac_matrix.permissions.interface import RoleDefinition
from rbac_matrix.principals import Principal, Principals
from verdicts import Finding, Severity

SCANNER = "rbac-matrix"

EXCESS = "MLG-RBAC-EXCESS"
UNKNOWN_PRINCIPAL = "MLG-RBAC-UNKNOWN-PRINCIPAL"
USER = "MLG-RBAC-USER"
WIDE_SCOPE = "MLG-RBAC-WIDE-SCOPE"
PERMANENT = "MLG-RBAC-PERMANENT"
CUSTOM_ROLE_WILDCARD = "MLG-RBAC-CUSTOM-ROLE-WILDCARD"
RULES = (EXCESS, UNKNOWN_PRINCIPAL, USER, WIDE_SCOPE, PERMANENT, CUSTOM_ROLE_WILDCARD)


@dataclass(frozen=True, slots=True)
class Checked:
    """What one assignment or role came to.

    Attributes:
        findings: what is certain.
        undecided: what could not be decided, each as a half sentence; empty means that everything was.
    """

    findings: tuple[Finding, ...]
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """An assignment with what the matrix and the principals file know of it."""

    assignment: RoleAssignment
    matrix: Matrix
    role: Role | None
    principal: Principal | None
    persona: Persona | None

    @property
    def role_known(self) -> bool:
        return self.assignment.role_id is not None or self.assignment.custom_role != ""

    @property
    def role_name(self) -> str:
        if self.role is not None:
            return self.role.name
        if self.assignment.custom_role:
            return f"the custom role {self.assignment.custom_role}"
        return f"the role {self.assignment.role_id}" if self.assignment.role_id else "an unknown role"

    @property
    def holder(self) -> str:
        text = (self.principal.name if self.principal else "") or self.assignment.principal_text
        return f"{self.persona.title} ({text})" if self.persona else text

    @property
    def place(self) -> str:
        scope = self.assignment.scope
        return scope.resource_type if scope.kind is ScopeKind.RESOURCE else f"a whole {scope.kind.value}"

    def finding(self, rule: str, severity: Severity, message: str, remediation: str) -> Finding:
        assignment = self.assignment
        also = " It is made only under a condition that is not known here." if assignment.conditional else ""
        role = assignment.custom_role or assignment.role_id or assignment.role_text
        return Finding(
            rule_id=rule,
            scanner=SCANNER,
            severity=severity,
            message=message + also,
            remediation=remediation,
            resource=assignment.name,
            subject=f"{role} to {assignment.principal_text} on {assignment.scope.text}",
            location=assignment.location,
            documentation=f"docs/rules/{rule}.md",
        )


def check_assignment(assignment: RoleAssignment, matrix: Matrix, principals: Principals) -> Checked:
    """All rules on one assignment. What is certain is found also where something else isn't known."""
    principal = None
    if assignment.principal_id is not None:
        principal = principals.with_object_id(assignment.principal_id)
    elif assignment.identity is not None:
        principal = principals.with_identity(assignment.identity)
    role = matrix.role_with_id(assignment.role_id) if assignment.role_id else None
    persona = matrix.personas[principal.persona] if principal is not None else None
    case = _Case(assignment, matrix, role, principal, persona)
    findings = [*_excess(case), *_unknown_principal(case), *_user(case), *_wide_scope(case), *_permanent(case)]
    return Checked(tuple(findings), tuple(_undecided(case)))


def _undecided(case: _Case) -> Iterator[str]:
    assignment = case.assignment
    if not case.role_known:
        yield f"its role is not known ({assignment.role_text})"
    if assignment.scope.kind is ScopeKind.UNKNOWN:
        yield f"its scope is not known ({assignment.scope.text})"
    if assignment.principal_id is None and (assignment.identity is None or _unnamed(case)):
        yield f"its principal is not known ({assignment.principal_text})"


def _unnamed(case: _Case) -> bool:
    """It is the identity of a resource whose name isn't known, and no line of the principals file has that name."""
    identity = case.assignment.identity
    return identity is not None and case.principal is None and "{" in identity.name


def _excess(case: _Case) -> Iterator[Finding]:
    scope = case.assignment.scope
    if not case.role_known or scope.kind is ScopeKind.UNKNOWN:
        return
    matrix = case.matrix
    # Without a persona it is still certain if the matrix gives the role to nobody there.
    personas = [case.persona] if case.persona else list(matrix.personas.values())
    if any(_given(case, persona.id) for persona in personas):
        return
    severity = case.role.excess if case.role is not None else Severity.HIGH
    service = matrix.service_of(scope.resource_type) if scope.kind is ScopeKind.RESOURCE else None
    if case.persona is None:
        allowed = f"the {matrix.name} matrix gives it to no persona there"
    elif service is not None:
        labels = [role.name for role in matrix.cell(case.persona.id, service.id)]
        allowed = f"the {matrix.name} matrix gives {' and '.join(labels) or 'no role'} on {service.name}"
    elif scope.kind is ScopeKind.RESOURCE:
        allowed = f"the {matrix.name} matrix has no column for {scope.resource_type}"
    else:
        allowed = f"the {matrix.name} matrix gives it to this persona on no service"
    yield case.finding(
        EXCESS,
        severity,
        f"{case.role_name} on {case.place} is given to {case.holder}; {allowed}.",
        "Remove the assignment, or give the role that the matrix has in that cell.",
    )


def _given(case: _Case, persona: str) -> bool:
    role, scope = case.role, case.assignment.scope
    if role is None:
        return False
    if scope.kind is not ScopeKind.RESOURCE:
        return any(own.grants(role) for own in case.matrix.row(persona))
    service = case.matrix.service_of(scope.resource_type)
    return service is not None and any(own.grants(role) for own in case.matrix.cell(persona, service.id))


def _unknown_principal(case: _Case) -> Iterator[Finding]:
    known = case.assignment.principal_id is not None or case.assignment.identity is not None
    if case.principal is not None or not known or _unnamed(case):
        return
    yield case.finding(
        UNKNOWN_PRINCIPAL,
        Severity.HIGH,
        f"{case.role_name} on {case.place} is given to {case.assignment.principal_text}, which is no known principal.",
        "Name the group or identity and its persona in the principals file, or remove the assignment.",
    )


def _user(case: _Case) -> Iterator[Finding]:
    declared = case.assignment.principal_type.casefold() == "user"
    listed = case.principal is not None and case.principal.type == "User"
    if not declared and not listed:
        return
    yield case.finding(
        USER,
        Severity.MEDIUM,
        f"{case.role_name} on {case.place} is given to a single user, {case.holder}.",
        "Give it to the Microsoft Entra group of the persona, and make the person a member.",
    )


def _wide_scope(case: _Case) -> Iterator[Finding]:
    kind = case.assignment.scope.kind
    if kind in (ScopeKind.RESOURCE, ScopeKind.UNKNOWN):
        return
    severity = case.role.excess if case.role is not None else Severity.HIGH
    yield case.finding(
        WIDE_SCOPE,
        severity,
        f"{case.role_name} is given to {case.holder} on {case.place}; a cell of the matrix means one resource.",
        "Assign it on the resource that the persona works with.",
    )


def _permanent(case: _Case) -> Iterator[Finding]:
    if case.persona is None or case.persona.access is not Access.JUST_IN_TIME:
        return
    if case.assignment.timing is not Timing.PERMANENT:
        return
    yield case.finding(
        PERMANENT,
        Severity.HIGH,
        f"{case.role_name} on {case.place} is given to {case.holder} for good; this persona's access is just-in-time.",
        "Make the group eligible through Privileged Identity Management instead (a role eligibility schedule request).",
    )


def check_role_definition(role: RoleDefinition) -> Checked:
    """MLG-RBAC-CUSTOM-ROLE-WILDCARD on one custom role."""
    blocks = role.permissions.blocks
    wide = [action for block in blocks for action in (*block.actions, *block.data_actions) if _wildcard(action)]
    undecided = (f"its permissions are not known ({role.unknown})",) if role.unknown else ()
    if not wide:
        return Checked((), undecided)
    finding = Finding(
        rule_id=CUSTOM_ROLE_WILDCARD,
        scanner=SCANNER,
        severity=Severity.CRITICAL if "*" in wide else Severity.HIGH,
        message=f"The custom role {role.name} permits {', '.join(sorted(set(wide)))} on every service.",
        remediation="List the actions that the role needs.",
        resource=role.name,
        subject=" ".join(sorted(set(wide))),
        location=role.location,
        documentation=f"docs/rules/{CUSTOM_ROLE_WILDCARD}.md",
    )
    return Checked((finding,), undecided)


def _wildcard(action: str) -> bool:
    """Whether an action holds for every service and does more than read."""
    folded = action.strip().casefold()
    return "*" in folded.split("/", 1)[0] and not folded.endswith("/read")
