"""Results of earlier runs on disk: plain JSON, each under a digest of everything that it depends on.

An entry is believed only if it is a regular file of this user that nobody else can write, bears the seal of this user's
own key, and is the one that was asked for. The key lies outside of the cache's folder, so nobody who can only write
there (a restored cache of a pipeline, say) can make an entry. Whatever isn't sound is worked out anew. No code ever
comes out of an entry.

What one project's runs ask for lies together in a bundle, too, a file under one seal: to open a file for each of
thousands of entries takes longer than to read them. An entry in a bundle has to be the one that was asked for as well.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.pack_sources import read_regular

MAXIMUM_BYTES = 256 * 1024 * 1024
"""Of all entries together; those used longest ago go first."""
_MAXIMUM_ENTRY = 64 * 1024 * 1024
_SHARDS = 16
_FEW = 16
"""So many entries beside a bundle are no reason to write it anew."""
_NAMES_OF_BUNDLE, _ROW_BYTES = 256, 96
"""At least what a bundle takes besides, and what the name and length of an entry take in it."""
_FRESH_S = 24 * 3600.0
_SECRET_BYTES = 32


class ResultStore:
    """Entries of one release of mlgate below a folder. Satisfies scanners.interface.Keeper. Safe between processes."""

    def __init__(
        self, folder: Path, secret: bytes, release: str, *, bundle: str = "", maximum_bytes: int = MAXIMUM_BYTES
    ) -> None:
        """Takes the user's key, a digest of whatever makes the results (`own_digest`), and what the bundle is for.

        Args:
            bundle: tells apart whose entries lie together (a project's root, say); "" for no bundle.
        """
        self._folder = folder
        self._secret = secret
        self._release = release
        self._maximum = maximum_bytes
        self._written: set[Path] = set()
        self._bundle = self._name(f"bundle\0{bundle}") if bundle else ""
        self._bundled: dict[str, bytes] | None = None if bundle else {}
        self._used: dict[str, bytes] = {}
        self.found = 0
        self.missed = 0

    def get(self, key: str) -> Any | None:
        """See scanners.interface.Keeper."""
        name = self._name(key)
        if self._bundled is None:
            self._bundled = self._opened_bundle()
        body = self._bundled.get(name)
        value = _value_of(body, name)
        if value is None:
            place = self._place(name)
            body = self._sealed(place)
            value = _value_of(body, name)
            if value is not None:
                _touch(place)
        if body is not None and value is not None:
            self._used[name] = body
        self.found += value is not None
        self.missed += value is None
        return value

    def put(self, key: str, value: Any) -> None:
        """See scanners.interface.Keeper. Whoever reads sees the whole entry or none."""
        name = self._name(key)
        place = self._place(name)
        try:
            body = json.dumps([name, value], separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError):
            return
        if len(body) > min(_MAXIMUM_ENTRY, self._maximum // _SHARDS):
            return
        with contextlib.suppress(OSError):
            self._write(place, body)
            self._used[name] = body

    def tidy(self) -> None:
        """Bundles what this run used, and lets entries go that are too many; to be called once, at the end of a run."""
        loose = sum(name not in (self._bundled or {}) for name in self._used)
        if self._bundle and (loose > _FEW or loose * 8 > len(self._used)):
            with contextlib.suppress(OSError):
                self._write(self._bundle_place(), _packed(self._bundle, self._used, self._maximum // _SHARDS))
        for shard in self._written:
            with contextlib.suppress(OSError):
                _shrink(shard, self._maximum // _SHARDS)
        self._written.clear()

    def _name(self, key: str) -> str:
        return hashlib.sha256(f"{self._release}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()

    def _place(self, name: str) -> Path:
        return self._folder / name[0] / f"{name}.json"

    def _seal(self, body: bytes) -> bytes:
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest().encode()

    def _write(self, place: Path, body: bytes) -> None:
        """Raises OSError."""
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(place, self._seal(body) + b"\n" + body)
        self._written.add(place.parent)

    def _sealed(self, place: Path) -> bytes | None:
        """What stands in a file of this user's own with the right seal."""
        try:
            data = read_regular(place, _MAXIMUM_ENTRY, private=True)
        except (OSError, ValueError):
            return None
        seal, _, body = data.partition(b"\n")
        return body if hmac.compare_digest(seal, self._seal(body)) else None

    def _bundle_place(self) -> Path:
        return self._folder / self._bundle[0] / f"{self._bundle}.bundle"

    def _opened_bundle(self) -> dict[str, bytes]:
        place = self._bundle_place()
        body = self._sealed(place)
        found = _unpacked(body, self._bundle) if body is not None else {}
        if found:
            _touch(place)
        return found


def _value_of(body: bytes | None, name: str) -> Any | None:
    """The value of an entry, if it is the one of that name."""
    if body is None:
        return None
    try:
        owner, value = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return None
    return value if owner == name else None


# A bundle: its own name with names and lengths of its entries as JSON, a line break, the entries one after the other.


def _packed(bundle: str, entries: Mapping[str, bytes], maximum: int) -> bytes:
    """A bundle of so many of the entries as it may hold bytes."""
    rows: list[tuple[str, int]] = []
    bodies: list[bytes] = []
    free = min(maximum, _MAXIMUM_ENTRY) - _NAMES_OF_BUNDLE
    for name, body in entries.items():
        free -= len(body) + _ROW_BYTES
        if free < 0:
            break
        rows.append((name, len(body)))
        bodies.append(body)
    return b"".join([json.dumps([bundle, rows], separators=(",", ":")).encode(), b"\n", *bodies])


def _unpacked(packed: bytes, bundle: str) -> dict[str, bytes]:
    """The entries by name; none where it isn't the bundle of that name."""
    head, _, bodies = packed.partition(b"\n")
    entries: dict[str, bytes] = {}
    start = 0
    try:
        owner, rows = json.loads(head)
        for name, length in rows:
            entries[name] = bodies[start : start + length]
            start += length
    except (ValueError, TypeError, RecursionError):
        return {}
    return entries if owner == bundle and start == len(bodies) else {}


def _touch(place: Path) -> None:
    """Notes that an entry is in use, once a day."""
    with contextlib.suppress(OSError):
        if time.time() - place.stat().st_mtime > _FRESH_S:
            os.utime(place)


def _replace(place: Path, data: bytes) -> None:
    """Writes under a name of its own, readable by the user only, and puts it in place. Raises OSError.

    Not forced to disk: an entry that a crash left damaged isn't believed.
    """
    descriptor, temporary = tempfile.mkstemp(dir=place.parent, prefix=".entry-")
    try:
        with open(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _shrink(shard: Path, maximum: int) -> None:
    """Removes what was used longest ago until the rest fits well, and what a killed run left. Raises OSError."""
    entries = []
    with os.scandir(shard) as found:
        for entry in found:
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                entries.append((status.st_mtime, status.st_size, entry.path))
    entries.sort()
    total = sum(size for _, size, _ in entries)
    old = time.time() - _FRESH_S
    for at, size, path in entries:
        left_over = Path(path).name.startswith(".entry-") and at < old
        if left_over or total > maximum:
            with contextlib.suppress(OSError):
                Path(path).unlink()
            total -= size


def default_folder(environment: dict[str, str] | os._Environ[str] = os.environ) -> Path | None:
    """`$XDG_CACHE_HOME/mlgate/check`, else below `~/.cache`; None where there is no home."""
    return _base(environment, "XDG_CACHE_HOME", ".cache", "check")


def default_secret(environment: dict[str, str] | os._Environ[str] = os.environ) -> Path | None:
    """`$XDG_STATE_HOME/mlgate/check-cache.key`, else below `~/.local/state`; None where there is no home."""
    return _base(environment, "XDG_STATE_HOME", ".local/state", "check-cache.key")


def _base(environment: dict[str, str] | os._Environ[str], variable: str, usual: str, name: str) -> Path | None:
    given = environment.get(variable, "")
    if os.path.isabs(given):  # the specification has relative ones ignored
        return Path(given) / "mlgate" / name
    try:
        return Path.home() / usual / "mlgate" / name
    except RuntimeError:
        return None


def user_secret(path: Path) -> bytes | None:
    """This user's key, made now if there is none; None where there can't be one that only the user knows."""
    for _ in range(2):
        known = _known_secret(path)
        if known is not None or os.path.lexists(path):
            return known
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                with open(descriptor, "wb") as stream:
                    stream.write(secrets.token_bytes(_SECRET_BYTES))
                os.link(temporary, path)  # unlike a renaming, it leaves the key of another run that was faster
            finally:
                temporary.unlink(missing_ok=True)
    return None


def _known_secret(path: Path) -> bytes | None:
    try:
        if path.lstat().st_mode & 0o077:
            return None  # others may know it
        secret = read_regular(path, _SECRET_BYTES, private=True)
    except OSError:
        return None
    return secret if len(secret) == _SECRET_BYTES else None


def open_store(release: str, bundle: str = "") -> ResultStore | None:
    """The store of this user in the usual place; None where there can't be one. See ResultStore."""
    folder, key = default_folder(), default_secret()
    secret = user_secret(key) if folder is not None and key is not None else None
    return ResultStore(folder, secret, release, bundle=bundle) if folder is not None and secret is not None else None
