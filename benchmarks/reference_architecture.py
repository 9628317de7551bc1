"""Public implementations of the reference architecture, judged rule by rule.

    .venv/bin/python -m benchmarks.reference_architecture NAME=FOLDER [NAME=FOLDER ...] [--remarks PAGE]

Each FOLDER is a checkout at the commit that is to be judged, outside of this project. `mlgate check --skip checkov`
runs in each, with the profile production; the tables of docs/reference-architecture.md are printed: one row for each
rule that has something to judge in one of them, then the rules that have nothing. The last column of a row is taken
over from PAGE where that has a row for the rule; a rule that failed without one says so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MLGATE = Path(sys.executable).with_name("mlgate")
_MISSING = "**not reviewed**"


@dataclass(frozen=True, slots=True)
class Judged:
    """One implementation: its name, the answers of each rule, and what could not be checked otherwise."""

    name: str
    rules: dict[str, dict[str, int]]
    findings: int
    unread: int
    decision: str
    files: str


def judge(name: str, folder: Path) -> Judged:
    """Checks one checkout. Raises ValueError where there is no report."""
    with tempfile.TemporaryDirectory(prefix="reference-") as work:
        report = Path(work) / "report.json"
        command = [str(_MLGATE), "check", "--skip", "checkov", "--profile", "production", "--no-cache"]
        made = subprocess.run(
            [*command, "--format", "json", "--output", str(report)], cwd=folder, capture_output=True, check=False
        )
        if not report.is_file():
            raise ValueError(f"{name}: {made.stderr.decode(errors='replace')[-500:]}")
        document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    rules = {one["rule"]: one for scanner in document["scanners"] for one in scanner.get("rules", ())}
    facts = {one["name"]: one["value"] for one in document["facts"]}
    return Judged(
        name=name,
        rules=rules,
        findings=len(document["findings"]),
        unread=sum(one["reason"] != "incomplete" for one in document["could_not_check"]),
        decision=document["verdict"]["decision"],
        files=facts.get("files read", ""),
    )


def result(answers: dict[str, int] | None) -> str:
    """One word for a rule, and of how many declarations it holds; "" where it met nothing."""
    if answers is None:
        return ""
    good, bad, unknown = answers["compliant"], answers["non_compliant"], answers["unknown"]
    asked = good + bad + unknown
    if bad:
        return f"fail {bad} of {asked}" + (f", {unknown} open" if unknown else "")
    if unknown:
        return f"could not check {unknown} of {asked}"
    return f"pass {good}" if good else ""


def remarks_of(path: Path | None) -> dict[str, str]:
    """The last column of the rows of a page that was made before, by rule."""
    if path is None or not path.is_file():
        return {}
    rows = [line.strip("| ").split(" | ") for line in path.read_text(encoding="utf-8").splitlines()]
    return {row[0]: row[-1].strip() for row in rows if row[0].startswith("MLG-") and len(row) > 2}


def table(judged: list[Judged], remarks: dict[str, str]) -> str:
    """A row for each rule that has something to judge."""
    lines = ["| rule | " + " | ".join(one.name for one in judged) + " | why |", "| --- " * (len(judged) + 2) + "|"]
    for rule in sorted({rule for one in judged for rule in one.rules}):
        cells = [result(one.rules.get(rule)) for one in judged]
        if not any(cells):
            continue
        wanted = any(cell.startswith(("fail", "could")) for cell in cells)
        why = (remarks.get(rule, "") or _MISSING) if wanted else ""
        lines.append(f"| {rule} | " + " | ".join(cells) + f" | {why} |")
    return "\n".join(lines)


def totals(judged: list[Judged]) -> str:
    """A row for each implementation."""
    heads = ("", "files", "pass", "fail", "could not check", "nothing to judge", "findings", "parts not read")
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for one in judged:
        words = [result(answers).partition(" ")[0] for answers in one.rules.values()]
        counts = [words.count(word) for word in ("pass", "fail", "could", "")]
        cells = [one.files, *map(str, counts), str(one.findings), str(one.unread)]
        lines.append(f"| {one.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def left(judged: list[Judged]) -> str:
    """Rules that have nothing to judge anywhere, by what they are about (the first word of their ids)."""
    groups: dict[str, list[str]] = defaultdict(list)
    for rule in sorted({rule for one in judged for rule in one.rules}):
        if not any(result(one.rules.get(rule)) for one in judged):
            subject, _, rest = rule.removeprefix("MLG-").partition("-")
            groups[subject].append(rest or subject)
    return "\n".join(f"- {subject}: {', '.join(names)}" for subject, names in groups.items())


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--remarks", type=Path)
    given = parser.parse_args()
    judged = []
    for checkout in given.checkouts:
        name, _, folder = checkout.partition("=")
        judged.append(judge(name, Path(folder).resolve()))
    print(totals(judged), table(judged, remarks_of(given.remarks)), left(judged), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
