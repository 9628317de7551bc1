"""An OCI layout: a folder that is a container registry's repository (OCI image layout specification 1.0).

The folder may come from anybody. Digests are validated before they become paths; no symbolic link below the folder is
followed; every read is bounded; and what is handed out was checked against its digest. Writers take a lock, write the
index last when adding and first when removing, so that a crash leaves either the old state or blobs that nobody names.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from scanners.image_inventory import InventoryBuilder
from scanners.oci_documents import (
    INDEX_TYPES,
    MANIFEST_TYPE,
    TAG_ANNOTATION,
    Descriptor,
    ImageConfig,
    ImageError,
    ImageLimits,
    ImageManifest,
    ImageNotFoundError,
    ImageTamperedError,
    ImageTooLargeError,
    ImageUnreadableError,
    parse_config,
    parse_index,
    parse_manifest,
    valid_digest,
)
from scanners.oci_files import LayoutFolder, exists, unlink
from scanners.oci_verification import CHUNK, Budget, VerifiedImage, read_layer
from verdicts.digests import digest_bytes

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DEFAULT_LIMITS = ImageLimits()


class OciLayout:
    """One layout folder.

    Args:
        path: the folder; it may be a symbolic link itself, nothing below it may.
        limits: see ImageLimits.
    """

    def __init__(self, path: Path, limits: ImageLimits = _DEFAULT_LIMITS) -> None:
        self.path = path
        self.limits = limits
        self._files = LayoutFolder(path)

    @classmethod
    def create(cls, path: Path, limits: ImageLimits = _DEFAULT_LIMITS) -> OciLayout:
        """Makes the folder a layout if it isn't one yet. Raises OSError."""
        layout = cls(path, limits)
        (path / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        with layout._files.locked():
            if not (path / "index.json").exists():
                layout._files.replace("index.json", {"schemaVersion": 2, "manifests": []})
            if not (path / "oci-layout").exists():
                layout._files.replace("oci-layout", {"imageLayoutVersion": "1.0.0"})
        return layout

    # Reading

    def entries(self) -> tuple[tuple[Descriptor, str], ...]:
        """What the index names: descriptors with their tags ("" for none). Raises ImageError."""
        try:
            return parse_index(self._files.read("index.json", limit=self.limits.document))
        except ImageError as error:
            raise type(error)(error.what, digest=error.digest, where=str(self.path / "index.json")) from None

    def tags(self) -> tuple[str, ...]:
        """All tags, sorted. Raises ImageError."""
        return tuple(sorted({tag for _, tag in self.entries() if tag}))

    def resolve(self, tag: str) -> str:
        """The digest that the tag names.

        Raises:
            ImageNotFoundError: no such tag.
            ImageUnreadableError: the layout can't be read, or the tag names two images.
        """
        digests = {descriptor.digest for descriptor, name in self.entries() if name == tag and tag}
        if not digests:
            known = ", ".join(self.tags()[:20]) or "none"
            raise ImageNotFoundError(f"there is no tag {tag!r}", where=str(self.path), remedy=f"tags here: {known}")
        if len(digests) > 1:
            raise ImageUnreadableError(
                f"the tag {tag!r} names {len(digests)} images", where=str(self.path), remedy="name one by its digest"
            )
        return digests.pop()

    def manifest(self, digest: str) -> ImageManifest:
        """The manifest of that digest, its bytes checked. Raises ImageError."""
        manifest = parse_manifest(self._document(digest, None), digest)
        if len(manifest.layers) > self.limits.layers:
            raise ImageTooLargeError(f"more than {self.limits.layers} layers", digest=digest, where=digest)
        for layer in manifest.layers:
            if layer.size > self.limits.layer:
                raise ImageTooLargeError(f"a layer of {layer.size:,} bytes", digest=layer.digest, where=digest)
        return manifest

    def verify(self, digest: str) -> VerifiedImage:
        """Reads the whole image once: every byte against its digest, every layer to its end.

        Raises:
            ImageError: one of its subclasses says what isn't as it should be.
        """
        manifest = self.manifest(digest)
        config = self._config(manifest)
        budget = Budget(self.limits)
        found = InventoryBuilder()
        for layer, diff_id in zip(manifest.layers, config.diff_ids, strict=True):
            with self._blob(layer.digest) as blob:
                read_layer(blob, layer, diff_id, budget, found)
        size = manifest.config.size + sum(layer.size for layer in manifest.layers)
        return VerifiedImage(
            manifest=manifest,
            config=config,
            size=size,
            unpacked=self.limits.unpacked - budget.unpacked,
            inventory=found.finish(),
        )

    def has(self, digest: str) -> bool:
        """Whether anything of the manifest is here: named by the index, or as a blob. False proves that it is gone.

        Raises:
            ImageError: the layout can't be read, so nothing is proved.
        """
        valid_digest(digest, "the image")
        if any(descriptor.digest == digest for descriptor, _ in self.entries()):
            return True
        with self._files.folder("blobs", "sha256") as folder:
            return exists(folder, digest)

    # Copying

    def copy(self, digest: str, destination: Path, tag: str) -> OciLayout:
        """Copies manifest, configuration and layers into a new folder, each byte hashed on its way.

        What stands in the copy is what was hashed, whoever changes the source meanwhile. The layers' contents are not
        looked at: see `verify` and `copy_verified`.

        Raises:
            ImageError: content that doesn't match its digest, or can't be read.
            OSError: the destination can't be written.
        """
        copied = OciLayout.create(destination, self.limits)
        manifest = self.manifest(digest)
        data = self._document(digest, None)
        for blob in (manifest.config, *manifest.layers):
            with self._blob(blob.digest) as stream:
                copied._files.store(_chunks(stream, blob), blob.digest)
        copied.push(data, tag)
        return copied

    def copy_verified(self, digest: str, destination: Path, tag: str) -> VerifiedImage:
        """`copy`, then `verify` on the copy: for promoting an image. Raises as both do."""
        return self.copy(digest, destination, tag).verify(digest)

    # Writing

    def add_blob(self, chunks: Iterable[bytes]) -> tuple[str, int]:
        """Stores a blob without ever holding it whole. Returns digest and size in bytes. Raises OSError."""
        return self._files.store(chunks, None)

    def push(self, manifest: bytes, tag: str) -> str:
        """Adds a manifest whose blobs are here already, and points the tag to it. Returns its digest.

        Raises:
            ImageError: the manifest isn't one, or a blob is missing.
        """
        if not _TAG.fullmatch(tag):
            raise ImageUnreadableError(f"{tag!r} can't be a tag", remedy="letters, digits, '.', '_', '-'; at most 128")
        digest = digest_bytes(manifest)
        parsed = parse_manifest(manifest, digest)
        with self._files.locked(), self._files.folder("blobs", "sha256") as folder:
            for blob in parsed.blobs:
                if not exists(folder, blob):
                    raise ImageNotFoundError("the blob is not here", digest=blob, where=str(self.path))
            self._files.store([manifest], digest)
            index = json.loads(self._files.read("index.json", limit=self.limits.document))
            kept = [entry for entry in index["manifests"] if _tag_of(entry) != tag]
            descriptor = Descriptor(digest, len(manifest), MANIFEST_TYPE).as_json()
            index["manifests"] = [*kept, descriptor | {"annotations": {TAG_ANNOTATION: tag}}]
            self._files.replace("index.json", index)
        return digest

    def remove(self, digest: str) -> tuple[str, ...]:
        """Removes an image: all its tags, its manifest, and every blob that no other manifest needs.

        May be repeated, also after a crash in the middle: the index goes first, the manifest last, so a rerun knows
        which blobs to remove. A blob stays where another manifest needs it, and where another one can't be read.

        Returns:
            digests of the blobs removed now; () if nothing was left.

        Raises:
            ImageError: the layout can't be read.
            OSError: it can't be written.
        """
        valid_digest(digest, "the image")
        with self._files.locked(), self._files.folder("blobs", "sha256") as folder:
            self.entries()  # refuses an index that can't be trusted before anything is written
            index = json.loads(self._files.read("index.json", limit=self.limits.document))
            kept = [entry for entry in index["manifests"] if entry["digest"] != digest]
            if len(kept) != len(index["manifests"]):
                index["manifests"] = kept
                self._files.replace("index.json", index)
            try:
                own = self.manifest(digest).blobs
            except ImageError:  # missing or tampered with: what it names isn't its own
                own = frozenset()
            going = [*sorted(own - self._needed_by_others(digest, folder) - {digest}), digest]
            removed = tuple(blob for blob in going if unlink(folder, blob))
            os.fsync(folder)
        return removed

    def _needed_by_others(self, digest: str, folder: int) -> frozenset[str]:
        """Blobs that the remaining entries need; everything there is if one of them can't be read."""
        needed: set[str] = set()
        pending = [descriptor.digest for descriptor, _ in self.entries()]
        try:
            while pending:
                current = pending.pop()
                if current in needed or current == digest:
                    continue
                needed.add(current)
                data = self._document(current, None)
                content = json.loads(data)
                if content.get("mediaType") in INDEX_TYPES or "manifests" in content:
                    pending += [descriptor.digest for descriptor, _ in parse_index(data)]
                else:
                    needed |= {
                        entry["digest"] for entry in [content.get("config"), *content.get("layers", [])] if entry
                    }
        except (ImageError, ValueError, TypeError, KeyError, AttributeError):
            return frozenset(f"sha256:{name}" for name in os.listdir(folder))
        return frozenset(needed)

    # Documents

    def _config(self, manifest: ImageManifest) -> ImageConfig:
        config = parse_config(self._document(manifest.config.digest, manifest.config.size), manifest.config.digest)
        if len(config.diff_ids) != len(manifest.layers):
            raise ImageUnreadableError(
                f"the configuration names {len(config.diff_ids)} layers, the manifest {len(manifest.layers)}",
                digest=manifest.digest,
                where=manifest.digest,
            )
        return config

    def _document(self, digest: str, size: int | None) -> bytes:
        """A small blob as bytes, checked against digest and size."""
        valid_digest(digest, "the image")
        with self._blob(digest) as stream:
            data = stream.read(self.limits.document + 1)
        if len(data) > self.limits.document:
            raise ImageTooLargeError(
                f"a document of more than {self.limits.document:,} bytes", digest=digest, where=digest
            )
        if digest_bytes(data) != digest or (size is not None and len(data) != size):
            raise ImageTamperedError(f"its content has the digest {digest_bytes(data)}", digest=digest, where=digest)
        return data

    def _blob(self, digest: str) -> BinaryIO:
        return self._files.open("blobs", "sha256", digest.removeprefix("sha256:"), digest=digest)


def _chunks(stream: BinaryIO, blob: Descriptor) -> Iterator[bytes]:
    """The blob's bytes; stops where more come than the manifest says."""
    left = blob.size
    while data := stream.read(CHUNK):
        left -= len(data)
        if left < 0:
            break
        yield data
    if left:
        raise ImageTamperedError(
            f"not the {blob.size:,} bytes that the manifest says", digest=blob.digest, where=blob.digest
        )


def _tag_of(entry: dict[str, object]) -> object:
    annotations = entry.get("annotations")
    return annotations.get(TAG_ANNOTATION) if isinstance(annotations, dict) else None
