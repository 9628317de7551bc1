"""Resource ids of templates, which are known before the deployment but for parts such as `{parameters('name')}`.

Template expansion writes the same text for the same value of one deployment. So equal texts are the same resource;
those that differ are another one only if no value of their open parts could make them equal.

A file of Azure ML's CLI never says its workspace (`{workspace}`): that is chosen when the file is used. What a project
calls by the same name below a workspace is taken for the same; of workspaces themselves that can't be said.
"""

from __future__ import annotations

import functools
import re
from typing import Literal

from policies.values import Truth, Unknown

_SEPARATORS = re.compile(r"[{}/]")
_OPEN = re.compile(r"\{.*\}", re.DOTALL)
_OPERATORS = frozenset({"equals", "notequals"})
_NEVER_EQUAL = ("newguid(", "utcnow(", "uuid(", "timestamp(")
"""Calls that give another value each time."""
_PROVIDERS = "/providers/"
_WORKSPACE = "/microsoft.machinelearningservices/workspaces/"
_CHOSEN_LATER = f"{_WORKSPACE}{{workspace}}"
_WHY = "whether two ids are the same is known only during the deployment"


def is_open_id(text: str) -> bool:
    """Whether a text is the id of a resource of which a part isn't known."""
    return text.startswith("/subscriptions/") and "{" in text


def told_by_ids(operator: str, value: object, operand: object) -> Truth | None:
    """What `equals` and `notEquals` say of two ids; None where they aren't any, or none has open parts.

    Args:
        operator: lower-cased.
        value: of a field, as it stands.
        operand: what it is compared with.
    """
    if operator not in _OPERATORS or type(operand) is not str or not operand.startswith("/"):
        return None
    text = value.text if type(value) is Unknown else value
    if type(text) is not str or not text.startswith("/") or not (is_open_id(text) or is_open_id(operand)):
        return None
    same = _same(text, operand)
    return same if isinstance(same, Unknown) else same is (operator == "equals")


def _same(one: str, other: str) -> Truth:
    one, other = one.lower().rstrip("/"), other.lower().rstrip("/")
    if one == other:
        return Unknown(_WHY) if any(call in one for call in _NEVER_EQUAL) else True
    in_workspace = same_in_workspace(one, other)
    if in_workspace is not None:
        return in_workspace
    return _open_same(_parts(one), _parts(other), 4)


def _open_same(parts: tuple[str, ...], others: tuple[str, ...], names: int) -> Unknown | Literal[False]:
    """Of ids that differ as texts; `names` is how many parts come before the names and types of resources."""
    if len(parts) != len(others):
        # A name or type that isn't known at all may have slashes of its own.
        shorter = min(parts, others, key=len)
        return Unknown(_WHY) if any(_OPEN.fullmatch(part) for part in shorter[names:]) else False
    if any(not _may_be_same(part, against) for part, against in zip(parts, others, strict=True)):
        return False
    return Unknown(_WHY)


@functools.lru_cache(maxsize=4096)  # one id is compared with those of many resources
def _parts(text: str) -> tuple[str, ...]:
    """The parts between slashes, but for those inside of `{...}`."""
    parts, depth, start = [], 0, 0
    text = text.strip("/")
    for match in _SEPARATORS.finditer(text):
        separator = match.group()
        depth += (separator == "{") - (separator == "}")
        if separator == "/" and depth <= 0:
            parts.append(text[start : match.start()])
            start = match.end()
    return (*parts, text[start:])


def _may_be_same(one: str, other: str) -> bool:
    """Whether two parts can be the same text: what is known at both ends must not differ."""
    if "{" not in one and "{" not in other:
        return one == other
    heads = one.partition("{")[0], other.partition("{")[0]
    tails = one.rpartition("}")[2], other.rpartition("}")[2]
    head, tail = min(map(len, heads)), min(map(len, tails))
    return heads[0][:head] == heads[1][:head] and (not tail or tails[0][-tail:] == tails[1][-tail:])


def same_in_workspace(one: str, other: str) -> Truth | None:
    """Whether two ids name the same thing in a workspace; None where both say the workspace, or none is in one.

    Args:
        one, other: lower-cased ids, whole or from the provider on.
    """
    if _CHOSEN_LATER not in f"/{one}" and _CHOSEN_LATER not in f"/{other}":
        return None
    below, against = _below_workspace(one), _below_workspace(other)
    if below is None or against is None:
        return None
    if below != against:
        return _open_same(below, against, 0)
    if any(call in part for part in below for call in _NEVER_EQUAL):
        return Unknown(_WHY)
    return True if below else Unknown("which workspace a file of Azure ML is for is chosen when it is used")


def _below_workspace(identifier: str) -> tuple[str, ...] | None:
    """What stands behind the workspace ("onlineendpoints", "scoring"); None for what is in no workspace."""
    before, found, behind = f"/{identifier}".partition(_WORKSPACE)
    if not found or _PROVIDERS in f"{before}/".partition(_PROVIDERS)[2]:
        return None
    return _parts(behind)[1:]
