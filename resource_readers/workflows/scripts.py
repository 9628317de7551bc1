"""Scripts of steps: the deployments that they make, with their files found in the project."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from resource_readers.interface import ReadRequest, Unknown, Value
from resource_readers.project_files import place_inside
from resource_readers.reading import Reading
from resource_readers.trees.lenient_json import LenientJsonError, decode
from resource_readers.trees.nodes import Literal, Position
from resource_readers.workflows.commands import DEPLOYING, Found
from resource_readers.workflows.deployment_commands import deployment_of
from resource_readers.workflows.documents import Document, DocumentError, inside, is_file, open_file
from resource_readers.workflows.powershell_commands import powershell_commands
from resource_readers.workflows.shell_commands import Command, ScriptError, Word, shell_commands

MAXIMUM_SCRIPTS_DEEP = 4
"""Scripts called by scripts."""
_BLOCK = re.compile(r"(?:[&!][^\s]*\s+)*([|>])")
_REFERENCE = re.compile(
    r"\$\{\{\s*(?:env|variables)\.([\w.]+)\s*\}\}|\$\{\{\s*(github\.workspace)\s*\}\}|\$\(([\w.]+)\)|\$\{(\w+)\}|\$env:(\w+)|\$(\w+)"
)
_ROOTS = frozenset(
    {"github.workspace", "github_workspace", "build.sourcesdirectory", "system.defaultworkingdirectory"}
    | {"build_sourcesdirectory", "system_defaultworkingdirectory", "build.repository.localpath", "pwd"}
)
_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "pwsh", "powershell", "source", ".", "&"})
_POWERSHELL = frozenset({"pwsh", "powershell", "core", "pscore", "ps"})


@dataclass(frozen=True, slots=True)
class Script:
    """A text that a step runs.

    Attributes:
        text: the script.
        at: where it stands: the scalar in the workflow; None for a file of its own.
        document: the workflow's file; None for a file of its own.
        shown: the file in which it stands.
        shell: "bash", "pwsh", "cmd" ... as the step has it; decides how it is taken apart.
        folder: the working directory, relative to the project's root; None if it isn't known.
        repository: the top of the repository, relative to the project's root.
        names: variables whose value is known.
    """

    text: str
    shown: str
    shell: str
    folder: str | None
    repository: str
    names: Mapping[str, str] = field(default_factory=dict)
    at: Literal | None = None
    document: Document | None = None


def place_in(at: Literal, document: Document, texts: Sequence[str], line: int, column: int) -> Position:
    """Where a position (0-based) of a scalar's text, given by its lines, stands in the file; column 0: not known."""
    lines = document.lines
    first = lines[at.line - 1][at.column - 1 :] if at.line <= len(lines) and at.column else ""
    block = _BLOCK.match(first)
    if block is not None and block.group(1) == "|":
        found = at.line + line
        raw = lines[found] if found < len(lines) else ""
        wanted = texts[line] if line < len(texts) else ""
        indent = raw.find(wanted) if wanted.strip() else -1
        return Position(found + 1, indent + column + 1 if indent >= 0 else 0)
    if block is None and len(texts) == 1 and texts[0] in first:
        return Position(at.line, at.column + first.index(texts[0]) + column)
    # Folded and quoted texts: line breaks are gone, so the words are counted.
    before = "\n".join([*texts[:line], texts[line][:column] if line < len(texts) else ""])
    words = len(before.split()) + 1
    start = at.line if block is not None else at.line - 1
    for number in range(start, min(start + 5_000, len(lines))):
        words -= len((first if number == at.line - 1 else lines[number]).split())
        if words <= 0:
            return Position(number + 1)
    return Position(at.line, at.column)


def kind_of_shell(shell: Value) -> str:
    """ "powershell" or "shell": how the scripts of a shell are taken apart."""
    name = PurePosixPath(str(shell).split(" ")[0]).name.lower() if isinstance(shell, str) else ""
    return (
        "powershell" if name in _POWERSHELL else "other" if name in ("python", "python3", "node", "perl") else "shell"
    )


