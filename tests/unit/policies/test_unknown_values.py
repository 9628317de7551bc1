"""What isn't known is never claimed: hiding a part of a resource gives Unknown, or the answer that was right anyway."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.cases import answer_case

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "policy_cases"
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
HIDDEN = {"$unknown": "hidden"}
Place = tuple[str | int, ...]


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Every place inside a value, but not inside of what is hidden already."""
    if here:
        yield here
    if isinstance(value, dict) and "$unknown" not in value:
        for key, item in value.items():
            yield from places(item, (*here, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from places(item, (*here, index))


def hidden(value: Any, place: Place) -> Any:
    changed = copy.deepcopy(value)
    holder = changed
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = HIDDEN
    return changed


def with_something_hidden(case: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in ("resource", "related"):
        for place in places(case.get(part)):
            if part == "resource" or len(place) > 1:
                yield f"{part} {place}", {**case, part: hidden(case[part], place)}


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(FOLDER.glob("examiner-*.jsonl")), ids=lambda path: str(path.stem))
def test_hiding_a_part_never_changes_a_definite_answer(path: Path) -> None:
    asked = {"policy", "resource", "parameters", "context", "related", "aliases"}
    tried = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        full = json.loads(line)
        if full["expect"]["state"] == "Error" or not isinstance(full["resource"], dict):
            continue  # a part that makes an evaluation fail may be hidden
        case = {key: value for key, value in full.items() if key in asked}
        for what, changed in with_something_hidden(case):
            tried += 1
            state, before = answer_case(changed, NOW)["state"], full["expect"]["state"]
            # Whether a rule doesn't apply or doesn't hold may depend on what is hidden: neither is a violation.
            neither = {state, before} == {"Compliant", "NotApplicable"}
            assert state in ("Unknown", before) or neither, f"{full['id']}: {what}"
    assert tried > 20
