"""Initiatives: reading them, finding their definitions, passing parameters on."""

from __future__ import annotations

import collections
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from policies.definitions import PolicyDefinition, read_definition
from policies.initiatives import Initiative, passed_parameters, read_initiative
from policies.libraries import Library
from policies.parameters import bind
from policies.values import DefinitionError, EvaluationError
from policies.versions import Fit, read_pin
from tests.fakes.policy_estate import BUILT_IN, definition, initiative, reference

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "azure-policy"
GUID = "0a914e76-4921-4c19-b460-a2d36003525a"


def test_an_initiative_is_read() -> None:
    made = initiative(
        "set",
        [reference("a", "first", definitionVersion="1.*.*", groupNames=["CTRL-1"]), reference("b")],
        parameters={"where": {"type": "Array", "defaultValue": ["westeurope"]}},
        policyDefinitionGroups=[{"name": "ctrl-1", "category": "Network", "additionalMetadataId": "/x"}],
        versions=["1.0.0"],
    )
    first, second = made.references
    assert (first.id, first.definition_id) == ("first", f"{BUILT_IN}/policyDefinitions/a".lower())
    assert first.pin == read_pin("1.*.*", "")
    assert first.groups == ("ctrl-1",)
    assert second.pin is None
    assert made.groups[0].category == "Network"
    assert made.versions == ("1.0.0",)


def test_keys_have_any_case() -> None:
    body = {"PROPERTIES": {"PolicyDefinitions": [{"PolicyDefinitionID": "/x/y", "PARAMETERS": {"a": {"VALUE": 1}}}]}}
    assert read_initiative(body).references[0].parameters == {"a": 1}


def test_a_reference_without_id_is_named_after_its_definition_and_stays_unique() -> None:
    made = initiative("set", [{"policyDefinitionId": "/p/Tags"}, {"policyDefinitionId": "/p/tags"}])
    assert [item.id for item in made.references] == ["tags", "tags-2"]


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({}, "properties"),
        ({"policyDefinitions": []}, "properties"),
        ({"policyDefinitions": {}}, "properties.policyDefinitions"),
        ({"policyDefinitions": ["x"]}, "properties.policydefinitions[0]"),
        ({"policyDefinitions": [{"policyDefinitionId": ""}]}, "properties.policydefinitions[0]"),
        ({"policyDefinitions": [{"policyDefinitionId": "/x", "what": 1}]}, "properties.policydefinitions[0]"),
        (
            {"policyDefinitions": [{"policyDefinitionId": "/x", "definitionVersion": "one"}]},
            "properties.policydefinitions[0].definitionVersion",
        ),
        (
            {"policyDefinitions": [{"policyDefinitionId": "/x", "groupNames": ["missing"]}]},
            "properties.policydefinitions[0].groupNames",
        ),
        (
            {"policyDefinitions": [{"policyDefinitionId": "/x", "parameters": {"a": {"value": "[parameters('no')]"}}}]},
            "properties.policydefinitions[0].parameters.a.value",
        ),
        (
            {"policyDefinitions": [{"policyDefinitionId": "/x", "parameters": {"a": 3}}]},
            "properties.policydefinitions[0].parameters.a",
        ),
        ({"policyDefinitions": [reference("a"), reference("b", "A")]}, "properties.policydefinitions[1]"),
        ({"policyDefinitions": [reference("a")], "surprise": 1}, "properties"),
    ],
)
def test_what_is_wrong_is_an_error_with_its_place(properties: dict[str, Any], path: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_initiative({"properties": properties})
    assert caught.value.path.lower() == path.lower()


def passing(value: Any, **given: Any) -> Any:
    made = initiative(
        "set",
        [reference("a", parameters={"p": {"value": value}})],
        parameters={
            "effect": {"type": "String", "defaultValue": "Audit"},
            "zones": {"type": "Array", "defaultValue": ["1", "2"]},
            "needed": {"type": "String"},
        },
    )
    return passed_parameters(made.references[0], bind(made.parameters, given))["p"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Deny", "Deny"),
        (7, 7),
        (["a", "[parameters('effect')]"], ["a", "Audit"]),
        ("[parameters('effect')]", "Audit"),
        ("[parameters('EFFECT')]", "Audit"),
        ("[parameters('zones')]", ["1", "2"]),
        ("[if(contains(parameters('zones'), '2'), 'yes', 'no')]", "yes"),
        ("[concat(parameters('effect'), 'IfNotExists')]", "AuditIfNotExists"),
        ("[[parameters('effect')]", "[parameters('effect')]"),
    ],
)
def test_parameters_are_passed_on(value: Any, expected: Any) -> None:
    assert passing(value) == expected


def test_the_assignment_decides_over_the_default() -> None:
    assert passing("[parameters('effect')]", effect={"value": "Disabled"}) == "Disabled"


@pytest.mark.parametrize("value", ["[parameters('needed')]", "[field('name')]", "[requestContext().apiVersion]"])
def test_a_parameter_that_has_no_value_without_a_resource_is_an_error(value: str) -> None:
    with pytest.raises(EvaluationError):
        passing(value)


