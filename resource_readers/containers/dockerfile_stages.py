"""The stages of a Dockerfile: from which image, as whom, what is run, copied and set."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Any

from resource_readers.containers.dockerfile_lines import DockerfileError, Instruction, Source
from resource_readers.containers.dockerfile_words import (
    Variables,
    Word,
    WordError,
    expand,
    json_list,
    split_words,
    take_flags,
)
from resource_readers.containers.images import image_parts
from resource_readers.containers.places import RecordedPlaces, Section
from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.trees.nodes import Position

MAXIMUM_STAGES = 500

_PLATFORM = frozenset(
    {f"{prefix}{part}" for prefix in ("TARGET", "BUILD") for part in ("PLATFORM", "OS", "ARCH", "VARIANT", "STAGE")}
)
_STAGE_NUMBER = re.compile(r"[0-9]{1,6}")
_SHOWN = re.compile(r"[A-Z]{2,14}")
_REMOTE = re.compile(r"(?:https?|ftp|git|ssh)://|git@", re.IGNORECASE)


@dataclass(slots=True)
class Stage:
    """A stage in the making: its section, what its variables are, and the stage that it is built from."""

    index: int
    name: str
    section: Section
    parent: Stage | None
    from_scratch: bool
    environment: dict[str, Value] = field(default_factory=dict)
    arguments: dict[str, Value] = field(default_factory=dict)
    workdir: Value = None

    def get(self, name: str) -> Value:
        """See dockerfile_words.Variables."""
        stage: Stage | None = self
        while stage is not None:
            if name in stage.environment:
                return stage.environment[name]
            stage = stage.parent
        if name in self.arguments:
            return self.arguments[name]
        if name in _PLATFORM:
            return None
        return None if self.from_scratch else unknown(f"the base image may set {name}", "{" + name + "}")

    def unset(self, name: str) -> Value:
        """See dockerfile_words.Variables."""
        if name in self.arguments:
            return _no_value(name)
        return ""


@dataclass(slots=True)
class _Globals:
    """What FROM sees: the arguments before the first stage."""

    declared: dict[str, Value] = field(default_factory=dict)

    def get(self, name: str) -> Value:
        """See dockerfile_words.Variables."""
        return _of_platform(name) if name in _PLATFORM else self.declared.get(name)

    def unset(self, name: str) -> Value:
        """See dockerfile_words.Variables."""
        if name in self.declared:
            return _no_value(name)
        return unknown(f"no ARG before the first FROM declares {name}", "{" + name + "}")


def _no_value(name: str) -> Unknown:
    return unknown(f"the build argument {name} has no value", "{" + name + "}")


def _of_platform(name: str) -> Unknown:
    return unknown("the platform is known only during the build", "{" + name + "}")


class Stages:
    """Everything that a Dockerfile says, put into `top`."""

    def __init__(self, source: Source, places: RecordedPlaces) -> None:
        self.top = Section(places, ("properties",))
        self.errors: list[DockerfileError] = list(source.errors)
        self.stages: list[Stage] = []
        self._names: dict[str, Stage] = {}
        self._images: set[tuple[str, str]] = set()
        self._escape = source.escape
        self._globals = _Globals()
        for instruction in source.instructions:
            if instruction.name == "FROM" and len(self.stages) >= MAXIMUM_STAGES:
                place = Position(instruction.line, 1)
                self.errors.append(DockerfileError(f"more than {MAXIMUM_STAGES} stages", place))
                return
            try:
                self._take(instruction)
            except WordError as error:
                self.errors.append(DockerfileError(f"{instruction.name}: {error}", instruction.place()))
            except DockerfileError as error:
                self.errors.append(error)

    def _take(self, one: Instruction) -> None:
        if one.name == "FROM":
            try:
                self._from(one)
            except (WordError, DockerfileError) as error:
                self._unread_stage(one, str(error))
                raise
        elif one.name not in _METHODS:
            # What stands there instead may be anything, a secret too: only what looks like an instruction is shown.
            shown = repr(one.name) if _SHOWN.fullmatch(one.name) else "that this line begins with"
            raise DockerfileError(f"the instruction {shown} is not understood", Position(one.line, 1))
        elif not self.stages:
            if one.name != "ARG":
                raise DockerfileError(f"{one.name} before the first FROM", Position(one.line, 1))
            self._global_argument(one)
        elif not one.text and one.name != "ENTRYPOINT" and one.name != "CMD":
            raise DockerfileError(f"{one.name} without anything", Position(one.line, 1))
        else:
            _METHODS[one.name](self, one, self.stages[-1])

    # FROM and ARG

    def _from(self, one: Instruction) -> None:
        flags, text, offset = take_flags(one.text)
        words = split_words(text, self._escape, offset)
        if len(words) not in (1, 3) or (len(words) == 3 and words[1].text.upper() != "AS"):
            raise DockerfileError("FROM takes an image and a name behind AS", Position(one.line, 1))
        place = one.place(words[0].offset)
        reference = expand(words[0].text, self._globals, self._escape)
        name = words[2].text if len(words) == 3 else ""
        parent = self._stage_named(reference)
        base = image_parts(reference) if parent is None else {"reference": reference, "stage": parent.index}
        for flag, value, where in flags:
            if flag != "platform":
                raise DockerfileError(f"the flag --{flag} is not understood", one.place(where))
            base["platform"] = expand(value, self._globals, self._escape)
        section = self.top.item("stages", Position(one.line, 1))
        section.set("index", len(self.stages), Position(one.line, 1))
        if name:
            section.set("name", name, one.place(words[2].offset))
        section.set("baseImage", base, place)
        if parent is None and reference != "scratch":
            self._image(base, place)
        scratch = parent.from_scratch if parent is not None else reference == "scratch"
        stage = Stage(len(self.stages), name, section, parent, scratch)
        if parent is not None:
            stage.workdir = parent.workdir
        self._add(stage)

    def _add(self, stage: Stage) -> None:
        self.stages.append(stage)
        if stage.name:
            self._names[stage.name.casefold()] = stage

    def _unread_stage(self, one: Instruction, reason: str) -> None:
        """What follows a FROM that isn't understood belongs to a stage of which nothing is known."""
        place = Position(one.line, 1)
        section = self.top.item("stages", place)
        section.set("index", len(self.stages), place)
        section.set("baseImage", image_parts(unknown(reason, "{?}")), place)
        self._add(Stage(len(self.stages), "", section, None, False))

    def _stage_named(self, reference: Value) -> Stage | None:
        return self._names.get(reference.casefold()) if isinstance(reference, str) else None

    def _image(self, parts: dict[str, Value], place: Position) -> None:
        key = symbolic(parts["reference"]), symbolic(parts.get("platform"))
        if key not in self._images:
            self._images.add(key)
            self.top.append("images", parts, place)

    def _global_argument(self, one: Instruction) -> None:
        for word in split_words(one.text, self._escape):
            name, given, default = word.text.partition("=")
            value = expand(default, self._globals, self._escape) if given else None
            self._globals.declared[name] = value
            made = self.top.item("args", one.place(word.offset))
            made.set("name", name, one.place(word.offset))
            if given:
                made.set("default", value, one.place(word.offset + len(name) + 1))

    def _argument(self, one: Instruction, stage: Stage) -> None:
        for word in split_words(one.text, self._escape):
            name, given, default = word.text.partition("=")
            value = expand(default, stage, self._escape) if given else self._inherited(name)
            stage.arguments[name] = value
            made = stage.section.item("args", one.place(word.offset))
            made.set("name", name, one.place(word.offset))
            if value is not None:
                made.set("default", value, one.place(word.offset + (len(name) + 1 if given else 0)))

    def _inherited(self, name: str) -> Value:
        return _of_platform(name) if name in _PLATFORM else self._globals.declared.get(name)

    # What sets something

    def _pairs(self, one: Instruction, variables: Variables) -> list[tuple[str, Value, Position]]:
        """`a=b c="d e"`, or the old `a the rest of the line`."""
        words = split_words(one.text, self._escape)
        if "=" not in words[0].text:
            if len(words) < 2:
                raise DockerfileError(f"{one.name} {words[0].text[:40]} has no value", one.place())
            value = expand(one.text[words[1].offset :], variables, self._escape)
            return [(words[0].text.strip("\"'"), value, one.place(words[0].offset))]
        pairs = []
        for word in words:
            name, equals, text = word.text.partition("=")
            if not equals:
                raise DockerfileError(f"{one.name} takes name=value, not {name[:40]!r}", one.place(word.offset))
            # Of a label the name may stand in quotes, too.
            key = symbolic(expand(name, variables, self._escape))
            pairs.append((key, expand(text, variables, self._escape), one.place(word.offset)))
        return pairs

    def _env(self, one: Instruction, stage: Stage) -> None:
        pairs = self._pairs(one, stage)  # all of one instruction see what was before it
        for name, value, place in pairs:
            stage.environment[name] = value
            stage.section.entry("env", name, value, place)

    def _label(self, one: Instruction, stage: Stage) -> None:
        for name, value, place in self._pairs(one, stage):
            stage.section.entry("labels", name, value, place)

    def _single(self, one: Instruction, stage: Stage) -> None:
        key = {"USER": "user", "STOPSIGNAL": "stopSignal"}[one.name]
        stage.section.set(key, expand(one.text, stage, self._escape), one.place())

    def _maintainer(self, one: Instruction, stage: Stage) -> None:
        stage.section.set("maintainer", one.text, one.place())

    def _workdir(self, one: Instruction, stage: Stage) -> None:
        value = expand(one.text, stage, self._escape)
        text = symbolic(value)
        if not text.startswith(("/", "\\", "{")) and text[1:2] != ":":
            before = stage.workdir
            if before is None:
                before = "/" if stage.from_scratch else unknown("the base image's working directory", "{WORKDIR}")
            missing = value if isinstance(value, Unknown) else before if isinstance(before, Unknown) else None
            text = posixpath.normpath(posixpath.join(symbolic(before), text))
            value = unknown(missing.reason, text) if missing is not None else text
        stage.workdir = value
        stage.section.set("workdir", value, one.place())

    def _list(self, one: Instruction, stage: Stage) -> None:
        key = {"EXPOSE": "exposedPorts", "VOLUME": "volumes", "SHELL": "shell"}[one.name]
        listed = json_list(one.text)
        if listed is None and one.name == "SHELL":
            raise DockerfileError("SHELL takes a list in JSON", one.place())
        if one.name == "SHELL":
            stage.section.set(key, listed, one.place())
            return
        words = [Word(text, 0) for text in listed] if listed is not None else split_words(one.text, self._escape)
        for word in words:
            value = expand(word.text, stage, self._escape)
            stage.section.append(key, value, one.place(word.offset))

    def _onbuild(self, one: Instruction, stage: Stage) -> None:
        name, _, rest = one.text.partition(" ")
        made = stage.section.item("onBuild", one.place())
        made.set("instruction", name.upper(), one.place())
        made.set("text", rest.strip(), one.place(len(name) + 1))

    # What is run

    def _command(self, text: str, documents: Any = ()) -> dict[str, Value]:
        listed = json_list(text)
        if listed is not None:
            return {"form": "exec", "arguments": listed}
        made: dict[str, Value] = {"form": "shell", "text": text}
        if documents:
            made["hereDocuments"] = [one.text for one in documents]
        return made

    def _run(self, one: Instruction, stage: Stage) -> None:
        flags, text, offset = take_flags(one.text)
        made = stage.section.item("runs", Position(one.line, 1))
        for key, value in self._command(text, one.documents).items():
            made.set(key, value, one.place(offset))
        for flag, given, where in flags:
            if flag == "mount":
                mount = self._mount(given, one.place(where))
                made.append("mounts", mount, one.place(where))
            else:
                made.set(flag, given, one.place(where))

    def _mount(self, text: str, place: Position) -> dict[str, Value]:
        mount: dict[str, Value] = {}
        for part in text.split(","):
            key, equals, value = part.partition("=")
            mount[key.strip()] = value if equals else True
        if isinstance(source := mount.get("from"), str):
            mount["from"] = self._other(source, place)
        return mount

    def _default(self, one: Instruction, stage: Stage) -> None:
        key = {"CMD": "cmd", "ENTRYPOINT": "entrypoint"}[one.name]
        stage.section.set(key, self._command(one.text), one.place())

    def _healthcheck(self, one: Instruction, stage: Stage) -> None:
        flags, text, offset = take_flags(one.text)
        made = stage.section.part("healthcheck", Position(one.line, 1))
        for flag, given, where in flags:
            made.set(flag, given, one.place(where))
        word, _, rest = text.partition(" ")
        if word.strip().upper() == "NONE":
            made.set("none", True, one.place(offset))
        elif word.strip().upper() == "CMD":
            made.set("command", self._command(rest.strip()), one.place(offset))
        else:
            raise DockerfileError("HEALTHCHECK takes CMD or NONE", one.place(offset))

    # What is copied

    def _copy(self, one: Instruction, stage: Stage) -> None:
        flags, text, offset = take_flags(one.text)
        listed = json_list(text)
        if listed is not None:
            words = [Word(word, offset) for word in listed]
        else:
            words = split_words(text, self._escape, offset)
        if len(words) < 2:
            raise DockerfileError(f"{one.name} takes a source and a destination", one.place(offset))
        made = stage.section.item("copies" if one.name == "COPY" else "adds", Position(one.line, 1))
        made.set("sources", [], one.place(words[0].offset))
        documents = {f"<<{document.name}" for document in one.documents}
        for word in words[:-1]:
            value = expand(word.text, stage, self._escape)
            place = one.place(word.offset)
            made.append("sources", value, place)
            if one.name == "ADD" and _REMOTE.match(symbolic(value)):
                made.append("remoteSources", value, place)
        made.set("destination", expand(words[-1].text, stage, self._escape), one.place(words[-1].offset))
        if documents:
            made.set("hereDocuments", [document.text for document in one.documents], one.place(offset))
        for flag, given, where in flags:
            value = expand(given, stage, self._escape) if flag != "from" else self._other(given, one.place(where))
            made.set(flag, value, one.place(where))

    def _other(self, text: str, place: Position) -> dict[str, Value]:
        """What `--from` names: a stage by name or number, or an image."""
        reference = expand(text, self._globals, self._escape)
        named = self._stage_named(reference)
        if named is None and isinstance(reference, str) and _STAGE_NUMBER.fullmatch(reference):
            named = self.stages[int(reference)] if int(reference) < len(self.stages) else None
        if named is not None:
            return {"reference": reference, "stage": named.index}
        parts = image_parts(reference)
        self._image(parts, place)
        return parts


_METHODS = {
    "ARG": Stages._argument,
    "ENV": Stages._env,
    "LABEL": Stages._label,
    "USER": Stages._single,
    "STOPSIGNAL": Stages._single,
    "MAINTAINER": Stages._maintainer,
    "WORKDIR": Stages._workdir,
    "EXPOSE": Stages._list,
    "VOLUME": Stages._list,
    "SHELL": Stages._list,
    "ONBUILD": Stages._onbuild,
    "RUN": Stages._run,
    "CMD": Stages._default,
    "ENTRYPOINT": Stages._default,
    "HEALTHCHECK": Stages._healthcheck,
    "COPY": Stages._copy,
    "ADD": Stages._copy,
}
