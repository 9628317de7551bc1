"""What an image holds, as seen by reading its layers ourselves: an independent check of what a scanner lists.

Only what the cross-check needs is kept: Python distributions, Debian's package database, and which files other packages
claim. Whiteouts and replaced folders count as in a mounted image: a file that a higher layer hides isn't there.
"""

from __future__ import annotations

import email.parser
import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from scanners.oci_documents import ImageTooLargeError

# More of one file is not read: headers stand at the start, and Debian's largest status files have about 5 MB.
READ_OF_METADATA = 256 * 1024
READ_OF_DATABASE = 64 * 1024**2
# What is kept of all files together; a large real image needs about 10 MB.
KEPT_IN_ALL = 256 * 1024**2

_DISTRIBUTION = re.compile(r"(\.dist-info/METADATA|\.egg-info/PKG-INFO|(^|/)EGG-INFO/PKG-INFO|\.egg-info|\.egg)$")
_RECORD = re.compile(r"\.dist-info/RECORD$")
_DPKG_STATUS = re.compile(r"^var/lib/dpkg/(status|status\.d/[^/]+)$")
_DPKG_LIST = re.compile(r"^var/lib/dpkg/info/([^/]+)\.list$")
_CONDA_PACKAGE = re.compile(r"(?:^|/)conda-meta/([^/]+)-([^/-]+)-[^/-]+\.json$")
_CLAIMED = re.compile(
    rb"^\"?([^,\"\n]+\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info|egg))\"?(?:,.*)?$", re.MULTILINE
)
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_DEBIAN_PYTHON = "usr/lib/python3"
_SITE_FOLDERS = ("site-packages", "dist-packages")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonDistribution:
    """An installed Python distribution.

    Attributes:
        name: as its metadata says; from the file name where the metadata has none.
        version: as its metadata says, or None: then no scanner can compare it.
        path: of the metadata in the image, without a leading "/".
        debian_package: the Debian package whose file list claims it, or "".
        vendored_by: the distribution whose RECORD claims it as a part of itself, or "".
    """

    name: str
    version: str | None
    path: str
    debian_package: str = ""
    vendored_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInventory:
    """What stands in the image as a whole.

    Attributes:
        python_distributions: sorted by path.
        debian_packages: name and version of each installed one; None if there is no readable package database.
        conda_packages: name and version of each package of a conda environment.
        entries: number of files, folders and links in all layers.
    """

    python_distributions: tuple[PythonDistribution, ...]
    debian_packages: frozenset[tuple[str, str]] | None
    conda_packages: frozenset[tuple[str, str]]
    entries: int

    def belongs_to_debian(self, distribution: PythonDistribution) -> bool:
        """Whether it is part of an installed Debian package (which never puts anything below usr/local)."""
        names = {name for name, _ in self.debian_packages or ()}
        return distribution.debian_package in names and distribution.path.startswith(_DEBIAN_PYTHON)


def image_path(name: str) -> str:
    """A member's path as the image shows it: no leading "/" or "./", "..", or double slashes."""
    return posixpath.normpath("/" + name).lstrip("/")


@dataclass
class _Layer:
    """What one layer adds and hides."""

    files: dict[str, bytes | None] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    entries: int = 0

    def forget(self, path: str) -> None:
        """A later member of the same layer takes the place of an earlier one, or of the folder that it was in."""
        if path in self.files or path in self.folders:
            for stale in [known for known in self.files if known == path or known.startswith(f"{path}/")]:
                del self.files[stale]


class InventoryBuilder:
    """Collects members layer by layer, from the lowest to the highest."""

    def __init__(self) -> None:
        self._files: dict[str, bytes | None] = {}
        self._layer = _Layer()
        self._entries = 0
        self._kept = 0

    def add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """One member of the current layer, while the archive stands at it."""
        layer = self._layer
        layer.entries += 1
        path = image_path(member.name)
        folder, _, name = path.rpartition("/")
        if name == _OPAQUE:
            layer.opaque.add(folder)
            return
        if name.startswith(_WHITEOUT):
            layer.hidden.add(posixpath.join(folder, name.removeprefix(_WHITEOUT)))
            return
        if member.isdir():
            return
        # What is no folder hides what stood there before, also everything below a folder of that name.
        layer.hidden.add(path)
        layer.forget(path)
        limit = _read_of(path)
        if limit:
            content = _content(archive, member, path, limit)
            self._kept += len(path) + len(content or b"")
            if self._kept > KEPT_IN_ALL:
                raise ImageTooLargeError(f"more than {KEPT_IN_ALL:,} bytes of package metadata")
            layer.files[path] = content
            layer.folders.update(_parents(path))

    def end_layer(self) -> None:
        """The current layer is complete."""
        layer = self._layer
        self._files = {
            path: content
            for path, content in self._files.items()
            if not any(part in layer.hidden for part in _with_parents(path))
            and not any(part in layer.opaque for part in _parents(path))
        } | layer.files
        self._entries += layer.entries
        self._layer = _Layer()

    def finish(self) -> ImageInventory:
        """The inventory over all layers."""
        claimed_by_debian = dict(_debian_claims(self._files))
        vendored = dict(_record_claims(self._files))
        found = [
            _distribution(path, content, claimed_by_debian.get(path, ""), vendored.get(path, ""))
            for path, content in sorted(self._files.items())
            if _DISTRIBUTION.search(path)
        ]
        return ImageInventory(
            python_distributions=tuple(found),
            debian_packages=_debian_packages(self._files),
            conda_packages=frozenset(
                (match.group(1), match.group(2)) for path in self._files if (match := _CONDA_PACKAGE.search(path))
            ),
            entries=self._entries,
        )


