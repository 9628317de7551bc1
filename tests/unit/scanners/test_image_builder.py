"""The same input gives the same image, byte for byte, and a valid one."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from scanners.image_builder import Layer, RunConfig, SymbolicLink, build_image
from scanners.oci_layout import OciLayout
from tests.fakes.images import blob_path, clean_layers, make_image


def write_tree(root: Path, names: list[str]) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def members(layout: OciLayout, digest: str) -> dict[str, tuple[bytes, int, bytes]]:
    """Type, mode and content by path, over all layers, as Python's own reader sees them."""
    import tarfile

    found = {}
    for layer in layout.manifest(digest).layers:
        with tarfile.open(blob_path(layout, layer.digest)) as archive:
            for member in archive:
                assert (member.mtime, member.uid, member.gid, member.uname) == (0, 0, 0, "")
                stream = archive.extractfile(member) if member.isreg() else None
                found[member.name] = (member.type, member.mode, stream.read() if stream else member.linkname.encode())
    return found


def test_the_digest_depends_on_nothing_but_the_content(tmp_path: Path) -> None:
    names = ["b/x.py", "a/y.py", "z", "a.txt", "b.py"]
    write_tree(tmp_path / "one", names)
    write_tree(tmp_path / "two", names[::-1])
    for path in (tmp_path / "two").rglob("*"):
        os.utime(path, (1, 1))
    digests = {
        make_image(tmp_path / f"layout-{name}", [Layer.of_folder(tmp_path / name, prefix="app")])[1]
        for name in ("one", "two")
    }
    assert len(digests) == 1


def test_the_digest_of_a_known_image_never_changes(tmp_path: Path) -> None:
    # Digests of the example stand in its release manifests: a change here changes them.
    _, digest = make_image(tmp_path, clean_layers())
    assert digest == "sha256:e8c280cf1aaa37fddba565da6ecfdf1ca1dbc3c39339bd156c9895e713ddaa8f"


def test_other_content_gives_another_digest(tmp_path: Path) -> None:
    _, one = make_image(tmp_path, [Layer.of_files({"a": b"1"})])
    _, two = make_image(tmp_path, [Layer.of_files({"a": b"2"})])
    assert one != two


def test_a_folder_becomes_a_layer_with_links_and_executables(tmp_path: Path) -> None:
    write_tree(tmp_path / "tree", ["bin/run", "lib/data", "skipped/x", "lib/x.pyc"])
    (tmp_path / "tree" / "bin" / "run").chmod(0o777)
    (tmp_path / "tree" / "link").symlink_to("/etc/passwd")
    (tmp_path / "tree" / "empty").mkdir()
    layer = Layer.of_folder(
        tmp_path / "tree", prefix="opt/app", exclude=lambda path: path == "skipped" or path.endswith(".pyc")
    )
    layout, digest = make_image(tmp_path / "layout", [layer])
    layout.verify(digest)
    assert members(layout, digest) == {
        "opt": (b"5", 0o755, b""),
        "opt/app": (b"5", 0o755, b""),
        "opt/app/bin": (b"5", 0o755, b""),
        "opt/app/bin/run": (b"0", 0o755, b"bin/run"),
        "opt/app/empty": (b"5", 0o755, b""),
        "opt/app/lib": (b"5", 0o755, b""),
        "opt/app/lib/data": (b"0", 0o644, b"lib/data"),
        "opt/app/link": (b"2", 0o777, b"/etc/passwd"),
    }


def test_names_of_every_kind_survive(tmp_path: Path) -> None:
    long = "x" * 120 + "/" + "y" * 200
    files: dict[str, bytes | SymbolicLink] = {long: b"1", "ünïcode": b"2", "a b\nc": b"3", "l": SymbolicLink("z" * 300)}
    layout, digest = make_image(tmp_path, [Layer.of_files(files)])
    layout.verify(digest)
    assert {name for name in members(layout, digest) if name in files} == set(files)


@pytest.mark.parametrize("gzip", [False, True])
def test_every_image_that_is_built_verifies(tmp_path: Path, gzip: bool) -> None:
    write_tree(tmp_path / "tree", ["a", "b/c"])
    (tmp_path / "tree" / "big").write_bytes(os.urandom(3 * 1024 * 1024 + 17))
    layers = [Layer.of_folder(tmp_path / "tree", prefix="", gzip=gzip), Layer.of_files({}, gzip=gzip)]
    layout, digest = make_image(tmp_path / "layout", layers)
    assert layout.verify(digest).inventory.entries == 4


def test_a_layer_larger_than_the_memory_for_it_is_streamed(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    with (tmp_path / "tree" / "model.bin").open("wb") as stream:
        stream.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    layout, digest = make_image(tmp_path / "layout", [Layer.of_folder(tmp_path / "tree", prefix="app")])
    layout.verify(digest)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


def test_a_socket_or_pipe_in_the_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    os.mkfifo(tmp_path / "tree" / "pipe")
    with pytest.raises(ValueError, match="pipe"):
        Layer.of_folder(tmp_path / "tree", prefix="app")


def test_the_run_configuration_stands_in_the_image(tmp_path: Path) -> None:
    import json

    layout = OciLayout.create(tmp_path)
    run = RunConfig(environment={"A": "1"}, command=("run", "x"), user="1001", labels={"l": "v"})
    digest = build_image([Layer.of_files({"a": b""})], layout, "1", run)
    config = json.loads(blob_path(layout, layout.manifest(digest).config.digest).read_text())
    assert config["config"] == {"Env": ["A=1"], "Cmd": ["run", "x"], "User": "1001", "Labels": {"l": "v"}}
