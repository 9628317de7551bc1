"""Plans of random estates, carried out: the second one has nothing to do, and nothing else was touched."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy_gate.role_plans import carry_out, document_of
from deploy_gate.role_ports import RoleGrant
from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.changes.plan import MARK, Plan, plan, wanted_assignments
from rbac_matrix.estate.model import Estate
from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.organisation.model import BreakGlass, Organisation, Setup
from rbac_matrix.principals import Principal, Principals
from rbac_matrix.scopes import scope_of
from tests.fakes.fake_roles import FakeRoleAssignments
from verdicts import CouldNotCheckError, Location

HERE = Location("rbac.yml", 1)
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
GROUP = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
BUILT_IN = load_organisation(None)
PERSONAS = tuple(next(iter(BUILT_IN.matrices.values())).personas)
IDS = {persona: f"00000000-0000-4000-8000-{number:012d}" for number, persona in enumerate(PERSONAS)}
STRANGERS = tuple(f"00000000-0000-4000-8000-{number:012d}" for number in range(100, 103))
ROLES = ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635")
MATRICES = ("production", "development")


class NoTrail:
    def append(self, run: str, event: str, data: Mapping[str, Any]) -> None:
        """Keeps nothing."""


def organisation(personas: frozenset[str], environment: str, glass: tuple[str, ...]) -> Organisation:
    resources = {"ml-workspace": (WORKSPACE,), "key-vault": (VAULT,)}
    entries = tuple(
        Principal(
            persona=one,
            object_id=IDS[one],
            identity="",
            resource_type="",
            type="Group",
            name=one,
            location=HERE,
        )
        for one in PERSONAS
        if one in personas
    )
    return dataclasses.replace(
        BUILT_IN,
        setups=(Setup(name="credit", environment=environment, resources=resources, location=HERE),),
        principals=Principals(entries),
        break_glass=tuple(BreakGlass(object_id=one, reason="fire", location=HERE) for one in glass),
    )


grants = st.builds(
    RoleGrant,
    scope=st.sampled_from([WORKSPACE, WORKSPACE.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), VAULT, GROUP]),
    role_id=st.sampled_from(ROLES),
    principal_id=st.sampled_from([*IDS.values(), *STRANGERS]),
    eligible=st.booleans(),
    description=st.sampled_from(["", f"{MARK} an older plan's", "by hand"]),
)


def listed(port: FakeRoleAssignments) -> Estate:
    """What a whole export would say."""
    return Estate(
        whole=True,
        assignments=[
            RoleAssignment(
                name=one.name,
                role_id=one.role_id,
                role_text=one.role_id,
                principal_id=one.principal_id,
                principal_text=one.principal_id,
                scope=scope_of(one.scope),
                timing=Timing.ELIGIBLE if one.eligible else Timing.PERMANENT,
                description=one.description,
                location=HERE,
            )
            for one in port.grants.values()
        ],
    )


def planned(own: Organisation, environment: str, port: FakeRoleAssignments, *, all_of_it: bool) -> Plan:
    wanted = wanted_assignments(own, environment)
    return plan(wanted, listed(port), own, environment, group_ids={}, remove_unmanaged=all_of_it)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    held=st.lists(grants, max_size=12),
    personas=st.frozensets(st.sampled_from(PERSONAS), max_size=6),
    environment=st.sampled_from(MATRICES),
    glass=st.sampled_from([(), STRANGERS[:1]]),
    all_of_it=st.booleans(),
    fails_at=st.none() | st.integers(1, 6),
)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(
    held: list[RoleGrant],
    personas: frozenset[str],
    environment: str,
    glass: tuple[str, ...],
    all_of_it: bool,
    fails_at: int | None,
) -> None:
    own = organisation(personas, environment, glass)
    port = FakeRoleAssignments(fails_at=fails_at)
    port.hold(*held)
    before = dict(port.grants)
    first = planned(own, environment, port, all_of_it=all_of_it)
    assert port.grants == before
    document = document_of(first, removes_unmanaged=all_of_it, now=NOW)

    def carried_out() -> None:
        for _ in carry_out(document, port, NoTrail(), run="r", by="me", never=glass):
            pass

    try:
        carried_out()
    except CouldNotCheckError:
        port.fails_at = None
        carried_out()
    second = planned(own, environment, port, all_of_it=all_of_it)
    assert (second.creations, second.deletions) == ((), ())
    wanted = {
        (one.scope.casefold(), one.role_id, one.principal_id, one.eligible)
        for one in wanted_assignments(own, environment).assignments
    }
    assert wanted <= set(port.grants)
    for key, one in before.items():
        on_setup = key[0] in (WORKSPACE.casefold(), VAULT.casefold())
        may_go = on_setup and key not in wanted and one.principal_id not in glass
        may_go = may_go and (all_of_it or one.description.startswith(MARK))
        assert (key in port.grants) != may_go
    assert set(port.grants) == wanted | {key for key in before if key in port.grants}
    changes = list(port.changes)
    carried_out()
    assert port.changes == changes
