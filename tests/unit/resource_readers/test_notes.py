"""Every question to the file system is noted, and asked again it gives the same answer as long as nothing changed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest, Session
from resource_readers.notes import Notes, note_unrepeatable, taking_notes
from resource_readers.project_files import UnreadableFileError, ask, entries_of, open_inside, place_inside, place_of
from resource_readers.registry import read_resources

READERS = Path(__file__).resolve().parents[3] / "resource_readers"
TEMPLATE = '{"contentVersion": "1.0.0.0", "parameters": {"a": {"type": "string"}}, "resources": []}'
NAMED = frozenset({"exists", "is_dir", "is_file", "is_symlink", "iterdir", "glob", "rglob", "read_bytes", "read_text"})
OF_OS = frozenset({"scandir", "listdir", "walk", "open", "lstat", "stat", "readlink"})
OF_PATH = frozenset({"exists", "isfile", "isdir", "islink", "lexists", "realpath", "getsize", "getmtime"})
# These look at mlgate's own data, walk anew in every run, or tell only whether something was made twice in one run.
MAY = {
    "project_files.py",
    "discovery.py",
    "projects.py",
    "azure_ml/tables.py",
    "terraform/azurerm_tables.py",
    "terraform/azurerm_roles.py",
    "terraform/azurerm_compile.py",
}


def changed(notes: Notes) -> list[str]:
    return [question[0] for question, answer in notes.answers.items() if ask(question) != answer]


@pytest.mark.parametrize(
    ("look", "change", "kind"),
    [
        (lambda root: open_inside(root, Path("a.json")), lambda root: (root / "a.json").write_text("{ }"), "content"),
        (lambda root: place_of(root / "none"), lambda root: (root / "none").write_text(""), "place"),
        (lambda root: place_inside(root, Path("sub")), lambda root: (root / "sub").rmdir(), "place"),
        (lambda root: entries_of(root, maximum=10), lambda root: (root / "z").write_text(""), "names"),
        (lambda root: entries_of(root, maximum=10), lambda root: (root / "sub").rename(root / "bus"), "names"),
    ],
)
def test_an_answer_that_changed_is_seen(
    tmp_path: Path, look: Callable[[Path], object], change: Callable[[Path], object], kind: str
) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "sub").mkdir()
    with taking_notes() as notes:
        look(tmp_path)
    assert notes.answers
    assert changed(notes) == []
    change(tmp_path)
    assert kind in changed(notes)


def test_what_is_looked_for_in_vain_is_noted(tmp_path: Path) -> None:
    with taking_notes() as notes:
        for path in ("none.json", "../out", "a\0b"):
            with pytest.raises(UnreadableFileError):
                open_inside(tmp_path, Path(path))
        with pytest.raises(FileNotFoundError):
            entries_of(tmp_path / "none", maximum=1)
        assert not place_of(tmp_path / "a\0b").exists
    assert changed(notes) == []
    (tmp_path / "none.json").write_text("{}")
    (tmp_path / "none").mkdir()
    assert sorted(changed(notes)) == ["content", "names"]


def test_a_link_that_leads_elsewhere_is_another_answer_even_with_the_same_content(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.json").write_text("{}")
    (tmp_path / "link").symlink_to("a")
    with taking_notes() as notes:
        open_inside(tmp_path, Path("link/main.json"))
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("b")
    assert changed(notes) == ["content"]


def test_whoever_uses_what_another_reading_made_depends_on_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    session = Session()

    def make() -> bytes:
        return open_inside(tmp_path, Path("a.json")).data

    with taking_notes() as first:
        session.once(make, "key")
    with taking_notes() as second:
        session.once(make, "key")
    assert first.answers == second.answers != {}


def test_two_answers_in_one_reading_or_another_program_can_not_be_repeated(tmp_path: Path) -> None:
    with taking_notes() as notes:
        place_of(tmp_path / "a")
        (tmp_path / "a").write_text("")
        place_of(tmp_path / "a")
    assert not notes.repeatable
    with taking_notes() as around, taking_notes():
        note_unrepeatable()
    assert not around.repeatable


def test_a_parameter_file_that_comes_later_is_among_the_questions(tmp_path: Path) -> None:
    (tmp_path / "main.json").write_text(TEMPLATE)
    with taking_notes() as notes:
        read_resources(ReadRequest(root=tmp_path, path=Path("main.json"), neighbours=True))
    assert changed(notes) == []
    (tmp_path / "main.parameters.json").write_text('{"parameters": {"a": {"value": "b"}}}')
    assert "names" in changed(notes)


def asks(call: ast.Call) -> bool:
    """Whether a call asks the file system something by itself."""
    function = call.func
    if isinstance(function, ast.Name):
        return function.id == "open"
    if not isinstance(function, ast.Attribute):
        return False
    owner = ast.unparse(function.value)
    if owner in ("os", "os.path"):
        return function.attr in OF_OS | OF_PATH
    strict = function.attr == "resolve" and any(one.arg == "strict" for one in call.keywords)
    return strict or (function.attr in NAMED and owner != "context.files")


def test_no_reader_asks_the_file_system_in_another_way() -> None:
    found = []
    for path in sorted(READERS.rglob("*.py")):
        shown = path.relative_to(READERS).as_posix()
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call) and asks(node)]
        found += [f"{shown}: {ast.unparse(call)}" for call in calls if shown not in MAY]
    # The key of a session, which outlives no run.
    of_sessions = {f"terraform/folders.py: {call}" for call in ("os.scandir(folder)", "entry.is_dir()")}
    assert [one for one in found if one not in of_sessions] == []
