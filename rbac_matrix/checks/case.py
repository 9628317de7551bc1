"""One assignment with everything that is known of it, as rules see it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from rbac_matrix.assignments import RoleAssignment, ScopeKind
from rbac_matrix.checks.holders import Holder
from rbac_matrix.checks.interface import SCANNER
from rbac_matrix.checks.places import Place, apart
from rbac_matrix.checks.roles import HeldRole
from rbac_matrix.checks.world import World
from rbac_matrix.matrix import Persona, Role
from rbac_matrix.organisation.model import PersonaRules
from rbac_matrix.permissions.interface import PermissionBlock
from verdicts import Finding, Severity


@dataclass(frozen=True)
class Case:
    """An assignment. Whether a rule is broken, and how badly, depends on nothing but what `judging.key_of` names.

    Attributes:
        role: None if it isn't known.
    """

    world: World
    assignment: RoleAssignment
    holder: Holder
    role: HeldRole | None
    place: Place

    @functools.cached_property
    def personas(self) -> tuple[Persona, ...]:
        """Whom it stands for; none for somebody unknown."""
        return tuple(self.world.matrix.personas[one] for one in self.holder.alike.personas)

    @functools.cached_property
    def rules(self) -> tuple[PersonaRules, ...]:
        """What holds for the personas' assignments."""
        known = self.world.organisation.rules
        return tuple(known[one.id] for one in self.personas if one.id in known)

    @functools.cached_property
    def cell(self) -> tuple[Role, ...]:
        """What the personas may have on the place, if it is one resource in a column."""
        service = self.place.alike.service
        if service is None:
            return ()
        roles = [role for one in self.personas for role in self.world.matrix.cell(one.id, service.id)]
        return tuple(dict.fromkeys(roles))

    @property
    def foreign(self) -> bool:
        """The holder is a group of other setups than those that own the place."""
        return apart(self.holder.alike.setups, self.place.alike.setups)

    @functools.cached_property
    def denied(self) -> tuple[PermissionBlock, ...]:
        """What deny assignments take away from the holder on the whole place."""
        return self.world.denials.blocks(self.holder.alike.denials, self.place)

    @property
    def role_name(self) -> str:
        """The role for people."""
        return self.role.name if self.role is not None else "an unknown role"

    @property
    def holder_name(self) -> str:
        """Persona and name for people."""
        shown = self.assignment.principal_name or self.assignment.principal_text
        text = self.holder.name or shown
        if not self.personas:
            return text
        return f"{' and '.join(one.title for one in self.personas)} ({text})"

    @property
    def place_name(self) -> str:
        """The scope for people."""
        alike = self.place.alike
        return alike.resource_type if alike.kind is ScopeKind.RESOURCE else f"a whole {alike.kind.value}"

    @property
    def what(self) -> str:
        """How every message begins."""
        return f"{self.role_name} on {self.place_name} is given to {self.holder_name}"

    def finding(self, rule: str, severity: Severity, message: str, remediation: str) -> Finding:
        """A finding at the assignment."""
        assignment = self.assignment
        if assignment.conditional:
            message += " It is made only under a condition that is not known here."
        role = assignment.custom_role or assignment.role_id or assignment.role_text
        return Finding(
            rule_id=rule,
            scanner=SCANNER,
            severity=severity,
            message=message,
            remediation=remediation,
            resource=assignment.name,
            subject=f"{role} to {assignment.principal_text} on {assignment.scope.text}",
            location=assignment.location,
            documentation=f"docs/rules/{rule}.md",
        )
