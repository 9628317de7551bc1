"""The policy engine: loading, evaluating, memory, growth, and checkov on the same files in the same run.

    .venv/bin/python benchmarks/policy_engine.py [--resources N] [--rounds N]

Needs the team's shared data (public definitions and templates) and checkov (`mlgate tools install`); ends with 2 and
says so where one of them is missing. Every measurement is made in a process of its own. Seconds of loading are wall
seconds without the start of Python; pairs a second are counted in the processor's seconds, since the machine may have
other things to do. docs/benchmarks.md says what each line means.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

FILES = 8
TARGETS = {
    "cold": "under 2 s",
    "cached": "under 0.2 s",
    "rate": "5,000,000 or more",
    "memory": "under 300 MB",
    "checkov": "30 or more",
}


# What is measured; each of these runs in a process of its own and prints JSON


def prepare(scratch: Path, _count: int) -> dict[str, Any]:
    """Writes what the others take: parameters, and the templates' resources."""
    from benchmarks.corpus import DEFINITIONS, arm_templates, plausible_parameters, template_resources
    from policies.definitions import RESOURCE_MANAGER_MODES
    from policies.pack_cache import load_pack

    pack = load_pack(DEFINITIONS)
    kept = {member.source for member in pack.members if member.facts.mode in RESOURCE_MANAGER_MODES}
    _write_definitions(DEFINITIONS, kept, scratch / "definitions.jsonl.gz")
    values = {member.facts.name: plausible_parameters(member) for member in pack.members if member.source in kept}
    (scratch / "parameters.json").write_text(json.dumps({name: given for name, given in values.items() if given}))
    resources = template_resources()
    (scratch / "resources.json").write_text(json.dumps(resources))
    return {"definitions": len(kept), "resources": len(resources), "templates": len(arm_templates())}


def _write_definitions(source: Path, kept: set[str], target: Path) -> None:
    import gzip

    with gzip.open(source, "rb") as lines, gzip.open(target, "wb") as stream:
        stream.writelines(line for line in lines if json.loads(line)["path"] in kept)


def cold(scratch: Path, _count: int) -> dict[str, Any]:
    """Reads, checks and compiles every Resource Manager definition."""
    started = time.perf_counter()
    from policies.pack_cache import load_pack

    imported = time.perf_counter()
    pack = load_pack(scratch / "definitions.jsonl.gz")
    return {
        "imports": imported - started,
        "seconds": time.perf_counter() - imported,
        "definitions": len(pack),
        "errors": len(pack.errors),
    }


def cached(scratch: Path, _count: int) -> dict[str, Any]:
    """The same from the cache, and then everything compiled."""
    from policies.pack_cache import load_pack

    started = time.perf_counter()
    pack = load_pack(scratch / "definitions.jsonl.gz", cache=scratch / "cache")
    ready = time.perf_counter()
    pack.compile()
    return {
        "seconds": ready - started,
        "compiled": time.perf_counter() - started,
        "definitions": len(pack),
        "errors": len(pack.errors),
    }


def _evaluable_pack(scratch: Path) -> Any:
    from policies.pack_cache import load_pack

    parameters = json.loads((scratch / "parameters.json").read_text())
    pack = load_pack(scratch / "definitions.jsonl.gz", parameters, cache=scratch / "cache")
    if pack.errors:
        raise SystemExit(f"definitions that don't load: {pack.errors[0]}")
    return pack.where(lambda member: member.facts.effect != "manual")


