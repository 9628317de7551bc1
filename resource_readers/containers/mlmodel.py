"""The reader of `MLmodel` files: what a model needs to be loaded, and what runs then."""

from __future__ import annotations

import re
from typing import Any

from resource_readers.containers.places import RecordedPlaces, Section
from resource_readers.containers.requirements import Requirements, exists_inside
from resource_readers.containers.yaml_values import member, tree_of, values_of
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource, Unknown, Value
from resource_readers.project_files import ProjectFile
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import NodeSource, ObjectNode, Position
from verdicts import Location

KIND = "mlmodel"
TYPE = "MLflow.Models/models"

_PICKLED = re.compile(r".*\.(?:pkl|pickle|p|joblib|dill|pt|pth|cloudpickle)", re.IGNORECASE)
_PICKLES = frozenset({"pickle", "cloudpickle", "joblib", "dill"})
# What these flavors save is data in a format of their own.
_WITHOUT = frozenset(
    {
        *("xgboost", "lightgbm", "catboost", "onnx", "spark", "h2o", "mleap", "paddle", "tensorflow", "keras", "crate"),
        *("openai", "sentence_transformers", "transformers", "prophet", "fastai"),
    }
)
_WITH = frozenset({"pytorch", "fastai", "statsmodels", "pmdarima", "sklearn"})
_MAXIMUM_FLAVORS = 100


class MlModelReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the name, which MLflow prescribes."""
        return file.path.name == "MLmodel"

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        tree = tree_of(file)
        document = values_of(tree, file.shown) if not isinstance(tree, NotRead) else tree
        if isinstance(document, NotRead):
            return ReadResult(kind=KIND, not_read=(document,), files=(file.digest,))
        if not isinstance(tree, ObjectNode) or not isinstance(document, dict) or "flavors" not in document:
            line = None if isinstance(tree, NotRead) else tree.line
            missing = NotRead(file.shown, line, "no model: there are no flavors")
            return ReadResult(kind=KIND, not_read=(missing,), files=(file.digest,))
        reading = _Model(tree, document, file, request)
        return ReadResult(
            kind=KIND,
            resources=(reading.resource,),
            not_read=tuple(reading.requirements.not_read),
            files=tuple(reading.requirements.files.values()),
        )


class _Model:
    def __init__(self, tree: ObjectNode, document: dict[str, Any], file: ProjectFile, request: ReadRequest) -> None:
        self._file = file
        self._request = request
        self._source = NodeSource(tree)
        self._places = RecordedPlaces(Position(tree.line, tree.column))
        self._top = Section(self._places, ("properties",))
        self.requirements = Requirements(self._top, file, request)
        flavors = document["flavors"]
        function = member(flavors, "python_function")
        for key, value in document.items():
            self._top.set(key, value, self._source.position((key,)))
        self._python(function)
        self._pickle(flavors)
        self._requirement_lines()
        self.resource = Resource(
            type=TYPE,
            api_version="",
            name=file.shown,
            id=f"{TYPE}/{file.shown}",
            scope="",
            properties=self._top.values,
            location=Location(file.shown, tree.line),
            source=_ModelSource(self._source, self._places),
        )

    def _place(self, *path: str | int) -> Position:
        return self._source.position(path)

    def _python(self, function: Value) -> None:
        """How the model is loaded as a Python function, in one shape for all versions of MLflow."""
        at = ("flavors", "python_function")
        made = self._top.part("python", self._place(*at))
        if isinstance(function, Unknown):
            self._top.set("python", function, self._place(*at))
            return
        for key, name in (
            ("version", "python_version"),
            ("loaderModule", "loader_module"),
            ("modelPath", "model_path"),
            ("data", "data"),
            ("code", "code"),
        ):
            value = member(function, name)
            if value is not None:
                made.set(key, value, self._place(*at, name))
        environment = member(function, "env")
        if isinstance(environment, dict):
            for key in ("conda", "virtualenv"):
                self._environment_file(made, key, environment.get(key), (*at, "env", key))
        else:
            self._environment_file(made, "conda", environment, (*at, "env"))

    def _environment_file(self, made: Section, key: str, value: Value, path: tuple[str, ...]) -> None:
        if value is None:
            return
        part = made.part(key, self._place(*path))
        part.set("path", value, self._place(*path))
        if isinstance(value, str):
            part.set("exists", exists_inside(self._request.root, self._file.path.parent / value), self._place(*path))

    def _pickle(self, flavors: Value) -> None:
        """Whether loading it runs a pickle, which runs whatever is in it."""
        place = self._place("flavors")
        if not isinstance(flavors, dict) or not flavors:
            self._top.set("needsPickle", Unknown("the flavors aren't known"), place)
            return
        answers: list[Value] = []
        for name, flavor in list(flavors.items())[:_MAXIMUM_FLAVORS]:
            for path, key in _pickled_files(flavor):
                if path not in self._top.values.get("pickledFiles", []):
                    self._top.append("pickledFiles", path, self._place("flavors", name, key))
            if name != "python_function" or len(flavors) == 1:
                answers.append(_needs_pickle(name, flavor))
        if any(answer is True for answer in answers) or self._top.values.get("pickledFiles"):
            self._top.set("needsPickle", True, place)
        else:
            missing = next((answer for answer in answers if isinstance(answer, Unknown)), None)
            self._top.set("needsPickle", missing if missing is not None else False, place)

    def _requirement_lines(self) -> None:
        """The lines of requirements.txt, which MLflow writes beside the model."""
        place = self._place("flavors", "python_function", "env")
        for key in ("pipPackages", "pipOptions"):
            self._top.set(key, [], place)
        self.requirements.follow("requirements.txt", place, self._file.path.parent)


class _ModelSource:
    """What stands in the file has its own place; what was made of it was recorded."""

    def __init__(self, source: NodeSource, places: RecordedPlaces) -> None:
        self._source = source
        self._places = places

    def position(self, path: tuple[str | int, ...]) -> Position:
        """See interface.SourceMap."""
        made = ("python", "needsPickle", "pickledFiles", "pipPackages", "pipOptions", "requirementFiles")
        if path[:1] == ("properties",) and len(path) > 1 and path[1] not in made:
            return self._source.position(path[1:])
        return self._places.position(path)


def _pickled_files(flavor: Value) -> list[tuple[Value, str]]:
    if not isinstance(flavor, dict):
        return []
    return [
        (value, key)
        for key, value in flavor.items()
        if isinstance(value, str) and (key == "pickled_model" or _PICKLED.fullmatch(value))
    ]


def _needs_pickle(name: str, flavor: Value) -> Value:
    if isinstance(flavor, Unknown):
        return flavor
    written = member(flavor, "serialization_format")
    if isinstance(written, str):
        return written.casefold() in _PICKLES
    if member(flavor, "cloudpickle_version") is not None or member(flavor, "python_model") is not None:
        return True
    if name in _WITH:
        return True
    if name in _WITHOUT:
        return False
    return unknown(f"whether the flavor {name[:60]!r} is saved as a pickle isn't known")
