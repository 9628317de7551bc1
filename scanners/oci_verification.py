"""Looking through an image's layers in one pass: digest, size, decompression, diff_id, and what they hold.

No reader of ours may see another archive than the container runtime does. So each layer has to decompress to its last
byte, and the archive has to end where the data ends: two readers that disagree about trailing bytes are how a scanner
is shown one image and the cluster another.
"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from scanners.image_inventory import ImageInventory, InventoryBuilder
from scanners.oci_documents import (
    Descriptor,
    ImageConfig,
    ImageLimits,
    ImageManifest,
    ImageTamperedError,
    ImageTooLargeError,
    ImageUnreadableError,
    layer_is_gzip,
)

CHUNK = 1 << 20
# tarfile copies the rest of its buffer for each header that it reads.
_TAR_BUFFER = 1 << 16
# Names and attributes that a header carries ahead of its member; Linux itself ends at 4 KB and 64 KB.
_MAXIMUM_HEADER_DATA = 1 << 20
_CARRIES_NAME = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedImage:
    """An image all of whose bytes match the digests that it goes by.

    Attributes:
        manifest: config and layers by digest.
        config: platform and diff_ids; as many as layers, in the same order.
        size: bytes of manifest, configuration and layers as stored.
        unpacked: bytes of all layers after decompression.
        inventory: what the layers hold together.
    """

    manifest: ImageManifest
    config: ImageConfig
    size: int
    unpacked: int
    inventory: ImageInventory


class _BoundedTarInfo(tarfile.TarInfo):
    """Refuses headers whose name or attributes would fill the memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _BoundedTarInfo:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _CARRIES_NAME and member.size > _MAXIMUM_HEADER_DATA:
            raise ImageTooLargeError(f"a tar header with {member.size:,} bytes of names and attributes")
        return member


@dataclass
class Budget:
    """What one image may still unpack to.

    Attributes:
        limits: the bounds that it started from.
        unpacked: bytes.
        entries: files, folders and links.
    """

    limits: ImageLimits
    unpacked: int = field(init=False)
    entries: int = field(init=False)

    def __post_init__(self) -> None:
        self.unpacked = self.limits.unpacked
        self.entries = self.limits.entries


class _LayerReader:
    """A layer's unpacked bytes as a stream, counted and hashed on both sides of the decompression."""

    def __init__(self, blob: BinaryIO, layer: Descriptor, budget: Budget) -> None:
        self._blob = blob
        self._layer = layer
        self._budget = budget
        self._stored = 0
        self._stored_hash = hashlib.sha256()
        self._unpacked_hash = hashlib.sha256()
        self._chunks = self._gzip() if layer_is_gzip(layer) else self._raw()
        self._buffer = b""
        self._taken = 0
        self.unpacked = 0
        self.last_data = 0

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes (any number for -1), b"" at the end."""
        if self._taken == len(self._buffer):
            self._buffer, self._taken = next(self._chunks, b""), 0
            self._account(self._buffer)
        end = len(self._buffer) if size < 0 else min(self._taken + size, len(self._buffer))
        data = self._buffer[self._taken : end]
        self._taken = end
        return data

    def drain(self) -> None:
        """Reads what is left."""
        while self.read():
            pass

    def check(self, diff_id: str) -> None:
        """After the end: stored and unpacked bytes are the ones that the image names. Raises ImageTamperedError."""
        stored = "sha256:" + self._stored_hash.hexdigest()
        unpacked = "sha256:" + self._unpacked_hash.hexdigest()
        layer = self._layer
        if self._stored != layer.size or stored != layer.digest:
            raise _tampered(layer, f"the layer has {self._stored:,} bytes with the digest {stored}")
        if unpacked != diff_id:
            raise _tampered(layer, f"the layer unpacks to {unpacked}; the configuration says {diff_id}")

    def _account(self, data: bytes) -> None:
        self._unpacked_hash.update(data)
        meaningful = len(data.rstrip(b"\0"))
        if meaningful:
            self.last_data = self.unpacked + meaningful
        self.unpacked += len(data)
        if self.unpacked > self._budget.unpacked:
            raise ImageTooLargeError(
                f"the layers unpack to more than {self._budget.limits.unpacked:,} bytes (a decompression bomb?)",
                digest=self._layer.digest,
                where=self._layer.digest,
            )

    def _raw(self) -> Iterator[bytes]:
        while data := self._blob.read(CHUNK):
            self._stored += len(data)
            if self._stored > self._layer.size:
                raise _tampered(self._layer, "the layer is longer than the manifest says")
            self._stored_hash.update(data)
            yield data

    def _gzip(self) -> Iterator[bytes]:
        # wbits 31: gzip with its checksum. Several members one after another are one stream (RFC 1952); what follows
        # the last one must be another member, so trailing bytes are an error. Output comes in bounded steps.
        inflater = zlib.decompressobj(31)
        for data in self._raw():
            rest = data
            while rest:
                if inflater.eof:
                    inflater = zlib.decompressobj(31)
                if unpacked := inflater.decompress(rest, CHUNK):
                    yield unpacked
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
            while not inflater.eof and (unpacked := inflater.decompress(b"", CHUNK)):
                yield unpacked
        if not inflater.eof:
            raise zlib.error("the gzip stream is cut short")


def read_layer(blob: BinaryIO, layer: Descriptor, diff_id: str, budget: Budget, found: InventoryBuilder) -> None:
    """One layer to its end, checked; each member goes to `found`, and the budget shrinks.

    Raises:
        ImageError: the layer isn't what manifest and configuration say, is broken, or exceeds a limit.
    """
    reader = _LayerReader(blob, layer, budget)
    try:
        with tarfile.open(fileobj=reader, mode="r|", bufsize=_TAR_BUFFER, tarinfo=_BoundedTarInfo) as archive:  # type: ignore[call-overload]
            while (member := archive.next()) is not None:
                budget.entries -= 1
                if budget.entries < 0:
                    limit = budget.limits.entries
                    raise ImageTooLargeError(f"the layers hold more than {limit:,} entries", digest=layer.digest)
                found.add(archive, member)
                archive.members.clear()  # a stream never goes back; without this a big image stays in memory
            end = archive.offset
        reader.drain()
    except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
        raise _broken(blob, layer, error) from None
    reader.check(diff_id)
    # tarfile ends at the first thing that is no header, other readers elsewhere: nothing but zeros may follow.
    if reader.last_data > end:
        raise _unreadable(layer, "data after the end of the layer's archive")
    if end > reader.unpacked:
        raise _unreadable(layer, "the layer's archive is cut short")
    budget.unpacked -= reader.unpacked
    found.end_layer()


def _tampered(layer: Descriptor, what: str) -> ImageTamperedError:
    return ImageTamperedError(what, digest=layer.digest, where=layer.digest)


def _unreadable(layer: Descriptor, what: str) -> ImageUnreadableError:
    return ImageUnreadableError(what, digest=layer.digest, where=layer.digest, remedy="build the image again")


def _broken(blob: BinaryIO, layer: Descriptor, error: Exception) -> ImageUnreadableError | ImageTamperedError:
    """A layer that can't be read: if its digest is wrong too, that is what there is to say."""
    blob.seek(0)
    digest = hashlib.sha256()
    while data := blob.read(CHUNK):
        digest.update(data)
    if f"sha256:{digest.hexdigest()}" != layer.digest:
        return _tampered(layer, f"the layer has the digest sha256:{digest.hexdigest()}")
    return _unreadable(layer, f"the layer can't be unpacked: {error}")
