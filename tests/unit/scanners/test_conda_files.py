"""Conda files around a pinned closure."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanners.closures import Closure, ProblemKind, read_closure
from tests.fakes.advisory_snapshots import HASH


def closure_of(root: Path, conda: str, *, requirements: str = f"a==1 --hash={HASH}\n") -> Closure:
    """The closure with this environment file."""
    (root / "requirements.txt").write_text(requirements)
    (root / "conda.yml").write_text(conda)
    return read_closure(root / "requirements.txt", root / "conda.yml", root=root)


@pytest.mark.parametrize(
    "conda",
    [
        "name: x\nchannels: [conda-forge]\ndependencies: [python=3.11.9, pip=24.0, {pip: [-r requirements.txt]}]\n",
        "dependencies: [python==3.11.9=h955ad1f_0, 'pip 24.0', {pip: ['a==1']}]\n",
        "channels: [defaults, nodefaults]\ndependencies: ['conda-forge::python=3.11.9']\n",
        "dependencies: [python=3.11.9, {pip: ['--only-binary=:all:', '--requirement requirements.txt']}]\n",
    ],
)
def test_an_interpreter_and_the_locked_file_are_no_problem(conda: str, tmp_path: Path) -> None:
    closure = closure_of(tmp_path, conda)
    assert closure.problems == ()
    assert [item.name for item in closure.inputs] == ["requirements.txt", "conda.yml"]


@pytest.mark.parametrize(
    ("conda", "expected"),
    [
        ("dependencies: [python]", {ProblemKind.UNPINNED}),
        ("dependencies: [python=3.11]", {ProblemKind.UNPINNED}),
        ("dependencies: ['python>=3.11.2']", {ProblemKind.UNPINNED}),
        ("dependencies: ['python=3.11.*']", {ProblemKind.UNPINNED}),
        ("dependencies: ['python=3.11.9|3.12.1']", {ProblemKind.UNPINNED}),
        ("dependencies: [numpy=2.0.1]", {ProblemKind.INCOMPLETE}),
        ("dependencies: [numpy]", {ProblemKind.UNPINNED, ProblemKind.INCOMPLETE}),
        ("dependencies: ['numpy[version=\">=1\"]']", {ProblemKind.UNPINNED, ProblemKind.INCOMPLETE}),
        ("channels: [somebody]", {ProblemKind.FOREIGN_SOURCE}),
        ("channels: ['https://example.com/conda']", {ProblemKind.FOREIGN_SOURCE}),
        ("dependencies: ['somebody::python=3.11.9']", {ProblemKind.FOREIGN_SOURCE}),
        ("variables: {PIP_EXTRA_INDEX_URL: 'https://example.com'}", {ProblemKind.FOREIGN_SOURCE}),
        ("dependencies: [{pip: [-r other.txt]}]", {ProblemKind.INCOMPLETE}),
        ("dependencies: [{pip: [-r ../requirements.txt]}]", {ProblemKind.INCOMPLETE}),
        ("dependencies: [{pip: ['b==1']}]", {ProblemKind.INCOMPLETE}),
        ("dependencies: [{pip: ['a==2']}]", {ProblemKind.INCOMPLETE}),
        ("dependencies: [{pip: [a]}]", {ProblemKind.UNPINNED}),
        ("dependencies: [{pip: ['--extra-index-url https://example.com']}]", {ProblemKind.FOREIGN_SOURCE}),
        ("dependencies: [{pip: ['-c limits.txt']}]", {ProblemKind.FOREIGN_SOURCE}),
        ("dependencies: [{pip: [-e .]}]", {ProblemKind.FOREIGN_SOURCE}),
        ("dependencies: [{pip: ['git+https://example.com/x']}]", {ProblemKind.FOREIGN_SOURCE}),
        ("dependencies: [{pip: ['a==${V}']}]", {ProblemKind.UNREADABLE}),
        ('dependencies: [{pip: ["a==1\\nb==2"]}]', {ProblemKind.UNREADABLE}),
        ("dependencies: [{pip: [{a: b}]}]", {ProblemKind.UNREADABLE}),
        ("dependencies: [{pip: a}]", {ProblemKind.UNREADABLE}),
        ("dependencies: [{apt: [x]}]", {ProblemKind.UNREADABLE}),
        ("dependencies: python", {ProblemKind.UNREADABLE}),
        ("dependencies: [[python]]", {ProblemKind.UNREADABLE}),
        ("dependancies: [numpy]", {ProblemKind.UNREADABLE}),
        ("[python]", {ProblemKind.UNREADABLE}),
        ("a: [", {ProblemKind.UNREADABLE}),
        ("a: &a [*a]", {ProblemKind.UNREADABLE}),
    ],
)
def test_everything_else_is_a_problem_in_the_conda_file(conda: str, expected: set[ProblemKind], tmp_path: Path) -> None:
    closure = closure_of(tmp_path, conda + "\n")
    assert {problem.kind for problem in closure.problems} == expected
    assert {problem.location.path for problem in closure.problems} == {"conda.yml"}


def test_a_missing_conda_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"a==1 --hash={HASH}\n")
    closure = read_closure(tmp_path / "requirements.txt", tmp_path / "conda.yml", root=tmp_path)
    assert [problem.kind for problem in closure.problems] == [ProblemKind.UNREADABLE]


def test_the_python_of_the_conda_file_is_the_target(tmp_path: Path) -> None:
    requirements = f"a==1 ; python_version >= '3.12' --hash={HASH}\n"
    assert closure_of(tmp_path, "dependencies: [python=3.12.4]", requirements=requirements).packages
    assert not closure_of(tmp_path, "dependencies: [python=3.11.9]", requirements=requirements).packages
