"""The compact form of one type's aliases: a tree of names, most of which say their path as well.

One alias a line, in the order of the tree, indented by one space for each alias that it continues. A line is

    name        the path goes on as the alias does (at the root: "properties." and the name, in the path's own case)
    ~name       the path goes on with "properties" in between (at the root: without "properties.")
    name=rest   the path goes on with `rest`
    name==path  the path is `path`

76,000 aliases take 8 MB written out, 1.2 MB like this, and a type is expanded only when somebody asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# What can stand in a line without being taken for something else; a table lists other aliases in full.
_PLAIN_ALIAS = re.compile(r"[a-z0-9_#$@.\[\]*-]+")
_PLAIN_PATH = re.compile(r"[^\n=]+")


def can_shorten(name: str, path: str) -> bool:
    """Whether `shorten` takes an alias (without its type, lower-cased) and its path."""
    return _PLAIN_ALIAS.fullmatch(name) is not None and _PLAIN_PATH.fullmatch(path) is not None


def shorten(aliases: Mapping[str, str]) -> str:
    """The compact form of name -> path. The names are lower-cased and without the type; see `can_shorten`."""
    lines: list[str] = []
    around: list[tuple[str, str]] = []
    for name, path in sorted(aliases.items(), key=lambda pair: _tree_order(pair[0])):
        while around and not _continues(name, around[-1][0]):
            around.pop()
        head, start = around[-1] if around else ("", "")
        lines.append(" " * len(around) + _line(name[len(head) :], path, start))
        around.append((name, path))
    return "\n".join(lines)


def _tree_order(name: str) -> str:
    """A name sorts right before those that continue it."""
    return name.replace(".", "\x02").replace("[", "\x01")


def _continues(name: str, head: str) -> bool:
    return len(name) > len(head) and name.startswith(head) and name[len(head)] in ".["


def _line(tail: str, path: str, start: str) -> str:
    if not path.startswith(start):
        return f"{tail}=={path}"
    rest = path[len(start) :]
    for sign in ("", "~"):
        between = _between(sign, start)
        if rest.startswith(between) and rest[len(between) :].lower() == tail:
            return sign + rest[len(between) :]
    return f"{tail}={rest}"


def _between(sign: str, start: str) -> str:
    """What stands in a path before the alias's own name; `start` is "" at the root."""
    if start:
        return ".properties" if sign else ""
    return "" if sign else "properties."


def expand(type_: str, text: str) -> dict[str, str]:
    """Alias -> path from the compact form; the aliases begin with the type.

    Raises:
        ValueError: a line that isn't in this form.
    """
    result: dict[str, str] = {}
    around: list[tuple[str, str]] = []
    for line in text.split("\n") if text else ():
        body = line.lstrip(" ")
        depth = len(line) - len(body)
        if depth > len(around) or not body:
            raise ValueError(f"not a line of an alias table: {line[:100]!r}")
        del around[depth:]
        head, start = around[-1] if around else (f"{type_}/", "")
        tail, sign, rest = body.partition("=")
        if not sign:
            name = body.removeprefix("~")
            tail, path = name.lower(), start + _between(body[: -len(name)], start) + name
        else:
            path = rest[1:] if rest[:1] == "=" else start + rest
        alias = head + tail
        result[alias] = path
        around.append((alias, path))
    return result
