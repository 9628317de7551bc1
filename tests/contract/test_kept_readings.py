"""What is kept of public files comes back as their readers gave it: resources, obstacles, and places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.static_checks.inputs import IgnoredFiles
from deploy_gate.static_checks.kept_readings import KeptReadings, written
from resource_readers.interface import ReadRequest, Resource
from resource_readers.projects import FoundFile, find_files
from resource_readers.rendering import plain_resource, positions_of

SHARED = Path(__file__).parents[3] / "shared" / "data" / "corpus"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared,
    pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpus is not beside this clone"),
]


class Memory:
    """A keeper in memory; values go through JSON as on disk."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def get(self, key: str) -> Any | None:
        return json.loads(self.values[key]) if key in self.values else None

    def put(self, key: str, value: Any) -> None:
        self.values[key] = json.dumps(value)


def told(resource: Resource) -> tuple[Any, ...]:
    return plain_resource(resource, str), resource.location, resource.existing, positions_of(resource)


def test_what_is_kept_of_public_files_comes_back_as_it_was() -> None:
    root = SHARED.resolve()
    request = ReadRequest(root=root, path=root, neighbours=True)
    files = [one for one in find_files(request, [root], IgnoredFiles(root, ())) if isinstance(one, FoundFile)][::6]
    memory = Memory()
    first = KeptReadings(request, memory)
    read = {one.shown: reading for one in files if (reading := first.read(one)) is not None}
    assert [name for name, reading in read.items() if not written(reading)] == []
    first.keep()
    again = KeptReadings(request, memory)
    for one in files:
        reading = again.read(one)
        assert (reading is None) is (one.shown not in read)
        if reading is None:
            continue
        before, after = read[one.shown].result, reading.result
        assert reading.kept
        assert (after.kind, after.files, after.not_read, after.parameters) == (
            before.kind,
            before.files,
            before.not_read,
            before.parameters,
        )
        assert [told(resource) for resource in after.resources] == [told(resource) for resource in before.resources]
    assert len(read) > 100
