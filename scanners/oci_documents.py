"""The JSON documents of an OCI image (index, manifest, configuration), read with hostile content in mind.

Follows the OCI image specification 1.1; Docker's schema 2 media types mean the same and are read as well. A digest is
validated here before anything else sees it, since it becomes a file name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from verdicts import CouldNotCheckError, Reason
from verdicts.digests import is_digest
from verdicts.documents import DocumentError, parse_json

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
GZIP_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
TAG_ANNOTATION = "org.opencontainers.image.ref.name"

_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
_MANIFEST_TYPES = frozenset({MANIFEST_TYPE, _DOCKER_MANIFEST})
INDEX_TYPES = frozenset({INDEX_TYPE, _DOCKER_INDEX})
_CONFIG_TYPES = frozenset({CONFIG_TYPE, "application/vnd.docker.container.image.v1+json"})
_PLAIN_LAYERS = frozenset({LAYER_TYPE, "application/vnd.docker.image.rootfs.diff.tar"})
_GZIP_LAYERS = frozenset({GZIP_LAYER_TYPE, "application/vnd.docker.image.rootfs.diff.tar.gzip"})


class ImageError(CouldNotCheckError):
    """An image can't be used. `digest` names the blob or manifest, or is "" where none is meant."""

    reason: ClassVar[Reason] = Reason.UNREADABLE_INPUT

    def __init__(self, what: str, *, digest: str = "", where: str = "", remedy: str = "") -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.digest = digest


class ImageNotFoundError(ImageError):
    """The layout has no such tag, manifest or blob."""


class ImageUnreadableError(ImageError):
    """A document or layer is not what the specification says."""


class ImageTamperedError(ImageError):
    """Content doesn't match the digest or size that it goes by."""

    reason = Reason.DIGEST_MISMATCH


class ImageUnsupportedError(ImageError):
    """A valid thing that mlgate can't look into."""

    reason = Reason.UNSUPPORTED


