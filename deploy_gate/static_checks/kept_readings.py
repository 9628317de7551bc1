"""Readings that are kept from run to run.

What is kept of a file is believed only as long as every question that its reader asked the file system has the answer
that it had (`resource_readers.notes`): about the file itself, those that it takes in, those that were looked for in
vain, and the names in folders.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from deploy_gate.static_checks import reading_json as plain
from deploy_gate.static_checks.readings import NotedPlaces, Reading, reading_of
from resource_readers.interface import NotRead, ReadRequest, ReadResult, SourceMap
from resource_readers.notes import Notes, Question, taking_notes
from resource_readers.pipeline_parameters import PipelineValues
from resource_readers.project_files import CONTENT, MAXIMUM_BYTES, ask
from resource_readers.projects import FoundFile, nothing_read, read_file, with_values
from scanners.interface import Keeper
from verdicts.digests import canonical_json, digest_bytes

_SCHEMA = "mlgate/reading/v1"
_NOT_SOUND = (ValueError, TypeError, KeyError, AttributeError)


class KeptReadings:
    """Reads files, or recalls what was read of them."""

    def __init__(self, request: ReadRequest, keeper: Keeper | None) -> None:
        """Takes what holds for all files, and None where nothing is kept."""
        self._request = request
        self._keeper = keeper
        self._answers: dict[Question, str] = {}
        self._fresh: list[tuple[str, Reading | None, Notes]] = []
        self._recalled: list[tuple[str, Reading]] = []
        modules = [str(one) for one in request.bicep_modules]
        self._options = [_SCHEMA, str(request.root), str(request.root.resolve()), request.bicep is not None, modules]

    def read(self, found: FoundFile | NotRead, values: PipelineValues | None = None) -> Reading | None:
        """What a file gives; None for one that was found and is of none of our kinds.

        Args:
            found: which file.
            values: those with which pipelines deploy it.
        """
        if isinstance(found, NotRead):
            return reading_of(found.path, nothing_read(found), None)
        request = with_values(self._request, values)
        key = self._key(request, found)
        if not key:
            return self._fresh_reading("", request, found)
        try:
            return self._recalled_reading(key, request, found)
        except _NOT_SOUND:
            return self._fresh_reading(key, request, found)

    def keep(self) -> None:
        """Keeps what was read anew, with every place that was asked of it: to be called when all is judged."""
        if self._keeper is None:
            return
        for key, reading, notes in self._fresh:
            if reading is None:
                self._keeper.put(key, {"kind": None, "asked": _asked(notes)})
            elif written(reading):
                self._keeper.put(key, _entry(reading))
        for key, reading in self._recalled:
            if reading.asked_more:
                self._keeper.put(key, _entry(reading))

    def _answer(self, question: Question) -> str:
        if question not in self._answers:
            self._answers[question] = ask(question)
        return self._answers[question]

    def _key(self, request: ReadRequest, found: FoundFile) -> str:
        """Of a file as it is now; "" where nothing is kept of it."""
        if self._keeper is None or found.large:
            return ""
        try:
            given = plain.plain_value(dict(request.given))
        except plain.NotPlainError:
            return ""
        values = [str(request.parameters), given, request.neighbours]
        answer = self._answer(self._question(found))
        return digest_bytes(
            canonical_json([*self._options, *values, found.shown, found.named, str(found.path), answer])
        )

    def _question(self, found: FoundFile) -> Question:
        return CONTENT, str(self._request.root), str(found.path), MAXIMUM_BYTES

    def _fresh_reading(self, key: str, request: ReadRequest, found: FoundFile) -> Reading | None:
        with taking_notes() as notes:
            result = read_file(request, found)
        reading = reading_of(found.shown, result, notes) if result is not None else None
        question = self._question(found)
        # One that was changed meanwhile was asked for with another content.
        if key and notes.repeatable and notes.answers.get(question) == self._answer(question):
            self._fresh.append((key, reading, notes))
        return reading

    def _recalled_reading(self, key: str, request: ReadRequest, found: FoundFile) -> Reading | None:
        """Raises ValueError and its like where nothing is known, or what is known doesn't hold any more."""
        assert self._keeper is not None
        value = self._keeper.get(key)
        if value is None:
            raise ValueError("nothing is kept")
        notes = Notes({(kind, root, path, maximum): answer for kind, root, path, maximum, answer in value["asked"]})
        if not notes.answers or any(self._answer(one) != answer for one, answer in notes.answers.items()):
            raise ValueError("something changed")
        if value["kind"] is None:
            return None
        reading = _recalled(value, notes, found.shown, functools.partial(read_file, request, found))
        self._recalled.append((key, reading))
        return reading


def written(reading: Reading) -> bool:
    """Writes a reading's resources down, if that can be done so that they come back the same; gives whether it is."""
    if not reading.digest and reading.asked is not None and reading.asked.repeatable:
        try:
            reading.body = plain.body_of(reading.result)
        except plain.NotPlainError:
            return False
        says = [reading.kind, reading.parameters, _files(reading), plain.not_read_to_json(reading.not_read)]
        reading.digest = digest_bytes(canonical_json([*says, digest_bytes(reading.body.encode())]))
    return bool(reading.digest)


def _entry(reading: Reading) -> dict[str, Any]:
    assert reading.asked is not None
    return {
        "kind": reading.kind,
        "asked": _asked(reading.asked),
        "files": _files(reading),
        "not_read": plain.not_read_to_json(reading.not_read),
        "parameters": reading.parameters,
        "declared": dict(reading.declared),
        "examined": reading.examined,
        "digest": reading.digest,
        "body": reading.body,
        "skipping": sorted(reading.skipping) if reading.skipping is not None else None,
        "places": plain.places_to_json(reading.places()),
    }


def _recalled(value: Any, notes: Notes, shown: str, read_again: Callable[[], ReadResult | None]) -> Reading:
    """Raises ValueError and its like for what is no entry."""
    kind, body, parameters = value["kind"], value["body"], value["parameters"]
    files = plain.files_from_json(value["files"])
    not_read = plain.not_read_from_json(value["not_read"])
    known = plain.places_from_json(value["places"])
    again = functools.cache(read_again)

    def source_of(number: int) -> SourceMap | None:
        result = again()
        resources = result.resources if result is not None else ()
        return resources[number].source if number < len(resources) else None

    def make(places: list[NotedPlaces]) -> ReadResult:
        def noted(number: int) -> SourceMap:
            places.append(NotedPlaces(functools.partial(source_of, number), known.get(number, {})))
            return places[-1]

        resources = plain.resources_of(body, noted)
        return ReadResult(kind=kind, resources=resources, not_read=not_read, files=files, parameters=parameters)

    return Reading(
        shown=shown,
        kind=kind,
        files=files,
        not_read=not_read,
        parameters=parameters,
        asked=notes,
        declared=value["declared"],
        examined=value["examined"],
        kept=True,
        digest=value["digest"],
        body=body,
        make=make,
        skipping=frozenset(value["skipping"]) if value["skipping"] is not None else None,
    )


def _asked(notes: Notes) -> list[list[Any]]:
    return [[*question, answer] for question, answer in notes.answers.items()]


def _files(reading: Reading) -> list[list[str]]:
    return plain.files_to_json(reading.files)
