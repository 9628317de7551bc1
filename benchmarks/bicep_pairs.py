"""Whether a Bicep file and the template that was compiled from it give equal resources.

    .venv/bin/python -m benchmarks.bicep_pairs FOLDER [--limit N] [--only TEXT] [--explain PATH] [--modes none,made]

FOLDER is a checkout of Azure/bicep-registry-modules, where each `main.bicep` has its compiled `main.json` beside it.
Both are expanded with the same parameters: none ("none"), and values made from the parameters' types ("made"). A folder
for the parameter files and the restored modules is made beside FOLDER and removed at the end.

Equal means: the same resources in any order, each with equal type (without regard to case), id, name, scope, API
version, condition, repetition, fields and properties. An unknown value equals any unknown value; how many of the pairs
are equal in the texts of the unknown values, too, is counted apart. Left out are, because the compiler decides on them:
the API version of a module's deployment, and resources that only the Bicep file refers to (`existing`) where a part of
the template has no symbolic names and so can't say it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.bicep_pair_inputs import Pair, load_template, made_values, pairs_below, restored_modules
from resource_readers.interface import ReadRequest, ReadResult, Resource, Session
from resource_readers.registry import read_resources
from resource_readers.rendering import plain_value

MODES = ("none", "made")
_DEPLOYMENT = "microsoft.resources/deployments"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place at which the two differ: what kind of difference, where, and both values."""

    reason: str
    where: str
    bicep: Any
    compiled: Any


@dataclass(slots=True)
class Outcome:
    """What the comparison of one pair gave."""

    pair: Pair
    mode: str
    resources: int = 0
    unread_bicep: list[str] = field(default_factory=list)
    unread_template: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    texts: list[Difference] = field(default_factory=list)

    @property
    def state(self) -> str:
        """One word for the table."""
        if self.unread_bicep or self.unread_template:
            return "not read whole"
        return "different" if self.differences else "equal"


def compare(pair: Pair, mode: str, root: Path, parameters: Path | None, modules: Path) -> Outcome:
    """Expands both and compares them."""
    session = Session()
    outcome = Outcome(pair, mode)
    bicep, compiled = (
        read_resources(
            ReadRequest(root=root, path=path, parameters=parameters, session=session, bicep_modules=(modules,))
        )
        for path in (pair.bicep, pair.template)
    )
    outcome.unread_bicep = [_shown(bicep, at) for at in range(len(bicep.not_read))]
    outcome.unread_template = [_shown(compiled, at) for at in range(len(compiled.not_read))]
    outcome.resources = len(compiled.resources)
    symbolic = _only_symbolic(load_template(pair.template))
    left, right = ([canonical(one) for one in result.resources] for result in (bicep, compiled))
    found = list(_matched(left, right, symbolic=symbolic))
    outcome.texts = [one for one in found if one.reason == "text of an unknown value"]
    outcome.differences = [one for one in found if one.reason != "text of an unknown value"]
    return outcome


def _shown(result: ReadResult, at: int) -> str:
    one = result.not_read[at]
    return f"{one.path}:{one.line}: {one.reason}"


def _only_symbolic(template: dict[str, Any]) -> bool:
    """Whether all the templates in a template have symbolic names, so that `existing` can be said."""
    resources = template.get("resources", [])
    if not isinstance(resources, dict):
        return False
    for one in resources.values():
        properties = one.get("properties") if isinstance(one, dict) else None
        inner = properties.get("template") if isinstance(properties, dict) else None
        # A template that was written by hand, as those of telemetry are, has no mark of the compiler.
        if isinstance(inner, dict) and "_generator" in inner.get("metadata", {}) and not _only_symbolic(inner):
            return False
    return True


def canonical(resource: Resource) -> dict[str, Any]:
    """A resource as plain values, in which the order of keys and the case of types say nothing."""
    module = resource.type.casefold() == _DEPLOYMENT
    return {
        "type": resource.type.casefold(),
        "id": resource.id.casefold(),
        "name": plain_value(resource.name),
        "scope": resource.scope.casefold(),
        "apiVersion": "" if module else resource.api_version,
        "condition": plain_value(resource.condition),
        "repeated": resource.repeated,
        "existing": resource.existing,
        "fields": {key: plain_value(value) for key, value in resource.fields.items() if value is not None},
        "properties": plain_value(resource.properties),
    }


def _matched(left: list[dict[str, Any]], right: list[dict[str, Any]], *, symbolic: bool) -> Iterator[Difference]:
    """Pairs the resources: those equal in all, then by id, then what is left by type and order."""
    for key in (_everything, _whole_key, _type_key):
        groups: dict[Any, list[dict[str, Any]]] = {}
        for one in right:
            groups.setdefault(key(one), []).append(one)
        rest = []
        for one in left:
            partners = groups.get(key(one))
            if not partners:
                rest.append(one)
                continue
            if key is _everything:
                partners.pop(0)
                continue
            yield from _differences(f"{one['type']} {one['name']}", one, partners.pop(0))
        left = rest
        right = [one for partners in groups.values() for one in partners]
    for one in left:
        if one["existing"] and not symbolic:
            continue  # a part of the template can't say it
        yield Difference("only from Bicep", f"{one['type']} {one['name']}", one["id"], None)
    for one in right:
        yield Difference("only from the template", f"{one['type']} {one['name']}", None, one["id"])


