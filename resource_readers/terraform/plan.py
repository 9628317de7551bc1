"""Plans and states, as `terraform show -json` writes them, and state files (version 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource, Unknown, Value
from resource_readers.project_files import ProjectFile
from resource_readers.template_language.unknowns import unknown
from resource_readers.terraform.azurerm import to_arm
from resource_readers.terraform.instances import TerraformInstance
from resource_readers.terraform.plan_references import References
from resource_readers.terraform.recognition import is_plan, is_state
from resource_readers.terraform.template_deployments import with_templates
from resource_readers.trees.lenient_json import LenientJsonError, decode, parse
from resource_readers.trees.nodes import ArrayNode, Node, NodeSource, ObjectNode
from resource_readers.trees.plain import TooManyValuesError, plain
from verdicts import Location

MAXIMUM_NESTING = 50

_SENSITIVE = "sensitive: the plan hides it"
_COMPUTED = "known only after the deployment"
_MODULE = re.compile(r'module\.([^.\["]+(?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?)')
_GONE = (["delete"], ["forget"])


class TerraformPlanReader:
    """The JSON of a plan."""

    kind = "terraform-plan"

    def recognises(self, file: ProjectFile) -> bool:
        """By the members that every plan has."""
        return is_plan(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        del request
        return _read(self.kind, file, _plan)


class TerraformStateReader:
    """The JSON of a state, or a state file."""

    kind = "terraform-state"

    def recognises(self, file: ProjectFile) -> bool:
        """By the members that every state has."""
        return is_state(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        del request
        return _read(self.kind, file, _state)


class _ShapeError(Exception):
    """The document isn't built as a plan or state is."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def _read(kind: str, file: ProjectFile, instances: Any) -> ReadResult:
    missing: list[NotRead] = []
    resources: list[Resource] = []
    try:
        found = list(instances(file.shown, parse(decode(file.data))))
        mapped, missing = to_arm(found)
        resources, unread = with_templates(mapped)
        missing += unread
    except LenientJsonError as error:
        missing.append(NotRead(file.shown, error.line, f"not understood: {error}"))
    except _ShapeError as error:
        missing.append(NotRead(file.shown, error.line, str(error)))
    except TooManyValuesError as error:
        missing.append(NotRead(file.shown, None, str(error)))
    return ReadResult(kind=kind, resources=tuple(resources), not_read=tuple(missing), files=(file.digest,))


def _object(node: Node | None, at: Node, name: str) -> ObjectNode:
    if isinstance(node, ObjectNode):
        return node
    raise _ShapeError(f"{name!r} is no object", node.line if node is not None else at.line)


def _objects(parent: ObjectNode, name: str) -> Iterator[ObjectNode]:
    node = _member(parent, name)
    if node is None:
        return
    if not isinstance(node, ArrayNode):
        raise _ShapeError(f"{name!r} is no array", node.line)
    for item in node.items:
        yield _object(item, node, name)


def _member(parent: ObjectNode, name: str) -> Node | None:
    """A member that is there and not null."""
    node = parent.get(name)
    return None if node is not None and getattr(node, "value", node) is None else node


def _text(parent: ObjectNode, name: str) -> str:
    value = getattr(parent.get(name), "value", None)
    if not isinstance(value, str):
        raise _ShapeError(f"{name!r} is missing", parent.line)
    return value


def _plan(shown: str, tree: Node) -> Iterator[TerraformInstance]:
    document = _object(tree, tree, "the plan")
    changes = _member(document, "resource_changes")
    if changes is None:
        planned = _member(document, "planned_values")
        yield from _values(shown, _object(planned, document, "planned_values"))
        return
    references = References(document.get("configuration"))
    for entry in _objects(document, "resource_changes"):
        change = _object(entry.get("change"), entry, "change")
        actions = change.get("actions")
        if actions is not None and plain(actions) in _GONE:
            continue
        after = _member(change, "after")
        if after is None:
            after = ObjectNode((), change.line, change.column)
        yield _instance(
            shown,
            entry,
            _object(after, change, "after"),
            _Marks(change.get("after_unknown"), change.get("after_sensitive")),
            references,
        )


def _state(shown: str, tree: Node) -> Iterator[TerraformInstance]:
    document = _object(tree, tree, "the state")
    if document.get("lineage") is not None:
        yield from _state_file(shown, document)
        return
    yield from _values(shown, _object(document.get("values"), document, "values"))


def _values(shown: str, values: ObjectNode) -> Iterator[TerraformInstance]:
    """The resources in `planned_values` or `values`, module by module."""
    level = [_object(values.get("root_module"), values, "root_module")]
    for _ in range(MAXIMUM_NESTING):
        below: list[ObjectNode] = []
        for module in level:
            for entry in _objects(module, "resources"):
                inner = _object(entry.get("values"), entry, "values")
                yield _instance(shown, entry, inner, _Marks(None, entry.get("sensitive_values")), None)
            below.extend(_objects(module, "child_modules"))
        level = below
        if not level:
            return
    raise _ShapeError(f"modules nested deeper than {MAXIMUM_NESTING} levels", level[0].line)


