"""Writes fixes into files, and takes back whatever doesn't do what it should and nothing else.

A file is written whole or not at all, only if it is the one that was checked, and never through a link. Then it is
read and judged again: the findings must be gone, and nothing may differ but the property that was to be set.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy_gate.fixes.planning import Fix, NotMended, Plan, Read, fixed_text
from deploy_gate.fixes.texts import NotMechanicalError
from deploy_gate.policy_checks.judging import pointer_parts
from resource_readers.interface import ReadResult, Resource
from resource_readers.project_files import UnreadableFileError, open_inside
from resource_readers.rendering import plain_resource
from verdicts import Finding, NotCompleted, Outcome
from verdicts.digests import digest_bytes
from verdicts.files import write_atomically

Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class MendedFile:
    """A file before and after.

    Attributes:
        path: relative to the root.
        before, after: its text.
        fixes: what was set.
    """

    path: str
    before: str
    after: str
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of a plan: files that are or would be changed, and what stays as it was."""

    files: tuple[MendedFile, ...]
    not_mended: tuple[NotMended, ...]


@dataclass(slots=True, kw_only=True)
class Mender:
    """Carries out a plan.

    Attributes:
        root: the project's folder.
        read: what was read and judged.
        digests: of the files that were checked, by path.
        reread: reads a file again; None where it is of no kind any more.
        judge: what the rules say of the files with these names, in everything that was read.
    """

    root: Path
    read: Read
    digests: Mapping[str, str]
    reread: Callable[[str], ReadResult | None]
    judge: Callable[[Read, frozenset[str]], Sequence[Outcome]]
    _now: dict[str, ReadResult] = field(default_factory=dict)

    def preview(self, plan: Plan) -> Mended:
        """What would be written; writes nothing."""
        return self._all(plan, write=False)

    def write(self, plan: Plan) -> Mended:
        """Writes it, and takes back what doesn't hold. Raises OSError where a file can't be written or restored."""
        return self._all(plan, write=True)

    def _all(self, plan: Plan, *, write: bool) -> Mended:
        by_path: dict[str, list[Fix]] = {}
        for fix in plan.fixes:
            by_path.setdefault(fix.path, []).append(fix)
        files, left = [], list(plan.not_mended)
        for path, fixes in by_path.items():
            try:
                before = self._text(path)
            except NotMechanicalError as error:
                left += [NotMended(finding, str(error)) for fix in fixes for finding in fix.findings]
                continue
            done, after = [], before
            for fix in fixes:
                try:
                    wanted = fixed_text(after, fix)
                    if write:
                        self._write(path, after, wanted, fix)
                except NotMechanicalError as error:
                    left += [NotMended(finding, str(error)) for finding in fix.findings]
                    continue
                after = wanted
                done.append(fix)
            if done:
                files.append(MendedFile(path, before, after, tuple(done)))
        return Mended(tuple(files), tuple(left))

    def _text(self, path: str) -> str:
        """The text of a file that was checked. Raises NotMechanicalError."""
        place = self.root / path
        try:
            if place.resolve(strict=True) != self.root.resolve(strict=True) / path:
                raise NotMechanicalError("a link leads to it")
            file = open_inside(self.root, Path(path))
        except (OSError, RuntimeError, UnreadableFileError) as error:
            raise NotMechanicalError(f"it can't be read any more: {error}") from None
        if self.digests.get(path) != digest_bytes(file.data):
            raise NotMechanicalError("it is not the file that was checked")
        try:
            return file.data.decode()
        except UnicodeDecodeError:
            raise NotMechanicalError("it is not UTF-8") from None

    def _write(self, path: str, before: str, after: str, fix: Fix) -> None:
        """Writes one fix. Raises NotMechanicalError where it was taken back."""
        place = self.root / path
        self._replace(place, before.encode(), after.encode())
        try:
            problem, results = self._problem(path, fix)
        except BaseException:
            self._replace(place, after.encode(), before.encode())
            raise
        if problem:
            self._replace(place, after.encode(), before.encode())
            raise NotMechanicalError(f"it was taken back: {problem}")
        self._now.update(results)

    def _replace(self, place: Path, before: bytes, after: bytes) -> None:
        """Raises NotMechanicalError where something else stands there than is to be replaced."""
        state = os.lstat(place)
        if not stat.S_ISREG(state.st_mode) or place.read_bytes() != before:
            raise NotMechanicalError("somebody else changed the file meanwhile")
        write_atomically(place, after)
        place.chmod(stat.S_IMODE(state.st_mode))

    def _problem(self, path: str, fix: Fix) -> tuple[str, dict[str, ReadResult]]:
        """What is not as it should be after a change, or "", and what was read of the files that hold it."""
        old = [(shown, self._now.get(shown, result)) for shown, result in self.read]
        results: dict[str, ReadResult] = {}
        for shown, result in old:
            if shown != path and all(file.name != path for file in result.files):
                continue
            again = self.reread(shown)
            if again is None or len(again.not_read) > len(result.not_read):
                return f"{shown} can't be read whole after it", {}
            other = next(_differences(result, again, path, fix), None)
            if other is not None:
                return f"it changes more than it should: {other}", {}
            results[shown] = again
        new = [(shown, results.get(shown, result)) for shown, result in old]
        concerned = frozenset(results)
        was, now = self.judge(old, concerned), self.judge(new, concerned)
        before, after = _identities(_findings(was), path), _identities(_findings(now), path)
        # Two blocks of one file may declare one id: then one of two equal findings must be gone.
        if any(after[one] >= before[one] for one in _identities(fix.findings, path)):
            return "the finding stays", {}
        if after - before:
            return "there is a finding that wasn't there", {}
        if _open(now) > _open(was):
            return "something can't be decided any more", {}
        return "", results


