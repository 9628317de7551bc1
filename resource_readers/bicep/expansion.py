"""The resources that a Bicep file and its modules declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from resource_readers.arm import templates as arm_templates
from resource_readers.arm.identities import DEPLOYMENT, scope_target
from resource_readers.arm.nested_deployments import Nested, handed_value, output_values
from resource_readers.arm.scopes import declared_names, unknown_values
from resource_readers.arm.template_parts import tree_of
from resource_readers.bicep import imports
from resource_readers.bicep.declarations import Instance, condition_of, level_of, part_of, rounds_of, scope_id
from resource_readers.bicep.modules import MAXIMUM_MODULE_DEPTH, Library
from resource_readers.bicep.scopes import BicepScope
from resource_readers.bicep.statements import Deployable, Function, Misread, Output, Parameter, Variable
from resource_readers.interface import Resource, Unknown, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError
from resource_readers.reading import Reading
from resource_readers.template_language import resource_ids
from resource_readers.template_language.evaluation import Frame, evaluate
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import LimitError, ResourceHandle, size_of, symbolic, unknown
from resource_readers.trees.nodes import NodeSource, ObjectNode
from verdicts import Location

_NOT_FIELDS = frozenset({"name", "parent", "scope", "properties", "dependsOn"})
_MODULE_PROPERTIES = {"expressionEvaluationOptions": {"scope": "inner"}, "mode": "Incremental"}
"""What the compiler writes into the deployment of every module."""


class BicepFile:
    """One Bicep file with the values of its parameters.

    Args:
        file: it.
        library: opens the files that it refers to.
        reading: what the run collects.
        opened: it and the files that led to it.
        supplied: parameter values by casefolded name.
        target: what it is deployed to; None for the file that is deployed itself.

    Raises:
        UnreadableFileError: if it is no text.
    """

    def __init__(
        self,
        file: ProjectFile,
        library: Library,
        reading: Reading,
        opened: tuple[Path, ...],
        supplied: Mapping[str, Value],
        target: DeploymentScope | None,
    ) -> None:
        self._file = file
        self._library = library
        self._reading = reading
        self._opened = opened
        self._statements = library.statements(file)
        self._resources: list[Resource] = []
        self._doubt: Value = True
        self._instances: dict[str, list[Instance]] = {}
        self._opening: set[str] = set()
        self._modules: dict[tuple[str, int], BicepFile | Nested | UnreadableFileError] = {}
        self._outputs: dict[str, Value] | None = None
        self._target = target if target is not None else DeploymentScope(level_of(self._statements))
        self._scope = BicepScope(reading, self._statements, self._target, supplied, self._load)
        self._frame = Frame(self._scope)
        for one in self._statements:
            if isinstance(one, Deployable):
                self._declare(one, None, "")
        imports.bind_all(self._statements, self._scope, library, file, opened)

    def _load(self, name: str, arguments: tuple[Value, ...]) -> Value:
        return self._library.load(self._file.path.parent, name, arguments, self._reading)

    def expand(self, resources: list[Resource], doubt: Value = True) -> None:
        """Adds all resources of the file and its modules. Raises LimitError.

        Args:
            resources: where they are added.
            doubt: True, or the unknown condition of what is around the file.
        """
        self._resources, self._doubt = resources, doubt
        seen: set[str] = set()
        for one in self._statements:
            if isinstance(one, Deployable | Parameter | Variable | Function):
                name = one.symbol if isinstance(one, Deployable) else one.name
                if name in seen:
                    # Whatever asks for it could mean either.
                    self._reading.miss(one.line, f"the name {name!r} is declared twice")
                seen.add(name)
            if isinstance(one, Misread):
                self._reading.miss(one.line, one.reason)
            elif isinstance(one, Deployable):
                self._emit(one, "")

    def outputs(self) -> dict[str, Value]:
        """The file's outputs; none while they are being made."""
        if self._outputs is None:
            self._outputs = {}
            self._outputs = {
                one.name: evaluate(one.value, self._frame) for one in self._statements if isinstance(one, Output)
            }
        return self._outputs

    def _declare(self, one: Deployable, parent: Deployable | None, path: str) -> None:
        key = f"{path}::{one.symbol}" if path else one.symbol
        value = partial(self._value, one, parent, key)
        self._scope.deployables[key] = value
        if parent is not None:
            # Inside of its parent a nested resource goes by its own symbol; two of one symbol can't be told apart.
            doubled = unknown(f"two nested resources are named {one.symbol}", "{" + one.symbol + "}")
            known = one.symbol in self._scope.nested
            self._scope.nested[one.symbol] = (lambda: doubled) if known else value
        for nested in one.nested:
            self._declare(nested, one, key)

    def _value(self, one: Deployable, parent: Deployable | None, key: str) -> Value:
        """What its symbol stands for."""
        instances = self._of(one, parent, key)
        if isinstance(instances, Unknown):
            return instances
        if one.rounds is None:
            return instances[0].handle
        if any(instance.repeated for instance in instances):
            return unknown("a loop over something unknown")
        return [instance.handle for instance in instances]

    def _of(self, one: Deployable, parent: Deployable | None, key: str) -> list[Instance] | Unknown:
        """What a declaration makes, evaluated once; an Unknown where it depends on itself."""
        if key in self._instances:
            return self._instances[key]
        if key in self._opening:
            return unknown(f"{one.symbol} depends on itself")
        self._opening.add(key)
        try:
            rounds, known = rounds_of(one, self._frame)
            made = []
            for position, iteration in enumerate(rounds):
                condition = condition_of(one, iteration)
                number = "" if one.rounds is None else f"{position}-" if known else "{copyIndex()}-"
                handle = replace(self._handle(one, parent, iteration.frame, key, number), condition=condition)
                made.append(Instance(handle, iteration.frame, condition, not known))
            self._instances[key] = made
        finally:
            self._opening.discard(key)
        return made

    def _handle(
        self, one: Deployable, parent: Deployable | None, frame: Frame, key: str, number: str
    ) -> ResourceHandle:
        if one.module:
            target = self._module_target(one, frame)
            name = part_of(one.body, "name", frame, self._module_name(one, frame, number))
            identifier = resource_ids.resource_id(target.id, "Microsoft.Resources/deployments", symbolic(name))
            outputs = partial(self._module_outputs, one, frame, name)
            return ResourceHandle("Microsoft.Resources/deployments", "", name, target.id, identifier, outputs)
        name = part_of(one.body, "name", frame, unknown("it has no name", "{" + one.symbol + "}"))
        declared, _, version = one.target.partition("@")
        above = self._parent_of(one, parent, frame, key)
        if isinstance(above, ResourceHandle):
            if parent is not None:
                declared, version = f"{above.type}/{declared}", version or above.api_version
            whole = f"{symbolic(above.name)}/{symbolic(name)}"
            inner = next((part for part in (name, above.name) if isinstance(part, Unknown)), None)
            name, place = whole if inner is None else unknown("a part of the name is not known", whole), above.scope
        elif isinstance(above, Unknown):
            name = unknown(above.reason, "{parent}/" + symbolic(name))
            place = "{" + (above.text or "?").strip("{}") + "}"
        else:
            place = scope_id(part_of(one.body, "scope", frame, None), self._target)
        extension = resource_ids.extension_parts(declared, symbolic(name))
        if extension is not None:
            parent_type, parent_name, declared, own = extension
            place = resource_ids.resource_id(place, parent_type, parent_name)
            name = resource_ids.id_value(own, "a part of the name is not known")
        return ResourceHandle(declared, version, name, place, resource_ids.resource_id(place, declared, symbolic(name)))

    def _module_name(self, one: Deployable, frame: Frame, number: str) -> Value:
        """The name that the compiler gives a module without one; `number` says which round of a loop it is."""
        hashed = self._scope.call("uniqueString", (one.symbol, resource_ids.id_value(self._target.name)), frame)
        named = f"{one.symbol}-{number}{symbolic(hashed)}"
        return resource_ids.id_value(named, "the deployment that it is part of is not known by name")

    def _parent_of(self, one: Deployable, parent: Deployable | None, frame: Frame, key: str) -> Value:
        """The handle of the parent; None if it has none, an Unknown if it isn't known."""
        if parent is not None:
            return self._scope.deployables[key.rpartition("::")[0]]()
        value = part_of(one.body, "parent", frame, None)
        return value if value is None or isinstance(value, ResourceHandle | Unknown) else unknown("a parent of no kind")

    def _module_target(self, one: Deployable, frame: Frame) -> DeploymentScope:
        value = part_of(one.body, "scope", frame, None)
        return self._target if value is None else scope_target(scope_id(value, self._target), self._target)

    def _emit(self, one: Deployable, path: str) -> None:
        key = f"{path}::{one.symbol}" if path else one.symbol
        if len(self._opened) == 1:
            self._reading.at = one.line
        self._scope.deployables[key]()
        for instance in self._instances.get(key, []):
            if instance.condition is False:
                continue
            self._add(one, instance)
        conditions = [instance.condition for instance in self._instances.get(key, [])]
        if all(condition is False for condition in conditions):
            return
        if one.rounds is not None and one.nested:
            self._reading.miss(one.nested[0].line, "a resource nested in a loop, which Bicep doesn't allow")
            return
        # A nested resource is made whenever its parent is.
        before, self._doubt = self._doubt, self._doubt if True in conditions else conditions[0]
        for nested in one.nested:
            self._emit(nested, key)
        self._doubt = before

    def _add(self, one: Deployable, instance: Instance) -> None:
        if len(self._resources) >= arm_templates.MAXIMUM_RESOURCES:
            raise LimitError(f"more than {arm_templates.MAXIMUM_RESOURCES:,} resources")
        handle, frame = instance.handle, instance.frame
        properties, fields = self._module_parts(one, frame) if one.module else _parts(one, frame)
        frame.scope.budget.spend(size_of(properties))
        deployment = handle.type.casefold() == DEPLOYMENT
        whole = properties
        if deployment and isinstance(properties, dict):
            properties = {key: value for key, value in whole.items() if key not in ("template", "parameters")}
        doubt = self._doubt if instance.condition is True else instance.condition
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
                condition=doubt,
                repeated=instance.repeated,
                existing=one.existing,
                source=NodeSource(one.body),
            )
        )
        inside = unknown("a loop over something unknown") if instance.repeated else doubt
        if one.module:
            self._expand_module(one, instance, inside)
        elif deployment and not one.existing:
            self._expand_deployment(one, instance, whole, inside)

    def _module_parts(self, one: Deployable, frame: Frame) -> tuple[Value, dict[str, Value]]:
        """Properties and fields of a module's deployment, as the compiler writes them."""
        fields: dict[str, Value] = {}
        target = self._module_target(one, frame)
        if target.level is not Level.RESOURCE_GROUP:
            place = "resourcegroup" if self._target.level is Level.RESOURCE_GROUP else "deployment"
            fields["location"] = resource_ids.scope_functions(self._target)[place]["location"]
        return dict(_MODULE_PROPERTIES), fields

    def _expand_module(self, one: Deployable, instance: Instance, doubt: Value) -> None:
        opened = self._module(one, instance.frame, instance.handle.name)
        if isinstance(opened, UnreadableFileError):
            self._reading.miss(one.line, f"the module {one.target} is not read: {opened}")
        elif isinstance(opened, BicepFile):
            opened.expand(self._resources, doubt)
        else:
            self._expand_template(opened, doubt)

    def _expand_deployment(self, one: Deployable, instance: Instance, properties: Value, doubt: Value) -> None:
        """The template in a resource that is a deployment itself. Its texts in brackets are evaluated there."""
        template = properties.get("template") if isinstance(properties, dict) else None
        tree = tree_of(template, one.line, one.column)
        if not isinstance(tree, ObjectNode):
            self._reading.miss(one.line, "the template of a nested deployment is not known")
            return
        given = properties.get("parameters", {})
        supplied = (
            {name.casefold(): handed_value(name, value) for name, value in given.items()}
            if isinstance(given, dict)
            else unknown_values(declared_names(tree), given)
        )
        target = replace(scope_target(instance.handle.scope, self._target), name=symbolic(instance.handle.name))
        self._expand_template(arm_templates.open_template(tree, self._reading, supplied, target), doubt)

    def _expand_template(self, opened: Nested, doubt: Value) -> None:
        made = arm_templates.expand(opened)
        self._resources += [replace(one, condition=doubt if one.condition is True else one.condition) for one in made]

    def _module(self, one: Deployable, frame: Frame, name: Value) -> BicepFile | Nested | UnreadableFileError:
        """What a module's file declares with the parameters of one call, opened once."""
        key = (one.symbol, id(frame))
        if key not in self._modules:
            try:
                self._modules[key] = self._open_module(one, frame, name)
            except UnreadableFileError as error:
                self._modules[key] = error
        return self._modules[key]

    def _open_module(self, one: Deployable, frame: Frame, name: Value) -> BicepFile | Nested:
        if len(self._opened) > MAXIMUM_MODULE_DEPTH:
            raise UnreadableFileError(one.target, f"modules are nested deeper than {MAXIMUM_MODULE_DEPTH} levels")
        file = self._library.module(self._file.path.parent, one.target, self._reading)
        if file.path in self._opened:
            raise UnreadableFileError(one.target, "the modules refer to each other")
        reading = self._reading.part(file.shown)
        target = replace(self._module_target(one, frame), name=symbolic(name))
        params = part_of(one.body, "params", frame, {})
        if file.path.suffix.casefold() == ".bicep":
            statements = self._library.statements(file)
            names = [parameter.name for parameter in statements if isinstance(parameter, Parameter)]
            opened = (*self._opened, file.path)
            return BicepFile(file, self._library, reading, opened, _supplied(params, names), target)
        tree = self._library.template(file)
        return arm_templates.open_template(tree, reading, _supplied(params, declared_names(tree)), target)

    def _module_outputs(self, one: Deployable, frame: Frame, name: Value) -> Value:
        """The outputs of a module; an Unknown if it isn't read (which is named when it is expanded)."""
        opened = self._module(one, frame, name)
        if isinstance(opened, UnreadableFileError):
            return unknown(f"the module is not read: {opened}", "{" + one.symbol + ".outputs}")
        return opened.outputs() if isinstance(opened, BicepFile) else dict(output_values(opened))


def _parts(one: Deployable, frame: Frame) -> tuple[Value, dict[str, Value]]:
    """Properties and fields of a resource."""
    if any(not isinstance(entry.key, str) or not entry.key for entry in one.body.entries):
        whole = evaluate(one.body, frame)
        if not isinstance(whole, dict):
            return whole, {}
        fields = {name: value for name, value in whole.items() if name not in _NOT_FIELDS}
        return whole.get("properties", {}), fields
    fields = {
        entry.key: evaluate(entry.value, frame)
        for entry in one.body.entries
        if isinstance(entry.key, str) and entry.key not in _NOT_FIELDS
    }
    return part_of(one.body, "properties", frame, {}), fields


def _supplied(params: Value, names: list[str]) -> dict[str, Value]:
    """What a module is given, by casefolded name; all unknown where nobody knows it: no default is taken then."""
    if isinstance(params, dict):
        return {name.casefold(): value for name, value in params.items()}
    return unknown_values(names, params)