def _read_of(path: str) -> int:
    """How many bytes of the file are of interest; 0 for none."""
    if _DISTRIBUTION.search(path):
        return READ_OF_METADATA
    if _CONDA_PACKAGE.search(path):
        return 1  # the name of the file says all
    if _RECORD.search(path) or _DPKG_STATUS.match(path) or _DPKG_LIST.match(path):
        return READ_OF_DATABASE
    return 0


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str, limit: int) -> bytes | None:
    """The part of the file that matters; None for links and devices, whose content scanners don't see either."""
    if not member.isreg():
        return None
    stream = archive.extractfile(member)
    data = stream.read(limit) if stream is not None else b""
    if _RECORD.search(path) or _DPKG_LIST.match(path):
        return b"\n".join(match.group(1) for match in _CLAIMED.finditer(data))
    if _DISTRIBUTION.search(path):
        return re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    return data


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
    yield ""


def _with_parents(path: str) -> Iterator[str]:
    yield path
    yield from _parents(path)


def _distribution(path: str, content: bytes | None, debian_package: str, vendored_by: str) -> PythonDistribution:
    name, version = "", None
    if content is not None and not path.lower().endswith(".egg"):
        headers = email.parser.HeaderParser().parsestr(content.decode("utf-8", "replace"))
        name = str(headers.get("Name", "")).strip()
        version = str(headers.get("Version", "")).strip() or None
    return PythonDistribution(
        name=name or _name_from_path(path),
        version=version if name else None,
        path=path,
        debian_package=debian_package,
        vendored_by=vendored_by,
    )


def _name_from_path(path: str) -> str:
    """ "numpy" out of ".../numpy-1.0.dist-info/METADATA"."""
    for part in reversed(path.split("/")):
        stem, dot, _ = re.sub(r"(?i)\.(dist-info|egg-info|egg)$", "\0", part).partition("\0")
        if dot:
            return stem.split("-")[0]
    return path


def _debian_claims(files: Mapping[str, bytes | None]) -> Iterator[tuple[str, str]]:
    """Metadata files that Debian's file lists name, with the package."""
    for path, content in files.items():
        match = _DPKG_LIST.match(path)
        if match is None or content is None:
            continue
        package = match.group(1).split(":")[0]
        for line in content.decode("utf-8", "replace").splitlines():
            yield image_path(line), package


def _record_claims(files: Mapping[str, bytes | None]) -> Iterator[tuple[str, str]]:
    """Metadata files that lie inside another distribution, with that distribution's name."""
    for path, content in files.items():
        if not _RECORD.search(path) or content is None:
            continue
        own_folder = posixpath.dirname(path)
        site = posixpath.dirname(own_folder)
        if posixpath.basename(site) not in _SITE_FOLDERS:
            continue
        for line in content.decode("utf-8", "replace").splitlines():
            claimed = image_path(posixpath.join(site, line))
            # A RECORD can claim what lies in a folder of its own, not a neighbour in the same site folder.
            inside = claimed.startswith(f"{site}/") and claimed.removeprefix(f"{site}/").count("/") >= 2
            if inside and not claimed.startswith(f"{own_folder}/"):
                yield claimed, _name_from_path(own_folder)


def _debian_packages(files: Mapping[str, bytes | None]) -> frozenset[tuple[str, str]] | None:
    databases = {path: content for path, content in files.items() if _DPKG_STATUS.match(path)}
    if not databases:
        return None
    packages: set[tuple[str, str]] = set()
    for path, content in databases.items():
        if content is None:
            return None
        if path.endswith(".md5sums"):
            continue
        packages.update(_stanzas(content.decode("utf-8", "replace"), whole_file="/status.d/" in path))
    return frozenset(packages)


def _stanzas(text: str, *, whole_file: bool) -> Iterator[tuple[str, str]]:
    for block in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"(?m)^(Package|Version|Status):[ \t]*(.*)$", block))
        installed = whole_file or fields.get("Status", "").split()[-1:] == ["installed"]
        if "Package" in fields and installed:
            yield fields["Package"].strip(), fields.get("Version", "").strip()