def _identities(findings: Iterable[Finding], path: str) -> Counter[tuple[str, str, str, str]]:
    """How often there is which finding, whatever its line."""
    return Counter(
        (one.rule_id, one.location.path if one.location else "", _unplaced(one.resource, path), one.subject)
        for one in findings
    )


def _findings(outcomes: Sequence[Outcome]) -> Iterator[Finding]:
    for outcome in outcomes:
        yield from outcome.findings


def _open(outcomes: Sequence[Outcome]) -> int:
    return sum(isinstance(one, NotCompleted) for one in outcomes)


def _differences(before: ReadResult, after: ReadResult, path: str, fix: Fix) -> Iterator[str]:
    """What differs between two readings beside the property that was to be set, as places for a person."""
    if len(before.resources) != len(after.resources):
        yield "the number of resources"
        return
    wanted = pointer_parts(fix.rule.pointer)
    names = {one.resource for one in fix.findings}
    for old, new in zip(before.resources, after.resources, strict=True):
        # Every instance of a loop, and every use of a module, has the property that is written once.
        mine = old.location.path == path and (old.id in names or _same_place(old.place(), fix))
        for place in _changed(_plain(old, path), _plain(new, path)):
            if not (mine and _is_at(place, wanted)):
                yield f"{old.id} {'/'.join(str(part) for part in place)}"


def _same_place(place: tuple[int, int], fix: Fix) -> bool:
    return place[0] == fix.target.line


def _plain(resource: Resource, path: str) -> dict[str, Any]:
    shown = plain_resource(resource, str)
    return {key: _unplaced(value, path) for key, value in shown.items() if key not in ("$file", "$line")}


def _unplaced(value: Any, path: str) -> Any:
    """A value without the lines of the file at `path`, by which things without a name are named."""
    if isinstance(value, str):
        return re.sub(rf"{re.escape(path)}:\d+", f"{path}:0", value)
    if isinstance(value, dict):
        return {key: _unplaced(one, path) for key, one in value.items()}
    if isinstance(value, list):
        return [_unplaced(one, path) for one in value]
    return value


def _is_at(place: Pointer, wanted: Pointer) -> bool:
    return len(place) >= len(wanted) and [str(part).casefold() for part in place[: len(wanted)]] == [
        str(part).casefold() for part in wanted
    ]


def _changed(before: Any, after: Any, place: Pointer = ()) -> Iterator[Pointer]:
    """The places at which two values differ; a property that wasn't there is one, an object around it isn't."""
    if isinstance(after, dict) and (isinstance(before, dict) or before is None):
        old = before or {}
        for key in {**old, **after}:
            yield from _changed(old.get(key), after.get(key), (*place, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changed(one, other, (*place, number))
    elif before != after or type(before) is not type(after):
        yield place