class ImageTooLargeError(ImageError):
    """A limit of `ImageLimits` is exceeded."""

    reason = Reason.TOO_LARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """Bounds on what is read of one image; the defaults fit a GPU image with PyTorch twice over.

    Attributes:
        document: bytes of an index, manifest or configuration.
        layers: number of layers (Docker itself stops at 127).
        layer: bytes of one layer's blob.
        unpacked: bytes of all layers together after decompression: where a decompression bomb ends.
        entries: files, folders and links in all layers together.
    """

    document: int = 8 * 1024**2
    layers: int = 256
    layer: int = 16 * 1024**3
    unpacked: int = 64 * 1024**3
    entries: int = 2_000_000


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A reference to a blob: digest "sha256:...", size in bytes, media type ("" where none is given)."""

    digest: str
    size: int
    media_type: str

    def as_json(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageManifest:
    """One platform's image: its configuration and its layers from the lowest to the highest."""

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]

    @property
    def blobs(self) -> frozenset[str]:
        """Digests of everything that the manifest needs."""
        return frozenset({self.config.digest, *(layer.digest for layer in self.layers)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """What the configuration says of the layers: platform, and digests of the unpacked layers."""

    operating_system: str
    architecture: str
    diff_ids: tuple[str, ...]


def _json_object(data: bytes, what: str, digest: str) -> dict[str, Any]:
    try:
        content = parse_json(data)
    except DocumentError as error:
        raise ImageUnreadableError(f"the {what} is {error}", digest=digest, where=digest) from None
    if not isinstance(content, dict):
        raise ImageUnreadableError(f"the {what} is not a JSON object", digest=digest, where=digest)
    return content


def valid_digest(value: object, what: str) -> str:
    """The value, if it is a whole SHA-256 digest. Raises ImageUnreadableError or ImageUnsupportedError."""
    if not isinstance(value, str):
        raise ImageUnreadableError(f"{what} has no digest")
    if is_digest(value):
        return value
    if value.startswith(("sha512:", "sha384:")):
        raise ImageUnsupportedError(f"{what} has the digest {value!r}: only sha256 is supported")
    raise ImageUnreadableError(
        f"{what} has the digest {value!r}, which is none", remedy="sha256:<64 lower-case digits>"
    )


def parse_descriptor(value: object, what: str) -> Descriptor:
    """A descriptor out of an index or manifest. Raises ImageError."""
    if not isinstance(value, dict):
        raise ImageUnreadableError(f"{what} is not a descriptor")
    digest = valid_digest(value.get("digest"), what)
    size = value.get("size")
    media_type = value.get("mediaType", "")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ImageUnreadableError(f"{what} has no valid size", digest=digest)
    if not isinstance(media_type, str):
        raise ImageUnreadableError(f"{what} has no valid media type", digest=digest)
    if value.get("urls"):
        raise ImageUnsupportedError(f"{what} lies elsewhere (urls)", digest=digest)
    return Descriptor(digest, size, media_type)


def parse_index(data: bytes) -> tuple[tuple[Descriptor, str], ...]:
    """The entries of an image index with their tags ("" for none). Raises ImageError."""
    content = _json_object(data, "index", "")
    entries = content.get("manifests")
    if not isinstance(entries, list):
        raise ImageUnreadableError("the index has no list of manifests")
    result = []
    for number, entry in enumerate(entries):
        descriptor = parse_descriptor(entry, f"entry {number} of the index")
        annotations = entry.get("annotations")
        tag = annotations.get(TAG_ANNOTATION, "") if isinstance(annotations, dict) else ""
        result.append((descriptor, tag if isinstance(tag, str) else ""))
    return tuple(result)


def parse_manifest(data: bytes, digest: str) -> ImageManifest:
    """An image manifest. Raises ImageError; for a multi-platform index it says what to name instead."""
    content = _json_object(data, "manifest", digest)
    media_type = content.get("mediaType", MANIFEST_TYPE)
    if media_type in INDEX_TYPES or "manifests" in content:
        if "layers" in content:  # two readers would see two different images (CVE-2021-41190)
            raise ImageUnreadableError("both an index and a manifest", digest=digest, where=digest)
        raise ImageUnsupportedError(
            "this is a multi-platform index, not one image",
            digest=digest,
            where=digest,
            remedy="name the manifest of one platform by its digest",
        )
    if media_type not in _MANIFEST_TYPES or content.get("schemaVersion") != 2:
        raise ImageUnsupportedError(f"not an image manifest (media type {media_type!r})", digest=digest, where=digest)
    config = parse_descriptor(content.get("config"), f"the configuration of {digest}")
    if config.media_type not in _CONFIG_TYPES:
        raise ImageUnsupportedError(f"an artefact of type {config.media_type!r}, not an image", digest=digest)
    layers = content.get("layers")
    if not isinstance(layers, list):
        raise ImageUnreadableError("the manifest has no list of layers", digest=digest, where=digest)
    return ImageManifest(
        digest=digest,
        config=config,
        layers=tuple(parse_descriptor(layer, f"layer {number} of {digest}") for number, layer in enumerate(layers)),
    )


def layer_is_gzip(layer: Descriptor) -> bool:
    """Whether the layer is gzip (True) or a plain tar (False). Raises ImageUnsupportedError for anything else."""
    if layer.media_type in _GZIP_LAYERS:
        return True
    if layer.media_type in _PLAIN_LAYERS:
        return False
    raise ImageUnsupportedError(
        f"a layer of type {layer.media_type!r}",
        digest=layer.digest,
        where=layer.digest,
        remedy="build or copy the image with gzip layers",
    )


def parse_config(data: bytes, digest: str) -> ImageConfig:
    """An image configuration. Raises ImageError."""
    content = _json_object(data, "configuration", digest)
    rootfs = content.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list):
        raise ImageUnreadableError("the configuration has no rootfs.diff_ids", digest=digest, where=digest)
    return ImageConfig(
        operating_system=str(content.get("os", "")),
        architecture=str(content.get("architecture", "")),
        diff_ids=tuple(valid_digest(diff_id, f"a diff_id of {digest}") for diff_id in diff_ids),
    )
