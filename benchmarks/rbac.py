"""How long `mlgate rbac check` and `who-can` take on a large estate. Prints what it measured, with the targets.

The estate is made anew, always the same: people in nested groups, role assignments over management groups,
subscriptions, resource groups and resources, written as `az role assignment list` writes them, and the directory
as `mlgate/directory/v1`.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRINCIPALS, GROUPS, DEPTH, ASSIGNMENTS = 100_000, 5_000, 6, 1_000_000
SUBSCRIPTIONS, RESOURCE_GROUPS, RESOURCES = 50, 40, 12
TYPES = (
    "Microsoft.MachineLearningServices/workspaces",
    "Microsoft.KeyVault/vaults",
    "Microsoft.ContainerRegistry/registries",
    "Microsoft.Storage/storageAccounts",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Insights/components",
)
PERSONAS = (
    "data-scientist",
    "data-analyst",
    "model-tester",
    "business-stakeholders",
    "project-lead",
    "project-owner",
    "platform-technical-support",
    "ci-cd",
    "monitoring",
    "data-governance",
)
CHECK_SECONDS, CHECK_MEGABYTES, WHO_CAN_SECONDS = 15, 1000, 1
ROUND = {"createdOn": "2025-03-01T10:00:00.123456+00:00", "updatedOn": "2025-03-01T10:00:00.123456+00:00"}


class Maker:
    """Makes the estate."""

    def __init__(self, assignments: int, folder: Path) -> None:
        self.random = random.Random(6)  # noqa: S311 - nothing secret is made
        self.assignments = assignments
        self.folder = folder
        scale = assignments / ASSIGNMENTS
        self.people = [self.guid() for _ in range(int(PRINCIPALS * scale))]
        self.groups = [self.guid() for _ in range(int(GROUPS * scale))]
        self.roles = self._roles()
        self.scopes = list(self._scopes(max(1, int(SUBSCRIPTIONS * scale))))

    def guid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _roles(self) -> list[tuple[str, str]]:
        """Half of the assignments have one of the roles that the matrices name, the others any built-in one."""
        from rbac_matrix.matrix import load_matrix
        from rbac_matrix.permissions.catalogue import RoleCatalogue

        named = [(one.id, one.name) for one in load_matrix("production").roles.values() if one.id]
        others = [(one.id, one.name) for one in RoleCatalogue.built_in()][:150]
        return named * (len(others) // len(named)) + others

    def _scopes(self, subscriptions: int) -> Iterator[str]:
        for _ in range(subscriptions):
            subscription = f"/subscriptions/{self.guid()}"
            yield subscription
            for number in range(RESOURCE_GROUPS):
                group = f"{subscription}/resourceGroups/rg-team-{number}"
                yield group
                for index in range(RESOURCES):
                    kind = TYPES[index % len(TYPES)]
                    yield f"{group}/providers/{kind}/{kind.rpartition('/')[2][:4].lower()}{number}x{index}"

    def write(self) -> tuple[Path, Path, Path]:
        """Assignments, directory and principals file."""
        return self._write_assignments(), self._write_directory(), self._write_principals()

    def _write_assignments(self) -> Path:
        path = self.folder / "role-assignments.json"
        choice, random_value = self.random.choice, self.random.random
        with path.open("w", encoding="utf-8") as stream:
            stream.write("[\n")
            for number in range(self.assignments):
                scope, (role, role_name), name = choice(self.scopes), choice(self.roles), self.guid()
                kind = random_value()
                if kind < 0.6:
                    index = self.random.randrange(len(self.groups))
                    principal, principal_type, shown = self.groups[index], "Group", f"grp-{index}"
                else:
                    index = self.random.randrange(len(self.people))
                    principal, principal_type = self.people[index], "User" if index % 5 else "ServicePrincipal"
                    shown = f"person{index}@example.com"
                entry = {
                    "condition": None,
                    "conditionVersion": None,
                    "createdBy": self.people[0],
                    "createdOn": ROUND["createdOn"],
                    "delegatedManagedIdentityResourceId": None,
                    "description": None,
                    "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
                    "name": name,
                    "principalId": principal,
                    "principalName": shown,
                    "principalType": principal_type,
                    "roleDefinitionId": f"{scope[:51]}/providers/Microsoft.Authorization/roleDefinitions/{role}",
                    "roleDefinitionName": role_name,
                    "scope": scope,
                    "type": "Microsoft.Authorization/roleAssignments",
                    "updatedBy": self.people[0],
                    "updatedOn": ROUND["updatedOn"],
                }
                text = json.dumps(entry, indent=2).replace("\n", "\n  ")
                stream.write(f"  {text}{',' if number < self.assignments - 1 else ''}\n")
            stream.write("]\n")
        return path

    def _write_directory(self) -> Path:
        """Groups lie in groups of the level above; everybody is in three groups of any level."""
        members: list[list[str]] = [[] for _ in self.groups]
        level = [index % DEPTH for index in range(len(self.groups))]
        for index, group in enumerate(self.groups):
            if level[index]:
                above = index - level[index] + level[index] - 1
                members[above].append(group)
                other = self.random.randrange(len(self.groups))
                if level[other] < level[index]:
                    members[other].append(group)
        for person in self.people:
            for _ in range(3):
                members[self.random.randrange(len(self.groups))].append(person)
        path = self.folder / "directory.json"
        entries = [
            {"id": group, "kind": "Group", "name": f"grp-{index}", "members": members[index]}
            for index, group in enumerate(self.groups)
        ]
        entries += [
            {
                "id": person,
                "kind": "User" if index % 5 else "ServicePrincipal",
                "name": f"Person {index}",
                "mail": f"person{index}@example.com",
            }
            for index, person in enumerate(self.people)
        ]
        path.write_text(json.dumps({"schema": "mlgate/directory/v1", "whole": True, "value": entries}, indent=1))
        return path

    def _write_principals(self) -> Path:
        path = self.folder / "principals.yml"
        lines = ["schema: mlgate/principals/v1", "principals:"]
        for index, group in enumerate(self.groups[:1000]):
            persona = PERSONAS[index % len(PERSONAS)]
            lines.append(f"  - {{persona: {persona}, object_id: {group}, type: Group, name: grp-{index}}}")
        path.write_text("\n".join(lines) + "\n")
        return path


@dataclass(frozen=True)
class Run:
    """One call: wall and processor seconds, peak of memory of all its processes together in megabytes, exit code."""

    seconds: float
    processor_seconds: float
    megabytes: int
    code: int
    output: str


def run(arguments: Sequence[str]) -> Run:
    """Runs mlgate and measures it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([str(ROOT / ".venv/bin/mlgate"), *arguments], stdout=output, stderr=output)
        peak = 0
        while process.poll() is None:
            peak = max(peak, _megabytes(process.pid))
            time.sleep(0.1)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, used, peak, process.returncode, text[-3000:])


