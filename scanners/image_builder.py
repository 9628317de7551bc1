"""Builds small, valid, deterministic OCI images without a container engine: for the canary, the example and the tests.

The same files give the same digests on every machine: members are sorted, times and owners are zero, and layers are
plain tar unless asked otherwise, since gzip's output depends on the library's version. Nothing is held in memory: a
layer goes to the layout chunk by chunk.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from scanners.image_inventory import image_path
from scanners.oci_documents import CONFIG_TYPE, GZIP_LAYER_TYPE, LAYER_TYPE, MANIFEST_TYPE, Descriptor
from scanners.oci_layout import OciLayout

_CHUNK = 1 << 20
CREATED = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class SymbolicLink:
    """A member that points to another path."""

    target: str


@dataclass(frozen=True, slots=True)
class _Member:
    """A path in the layer, and where its content is."""

    path: str
    content: bytes | Path | SymbolicLink | None  # None for a folder
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, as members in the order in which they are written."""

    members: tuple[_Member, ...]
    gzip: bool = False

    @classmethod
    def of_files(cls, files: Mapping[str, bytes | SymbolicLink], *, gzip: bool = False) -> Layer:
        """A layer of a few files, by path in the image (without a leading "/")."""
        members = {image_path(path): _Member(image_path(path), content) for path, content in files.items()}
        return cls(_with_folders(members), gzip)

    @classmethod
    def of_folder(
        cls,
        folder: Path,
        *,
        prefix: str,
        exclude: Callable[[str], bool] = lambda _path: False,
        gzip: bool = False,
    ) -> Layer:
        """A layer of a folder's tree.

        Args:
            folder: read when the image is built; must not change meanwhile.
            prefix: where it stands in the image ("opt/app").
            exclude: leaves out paths (relative to the folder, with "/"); of a folder, everything below it too.
            gzip: compress it.

        Raises:
            ValueError: something in the tree is neither file, folder nor symbolic link.
        """
        members = {member.path: member for member in _walk(folder, image_path(prefix), exclude)}
        return cls(_with_folders(members), gzip)


def _with_folders(members: Mapping[str, _Member]) -> tuple[_Member, ...]:
    """All members and the folders above them, each folder before what is in it."""
    complete = dict(members)
    for path in members:
        while "/" in path:
            path = path.rpartition("/")[0]
            complete.setdefault(path, _Member(path, None))
    return tuple(complete[path] for path in sorted(complete))


def _refuse(error: OSError) -> None:
    raise error


def _walk(folder: Path, prefix: str, exclude: Callable[[str], bool]) -> Iterator[_Member]:
    for where, folders, files in os.walk(folder, onerror=_refuse):
        here = Path(where)
        relative = here.relative_to(folder).as_posix()
        base = "" if relative == "." else f"{relative}/"
        folders[:] = sorted(name for name in folders if not exclude(f"{base}{name}"))
        for name in sorted([*folders, *files]):
            inside = f"{base}{name}"
            if exclude(inside):
                continue
            path, target = here / name, image_path(f"{prefix}/{inside}")
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                yield _Member(target, SymbolicLink(os.readlink(path)))
            elif stat.S_ISREG(mode):
                yield _Member(target, path, executable=bool(mode & stat.S_IXUSR))
            elif stat.S_ISDIR(mode):
                yield _Member(target, None)
            else:
                raise ValueError(f"{path} is no file, folder or symbolic link")


def _tar_chunks(layer: Layer) -> Iterator[bytes]:
    """The layer as an uncompressed POSIX tar, in chunks of at most a megabyte."""
    for member in layer.members:
        yield from _member_chunks(member)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member_chunks(member: _Member) -> Iterator[bytes]:
    info = tarfile.TarInfo(member.path)
    content = member.content
    if content is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        yield info.tobuf(tarfile.PAX_FORMAT)
    elif isinstance(content, SymbolicLink):
        info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, content.target
        yield info.tobuf(tarfile.PAX_FORMAT)
    else:
        info.mode = 0o755 if member.executable else 0o644
        with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as stream:
            info.size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            yield info.tobuf(tarfile.PAX_FORMAT)
            yield from _content_chunks(stream, info.size, member.path)


def _content_chunks(stream: BinaryIO, size: int, path: str) -> Iterator[bytes]:
    """The content, filled up to whole blocks. Raises ValueError if the file changed its size meanwhile."""
    left = size
    while left and (data := stream.read(min(_CHUNK, left))):
        left -= len(data)
        yield data
    if left or stream.read(1):
        raise ValueError(f"{path} changed while the image was built")
    yield bytes(-size % tarfile.BLOCKSIZE)


@dataclass(slots=True)
class _Built:
    """A stored layer and the digest of its unpacked form."""

    descriptor: Descriptor
    diff_id: str = ""


