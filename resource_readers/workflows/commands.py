"""What a command does, and how its options are read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from resource_readers.interface import Unknown, Value
from resource_readers.workflows.properties import known_text
from resource_readers.workflows.shell_commands import Word

DEPLOYING = frozenset({"deploy", "provision"})
"""The effects that change what runs. Others: register, run, schedule, build, push, check, invoke, grant, delete."""


@dataclass(slots=True)
class Found:
    """What one command does.

    Attributes:
        tool: "az", "az ml", "bicep", "terraform", "docker", "kubectl", "helm", "powershell", "azd", "func", or the name
            of an action or task.
        command: the command without options ("deployment group create").
        effect: see DEPLOYING.
        subject: what is deployed ("template", "online-endpoint", "image", "terraform" ...).
        file: as written, or an Unknown; None if there is none.
        parameter_files: as written.
        parameters: those that the command gives one by one.
        target: where it goes (resourceGroup, workspace, subscription, name ...).
        overrides: fields of an asset that are set from outside (`--set`).
    """

    tool: str
    command: str
    effect: str
    subject: str
    file: Value = None
    parameter_files: list[Value] = field(default_factory=list)
    parameters: dict[str, Value] = field(default_factory=dict)
    target: dict[str, Value] = field(default_factory=dict)
    overrides: dict[str, Value] = field(default_factory=dict)


Options = Mapping[str, Sequence[Word]]


def value_of_word(word: Word) -> Value:
    """What a command gets for a word: its text, or an Unknown."""
    if word.known:
        return word.text
    known = known_text(word.text)
    return known if isinstance(known, Unknown) else Unknown("a variable, known only during the run", word.text)


def options_of(words: Sequence[Word], single: bool = False) -> tuple[list[Word], dict[str, list[Word]]]:
    """The words in front of the first option, and the options (folded, without `=`) with all the words after each.

    Args:
        words: without the program.
        single: an option takes one word at most (the rest is positional), and is written with one dash.
    """
    positional: list[Word] = []
    options: dict[str, list[Word]] = {}
    current: list[Word] | None = None
    for word in words:
        text = word.text
        if re.match(r"--?[A-Za-z]", text):
            name, equals, value = text.partition("=")
            if single and not equals and ":" in text:
                name, equals, value = text.partition(":")
            current = options.setdefault(name.lower(), [])
            if equals:
                current.append(Word(value, word.known))
        elif current is None or (single and current):
            positional.append(word)
        else:
            current.append(word)
    return positional, options


def first_value(options: Options, *names: str) -> Value:
    """The first word of the first of the options that is there."""
    for name in names:
        if options.get(name):
            return value_of_word(options[name][0])
    return None


def target_values(options: Options, names: Mapping[str, tuple[str, ...]]) -> dict[str, Value]:
    """The options that say where something goes, by our names."""
    found = {key: first_value(options, *written) for key, written in names.items()}
    return {key: value for key, value in found.items() if value is not None}
