"""What ids name, and which scope lies in which."""

from __future__ import annotations

import pytest

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.scopes import in_words, lineage, reaches, scope_of, segments, type_and_name

SUB = "/subscriptions/11111111-1111-4111-8111-111111111111"
GROUP = f"{SUB}/resourceGroups/rg-ML"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
SECRET = f"{VAULT}/secrets/one"
LOCK = f"{VAULT}/providers/Microsoft.Authorization/locks/l"


@pytest.mark.parametrize(
    ("text", "kind", "resource_type"),
    [
        ("/", ScopeKind.TENANT, ""),
        ("", ScopeKind.TENANT, ""),
        (SUB, ScopeKind.SUBSCRIPTION, ""),
        (SUB + "/", ScopeKind.SUBSCRIPTION, ""),
        (GROUP, ScopeKind.RESOURCE_GROUP, ""),
        (VAULT, ScopeKind.RESOURCE, "Microsoft.KeyVault/vaults"),
        (SECRET, ScopeKind.RESOURCE, "Microsoft.KeyVault/vaults/secrets"),
        (LOCK, ScopeKind.RESOURCE, "Microsoft.Authorization/locks"),
        ("/providers/Microsoft.Management/managementGroups/mg", ScopeKind.MANAGEMENT_GROUP, ""),
        (f"{SUB}/resourceGroups", ScopeKind.UNKNOWN, ""),
        (f"{GROUP}/providers/Microsoft.KeyVault/vaults", ScopeKind.UNKNOWN, ""),
        (f"{GROUP}/providers/{{parameters('type')}}/vaults/x", ScopeKind.UNKNOWN, ""),
        ("subscriptions", ScopeKind.UNKNOWN, ""),
    ],
)
def test_an_id_names_one_kind_of_scope(text: str, kind: ScopeKind, resource_type: str) -> None:
    scope = scope_of(text)
    assert (scope.kind, scope.resource_type) == (kind, resource_type)
    assert in_words(scope)


def test_a_scope_lies_in_everything_above_it_whatever_the_case() -> None:
    assert lineage(SECRET) == (SECRET.lower(), VAULT.lower(), GROUP.lower(), SUB, "/")
    assert lineage(LOCK) == (LOCK.lower(), VAULT.lower(), GROUP.lower(), SUB, "/")
    assert lineage("/") == ("/",)
    assert reaches(GROUP.upper(), SECRET)
    assert reaches("/", VAULT)
    assert reaches(VAULT, VAULT + "/")
    assert not reaches(VAULT, GROUP)
    assert not reaches(GROUP, GROUP + "-two")
    assert not reaches(VAULT + "2", VAULT)


def test_a_management_group_lies_in_the_tenant_only() -> None:
    group = "/providers/Microsoft.Management/managementGroups/mg"
    assert lineage(group) == (group.lower(), "/")


def test_what_is_not_known_separates_nothing() -> None:
    text = "/subscriptions/{subscription('a/b').id}/resourceGroups/{resourceGroup().name}"
    assert segments(text)[1] == "{subscription('a/b').id}"
    assert scope_of(text).kind is ScopeKind.RESOURCE_GROUP
    assert lineage(text)[1:] == ("/subscriptions/{subscription('a/b').id}", "/")


def test_type_and_name_of_children() -> None:
    assert type_and_name(SECRET) == ("Microsoft.KeyVault/vaults/secrets", "kv/one")
    assert type_and_name(SUB) == ("", "")
