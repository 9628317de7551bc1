"""Deployments inside of deployments (Microsoft.Resources/deployments): their templates, parameters and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

from resource_readers.arm.expressions import counted_loop, expression_of
from resource_readers.arm.identities import (
    DEPLOYMENT,
    LoopError,
    declared_type,
    identity_of,
    rounds_of,
    target_of,
)
from resource_readers.arm.json_values import json_value, value_of
from resource_readers.arm.parameter_files import ParameterFileError, parse_parameters
from resource_readers.arm.scopes import (
    Declarations,
    Deployed,
    Outputs,
    TemplateScope,
    declared_names,
    secret,
    unknown_values,
)
from resource_readers.arm.template_files import TemplateFiles, TemplateLinkError
from resource_readers.arm.template_parts import literal_text, resource_entries, tree_of
from resource_readers.interface import Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language.evaluation import Frame, member
from resource_readers.template_language.resource_ids import DeploymentScope
from resource_readers.template_language.unknowns import LimitError, symbolic, unknown
from resource_readers.trees.nodes import Node, ObjectNode, Unreadable


@dataclass(frozen=True, slots=True)
class Nested:
    """A nested template, ready to be expanded.

    Attributes:
        template: its tree.
        frame: in which it is evaluated: its own, or that of the template around it.
        target: what it is deployed to.
        reading: of the file in which it stands.
        linked: that file, as shown, where it is another one than the template's around it; else "".
    """

    template: ObjectNode
    frame: Frame
    target: DeploymentScope
    reading: Reading
    linked: str = ""


def open_nested(node: ObjectNode, frame: Frame, outer: DeploymentScope, reading: Reading) -> Nested | None:
    """The template of a nested deployment, opened once; None if it is named as not read."""
    scope = frame.scope
    if not isinstance(scope, TemplateScope):
        return _opened(node, frame, outer, reading)
    return cast(Nested | None, scope.once(node, frame, lambda: _opened(node, frame, outer, reading)))


def _opened(node: ObjectNode, frame: Frame, outer: DeploymentScope, reading: Reading) -> Nested | None:
    properties = node.get("properties")
    if not isinstance(properties, ObjectNode):
        reading.miss(node.line, "a nested deployment without properties")
        return None
    around = frame.scope
    files = around.files if isinstance(around, TemplateScope) else None
    template, inner, linked, place = properties.get("template"), True, "", reading
    if isinstance(template, ObjectNode):
        options = properties.get("expressionEvaluationOptions")
        inner = isinstance(options, ObjectNode) and literal_text(options.get("scope")).casefold() == "inner"
    elif template is not None and literal_text(template):
        made = tree_of(json_value(template, frame), template.line, template.column)
        if not isinstance(made, ObjectNode):
            reading.miss(template.line, "the template of a nested deployment is not known")
            return None
        template = made
    else:
        try:
            template, files, linked = _linked(properties, frame, files, reading)
        except TemplateLinkError as error:
            reading.miss(
                (properties.get("templateLink") or properties).line, f"a linked template is not followed: {error}"
            )
            return None
        place = reading.part(linked)
    target = target_of(node, frame, outer, template)
    target = replace(target, name=symbolic(value_of(node.get("name"), frame, "")) or target.name)
    if not inner:
        return Nested(template, frame, target, reading)
    supplied = _all_supplied(properties, template, frame, files, reading)
    scope = TemplateScope(place, template, target, supplied, files)
    return Nested(template, Frame(scope, depth=frame.depth), target, place, linked)


def _linked(
    properties: ObjectNode, frame: Frame, files: TemplateFiles | None, reading: Reading
) -> tuple[ObjectNode, TemplateFiles, str]:
    link = properties.get("templateLink")
    if link is None:
        raise TemplateLinkError("there is neither a template nor a link")
    if files is None:
        raise TemplateLinkError("its place is not known")
    file = files.linked(json_value(link, frame), reading)
    return files.tree(file), files.below(file), file.shown


def _all_supplied(
    properties: ObjectNode, template: ObjectNode, frame: Frame, files: TemplateFiles | None, reading: Reading
) -> Mapping[str, Value]:
    """What the template is given, by casefolded name; unknown values where nobody knows what it is given."""
    link = properties.get("parametersLink")
    if link is None or properties.get("parameters") is not None:
        return supplied_values(properties.get("parameters"), template, frame)
    try:
        around = frame.scope.files if isinstance(frame.scope, TemplateScope) else files
        if around is None:
            raise TemplateLinkError("its place is not known")
        file = around.linked(json_value(link, frame), reading)
        return parse_parameters(file.data)
    except (TemplateLinkError, ParameterFileError) as error:
        reading.miss(link.line, f"a linked parameter file is not followed: {error}", may_hold_resources=False)
        return unknown_values(declared_names(template), unknown("the linked parameter file is not read"))


def supplied_values(node: Node | None, template: ObjectNode, frame: Frame) -> Mapping[str, Value]:
    """The `parameters` of a deployment, evaluated, by casefolded name."""
    if node is None:
        return {}
    if not isinstance(node, ObjectNode):
        whole = json_value(node, frame)
        if not isinstance(whole, dict):
            return unknown_values(declared_names(template), whole)
        return {name.casefold(): handed_value(name, one) for name, one in whole.items()}
    values: dict[str, Value] = {}
    for entry in node.entries:
        if isinstance(entry.key, str):
            handed = entry.value.get("value") if isinstance(entry.value, ObjectNode) else None
            values[entry.key.casefold()] = (
                json_value(handed, frame)
                if handed is not None
                else handed_value(entry.key, json_value(entry.value, frame))
            )
    return values


def handed_value(name: str, one: Value) -> Value:
    """What `{value}` or `{reference}` hands in."""
    if isinstance(one, Unknown):
        return member(one, "value", safe=False)
    if isinstance(one, dict) and "value" in one:
        return one["value"]
    reference = one.get("reference") if isinstance(one, dict) else None
    if isinstance(reference, dict):
        vault = reference.get("keyVault")
        return secret(symbolic(vault.get("id") if isinstance(vault, dict) else vault), reference.get("secretName"))
    return Unknown(f"the parameter {name!r} is given no value")


def register(section: Node | None, frame: Frame, target: DeploymentScope, reading: Reading) -> None:
    """Lets the scope find a template's resources and the outputs of the deployments in it, once it is asked for one."""
    scope = frame.scope
    if not isinstance(scope, TemplateScope) or not scope.first_time(section, frame):
        return

    def tell() -> None:
        for entry in resource_entries(section):
            if isinstance(entry.value, ObjectNode):
                symbol = entry.key if isinstance(entry.key, str) else ""
                _register(symbol, entry.value, frame, target, reading, scope)

    scope.later(tell)


