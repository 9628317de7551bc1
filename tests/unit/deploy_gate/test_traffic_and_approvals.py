"""Shares of traffic, and who may approve."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy_gate.approvals import refusal
from deploy_gate.project import load_project
from deploy_gate.traffic import shifted
from tests.fakes.tiny_project import write_tiny_project


@given(st.lists(st.integers(1, 100), max_size=6), st.integers(1, 100))
def test_shares_always_add_up_to_100_and_the_new_one_gets_what_it_should(weights: list[int], percent: int) -> None:
    total = sum(weights)
    before = {f"d{index}": weight * 100 // total for index, weight in enumerate(weights)} if weights else {}
    if before:
        before["d0"] += 100 - sum(before.values())
    after = shifted(before, "new", percent)
    assert sum(after.values()) == 100
    assert all(share >= 0 for share in after.values())
    assert after["new"] == (percent if any(before.values()) else 100)


def test_the_rest_keeps_its_proportions() -> None:
    assert shifted({"a": 75, "b": 25}, "new", 20) == {"a": 60, "b": 20, "new": 20}


@pytest.mark.parametrize(
    ("approver", "refused"),
    [
        ("reviewer@example.com", None),
        ("Reviewer@Example.COM ", None),
        ("author@example.com", "among the authors"),
        ("someone@example.com", "may not approve"),
        ("", "may not approve"),
    ],
)
def test_who_may_approve(tmp_path: Path, approver: str, refused: str | None) -> None:
    write_tiny_project(tmp_path)
    policy = load_project(tmp_path).environment("production")
    why = refusal(approver, policy, {"author@example.com"})
    assert why is None if refused is None else why is not None and refused in why
    assert refusal(approver, dataclasses.replace(policy, approvers=frozenset()), set()) is not None
