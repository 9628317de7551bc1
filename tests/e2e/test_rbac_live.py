"""`mlgate rbac` against a live estate, as a person types it: what is said, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import run
from tests.fakes.azure import shapes
from tests.fakes.azure.cloud import Cloud, running
from tests.fakes.azure.server import THROTTLED, Answer, failed
from tests.fakes.azure.shapes import GROUP_ID, OWNER, READER, SUBSCRIPTION
from tests.fakes.azure.tls import make_authority

VAULT = f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/kv"
LEADS, NESTED, PERSON = shapes.group(1, "grp-leads"), shapes.group(2, "grp-inner"), shapes.user(1)
PRINCIPALS = f"""schema: mlgate/principals/v1
principals:
  - {{persona: project-lead, object_id: {LEADS["id"]}, type: Group, name: grp-leads}}
"""
LIVE = ("--live", "--subscription", SUBSCRIPTION)
CHECK = ("rbac", "check", *LIVE, "--matrix", "production", "--principals", "principals.yml")


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "principals.yml").write_text(PRINCIPALS)
    with running(make_authority(tmp_path / "tls")) as one:
        for name, value in one.environment.items():
            monkeypatch.setenv(name, value)
        one.azure.join(LEADS, NESTED)
        one.azure.members[NESTED["id"]] = [PERSON["id"]]
        one.azure.know(PERSON)
        one.azure.resources = [{"id": VAULT, "type": "microsoft.keyvault/vaults", "kind": "", "identity": None}]
        yield one


def test_an_owner_is_found(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.azure.assignments = [shapes.assignment(VAULT, OWNER, LEADS["id"])]
    assert run(CHECK) == 1
    told = capsys.readouterr().out
    assert "MLG-RBAC-EXCESS" in told
    assert "could not" not in told.casefold().replace("could not check 0", "")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/roleassignments$", THROTTLED),
        ("/roleassignments$", Answer(200, b"")),
        ("/members$", failed(403, "Authorization_RequestDenied")),
        ("/roleeligibilityscheduleinstances$", failed(500, "x")),
    ],
)
def test_what_can_not_be_read_whole_is_could_not_check(
    cloud: Cloud, path: str, answer: Answer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cloud_backends.azure.pipeline.time.sleep", lambda _: None)
    cloud.azure.assignments = [shapes.assignment(VAULT, READER, LEADS["id"])]
    cloud.server.fault(path, answer)
    assert run((*CHECK, "--fail-on", "critical")) == 3
    assert "could not be read" in capsys.readouterr().out


def test_who_can_goes_through_nested_groups(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.azure.assignments = [shapes.assignment(VAULT, OWNER, LEADS["id"])]
    assert run(("rbac", "who-can", "Microsoft.KeyVault/vaults/delete", "--scope", VAULT, *LIVE)) == 0
    assert PERSON["userPrincipalName"] in capsys.readouterr().out


def test_a_wrong_scope_or_setting_is_a_usage_error(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tuple("everything" if one == SUBSCRIPTION else one for one in CHECK)
    assert run(wrong) == 2
    monkeypatch.setenv("MLGATE_AZURE_GRAPH", "http://graph.example")
    assert run(CHECK) == 2
    assert cloud.server.asked == []
