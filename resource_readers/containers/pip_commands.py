"""What the `RUN` instructions of a Dockerfile install with pip: the same facts as those of a requirement file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from resource_readers.containers.requirements import Requirements
from resource_readers.interface import Value
from resource_readers.project_files import place_of
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import Position
from resource_readers.workflows.shell_commands import Command, ScriptError, Word, shell_commands

_PROGRAM = re.compile(r"(?:.*[\\/])?(?:pip[\d.]*|python[\d.]*|py|uv|pipx)(?:\.exe)?", re.IGNORECASE)
_SHOWN = frozenset({"--index-url", "--extra-index-url", "--find-links", "--trusted-host", "--no-index", "--pre"})
"""Options that say where packages come from. The others don't matter to what is installed."""
_LONG = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint", "-e": "--editable"}
_LONG |= {"--default-index": "--index-url", "--index": "--extra-index-url", "--allow-insecure-host": "--trusted-host"}
_OTHERS = frozenset(
    {
        *("-t", "--target", "--timeout", "--default-timeout", "--retries", "--python", "-p", "--prefix", "--root"),
        *("--cache-dir", "--no-binary", "--only-binary", "--platform", "--upgrade-strategy", "--progress-bar", "--src"),
        *("--log", "--proxy", "--cert", "--client-cert", "--exists-action", "--python-version", "--abi"),
        *("--implementation", "--global-option", "--config-settings", "-C", "--report", "--index-strategy", "-P"),
        *("--upgrade-package", "--use-feature", "--use-deprecated", "--keyring-provider", "--install-option"),
        *("--build", "-b", "--root-user-action", "--group", "--extra", "--resolution", "--prerelease", "--link-mode"),
    }
)
"""Options that take a word of which nothing is wanted."""
_LOCAL = re.compile(r"\.{1,2}(?:\[[^\]]*\])?|[./~].*|[^:=<>!~@]*/[^:@]*", re.DOTALL)
"""What the image was given by COPY: its own code, no package from anywhere."""


def take_installs(runs: Iterable[tuple[Mapping[str, Value], Position]], found: Requirements, folder: Path) -> list[str]:
    """Puts what is installed into `found`; gives why some of it couldn't be looked at.

    Args:
        runs: of all stages, each with its place.
        found: receives packages, options and files.
        folder: of the Dockerfile; requirement files that are copied from there are followed.
    """
    problems = []
    for run, place in runs:
        for script in _scripts(run):
            try:
                commands = shell_commands(script)
            except ScriptError as error:
                problems.append(str(error))
                continue
            for command in commands:
                for line in _lines(_installed(command), folder):
                    found.take(line, place, folder)
        if run.get("form") == "exec":
            words = tuple(Word(one) for one in run.get("arguments", ()) if isinstance(one, str))
            for line in _lines(_installed(Command(words, 0, 0)), folder):
                found.take(line, place, folder)
    return problems


def _scripts(run: Mapping[str, Value]) -> Iterator[str]:
    text = run.get("text")
    if isinstance(text, str):
        yield text
    yield from (one for one in run.get("hereDocuments", ()) if isinstance(one, str))


def _installed(command: Command) -> Sequence[Word]:
    """The words behind `pip install`, also as `python -m pip install` or `uv pip install`; none for other commands."""
    words = command.words
    if not words or _PROGRAM.fullmatch(words[0].text) is None:
        return ()
    at = next((i for i, word in enumerate(words[:8]) if word.text == "install"), None)
    head = [word.text.lower() for word in words[:at]] if at is not None else []
    if not any(re.fullmatch(r"(?:.*[\\/])?pip[\d.]*(?:\.exe)?", one) for one in head):
        return ()
    return [*_before(words[1:at]), *words[len(head) + 1 :]]


def _before(words: Sequence[Word]) -> Sequence[Word]:
    """Options between `pip` and `install` (`pip --trusted-host x install`)."""
    first = next((i for i, word in enumerate(words) if word.text.startswith("--")), None)
    return words[first:] if first is not None else ()


def _lines(words: Sequence[Word], folder: Path) -> Iterator[Value]:
    """The words as the lines of a requirement file would have them."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, given = word.text.partition("=")
        if not word.text.startswith("-"):
            if not _LOCAL.fullmatch(word.text) or word.text.startswith("$"):
                yield _value(word)
            continue
        short = re.match(r"-[a-zA-Z](?=[^-=])", word.text) if word.text[:2] in ("-r", "-c", "-i", "-f", "-e") else None
        if short is not None:
            name, equals, given = short.group(), "=", word.text[2:]
        if name in _OTHERS:
            if not equals and rest:
                rest.pop(0)
            continue
        long = _LONG.get(name, name)
        value = Word(given, word.known) if equals else None
        if value is None and (long in ("--requirement", "--constraint", "--editable") or long in _SHOWN):
            takes = long not in ("--no-index", "--pre")
            value = rest.pop(0) if takes and rest else None
        if long in ("--requirement", "--constraint") and value is not None:
            yield _file(long, value, folder)
        elif long == "--editable" and value is not None:
            if not _LOCAL.fullmatch(value.text):
                yield f"--editable {value.text}" if value.known else _value(value)
        elif long in _SHOWN:
            yield f"{long} {value.text}".strip() if value is not None else long


def _file(option: str, value: Word, folder: Path) -> str:
    """The line of a file: as it is beside the Dockerfile, where the image has it somewhere else."""
    name = value.text
    if not place_of(folder / name.replace("\0", "")).exists or name.startswith("/"):
        beside = re.split(r"[\\/]", name)[-1]
        name = beside if beside and place_of(folder / beside.replace("\0", "")).exists else name
    return f"{option} {name}"


def _value(word: Word) -> Value:
    return word.text if word.known else unknown("a variable of the script", word.text)
