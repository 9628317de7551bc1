"""Values that are not known, or not yet: how they are made, named and measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from resource_readers.interface import Unknown, Value

MAXIMUM_TEXT = 1_000_000


_SHOWN_TEXT = 4_000
MAXIMUM_SIZE = 2_000_000
MAXIMUM_DEPTH = 150


class LimitError(Exception):
    """Evaluation was stopped because it would take too much time or memory."""


class FunctionError(Exception):
    """A function was called with something it can't take; the deployment would fail there."""


@dataclass(frozen=True, slots=True)
class ResourceHandle:
    """A resource or module by its symbol: `vault.id`, `vault.properties.vaultUri`, `module.outputs.x`.

    Attributes:
        type, api_version: as written, whole.
        name: whole name.
        scope: as interface.Resource has it.
        id: whole id.
        outputs: gives the outputs of a module; None for a resource.
        condition: True, or its condition (False, or an Unknown).
    """

    type: str
    api_version: str
    name: Value
    scope: str
    id: str
    outputs: Callable[[], Value] | None = None
    condition: Value = True

    def member(self, name: str) -> Value:
        """A property of it."""
        if name == "outputs" and self.outputs is not None:
            return self.outputs()
        if name == "id":
            return unknown("ids are known only during the deployment", self.id) if "{" in self.id else self.id
        if name == "name":
            # Its own name, without those of its parents.
            if not isinstance(self.name, Unknown):
                return own_name(str(self.name))
            own = own_name(self.name.text)
            return own if own and "{" not in own else unknown(self.name.reason, own)
        if name in ("type", "apiVersion"):
            return self.type if name == "type" else self.api_version
        return unknown(
            "the properties of a deployed resource are known only during the deployment",
            "{reference('" + self.id + "')." + name + "}",
            resource=self.id,
            path=(name,),
        )


def own_name(whole: str) -> str:
    """The last part of a name; slashes inside of `{...}` don't divide."""
    depth = 0
    for at in range(len(whole) - 1, -1, -1):
        if whole[at] == "}":
            depth += 1
        elif whole[at] == "{":
            depth -= 1
        elif whole[at] == "/" and depth == 0:
            return whole[at + 1 :]
    return whole


def has_known_part(value: Unknown) -> bool:
    """Whether something of its text is known, so that it is a text that isn't empty, whatever the rest may be."""
    depth = 0
    for character in value.text:
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        elif depth == 0:
            return True
    return False


def symbolic(value: Value) -> str:
    """A value as text, with `{...}` for what isn't known."""
    if isinstance(value, Unknown):
        return value.text or "{?}"
    if isinstance(value, bool):
        return "True" if value else "False"
    if value is None:
        return ""
    # The same text means the same value, and that can't be said of arrays and objects by a short text.
    return str(value) if isinstance(value, str | int | float) else "{?}"


def quoted(value: Value) -> str:
    """A value as it stands in the symbolic text of a call."""
    if isinstance(value, str):
        return f"'{value}'"
    return symbolic(value)


def unknown(reason: str, text: str = "", **attributes: object) -> Unknown:
    """An Unknown whose text is kept short."""
    return Unknown(reason, text if len(text) <= _SHOWN_TEXT else "{?}", **attributes)  # type: ignore[arg-type]


def unknown_call(name: str, arguments: tuple[Value, ...], reason: str = "") -> Unknown:
    """The result of a call that can't be made."""
    inner = next((one for one in arguments if isinstance(one, Unknown)), None)
    why = reason or (inner.reason if inner is not None else f"{name}() is known only during the deployment")
    return unknown(why, "{" + f"{name}({', '.join(quoted(one) for one in arguments)})" + "}")


def unknown_names(names: Iterable[Value], *, empty: bool) -> Unknown:
    """An object with a property whose name isn't known.

    Args:
        names: of all its properties.
        empty: whether all of them hold an empty object, as assigned identities do. Then the text is `{name | name}`:
            the names are all that there is to say of the object.
    """
    text = "{" + " | ".join(symbolic(one) for one in names) + "}" if empty else ""
    return unknown("the name of a property is not known", text)


def size_of(value: Value, limit: int = MAXIMUM_SIZE) -> int:
    """How many values it holds, counting shared ones each time; stops above the limit.

    Raises:
        LimitError: if it is nested too deeply.
    """
    if not isinstance(value, dict | list):
        return 1 + (len(value) // 64 if isinstance(value, str) else 0)
    total = 0
    level: list[Value] = [value]
    depth = 0
    while level and total <= limit:
        depth += 1
        if depth > MAXIMUM_DEPTH:
            raise LimitError(f"a value nested deeper than {MAXIMUM_DEPTH} levels")
        below: list[Value] = []
        for one in level:
            total += 1 + (len(one) // 64 if isinstance(one, str) else 0)
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
            if len(below) > limit:
                return len(below)
        level = below
    return total