def _store(layer: Layer, layout: OciLayout) -> _Built:
    plain = hashlib.sha256()

    def chunks() -> Iterator[bytes]:
        # Level 6, no name, no time: as small as the default and the same for the same library.
        deflater = zlib.compressobj(6, zlib.DEFLATED, 31) if layer.gzip else None
        for chunk in _tar_chunks(layer):
            plain.update(chunk)
            yield deflater.compress(chunk) if deflater else chunk
        if deflater:
            yield deflater.flush()

    digest, size = layout.add_blob(chunks())
    descriptor = Descriptor(digest, size, GZIP_LAYER_TYPE if layer.gzip else LAYER_TYPE)
    return _Built(descriptor, f"sha256:{plain.hexdigest()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """How a container of the image starts.

    Attributes:
        environment: variables; they stand readable in the image.
        command: program and arguments.
        user: name or number; "" for root.
        labels: annotations of the configuration.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ()
    user: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """As it stands in an image configuration."""
        content: dict[str, Any] = {"Env": [f"{name}={value}" for name, value in self.environment.items()]}
        if self.command:
            content["Cmd"] = list(self.command)
        if self.user:
            content["User"] = self.user
        if self.labels:
            content["Labels"] = dict(self.labels)
        return content


_DEFAULT_RUN = RunConfig(environment={"PATH": "/usr/local/bin:/usr/bin:/bin"})


def build_image(layers: Sequence[Layer], layout: OciLayout, tag: str, config: RunConfig = _DEFAULT_RUN) -> str:
    """Stores an image of these layers (lowest first) and points the tag to it. Returns the manifest's digest.

    Raises:
        ImageError: the tag can't be one, or the layout isn't one.
        OSError: files can't be read or written.
    """
    built = [_store(layer, layout) for layer in layers]
    configuration = {
        "created": CREATED,
        "architecture": "amd64",
        "os": "linux",
        "config": config.as_json(),
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in built]},
        "history": [{"created": CREATED, "created_by": "mlgate image builder"} for _ in built],
    }
    digest, size = layout.add_blob([json.dumps(configuration, sort_keys=True).encode()])
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": Descriptor(digest, size, CONFIG_TYPE).as_json(),
        "layers": [layer.descriptor.as_json() for layer in built],
    }
    return layout.push(json.dumps(manifest, sort_keys=True).encode(), tag)


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """An installed Debian package: binary name, version, and its source package where that is named differently."""

    name: str
    version: str
    source: str = ""

    def stanza(self) -> str:
        """As it stands in dpkg's status file."""
        source = f"Source: {self.source}\n" if self.source else ""
        return (
            f"Package: {self.name}\nStatus: install ok installed\nPriority: optional\nSection: libs\n"
            f"Installed-Size: 10\nMaintainer: nobody <nobody@example.com>\nArchitecture: amd64\n{source}"
            f"Version: {self.version}\nDescription: {self.name}\n"
        )


_CODE_NAMES = {"11": "bullseye", "12": "bookworm", "13": "trixie"}


def debian_base_layer(packages: Iterable[DebianPackage], *, release: str = "12") -> Layer:
    """What makes an image a Debian one for a scanner: the release, and the package database. No programs."""
    code_name = _CODE_NAMES.get(release, "unknown")
    os_release = (
        f'PRETTY_NAME="Debian GNU/Linux {release} ({code_name})"\nNAME="Debian GNU/Linux"\nVERSION_ID="{release}"\n'
        f'VERSION="{release} ({code_name})"\nVERSION_CODENAME={code_name}\nID=debian\n'
    )
    return dpkg_base_layer(packages, os_release=os_release, extra={"etc/debian_version": f"{release}.0\n".encode()})


def dpkg_base_layer(packages: Iterable[DebianPackage], *, os_release: str, extra: Mapping[str, bytes]) -> Layer:
    """The same for any distribution that uses dpkg, with its own os-release."""
    status = "\n".join(package.stanza() for package in packages)
    return Layer.of_files(
        {"etc/os-release": os_release.encode(), "var/lib/dpkg/status": status.encode() + b"\n", **extra}
    )


def python_distributions_layer(
    distributions: Mapping[str, str], *, site: str = "usr/local/lib/python3.11/site-packages"
) -> Layer:
    """Metadata of Python distributions (name to version) as an installer writes it, without their code."""
    files: dict[str, bytes | SymbolicLink] = {}
    for name, version in distributions.items():
        folder = f"{site}/{re.sub(r'[-_.]+', '_', name)}-{version}.dist-info"
        files[f"{folder}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n".encode()
        files[f"{folder}/RECORD"] = b""
        files[f"{folder}/INSTALLER"] = b"pip\n"
    return Layer.of_files(files)
