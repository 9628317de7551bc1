"""A layout that anybody may have written: nothing false is believed, nothing outside is touched."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from scanners.image_builder import Layer, build_image
from scanners.oci_documents import (
    GZIP_LAYER_TYPE,
    INDEX_TYPE,
    ImageError,
    ImageLimits,
    ImageNotFoundError,
    ImageTamperedError,
    ImageTooLargeError,
    ImageUnreadableError,
    ImageUnsupportedError,
)
from scanners.oci_layout import OciLayout
from tests.fakes.images import blob_path, clean_layers, make_image, make_raw_image, put_manifest, sha256, tar_of

NOWHERE = "sha256:" + "0" * 64


def flip_last_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


# Verification


def test_a_whole_image_is_verified(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "layout", clean_layers())
    image = layout.verify(digest)
    assert image.manifest.digest == digest == layout.resolve("1")
    assert len(image.manifest.layers) == len(image.config.diff_ids) == 2
    assert image.inventory.debian_packages == frozenset({("libssl3", "3.0.17-1~deb12u2")})


def test_a_gzip_layer_of_several_members_is_one_layer(tmp_path: Path) -> None:
    plain = tar_of({"etc/x": b"x" * 5000})
    blob = gzip.compress(plain[:3000]) + gzip.compress(plain[3000:])
    layout, digest = make_raw_image(tmp_path, [blob], diff_ids=[sha256(plain)], media_type=GZIP_LAYER_TYPE)
    assert layout.verify(digest).unpacked == len(plain)


@pytest.mark.parametrize("which", ["manifest", "configuration", "layer"])
def test_one_changed_byte_anywhere_is_found(tmp_path: Path, which: str) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    manifest = layout.manifest(digest)
    blobs = {"manifest": digest, "configuration": manifest.config.digest, "layer": manifest.layers[1].digest}
    flip_last_byte(blob_path(layout, blobs[which]))
    with pytest.raises(ImageTamperedError) as caught:
        layout.verify(digest)
    assert caught.value.digest == blobs[which]


def test_a_layer_swapped_for_one_of_the_same_size_is_found(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "a", [Layer.of_files({"app/x": b"good"})])
    other, other_digest = make_image(tmp_path / "b", [Layer.of_files({"app/x": b"evil"})])
    ours, theirs = layout.manifest(digest).layers[0], other.manifest(other_digest).layers[0]
    assert ours.size == theirs.size
    blob_path(layout, ours.digest).write_bytes(blob_path(other, theirs.digest).read_bytes())
    with pytest.raises(ImageTamperedError):
        layout.verify(digest)


@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_a_truncated_layer_blob_is_found(tmp_path: Path, kind: str) -> None:
    layout, digest = make_image(tmp_path, [Layer.of_files({"app/x": os.urandom(9000)}, gzip=kind == "gzip")])
    path = blob_path(layout, layout.manifest(digest).layers[0].digest)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(ImageTamperedError):
        layout.verify(digest)


def test_a_layer_that_was_cut_short_before_it_was_hashed_is_found(tmp_path: Path) -> None:
    plain = tar_of({"etc/a": b"a" * 3000, "etc/b": b"b" * 3000})[:5000]
    layout, digest = make_raw_image(tmp_path, [plain])
    with pytest.raises(ImageUnreadableError):
        layout.verify(digest)


def test_a_gzip_stream_that_was_cut_short_before_it_was_hashed_is_found(tmp_path: Path) -> None:
    plain = tar_of({"etc/a": os.urandom(9000)})
    blob = gzip.compress(plain)[:-3000]
    layout, digest = make_raw_image(tmp_path, [blob], diff_ids=[sha256(plain)], media_type=GZIP_LAYER_TYPE)
    with pytest.raises(ImageUnreadableError):
        layout.verify(digest)


@pytest.mark.parametrize("trailing", [b"\0" * 8, b"trailing"])
def test_bytes_after_a_gzip_stream_are_refused(tmp_path: Path, trailing: bytes) -> None:
    plain = tar_of({"etc/a": b"a"})
    blob = gzip.compress(plain) + trailing
    layout, digest = make_raw_image(tmp_path, [blob], diff_ids=[sha256(plain)], media_type=GZIP_LAYER_TYPE)
    with pytest.raises(ImageUnreadableError):
        layout.verify(digest)


def test_a_second_archive_behind_the_end_of_the_first_is_refused(tmp_path: Path) -> None:
    # tarfile stops at the first end, other readers may go on.
    layout, digest = make_raw_image(tmp_path, [tar_of({"etc/a": b"a"}) + tar_of({"etc/hidden": b"b"})])
    with pytest.raises(ImageUnreadableError, match="after the end"):
        layout.verify(digest)


def test_a_layer_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    layout, digest = make_raw_image(tmp_path, [b"not a tar archive" * 100])
    with pytest.raises(ImageUnreadableError):
        layout.verify(digest)


def test_a_wrong_diff_id_is_found(tmp_path: Path) -> None:
    layout, digest = make_raw_image(tmp_path, [tar_of({"etc/a": b"a"})], diff_ids=[NOWHERE])
    with pytest.raises(ImageTamperedError, match="configuration says"):
        layout.verify(digest)


@pytest.mark.parametrize("extra", [["sha256:" + "1" * 64], []])
def test_configuration_and_manifest_must_agree_on_the_number_of_layers(tmp_path: Path, extra: list[str]) -> None:
    blobs = [tar_of({"etc/a": b"a"}), tar_of({"etc/b": b"b"})]
    diff_ids = [sha256(blob) for blob in blobs] + extra if extra else [sha256(blobs[0])]
    layout, digest = make_raw_image(tmp_path, blobs, diff_ids=diff_ids)
    with pytest.raises(ImageUnreadableError, match="layers"):
        layout.verify(digest)


def test_a_decompression_bomb_ends_at_the_limit(tmp_path: Path) -> None:
    plain = tar_of({"etc/zeros": bytes(20 * 1024 * 1024)})
    blob = gzip.compress(plain)
    layout, digest = make_raw_image(tmp_path, [blob], diff_ids=[sha256(plain)], media_type=GZIP_LAYER_TYPE)
    small = OciLayout(layout.path, ImageLimits(unpacked=1024 * 1024))
    with pytest.raises(ImageTooLargeError, match="bomb"):
        small.verify(digest)
    assert layout.verify(digest).unpacked == len(plain)


def test_the_number_of_entries_and_layers_is_bounded(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    with pytest.raises(ImageTooLargeError):
        OciLayout(layout.path, ImageLimits(entries=3)).verify(digest)
    with pytest.raises(ImageTooLargeError):
        OciLayout(layout.path, ImageLimits(layers=1)).verify(digest)
    with pytest.raises(ImageTooLargeError):
        OciLayout(layout.path, ImageLimits(document=100)).verify(digest)


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    import tarfile

    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 50 * 1024 * 1024
    layout, digest = make_raw_image(tmp_path, [info.tobuf(tarfile.USTAR_FORMAT) + bytes(info.size + 1024)])
    with pytest.raises(ImageTooLargeError, match="header"):
        layout.verify(digest)


@pytest.mark.parametrize("media_type", ["application/vnd.oci.image.layer.v1.tar+zstd", "application/x-unknown", ""])
def test_layers_that_cannot_be_read_are_unsupported(tmp_path: Path, media_type: str) -> None:
    layout, digest = make_raw_image(tmp_path, [tar_of({"etc/a": b"a"})], media_type=media_type)
    with pytest.raises(ImageUnsupportedError):
        layout.verify(digest)


# Hostile documents


def test_a_multi_platform_index_says_what_to_name(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    size = blob_path(layout, digest).stat().st_size
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": size}
    index = put_manifest(layout, {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}, "all")
    with pytest.raises(ImageUnsupportedError, match="name the manifest of one platform"):
        layout.verify(index)


def test_a_document_that_is_index_and_manifest_at_once_is_refused(tmp_path: Path) -> None:
    layout, digest = make_raw_image(tmp_path, [tar_of({"etc/a": b"a"})], manifest={"manifests": []})
    with pytest.raises(ImageUnreadableError, match="both"):
        layout.verify(digest)


@pytest.mark.parametrize(
    "digest",
    [
        "sha256:../../../etc/passwd",
        "sha256:" + "A" * 64,
        "sha256:abc",
        "../x",
        "",
        None,
        7,
        "sha256:" + "0" * 64 + "\n",
    ],
)
def test_a_digest_that_is_none_never_becomes_a_path(tmp_path: Path, digest: Any) -> None:
    layout = OciLayout.create(tmp_path)
    index = {"schemaVersion": 2, "manifests": [{"digest": digest, "size": 1}]}
    (tmp_path / "index.json").write_text(json.dumps(index))
    with pytest.raises(ImageUnreadableError):
        layout.entries()
    for call in (layout.verify, layout.has, layout.remove, layout.manifest):
        with pytest.raises(ImageError):
            call(digest)


def test_a_layer_digest_with_a_path_in_it_is_refused(tmp_path: Path) -> None:
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "sha256:../../secret", "size": 6}
    layout, digest = make_raw_image(tmp_path / "layout", [tar_of({"a": b"a"})], manifest={"layers": [layer]})
    with pytest.raises(ImageUnreadableError, match="digest"):
        layout.copy(digest, tmp_path / "copy", "x")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"manifests": 1}', '{"manifests": [1]}', '{"a": 1, "a": 2}'])
def test_an_index_that_is_none_is_an_error_and_never_an_empty_one(tmp_path: Path, content: str) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    (tmp_path / "index.json").write_text(content)
    for call in (layout.tags, lambda: layout.has(digest), lambda: layout.remove(digest), lambda: layout.resolve("1")):
        with pytest.raises(ImageUnreadableError):
            call()
    assert blob_path(layout, digest).exists()


def test_a_layer_behind_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "layout", clean_layers())
    path = blob_path(layout, layout.manifest(digest).layers[0].digest)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ImageUnreadableError):
        layout.verify(digest)
    with pytest.raises(ImageUnreadableError):
        layout.copy(digest, tmp_path / "copy", "x")


def test_a_folder_of_blobs_behind_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "layout", clean_layers())
    (layout.path / "blobs").rename(tmp_path / "elsewhere")
    (layout.path / "blobs").symlink_to(tmp_path / "elsewhere")
    for call in (lambda: layout.verify(digest), lambda: layout.has(NOWHERE), lambda: layout.remove(digest)):
        with pytest.raises(ImageUnreadableError):
            call()
    with pytest.raises(ImageUnreadableError):
        layout.add_blob([b"x"])
    assert layout.has(digest)


def test_a_named_pipe_does_not_make_anybody_wait(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    path = blob_path(layout, digest)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ImageUnreadableError, match="regular file"):
        layout.verify(digest)


# Names


def test_a_tag_that_names_two_images_is_refused(tmp_path: Path) -> None:
    layout, _ = make_image(tmp_path, clean_layers())
    put_manifest(layout, {"schemaVersion": 2, "other": True})
    with pytest.raises(ImageUnreadableError, match="2 images"):
        layout.resolve("1")


def test_an_unknown_tag_says_which_there_are(tmp_path: Path) -> None:
    layout, _ = make_image(tmp_path, clean_layers(), "1.4.0")
    with pytest.raises(ImageNotFoundError, match=r"1\.4\.0"):
        layout.resolve("1.5.0")


def test_an_entry_without_a_tag_is_not_reached_by_an_empty_one(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    index = json.loads((tmp_path / "index.json").read_text())
    del index["manifests"][0]["annotations"]
    (tmp_path / "index.json").write_text(json.dumps(index))
    assert layout.tags() == ()
    assert layout.has(digest)
    with pytest.raises(ImageNotFoundError):
        layout.resolve("")


@pytest.mark.parametrize("tag", ["", "../x", "a b", "-x", "a/b", "x" * 129])
def test_a_name_that_can_not_be_a_tag_is_refused(tmp_path: Path, tag: str) -> None:
    with pytest.raises(ImageUnreadableError):
        make_image(tmp_path, clean_layers(), tag)


def test_pushing_a_tag_again_moves_it(tmp_path: Path) -> None:
    layout, old = make_image(tmp_path, clean_layers())
    _, new = make_image(tmp_path, [Layer.of_files({"app/x": b"x"})])
    assert layout.resolve("1") == new != old


def test_a_manifest_whose_blobs_are_not_here_is_not_pushed(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "a", clean_layers())
    empty = OciLayout.create(tmp_path / "b")
    with pytest.raises(ImageNotFoundError):
        empty.push(blob_path(layout, digest).read_bytes(), "1")
    assert empty.tags() == ()


# Copies


def test_a_copy_holds_the_one_image_and_is_independent(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "layout", clean_layers())
    make_image(tmp_path / "layout", [Layer.of_files({"app/x": b"x"})], "other")
    image = layout.copy_verified(digest, tmp_path / "copy", "copied")
    copy = OciLayout(tmp_path / "copy")
    assert copy.tags() == ("copied",)
    assert copy.resolve("copied") == digest == image.manifest.digest
    flip_last_byte(blob_path(layout, image.manifest.layers[0].digest))
    assert copy.verify(digest).manifest == image.manifest


def test_a_tampered_layer_is_not_copied(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "layout", clean_layers())
    flip_last_byte(blob_path(layout, layout.manifest(digest).layers[0].digest))
    with pytest.raises(ImageTamperedError):
        layout.copy(digest, tmp_path / "copy", "x")
    assert OciLayout(tmp_path / "copy").tags() == ()


def test_a_layer_that_grew_is_not_copied(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path / "layout", clean_layers())
    path = blob_path(layout, layout.manifest(digest).layers[0].digest)
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(ImageTamperedError):
        layout.copy(digest, tmp_path / "copy", "x")


# Removal


def test_a_removed_image_is_gone_with_all_its_tags_and_blobs(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    layout.push(blob_path(layout, digest).read_bytes(), "latest")
    blobs = {digest} | layout.manifest(digest).blobs
    assert set(layout.remove(digest)) == blobs
    assert not layout.has(digest)
    assert layout.tags() == ()
    assert list((tmp_path / "blobs" / "sha256").iterdir()) == []


def test_removing_again_does_nothing(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    layout.remove(digest)
    assert layout.remove(digest) == ()
    assert not layout.has(digest)


def test_blobs_that_another_image_needs_stay(tmp_path: Path) -> None:
    base, app = clean_layers()
    layout, first = make_image(tmp_path, [base, app], "1")
    _, second = make_image(tmp_path, [base], "2")
    layout.remove(first)
    assert not layout.has(first)
    assert layout.verify(second).manifest.digest == second


def test_blobs_stay_where_another_image_can_not_be_read(tmp_path: Path) -> None:
    base, app = clean_layers()
    layout, first = make_image(tmp_path, [base, app], "1")
    _, second = make_image(tmp_path, [base], "2")
    layer = layout.manifest(second).layers[0].digest
    flip_last_byte(blob_path(layout, second))
    assert layout.remove(first) == (first,)
    assert not layout.has(first)
    assert blob_path(layout, layer).exists()


def test_blobs_that_an_image_in_a_nested_index_needs_stay(tmp_path: Path) -> None:
    base, app = clean_layers()
    layout, first = make_image(tmp_path, [base, app], "1")
    _, second = make_image(tmp_path, [base], "2")
    entry = {"digest": second, "size": blob_path(layout, second).stat().st_size}
    put_manifest(layout, {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}, "all")
    index = json.loads((tmp_path / "index.json").read_text())
    index["manifests"] = [item for item in index["manifests"] if item["digest"] != second]
    (tmp_path / "index.json").write_text(json.dumps(index))
    layout.remove(first)
    assert layout.verify(second).manifest.digest == second


def test_a_tampered_manifest_is_removed_and_nothing_that_it_names(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    layer = layout.manifest(digest).layers[0].digest
    flip_last_byte(blob_path(layout, digest))
    assert layout.remove(digest) == (digest,)
    assert not layout.has(digest)
    assert blob_path(layout, layer).exists()


@pytest.mark.parametrize("steps", range(5))
def test_an_interrupted_removal_is_finished_by_the_next_one(
    tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    done = 0
    real = os.unlink

    def unlink(*arguments: Any, **options: Any) -> None:
        nonlocal done
        if done == steps:
            raise KeyboardInterrupt
        done += 1
        real(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", unlink)
        if steps < 4:  # configuration, two layers, manifest
            with pytest.raises(KeyboardInterrupt):
                layout.remove(digest)
            assert layout.has(digest)  # the manifest goes last: unfinished never looks like done
        else:
            layout.remove(digest)
    assert layout.tags() == ()
    layout.remove(digest)
    assert not layout.has(digest)
    assert list((tmp_path / "blobs" / "sha256").iterdir()) == []


def test_an_image_that_only_the_index_names_is_still_there(tmp_path: Path) -> None:
    layout, digest = make_image(tmp_path, clean_layers())
    blob_path(layout, digest).unlink()
    assert layout.has(digest)
    layout.remove(digest)
    assert not layout.has(digest)


def test_a_missing_layout_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ImageUnreadableError):
        OciLayout(tmp_path / "mistyped").has(NOWHERE)


def _push_one(folder: Path, number: int) -> None:
    build_image([Layer.of_files({"app/x": str(number).encode()})], OciLayout(folder), f"tag-{number}")


def test_writers_at_the_same_time_do_not_lose_each_others_entries(tmp_path: Path) -> None:
    layout = OciLayout.create(tmp_path)
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_push_one, args=(tmp_path, number)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(layout.tags()) == 8
