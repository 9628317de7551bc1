"""Images for tests: small layouts, and ways to break them that keep every digest true which isn't meant to lie."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scanners.image_builder import DebianPackage, Layer, build_image, debian_base_layer, python_distributions_layer
from scanners.oci_documents import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE
from scanners.oci_layout import OciLayout

TAG = "1"
PATCHED_OPENSSL = DebianPackage("libssl3", "3.0.17-1~deb12u2", "openssl")
OLD_OPENSSL = DebianPackage("libssl3", "3.0.11-1~deb12u2", "openssl")


def made_up_token() -> str:
    """The shape of a GitHub token, put together so that our sources hold none."""
    return "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0" + "k1L2m3N4o5P6q7R8"


def clean_layers() -> list[Layer]:
    """A patched Debian 12 with one patched Python distribution."""
    return [debian_base_layer([PATCHED_OPENSSL]), python_distributions_layer({"Jinja2": "3.1.6"})]


def make_image(folder: Path, layers: Sequence[Layer], tag: str = TAG) -> tuple[OciLayout, str]:
    """A layout with one more image in it, and the image's digest."""
    layout = OciLayout.create(folder)
    return layout, build_image(layers, layout, tag)


def blob_path(layout: OciLayout, digest: str) -> Path:
    """Where the blob of a digest stands."""
    return layout.path / "blobs" / "sha256" / digest.removeprefix("sha256:")


def sha256(data: bytes) -> str:
    """As digests are written."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """An ordinary tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def make_raw_image(
    folder: Path,
    blobs: Sequence[bytes],
    *,
    diff_ids: Sequence[str] | None = None,
    media_type: str = LAYER_TYPE,
    manifest: Mapping[str, Any] | None = None,
) -> tuple[OciLayout, str]:
    """An image of given layer blobs, described truthfully but for what the caller says otherwise."""
    layout = OciLayout.create(folder)
    for blob in blobs:
        layout.add_blob([blob])
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": list(diff_ids or [sha256(blob) for blob in blobs])},
        }
    ).encode()
    layout.add_blob([config])
    content: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {"mediaType": CONFIG_TYPE, "digest": sha256(config), "size": len(config)},
        "layers": [{"mediaType": media_type, "digest": sha256(blob), "size": len(blob)} for blob in blobs],
    }
    return layout, put_manifest(layout, content | dict(manifest or {}))


def put_manifest(layout: OciLayout, content: Mapping[str, Any], tag: str = TAG) -> str:
    """Stores any JSON as a manifest and names it in the index, without a look at it."""
    data = json.dumps(content).encode()
    digest, size = layout.add_blob([data])
    index_path = layout.path / "index.json"
    index = json.loads(index_path.read_text())
    index["manifests"].append(
        {
            "mediaType": content.get("mediaType", MANIFEST_TYPE),
            "digest": digest,
            "size": size,
            "annotations": {"org.opencontainers.image.ref.name": tag},
        }
    )
    index_path.write_text(json.dumps(index))
    return digest
