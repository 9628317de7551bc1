"""`mlgate check` over the shared corpus, beside checkov and `trivy config`, and what is known from the run before.

    .venv/bin/python -m benchmarks.check [--rounds N] [--without-checkov]

Needs the team's shared corpus, Trivy and checkov (`mlgate tools install`); ends with 2 and says so where one of them is
missing. Whole processes are measured, start and report included, over the same copy of the files in the same run.
docs/benchmarks.md says what each line means.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.readers import CORPUS, ROOT, line, timed
from scanners.toolbox import LocalToolbox

CHANGED = "marcjimz+azure-quickstart-templates@34020e64"
"""In this folder a template is changed."""
ENDED = (0, 1, 3)


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

    def median(self, command: Sequence[str], accepted: Sequence[int], *, rounds: int = 0) -> float:
        """Wall seconds of a process."""
        seconds = [timed(command, self.files / ".output", accepted)[0] for _ in range(rounds or self.rounds)]
        return float(statistics.median(seconds))

    def told(self, *words: str) -> str:
        """The lines of the last report that begin with one of the words."""
        lines = (self.files / ".output").read_text("utf-8", "replace").splitlines()
        return "; ".join(one.strip() for one in lines if one.strip().startswith(words))


def tool(name: str) -> list[str]:
    """How a wrapped program is started."""
    try:
        return list(LocalToolbox().tool(name).argv)
    except Exception as error:
        print(f"{name} is needed: {error}", file=sys.stderr)
        raise SystemExit(2) from None


def alone(bench: Bench, *, with_checkov: bool) -> dict[str, float]:
    """The others over the same folder, as a person would start them."""
    trivy = [
        *tool("trivy"),
        *("config", "--cache-dir", str(bench.scratch / "trivy"), "--skip-check-update", "--skip-version-check"),
        *("--disable-telemetry", "--format", "json", "--quiet", "--output", str(bench.scratch / "trivy.json")),
        str(bench.files),
    ]
    seconds = {"trivy": bench.median(trivy, (0,))}
    if with_checkov:
        # A kept grammar of Bicep and HCL, as mlgate gives it one: without it, each start takes 10 s more.
        checkov = [
            *(*tool("checkov"), "--directory", str(bench.files), "--framework", "arm", "bicep"),
            *("--output", "json", "--compact", "--skip-download"),
        ]
        seconds["checkov"] = bench.median(checkov, (0, 1), rounds=1)
    return seconds


def changing(file: Path, measure: Callable[[], float], rounds: int) -> float:
    """Median of runs, each after a change of one file."""
    seconds = []
    for _ in range(rounds):
        file.write_bytes(file.read_bytes() + b" ")
        seconds.append(measure())
    return statistics.median(seconds)


def measured(bench: Bench, *, with_checkov: bool) -> None:
    """Prints the figures."""
    without = ("--skip", "checkov")
    others = alone(bench, with_checkov=with_checkov)
    cold = bench.median(bench.mlgate(*without, "--no-cache"), ENDED)
    print(bench.told("files read", "policy:"))
    filling = bench.median(bench.mlgate(*without), ENDED, rounds=1)
    unchanged = bench.median(bench.mlgate(*without), ENDED)
    file = next(iter(sorted((bench.files / CHANGED).rglob("azuredeploy.json"))))
    one = changing(file, lambda: bench.median(bench.mlgate(*without), ENDED, rounds=1), bench.rounds)
    line("without checkov, nothing known (--no-cache)", f"{cold:.2f} s")
    line("  the same, and everything is kept", f"{filling:.2f} s")
    line("trivy config", f"{others['trivy']:.2f} s")
    line("  mlgate is faster by", f"{others['trivy'] / cold:.2f}", "above 1")
    line("without checkov, nothing changed", f"{unchanged:.2f} s", "under 0.7 s")
    line("without checkov, one file changed", f"{one:.2f} s", "under 1.5 s")
    if with_checkov:
        both = bench.median(bench.mlgate("--no-cache"), ENDED, rounds=1)
        bench.median(bench.mlgate(), ENDED, rounds=1)
        known = bench.median(bench.mlgate(), ENDED)
        again = changing(file, lambda: bench.median(bench.mlgate(), ENDED, rounds=1), bench.rounds)
        line("checkov alone", f"{others['checkov']:.1f} s")
        line("  mlgate without checkov is faster by", f"{others['checkov'] / cold:.1f}", "15 or more")
        line("with checkov, nothing known", f"{both:.1f} s")
        line("  of the time of checkov alone", f"{both / others['checkov']:.1%}", "105 % at most")
        line("with checkov, nothing changed", f"{known:.2f} s", "under 0.7 s")
        line("with checkov, one template changed", f"{again:.2f} s")


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
        measured(Bench(scratch, arguments.rounds), with_checkov=not arguments.without_checkov)


if __name__ == "__main__":
    main()