def _state_file(shown: str, document: ObjectNode) -> Iterator[TerraformInstance]:
    for entry in _objects(document, "resources"):
        module = getattr(entry.get("module"), "value", "") or ""
        mode = _text(entry, "mode")
        base = f"{module + '.' if module else ''}{'data.' if mode == 'data' else ''}"
        base += f"{_text(entry, 'type')}.{_text(entry, 'name')}"
        match = re.search(r'\["([^"]+)"\]', _text(entry, "provider"))
        for one in _objects(entry, "instances"):
            key = _key(one, "index_key")
            attributes = _object(one.get("attributes"), one, "attributes")
            hidden = _paths(plain(one.get("sensitive_attributes") or ArrayNode((), one.line)))
            yield TerraformInstance(
                mode=_mode(mode, entry),
                type=_text(entry, "type"),
                name=_text(entry, "name"),
                key=key,
                module=tuple(_MODULE.findall(module)),
                address=_addressed(base, key),
                values=_filled(plain(attributes), None, hidden, base),
                provider=(match.group(1) if match is not None else "").rpartition("/")[2],
                condition=True,
                repeated=False,
                location=Location(shown, one.line),
                source=NodeSource(attributes),
            )


def _key(entry: ObjectNode, name: str) -> str | int | None:
    value = getattr(entry.get(name), "value", None)
    return value if isinstance(value, str | int) else None


def _addressed(base: str, key: str | int | None) -> str:
    return base if key is None else f"{base}[{key}]" if isinstance(key, int) else f'{base}["{key}"]'


def _paths(given: Any) -> Any:
    """The paths of sensitive attributes as the marks that plans have."""
    marks: dict[str, Any] = {}
    for path in given if isinstance(given, list) else []:
        first = path[0] if isinstance(path, list) and path else None
        if isinstance(first, dict) and isinstance(first.get("value"), str):
            marks[first["value"]] = True
    return marks


def _mode(mode: str, entry: ObjectNode) -> Literal["managed", "data"]:
    if mode not in ("managed", "data"):
        raise _ShapeError(f"the mode {mode!r} isn't known", entry.line)
    return "managed" if mode == "managed" else "data"


@dataclass(frozen=True, slots=True)
class _Marks:
    """What isn't known and what is sensitive, in the shape of the values, with true for all of a value."""

    unknown: Node | None
    sensitive: Node | None


def _instance(
    shown: str, entry: ObjectNode, values: ObjectNode, marks: _Marks, references: References | None
) -> TerraformInstance:
    address = _text(entry, "address")
    module = getattr(entry.get("module_address"), "value", None)
    if not isinstance(module, str):
        module = "".join(f"module.{name}." for name in _module_of(address)).rstrip(".")
    key = _key(entry, "index")
    kind, name = _text(entry, "type"), _text(entry, "name")
    missing = plain(marks.unknown) if marks.unknown is not None else None
    sensitive = plain(marks.sensitive) if marks.sensitive is not None else None
    filled = _filled(plain(values), missing, sensitive, address)
    if references is not None:
        filled = references.applied(filled, module, _text(entry, "mode"), kind, name)
    return TerraformInstance(
        mode=_mode(_text(entry, "mode"), entry),
        type=kind,
        name=name,
        key=key,
        module=tuple(_MODULE.findall(module)),
        address=address,
        values=filled,
        provider=_text(entry, "provider_name").rpartition("/")[2],
        condition=True,
        repeated=False,
        location=Location(shown, entry.line),
        source=NodeSource(values),
    )


def _module_of(address: str) -> list[str]:
    names: list[str] = []
    at = 0
    while (match := _MODULE.match(address, at)) is not None:
        names.append(match.group(1))
        at = match.end() + 1
    return names


def _filled(values: dict[str, Any], missing: Any, sensitive: Any, address: str) -> dict[str, Value]:
    """The values with an Unknown for each that isn't known or is sensitive, without nulls."""
    names = dict.fromkeys([*values, *(missing if isinstance(missing, dict) else ())])
    result: dict[str, Value] = {}
    for name in names:
        value = _marked(values.get(name), _at(missing, name), _at(sensitive, name), f"{address}.{name}", 0)
        if value is not None:
            result[name] = value
    return result


def _at(marks: Any, key: str | int) -> Any:
    if isinstance(marks, dict):
        return marks.get(str(key))
    if isinstance(marks, list):
        return marks[key] if isinstance(key, int) and key < len(marks) else None
    return marks


def _marked(value: Any, missing: Any, sensitive: Any, address: str, depth: int) -> Value:
    if missing is True:
        return unknown(_COMPUTED, "{" + address + "}")
    if sensitive is True:
        return None if value is None else Unknown(_SENSITIVE, "{" + address + "}")
    if not missing and not sensitive:
        return value
    if isinstance(value, dict) or (value is None and isinstance(missing, dict) and missing):
        names = dict.fromkeys([*(value or ()), *(missing if isinstance(missing, dict) else ())])
        return {
            name: _marked(
                (value or {}).get(name), _at(missing, name), _at(sensitive, name), f"{address}.{name}", depth + 1
            )
            for name in names
        }
    if isinstance(value, list):
        return [
            _marked(one, _at(missing, at), _at(sensitive, at), f"{address}[{at}]", depth + 1)
            for at, one in enumerate(value)
        ]
    return value
