"""What `uses` refers to: an action or workflow of another repository, of this one, or a container image."""

from __future__ import annotations

import re

from resource_readers.interface import Unknown, Value

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_VERSION = re.compile(r"v?\d+(?:\.\d+)*(?:[-+.][\w.+-]*)?|[\w.-]*[-/]v?\d+(?:\.\d+)+(?:[-+.][\w.+-]*)?", re.IGNORECASE)


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
    image = image_parts(name)
    kind = "digest" if "digest" in image else "tag" if "tag" in image else "none"
    found: dict[str, Value] = {"image": image, "pinned": kind}
    if "digest" in image:
        found["digest"] = image["digest"]
    return found


def image_parts(text: str) -> dict[str, Value]:
    """A container image: text, registry, repository, tag, digest (as far as it has them)."""
    text = text.strip()
    if "${{" in text or "$(" in text:
        return {"text": text, "repository": Unknown("the image is known only during the run", text)}
    name, _, digest = text.partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    registry = head.split("/")[0] if slash and re.search(r"[.:]|^localhost$", head.split("/")[0]) else ""
    repository = (head + slash + last).removeprefix(registry + "/" if registry else "")
    parts: dict[str, Value] = {"text": text, "registry": registry or "docker.io", "repository": repository}
    if tag:
        parts["tag"] = tag
    if digest:
        parts["digest"] = digest
    return parts