@dataclass(slots=True)
class ScriptReader:
    """Reads the scripts of one file's steps."""

    reading: Reading
    request: ReadRequest

    def deployments(self, script: Script, deep: int = 0, opened: tuple[str, ...] = ()) -> list[dict[str, Value]]:
        """What a script deploys, registers, builds ..., with what the scripts of the project do that it calls."""
        kind = kind_of_shell(script.shell)
        if kind == "other" or not script.text.strip():
            return []
        try:
            commands = (powershell_commands if kind == "powershell" else shell_commands)(script.text)
        except ScriptError as error:
            line = script.at.line if script.at is not None else None
            self.reading.part(script.shown).miss(line, str(error), may_hold_resources=False)
            return []
        run, places = _Run(script, commands), _Places(script, self.reading)
        found: list[dict[str, Value]] = []
        for command in commands:
            self.reading.budget.spend(10)
            run.before(command)
            words = [run.word(one) for one in command.words]
            one = deployment_of(words)
            if one is not None:
                found.append(self.described(one, script, run.folder(command), places.of(command)))
            elif words:
                found.extend(self._called(words, script, run, command, places, deep, opened))
            run.after(command, words)
        return found

    def described(self, found: Found, script: Script, folder: str | None, at: Position) -> dict[str, Value]:
        """One entry of the property `deployments`."""
        entry: dict[str, Value] = {
            "tool": found.tool,
            "command": found.command,
            "effect": found.effect,
            "subject": found.subject,
            "deploys": found.effect in DEPLOYING,
        }
        if found.file is not None:
            entry["file"], entry["fileFound"] = self.located(
                found.file, script, folder, is_folder=found.subject in ("terraform", "chart")
            )
        if found.parameter_files:
            entry["parameterFiles"] = [self.located(one, script, folder)[0] for one in found.parameter_files]
        more = {"parameters": found.parameters, "overrides": found.overrides, "target": found.target}
        entry |= {name: value for name, value in more.items() if value}
        return entry | {"definedIn": script.shown, "line": at.line, "column": at.column}

    def located(
        self, value: Value, script: Script, folder: str | None, *, is_folder: bool = False
    ) -> tuple[Value, bool]:
        """A path as the project has it, and whether it is there."""
        if not isinstance(value, str):
            return value, False
        if "://" in value:
            return value, False
        absolute = _below_root(value)
        if absolute is not None:
            bases: list[str] = [script.repository]
        elif folder is None:
            return value, False
        else:
            bases = [folder]
        for base in bases:
            path = inside(base, absolute if absolute is not None else value)
            if not path.startswith("..") and (self._is_folder(path) if is_folder else is_file(path, self.request)):
                return path, True
        return inside(bases[0], absolute if absolute is not None else value), False

    def _is_folder(self, path: str) -> bool:
        return place_inside(self.request.root, Path(path)).kind == "folder"

    def _called(
        self,
        words: Sequence[Word],
        script: Script,
        run: _Run,
        command: Command,
        places: _Places,
        deep: int,
        opened: tuple[str, ...],
    ) -> list[dict[str, Value]]:
        """What a script of the project that is called does."""
        name, inline = _called_script(words)
        if inline is not None:
            if deep >= MAXIMUM_SCRIPTS_DEEP:
                return []
            at = places.of(command)
            inner = replace(script, text=inline, shell=words[0].text, folder=run.folder(command), at=None)
            return [one | {"line": at.line, "column": at.column} for one in self.deployments(inner, deep + 1, opened)]
        if name is None or deep >= MAXIMUM_SCRIPTS_DEEP:
            return []
        path, there = self.located(name, script, run.folder(command))
        if not there or path in opened:
            return []
        return self.of_file(
            str(path), replace(script, folder=run.folder(command), names=run.names), deep + 1, (*opened, str(path))
        )

    def of_file(self, path: str, caller: Script, deep: int = 1, opened: tuple[str, ...] = ()) -> list[dict[str, Value]]:
        """What a script file of the project does, when it runs in the caller's working directory."""
        try:
            file = open_file(path, self.reading, self.request)
            text = decode(file.data)
        except DocumentError as error:
            self.reading.part(error.shown).miss(None, f"the script can't be read: {error}", may_hold_resources=False)
            return []
        except LenientJsonError as error:
            self.reading.part(path).miss(error.line, f"the script is {error}", may_hold_resources=False)
            return []
        shell = "pwsh" if path.lower().endswith((".ps1", ".psm1")) else "bash"
        script = Script(text, file.shown, shell, caller.folder, caller.repository, caller.names)
        return self.deployments(script, deep, opened or (path,))


