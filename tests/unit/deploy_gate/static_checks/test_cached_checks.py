"""With a cache a check says what it says without: whatever changed, and whatever became of the cache."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy_gate.static_checks import kept_readings
from deploy_gate.static_checks.result_store import ResultStore
from resource_readers import projects, registry
from tests.fakes.checked_project import NOW, check, found, make_project, put, said, storage, template, verdict_of

SECRET = b"s" * 32
CONFIGURATION = "schema: mlgate/project/v1\ncheck:\n  profile: {profile}\n"


def store(folder: Path) -> ResultStore:
    return ResultStore(folder / "cache", SECRET, "this release")


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "cache").rglob("*.json"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that readers are asked for."""
    asked: list[str] = []
    real = registry.read_if_recognised

    def spied(request: Any, *more: Any) -> Any:
        asked.append(Path(request.path).name)
        return real(request, *more)

    monkeypatch.setattr(registry, "read_if_recognised", spied)
    return asked


def test_a_second_run_reads_and_judges_nothing(
    root: Path, readings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = check(root, keeper=store(root.parent))
    readings.clear()
    monkeypatch.setattr("deploy_gate.static_checks.rule_check.rules_for", None)
    again = check(root, keeper=store(root.parent))
    assert readings == []
    assert said(again) == said(first) == said(check_without(root, monkeypatch))
    assert ("unchanged since an earlier run", "6 files") in again.facts


def check_without(root: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.undo()
    return check(root)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file": lambda root: (root / "infra/other/main.json").write_text(template(storage("Enabled"))),
    "a module": lambda root: put(root, {"infra/modules/vault.bicep": "param access string\n"}),
    "a file that goes": lambda root: (root / "infra/other/main.json").unlink(),
    "a new file": lambda root: put(root, {"infra/new/main.json": template(storage("Enabled"))}),
    "a parameter file": lambda root: put(
        root, {"infra/storage/main.parameters.json": '{"parameters": {"access": {"value": "Disabled"}}}'}
    ),
    "a parameter file that goes": lambda root: (root / "infra/storage/main.parameters.json").unlink(),
    "a parameter file that comes": lambda root: put(
        root, {"infra/storage/main.bicepparam": "using 'main.bicep'\nparam access = 'Disabled'\n"}
    ),
    "a module that goes": lambda root: (root / "infra/modules/vault.bicep").unlink(),
    "a module behind a link": lambda root: relink(root / "infra/modules/vault.bicep"),
    "a pipeline that gives values": lambda root: put(
        root,
        {
            ".github/workflows/deploy.yml": "on: push\njobs:\n  d:\n    runs-on: ubuntu-24.04\n    steps:\n"
            "      - run: az deployment group create -g g -f infra/storage/main.json -p access=Disabled\n"
        },
    ),
    "a related resource elsewhere": lambda root: put(
        root,
        {
            "infra/new/lock.json": template(
                {
                    "type": "Microsoft.Authorization/locks",
                    "apiVersion": "2020-05-01",
                    "name": "keep",
                    "scope": "Microsoft.Storage/storageAccounts/stdata",
                    "properties": {"level": "CanNotDelete"},
                }
            )
        },
    ),
    "the profile": lambda root: put(root, {"mlgate.yml": CONFIGURATION.format(profile="development")}),
    "an exclusion": lambda root: put(
        root,
        {"mlgate.yml": CONFIGURATION.format(profile="test") + "  exclude: [{path: infra/other/, reason: not ours}]\n"},
    ),
    "an ignore file": lambda root: put(root, {".gitignore": "infra/storage/\n"}),
    "a skip": lambda root: put(
        root,
        {"infra/main.bicep": "// mlgate:skip MLG-X until 2026-12-31 by a@example.com: x\n"},
    ),
    "nothing but the time of a file": lambda root: (root / "infra/main.bicep").touch(),
}


def relink(module: Path) -> None:
    """A link to a module with other content, then to one with another place."""
    elsewhere = module.parent / "elsewhere.bicep"
    elsewhere.write_text(module.read_text().replace("access\n", "'Disabled'\n"))
    module.unlink()
    module.symlink_to(elsewhere.name)


@pytest.mark.parametrize("change", CHANGES)
def test_after_any_change_the_cache_tells_nothing_old(root: Path, change: str) -> None:
    before = said(check(root, keeper=store(root.parent)))
    CHANGES[change](root)
    changed = check(root, keeper=store(root.parent))
    fresh = check(root)
    assert said(changed) == said(fresh)
    assert verdict_of(changed, root).decision is verdict_of(fresh, root).decision
    assert said(check(root, keeper=store(root.parent))) == said(fresh)
    if change != "nothing but the time of a file":
        assert said(fresh) != before, "the change changes nothing: it proves nothing"


def test_only_what_changed_is_read_again(root: Path, readings: list[str]) -> None:
    check(root, keeper=store(root.parent))
    readings.clear()
    CHANGES["a module"](root)
    check(root, keeper=store(root.parent))
    # notes.json is none of our kinds, and that is known, too.
    assert sorted(set(readings)) == ["main.bicep", "vault.bicep"]


def test_going_back_finds_what_was_known(root: Path, readings: list[str]) -> None:
    original = (root / "infra/other/main.json").read_text()
    check(root, keeper=store(root.parent))
    CHANGES["a file"](root)
    check(root, keeper=store(root.parent))
    (root / "infra/other/main.json").write_text(original)
    readings.clear()
    check(root, keeper=store(root.parent))
    assert readings == []


def test_places_that_nobody_had_asked_for_are_the_files_own(root: Path) -> None:
    check(root, keeper=store(root.parent))
    kept = check(root, keeper=store(root.parent))
    fresh = check(root)
    for (name, one), (_, other) in zip(kept.read, fresh.read, strict=True):
        assert len(one.resources) == len(other.resources)
        for left, right in zip(one.resources, other.resources, strict=True):
            for path in ((), ("properties",), ("properties", "publicNetworkAccess"), ("properties", "none"), ("sku",)):
                assert left.place(*path) == right.place(*path), (name, path)


def test_a_file_that_changes_while_it_is_read_is_not_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = projects.read_file

    def changed_meanwhile(request: Any, found: Any) -> Any:
        if found.shown == "infra/other/main.json":
            found.path.write_text(template(storage("Disabled")))
        return real(request, found)

    (root / "infra/other/main.json").write_text(template(storage("Enabled")))
    monkeypatch.setattr(kept_readings, "read_file", changed_meanwhile)
    check(root, keeper=store(root.parent))
    monkeypatch.undo()
    (root / "infra/other/main.json").write_text(template(storage("Enabled")))
    assert said(check(root, keeper=store(root.parent))) == said(check(root))


def test_what_another_program_had_a_part_in_is_not_kept(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from resource_readers.notes import note_unrepeatable

    real = projects.read_file

    def with_another(request: Any, found: Any) -> Any:
        if found.path.suffix == ".bicep":
            note_unrepeatable()
        return real(request, found)

    monkeypatch.setattr(kept_readings, "read_file", with_another)
    check(root, keeper=store(root.parent))
    again = check(root, keeper=store(root.parent))
    assert ("unchanged since an earlier run", "4 files") in again.facts


BY_DATE = {
    "name": "renewed",
    "properties": {
        "displayName": "An account must be renewed",
        "mode": "All",
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
                    {"value": "[utcNow()]", "greater": "2026-12-31T00:00:00Z"},
                ]
            },
            "then": {"effect": "deny"},
        },
    },
}