def _everything(one: dict[str, Any]) -> Any:
    return json.dumps(one, sort_keys=True)


def _whole_key(one: dict[str, Any]) -> Any:
    return one["type"], one["id"], one["existing"]


def _type_key(one: dict[str, Any]) -> Any:
    return one["type"], one["existing"]


def _differences(where: str, left: dict[str, Any], right: dict[str, Any]) -> Iterator[Difference]:
    for key, value in left.items():
        if key in ("id", "scope"):
            if value != right[key]:
                unknown = "{" in value and "{" in right[key]
                yield Difference("text of an unknown value" if unknown else key, f"{where}: {key}", value, right[key])
            continue
        for one in differing(f"{where}: {key}", value, right[key]):
            yield (
                one if one.reason == "text of an unknown value" else Difference(key, one.where, one.bicep, one.compiled)
            )


def differing(where: str, left: Any, right: Any) -> Iterator[Difference]:
    """Every place at which two plain values differ."""
    if isinstance(left, dict) and isinstance(right, dict):
        if "$unknown" in left and "$unknown" in right:
            if left.get("text") != right.get("text"):
                yield Difference("text of an unknown value", where, left, right)
            return
        if "$unknown" not in left and "$unknown" not in right:
            for key in sorted({*left, *right}):
                if key not in left or key not in right:
                    yield Difference("a key", f"{where}.{key}", left.get(key, "(none)"), right.get(key, "(none)"))
                else:
                    yield from differing(f"{where}.{key}", left[key], right[key])
            return
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for at, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differing(f"{where}[{at}]", one, other)
        return
    if type(left) is not type(right) or left != right:
        yield Difference("a value", where, left, right)


def run(folder: Path, modes: list[str], limit: int | None, only: str, explain: str) -> list[Outcome]:
    """Compares all pairs below a folder."""
    every = pairs_below(folder)
    chosen = [pair for pair in every if only in pair.bicep.as_posix() and explain in pair.bicep.as_posix()][:limit]
    outcomes = []
    root = folder.parent
    work = Path(tempfile.mkdtemp(prefix="bicep-pairs-", dir=root))
    try:
        restored = restored_modules(every, folder)
        restored.write(work)
        print(restored.summary())
        for mode in modes:
            for pair in chosen:
                parameters = None
                if mode == "made":
                    parameters = work / "made.parameters.json"
                    values = made_values(load_template(pair.template))
                    parameters.write_text(json.dumps({"parameters": values}), encoding="utf-8")
                outcomes.append(compare(pair, mode, root, parameters, work))
                if explain:
                    _explain(outcomes[-1], folder)
    finally:
        shutil.rmtree(work)
    return outcomes


def _explain(outcome: Outcome, folder: Path) -> None:
    print(f"{outcome.pair.bicep.relative_to(folder)} ({outcome.mode}): {outcome.state}, {outcome.resources} resources")
    for line in outcome.unread_bicep:
        print(f"  Bicep not read: {line}")
    for line in outcome.unread_template:
        print(f"  template not read: {line}")
    for one in [*outcome.differences, *outcome.texts]:
        print(f"  {one.reason}: {one.where}\n    Bicep:    {one.bicep}\n    template: {one.compiled}")


def table(outcomes: list[Outcome]) -> str:
    """The results, a line a mode, and every reason with the number of pairs in which it is found."""
    lines = [
        "| parameters | pairs | equal | of these in every text | different | not read whole | resources |",
        "|---" * 7 + "|",
    ]
    for mode in dict.fromkeys(one.mode for one in outcomes):
        own = [one for one in outcomes if one.mode == mode]
        states = Counter(one.state for one in own)
        texts = sum(one.state == "equal" and not one.texts for one in own)
        lines.append(
            f"| {mode} | {len(own)} | {states['equal']} ({states['equal'] / max(1, len(own)):.1%}) | {texts}"
            f" | {states['different']} | {states['not read whole']} | {sum(one.resources for one in own):,} |"
        )
    for mode in dict.fromkeys(one.mode for one in outcomes):
        reasons = Counter(
            reason for one in outcomes if one.mode == mode for reason in {d.reason for d in one.differences}
        )
        lines += [f"- {mode}: {reason}: {count} pairs" for reason, count in reasons.most_common()]
    return "\n".join(lines)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--only", default="", help="pairs whose path holds this")
    parser.add_argument("--explain", default="", help="pairs whose path holds this, with every difference")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--list", action="store_true", help="names every pair that isn't equal")
    given = parser.parse_args()
    began = time.perf_counter()
    folder = given.folder.resolve()
    outcomes = run(folder, given.modes.split(","), given.limit, given.only, given.explain)
    if given.list:
        for one in outcomes:
            if one.state != "equal":
                first = (one.unread_bicep + one.unread_template + [f"{d.reason}: {d.where}" for d in one.differences])[
                    :1
                ]
                print(f"{one.mode}\t{one.state}\t{one.pair.bicep.relative_to(folder)}\t{first[0][:200]}")
    print(table(outcomes))
    print(f"{time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
