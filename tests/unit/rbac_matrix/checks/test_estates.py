"""Rules that look at an estate as a whole: who is on two sides, what is shared, what is missing, who is a guest."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rbac_matrix.assignments import AssignmentScope, RoleAssignment, ScopeKind
from rbac_matrix.cells import CellState
from rbac_matrix.checks import collecting, estate_rules
from rbac_matrix.checks.cells import MISSING, SUBSET
from rbac_matrix.checks.devops import DEVOPS
from rbac_matrix.checks.judging import judge
from rbac_matrix.checks.registry import RULES
from rbac_matrix.checks.separation import SEPARATION
from rbac_matrix.checks.who import GUEST
from rbac_matrix.estate.model import DirectoryObject, Gap, IdentityUse, Part, PrincipalKind
from rbac_matrix.matrix import load_matrix
from rbac_matrix.organisation.model import Combination, Setup, Side
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition
from tests.fakes.rbac import (
    GROUP,
    HERE,
    NOW,
    TYPES,
    assignment,
    cell,
    directory,
    estate,
    judged,
    membership,
    object_id,
    organisation,
    principal,
    resource,
    template,
)
from verdicts import Severity

ADA, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"
OUTER, INNER = "bbbbbbbb-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
SCIENTISTS, TESTERS = object_id("data-scientist"), object_id("model-tester")


def of_rule(one: Any, rule: str, environment: str = "production", **more: Any) -> list[str]:
    return [found.message for found in judged(one, environment, **more).findings if found.rule_id == rule]


# Separation of duties.


def test_one_person_on_both_sides_is_named_through_nested_groups_and_cycles() -> None:
    people = directory(
        {SCIENTISTS: (INNER,), INNER: (ADA, OUTER), OUTER: (INNER, BOB), TESTERS: (ADA,), object_id("ci-cd"): ()}
    )
    (message,) = of_rule(template(directory=people), SEPARATION)[:1]
    found = [one for one in judged(template(directory=people)).findings if one.rule_id == SEPARATION]
    assert {one.resource for one in found} == {ADA}
    assert "committer-and-approver" in {one.subject for one in found}
    assert f"{ADA}@example.com is on both sides" in message


def test_people_on_one_side_alone_are_fine() -> None:
    people = directory({SCIENTISTS: (ADA,), TESTERS: (BOB,)})
    assert of_rule(template(directory=people), SEPARATION) == []


def test_a_group_whose_members_are_not_known_is_undecided() -> None:
    people = directory({SCIENTISTS: (INNER,), TESTERS: (ADA,)})
    unknown = {INNER: DirectoryObject(id=INNER, kind=PrincipalKind.GROUP, name="hidden")}
    people = dataclasses.replace(people, objects={**people.objects, **unknown})
    assert any(
        "so nobody can say who is on two sides" in one.text for one in judged(template(directory=people)).undecided
    )


def test_without_a_directory_the_report_says_that_nobody_looked() -> None:
    assert any("separation of duties" in text for text in judged(template()).not_looked)


def test_a_side_can_be_a_role_or_an_action() -> None:
    combination = Combination(
        id="two-hats",
        reason="nobody may have both",
        severity=Severity.HIGH,
        first=Side(personas=frozenset({"data-scientist"})),
        second=Side(roles=frozenset({"KVA"}), actions=("Microsoft.Storage/storageAccounts/delete",)),
    )
    own = organisation(combinations=(combination,))
    people = directory({SCIENTISTS: (ADA,), OUTER: (ADA, BOB)})
    for role, on in (("KVA", "key-vault"), ("C", "storage-account")):
        one = assignment(role, on=on, principal_id=OUTER)
        (message,) = of_rule(template(one, directory=people), SEPARATION, own=own)
        assert f"on {resource(on)}. Nobody may have both." in message
    mine = assignment("KVA", "data-scientist", "key-vault")
    assert of_rule(template(mine, directory=people), SEPARATION, own=own) == [], "its cell says that already"
    direct = assignment("KVA", on="key-vault", principal_id=ADA)
    assert len(of_rule(template(direct, directory=people), SEPARATION, own=own)) == 1


def test_groups_of_different_setups_are_not_held_together() -> None:
    def entries(first: str, second: str) -> list[str]:
        own = organisation(
            principal("data-scientist", setups=frozenset({(first, "production")})),
            principal("model-tester", setups=frozenset({(second, "production")})),
        )
        people = directory({SCIENTISTS: (ADA,), TESTERS: (ADA,)})
        return of_rule(template(directory=people), SEPARATION, own=own)

    assert entries("fraud", "credit") == []
    assert entries("fraud", "fraud")


# Identities and guests.


def use(identity: str, where: str, kind: str = "Project") -> IdentityUse:
    return IdentityUse(
        identity=f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}",
        resource_id=resource("ml-workspace", where),
        resource_type=TYPES["ml-workspace"],
        resource_kind=kind,
        location=HERE,
    )


def test_an_identity_of_several_projects_is_one_finding_that_names_them() -> None:
    shared = template(identity_uses=(use("id", "a"), use("ID", "b"), use("id", "b"), use("other", "c")))
    (message,) = of_rule(shared, estate_rules.SHARED_IDENTITY)
    assert "used by 2" in message
    assert "workspaces a" in message
    assert of_rule(template(identity_uses=(use("a", "a"), use("b", "b"))), estate_rules.SHARED_IDENTITY) == []


def test_what_has_an_identity_beside_workspaces_and_endpoints_may_share_it() -> None:
    job = dataclasses.replace(use("id", "b"), resource_type="Microsoft.Web/sites")
    assert of_rule(template(identity_uses=(use("id", "a"), job)), estate_rules.SHARED_IDENTITY) == []


def test_an_identity_whose_name_is_not_known_is_the_same_in_one_file_alone() -> None:
    one, other = use("{uniqueString('x')}", "a"), use("{uniqueString('x')}", "b")
    assert len(of_rule(template(identity_uses=(one, other)), estate_rules.SHARED_IDENTITY)) == 1
    elsewhere = dataclasses.replace(other, location=dataclasses.replace(HERE, path="other.json"))
    assert of_rule(template(identity_uses=(one, elsewhere)), estate_rules.SHARED_IDENTITY) == []


def test_a_guest_in_a_personas_group_is_found_through_nested_groups() -> None:
    guest = DirectoryObject(id=ADA, kind=PrincipalKind.USER, name="ada#EXT#", guest=True)
    people = directory({SCIENTISTS: (INNER,), INNER: (ADA, BOB)}, [guest])
    (message,) = of_rule(template(directory=people), GUEST)
    assert "ada#EXT# is a guest of another organisation, and in grp-data-scientist (data-scientist)." in message


# Custom roles.


@pytest.mark.parametrize(
    ("actions", "data", "severity"),
    [
        (("*",), (), Severity.CRITICAL),
        ((), ("*",), Severity.CRITICAL),
        (("*/write",), (), Severity.HIGH),
        (("Microsoft.*/delete",), (), Severity.HIGH),
        (("*/read",), (), None),
        (("Microsoft.KeyVault/vaults/*",), (), None),
    ],
)
def test_a_custom_role_with_a_wildcard(
    actions: tuple[str, ...], data: tuple[str, ...], severity: Severity | None
) -> None:
    block = PermissionBlock(actions=actions, data_actions=data)
    role = RoleDefinition(id="", name="r", permissions=Permissions((block,)), location=HERE)
    result = judged(template(definitions=(role,)))
    expected = [(estate_rules.CUSTOM_ROLE_WILDCARD, severity)] if severity else []
    assert [(one.rule_id, one.severity) for one in result.findings] == expected
    assert result.undecided == ()
    shipped = dataclasses.replace(role, built_in=True)
    assert judged(template(definitions=(shipped,))).findings == ()


def test_a_custom_role_whose_actions_are_not_known_is_undecided() -> None:
    role = RoleDefinition(id="", name="r", permissions=Permissions(), unknown="a parameter", location=HERE)
    assert judged(template(definitions=(role,))).undecided


# Azure DevOps and Azure Artifacts; each cell is in test_all_cells.


def test_people_in_groups_of_azure_devops_count_as_their_personas() -> None:
    people = directory({SCIENTISTS: (ADA,)})
    for member in (ADA, f"{ADA}@EXAMPLE.com"):
        one = membership("DOPCA", "ci-cd", "azure-devops", member=member, project="credit")
        result = judged(template(memberships=(one,), directory=people), "pre-production")
        assert cell(result, "data-scientist", "azure-devops").state is CellState.EXCESS
        assert cell(result, "data-scientist", "azure-devops").resource == "credit"
        excess = [found for found in result.findings if found.rule_id == DEVOPS and found.resource.startswith("azure")]
        assert [found.severity for found in excess] == [Severity.CRITICAL]


def test_a_member_whom_nobody_knows_and_a_group_without_abbreviation_are_told() -> None:
    stranger = membership("C", "ci-cd", "azure-devops", member="eve@example.com")
    other = membership("", "ci-cd", "azure-devops", group="Build Administrators")
    messages = of_rule(template(memberships=(stranger, other)), DEVOPS)
    assert any("eve@example.com is in C (Azure DevOps), and is no known principal." in one for one in messages)
    assert any("Build Administrators (Azure DevOps) has 1 members" in one for one in messages)


def test_memberships_that_were_not_read_whole_are_never_missing() -> None:
    gap = Gap(part=Part.DEVOPS, detail="cut", remedy="again", location=HERE)
    result = judged(template(memberships=(), gaps=(gap,)))
    assert cell(result, "ci-cd", "azure-devops").state is CellState.UNKNOWN
    assert DEVOPS not in result.counts


# Cells of whole estates and of setups.


def test_a_template_is_never_whole_so_nothing_is_missing_there() -> None:
    counts = judged(template(assignment("R", "project-lead", "key-vault"))).counts
    assert MISSING not in counts
    assert SUBSET not in counts
    whole = judged(estate(assignment("R", "project-lead", "key-vault"))).counts
    assert whole[SUBSET] == 1
    assert whole[MISSING] > 1


def test_what_a_declared_setup_demands_is_missing_in_a_template_that_speaks_of_it() -> None:
    vault, other = resource("key-vault", "fraud"), resource("key-vault", "credit")
    setups = tuple(
        Setup(name=name, environment="production", resources={"key-vault": (one,)}, location=HERE)
        for name, one in (("fraud", vault), ("credit", other))
    )
    own = organisation(setups=setups)
    found = of_rule(template(assignment("R", "project-lead", vault)), SUBSET, own=own)
    assert len(found) == 1
    missing = of_rule(template(assignment("R", "project-lead", vault)), MISSING, own=own)
    assert missing
    assert all(vault in one and other not in one for one in missing)


def test_a_setup_that_means_a_group_holds_what_is_in_it_or_the_group_itself() -> None:
    setup = Setup(name="fraud", environment="production", resources={"key-vault": (GROUP,)}, location=HERE)
    own = organisation(setups=(setup,))
    inside = judged(estate(), own=own)
    assert cell(inside, "ci-cd", "key-vault").resource == resource("key-vault")
    nothing = judged(estate(resources=()), own=own)
    assert cell(nothing, "ci-cd", "key-vault").resource == GROUP
    assert cell(nothing, "ci-cd", "key-vault").state is CellState.MISSING


def test_a_role_on_a_part_of_a_resource_is_less_than_the_cell() -> None:
    part = f"{resource('key-vault')}/secrets/one"
    one = assignment("R", "ml-workspace", part)
    result = judged(estate(one))
    found = cell(result, "ml-workspace", "key-vault")
    assert (found.state, found.detail) == (CellState.SUBSET, "only on a part of it")
    assert found.assignments == (one,)


def test_two_roles_together_are_the_cell() -> None:
    result = judged(
        estate(assignment("R", "project-lead", "key-vault"), assignment("KVR", "project-lead", "key-vault"))
    )
    found = cell(result, "project-lead", "key-vault")
    assert (found.state, found.held) == (CellState.EXACT, ("Key Vault Reader", "Reader"))


def test_too_much_here_and_too_little_there_is_different_and_one_finding() -> None:
    result = judged(estate(assignment("AcrPush", "data-scientist", "container-registry")))
    assert cell(result, "data-scientist", "container-registry").state is CellState.DIFFERENT
    assert [one for one in result.findings if "data-scientist on container" in one.resource] == []


def test_every_persona_has_a_cell_on_every_resource() -> None:
    result = judged(estate(memberships=()))
    matrix = load_matrix("production")
    assert len(result.cells) == len(matrix.personas) * len(matrix.services)
    assert sum(sum(states.values()) for states in result.cell_counts.values()) == len(result.cells)


# Many.


def many(number: int) -> list[RoleAssignment]:
    return [
        assignment(
            "O",
            "data-analyst",
            name=f"a{index}",
            scope=AssignmentScope(ScopeKind.RESOURCE, TYPES["ml-workspace"], resource("ml-workspace", f"w{index}")),
        )
        for index in range(number)
    ]


def test_more_findings_than_are_told_are_counted_and_stand_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MAXIMUM_TOLD", 10)
    result = judged(template(*many(25)))
    assert result.counts == {"MLG-RBAC-PRODUCTION": 25}
    assert len(result.findings) == 11
    (rest,) = [one for one in result.findings if one.resource == "the rest of the estate"]
    assert rest.severity is Severity.CRITICAL
    assert rest.message.startswith("15 more findings")


def test_more_open_questions_than_are_told_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MAXIMUM_UNDECIDED", 3)
    unknown = [dataclasses.replace(one, role_id=None) for one in many(8)]
    texts = [one.text for one in judged(template(*unknown)).undecided]
    assert len(texts) == 4
    assert texts[-1] == "5 more things could not be decided"


def test_a_large_estate_lists_what_is_wrong_and_counts_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    from rbac_matrix.checks import cells

    small = judged(estate(*many(25)))
    monkeypatch.setattr(cells, "MAXIMUM_LISTED", 50)
    monkeypatch.setattr(cells, "MAXIMUM_OF_LARGE", 30)
    large = judged(estate(*many(25)))
    assert large.cell_counts == small.cell_counts
    assert len(large.cells) == 30
    assert all(one.state is CellState.EXCESS for one in large.cells[:25])
    assert large.findings == small.findings
    assert any(f"{len(small.cells) - 30} cells are only counted" in note for note in large.notes)


@pytest.mark.parametrize("maximum", [50_000, 50])
def test_without_cells_one_by_one_everything_else_is_the_same(maximum: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from rbac_matrix.checks import cells

    monkeypatch.setattr(cells, "MAXIMUM_LISTED", maximum)
    one = estate(*many(25), covers=frozenset({Part.ASSIGNMENTS}))
    told = judged(one)
    short = judge(one, organisation(), "production", RoleCatalogue.built_in(), now=NOW, list_cells=False)
    assert told.cells
    assert told.undecided
    assert short == dataclasses.replace(told, cells=())


def test_every_rule_has_a_page_with_both_cases_and_its_source() -> None:
    from pathlib import Path

    folder = Path(__file__).parents[4] / "docs" / "rules"
    for rule in RULES:
        page = (folder / f"{rule}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# {rule}\n")
        for part in ("**What.**", "**Why.**", "**Source.**", "**How to fix.**", "\nAllowed: ", "\nDenied: "):
            assert part in page, (rule, part)
    written = {page.stem for page in folder.glob("MLG-RBAC-*.md")}
    assert written == set(RULES)
