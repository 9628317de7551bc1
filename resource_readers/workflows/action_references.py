"""What `uses` refers to: an action or workflow of another repository, of this one, or a container image."""

from __future__ import annotations

import re

from resource_readers.containers.images import image_parts
from resource_readers.interface import Unknown, Value
from resource_readers.workflows.service_expressions import replace_expressions

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:[-+.][\w.+-]*)?|[\w.-]*[-/]v?\d+(?:\.\d+)+(?:[-+.][\w.+-]*)?", re.IGNORECASE)

_MACRO = re.compile(r"\$\(([\w.]+)\)")
_BRACES = re.compile(r"[{}]")


def parts_of(text: str) -> dict[str, Value]:
    """The parts of a reference, as far as it has them: text, kind, owner, repository, path, ref, pinned, digest, image.

    `kind` is "repository", "local" or "docker". `pinned` says by what the reference is bound: "sha" (a whole commit),
    "digest" (an image by digest), "local" (the same commit as the workflow), "tag" (what looks like a version; it can
    be moved), "branch" (every other name), "none". A reference alone can't tell a tag from a branch for sure.
    """
    text = text.strip()
    if "${{" in text:
        return {"text": text, "kind": Unknown("an expression, known only during the run", text), "pinned": "none"}
    if text.startswith("docker://"):
        return {"text": text, "kind": "docker", **_docker(text.removeprefix("docker://"))}
    if text.startswith(("./", "../", ".\\")):
        return {"text": text, "kind": "local", "path": text, "pinned": "local"}
    name, _, ref = text.partition("@")
    owner, _, rest = name.partition("/")
    repository, _, path = rest.partition("/")
    parts: dict[str, Value] = {"text": text, "kind": "repository", "owner": owner, "repository": repository}
    parts["name"] = f"{owner}/{repository}".lower()
    if path:
        parts["path"] = path
    if ref:
        parts["ref"] = ref
    parts["pinned"] = pinned(ref)
    if parts["pinned"] == "sha":
        parts["digest"] = ref.lower()
    return parts


def pinned(ref: str) -> str:
    """How firmly a Git reference binds: see parts_of."""
    if not ref:
        return "none"
    if _SHA.fullmatch(ref.lower()):
        return "sha"
    return "tag" if _VERSION.fullmatch(ref.removeprefix("refs/tags/")) or ref.startswith("refs/tags/") else "branch"


def _docker(name: str) -> dict[str, Value]:
    image = image_of(name)
    kind = "digest" if "digest" in image else "tag" if "tag" in image else "none"
    found: dict[str, Value] = {"image": image, "pinned": kind}
    if "digest" in image:
        found["digest"] = image["digest"]
    return found


def image_of(text: str) -> dict[str, Value]:
    """The parts of a container image (containers.images.image_parts); what an expression or macro gives is unknown."""
    shown = replace_expressions(text.strip(), lambda expression: "{" + _BRACES.sub("", expression) + "}")
    shown = _MACRO.sub(r"{\1}", shown)
    if shown == text.strip():
        return image_parts(shown)
    return image_parts(Unknown("an expression, known only during the run", shown))
