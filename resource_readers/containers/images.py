"""References to images, taken apart as the container tools read them."""

from __future__ import annotations

import re

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import symbolic, unknown

DEFAULT_REGISTRY = "docker.io"

_FILLED = re.compile(r"\{[^{}]*\}")


def image_parts(reference: Value) -> dict[str, Value]:
    """`reference`, `registry`, `repository`, `tag`, `digest`.

    Without a registry it is Docker Hub's, where a name without a slash is in `library/`. A tag or digest that isn't
    written is left out: what an image without a tag stands for changes, whatever the tools take then. Parts that
    depend on something unknown are Unknown, the others are known.

    Args:
        reference: the text, or an Unknown whose `text` shows the parts that are known.
    """
    text = symbolic(reference).strip()
    shown: Value = reference if isinstance(reference, Unknown) else text
    if text == "scratch":
        return {"reference": shown}
    if not text:
        return {"reference": reference}
    why = reference.reason if isinstance(reference, Unknown) else ""
    masked = _FILLED.sub(lambda match: "\0" * len(match.group()), text)
    name_end = masked.find("@")
    digest = text[name_end + 1 :] if name_end >= 0 else ""
    name, seen = (text[:name_end], masked[:name_end]) if name_end >= 0 else (text, masked)
    colon = seen.rfind(":")
    tag = name[colon + 1 :] if colon > seen.rfind("/") else ""
    if tag:
        name, seen = name[:colon], seen[:colon]
    parts: dict[str, Value] = {"reference": shown, **_registry_and_repository(name, seen, why)}
    ends_open = seen.endswith("\0")
    if tag:
        parts["tag"] = _part(tag, why)
    elif ends_open and not digest:
        parts["tag"] = unknown(why, "{?}")
    if digest:
        parts["digest"] = _part(digest, why)
    elif masked.endswith("\0") and not tag:
        parts["digest"] = unknown(why, "{?}")
    return parts


def _registry_and_repository(name: str, seen: str, why: str) -> dict[str, Value]:
    first, slash, _ = seen.partition("/")
    own, _, repository = name.partition("/") if slash else ("", "", name)
    if "\0" in first:
        # Whether a registry stands in it can't be known.
        return {"registry": unknown(why, own or "{?}"), "repository": unknown(why, repository if slash else name)}
    if slash and (any(mark in first for mark in ".:") or first == "localhost"):
        return {"registry": own, "repository": _part(repository, why)}
    return {"registry": DEFAULT_REGISTRY, "repository": _part(name if slash else f"library/{name}", why)}


def _part(text: str, why: str) -> Value:
    return unknown(why, text) if why and "{" in text else text