def _register(
    symbol: str, node: ObjectNode, frame: Frame, target: DeploymentScope, reading: Reading, scope: TemplateScope
) -> None:
    folded = symbol.casefold()
    looped = node.get("copy") is not None
    made: list[Deployed] = []
    try:
        for inner, certain in rounds_of(node, frame):
            if not certain:
                scope.loops[folded] = unknown("a loop over something unknown")
                return
            one = _deployed(node, inner, target, reading)
            if one is None:
                return
            made.append(one)
            for key in (
                f"{folded}[{len(made) - 1}]" if looped else folded,
                symbolic(one.name).casefold(),
                one.id.casefold(),
            ):
                if key:
                    scope.deployed.setdefault(key, one)
    except (LoopError, LimitError):
        return  # named with its line when it is expanded
    if looped:
        scope.loops[folded] = tuple(made)


def _deployed(node: ObjectNode, frame: Frame, target: DeploymentScope, reading: Reading) -> Deployed | None:
    declared = declared_type(node, frame)
    if not declared or node.get("name") is None:
        return None
    identity = identity_of(declared, node, frame, target, None)
    outputs = _outputs(node, frame, target, reading) if declared.casefold() == DEPLOYMENT else None
    version = symbolic(value_of(node.get("apiVersion"), frame, ""))
    return Deployed(identity.id, identity.type, identity.name, version, outputs=outputs)


def _outputs(node: ObjectNode, frame: Frame, target: DeploymentScope, reading: Reading) -> Outputs:
    """Outputs when they are asked for; those that lead back to themselves are none."""
    made: list[Mapping[str, Value] | None] = []
    opened: list[None] = []

    def outputs() -> Mapping[str, Value] | None:
        if not made and not opened:
            opened.append(None)
            nested = open_nested(node, frame.deeper(), target, reading)
            made.append(output_values(nested) if nested is not None else None)
        return made[0] if made else None

    return outputs


def output_values(nested: Nested) -> Mapping[str, Value]:
    """The outputs of a nested template."""
    section = nested.template.get("outputs")
    if not isinstance(section, ObjectNode):
        return {}
    register(nested.template.get("resources"), nested.frame, nested.target, nested.reading)
    nodes = {entry.key: _output(entry.value) for entry in section.entries if isinstance(entry.key, str)}
    declarations = Declarations("output", nodes)
    return {name: declarations.get(name, nested.frame) for name in declarations.names()}


def _output(definition: Node) -> Node:
    value = definition.get("value") if isinstance(definition, ObjectNode) else None
    if value is not None:
        return expression_of(value)
    copy = definition.get("copy") if isinstance(definition, ObjectNode) else None
    if isinstance(copy, ObjectNode):
        return counted_loop("", copy, "input")
    return Unreadable("an output without a value", definition.line, definition.column, refused=True)
