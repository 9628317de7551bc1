"""`mlgate check` over the shared corpus, beside checkov and `trivy config`, and what is known from the run before.

    .venv/bin/python -m benchmarks.check [--rounds N] [--without-checkov]

Needs the team's shared corpus, Trivy and checkov (`mlgate tools install`); ends with 2 and says so where one of them is
missing. Whole processes are measured, start and report included, over the same copy of the files in the same run:
medians of wall seconds, with the processor seconds of that run behind them.
docs/benchmarks.md says what each line means.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.readers import CORPUS, ROOT, line
from scanners.toolbox import LocalToolbox

CHANGED = "marcjimz+azure-quickstart-templates@34020e64"
"""In this folder a template is changed."""
ENDED = (0, 1, 3)
WITHOUT = ("--skip", "checkov")


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """What a process takes: wall seconds, and processor seconds with those of the processes that it waited for."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.processor:.2f})"


@dataclass(frozen=True, slots=True)
class Bench:
    """Where it runs: a copy of the files, and a home that is ours."""

    scratch: Path
    rounds: int

    @property
    def files(self) -> Path:
        return self.scratch / "files"

    def mlgate(self, *options: str) -> list[str]:
        return [sys.executable, str(ROOT / "mlgate.py"), "check", *options]

    def run(self, command: Sequence[str], accepted: Sequence[int] = ENDED) -> Cost:
        """One process over the files."""
        output = self.scratch / "output"
        started = time.perf_counter()
        with output.open("wb") as stream, output.with_suffix(".errors").open("wb") as errors:
            process = subprocess.Popen(command, stdout=stream, stderr=errors, cwd=self.files)
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        code = process.returncode = os.waitstatus_to_exitcode(status)
        if code not in accepted:
            raise SystemExit(f"{command[0]} ended with {code}: {output.with_suffix('.errors').read_text()[-500:]}")
        return Cost(wall, usage.ru_utime + usage.ru_stime)

    def median(self, command: Sequence[str], accepted: Sequence[int] = ENDED) -> Cost:
        """Of all rounds."""
        return median([self.run(command, accepted) for _ in range(self.rounds)])

    def changing(self, command: Sequence[str]) -> Cost:
        """Of rounds before each of which one template was changed."""
        file = min((self.files / CHANGED).rglob("azuredeploy.json"))
        costs = []
        for _ in range(self.rounds):
            file.write_bytes(file.read_bytes() + b" ")
            costs.append(self.run(command))
        return median(costs)

    def told(self, *words: str) -> str:
        """The lines of the last report that begin with one of the words."""
        lines = (self.scratch / "output").read_text("utf-8", "replace").splitlines()
        return "; ".join(one.strip() for one in lines if one.strip().startswith(words))


def median(costs: Sequence[Cost]) -> Cost:
    """The one in the middle, by wall seconds (of two the quicker one)."""
    return sorted(costs)[(len(costs) - 1) // 2]


def tool(name: str) -> list[str]:
    """How a wrapped program is started."""
    try:
        return list(LocalToolbox().tool(name).argv)
    except Exception as error:
        print(f"{name} is needed: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def trivy_by_hand(bench: Bench) -> list[str]:
    """As a person would start it, without the network."""
    return [
        *tool("trivy"),
        *("config", "--cache-dir", str(bench.scratch / "trivy"), "--skip-check-update", "--skip-version-check"),
        *("--disable-telemetry", "--format", "json", "--quiet", "--output", str(bench.scratch / "trivy.json")),
        str(bench.files),
    ]


def checkov_by_hand(folder: Path) -> list[str]:
    """As a person would start it, with its own way of using several processors."""
    return [
        *(*tool("checkov"), "--directory", str(folder), "--framework", "arm", "bicep"),
        *("--output", "json", "--compact", "--skip-download"),
    ]


def beside_each(alone: Sequence[Cost], cold: Sequence[Cost]) -> list[tuple[Cost, Sequence[Cost]]]:
    """Each run of checkov with the two measurements beside it."""
    return [(one, cold[2 * at : 2 * at + 2]) for at, one in enumerate(alone)]


def without_checkov(bench: Bench) -> None:
    """Prints what mlgate takes without checkov."""
    trivy = bench.median(trivy_by_hand(bench), (0,))
    cold = bench.median(bench.mlgate(*WITHOUT, "--no-cache"))
    print(bench.told("files read", "policy:"))
    filling = bench.run(bench.mlgate(*WITHOUT))
    unchanged = bench.median(bench.mlgate(*WITHOUT))
    one = bench.changing(bench.mlgate(*WITHOUT))
    line("without checkov, nothing known (--no-cache)", str(cold))
    line("  the same, and everything is kept", str(filling))
    line("trivy config", str(trivy))
    line("  mlgate is faster by", f"{trivy.wall / cold.wall:.2f}", "above 1")
    line("without checkov, nothing changed", str(unchanged), "under 0.7 s")
    line("without checkov, one file changed", str(one), "under 1.5 s")


def with_checkov(bench: Bench) -> None:
    """Prints what mlgate takes with checkov, beside checkov alone before and after it."""
    warm = bench.scratch / "warm"
    warm.mkdir()
    (warm / "template.bicep").write_text("param location string\n")
    bench.run(checkov_by_hand(warm), (0, 1))  # leaves its grammars in the temporary folder: else it takes 10 s more
    # Side by side: what else goes on changes from minute to minute.
    cold, alone = [], []
    for _ in range(2):
        cold.append(bench.median(bench.mlgate(*WITHOUT, "--no-cache")))
        alone.append(bench.run(checkov_by_hand(bench.files), (0, 1)))
        cold.append(bench.median(bench.mlgate(*WITHOUT, "--no-cache")))
    both = bench.median(bench.mlgate("--no-cache"))
    bench.run(bench.mlgate())
    known = bench.median(bench.mlgate())
    again = bench.changing(bench.mlgate())
    quicker, slower = sorted(alone)
    line("checkov alone, twice", f"{quicker}, {slower}")
    line("without checkov, nothing known, before and after each", ", ".join(str(one) for one in cold))
    faster = [one.wall / sum(beside.wall for beside in pair) * 2 for one, pair in beside_each(alone, cold)]
    by_processor = [
        one.processor / sum(beside.processor for beside in pair) * 2 for one, pair in beside_each(alone, cold)
    ]
    line("  mlgate without checkov is faster by", f"{faster[0]:.1f}, {faster[1]:.1f}", "15 or more")
    line("  the same by processor seconds", f"{by_processor[0]:.1f}, {by_processor[1]:.1f}")
    line("with checkov, nothing known", str(both))
    line("  of the time of checkov alone", f"{both.wall / quicker.wall:.1%}", "105 % at most")
    line("with checkov, nothing changed", str(known), "under 0.7 s")
    line("with checkov, one template changed", str(again))


def main() -> None:
    """Makes the copy, and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-checkov", action="store_true")
    arguments = parser.parse_args()
    if not CORPUS.is_dir():
        print("the team's shared corpus is not beside this clone", file=sys.stderr)
        raise SystemExit(2)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        shutil.copytree(CORPUS, scratch / "files", copy_function=shutil.copyfile)
        os.environ |= {"XDG_CACHE_HOME": str(scratch / "cache"), "XDG_STATE_HOME": str(scratch / "state")}
        bench = Bench(scratch, arguments.rounds)
        without_checkov(bench)
        if not arguments.without_checkov:
            with_checkov(bench)


if __name__ == "__main__":
    main()
