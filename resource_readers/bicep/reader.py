"""The reader of Bicep files: resources, local modules, loops, conditions, nested and existing resources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from resource_readers.arm import templates as arm_templates
from resource_readers.arm.identities import scope_target
from resource_readers.arm.reader import ParameterFileMissing, load_parameters
from resource_readers.bicep import imports
from resource_readers.bicep.modules import MAXIMUM_MODULE_DEPTH, Library
from resource_readers.bicep.scopes import BicepScope
from resource_readers.bicep.statements import (
    Deployable,
    Function,
    Misread,
    Output,
    Parameter,
    Statement,
    TargetScope,
    Variable,
)
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource, Unknown, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError
from resource_readers.reading import Reading
from resource_readers.template_language import resource_ids
from resource_readers.template_language.evaluation import Frame, Iteration, evaluate, iterations, round_frame
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import LimitError, ResourceHandle, size_of, symbolic, unknown
from resource_readers.trees.nodes import Literal, Loop, Node, NodeSource, ObjectNode
from verdicts import InputDigest, Location

KIND = "bicep"
_NOT_FIELDS = frozenset({"name", "parent", "scope", "properties", "dependsOn"})
_LEVELS = {level.value: level for level in Level}


class BicepReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the ending: the language has no mark of its own."""
        return file.path.suffix.casefold() == ".bicep"

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        files: list[InputDigest] = [file.digest]
        try:
            supplied, opened = load_parameters(request)
            files += opened
        except UnreadableFileError as error:
            return _nothing(NotRead(error.shown, None, f"can't be read: {error}"), files)
        except ParameterFileMissing as error:
            return _nothing(error.missing, files)
        reading = Reading(file.shown)
        reading.files.update({one.name: one for one in files})
        resources: list[Resource] = []
        try:
            library = Library(request.root, request.session, request.bicep_modules)
            _File(file, library, reading, resources, (file.path,)).expand(supplied, None)
        except UnreadableFileError as error:
            reading.miss(None, f"can't be read: {error}")
        except LimitError as error:
            reading.miss(reading.at, f"stopped here: {error}")
        except RecursionError:
            reading.miss(reading.at, "stopped here: nested too deeply")
        return ReadResult(
            kind=KIND,
            resources=tuple(resources),
            not_read=tuple(reading.not_read.values()),
            files=tuple(reading.files.values()),
        )


def _nothing(missing: NotRead, files: list[InputDigest]) -> ReadResult:
    return ReadResult(kind=KIND, not_read=(missing,), files=tuple(files))


@dataclass(frozen=True, slots=True)
class _Instance:
    """One resource or module that a declaration makes."""

    handle: ResourceHandle
    frame: Frame
    condition: Value
    repeated: bool