class _Places:
    """Where the commands of a script stand in their file."""

    def __init__(self, script: Script, reading: Reading) -> None:
        self._script = script
        self._reading = reading
        self._lines = script.text.split("\n")

    def of(self, command: Command) -> Position:
        """The place of a command."""
        script = self._script
        if script.at is None or script.document is None:
            return Position(command.line + 1, command.column + 1)
        # In folded texts all words before it are counted.
        self._reading.budget.spend(100 + len(self._lines[0]) // 50)
        return place_in(script.at, script.document, self._lines, command.line, command.column)


class _Run:
    """What is known while the commands of a script are gone through: the working directory, the variables."""

    def __init__(self, script: Script, commands: Sequence[Command]) -> None:
        self._script = script
        self._folders: dict[tuple[int, ...], str | None] = {(): script.folder}
        self.names = dict(script.names)
        self._often: dict[str, int] = {}
        for command in commands:
            for name, _ in command.assignments:
                self._often[name.lower()] = self._often.get(name.lower(), 0) + 1

    def folder(self, command: Command) -> str | None:
        """The working directory of a command."""
        for end in range(len(command.group), -1, -1):
            if command.group[:end] in self._folders:
                return self._folders[command.group[:end]]
        return None

    def before(self, command: Command) -> None:
        """Takes a command's assignments; a variable that is given several values isn't known."""
        for name, word in command.assignments:
            value = self.word(word)
            if value.known and self._often[name.lower()] == 1:
                self.names[name] = value.text
            else:
                self.names.pop(name, None)

    def after(self, command: Command, words: Sequence[Word]) -> None:
        """Takes a change of the working directory."""
        if not words or words[0].text.lower() not in ("cd", "pushd", "set-location", "chdir", "popd"):
            return
        around, folder = self.folder(command), None
        targets = [word for word in words[1:] if word.text.lower() not in ("-path", "--", "/d", "-literalpath")]
        if words[0].text.lower() != "popd" and targets:
            absolute = _below_root(targets[0].text)
            if absolute is not None:
                folder = inside(self._script.repository, absolute)
            elif targets[0].known and not targets[0].text.startswith(("/", "~", "-")) and around is not None:
                folder = inside(around, targets[0].text)
        self._folders[command.group] = folder

    def word(self, word: Word) -> Word:
        """A word with the variables whose value is known."""
        if word.known or "$" not in word.text:
            return word
        unknown = False

        def value(match: re.Match[str]) -> str:
            nonlocal unknown
            name = next(one for one in match.groups() if one is not None)
            if name.lower() in _ROOTS:
                return ROOT
            found = self.names.get(name)
            if found is None:
                found = next((text for key, text in self.names.items() if key.lower() == name.lower()), None)
            unknown = unknown or found is None
            return match.group() if found is None else found

        text = _REFERENCE.sub(value, word.text)
        return Word(text, not unknown and "$" not in text.replace(ROOT, "") and "`" not in text)


ROOT = "$<repository>"
"""Stands at the beginning of a path for the top of the repository."""


def _below_root(path: str) -> str | None:
    """A path below the top of the repository, for one that begins there; None for another."""
    return path.removeprefix(ROOT).lstrip("/\\") or "." if path.startswith(ROOT) else None


def _called_script(words: Sequence[Word]) -> tuple[str | None, str | None]:
    """The script file that a command runs, or the script that it is given on the command line."""
    first = words[0].text
    program = PurePosixPath(first).name.lower()
    if program in _SHELLS:
        for position, word in enumerate(words[1:], 1):
            option = word.text.lower()
            if option in ("-c", "-command") and position + 1 < len(words):
                following = words[position + 1]
                return None, following.text if following.known else None
            if option in ("-file", "-f") or option.startswith("-"):
                continue
            return (word.text, None) if word.known or word.text.startswith(ROOT) else (None, None)
        return None, None
    if first.lower().endswith((".sh", ".ps1", ".bash")):
        return (first, None) if words[0].known or first.startswith(ROOT) else (None, None)
    return None, None


def unknown_text(value: Value) -> str:
    """A text for a value that may be an Unknown."""
    return value.text if isinstance(value, Unknown) else str(value)
