"""An organisation's file: what it changes, and what of that is named in reports."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rbac_matrix.matrix import MATRIX_NAMES, Access, load_matrix
from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.organisation.model import Organisation, Workload
from tests.unit.rbac_matrix.organisation.organisation_files import AUDITOR, GOOD, GROUP, HEAD, OTHER, SETUP, load
from verdicts import ConfigurationError, Severity


def texts(organisation: Organisation, *, widens: bool) -> list[str]:
    return [one.text for one in organisation.deviations if one.widens is widens]


def test_without_a_file_everything_is_built_in() -> None:
    built_in = load_organisation(None)
    for name in MATRIX_NAMES:
        assert built_in.matrices[name].cells == load_matrix(name).cells
    assert built_in.deviations == ()
    assert built_in.principals.entries == ()
    assert len(built_in.inputs) == 7
    assert all(one.digest.startswith("sha256:") for one in built_in.inputs)


def test_a_file_that_changes_nothing_is_the_built_in_data_and_an_input(tmp_path: Path) -> None:
    one = load(tmp_path, "")
    built_in = load_organisation(None)
    assert (one.rules, one.workloads, one.combinations) == (built_in.rules, built_in.workloads, built_in.combinations)
    assert one.matrices["production"].cells == built_in.matrices["production"].cells
    assert one.inputs[-1].name == "rbac.yml"
    assert one.matrices["production"].inputs == one.inputs
    assert one.deviations == ()


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    for text in ("", "[]", "&a [*a]", "schema: [", "a: 1\na: 2\n"):
        file = tmp_path / "rbac.yml"
        file.write_text(text)
        with pytest.raises(ConfigurationError):
            load_organisation(file)
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_organisation(tmp_path / "absent.yml")


def test_a_cell_is_replaced_and_named_with_file_and_line(tmp_path: Path) -> None:
    text = "cells:\n  production:\n    data-scientist:\n      ml-workspace: {roles: [R], reason: break-fix}\n"
    one = load(tmp_path, text)
    assert one.matrices["production"].cells["data-scientist", "ml-workspace"] == ("R",)
    assert one.matrices["pre-production"].cells["data-scientist", "ml-workspace"] == ("ADS",)
    (deviation,) = one.deviations
    assert deviation.widens
    assert str(deviation) == (
        "production: data-scientist on ml-workspace has R instead of nothing (break-fix), rbac.yml:6"
    )


def test_what_a_cell_narrows_needs_no_reason_by_what_the_roles_permit(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["cells"])
    assert texts(one, widens=True) == []
    assert "production: ci-cd on key-vault has C instead of O and KVA" in texts(one, widens=False)
    assert one.matrices["production"].cell("data-scientist", "container-registry") == ()


@pytest.mark.parametrize(
    ("roles", "reason"),
    [("[O]", True), ("[R]", False), ("[Reader]", False), ("[AcrPull]", False), ("[R, AcrPush]", True), ("[KVA]", True)],
)
def test_more_than_the_built_in_cell_needs_a_reason(tmp_path: Path, roles: str, reason: bool) -> None:
    text = f"cells: {{production: {{data-scientist: {{container-registry: {roles}}}}}}}\n"
    if not reason:
        assert texts(load(tmp_path, text), widens=True) == []
        return
    with pytest.raises(ConfigurationError, match="say why") as caught:
        load(tmp_path, text)
    assert caught.value.where == "rbac.yml:3"
    assert "reason: ..." in caught.value.remedy
    given = load(tmp_path, text.replace(roles, f"{{roles: {roles}, reason: because}}"))
    assert len(texts(given, widens=True)) == 1


def test_personas_come_go_and_are_renamed(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["personas"])
    personas = one.matrices["production"].personas
    assert "data-analyst" not in personas
    assert personas["project-lead"].name == "Lead"
    assert list(personas)[-1] == "ml-auditor"
    assert one.rules["ml-auditor"].principal_types == {"Group"}
    assert set(one.rules) == set(personas)
    assert all(persona in personas for matrix in one.matrices.values() for persona, _ in matrix.cells)
    assert all(side.personas <= set(personas) for rule in one.combinations for side in (rule.first, rule.second))


def test_a_combination_without_a_side_goes_and_is_named_as_widening(tmp_path: Path) -> None:
    one = load(tmp_path, "personas: {remove: {model-tester: nobody, ci-cd: nobody}}\n")
    ids = {rule.id for rule in one.combinations}
    assert "model-tester-and-ci-cd" not in ids
    assert "committer-and-approver" in ids
    assert any("model-tester-and-ci-cd is gone" in text for text in texts(one, widens=True))


def test_services_come_go_and_are_renamed(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["services"])
    services = one.matrices["production"].services
    assert (services["azure-devops"].name, "azure-artifacts" in services) == ("Boards", False)
    found = one.matrices["production"].service_of("Microsoft.CognitiveServices/accounts/deployments")
    assert found is not None
    assert found.id == "ai"
    assert texts(one, widens=True) == ["the service azure-artifacts is gone"]
    assert all(service in services for matrix in one.matrices.values() for _, service in matrix.cells)


def test_matrices_come_and_are_renamed_and_combinations_follow(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["matrices"])
    assert list(one.matrices) == ["live", "pre-production", "sandbox"]
    assert one.matrices["sandbox"].cells == load_matrix("pre-production").cells
    recovery, play = one.matrix_for("recovery"), one.matrix_for("play")
    assert (recovery and recovery.name, play and play.name) == ("live", "sandbox")
    assert one.matrix_for("sandbox") is play
    assert one.matrix_for("elsewhere") is None
    owner = next(rule for rule in one.combinations if rule.id == "data-scientist-and-production-owner")
    assert owner.second.environments == {"live"}
    assert one.environments == ("staging", "test", "production", "recovery", "development", "play")


def test_a_combination_whose_environments_are_gone_does_not_hold_everywhere(tmp_path: Path) -> None:
    one = load(tmp_path, "matrices: {remove: {production: no production}}\n")
    assert "data-scientist-and-production-owner" not in {rule.id for rule in one.combinations}
    assert any("data-scientist-and-production-owner" in text for text in texts(one, widens=True))


def test_an_environment_can_move_with_a_reason(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["a moved environment"])
    matrix = one.matrix_for("staging")
    assert matrix is not None
    assert matrix.name == "pre-production"
    assert len(texts(one, widens=True)) == 2


def test_roles_get_abbreviations_ids_and_the_severity_of_what_they_permit(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["roles"])
    roles = one.matrices["production"].roles
    assert roles["AOU"].id == "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
    assert "AOU" in {grant.role for grant in one.workloads}
    assert roles["Grafana Admin"].id == "22926164-76b3-42b3-bc55-97df8dab3e41"
    assert roles["Grafana Admin"].excess in (Severity.HIGH, Severity.CRITICAL)
    assert (roles["MLD"].id, roles["MLD"].excess) == ("", Severity.MEDIUM)
    (custom,) = one.custom_roles
    assert (custom.name, custom.built_in) == ("Model deployer", False)
    assert custom.location is not None
    assert custom.location.line == 7
    assert [role.label for role in one.matrices["production"].cell("data-analyst", "ml-workspace")] == ["MLD"]


def test_rules_change_and_the_personas_access_with_them(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["rules"])
    rules = one.rules["data-scientist"]
    assert (rules.just_in_time, rules.maximum_hours, rules.conditions) == (True, 8, ("*blobServices*",))
    assert rules.principal_types == {"Group"}
    assert one.matrices["production"].personas["data-scientist"].access is Access.JUST_IN_TIME
    assert texts(one, widens=True) == ["the rules of ci-cd differ"]


def test_combinations_and_workload_identities_change(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["combinations"])
    assert {"keys"} == {rule.id for rule in one.combinations} - {
        rule.id for rule in load_organisation(None).combinations
    }
    assert texts(one, widens=True) == ["the combination developer-and-ci-cd is allowed"]
    one = load(tmp_path, GOOD["workloads"])
    hub = {(grant.scope, grant.role) for grant in one.workloads if grant.workload is Workload.HUB}
    assert ("resource-group", "C") not in hub
    assert ("Microsoft.Search/searchServices", "R") in hub
    assert texts(one, widens=True) == ["the hub's identity may have R on Microsoft.Search/searchServices"]


def test_setups_own_resources_and_break_glass_ends(tmp_path: Path) -> None:
    one = load(tmp_path, SETUP + GOOD["break-glass"])
    (setup,) = one.setups
    assert (setup.name, setup.environment, list(setup.resources)) == ("credit", "production", ["ml-workspace"])
    (glass,) = one.break_glass
    assert glass.holds(dt.date(2027, 1, 1))
    assert not glass.holds(dt.date(2027, 1, 2))


def test_a_file_that_extends_nothing_has_nothing_but_what_it_says(tmp_path: Path) -> None:
    one = load(tmp_path, GOOD["alone"])
    assert (list(one.matrices), list(one.rules), one.combinations, one.workloads) == (
        ["everything"],
        ["ml-auditor"],
        (),
        (),
    )
    assert one.deviations == ()
    assert [role.name for role in one.matrices["everything"].cell("ml-auditor", "vault")] == ["Key Vault Reader"]


def test_the_principals_file_joins_the_groups(tmp_path: Path) -> None:
    line = f"  - {{persona: model-tester, object_id: {OTHER}, type: Group}}\n"
    one = load(tmp_path, GOOD["principals"], principals=line)
    assert [entry.persona for entry in one.principals.entries] == [
        "ci-cd",
        "ml-workspace",
        "monitoring",
        "model-tester",
    ]
    assert one.inputs[-1].name == "principals.yml"
    same = load(tmp_path, GOOD["principals"], principals=f"  - {{persona: ci-cd, object_id: {GROUP}, type: Group}}\n")
    assert len(same.principals.entries) == 3


@pytest.mark.parametrize(
    "line",
    [
        f"{{persona: model-tester, object_id: {GROUP.upper()}, type: Group}}",
        "{persona: model-tester, identity: W}",
        "{persona: model-tester, group: Watchers}",
    ],
)
def test_two_files_cannot_give_one_principal_to_two_personas(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"two personas claim .* at rbac\.yml:3") as caught:
        load(tmp_path, GOOD["principals"], principals=f"  - {line}\n")
    assert caught.value.where == "principals.yml:3"


def test_the_principals_file_may_name_the_organisations_own_persona(tmp_path: Path) -> None:
    line = f"  - {{persona: ml-auditor, object_id: {GROUP}, type: Group}}\n"
    assert load(tmp_path, f"personas: {{add: [{AUDITOR}]}}\n", principals=line).principals.entries
    with pytest.raises(ConfigurationError, match="no persona 'ml-auditor'"):
        load(tmp_path, "", principals=line)


def test_every_deviation_has_its_line_and_every_widening_of_a_good_file_a_reason(tmp_path: Path) -> None:
    for text in GOOD.values():
        for one in load(tmp_path, text).deviations:
            assert one.location.line is not None
            assert one.location.line > HEAD.count("\n")
            assert one.reason or not one.widens
