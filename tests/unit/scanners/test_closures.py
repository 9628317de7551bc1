"""Hostile and honest requirements files: every line is a package or a problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanners.closures import Closure, ProblemKind, Target, read_closure
from tests.fakes.advisory_snapshots import HASH

OTHER_HASH = "sha256:" + "cd" * 32


def closure_of(root: Path, text: str | bytes, **others: str) -> Closure:
    """The closure of `requirements.txt` with this text, beside other files (`_` in a name stands for a dot)."""
    for name, content in others.items():
        (root / name.replace("_", ".")).write_text(content)
    (root / "requirements.txt").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_closure(root / "requirements.txt", None, root=root)


def kinds(closure: Closure) -> list[ProblemKind]:
    """Kinds of all problems, in order."""
    return [problem.kind for problem in closure.problems]


def test_a_locked_file_has_every_package_and_no_problem(tmp_path: Path) -> None:
    pillow = f"Pillow==8.0.0 \\\n    --hash={HASH} \\\n    --hash={OTHER_HASH}"
    text = f"# locked\n{pillow}\nnum_py[fast]==2.0+cu118 --hash={HASH}\n"
    closure = closure_of(tmp_path, text)
    assert closure.problems == ()
    assert [(package.name, package.version, package.source) for package in closure.packages] == [
        ("num-py", "2.0+cu118", "pypi"),
        ("pillow", "8.0.0", "pypi"),
    ]
    assert closure.packages[1].hashes == (HASH, OTHER_HASH)
    assert str(closure.packages[1].location) == "requirements.txt:2"
    assert closure.packages[0].url == "pkg:pypi/num-py@2.0%2Bcu118"
    assert [item.name for item in closure.inputs] == ["requirements.txt"]


@pytest.mark.parametrize(
    "line",
    [
        "numpy --hash={hash}",
        "numpy>=1 --hash={hash}",
        "numpy==1.* --hash={hash}",
        "numpy==1.0,!=1.1 --hash={hash}",
        "numpy~=1.0 --hash={hash}",
        "numpy===2004d --hash={hash}",
        "numpy==1.0",
        "numpy==1.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e",
        "numpy==1.0 --hash=sha256:abc",
    ],
)
def test_what_is_not_an_exact_hashed_pin_is_a_problem_with_its_line(line: str, tmp_path: Path) -> None:
    closure = closure_of(tmp_path, f"good==1 --hash={HASH}\n{line.format(hash=HASH)}\n")
    assert ProblemKind.UNPINNED in kinds(closure)
    assert {str(problem.location) for problem in closure.problems} == {"requirements.txt:2"}
    assert [package.name for package in closure.packages] == ["good", "numpy"]


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("thing @ https://example.com/thing-1.0.tar.gz", "url"),
        ("https://example.com/thing-1.0-py3-none-any.whl", "url"),
        ("git+https://example.com/thing.git@abc#egg=thing", "vcs"),
        ("thing @ git+ssh://git@example.com/thing.git", "vcs"),
        ("-e git+https://example.com/thing.git#egg=thing", "editable"),
        ("-e .", "editable"),
        ("--editable=./thing", "editable"),
        ("./thing", "path"),
        ("./thing-1.0-py3-none-any.whl", "path"),
        ("thing @ file:///tmp/thing-1.0.tar.gz", "path"),
        ("/tmp/thing.zip", "path"),
    ],
)
def test_what_does_not_come_from_an_index_is_a_problem(line: str, source: str, tmp_path: Path) -> None:
    closure = closure_of(tmp_path, f"{line}\n")
    assert [package.source for package in closure.packages] == [source]
    assert closure.packages[0].version is None
    assert ProblemKind.FOREIGN_SOURCE in kinds(closure)


@pytest.mark.parametrize(
    "line",
    [
        "numpy==",
        "num py==1.0",
        "${NAME}==1.0 --hash={hash}",
        "evil==1.0 ; sys_platform == '${PLATFORM}' --hash={hash}",
        "--no-such-option",
        "--hash={hash}",
        "--no-index evil==1.0",
        "evil==1.0 --global-option=build --hash={hash}",
        "-r https://example.com/requirements.txt",
        "-r file:///etc/passwd",
        "-r missing.txt",
        "-c missing.txt",
        "-r ../outside.txt",
        "-r /etc/passwd",
        "-r .",
        "-r leaving.txt",
        "-r ${HOME}/x.txt",
        "# comment\x0cevil==1.0",
        "# comment\revil==1.0",
        "# comment\u2028evil==1.0",
        "# comment\x85evil==1.0",
        "good==1" + " " * 5000 + "x",
        "\\\n" * 5000,
    ],
)
def test_a_line_that_can_not_be_understood_is_never_skipped(line: str, tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside.txt").write_text(f"evil==1.0 --hash={HASH}\n")
    (root / "leaving.txt").symlink_to(tmp_path / "outside.txt")
    closure = closure_of(root, f"good==1 --hash={HASH}\n{line.replace('{hash}', HASH)}\n")
    assert ProblemKind.UNREADABLE in kinds(closure)


@pytest.mark.parametrize(
    "data",
    [
        "numpy==1.0".encode("utf-16"),
        b"\xff\xfe",
        b"# -*- coding: utf-7 -*-\n",
        b"\n# vim: set fileencoding=rot13 :\n",
        b"numpy==1.0\x00\n",
        b"#" * (5 * 1024 * 1024),
    ],
)
def test_a_file_that_two_readers_could_read_differently_is_refused(data: bytes, tmp_path: Path) -> None:
    closure = closure_of(tmp_path, data)
    assert ProblemKind.UNREADABLE in kinds(closure)
    assert closure.packages == ()


@pytest.mark.parametrize("text", ["", "# nothing\n", f"old==1 ; python_version < '3' --hash={HASH}\n"])
def test_an_empty_closure_is_a_problem(text: str, tmp_path: Path) -> None:
    assert kinds(closure_of(tmp_path, text)) == [ProblemKind.INCOMPLETE]


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    closure = read_closure(tmp_path / "requirements.txt", None, root=tmp_path)
    assert ProblemKind.UNREADABLE in kinds(closure)


def test_a_requirements_file_that_links_out_of_the_project_is_a_problem(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "outside.txt").write_text(f"evil==1.0 --hash={HASH}\n")
    (root / "requirements.txt").symlink_to(tmp_path / "outside.txt")
    closure = read_closure(root / "requirements.txt", None, root=root)
    assert closure.packages == ()
    assert ProblemKind.UNREADABLE in kinds(closure)


def test_nested_files_are_read_with_their_own_lines(tmp_path: Path) -> None:
    closure = closure_of(tmp_path, "-r base.txt -r more.txt\n", base_txt=f"a==1 --hash={HASH}", more_txt="\nb==2\n")
    assert [(package.name, str(package.location)) for package in closure.packages] == [
        ("a", "base.txt:1"),
        ("b", "more.txt:2"),
    ]
    assert [problem.subject for problem in closure.problems] == ["b"]
    assert [item.name for item in closure.inputs] == ["requirements.txt", "base.txt", "more.txt"]


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    closure = closure_of(tmp_path, f"-r base.txt\na==1 --hash={HASH}", base_txt="-r requirements.txt\n")
    assert closure.problems == ()
    assert [package.name for package in closure.packages] == ["a"]


def test_a_marker_that_is_false_on_the_target_excludes_by_name(tmp_path: Path) -> None:
    text = "\n".join(
        f"{name}==1 --hash={HASH} ; {marker}"
        for name, marker in {
            "windows": "sys_platform == 'win32'",
            "linux": "sys_platform == 'linux'",
            "pypy": "platform_python_implementation == 'PyPy'",
            "newer": "python_version >= '3.12'",
            "some-patch": "python_full_version < '3.11.3'",
            "arm": "platform_machine == 'aarch64'",
            "kernel": "platform_release == '6.0'",
            "an-extra": "extra == 'test'",
        }.items()
    )
    # A marker stands before the options.
    text = "\n".join(f"{line.split(' --hash')[0]} ;{line.split(';')[1]} --hash={HASH}" for line in text.splitlines())
    closure = closure_of(tmp_path, text)
    assert closure.problems == ()
    assert [package.name for package in closure.packages] == ["arm", "kernel", "linux", "some-patch"]
    assert [entry.split("==")[0] for entry in closure.excluded] == ["windows", "pypy", "newer", "an-extra"]


def test_a_marker_behind_the_options_excludes_nothing_since_pip_does_not_see_it(tmp_path: Path) -> None:
    closure = closure_of(tmp_path, f"evil==1 --hash={HASH} ; python_version < '3'\n")
    assert [package.name for package in closure.packages] == ["evil"]
    assert closure.excluded == ()


def test_the_target_decides_over_markers_and_not_this_host(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"a==1 ; python_version == '3.9' --hash={HASH}\n")
    closure = read_closure(tmp_path / "requirements.txt", None, root=tmp_path, target=Target("3.9.7"))
    assert [package.name for package in closure.packages] == ["a"]


@pytest.mark.parametrize("second", [f"A==2 --hash={HASH}", f"a==1 --hash={OTHER_HASH}"])
def test_a_name_that_stands_twice_and_differently_is_a_problem(second: str, tmp_path: Path) -> None:
    closure = closure_of(tmp_path, f"a==1 --hash={HASH}\n{second}\n")
    assert [(problem.kind, problem.aspect) for problem in closure.problems] == [(ProblemKind.UNPINNED, "twice")]
    assert str(closure.problems[0].location) == "requirements.txt:2"


def test_the_same_pin_twice_is_one_package(tmp_path: Path) -> None:
    closure = closure_of(tmp_path, f"a==1 --hash={HASH}\nA==1 --hash={HASH}\n")
    assert closure.problems == ()
    assert [package.version for package in closure.packages] == ["1"]


@pytest.mark.parametrize(
    "option",
    [
        "--extra-index-url https://user:secret@example.com/simple",
        "--find-links https://example.com/wheels",
        "-f ./wheels",
        "--trusted-host example.com",
        "--index-url https://a.example.com\n--index-url https://b.example.com",
    ],
)
def test_a_second_place_to_take_packages_from_is_a_problem(option: str, tmp_path: Path) -> None:
    closure = closure_of(tmp_path, f"{option}\na==1 --hash={HASH}\n")
    assert kinds(closure) == [ProblemKind.FOREIGN_SOURCE]
    assert "secret" not in closure.problems[0].message


def test_another_index_becomes_the_source_of_every_package(tmp_path: Path) -> None:
    text = f"a==1 --hash={HASH}\n--index-url https://user:secret@pkgs.example.com/feed/simple/?x=1\n"
    closure = closure_of(tmp_path, text)
    assert [package.source for package in closure.packages] == ["https://pkgs.example.com/feed/simple"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", None),
        ("--only-binary :all:", "wheel"),
        ("--no-binary :all:", "sdist"),
        ("--only-binary numpy", None),
        ("--only-binary :all:\n--no-binary a", None),
    ],
)
def test_the_format_is_known_only_where_the_file_leaves_no_choice(
    options: str, expected: str | None, tmp_path: Path
) -> None:
    closure = closure_of(tmp_path, f"{options}\na==1 --hash={HASH}\n")
    assert closure.problems == ()
    assert [package.format for package in closure.packages] == [expected]


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ("a==1", []),
        ("a<2", []),
        ("absent==9", []),
        ("a==2", [ProblemKind.UNPINNED]),
        ("a @ https://example.com/a-1.tar.gz", [ProblemKind.FOREIGN_SOURCE]),
        ("a==", [ProblemKind.UNREADABLE]),
    ],
)
def test_a_constraint_can_neither_redirect_nor_contradict_a_pin(
    constraint: str, expected: list[ProblemKind], tmp_path: Path
) -> None:
    closure = closure_of(tmp_path, f"-c limits.txt\na==1 --hash={HASH}\n", limits_txt=constraint)
    assert kinds(closure) == expected
    assert [package.name for package in closure.packages] == ["a"]
