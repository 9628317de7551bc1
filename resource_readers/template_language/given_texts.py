"""Values that a template is given as text, by a command line or an environment: its types say what they stand for.

`--parameters admin=true` is a truth value for a parameter of type bool and a text for one of type string; Azure
converts them so, and `azd` hands over the texts of its environment in the same way.
"""

from __future__ import annotations

import json
import re

from resource_readers.interface import Unknown, Value

_TEXTS = frozenset({"string", "securestring"})
_STRUCTURES = {"object": dict, "secureobject": dict, "array": list}


class GivenText(str):
    """A text of which only the parameter's type says what it stands for."""

    __slots__ = ()


def typed(value: Value, name: str, written: str) -> Value:
    """A value as a parameter of that type gets it; what was no text stays as it is.

    Args:
        value: as given.
        name: of the parameter.
        written: its type, as the template has it; "" where it has none.
    """
    if not isinstance(value, GivenText):
        return value
    text, kind = str(value), re.sub(r"\s", "", written).removesuffix("?").casefold()
    if kind in _TEXTS:
        return text
    if kind == "bool":
        return {"true": True, "false": False}.get(text.strip().casefold(), _unclear(name, text))
    if kind == "int":
        return int(text) if re.fullmatch(r"\s*-?[0-9]{1,18}\s*", text) else _unclear(name, text)
    meant = _meant(text)
    wanted = list if kind.endswith("[]") else _STRUCTURES.get(kind)
    if wanted is not None:
        return meant if isinstance(meant, wanted) else _unclear(name, text)
    # A type of its own, a union, or none: text is text only where no other type could have been meant.
    return text if isinstance(meant, str) else _unclear(name, text)


def _meant(text: str) -> Value:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _unclear(name: str, text: str) -> Unknown:
    return Unknown(f"the parameter {name!r} is given as a text that may stand for another type", f"{{{text}}}")


_FILLED = re.compile(
    r"\$\{\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?::?[=-](?P<default>[^{}]*))?\}"
    r"|\$\{\{(?P<expression>[^{}]*)\}\}|#\{(?P<token>[^{}]+)\}#?|\$\((?P<variable>[A-Za-z_][A-Za-z0-9_.]*)\)"
)
"""`${NAME}` and `${NAME=default}` of azd, `${{ ... }}`, `#{NAME}#` and `$(NAME)` of tasks that replace tokens."""


def filled_in(value: Value) -> Value:
    """A value of a parameter file, where a tool fills in parts before the file is used.

    A default that the file itself gives is taken, as that of a template's parameter is; what only the environment
    knows is unknown.
    """
    if isinstance(value, dict):
        return {name: _whole(filled_in(one)) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(filled_in(one)) for one in value]
    if not isinstance(value, str) or not ("{" in value or "$(" in value):
        return value
    unknown: list[str] = []

    def known(match: re.Match[str]) -> str:
        if match["default"] is not None:
            return match["default"]
        name = next(one.strip() for one in match.group("name", "expression", "token", "variable") if one is not None)
        unknown.append(name)
        return "{env." + name + "}"

    text, count = _FILLED.subn(known, value)
    if unknown:
        return Unknown(f"{unknown[0]!r} is filled in before the file is used", text)
    return GivenText(text) if count else value


def _whole(value: Value) -> Value:
    """Inside of an object nothing says the type: a text stays one."""
    return str(value) if isinstance(value, GivenText) else value
