"""Every pair of the built-in roles, and the roles of the matrices among themselves."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Mapping

import pytest

from rbac_matrix.matrix import load_matrix
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.comparison import compare, contains
from rbac_matrix.permissions.interface import Permissions, Relation, RoleDefinition
from tests.fakes.permission_oracle import block_permits, counterexample

SAMPLE = 60
"""Roles that are put before the oracle, besides those that take something away."""


@functools.cache
def roles() -> Mapping[str, RoleDefinition]:
    return {role.name: role for role in RoleCatalogue.built_in()}


def of(name: str) -> Permissions:
    return roles()[name].permissions


CONTAINED = [
    ("Owner", "Contributor"),
    ("Owner", "User Access Administrator"),
    ("Owner", "Key Vault Contributor"),
    ("Contributor", "Reader"),
    ("Contributor", "AzureML Data Scientist"),
    ("Contributor", "AcrPush"),
    ("Reader", "AcrPull"),
    ("Monitoring Reader", "Reader"),
    ("Monitoring Contributor", "Monitoring Reader"),
    ("Log Analytics Contributor", "Log Analytics Reader"),
    ("Key Vault Administrator", "Key Vault Reader"),
    ("Key Vault Administrator", "Key Vault Secrets Officer"),
    ("Key Vault Secrets Officer", "Key Vault Secrets User"),
    ("AcrPush", "AcrPull"),
    ("Storage Blob Data Owner", "Storage Blob Data Contributor"),
    ("Storage Blob Data Contributor", "Storage Blob Data Reader"),
    ("User Access Administrator", "Role Based Access Control Administrator"),
]
NOT_CONTAINED = [
    ("Contributor", "Owner"),
    ("Contributor", "User Access Administrator"),
    ("Contributor", "Key Vault Reader"),  # its data actions
    ("Owner", "Key Vault Administrator"),
    ("Owner", "Storage Blob Data Reader"),
    ("Reader", "Log Analytics Data Reader"),
    ("Reader", "Contributor"),
    ("Reader", "Monitoring Reader"),
    ("Reader", "AzureML Data Scientist"),
    ("Log Analytics Reader", "Reader"),  # sharedKeys/read
    ("Key Vault Reader", "Key Vault Administrator"),
    ("AcrPull", "AcrPush"),
    ("AzureML Data Scientist", "AzureML Compute Operator"),
    ("AzureML Compute Operator", "AzureML Data Scientist"),
    ("Role Based Access Control Administrator", "User Access Administrator"),
]


@pytest.mark.parametrize(("outer", "inner"), CONTAINED)
def test_roles_that_contain_another(outer: str, inner: str) -> None:
    assert contains(of(outer), of(inner))
    assert compare(of(inner), of(outer)).relation in (Relation.SUBSET, Relation.EQUAL)
    assert compare(of(outer), of(inner)).relation in (Relation.EXCESS, Relation.EQUAL)


@pytest.mark.parametrize(("outer", "inner"), NOT_CONTAINED)
def test_roles_that_do_not(outer: str, inner: str) -> None:
    assert not contains(of(outer), of(inner))
    assert compare(of(inner), of(outer)).excess


def test_every_excess_of_the_matrices_roles_over_one_another_is_proved_by_its_example() -> None:
    named = [role.id for role in load_matrix("production").roles.values() if role.id]
    catalogue = RoleCatalogue.built_in()
    definitions = [found for found in map(catalogue.with_id, named) if found is not None]
    assert len(definitions) == len(named)
    for held in definitions:
        for allowed in definitions:
            for one in compare(held.permissions, allowed.permissions).excess:
                assert any(block_permits(block, one.example, data=one.data) for block in held.permissions.blocks)
                assert not any(block_permits(block, one.example, data=one.data) for block in allowed.permissions.blocks)


def test_what_the_matrices_say_that_a_role_includes_is_what_it_contains() -> None:
    catalogue = RoleCatalogue.built_in()
    matrix = load_matrix("production")
    known = {role.label: found for role in matrix.roles.values() if (found := catalogue.with_id(role.id)) is not None}
    assert len(known) > 25
    for label, definition in known.items():
        contained = {
            other for other in known if other != label and contains(definition.permissions, known[other].permissions)
        }
        assert matrix.roles[label].includes == contained, label


@pytest.mark.slow
def test_all_pairs_of_built_in_roles(capsys: pytest.CaptureFixture[str]) -> None:
    permissions = [role.permissions for role in roles().values()]
    names = list(roles())
    count = len(permissions)
    assert count == 928
    started = time.perf_counter()
    within = [[contains(outer, inner) for outer in permissions] for inner in permissions]
    seconds = time.perf_counter() - started
    above = [sum(1 << index for index, found in enumerate(row) if found) for row in within]
    pairs = sum(map(int.bit_count, above))
    equal = 0
    for inner in range(count):
        assert above[inner] >> inner & 1, f"{names[inner]} contains itself"
        for outer in range(count):
            if above[inner] >> outer & 1:
                assert above[outer] & ~above[inner] == 0, f"what contains {names[outer]} contains {names[inner]}"
                if inner < outer and above[outer] >> inner & 1:
                    equal += 1
                    assert compare(permissions[inner], permissions[outer]).relation is Relation.EQUAL
    owner, nothing = names.index("Owner"), 0
    for inner, held in enumerate(permissions):
        plain = not any(block.data_actions for block in held.blocks)
        assert bool(above[inner] >> owner & 1) == plain
        nothing += compare(held, held).relation is not Relation.EQUAL
    assert nothing == 0
    with capsys.disabled():
        print(
            f"\n{count * count:,} pairs in {seconds:.1f} s: {pairs - count:,} contain another, {equal} equal each other"
        )
    assert pairs - count > 5000


@pytest.mark.slow
def test_pairs_of_built_in_roles_beside_the_oracle() -> None:
    """Of roles that take something away or have several blocks, and of some others; not of those with conditions."""
    free = [role for role in roles().values() if not any(block.condition for block in role.permissions.blocks)]
    hard = [role for role in free if any(b.not_actions or b.not_data_actions for b in role.permissions.blocks)]
    small = [role for role in free if sum(len(b.actions) + len(b.data_actions) for b in role.permissions.blocks) < 12]
    chosen = random.Random(6)  # noqa: S311 - a sample, the same in every run
    sample = [*hard, *chosen.sample(small, SAMPLE)]
    for inner in sample:
        for outer in chosen.sample(sample, 3):
            expected = counterexample(inner.permissions, outer.permissions) is None
            assert contains(outer.permissions, inner.permissions) is expected, (outer.name, inner.name)