def _megabytes(pid: int) -> int:
    """What a process and those that it started have in memory (Linux)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return 0
    own = next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS:")), 0)
    return own + sum(map(_megabytes, map(int, children)))


def check(files: tuple[Path, Path, Path], folder: Path) -> Run:
    """The whole `mlgate rbac check`."""
    assignments, directory, principals = files
    return run(
        [
            *("rbac", "check", str(assignments), str(directory), "--matrix", "production"),
            *("--principals", str(principals), "--root", str(folder)),
            *("--format", "json", "--output", str(folder / "report.json")),
        ]
    )


def who_can(files: tuple[Path, Path, Path]) -> tuple[float, float, int]:
    """Seconds to read, seconds of the slowest question after that, and how many people the answer had."""
    from rbac_matrix.estate.access import AccessIndex
    from rbac_matrix.estate.exports import read_exports
    from rbac_matrix.permissions.catalogue import RoleCatalogue

    start = time.perf_counter()
    estate = read_exports([(files[0], files[0].name), (files[1], files[1].name)])
    index = AccessIndex(estate, RoleCatalogue.built_in())
    index.memberships.persons_in(next(iter(index.directory.members)))
    loaded = time.perf_counter() - start
    vault = next(one.text for one in index.table.scopes.values if "/vaults/" in one.text)
    slowest, people = 0.0, 0
    for scope in (vault, ""):
        start = time.perf_counter()
        answer = index.who_can("Microsoft.KeyVault/vaults/secrets/getSecret/action", scope, data=True)
        slowest, people = max(slowest, time.perf_counter() - start), len(answer.people)
    return loaded, slowest, people


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--assignments", type=int, default=ASSIGNMENTS)
    chosen = parser.parse_args()
    if chosen.assignments < 20_000:
        parser.error("at least 20,000 assignments: fewer say nothing")
    with tempfile.TemporaryDirectory(prefix="mlgate-benchmark-") as folder:
        whole, half = Path(folder) / "whole", Path(folder) / "half"
        for one in (whole, half):
            one.mkdir()
        print(f"making {chosen.assignments:,} assignments and half as many ...", flush=True)
        files = Maker(chosen.assignments, whole).write()
        half_files = Maker(chosen.assignments // 2, half).write()
        _measure(files, half_files)


def _measure(files: tuple[Path, Path, Path], half_files: tuple[Path, Path, Path]) -> None:
    size = sum(file.stat().st_size for file in files) // 1_000_000
    print(f"{size:,} MB in {len(files)} files")
    full = check(files, files[0].parent)
    print(f"mlgate rbac check, start included: {full.seconds:.1f} s (target: {CHECK_SECONDS}), exit {full.code}")
    print(f"  processor seconds {full.processor_seconds:.1f}; peak {full.megabytes:,} MB (target: {CHECK_MEGABYTES:,})")
    if full.code not in (0, 1):
        print(full.output)
    part = check(half_files, half_files[0].parent)
    share = 100 * part.processor_seconds / full.processor_seconds
    print(f"half of it: {part.seconds:.1f} s, {share:.0f} % of the processor seconds (linear: 50)")
    loaded, slowest, people = who_can(files)
    print(f"who-can: read in {loaded:.1f} s; the slowest question {slowest:.2f} s (target: {WHO_CAN_SECONDS})")
    print(f"  it found {people:,} people; peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB")


if __name__ == "__main__":
    main()
