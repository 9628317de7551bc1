"""A first mlgate.yml for a project, from what is found in it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_gate.project import FILE_NAME, SCHEMA
from deploy_gate.static_checks.inputs import IgnoredFiles
from deploy_gate.static_checks.package_files import found_closures
from deploy_gate.static_checks.readings import Reading
from deploy_gate.static_checks.settings import CheckSettings
from resource_readers.discovery import walk
from resource_readers.interface import UNKNOWN_KIND
from verdicts import ConfigurationError
from verdicts.documents import DocumentError, load_document, read_bounded

_MAXIMUM_BYTES = 1 << 20
_OUR_FILE = re.compile(rb"""^["'{\s]*schema["']?\s*:\s*["']?mlgate/([a-z-]+)/v1""", re.M)
_GOVERNANCE = {"allowlist": "allowlist", "waivers": "waivers", "principals": "principals"}
_SNAPSHOT, _RELEASE, _BASELINE = "advisory-snapshot", "release", "baseline"
_TEMPLATES = frozenset({"arm", "bicep", "terraform", "terraform-plan", "terraform-state"})
_OF_CHECKOV = frozenset({"arm", "bicep"})
_PIPELINES = frozenset({"github-workflow", "azure-pipeline"})
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class FirstConfiguration:
    """What is written, and what a person should know of it.

    Attributes:
        text: of mlgate.yml.
        found: what the project holds, a sentence each.
        chosen: what was decided, and why.
        left: what is left to do.
    """

    text: str
    found: tuple[str, ...]
    chosen: tuple[str, ...]
    left: tuple[str, ...]


def first_configuration(root: Path, readings: Sequence[Reading]) -> FirstConfiguration:
    """A configuration that `mlgate check` accepts.

    Args:
        root: the project's folder.
        readings: everything that was read in it.
    """
    kinds = _kinds(readings)
    ours = _our_files(root)
    closures, unpinned = found_closures(root, CheckSettings())
    around = _conda_files(root, ours.get(_RELEASE, []))
    pinned = {(name := one.requirements.relative_to(root).as_posix()): around.get(name, "") for one in closures}
    notes = _Notes([], [], [])
    notes.found.append(_enumerated(kinds) or "no file of a kind that mlgate reads")
    document: dict[str, Any] = {"schema": SCHEMA}
    governance = _governance(ours, notes)
    if governance:
        document["governance"] = governance
    snapshot = _only(ours, _SNAPSHOT, notes)
    if snapshot:
        document["databases"] = {"advisories": {"path": _folder_of(snapshot)}}
    document["check"] = _check(kinds, governance, pinned, document, ours, notes)
    _packages_left(pinned, unpinned, document, notes)
    _pipelines_left(root, readings, notes)
    _releases_left(ours, notes)
    return FirstConfiguration(_written(document), tuple(notes.found), tuple(notes.chosen), tuple(notes.left))


@dataclass(frozen=True, slots=True)
class _Notes:
    found: list[str]
    chosen: list[str]
    left: list[str]


def _kinds(readings: Sequence[Reading]) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for one in readings:
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
    return kinds


def _enumerated(kinds: Mapping[str, int]) -> str:
    known = {kind: count for kind, count in kinds.items() if kind != UNKNOWN_KIND}
    parts = [f"{count} {kind}" for kind, count in sorted(known.items(), key=lambda item: (-item[1], item[0]))]
    if UNKNOWN_KIND in kinds:
        parts.append(f"{kinds[UNKNOWN_KIND]} that can't be read")
    return f"files: {', '.join(parts)}" if parts else ""


def _our_files(root: Path) -> dict[str, list[str]]:
    """Names of mlgate's own files, by what their schema says they are."""
    found: dict[str, list[str]] = {}
    for path in walk(root, root, IgnoredFiles(root, ()), _may_be_ours):
        if not isinstance(path, Path):
            continue
        try:
            match = _OUR_FILE.search(read_bounded(path, _MAXIMUM_BYTES))
        except (OSError, DocumentError):
            continue
        if match is not None:
            found.setdefault(match[1].decode(), []).append(path.relative_to(root).as_posix())
    return found


def _may_be_ours(name: str) -> bool:
    return name.casefold().endswith((".yml", ".yaml", ".json"))


def _only(ours: Mapping[str, list[str]], kind: str, notes: _Notes) -> str:
    """The one file of a kind; with several nobody but the project can choose."""
    names = ours.get(kind, [])
    if len(names) > 1:
        notes.left.append(f"there is more than one {kind}: name the right one in mlgate.yml ({_some(names)})")
    return names[0] if len(names) == 1 else ""


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _folder_of(name: str) -> str:
    return name.rpartition("/")[0] or "."


