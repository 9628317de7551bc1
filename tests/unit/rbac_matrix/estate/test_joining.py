"""Several sources are one estate: nothing twice, nothing lost, and what they disagree on is said."""

from __future__ import annotations

import pytest

from rbac_matrix.assignments import AssignmentScope, RoleAssignment, ScopeKind, Timing
from rbac_matrix.estate.joining import join
from rbac_matrix.estate.model import Directory, DirectoryObject, Estate, Gap, Part, PrincipalKind
from rbac_matrix.estate.table import LISTED
from verdicts import InputDigest, Location

NAME = LISTED + "00000000-0000-4000-8000-000000000001"
SCOPE = AssignmentScope(ScopeKind.SUBSCRIPTION, "", "/subscriptions/s")


def assignment(name: str = NAME, *, principal: str = "p", timing: Timing = Timing.PERMANENT) -> RoleAssignment:
    return RoleAssignment(
        name=name,
        role_id="r",
        role_text="R",
        principal_id=principal,
        principal_text=principal,
        scope=SCOPE,
        timing=timing,
        hours=8.0 if timing is Timing.TIME_BOUND else None,
        location=Location("f"),
    )


def test_a_single_estate_stays_what_it_is() -> None:
    estate = Estate()
    assert join(estate) is estate


def test_parts_gaps_and_inputs_are_united() -> None:
    gap = Gap(part=Part.DENIALS, detail="cut", remedy="again")
    one = Estate(covers=frozenset({Part.ASSIGNMENTS}), whole=True, inputs=(InputDigest("a", "sha256:" + "0" * 64),))
    other = Estate(covers=frozenset({Part.DENIALS}), gaps=(gap,), inputs=(InputDigest("b", "sha256:" + "0" * 64),))
    joined = join(one, other)
    assert joined.covers == {Part.ASSIGNMENTS, Part.DENIALS}
    assert joined.gaps == (gap,)
    assert [digest.name for digest in joined.inputs] == ["a", "b"]
    assert joined.whole
    assert joined.directory is None
    assert joined.memberships is None


def test_an_assignment_of_two_sources_is_one_and_the_one_that_knows_its_end_counts() -> None:
    for pair in ((Timing.PERMANENT, Timing.TIME_BOUND), (Timing.TIME_BOUND, Timing.PERMANENT)):
        joined = join(*(Estate(assignments=[assignment(timing=timing)]) for timing in pair))
        assert [(one.timing, one.hours) for one in joined.assignments] == [(Timing.TIME_BOUND, 8.0)]


def test_one_id_with_two_holders_is_a_gap() -> None:
    joined = join(Estate(assignments=[assignment()]), Estate(assignments=[assignment(principal="q")]))
    assert len(joined.assignments) == 2
    assert [gap.part for gap in joined.gaps] == [Part.ASSIGNMENTS]


@pytest.mark.parametrize("name", ["guid(...)", LISTED + "{guid(/subscriptions/{subscrip…"])
def test_equal_names_in_templates_are_no_identity(name: str) -> None:
    estates = [Estate(assignments=[assignment(name)]), Estate(assignments=[assignment(name, principal="q")])]
    joined = join(*estates)
    assert len(joined.assignments) == 2
    assert joined.gaps == ()


def directory(kind: PrincipalKind, members: tuple[str, ...] = ()) -> Estate:
    object_ = DirectoryObject(id="x", kind=kind)
    return Estate(directory=Directory(objects={"x": object_}, members={"g": members}))


def test_directories_are_united_and_the_worse_counts() -> None:
    guest = Estate(directory=Directory(objects={"x": DirectoryObject(id="x", kind=PrincipalKind.USER, guest=True)}))
    joined = join(
        directory(PrincipalKind.USER, ("a", "b")), directory(PrincipalKind.UNKNOWN, ("b", "c")), guest
    ).directory
    assert joined is not None
    assert joined.members == {"g": ("a", "b", "c")}
    assert joined.objects["x"] == DirectoryObject(id="x", kind=PrincipalKind.USER, guest=True)


def test_what_one_source_knows_is_not_gone_in_another() -> None:
    gone = Estate(directory=Directory(gone=frozenset({"x", "y"})))
    joined = join(gone, directory(PrincipalKind.USER)).directory
    assert joined is not None
    assert joined.gone == {"y"}


def test_sources_that_disagree_on_what_somebody_is_are_a_gap() -> None:
    joined = join(directory(PrincipalKind.USER), directory(PrincipalKind.GROUP))
    assert [gap.part for gap in joined.gaps] == [Part.DIRECTORY]
    assert joined.directory is not None
    assert joined.directory.objects["x"].kind is PrincipalKind.UNKNOWN