def test_a_rule_that_asks_for_the_time_is_asked_in_every_run(root: Path) -> None:
    put(
        root,
        {
            "mlgate.yml": "schema: mlgate/project/v1\ncheck: {policies: [{path: added}]}\n",
            "added/renewed.json": json.dumps(BY_DATE),
        },
    )
    this_year = found(check(root, keeper=store(root.parent)))
    next_year = found(check(root, keeper=store(root.parent), now=NOW.replace(year=2027)))
    assert {rule for rule, _ in next_year - this_year} == {"AZ-RENEWED"}


def test_another_version_of_an_added_definition_is_another_rule(root: Path) -> None:
    stricter = json.loads(json.dumps(BY_DATE).replace("[utcNow()]", "2027-01-01T00:00:00Z"))
    put(
        root,
        {
            "mlgate.yml": "schema: mlgate/project/v1\ncheck: {policies: [{path: added}]}\n",
            "added/renewed.json": json.dumps(stricter).replace("2026-12", "2028-12"),
        },
    )
    before = found(check(root, keeper=store(root.parent)))
    put(root, {"added/renewed.json": json.dumps(stricter)})
    assert {rule for rule, _ in found(check(root, keeper=store(root.parent))) - before} == {"AZ-RENEWED"}


def leaves(value: Any, put_back: Callable[[Any], None]) -> Iterator[tuple[Any, Callable[[Any], None]]]:
    """Every value in a JSON value, with what replaces it."""
    yield value, put_back
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], lambda new, key=key: value.__setitem__(key, new))  # type: ignore[misc]
    elif isinstance(value, list):
        for at in range(len(value)):
            yield from leaves(value[at], lambda new, at=at: value.__setitem__(at, new))  # type: ignore[misc]


