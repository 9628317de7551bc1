"""Tests that stand beside the definitions of a pack: NAME.cases.jsonl beside NAME.json, with what is expected.

A definition counts as tested if a case shows it taking hold and another one shows it leaving a resource alone.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from policies.cases import answer_case
from policies.definitions import STATIC, read_definition
from policies.pack import is_initiative
from policies.pack_sources import Body, bodies_of, read_inputs
from policies.scope import Aliases
from policies.values import DefinitionError, same
from verdicts.documents import DocumentError, parse_json, read_bounded

SUFFIX = ".cases.jsonl"
_EXPECTED = frozenset({"state", "effect", "details"})
_LEFT_ALONE = frozenset({"Compliant", "NotApplicable"})


@dataclass(slots=True)
class DefinitionTests:
    """The tests of one definition.

    Attributes:
        source: its file.
        passed: number of cases that gave what they expect.
        failures: what went wrong, each with file and line.
        takes_hold, leaves_alone: whether a case expects so.
        evaluated: whether the engine evaluates this mode; if not, no test can say anything.
    """

    source: str
    passed: int = 0
    failures: list[str] = field(default_factory=list)
    takes_hold: bool = False
    leaves_alone: bool = False
    evaluated: bool = True

    @property
    def missing(self) -> str:
        """What isn't tested, or ""."""
        if not self.evaluated or (self.takes_hold and self.leaves_alone):
            return ""
        if not self.takes_hold and not self.leaves_alone:
            return "untested"
        return "no case in which it leaves a resource alone" if self.takes_hold else "no case in which it takes hold"


def run_pack_tests(folder: Path, now: dt.datetime, aliases: Aliases | None = None) -> list[DefinitionTests]:
    """Runs all cases of a pack folder; one result for each definition, and one for each file that can't be used.

    Raises:
        PackSourceError: the folder can't be read.
    """
    results = []
    tested: set[Path] = set()
    for body in bodies_of(read_inputs(folder)):
        if not body.error and is_initiative(body.value):
            continue
        cases = folder / f"{body.source[: -len('.json')]}{SUFFIX}"
        tested.add(cases)
        results.append(_run(body, cases, now, aliases))
    for orphan in sorted(set(folder.rglob(f"*{SUFFIX}")) - tested):
        source = orphan.relative_to(folder).as_posix()
        failure = f"{source}: there is no definition beside it"
        results.append(DefinitionTests(source, failures=[failure], takes_hold=True, leaves_alone=True))
    return results


def read_cases(definition: Path) -> list[dict[str, Any]]:
    """The cases beside a definition's file that can be read, as they stand; none where there are none."""
    cases = definition.with_name(definition.name.removesuffix(".json") + SUFFIX)
    found = []
    with contextlib.suppress(OSError, DocumentError):
        for _, line in _lines(cases):
            case = parse_json(line)
            if isinstance(case, dict) and isinstance(case.get("expect"), dict):
                found.append(case)
    return found


def _run(body: Body, cases: Path, now: dt.datetime, aliases: Aliases | None) -> DefinitionTests:
    result = DefinitionTests(body.source)
    try:
        definition = read_definition(body.value, body.source) if not body.error else None
    except DefinitionError as error:
        result.failures.append(f"{body.source}: {error}")
        return result
    if definition is None:
        result.failures.append(f"{body.source}: {body.error}")
        return result
    result.evaluated = definition.evaluable and definition.mode != STATIC
    if not cases.exists():
        return result
    try:
        lines = _lines(cases)
    except (OSError, DocumentError) as error:
        result.failures.append(f"{cases.name}: can't be read: {error}")
        return result
    for number, line in lines:
        problem = _one(line, body.value, result, now, aliases)
        if problem:
            result.failures.append(f"{cases.name}:{number}: {problem}")
        else:
            result.passed += 1
    return result


def _lines(cases: Path) -> Iterator[tuple[int, bytes]]:
    if cases.is_symlink() or not cases.is_file():
        raise OSError("it is no regular file")
    lines = read_bounded(cases).split(b"\n")
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _one(line: bytes, policy: Any, result: DefinitionTests, now: dt.datetime, aliases: Aliases | None) -> str:
    """Runs one case; why it fails, or ""."""
    try:
        case = parse_json(line)
    except DocumentError as error:
        return str(error)
    if not isinstance(case, dict) or "policy" in case:
        return "a case is an object without policy, which is the definition beside it"
    expected = case.get("expect")
    if not isinstance(expected, dict) or "state" not in expected or not set(expected) <= _EXPECTED:
        return "a case needs expect with state, and effect and details if they matter"
    answer = answer_case({**case, "policy": policy}, now, aliases)
    for key in expected:
        if not _agrees(key, expected[key], answer[key]):
            return f"expected {key} {expected[key]!r}, found {answer[key]!r} ({answer['reason']})"
    if answer["state"] in _LEFT_ALONE and not answer["effect"]:
        result.leaves_alone = True
    elif answer["effect"] and answer["state"] != "NotApplicable":
        result.takes_hold = True
    return ""


def _agrees(key: str, expected: Any, found: Any) -> bool:
    if key == "effect":
        return same(expected, found)
    return bool(expected == found)
