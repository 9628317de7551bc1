"""What a `resource` or `module` of a Bicep file declares: its rounds, its condition, its parts and its scope."""

from __future__ import annotations

from dataclasses import dataclass

from resource_readers.bicep.statements import Deployable, Statement, TargetScope
from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Frame, Iteration, evaluate, iterations, round_frame
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import ResourceHandle, symbolic, unknown, unknown_call
from resource_readers.trees.nodes import Literal, Loop, Node, ObjectNode

_LEVELS = {level.value: level for level in Level}


@dataclass(frozen=True, slots=True)
class Instance:
    """One resource or module that a declaration makes.

    Attributes:
        handle: what its symbol stands for.
        frame: in which its body is evaluated.
        condition: True, False or an Unknown.
        repeated: it stands for an unknown number.
    """

    handle: ResourceHandle
    frame: Frame
    condition: Value
    repeated: bool


def level_of(statements: list[Statement]) -> Level:
    """What a file is deployed to."""
    written = next((one.level for one in statements if isinstance(one, TargetScope)), "resourceGroup")
    return _LEVELS.get(written, Level.RESOURCE_GROUP)


def part_of(body: ObjectNode, key: str, frame: Frame, default: Value) -> Value:
    """A part of a declaration, evaluated; `default` where there is none."""
    node: Node | None = next((entry.value for entry in body.entries if entry.key == key), None)
    return default if node is None else evaluate(node, frame)


def rounds_of(one: Deployable, frame: Frame) -> tuple[list[Iteration], bool]:
    """The rounds of a declaration, and whether their number is known; one stands for all where it isn't."""
    if one.rounds is None:
        return [Iteration(frame)], True
    rounds = one.rounds
    loop = Loop(rounds.over, rounds.item, rounds.index, None, Literal(None, one.line), False, one.line)
    made = iterations(loop, frame)
    if isinstance(made, Unknown):
        position = unknown(made.reason, "{copyIndex()}")
        return [Iteration(round_frame(loop, frame, unknown_call("item", (made, position)), position))], False
    return made, True


def condition_of(one: Deployable, iteration: Iteration) -> Value:
    """Its condition, evaluated: True, False or an Unknown."""
    if one.condition is None:
        return True
    value = evaluate(one.condition, iteration.frame)
    return value if isinstance(value, bool | Unknown) else unknown("its condition is no truth value")


def scope_id(value: Value, target: DeploymentScope) -> str:
    """Id of what a `scope` names."""
    if value is None:
        return target.id
    if isinstance(value, ResourceHandle):
        return value.id
    if isinstance(value, dict):
        if "displayName" in value and "subscriptionId" not in value:
            return "/"  # tenant() has no id before the deployment
        return symbolic(value.get("id", unknown("a scope without an id")))
    return "{" + symbolic(value).strip("{}") + "}"
