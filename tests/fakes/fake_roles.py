"""Role assignments in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deploy_gate.role_ports import Change, RoleGrant
from verdicts import CouldNotCheckError


@dataclass
class FakeRoleAssignments:
    """`broken` makes every call fail; `fails_at` is the number of the first change that fails (1-based)."""

    grants: dict[tuple[str, str, str, bool], RoleGrant] = field(default_factory=dict)
    broken: bool = False
    fails_at: int | None = None
    changes: list[tuple[str, RoleGrant]] = field(default_factory=list)

    def hold(self, *grants: RoleGrant) -> None:
        self.grants |= {one.key: one for one in grants}

    def _check(self) -> None:
        if self.broken:
            raise CouldNotCheckError("the service does not answer")

    def _change(self, kind: str, grant: RoleGrant) -> None:
        if self.fails_at is not None and len(self.changes) + 1 >= self.fails_at:
            raise CouldNotCheckError("the service does not answer")
        self.changes.append((kind, grant))

    def list_assignments(self, scope: str) -> Sequence[RoleGrant]:
        self._check()
        return [one for one in self.grants.values() if one.key[0] == scope.rstrip("/").casefold()]

    def create_assignment(self, grant: RoleGrant) -> Change:
        self._check()
        there = self.grants.get(grant.key)
        if there is not None:
            if there.condition != grant.condition:
                raise CouldNotCheckError("there is one with another condition")
            return Change.ALREADY
        self._change("create", grant)
        self.hold(grant)
        return Change.DONE

    def delete_assignment(self, grant: RoleGrant) -> Change:
        self._check()
        if grant.key not in self.grants:
            return Change.ALREADY
        self._change("delete", grant)
        del self.grants[grant.key]
        return Change.DONE
