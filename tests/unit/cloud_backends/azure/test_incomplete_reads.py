"""Whatever goes wrong with an answer: the estate has a gap where something may be missing, and nobody gets a token."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cloud_backends.azure.connection import Connection
from cloud_backends.azure.estate import read_estate
from cloud_backends.azure.settings import RetryLimits
from rbac_matrix.estate.model import Estate, Part
from tests.fakes.azure.cloud import Cloud, running
from tests.fakes.azure.estates import of_everything
from tests.fakes.azure.server import HTML, THROTTLED, Answer, Asked, failed
from tests.fakes.azure.shapes import SUBSCRIPTION
from tests.fakes.azure.tls import TestAuthority

# Where it goes wrong: part, method, path, query.
LISTS = {
    "assignments": (Part.ASSIGNMENTS, "GET", "/roleassignments$", ""),
    "assignments above": (Part.ASSIGNMENTS, "GET", "/roleassignments$", "atScope()"),
    "eligibilities": (Part.ELIGIBILITY, "GET", "/roleeligibilityscheduleinstances$", ""),
    "schedules": (Part.ELIGIBILITY, "GET", "/roleassignmentscheduleinstances$", ""),
    "definitions": (Part.DEFINITIONS, "GET", "/roledefinitions$", ""),
    "denials": (Part.DENIALS, "GET", "/denyassignments$", ""),
    "members": (Part.DIRECTORY, "GET", "/members$", ""),
    "programs": (Part.DIRECTORY, "GET", "/members/microsoft.graph.serviceprincipal$", ""),
    "principals": (Part.DIRECTORY, "POST", "/getbyids$", ""),
    "details of users": (Part.DIRECTORY, "GET", "/users$", ""),
    "names": (Part.DIRECTORY, "GET", "/v1.0/groups$", ""),
    "tenant": (Part.DIRECTORY, "GET", "/organization$", ""),
    "resources": (Part.RESOURCES, "POST", "resourcegraph/resources$", ""),
}

Wrong = Answer | Callable[[Asked, Answer], Answer]


def changed(**changes: object) -> Callable[[Asked, Answer], Answer]:
    return lambda _, good: Answer(200, {**good.body, **changes})


def link_to_itself(asked: Asked, good: Answer) -> Answer:
    query = "&".join(f"{name}={value}" for name, value in asked.query.items()).replace(" ", "%20")
    url = f"https://{asked.headers['host']}{asked.path}?{query}"
    return Answer(200, {**good.body, "nextLink": url, "@odata.nextLink": url, "$skipToken": "0"})


def half(asked: Asked, good: Answer) -> Answer:
    data = good.encoded()
    return Answer(200, data[: len(data) // 2])


def cut(asked: Asked, good: Answer) -> Answer:
    return Answer(200, good.body, cut=len(good.encoded()) // 2)


def twice(asked: Asked, good: Answer) -> Answer:
    data = good.encoded()
    return Answer(200, b'{"value": [], "data": [], ' + data[1:])


WRONG: dict[str, Wrong] = {
    "a page of HTML": HTML,
    "HTML that says it is JSON": Answer(200, HTML.body),
    "nothing": Answer(200, b""),
    "spaces": Answer(200, b"  \n"),
    "an empty object": Answer(200, {}),
    "null": Answer(200, b"null"),
    "a bare list": Answer(200, []),
    "an object for the list": Answer(200, {"value": {}, "data": {}, "totalRecords": 0}),
    "null for the list": Answer(200, {"value": None, "data": None, "totalRecords": 0}),
    "nulls in the list": Answer(200, {"value": [None], "data": [None], "totalRecords": 1}),
    "numbers in the list": Answer(200, {"value": [1, 2], "data": [1, 2], "totalRecords": 2}),
    "entries of nothing": Answer(200, {"value": [{}], "data": [{}], "totalRecords": 1}),
    "an error with status 200": Answer(200, {"error": {"code": "x", "message": "y"}}),
    "half of the JSON": half,
    "the list twice": twice,
    "a connection that is cut": cut,
    "no end of 429": THROTTLED,
    "no end of 500": failed(500, "InternalServerError"),
    "no end of 503": failed(503, "ServiceUnavailable"),
    "a 401": failed(401, "ExpiredAuthenticationToken"),
    "a 403": failed(403, "AuthorizationFailed"),
    "a 404": failed(404, "SubscriptionNotFound"),
    "a 404 of HTML": Answer(404, HTML.body, HTML.headers),
    "a 204": Answer(204, b""),
    "a 206": lambda _, good: Answer(206, good.body),
    "a link to itself": link_to_itself,
}


def read(cloud: Cloud) -> Estate:
    with cloud.connected() as connection:
        return read_estate(connection, [SUBSCRIPTION], named=["grp-scientists", "grp-leads"])


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", LISTS)
def test_a_wrong_answer_is_a_gap(cloud: Cloud, place: str, wrong: str) -> None:
    part, method, path, query = LISTS[place]
    of_everything(cloud.azure)
    cloud.server.fault(path, WRONG[wrong], method=method, query=query)
    gaps = read(cloud).gaps
    assert part in {gap.part for gap in gaps}
    assert all(gap.remedy and "token-for" not in gap.detail for gap in gaps)


@pytest.mark.parametrize("wrong", ["nothing", "a page of HTML", "a connection that is cut", "no end of 429", "a 403"])
@pytest.mark.parametrize("place", [one for one in LISTS if one not in ("tenant", "principals", "details of users")])
def test_a_wrong_second_page_is_a_gap(cloud: Cloud, place: str, wrong: str) -> None:
    part, method, path, query = LISTS[place]
    of_everything(cloud.azure)
    cloud.azure.page = 1
    cloud.server.fault(path, WRONG[wrong], method=method, query=query, after=1)
    estate = read(cloud)
    assert part in {gap.part for gap in estate.gaps}
    assert not estate.whole or part not in (Part.ASSIGNMENTS, Part.ELIGIBILITY)


# Resource Graph's next page is named by a token, not by an address.
@pytest.mark.parametrize(
    ("place", "kind"),
    [(place, kind) for place in LISTS for kind in ("link", "redirect") if (place, kind) != ("resources", "link")],
)
def test_no_token_goes_to_another_host(cloud: Cloud, authority: TestAuthority, place: str, kind: str) -> None:
    part, method, path, query = LISTS[place]
    of_everything(cloud.azure)
    with running(authority) as other:
        of_everything(other.azure)
        target = f"{other.server.base}/v1.0/groups/x/members"

        def link(asked: Asked, good: Answer) -> Answer:
            return Answer(200, {**good.body, "nextLink": target, "@odata.nextLink": target})

        answer: Wrong = link if kind == "link" else Answer(307, b"", {"location": target})
        cloud.server.fault(path, answer, method=method, query=query)
        estate = read(cloud)
        assert other.server.asked == []
    assert part in {gap.part for gap in estate.gaps}


def test_hosts_that_look_like_ours_are_others(cloud: Cloud) -> None:
    of_everything(cloud.azure)
    base = cloud.server.base
    for target in (
        base.replace("https", "http"),
        base.replace("127.0.0.1", "127.0.0.1.example"),
        base.replace("https://", "https://a@"),
        base.replace("127.0.0.1", "localhost"),
        f"https://example.com#{base}",
        base + "0",
    ):
        cloud.server.faults.clear()
        cloud.server.fault("/roleassignments$", changed(nextLink=f"{target}/x?$skiptoken=1"))
        gaps = read(cloud).gaps
        assert any("another host" in gap.detail for gap in gaps), (target, gaps)


def test_a_service_that_throttles_without_end_is_not_asked_for_everything(cloud: Cloud) -> None:
    of_everything(cloud.azure)
    cloud.server.fault("/members", THROTTLED)
    estate = read(cloud)
    assert len(cloud.server.asked_for("/members")) == 4
    assert estate.directory is not None
    assert estate.directory.members == {}
    assert any("2 groups" in gap.detail and "wait" in gap.remedy for gap in estate.gaps)


@pytest.mark.parametrize("wrong", [THROTTLED, failed(401, "ExpiredAuthenticationToken")])
def test_after_that_nothing_is_asked_of_the_same_service(cloud: Cloud, wrong: Answer) -> None:
    of_everything(cloud.azure)
    cloud.server.fault("/roleassignments$", wrong)
    parts = {gap.part for gap in read(cloud).gaps}
    assert parts >= {Part.ASSIGNMENTS, Part.ELIGIBILITY, Part.DEFINITIONS, Part.DENIALS, Part.RESOURCES}
    manager = [one for one in cloud.server.asked if "microsoft.authorization" in one.path]
    assert {one.path.rpartition("/")[2] for one in manager} == {"roleassignments"}


@pytest.mark.parametrize("asked_for", ["86400", "0.02"])
def test_waits_are_bounded_whatever_the_service_asks_for(
    cloud: Cloud, asked_for: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("cloud_backends.azure.pipeline.time.sleep", slept.append)
    of_everything(cloud.azure)
    limits = RetryLimits(attempts=6, first_wait=0.001, longest_wait=0.01, total_wait=0.025)
    cloud.server.fault("/roleassignments$", failed(429, "TooManyRequests", retry_after=asked_for), times=5)
    with cloud.connected(retries=limits) as connection:
        assert read_estate(connection, [SUBSCRIPTION]).gaps == ()
    assert slept == [0.01, 0.01, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("answer", [THROTTLED, failed(503, "ServerBusy"), Answer(200, b"{}", cut=1)])
@pytest.mark.parametrize("place", LISTS)
def test_what_passes_by_itself_is_asked_again(cloud: Cloud, place: str, answer: Answer) -> None:
    _, method, path, query = LISTS[place]
    of_everything(cloud.azure)
    cloud.server.fault(path, answer, method=method, query=query, times=2)
    estate = read(cloud)
    assert estate.gaps == ()
    assert estate.whole


def test_a_secret_never_stands_in_a_message(
    cloud: Cloud, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_everything(cloud.azure)
    secret = "the-secret-of-another-0123456789"
    monkeypatch.setenv("AZURE_CLIENT_SECRET", secret)
    with Connection(cloud.settings()) as connection:
        estate = read_estate(connection, [SUBSCRIPTION])
    text = json.dumps([[gap.detail, gap.remedy] for gap in estate.gaps])
    assert secret not in text
    assert "AADSTS7000215" in text
    assert {gap.part for gap in estate.gaps} == set(Part) - {Part.DEVOPS, Part.DIRECTORY}
    assert secret not in caplog.text
