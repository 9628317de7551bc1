"""The reader of Dockerfiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from resource_readers.containers.dockerfile_lines import split
from resource_readers.containers.dockerfile_stages import Stage, Stages
from resource_readers.containers.pip_commands import take_installs
from resource_readers.containers.places import RecordedPlaces, Section
from resource_readers.containers.recognition import is_dockerfile
from resource_readers.containers.requirements import Requirements
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource
from resource_readers.project_files import ProjectFile
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import Position
from resource_readers.trees.placeholders import block_line
from verdicts import Location

KIND = "dockerfile"
TYPE = "Docker.Build/dockerfiles"

MAXIMUM_BYTES = 1024 * 1024


class DockerfileReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the name: Dockerfile, Dockerfile.x, x.Dockerfile, Containerfile."""
        return is_dockerfile(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        try:
            text = file.data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = file.data[: error.start].count(b"\n") + 1
            return ReadResult(kind=KIND, not_read=(NotRead(file.shown, line, "not UTF-8"),), files=(file.digest,))
        if len(file.data) > MAXIMUM_BYTES:
            missing = NotRead(file.shown, None, f"it is larger than {MAXIMUM_BYTES:,} bytes")
            return ReadResult(kind=KIND, not_read=(missing,), files=(file.digest,))
        block = block_line(text)
        if block is not None:
            missing = NotRead(file.shown, block, "a template language's block, which is filled in before the build")
            return ReadResult(kind=KIND, not_read=(missing,), files=(file.digest,))
        source = split(text)
        places = RecordedPlaces(Position(source.instructions[0].line if source.instructions else 1, 1))
        stages = Stages(source, places)
        not_read = tuple(NotRead(file.shown, one.place.line, str(one)) for one in stages.errors)
        if not stages.stages:
            not_read += (NotRead(file.shown, None, "no FROM in it"),)
            return ReadResult(kind=KIND, not_read=not_read, files=(file.digest,))
        if "syntax" in source.directives:
            stages.top.set("syntax", source.directives["syntax"], Position(1, 1))
        _final_stage(stages.top, stages.stages[-1])
        installed = Requirements(stages.top, file, request)
        problems = take_installs(_runs(stages), installed, file.path.parent)
        not_read += (*(NotRead(file.shown, None, one) for one in problems), *installed.not_read)
        resource = Resource(
            type=TYPE,
            api_version="",
            name=file.shown,
            id=f"{TYPE}/{file.shown}",
            scope="",
            properties=stages.top.values,
            location=Location(file.shown, stages.stages[0].section.places.position(("properties", "stages", 0)).line),
            source=places,
        )
        return ReadResult(kind=KIND, resources=(resource,), not_read=not_read, files=tuple(installed.files.values()))


def _runs(stages: Stages) -> Iterator[tuple[dict[str, Any], Position]]:
    """Every RUN with its place."""
    for stage in stages.stages:
        for index, run in enumerate(stage.section.values.get("runs", ())):
            yield run, stage.section.places.position((*stage.section.path, "runs", index))


_MERGED = ("env", "labels")
_JOINED = ("exposedPorts", "volumes")
_LAST = ("user", "workdir", "entrypoint", "cmd", "healthcheck", "stopSignal", "shell")


def _final_stage(top: Section, last: Stage) -> None:
    """What the image has that a build makes: of the last stage and those that it is built from."""
    chain: list[Stage] = []
    stage: Stage | None = last
    while stage is not None:
        chain.insert(0, stage)
        stage = stage.parent
    places = top.places
    final = top.part("finalStage", places.position(last.section.path))
    final.set("index", last.index, places.position(last.section.path))
    if last.name:
        final.set("name", last.name, places.position((*last.section.path, "name")))
    final.set("baseImage", chain[0].section.values["baseImage"], places.position((*chain[0].section.path, "baseImage")))
    for one in chain:
        _inherit(final, one.section)
    declared = "user" in final.values
    final.set("userDeclared", declared, places.position((*final.path, "user")))
    if not declared:
        nobody = unknown("no USER in it: it is the base image's", "{USER}")
        final.set("user", "root" if last.from_scratch else nobody, places.position(last.section.path))


def _inherit(final: Section, section: Section) -> None:
    places = final.places
    if "entrypoint" in section.values:
        final.values.pop("cmd", None)  # an own entry point drops the command of what it is built on
    for key, value in section.values.items():
        path = (*section.path, key)
        if key in _LAST:
            final.set(key, value, places.position(path))
        elif key in _MERGED:
            for name, one in value.items():
                final.entry(key, name, one, places.position((*path, name)))
        elif key in _JOINED:
            _join(final, key, value, path)


def _join(final: Section, key: str, values: list[Any], path: tuple[str | int, ...]) -> None:
    seen = set(final.values.get(key, ()))
    for index, one in enumerate(values):
        if one not in seen:
            seen.add(one)
            final.append(key, one, final.places.position((*path, index)))
