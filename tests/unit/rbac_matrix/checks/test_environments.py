"""A group of another environment stands for nobody here."""

from __future__ import annotations

import pytest

from tests.fakes import rbac


@pytest.mark.parametrize(
    ("setups", "unknown"),
    [
        (frozenset(), False),
        (frozenset({("", "production")}), False),
        (frozenset({("", "Production"), ("", "development")}), False),
        (frozenset({("", "development")}), True),
    ],
)
def test_a_group_of_another_environment_is_unknown_here(setups: frozenset[tuple[str, str]], unknown: bool) -> None:
    own = rbac.organisation(rbac.principal("monitoring", setups=setups))
    found = rbac.rules(rbac.template(rbac.assignment("R", "monitoring")), own=own)
    assert ("MLG-RBAC-UNKNOWN-PRINCIPAL" in found) is unknown
