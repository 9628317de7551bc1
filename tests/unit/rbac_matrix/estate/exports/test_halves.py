"""Another process for the second half changes nothing of what is read; where it could, the file is read as a whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rbac_matrix.estate.exports import halves, read_export, streams
from rbac_matrix.estate.exports.interface import Collected
from rbac_matrix.estate.model import Estate
from verdicts import ConfigurationError

SCOPE = "/subscriptions/11111111-1111-1111-1111-111111111111"


def assignment(number: int, **changes: Any) -> dict[str, Any]:
    name = f"00000000-0000-0000-0000-{number:012d}"
    return {
        "id": f"{SCOPE}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "name": name,
        "principalId": f"00000000-0000-0000-0001-{number % 7:012d}",
        "principalType": "User",
        "roleDefinitionId": f"/roleDefinitions/acdd72a7-0000-0000-0000-{number % 3:012d}",
        "scope": f"{SCOPE}/resourceGroups/rg{number % 5}",
        "type": "Microsoft.Authorization/roleAssignments",
        **changes,
    }


ENTRIES = [assignment(number) for number in range(400)]
LAYOUTS = {
    "command line": json.dumps(ENTRIES, indent=2),
    "one line": json.dumps(ENTRIES),
    "answer": json.dumps({"value": ENTRIES, "nextLink": None}, indent=2),
    "answer that goes on": json.dumps({"value": ENTRIES, "nextLink": "https://next"}, indent=2),
    "with wrong entries": json.dumps([*ENTRIES, assignment(900, principalId=3)], indent=2),
    "wrong entries in both": json.dumps([assignment(901, scope=1), *ENTRIES, assignment(900, principalId=3)], indent=2),
}
OTHERS = {
    "pages": "\n".join(json.dumps({"value": ENTRIES[at : at + 50]}) for at in range(0, 400, 50)),
    "JSON lines": "\n".join(map(json.dumps, ENTRIES)),
    "with something after it": json.dumps(ENTRIES, indent=2) + json.dumps([assignment(1000)]),
    "with another kind in it": json.dumps(
        [*ENTRIES, {"@odata.type": "#microsoft.graph.user", "id": ENTRIES[0]["name"]}]
    ),
    "with braces in texts": json.dumps([assignment(number, description="}, {") for number in range(400)]),
}


def told(estate: Estate) -> tuple[object, ...]:
    return (list(estate.assignments), estate.gaps, estate.covers, estate.whole, estate.directory)


def parts_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the files were large, and two cores free."""
    monkeypatch.setattr(halves, "WORTH_IT", 0)
    monkeypatch.setattr(streams, "WINDOW", 20_000)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    parts_always(monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_halves_say_the_same_as_the_whole(layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "export.json"
    path.write_text(LAYOUTS[layout])
    whole = read_export(path, shown_as="export.json")
    parts_always(monkeypatch)
    into = Collected("export.json")
    parts = halves.in_halves(path, "export.json")
    assert parts is not None
    with parts:
        assert parts.read(into)
    assert len(into.table) == 400
    assert told(read_export(path, shown_as="export.json")) == told(whole)


@pytest.mark.slow
@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("layout", list(OTHERS))
def test_what_is_no_single_list_is_read_as_a_whole(layout: str, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(OTHERS[layout])
    estate = read_export(path, shown_as="export.json")
    assert len(estate.assignments) >= 400
    assert next(iter(estate.assignments)).location.path == "export.json"


@pytest.mark.slow
@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    "text", [LAYOUTS["command line"][:-300], LAYOUTS["command line"][::-1].replace('"eman"', '"di"', 1)[::-1]]
)
def test_a_broken_file_is_left_to_whoever_reads_the_whole(text: str, tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(text)
    into = Collected("export.json")
    parts = halves.in_halves(path, "export.json")
    assert parts is not None
    with parts:
        assert not parts.read(into)
    assert into == Collected("export.json", table=into.table, digests=into.digests)
    assert len(into.table) == 0
    with pytest.raises(ConfigurationError, match=r"export\.json:\d+: "):
        read_export(path, shown_as="export.json")