def _governance(ours: Mapping[str, list[str]], notes: _Notes) -> dict[str, str]:
    named = {key: _only(ours, kind, notes) for key, kind in _GOVERNANCE.items()}
    present = {key: name for key, name in named.items() if name}
    notes.found.extend(f"{key}: {name}" for key, name in present.items())
    return present


def _check(
    kinds: Mapping[str, int],
    governance: Mapping[str, str],
    pinned: Mapping[str, str],
    document: Mapping[str, Any],
    ours: Mapping[str, list[str]],
    notes: _Notes,
) -> dict[str, Any]:
    checks = ["policy"]
    notes.chosen.append("profile production: the strictest; development and test demand less")
    notes.chosen.append("policy: mlgate's own rules over every file that is read")
    if kinds.keys() & _OF_CHECKOV:
        checks.append("checkov")
        notes.chosen.append("checkov, since there are ARM or Bicep templates (`mlgate tools install` brings it)")
    if kinds.keys() & _TEMPLATES:
        if "principals" in governance:
            checks.append("rbac-matrix")
            notes.chosen.append("rbac-matrix: role assignments in templates against the persona matrix")
        else:
            notes.left.append("who is who: write a principals file, name it and add rbac-matrix (docs/rbac.md)")
    section: dict[str, Any] = {"profile": "production", "fail_on": "medium", "checks": checks}
    if pinned and ("allowlist" in governance or "databases" in document):
        checks.append("packages")
        section["packages"] = [
            {"requirements": name, **({"conda": conda} if conda else {})} for name, conda in pinned.items()
        ]
        notes.chosen.append(f"packages: {_some(tuple(pinned))}")
    baseline = _only(ours, _BASELINE, notes)
    if baseline:
        section["baseline"] = baseline
        notes.found.append(f"baseline: {baseline}")
    return section


def _conda_files(root: Path, releases: Sequence[str]) -> dict[str, str]:
    """The conda file around a requirement file, as the project's releases name them."""
    found: dict[str, str] = {}
    for name in releases:
        try:
            content = load_document(root / name, shown_as=name).content
        except ConfigurationError:
            continue
        packages = content.get("packages") if isinstance(content, dict) else None
        named = [packages.get(key) for key in ("requirements", "conda")] if isinstance(packages, dict) else []
        texts = [one for one in named if isinstance(one, str)]
        if len(texts) == 2:
            requirements, conda = (posixpath.normpath(posixpath.join(posixpath.dirname(name), one)) for one in texts)
            if (root / conda).is_file() and not conda.startswith(("../", "/")):
                found[requirements] = conda
    return found


def _packages_left(
    pinned: Mapping[str, str], unpinned: Sequence[str], document: Mapping[str, Any], notes: _Notes
) -> None:
    if pinned and "packages" not in document["check"]:
        notes.left.append(
            f"{_some(tuple(pinned))}: to check packages, import advisories or write an allowlist, and name them "
            "(docs/packages.md)"
        )
    if unpinned:
        notes.left.append(f"pin with hashes, so that packages can be checked: {_some(unpinned)}")


def _pipelines_left(root: Path, readings: Sequence[Reading], notes: _Notes) -> None:
    pipelines = [one.shown for one in readings if one.kind in _PIPELINES]
    for name in pipelines:
        try:
            if b"mlgate" in read_bounded(root / name):
                notes.found.append(f"{name} runs mlgate")
                return
        except (OSError, DocumentError):
            continue
    notes.left.append("let pull requests run `mlgate check` (docs/check.md has the lines for both platforms)")


def _releases_left(ours: Mapping[str, list[str]], notes: _Notes) -> None:
    releases = ours.get(_RELEASE, [])
    if releases:
        notes.found.append(f"releases: {_some(releases)}")
        notes.left.append("`mlgate deploy` needs backend, governance, databases and environments (docs/deploy-path.md)")


_HEAD = """\
# The first configuration of this project, written by `mlgate init`. docs/check.md explains every key.
"""
_TAIL = """\
  # Files that are not yours; each with a reason, which every report shows:
  # exclude: [{path: vendor/, reason: another team's}]
  # A rule that doesn't fit here; weakening one needs a reason:
  # rules:
  #   MLG-WORKSPACE-PUBLIC-ACCESS: {severity: low, reason: the workspace is for training courses}
"""


def _written(document: Mapping[str, Any]) -> str:
    import yaml

    return _HEAD + yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=110) + _TAIL


def summary(made: FirstConfiguration, *, dry_run: bool) -> Iterator[str]:
    """Lines for a person."""
    yield from (f"found   {line}" for line in made.found)
    yield from (f"chosen  {line}" for line in made.chosen)
    yield from (f"to do   {line}" for line in made.left)
    yield f"{FILE_NAME} {'would be' if dry_run else 'is'} written; type `mlgate check`"
