"""One locked, hashed environment for each wrapped tool, made by uv: `mlgate tools install`.

checkov pins packages that mlgate and its users need newer, so each tool lives apart:

    $MLGATE_HOME/tools/<name>/<digest of its lock>/environment/       made by uv, every file by hash
    $MLGATE_HOME/tools/<name>/<digest of its lock>/mlgate-tool.json   written last: without it nothing is installed

Virtual environments hold their own path, so one is made where it stays. The record says what was measured at
installation: the digest of the whole tree. `verify` compares against it; reading 250 MB takes seconds, so a stamp over
names, sizes, times and inode numbers (change times can't be set back by a user) stands in while nothing was touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.resources
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from scanners.interface import ToolUnavailableError
from scanners.process_runner import ProcessError, run
from scanners.program_search import find_uv
from scanners.tool_trust import trusted_version
from scanners.uv_command import uv_command
from scanners.wrapped_tools import WRAPPED_TOOLS
from verdicts import ConfigurationError, CouldNotCheckError, Reason
from verdicts.digests import digest_bytes, digest_tree, is_digest
from verdicts.documents import DocumentError, parse_json, read_bounded
from verdicts.files import write_atomically

SCHEMA = "mlgate/tool/v1"
INSTALL_TIMEOUT_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRecord:
    """What was measured when a tool was installed.

    Attributes:
        name: of the tool.
        version: as the tool says.
        lock: digest of the lock that it was made from.
        environment: digest of the whole tree.
        python: version of the interpreter in it.
    """

    name: str
    version: str
    lock: str
    environment: str
    python: str


def mlgate_home(environment: Mapping[str, str] = os.environ) -> Path:
    """Where mlgate keeps what is not part of any project. Raises ConfigurationError for a relative MLGATE_HOME."""
    chosen = environment.get("MLGATE_HOME")
    if chosen:
        if not Path(chosen).is_absolute():
            raise ConfigurationError(f"MLGATE_HOME must be an absolute path, found {chosen!r}")
        return Path(chosen)
    data = environment.get("XDG_DATA_HOME", "")
    base = Path(data) if data and Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "mlgate"


def lock_of(name: str) -> bytes:
    """The hashed lock that is shipped for a tool. Raises ConfigurationError for a tool that mlgate doesn't wrap."""
    if name not in WRAPPED_TOOLS:
        raise ConfigurationError(f"unknown tool {name!r}", remedy=f"known: {', '.join(sorted(WRAPPED_TOOLS))}")
    return importlib.resources.files("scanners").joinpath("tool_locks", f"{name}.txt").read_bytes()


def _stamp(root: Path) -> str:
    """Digest over what changes when anybody touches a file; a hundred times faster than reading the contents."""
    entries: list[str] = []
    folders = [str(root)]
    while folders:
        with os.scandir(folders.pop()) as listing:
            for entry in listing:
                path, status = entry.path, entry.stat(follow_symlinks=False)
                mode = status.st_mode
                entries.append(
                    f"{path}\0{mode} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
                )
                if stat.S_ISDIR(mode):
                    folders.append(path)
    entries.sort()
    return "sha256:" + hashlib.sha256("\n".join(entries).encode("utf-8", "surrogateescape")).hexdigest()


def _read(path: Path, keys: frozenset[str]) -> dict[str, str] | None:
    try:
        content = parse_json(read_bounded(path, 1 << 16))
    except (OSError, DocumentError):
        return None
    if not isinstance(content, dict) or content.keys() != keys or not all(isinstance(v, str) for v in content.values()):
        return None
    return content


