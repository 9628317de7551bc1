"""Golden cases of readers: files, and what `mlgate template expand` says of one of them, one case a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from resource_readers.interface import ReadRequest
from resource_readers.registry import read_if_recognised
from resource_readers.rendering import plain_result

GOLDEN = Path(__file__).parents[1] / "golden"


def reader_cases(folder: str) -> list[dict[str, Any]]:
    """The cases of tests/golden/<folder>/cases.jsonl."""
    text = (GOLDEN / folder / "cases.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def written(root: Path, files: dict[str, str]) -> None:
    """The files of a case, below a folder."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8", newline="")


def read_case(case: dict[str, Any], root: Path) -> dict[str, Any] | None:
    """What a case gives: the result as JSON with the files that were opened and the places asked for."""
    written(root, case["files"])
    result = read_if_recognised(ReadRequest(root=root, path=Path(case["read"])))
    if result is None:
        return None
    places = [place for place, _ in (case["result"] or {}).get("places", [])]
    return {
        **plain_result(case["read"], result),
        "files": [one.name for one in result.files],
        "places": [[place, list(result.resources[0].place(*place))] for place in places],
    }
