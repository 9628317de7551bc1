"""A module: what the names in its expressions mean, and the resources and modules that it declares."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import unknown
from resource_readers.terraform.evaluation import Frame, attempt, attempted
from resource_readers.terraform.expansion import Expansion, expanded
from resource_readers.terraform.folders import Declared, Folder
from resource_readers.terraform.functions.loaded import call
from resource_readers.terraform.resources import ResourceInstance, together
from resource_readers.terraform.runs import TerraformRun
from resource_readers.terraform.syntax import Embedded, Literal, Member, Name, Node
from resource_readers.terraform.types import Conversion, type_of
from resource_readers.terraform.values import EvaluationProblem, Symbol, to_text

T = TypeVar("T")

MAXIMUM_MODULES = 2_000
MAXIMUM_NESTING = 12

Inputs = Mapping[str, Callable[[], Value]]


@dataclass(frozen=True, slots=True)
class NotThere:
    """Why a module can't be read."""

    reason: str


class Namespace(Symbol):
    """`var`, `local`, `data` ...: names that lead to values."""

    def __init__(self, name: str, find: Callable[[str], Value]) -> None:
        self._name = name
        self._find = find

    def member(self, name: str) -> Value:
        """See Symbol."""
        return self._find(name)

    def index(self, key: Value) -> Value:
        """See Symbol."""
        return Unknown(key.reason) if isinstance(key, Unknown) else self._find(to_text(key))

    def whole(self) -> Unknown:
        """See Symbol."""
        return Unknown(f"the whole of {self._name!r}")