@dataclass(frozen=True, slots=True)
class ToolEnvironments:
    """The managed environments below one home folder."""

    home: Path

    def folder(self, name: str) -> Path:
        """Where this release of mlgate keeps that tool."""
        return self.home / "tools" / name / digest_bytes(lock_of(name)).removeprefix("sha256:")[:16]

    def program(self, name: str) -> Path:
        """The tool's executable, whether it is there or not."""
        return self.folder(name) / "environment" / "bin" / name

    def record(self, name: str) -> ToolRecord | None:
        """What was measured at installation, or None if the tool isn't (completely) installed."""
        fields = frozenset({"name", "version", "lock", "environment", "python", "schema"})
        content = _read(self.folder(name) / "mlgate-tool.json", fields)
        if content is None or content.pop("schema") != SCHEMA:
            return None
        record = ToolRecord(**content)
        genuine = record.name == name and record.lock == digest_bytes(lock_of(name)) and is_digest(record.environment)
        return record if genuine else None

    def verify(self, name: str, *, thorough: bool = False) -> ToolRecord:
        """The record of an installed tool whose files are what they were at installation.

        Args:
            name: of the tool.
            thorough: read every file even where the stamp says that nothing was touched.

        Raises:
            ToolUnavailableError: missing, or changed since.
        """
        record = self.record(name)
        remedy = f"type `mlgate tools install {name}`"
        if record is None:
            raise ToolUnavailableError(Reason.MISSING_TOOL, f"{name} is not installed", remedy)
        tree, stamp_file = self.folder(name) / "environment", self.folder(name) / "stamp.json"
        try:
            stamp = {"environment": record.environment, "stamp": _stamp(tree)}
            if not thorough and _read(stamp_file, frozenset(stamp)) == stamp:
                return record
            unchanged = digest_tree(tree) == record.environment
        except OSError as error:
            detail = f"the environment of {name} can't be read: {error.strerror}"
            raise ToolUnavailableError(Reason.UNTRUSTED_TOOL, detail, remedy) from None
        if not unchanged:
            detail = f"the environment of {name} is not what `mlgate tools install` measured: {tree}"
            raise ToolUnavailableError(Reason.UNTRUSTED_TOOL, detail, remedy)
        with contextlib.suppress(OSError):  # a home that is read-only costs time, not trust
            write_atomically(stamp_file, json.dumps(stamp, indent=2).encode())
        return record

    def install(self, name: str) -> tuple[ToolRecord, bool]:
        """Makes the environment unless it is there and intact; returns its record and whether it was made now.

        Raises:
            ConfigurationError: the tool isn't one of mlgate's, or there is no uv.
            CouldNotCheckError: it could not be installed, or what was installed isn't to be trusted.
        """
        folder = self.folder(name)
        with self._locked(name):
            try:
                return self.verify(name), False
            except ToolUnavailableError:
                pass
            (folder / "mlgate-tool.json").unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            tree = folder / "environment"
            try:
                self._make(name, tree)
                wrapped = WRAPPED_TOOLS[name]
                version = trusted_version(wrapped, self.program(name))
                if wrapped.warm_up is not None:
                    wrapped.warm_up(self.program(name), tree)
            except ToolUnavailableError as error:
                shutil.rmtree(folder, ignore_errors=True)
                raise CouldNotCheckError(error.detail, remedy=error.remedy) from None
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            record = ToolRecord(
                name=name,
                version=version,
                lock=digest_bytes(lock_of(name)),
                environment=digest_tree(tree),
                python=".".join(map(str, sys.version_info[:3])),
            )
            stamp = {"environment": record.environment, "stamp": _stamp(tree)}
            write_atomically(folder / "stamp.json", json.dumps(stamp, indent=2).encode())
            record_json = json.dumps({"schema": SCHEMA, **asdict(record)}, indent=2)
            write_atomically(folder / "mlgate-tool.json", record_json.encode())
            return record, True

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """One installation of a tool at a time; the lock ends with the process that holds it."""
        folder = self.folder(name).parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o755)
            stream = (folder / ".lock").open("w")
        except OSError as error:
            raise ConfigurationError(
                f"{folder} can't be written: {error.strerror}", remedy="set MLGATE_HOME to a folder of your own"
            ) from None
        with stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _make(self, name: str, tree: Path) -> None:
        uv = find_uv(os.environ)
        if uv is None:
            raise ConfigurationError(
                "uv was not found", remedy="pip install 'mlgate[tools]', or put a `uv` on PATH, or a tool of your own"
            )
        lock = tree.parent / "lock.txt"
        lock.write_bytes(lock_of(name))
        _uv(name, uv, "venv", "--quiet", "--no-config", "--no-python-downloads", "--python", sys.executable, str(tree))
        # Copies, not links into uv's cache: nothing that happens to the cache may change a measured tree. Bytecode now,
        # since tools never write it later: checkov starts in 1.6 s with it and in 3.8 s without.
        _uv(
            name,
            uv,
            *("pip", "install", "--quiet", "--no-config", "--require-hashes", "--no-build", "--no-deps"),
            *("--link-mode", "copy", "--compile-bytecode", "--python", str(tree / "bin" / "python")),
            *("--requirements", str(lock)),
        )


def _uv(name: str, uv: Path, *arguments: str) -> None:
    # Bytecode that doesn't name its source's time is the same from run to run; the tree's digest covers both.
    fixed = {"PYC_INVALIDATION_MODE": "UNCHECKED_HASH"}
    offline = "it needs the network once; or put a tool of your own on PATH"
    try:
        result = run(uv_command(uv, *arguments, environment=fixed, timeout_s=INSTALL_TIMEOUT_S))
    except ProcessError as error:
        raise CouldNotCheckError(f"{name} could not be installed: {error}", remedy=offline) from None
    if result.exit_code != 0:
        raise CouldNotCheckError(f"{name} could not be installed: {result.error_tail()}", remedy=offline)
