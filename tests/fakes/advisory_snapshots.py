"""Small advisory snapshots, made by the real import."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from scanners.advisories import ADVISORIES, HEADER, SnapshotHeader
from scanners.advisory_import import import_snapshot
from verdicts.digests import digest_file

RETRIEVED_AT = dt.datetime(2026, 11, 19, 12, 0, tzinfo=dt.UTC)
HASH = "sha256:" + "ab" * 32


def advisory(
    identifier: str,
    name: str,
    *,
    versions: tuple[str, ...] = (),
    events: tuple[dict[str, str], ...] = (),
    **rest: Any,
) -> dict[str, Any]:
    """An OSV document about one PyPI package."""
    entry: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": name}}
    if versions:
        entry["versions"] = list(versions)
    if events:
        entry["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    return {"id": identifier, "summary": f"{name} is broken", "affected": [entry], **rest}


CANARY = advisory("PYSEC-2000-1", "canary", versions=("0.1",), aliases=["CVE-2000-0001"])


def write_snapshot(
    folder: Path, *documents: dict[str, Any], retrieved_at: dt.datetime = RETRIEVED_AT
) -> SnapshotHeader:
    """A snapshot with these advisories and one for the canary, which comes first and so is the canary."""
    dump = folder.parent / f"{folder.name}.jsonl"
    dump.write_text("".join(json.dumps(document) + "\n" for document in (CANARY, *documents)))
    return import_snapshot(
        dump,
        folder,
        source_name="test advisories",
        licence="CC0-1.0",
        retrieved_at=retrieved_at,
        now=retrieved_at,
    ).header


def change_header(folder: Path, **changes: Any) -> None:
    """Replaces keys of `snapshot.json`; a key with the value None goes."""
    path = folder / HEADER
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def replace_advisories(folder: Path, text: str) -> None:
    """Other advisories, with a header that fits them."""
    (folder / ADVISORIES).write_text(text)
    change_header(folder, count=len(text.splitlines()), digest=digest_file(folder / ADVISORIES))