class _File:
    """One Bicep file with the values of its parameters."""

    def __init__(
        self,
        file: ProjectFile,
        library: Library,
        reading: Reading,
        resources: list[Resource],
        opened: tuple[Path, ...],
        doubt: Value = True,
    ) -> None:
        self._file = file
        self._library = library
        self._reading = reading
        self._resources = resources
        self._opened = opened
        self._doubt = doubt
        self._instances: dict[str, list[_Instance]] = {}
        self._opening: set[str] = set()
        self._made: dict[tuple[str, int], Value] = {}

    def scope(self, supplied: Mapping[str, Value], target: DeploymentScope | None) -> BicepScope:
        """The file's names. `target` is None for the file that is deployed itself. Raises UnreadableFileError."""
        statements = self._library.statements(self._file)
        if target is None:
            target = DeploymentScope(_level(statements))
        scope = BicepScope(
            self._reading,
            statements,
            target,
            supplied,
            lambda name, arguments: self._library.load(self._file.path.parent, name, arguments, self._reading),
        )
        frame = Frame(scope)
        for one in statements:
            if isinstance(one, Deployable):
                self._declare(one, None, frame, scope, "")
        imports.bind_all(statements, scope, self._library, self._file, self._opened)
        return scope

    def expand(self, supplied: Mapping[str, Value], target: DeploymentScope | None) -> BicepScope:
        """Adds all resources of the file and its modules. Raises LimitError and UnreadableFileError."""
        scope = self.scope(supplied, target)
        seen: set[str] = set()
        for one in self._library.statements(self._file):
            if isinstance(one, Deployable | Parameter | Variable | Function):
                name = one.symbol if isinstance(one, Deployable) else one.name
                if name in seen:
                    # Whatever asks for it could mean either.
                    self._reading.miss(one.line, f"the name {name!r} is declared twice")
                seen.add(name)
            if isinstance(one, Misread):
                self._reading.miss(one.line, one.reason)
            elif isinstance(one, Deployable):
                self._emit(one, scope, "")
        return scope

    def outputs(self, scope: BicepScope) -> dict[str, Value]:
        """The file's outputs."""
        frame = Frame(scope)
        statements = self._library.statements(self._file)
        return {one.name: evaluate(one.value, frame) for one in statements if isinstance(one, Output)}

    def _declare(self, one: Deployable, parent: Deployable | None, frame: Frame, scope: BicepScope, path: str) -> None:
        key = f"{path}::{one.symbol}" if path else one.symbol

        def value() -> Value:
            instances = self._of(one, parent, frame, scope, key)
            if isinstance(instances, Unknown):
                return instances
            if one.rounds is None:
                return instances[0].handle
            if any(instance.repeated for instance in instances):
                return unknown("a loop over something unknown")
            return [instance.handle for instance in instances]

        scope.deployables[key] = value
        if parent is not None:
            # Inside of its parent a nested resource goes by its own symbol; two of one symbol can't be told apart.
            doubled = unknown(f"two nested resources are named {one.symbol}", "{" + one.symbol + "}")
            scope.nested[one.symbol] = value if one.symbol not in scope.nested else lambda: doubled
        for nested in one.nested:
            self._declare(nested, one, frame, scope, key)

    def _of(
        self, one: Deployable, parent: Deployable | None, frame: Frame, scope: BicepScope, key: str
    ) -> list[_Instance] | Unknown:
        """What a declaration makes, evaluated once; an Unknown where it depends on itself."""
        if key in self._instances:
            return self._instances[key]
        if key in self._opening:
            return unknown(f"{one.symbol} depends on itself")
        self._opening.add(key)
        try:
            rounds, known = _rounds(one, frame)
            made = []
            for iteration in rounds:
                handle = self._handle(one, parent, iteration.frame, scope, key)
                condition = _condition(one, iteration)
                made.append(_Instance(handle, iteration.frame, condition, not known))
            self._instances[key] = made
        finally:
            self._opening.discard(key)
        return made

    def _handle(
        self, one: Deployable, parent: Deployable | None, frame: Frame, scope: BicepScope, key: str
    ) -> ResourceHandle:
        name = _value(one.body, "name", frame, unknown("it has no name", "{" + one.symbol + "}"))
        if one.module:
            target = self._module_target(one, frame, scope)
            identifier = resource_ids.resource_id(target.id, "Microsoft.Resources/deployments", symbolic(name))
            handle = ResourceHandle("Microsoft.Resources/deployments", "", name, target.id, identifier)
            return replace(handle, outputs=lambda: self._module_outputs(one, frame, scope))
        declared, _, version = one.target.partition("@")
        above = self._parent_of(one, parent, frame, scope, key)
        if isinstance(above, ResourceHandle):
            if parent is not None:
                declared, version = f"{above.type}/{declared}", version or above.api_version
            whole = f"{symbolic(above.name)}/{symbolic(name)}"
            name = unknown("a part of the name is not known", whole) if _open(above.name) or _open(name) else whole
            place = above.scope
        elif isinstance(above, Unknown):
            name, place = (
                unknown(above.reason, "{parent}/" + symbolic(name)),
                "{" + (above.text or "?").strip("{}") + "}",
            )
        else:
            place = _scope_id(_value(one.body, "scope", frame, None), scope.target)
        extension = resource_ids.extension_parts(declared, symbolic(name))
        if extension is not None:
            parent_type, parent_name, declared, own = extension
            place = resource_ids.resource_id(place, parent_type, parent_name)
            name = resource_ids.id_value(own, "a part of the name is not known")
        return ResourceHandle(declared, version, name, place, resource_ids.resource_id(place, declared, symbolic(name)))

    def _parent_of(
        self, one: Deployable, parent: Deployable | None, frame: Frame, scope: BicepScope, key: str
    ) -> Value:
        """The handle of the parent; None if it has none, an Unknown if it isn't known."""
        if parent is not None:
            return scope.deployables[key.rpartition("::")[0]]()
        value = _value(one.body, "parent", frame, None)
        return value if value is None or isinstance(value, ResourceHandle | Unknown) else unknown("a parent of no kind")

    def _module_target(self, one: Deployable, frame: Frame, scope: BicepScope) -> DeploymentScope:
        value = _value(one.body, "scope", frame, None)
        return scope.target if value is None else scope_target(_scope_id(value, scope.target), scope.target)

    def _emit(self, one: Deployable, scope: BicepScope, path: str) -> None:
        key = f"{path}::{one.symbol}" if path else one.symbol
        if len(self._opened) == 1:
            self._reading.at = one.line
        scope.deployables[key]()
        for instance in self._instances.get(key, []):
            if instance.condition is False:
                continue
            self._add(one, instance)
            if one.module:
                self._module(one, instance, scope)
        conditions = [instance.condition for instance in self._instances.get(key, [])]
        if all(condition is False for condition in conditions):
            return
        if one.rounds is not None and one.nested:
            self._reading.miss(one.nested[0].line, "a resource nested in a loop, which Bicep doesn't allow")
            return
        # A nested resource is made whenever its parent is.
        before, self._doubt = self._doubt, self._doubt if True in conditions else conditions[0]
        for nested in one.nested:
            self._emit(nested, scope, key)
        self._doubt = before

    def _add(self, one: Deployable, instance: _Instance) -> None:
        if len(self._resources) >= arm_templates.MAXIMUM_RESOURCES:
            raise LimitError(f"more than {arm_templates.MAXIMUM_RESOURCES:,} resources")
        handle, frame = instance.handle, instance.frame
        properties = {} if one.module else _value(one.body, "properties", frame, {})
        frame.scope.budget.spend(size_of(properties))
        fields = {
            entry.key: evaluate(entry.value, frame)
            for entry in one.body.entries
            if isinstance(entry.key, str) and entry.key and entry.key not in _NOT_FIELDS and not one.module
        }
        if any(not isinstance(entry.key, str) or not entry.key for entry in one.body.entries):
            whole = evaluate(one.body, frame)
            if isinstance(whole, dict):
                properties = whole.get("properties", properties)
                fields = {name: value for name, value in whole.items() if name not in _NOT_FIELDS}
            else:
                properties = whole
        self._resources.append(
            Resource(
                type=handle.type,
                api_version=handle.api_version,
                name=handle.name,
                id=handle.id,
                scope=handle.scope,
                properties=properties,
                location=Location(self._reading.shown, one.line),
                fields=fields,
                condition=self._doubt if instance.condition is True else instance.condition,
                repeated=instance.repeated,
                existing=one.existing,
                source=NodeSource(one.body),
            )
        )

    def _module(self, one: Deployable, instance: _Instance, scope: BicepScope) -> None:
        doubt = self._doubt if instance.condition is True else instance.condition
        if instance.repeated:
            doubt = unknown("a loop over something unknown")
        try:
            file = self._module_file(one)
            supplied = _supplied(one, instance.frame)
            target = self._module_target(one, instance.frame, scope)
            if file.path.suffix.casefold() == ".bicep":
                part = self._part(file, doubt)
                inner = part.expand(supplied, target)
                self._made[one.symbol, id(instance.frame)] = part.outputs(inner)
                return
            tree = self._library.template(file)
            made = arm_templates.expand(
                arm_templates.open_template(tree, self._reading.part(file.shown), supplied, target)
            )
            self._resources += [replace(r, condition=doubt if r.condition is True else r.condition) for r in made]
        except UnreadableFileError as error:
            self._reading.miss(one.line, f"the module {one.target} is not read: {error}")

    def _part(self, file: ProjectFile, doubt: Value) -> _File:
        opened = (*self._opened, file.path)
        return _File(file, self._library, self._reading.part(file.shown), self._resources, opened, doubt)

    def _module_file(self, one: Deployable) -> ProjectFile:
        if len(self._opened) > MAXIMUM_MODULE_DEPTH:
            raise UnreadableFileError(one.target, f"modules are nested deeper than {MAXIMUM_MODULE_DEPTH} levels")
        file = self._library.module(self._file.path.parent, one.target, self._reading)
        if file.path in self._opened:
            raise UnreadableFileError(one.target, "the modules refer to each other")
        return file

    def _module_outputs(self, one: Deployable, frame: Frame, scope: BicepScope) -> Value:
        """The outputs of a module; an Unknown if it isn't read (which is named when it is expanded)."""
        key = (one.symbol, id(frame))
        if key in self._made:
            return self._made[key]
        try:
            file = self._module_file(one)
            if file.path.suffix.casefold() != ".bicep":
                return unknown("the outputs of a module in JSON are not followed", "{" + one.symbol + ".outputs}")
            part = _File(file, self._library, Reading(file.shown, self._reading.budget), [], (*self._opened, file.path))
            inner = part.scope(_supplied(one, frame), self._module_target(one, frame, scope))
            self._made[key] = part.outputs(inner)
        except UnreadableFileError as error:
            self._made[key] = unknown(f"the module is not read: {error}", "{" + one.symbol + ".outputs}")
        return self._made[key]