def other(value: Any) -> Any:
    """Another value: the opposite, more, or of another kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value.replace("Enabled", "Disabled") if "Enabled" in value else value + "x"
    return [] if value else "x"


@pytest.mark.slow
def test_no_field_of_any_entry_can_be_changed_to_change_the_verdict(root: Path) -> None:
    """Written as whoever can write into the cache's folder would, who doesn't have the user's key."""
    fresh = said(check(root))
    check(root, keeper=store(root.parent))
    kept = {entry: entry.read_bytes() for entry in entries(root.parent)}
    assert len(kept) >= 7
    turns = 0
    longest = max(
        sum(1 for _ in leaves(json.loads(data.partition(b"\n")[2]), lambda _: None)) for data in kept.values()
    )
    for turn in range(longest):
        for entry, data in kept.items():
            seal, _, body = data.partition(b"\n")
            value = json.loads(body)
            every = list(leaves(value, lambda _: None))
            old, put_back = every[turn % len(every)]
            put_back(other(old))
            entry.write_bytes(seal + b"\n" + json.dumps(value, separators=(",", ":")).encode())
        if turn % max(1, longest // 12) == 0:  # every entry at once; a run for each field would take minutes
            assert said(check(root, keeper=store(root.parent))) == fresh
            turns += 1
        for entry, data in kept.items():
            entry.write_bytes(data)
    assert turns >= 12


def test_even_a_sealed_entry_of_another_shape_ends_no_run(root: Path) -> None:
    """An entry of nonsense that bears the right seal: a defect of ours, and still no wrong answer."""
    fresh = said(check(root))
    for nonsense in (
        "null",
        "[]",
        "{}",
        "7",
        '{"kind": 1}',
        '{"kind": null, "asked": []}',
        '{"asked": [[1]], "kind": "arm"}',
    ):
        one = store(root.parent)
        check(root, keeper=one)
        for entry in entries(root.parent):
            name = json.loads(entry.read_bytes().partition(b"\n")[2])[0]
            body = json.dumps([name, json.loads(nonsense)]).encode()
            entry.write_bytes(one._seal(body) + b"\n" + body)
        assert said(check(root, keeper=store(root.parent))) == fresh
        shutil.rmtree(root.parent / "cache")


DAMAGE = st.tuples(
    st.sampled_from(["keep", "cut", "flip", "swap", "remove", "junk", "folder"]),
    st.integers(0, 100_000),
    st.integers(1, 255),
    st.binary(max_size=50),
)


@pytest.mark.slow
@given(damages=st.lists(DAMAGE, min_size=9, max_size=9))
@settings(max_examples=20, deadline=None)
def test_whatever_becomes_of_the_cache_the_verdict_stays(
    tmp_path_factory: pytest.TempPathFactory, damages: list[tuple[str, int, int, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("corruption")
    root = make_project(folder / "project")
    fresh = said(check(root))
    check(root, keeper=store(folder))
    names = entries(folder)
    contents = [entry.read_bytes() for entry in names]
    for entry, content, (what, number, bits, junk) in zip(names, contents, damages, strict=False):
        at = number % len(content)
        entry.unlink()
        match what:
            case "keep":
                entry.write_bytes(content)
            case "cut":
                entry.write_bytes(content[:at])
            case "flip":
                entry.write_bytes(content[:at] + bytes([content[at] ^ bits]) + content[at + 1 :])
            case "swap":
                entry.write_bytes(contents[number % len(contents)])
            case "junk":
                entry.write_bytes(junk)
            case "folder":
                entry.mkdir()
    assert said(check(root, keeper=store(folder))) == fresh
    assert said(check(root, keeper=store(folder))) == fresh