def evaluation(scratch: Path, count: int) -> dict[str, Any]:
    """`count` resources against every definition that can be evaluated; half of each; memory."""
    import collections
    import datetime as dt
    import resource as system

    from benchmarks.corpus import varied
    from policies.aliases import built_in_aliases
    from policies.scope import Surroundings

    pack = _evaluable_pack(scratch)
    surroundings = Surroundings(aliases=built_in_aliases(), now=dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
    resources = list(varied(json.loads((scratch / "resources.json").read_text()), count))

    def measured(definitions: Any, some: list[dict[str, Any]]) -> dict[str, Any]:
        states: collections.Counter[str] = collections.Counter()
        wall, processor = time.perf_counter(), time.process_time()
        run = definitions.evaluate(some, surroundings)
        for _, _, answer in run:
            states[answer.state.value] += 1
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        states["NotApplicable"] += run.counts.not_applicable
        counted = {"pairs": run.counts.pairs, "indexed": run.counts.not_applicable}
        return {"processor": processor, "wall": wall, **counted, "states": dict(states)}

    # Twice, since the first round also compiles; both are shown.
    first = measured(pack, resources)
    peak = system.getrusage(system.RUSAGE_SELF).ru_maxrss / 1024
    rounds = {"first": first, "all": measured(pack, resources), "fewer": measured(pack, resources[: count // 2])}
    kept = {member.source for member in pack.members[::2]}
    half = pack.where(lambda member: member.source in kept)
    measured(half, resources[:500])
    return {**rounds, "half": measured(half, resources), "definitions": len(pack), "megabytes": peak}


def files(scratch: Path, count: int) -> dict[str, Any]:
    """The whole way over a few templates: read them, and judge their resources by every definition.

    Once; and, where a count is given, again and again with everything loaded.
    """
    import datetime as dt

    from benchmarks.corpus import TEMPLATES, as_policies_see
    from policies.aliases import built_in_aliases
    from policies.scope import Surroundings
    from resource_readers.interface import ReadRequest
    from resource_readers.registry import read_resources

    pack = _evaluable_pack(scratch)
    surroundings = Surroundings(aliases=built_in_aliases(), now=dt.datetime(2026, 11, 21, tzinfo=dt.UTC))

    def judge() -> tuple[float, int]:
        started = time.perf_counter()
        answers = 0
        for path in chosen_templates():
            found = read_resources(ReadRequest(root=TEMPLATES, path=path)).resources
            seen = [as_policies_see(resource) for resource in found]
            answers += sum(1 for _ in pack.evaluate(seen, surroundings))
        return time.perf_counter() - started, answers

    first, answers = judge()
    later = [judge()[0] for _ in range(5 if count else 0)]
    return {"first": first, "seconds": min(later, default=first), "answers": answers, "definitions": len(pack)}


def chosen_templates() -> list[Path]:
    """A handful of the corpus' templates, evenly spread."""
    from benchmarks.corpus import arm_templates

    templates = arm_templates()
    return templates[:: len(templates) // FILES][:FILES]


MEASUREMENTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "prepare": prepare,
    "cold": cold,
    "cached": cached,
    "evaluation": evaluation,
    "files": files,
}


# The run


def child(name: str, scratch: Path, count: int = 0) -> tuple[dict[str, Any], float]:
    """A measurement in a fresh process, and the wall seconds of that process."""
    command = [sys.executable, str(Path(__file__)), "--measure", name, "--scratch", str(scratch)]
    started = time.perf_counter()
    done = subprocess.run([*command, "--resources", str(count)], capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(f"{name} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
    return json.loads(done.stdout), seconds


def checkov_seconds(paths: list[Path], scratch: Path) -> float:
    """Wall seconds of checkov over ARM templates, all in one run."""
    from scanners.toolbox import LocalToolbox

    command = [*LocalToolbox().tool("checkov").argv, "--framework", "arm", "--output", "json", "--compact"]
    named = [argument for path in paths for argument in ("--file", str(path))]
    started = time.perf_counter()
    done = subprocess.run([*command, "--skip-download", *named], cwd=scratch, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in (0, 1):
        raise SystemExit(f"checkov ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return seconds


def line(name: str, value: str, target: str = "") -> None:
    """One figure."""
    print(f"{name:<58}{value:>22}{f'   target: {TARGETS[target]}' if target else ''}", flush=True)


def loading(scratch: Path, rounds: int) -> None:
    """Cold and from the cache."""
    runs = [child("cold", scratch)[0] for _ in range(rounds)]
    if runs[0]["errors"]:
        raise SystemExit(f"{runs[0]['errors']} definitions don't load")
    line("definitions read, checked and compiled", f"{runs[0]['definitions']:,}")
    line("  cold", f"{statistics.median(run['seconds'] for run in runs):.2f} s", "cold")
    line("  imports of the engine, before that", f"{statistics.median(run['imports'] for run in runs):.2f} s")
    child("cached", scratch)
    runs = [child("cached", scratch)[0] for _ in range(rounds)]
    line(
        "  ready from the cache, compiled when first asked",
        f"{statistics.median(run['seconds'] for run in runs):.3f} s",
        "cached",
    )
    line("  from the cache until all are compiled", f"{statistics.median(run['compiled'] for run in runs):.2f} s")


def evaluating(scratch: Path, count: int) -> None:
    """Pairs a second, memory, growth."""
    got, _ = child("evaluation", scratch, count)
    whole, first = got["all"], got["first"]
    line("resources x definitions that can be evaluated", f"{count:,} x {got['definitions']:,}")
    line("  pairs a processor second", f"{whole['pairs'] / whole['processor']:,.0f}", "rate")
    line("  pairs a wall second", f"{whole['pairs'] / whole['wall']:,.0f}")
    line("  the same with compiling at first use", f"{first['pairs'] / first['processor']:,.0f}")
    line("  pairs that the index answered", f"{whole['indexed'] / whole['pairs']:.2%}")
    line(
        "  microseconds for each of the others", f"{1e6 * whole['processor'] / (whole['pairs'] - whole['indexed']):.1f}"
    )
    for state, number in sorted(whole["states"].items()):
        line(f"  {state}", f"{number:,}")
    line("  peak of memory", f"{got['megabytes']:.0f} MB", "memory")
    line("  half the resources, of the time", f"{got['fewer']['processor'] / whole['processor']:.0%}")
    line("  half the definitions, of the time", f"{got['half']['processor'] / whole['processor']:.0%}")


CHECKOV_LOADED = """
import json, logging, sys, time
from checkov.arm.runner import Runner
from checkov.runner_filter import RunnerFilter
logging.disable(logging.CRITICAL)
seconds = []
for _ in range(6):
    started = time.perf_counter()
    report = Runner().run(root_folder=None, files=sys.argv[1:], runner_filter=RunnerFilter(framework=["arm"]))
    seconds.append(time.perf_counter() - started)
print(json.dumps([min(seconds[1:]), len(report.passed_checks) + len(report.failed_checks)]))
"""


def checkov_loaded(paths: list[Path], scratch: Path) -> tuple[float, int] | None:
    """Seconds of checkov's ARM runner in a Python that has run it before, and its answers; None if that can't be."""
    from scanners.toolbox import LocalToolbox

    python = Path(LocalToolbox().tool("checkov").argv[0]).with_name("python")
    if not python.is_file():
        return None
    command = [str(python), "-c", CHECKOV_LOADED, *map(str, paths)]
    done = subprocess.run(command, cwd=scratch, capture_output=True, check=False)
    if done.returncode != 0:
        return None
    seconds, answers = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), int(answers)


def against_checkov(scratch: Path, rounds: int) -> None:
    """The same ARM files in the same run."""
    from benchmarks.corpus import TEMPLATES

    paths = [TEMPLATES / path for path in chosen_templates()]
    number = len(paths)
    child("files", scratch)
    theirs = min(checkov_seconds(paths, scratch) for _ in range(rounds)) / number
    ours = min(child("files", scratch)[1] for _ in range(rounds)) / number
    got, _ = child("files", scratch, 1)
    loaded = got["seconds"] / number
    line("ARM templates, the same for both; answers of mlgate", f"{number}, {got['answers']:,}")
    line("a file, start included: checkov", f"{theirs * 1000:.0f} ms")
    line("  mlgate (start, cache, compiling what is needed)", f"{ours * 1000:.0f} ms")
    line("  times faster", f"{theirs / ours:.1f}")
    line("a file, engine loaded, reading included: mlgate", f"{loaded * 1000:.1f} ms")
    line("  times faster than checkov as it is run", f"{theirs / loaded:.0f}", "checkov")
    other = checkov_loaded(paths, scratch)
    if other is None:
        line("a file, start excluded: checkov", "not measured")
        return
    line(f"a file, start excluded: checkov ({other[1]} answers)", f"{other[0] / number * 1000:.1f} ms")
    line("  times faster, both loaded", f"{other[0] / number / loaded:.1f}")
    each = got["seconds"] / got["answers"]
    line("  times faster for each answer, both loaded", f"{other[0] / other[1] / each:.0f}")


def missing() -> str:
    """What the benchmark needs and doesn't have, or ""."""
    from benchmarks.corpus import DEFINITIONS, TEMPLATES
    from scanners.interface import ToolUnavailableError

    for path in (DEFINITIONS, TEMPLATES / "MANIFEST.tsv"):
        if not path.is_file():
            return f"the shared data is not here: there is no {path}"
    try:
        from scanners.toolbox import LocalToolbox

        LocalToolbox().tool("checkov")
    except ToolUnavailableError as error:
        return f"checkov is not installed: {error}"
    return ""


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(MEASUREMENTS[given.measure](given.scratch, given.resources)))
        return
    why = missing()
    if why:
        print(f"nothing is measured: {why}", file=sys.stderr)
        sys.exit(2)
    with tempfile.TemporaryDirectory(prefix="mlgate-benchmark-") as folder:
        scratch = Path(folder)
        prepared, _ = child("prepare", scratch)
        line("templates, and the resources in them", f"{prepared['templates']:,}, {prepared['resources']:,}")
        loading(scratch, given.rounds)
        evaluating(scratch, given.resources)
        against_checkov(scratch, given.rounds)


if __name__ == "__main__":
    main()