def _level(statements: list[Statement]) -> Level:
    written = next((one.level for one in statements if isinstance(one, TargetScope)), "resourceGroup")
    return _LEVELS.get(written, Level.RESOURCE_GROUP)


def _open(value: Value) -> bool:
    return isinstance(value, Unknown)


def _value(body: ObjectNode, key: str, frame: Frame, default: Value) -> Value:
    node: Node | None = next((entry.value for entry in body.entries if entry.key == key), None)
    return default if node is None else evaluate(node, frame)


def _rounds(one: Deployable, frame: Frame) -> tuple[list[Iteration], bool]:
    """The rounds of a declaration, and whether their number is known; one stands for all where it isn't."""
    if one.rounds is None:
        return [Iteration(frame)], True
    rounds = one.rounds
    loop = Loop(rounds.over, rounds.item, rounds.index, None, Literal(None, one.line), False, one.line)
    made = iterations(loop, frame)
    if isinstance(made, Unknown):
        return [Iteration(round_frame(loop, frame, unknown(made.reason, "{" + rounds.item + "}"), made))], False
    return made, True


def _condition(one: Deployable, iteration: Iteration) -> Value:
    if one.condition is None:
        return True
    value = evaluate(one.condition, iteration.frame)
    return value if isinstance(value, bool | Unknown) else unknown("its condition is no truth value")


def _scope_id(value: Value, target: DeploymentScope) -> str:
    """Id of what a `scope` names."""
    if value is None:
        return target.id
    if isinstance(value, ResourceHandle):
        return value.id
    if isinstance(value, dict):
        # tenant() has no id before the deployment.
        return symbolic(value["id"]) if "displayName" not in value or "subscriptionId" in value else "/"
    return "{" + symbolic(value).strip("{}") + "}"


def _supplied(one: Deployable, frame: Frame) -> dict[str, Value]:
    """What a module is given, by casefolded name. Raises UnreadableFileError: without them defaults would be taken."""
    params = _value(one.body, "params", frame, {})
    if isinstance(params, dict):
        return {name.casefold(): value for name, value in params.items()}
    raise UnreadableFileError(one.target, "its parameters are not known")
