"""A folder that can't be read is an error wherever a tree is walked: what is in it would be missing in silence."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.frozen_inputs import freeze
from scanners.advisory_import import import_snapshot
from scanners.image_builder import Layer
from verdicts import CouldNotCheckError, MlgateError
from verdicts.digests import digest_tree

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def imported(source: Path) -> object:
    destination = source.parent / "snapshot"
    return import_snapshot(source, destination, source_name="test", licence="CC0", retrieved_at=NOW, now=NOW)


def frozen(source: Path) -> object:
    return freeze(source, source.parent / "copy", state=source / ".mlgate", registry=source / ".mlgate" / "registry")


WALKS: list[Callable[[Path], object]] = [
    digest_tree,
    frozen,
    imported,
    lambda source: Layer.of_folder(source, prefix="opt"),
]


@pytest.mark.parametrize("walk", WALKS, ids=["digest", "freeze", "advisories", "image layer"])
def test_a_folder_that_cannot_be_read_is_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, walk: Callable[[Path], object]
) -> None:
    source = tmp_path / "source"
    (source / "open").mkdir(parents=True)
    (source / "open" / "a.txt").write_text("{}")
    (source / "shut").mkdir()
    (source / "shut" / "b.json").write_text("{}")
    # Rights don't stop root, so the refusal is the operating system's by proxy.
    listed = os.scandir

    def refusing(path: Any = ".") -> Any:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises((OSError, MlgateError), match="Permission denied"):
        walk(source)


def test_an_unreadable_folder_of_a_release_is_could_not_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    source.mkdir()

    def refusing(path: Any = ".") -> Any:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(CouldNotCheckError, match="can't be copied"):
        frozen(source)


def test_a_linked_folder_in_an_advisory_dump_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.json").write_text("{}")
    (source / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(MlgateError, match="a link"):
        imported(source)