def test_definitions_are_found_by_id_and_by_guid_and_not_by_any_name() -> None:
    own = definition(GUID)
    named = definition("allowed-locations")
    library = Library([own, named])
    found = library.find(f"{BUILT_IN}/POLICYDEFINITIONS/{GUID.upper()}")
    assert found is not None
    assert found.document is own
    elsewhere = library.find(f"/subscriptions/x/providers/Microsoft.Authorization/policyDefinitions/{GUID}")
    assert elsewhere is not None
    assert library.find(f"{BUILT_IN}/policyDefinitions/allowed-locations") is not None
    # A name that isn't a GUID may be another definition at another scope.
    assert (
        library.find("/subscriptions/x/providers/Microsoft.Authorization/policyDefinitions/allowed-locations") is None
    )
    assert library.find("/nothing") is None


def test_of_several_versions_the_one_that_is_pinned_is_taken_else_the_newest() -> None:
    versions = [definition(GUID, version=version) for version in ("1.4.0", "2.0.0", "1.10.0", "3.0.0-preview")]
    library = Library(versions)
    for pin, expected, fits in [
        ("1.*.*", "1.10.0", Fit.CONTENT),
        ("1.4.*", "1.4.0", Fit.CONTENT),
        ("3.*.*-preview", "3.0.0-preview", Fit.CONTENT),
        ("7.*.*", "3.0.0-preview", Fit.ABSENT),
    ]:
        found = library.find(GUID, read_pin(pin, "p"))
        assert found is not None
        assert (found.document.version, found.fit) == (expected, fits)
        assert bool(found.problem(read_pin(pin, "p"))) is (fits is not Fit.CONTENT)


def test_several_ids_with_the_same_guid_are_not_guessed_among() -> None:
    one = definition(GUID)
    other = read_definition(
        {
            "id": f"/subscriptions/x/y/{GUID}",
            "name": GUID,
            "properties": {"policyRule": {"if": one.rule_if, "then": {"effect": "deny"}}},
        }
    )
    with pytest.raises(DefinitionError, match="several"):
        Library([one, other]).find(f"/elsewhere/{GUID}")


@pytest.fixture(scope="module")
def corpus() -> tuple[Library[PolicyDefinition], list[Initiative]]:
    with gzip.open(SHARED / "policyDefinitions.jsonl.gz") as lines:
        definitions = [read_definition(item["body"], item["path"]) for item in map(json.loads, lines)]
    with gzip.open(SHARED / "policySetDefinitions.jsonl.gz") as lines:
        initiatives = [read_initiative(item["body"], item["path"]) for item in map(json.loads, lines)]
    return Library(definitions), initiatives


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpus is not beside this clone")
class TestCorpus:
    """Microsoft's built-in initiatives."""

    def test_all_references_resolve_and_pins_that_do_not_match_are_counted(
        self, corpus: tuple[Library[PolicyDefinition], list[Initiative]]
    ) -> None:
        library, initiatives = corpus
        fits: collections.Counter[Fit] = collections.Counter()
        reported = 0
        for made in initiatives:
            for item in made.references:
                found = library.find(item.definition_id, item.pin, made.source)
                assert found is not None, (made.source, item.id)
                fits[found.fit] += 1
                reported += bool(found.problem(item.pin))
        assert len(initiatives) == 257
        assert sum(fits.values()) == 20_923
        # 171 pins ask for a version that the definition lists, and 38 for one that nobody lists (most for previews of
        # definitions that have been released since). docs/azure-policy-assignments.md says what becomes of them.
        assert fits == {Fit.CONTENT: 20_714, Fit.LISTED: 171, Fit.ABSENT: 38}
        assert reported == 209

    def test_an_initiative_of_a_sovereign_cloud_gets_the_definitions_of_that_cloud(
        self, corpus: tuple[Library[PolicyDefinition], list[Initiative]]
    ) -> None:
        library, initiatives = corpus
        mark = "Azure Government"
        seen = 0
        for made in initiatives:
            for item in made.references:
                found = library.find(item.definition_id, item.pin, made.source)
                assert found is not None
                if found.fit is Fit.CONTENT and mark not in made.source:
                    assert mark not in found.document.source, (made.source, item.id)
                seen += mark in made.source and mark in found.document.source
        assert seen > 2_000

    def test_parameters_bind_wherever_the_initiative_has_defaults_for_them(
        self, corpus: tuple[Library[PolicyDefinition], list[Initiative]]
    ) -> None:
        library, initiatives = corpus
        bound = 0
        for made in initiatives:
            if any(not parameter.has_default for parameter in made.parameters.values()):
                continue
            parameters = bind(made.parameters, {})
            for item in made.references:
                passed_parameters(item, parameters)
                assert library.find(item.definition_id, item.pin, made.source) is not None
                bound += 1
        assert bound > 10_000