class Module:
    """A module, evaluated as far as it is asked.

    Attributes:
        run: shared by the whole evaluation.
        folder: its files.
        path: names of the calls that lead to it, with keys.
        owner: file of the root module whose call leads to it; "" for the root module itself.
    """

    def __init__(
        self,
        run: TerraformRun,
        folder: Folder,
        *,
        path: tuple[str, ...] = (),
        owner: str = "",
        inputs: Inputs | None = None,
        above: tuple[Module, ...] = (),
    ) -> None:
        self.run = run
        self.folder = folder
        self.path = path
        self.owner = owner
        self._inputs: Inputs = inputs if inputs is not None else {}
        self._above = above
        self.prefix = "".join(f"module.{name}." for name in path)
        self._known: dict[tuple[str, ...], object] = {}
        self._frame = Frame(self, {})
        self._symbols: dict[str, Value] = {
            "var": Namespace("var", self._variable),
            "local": Namespace("local", self._local),
            "module": Namespace("module", self._module),
            "data": Namespace("data", lambda kind: self._resources("data", kind)),
            "resource": Namespace("resource", lambda kind: self._resources("resource", kind)),
            "ephemeral": Namespace("ephemeral", lambda kind: self._resources("ephemeral", kind)),
            "path": Namespace("path", self._path_name),
            "terraform": Namespace("terraform", lambda name: unknown("it depends on the run", f"{{terraform.{name}}}")),
            "tofu": Namespace("tofu", lambda name: unknown("it depends on the run", f"{{terraform.{name}}}")),
            "self": Unknown("`self` is known only during the deployment"),
        }

    # Scope

    def symbol(self, name: str) -> Value:
        """See evaluation.Scope."""
        found = self._symbols.get(name)
        if found is not None:
            return found
        if name in ("each", "count"):
            raise EvaluationProblem(f"{name!r} is used outside of a block that repeats")
        return self._resources("resource", name)

    def call(self, name: str, arguments: list[Value]) -> Value:
        """See evaluation.Scope."""
        return call(name, arguments, self.run.context)

    # Names

    def _once(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """A value that is made when it is first asked. Raises EvaluationProblem if it depends on itself."""
        if key in self._known:
            found = self._known[key]
            if found is _WORKING:
                raise EvaluationProblem(f"{'.'.join(key)} depends on itself")
            return found  # type: ignore[return-value]
        self._known[key] = _WORKING
        try:
            made = make()
        except BaseException:
            del self._known[key]
            raise
        self._known[key] = made
        return made

    def _variable(self, name: str) -> Value:
        return self._once(("var", name), lambda: attempted(lambda: self._variable_value(name), self.run))

    def _variable_value(self, name: str) -> Value:
        text = f"{{{self.prefix}var.{name}}}"
        found = self.folder.declared.get(("variable", name))
        if found is None:
            return unknown(self._undeclared(f"the variable {name!r}"), text)
        if len(found) > 1:
            return unknown(f"the variable {name!r} is declared more than once", text)
        body = found[0].block.body
        value = self._inputs[name]() if name in self._inputs else None
        nullable = body.attributes.get("nullable")
        refused = nullable is not None and isinstance(nullable.value, Literal) and nullable.value.value is False
        if name not in self._inputs or (value is None and refused):
            if "default" not in body.attributes:
                return unknown(f"the variable {name!r} has no value", text)
            value = attempt(body.attributes["default"].value, self._frame)
        if "type" not in body.attributes:
            return value
        conversion = Conversion(self.run.budget, lambda node: attempt(node, self._frame))
        return conversion.convert(value, type_of(body.attributes["type"].value))

    def _undeclared(self, what: str) -> str:
        broken = next((one.path for one in self.folder.not_read), None)
        return f"{what} isn't declared" + (f" ({broken} was not read whole)" if broken else "")

    def _local(self, name: str) -> Value:
        found = self.folder.locals.get(name)
        if found is None:
            return unknown(self._undeclared(f"the local value {name!r}"), f"{{{self.prefix}local.{name}}}")
        if len(found) > 1:
            return unknown(f"the local value {name!r} is declared more than once", f"{{{self.prefix}local.{name}}}")
        return self._once(("local", name), lambda: attempt(found[0][0].value, self._frame))

    def resolved(self, node: Node) -> Node:
        """The expression of a local value in place of a reference to it."""
        for _ in range(10):
            inner = node.node if isinstance(node, Embedded) else node
            if not (isinstance(inner, Member) and isinstance(inner.base, Name) and inner.base.name == "local"):
                return inner
            found = self.folder.locals.get(inner.name, [])
            if len(found) != 1:
                return inner
            node = found[0][0].value
        return node

    def _path_name(self, name: str) -> Value:
        root = self._above[0].folder if self._above else self.folder
        if name == "module":
            return posixpath.normpath(os.path.relpath(self.folder.path, root.path).replace(os.sep, "/"))
        return "." if name == "root" else unknown("where the project lies isn't known", f"{{path.{name}}}")

    # Resources

    def _resources(self, mode: str, kind: str) -> Symbol:
        return self._once(
            ("symbols", mode, kind), lambda: Namespace(kind, lambda name: self._resource(mode, kind, name))
        )

    def _resource(self, mode: str, kind: str, name: str) -> Value:
        found = self.folder.declared.get((mode, kind, name))
        address = self.address(mode, kind, name)
        if found is None:
            if "_" not in kind:
                raise EvaluationProblem(f"{kind!r} is not known")
            return unknown(self._undeclared(address), "{" + address + "}", resource=address)
        if len(found) > 1:
            return unknown(f"{address} is declared more than once", "{" + address + "}")
        expansion, instances = self.instances(found[0])
        return together(expansion, list(instances), address)

    def address(self, mode: str, kind: str, name: str) -> str:
        """Of a resource, without a key."""
        return f"{self.prefix}{'' if mode == 'resource' else mode + '.'}{kind}.{name}"

    def instances(self, declared: Declared) -> tuple[Expansion, list[ResourceInstance]]:
        """The instances of a resource. Raises LimitError, and EvaluationProblem if they depend on themselves."""
        block = declared.block
        address = self.address(block.type, *block.labels)

        def make() -> tuple[Expansion, list[ResourceInstance]]:
            expansion = expanded(block.body, self._frame, address, self.resolved)
            self.run.count_instances(len(expansion.rounds))
            return expansion, [
                ResourceInstance(block, one.frame, keyed(address, one.key, repeated=expansion.repeated), one.key)
                for one in expansion.rounds
            ]

        # Two blocks of one name (in files that don't belong together) have instances of their own.
        return self._once(("instances", address, declared.file.source.shown, str(block.at)), make)

    # Modules

    def _module(self, name: str) -> Value:
        found = self.folder.declared.get(("module", name))
        address = f"{self.prefix}module.{name}"
        if found is None:
            return unknown(self._undeclared(address), "{" + address + "}")
        if len(found) > 1:
            return unknown(f"{address} is declared more than once", "{" + address + "}")
        modules = self.modules(found[0])
        if isinstance(modules, NotThere):
            return unknown(modules.reason, "{" + address + "}")
        expansion, inner = modules
        return together(expansion, [Namespace(address, module.output) for module in inner], address)

    def modules(self, declared: Declared) -> tuple[Expansion, list[Module]] | NotThere:
        """The instances of a module call. Raises LimitError, and EvaluationProblem if they depend on themselves."""
        name = declared.block.labels[0] if declared.block.labels else ""
        return self._once(
            ("modules", name, declared.file.source.shown, str(declared.block.at)), lambda: self._called(declared, name)
        )

    def _called(self, declared: Declared, name: str) -> tuple[Expansion, list[Module]] | NotThere:
        body = declared.block.body
        source = body.attributes.get("source")
        value = attempt(source.value, self._frame) if source is not None else None
        if not isinstance(value, str):
            return NotThere(f"where the module {name!r} comes from isn't known")
        folder = self.run.module_folder(self, name, value)
        if isinstance(folder, str):
            return NotThere(folder)
        chain = (*self._above, self)
        if len(chain) >= MAXIMUM_NESTING:
            return NotThere(f"modules nested deeper than {MAXIMUM_NESTING} levels")
        if any(one.folder.path == folder.path for one in chain):
            return NotThere(f"the module {name!r} calls itself")
        expansion = expanded(body, self._frame, f"{self.prefix}module.{name}", self.resolved)
        self.run.count_modules(len(expansion.rounds))
        owner = self.owner or declared.file.source.shown
        inner: list[Module] = []
        for one in expansion.rounds:
            inputs = {
                key: self._input(attribute.value, one.frame)
                for key, attribute in body.attributes.items()
                if key not in _MODULE_META
            }
            path = (*self.path, keyed(name, one.key, repeated=expansion.repeated))
            inner.append(Module(self.run, folder, path=path, owner=owner, inputs=inputs, above=chain))
        return expansion, inner

    def _input(self, node: Node, frame: Frame) -> Callable[[], Value]:
        return lambda: attempt(node, frame)

    def output(self, name: str) -> Value:
        """The value of an output. Raises EvaluationProblem, LimitError."""
        found = self.folder.declared.get(("output", name))
        text = "{" + f"{self.prefix}{name}" + "}"
        if found is None:
            return unknown(self._undeclared(f"the output {name!r} of {self.prefix[:-1]}"), text)
        value = found[-1].block.body.attributes.get("value")
        if value is None:
            return unknown(f"the output {name!r} has no value", text)
        return self._once(("output", name), lambda: attempt(value.value, self._frame))


_MODULE_META = frozenset({"source", "version", "providers", "count", "for_each", "depends_on"})
_WORKING = object()


def keyed(address: str, key: str | int | None, *, repeated: bool) -> str:
    """An address with its key."""
    if repeated:
        return f"{address}[*]"
    if key is None:
        return address
    return f"{address}[{key}]" if isinstance(key, int) else f'{address}["{key}"]'
