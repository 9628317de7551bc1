"""Azure's own definitions over the resources of public templates: each pair has an answer, and each doubt a reason."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest

from benchmarks.corpus import DEFINITIONS, TEMPLATES, plausible_parameters, template_resources
from policies.aliases import built_in_aliases
from policies.definitions import MACHINE_LEARNING_MODES, RESOURCE_MANAGER_MODES
from policies.evaluation import State, evaluate
from policies.pack import Member, Pack
from policies.pack_cache import load_pack
from policies.scope import Surroundings

pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(
        not (DEFINITIONS.is_file() and TEMPLATES.is_dir()), reason=f"there is no shared data at {DEFINITIONS.parent}"
    ),
]

NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def pack() -> Pack:
    """All 5,009 public definitions with their defaults."""
    return load_pack(DEFINITIONS)


@pytest.fixture(scope="module")
def assigned(pack: Pack) -> Pack:
    """The same with a value for every parameter that has none, and an effect that does something where there is one."""
    return load_pack(DEFINITIONS, {member.facts.name: plausible_parameters(member) for member in pack.members})


@pytest.fixture(scope="module")
def resources() -> list[dict[str, Any]]:
    return template_resources()


@pytest.fixture(scope="module")
def surroundings() -> Surroundings:
    return Surroundings(aliases=built_in_aliases(), now=NOW)


def evaluable(member: Member) -> bool:
    return member.facts.mode in RESOURCE_MANAGER_MODES and member.facts.effect != "manual"


def test_every_definition_loads_and_compiles(pack: Pack, assigned: Pack) -> None:
    assert pack.errors == assigned.errors == ()
    assert pack.skipped == ()
    modes = collections.Counter(member.facts.mode for member in pack.members)
    assert sum(modes.values()) == 5009
    assert sum(modes[mode] for mode in RESOURCE_MANAGER_MODES) == 3117
    assert modes["static"] == 1664
    assert len(pack.where(evaluable)) == 2560


def judged(pack: Pack, resources: Iterable[dict[str, Any]], surroundings: Surroundings) -> collections.Counter[State]:
    """The number of each state; fails for a doubt or an error that doesn't say why."""
    states: collections.Counter[State] = collections.Counter()
    why: collections.Counter[tuple[State, str]] = collections.Counter()
    evaluation = pack.evaluate(resources, surroundings)
    for _, _, answer in evaluation:
        states[answer.state] += 1
        assert answer.reason.strip()
        if answer.state in (State.UNKNOWN, State.ERROR):
            why[answer.state, answer.reason] += 1
    states[State.NOT_APPLICABLE] += evaluation.counts.not_applicable
    assert states.total() == evaluation.counts.pairs
    print(f"\n{evaluation.counts.pairs:,} pairs:", {state.value: number for state, number in states.items()})
    for (state, reason), number in why.most_common(12):
        print(f"{number:8,} {state.value}: {reason}")
    return states


def test_every_pair_of_definition_and_resource_has_a_state(
    assigned: Pack, resources: list[dict[str, Any]], surroundings: Surroundings
) -> None:
    part = assigned.where(evaluable)
    states = judged(part, resources, surroundings)
    assert len(resources) > 1_000
    assert states.total() == len(resources) * 2560
    assert all(states[state] for state in (State.COMPLIANT, State.NON_COMPLIANT, State.UNKNOWN, State.NOT_APPLICABLE))


def test_a_parameter_without_a_value_is_an_error_that_names_it(
    pack: Pack, resources: list[dict[str, Any]], surroundings: Surroundings
) -> None:
    states = judged(pack.where(evaluable), resources[:300], surroundings)
    assert states[State.ERROR] > 0
    reasons = {
        answer.reason
        for _, _, answer in pack.where(evaluable).evaluate(resources[:300], surroundings)
        if answer.state is State.ERROR
    }
    assert all("the parameter " in reason and "has no value" in reason for reason in reasons), reasons


def test_what_the_index_leaves_out_does_not_apply(
    assigned: Pack, resources: list[dict[str, Any]], surroundings: Surroundings
) -> None:
    part = assigned.where(evaluable)
    for resource in {(item["type"], str(item.get("kind"))): item for item in resources}.values():
        asked = {id(policy) for policy, _ in part.candidates(resource, surroundings)}
        for member in part.members:
            if id(member.policy) not in asked:
                answer = evaluate(member.policy, resource, surroundings)
                assert answer.state is State.NOT_APPLICABLE, (member.source, resource["type"])


def test_a_pack_answers_as_each_definition_alone(
    assigned: Pack, resources: list[dict[str, Any]], surroundings: Surroundings
) -> None:
    part = assigned.where(evaluable)
    policies = {member.source: member.policy for member in part.members}
    for position, definition, answer in part.evaluate(resources[::7], surroundings):
        assert answer == evaluate(policies[definition.source], resources[::7][position], surroundings)


def test_static_definitions_apply_to_nothing(
    pack: Pack, resources: list[dict[str, Any]], surroundings: Surroundings
) -> None:
    part = pack.where(lambda member: member.facts.mode == "static")
    states = judged(part, resources, surroundings)
    assert set(states) == {State.NOT_APPLICABLE}
    assert evaluate(part.members[0].policy, resources[0], surroundings).state is State.NOT_APPLICABLE


def test_of_the_data_planes_those_of_machine_learning_are_evaluated_and_the_others_unknown(
    pack: Pack, resources: list[dict[str, Any]], surroundings: Surroundings
) -> None:
    part = pack.where(lambda member: member.facts.mode not in (*RESOURCE_MANAGER_MODES, "static"))
    own = {member.source for member in part.members if member.facts.mode in MACHINE_LEARNING_MODES}
    assert (len(part), len(own)) == (228, 9)
    disabled = {member.source for member in part.members if member.facts.effect == "disabled"}
    key_in_vault = {"type": "Microsoft.KeyVault/vaults/keys", "name": "vault/key", "properties": {}}
    subjects = [key_in_vault, *resources[:199]]
    of_vaults = set()
    for position, definition, answer in part.evaluate(subjects, surroundings):
        assert answer.reason
        if definition.source in own:
            assert "resource provider" not in answer.reason
        else:
            assert definition.mode in answer.reason
            assert answer.state in (State.UNKNOWN, State.NOT_APPLICABLE)
            if position == 0 and definition.mode == "microsoft.keyvault.data":
                assert answer.state is State.UNKNOWN
                assert "resource provider" in answer.reason
                of_vaults.add(definition.source)
    vaults = {member.source for member in part.members if member.facts.mode == "microsoft.keyvault.data"}
    assert of_vaults == vaults - disabled
    assert of_vaults
