"""A cache on disk of loaded packs, named by a digest of all that they come from.

What is kept is plain JSON: the texts of the definitions that compiled, what the index knows of them, and the errors of
the others. No code comes out of it: definitions are read and compiled from their text by the same functions as without
a cache, each when it is first asked. An entry is believed only if it is a regular file of the same user that nobody
else can write, its digest is right and its key is the one that was asked for; else it is loaded anew and replaced.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.resources
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from policies.conditions import SharedConditions
from policies.pack import GivenParameters, Member, MemberFacts, Pack, PackError, given_for, make_pack, no_collection
from policies.pack_sources import bodies_of, digest_of, read_inputs, read_regular
from policies.type_index import Reach

_SCHEMA = "mlgate/policy-pack/v1"
_MAXIMUM = 512 * 1024 * 1024


def default_folder() -> Path | None:
    """`$XDG_CACHE_HOME/mlgate/policy-packs`, else below `~/.cache`; None where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):  # the specification has relative ones ignored
        return Path(given) / "mlgate" / "policy-packs"
    try:
        return Path.home() / ".cache" / "mlgate" / "policy-packs"
    except RuntimeError:
        return None


def load_pack(source: Path, parameters: GivenParameters | None = None, *, cache: Path | None = None) -> Pack:
    """A pack from a folder of JSON files or a file with a definition a line (.jsonl, .jsonl.gz).

    Args:
        source: folder or file.
        parameters: of definitions, by name or id, where the defaults won't do.
        cache: folder to keep packs in (`default_folder()`); None for no cache. A folder that can't be used is no error.

    Raises:
        PackSourceError: there is nothing to read, or it is too large.
    """
    given = {name.lower(): dict(values) for name, values in (parameters or {}).items()}
    inputs = read_inputs(source)
    key = _key(digest_of(inputs), given) if cache is not None else None
    if cache is not None and key is not None:
        kept = _read(cache / f"{key}.pack", key, given)
        if kept is not None:
            return kept
    pack = make_pack(bodies_of(inputs), given)
    if cache is not None and key is not None:
        _write(cache, key, pack)
    return pack


def _key(inputs: str, given: GivenParameters) -> str | None:
    """SHA-256 of inputs, engine and parameters; None where the parameters are no JSON."""
    try:
        parts = json.dumps([_SCHEMA, _engine(), inputs, given], sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return hashlib.sha256(parts.encode()).hexdigest()


@functools.cache
def _engine() -> str:
    """What compiles: the engine's own source, and the Python that runs it."""
    whole = hashlib.sha256(sys.version.encode())
    for name, data in sorted(_sources(importlib.resources.files("policies"), "")):
        whole.update(f"{name}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def _sources(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for item in folder.iterdir():
        if item.is_file() and item.name.endswith(".py"):
            yield f"{prefix}{item.name}", item.read_bytes()
        elif item.is_dir() and item.name != "__pycache__":
            yield from _sources(item, f"{prefix}{item.name}/")


# An entry: digest of the rest, line break, length of the index, line break, the index as JSON, the texts one after the
# other.


def _read(path: Path, key: str, given: GivenParameters) -> Pack | None:
    """The pack of an entry, or None for whatever isn't a sound one."""
    try:
        data = read_regular(path, _MAXIMUM, private=True)
    except OSError:
        return None
    digest, _, rest = data.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != digest:
        return None
    try:
        with no_collection():
            return _unpacked(rest, key, given)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return None


def _unpacked(rest: bytes, key: str, given: GivenParameters) -> Pack | None:
    length, _, packed = rest.partition(b"\n")
    size = int(length)
    index = json.loads(packed[:size])
    if index["key"] != key:
        return None
    members = []
    start = size
    shared = SharedConditions()
    for source, id_, name, mode, effect, types, told, extent in index["members"]:
        reach = Reach(frozenset(types) if types is not None else None, told)
        text = packed[start : start + extent]
        start += extent
        facts = MemberFacts(id_, name, mode, effect, reach)
        members.append(Member(source, facts, text=text, given=given_for(id_, name, given), shared=shared))
    if start != len(packed):
        return None
    return Pack(members, [PackError(*error) for error in index["errors"]], index["skipped"])


def _write(folder: Path, key: str, pack: Pack) -> None:
    """Keeps a pack. Whoever reads sees the whole entry or none; a folder that can't be written is left alone."""
    texts = []
    rows: list[list[Any]] = []
    for member in pack.members:
        if member.text is None:
            return
        text = member.text.encode() if isinstance(member.text, str) else member.text
        facts = member.facts
        types = sorted(facts.reach.types) if facts.reach.types is not None else None
        rows.append([member.source, facts.id, facts.name, facts.mode, facts.effect, types, facts.reach.told, len(text)])
        texts.append(text)
    errors = [[error.source, error.path, error.what] for error in pack.errors]
    index = json.dumps(
        {"key": key, "members": rows, "errors": errors, "skipped": list(pack.skipped)}, separators=(",", ":")
    ).encode()
    rest = b"%d\n%s%s" % (len(index), index, b"".join(texts))
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(folder, f"{key}.pack", hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)


def _replace(folder: Path, name: str, data: bytes) -> None:
    """Writes a file under a name of its own, readable by the user only, and puts it in place. Raises OSError."""
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".pack-")
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(folder / name)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
