"""Our own reading of the layers: what a mounted image would show, and what hides in it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from scanners.image_builder import (
    DebianPackage,
    Layer,
    SymbolicLink,
    debian_base_layer,
    python_distributions_layer,
)
from scanners.image_inventory import ImageInventory, image_path
from tests.fakes.images import make_image, make_raw_image

SITE = "usr/local/lib/python3.11/site-packages"


def inventory_of(folder: Path, *layers: Layer) -> ImageInventory:
    layout, digest = make_image(folder, layers)
    return layout.verify(digest).inventory


def names(inventory: ImageInventory) -> list[tuple[str, str | None]]:
    return [(item.name, item.version) for item in inventory.python_distributions]


def metadata(name: str, version: str | None) -> bytes:
    return (f"Metadata-Version: 2.1\nName: {name}\n" + (f"Version: {version}\n" if version else "") + "\nbody").encode()


def test_distributions_of_every_installer_are_seen(tmp_path: Path) -> None:
    files = {
        f"{SITE}/a-1.dist-info/METADATA": metadata("a", "1"),
        f"{SITE}/b-2.egg-info/PKG-INFO": metadata("b", "2"),
        f"{SITE}/c-3.egg-info": metadata("c", "3"),
        f"{SITE}/d-4-py3.11.egg/EGG-INFO/PKG-INFO": metadata("d", "4"),
        f"{SITE}/e-5-py3.11.egg": b"PK\x03\x04",
        "opt/hidden/f-6.dist-info/METADATA": metadata("f", "6"),
    }
    inventory = inventory_of(tmp_path, Layer.of_files(files))
    assert sorted(names(inventory), key=str) == [
        ("a", "1"),
        ("b", "2"),
        ("c", "3"),
        ("d", "4"),
        ("e", None),
        ("f", "6"),
    ]


def test_metadata_without_name_or_version_is_a_distribution_without_a_version(tmp_path: Path) -> None:
    files = {
        f"{SITE}/a-1.dist-info/METADATA": metadata("a", None),
        f"{SITE}/b-2.dist-info/METADATA": b"Version: 2\n\n",
        f"{SITE}/c-3.dist-info/METADATA": b"",
    }
    assert names(inventory_of(tmp_path, Layer.of_files(files))) == [("a", None), ("b", None), ("c", None)]


def test_metadata_behind_a_link_is_a_distribution_without_a_version(tmp_path: Path) -> None:
    link = SymbolicLink("/opt/real")
    assert names(inventory_of(tmp_path, Layer.of_files({f"{SITE}/a-1.dist-info/METADATA": link}))) == [("a", None)]


@pytest.mark.parametrize(
    "hiding",
    [
        f"{SITE}/Jinja2-3.1.6.dist-info/.wh.METADATA",
        f"{SITE}/.wh.Jinja2-3.1.6.dist-info",
        "usr/.wh.local",
        f"{SITE}/.wh..wh..opq",
        "usr/.wh..wh..opq",
        ".wh..wh..opq",
        f"{SITE}/Jinja2-3.1.6.dist-info",
        f"./{SITE}//.wh.Jinja2-3.1.6.dist-info",
    ],
)
def test_what_a_higher_layer_hides_is_not_there(tmp_path: Path, hiding: str) -> None:
    inventory = inventory_of(tmp_path, python_distributions_layer({"Jinja2": "3.1.6"}), Layer.of_files({hiding: b""}))
    assert names(inventory) == []


@pytest.mark.parametrize("harmless", [f"{SITE}/.wh.other", f"{SITE}/.wh.Jinja2", "usr/.wh.loca", f"{SITE}/Jinja2/x.py"])
def test_what_nothing_hides_stays(tmp_path: Path, harmless: str) -> None:
    layers = python_distributions_layer({"Jinja2": "3.1.6"}), Layer.of_files({harmless: b""})
    assert names(inventory_of(tmp_path, *layers)) == [("Jinja2", "3.1.6")]


def test_a_whiteout_hides_nothing_of_its_own_layer_or_of_a_higher_one(tmp_path: Path) -> None:
    path = f"{SITE}/a-1.dist-info/METADATA"
    both = Layer.of_files({f"{SITE}/.wh..wh..opq": b"", path: metadata("a", "2")})
    assert names(inventory_of(tmp_path, Layer.of_files({path: metadata("a", "1")}), both)) == [("a", "2")]


def test_the_last_member_of_one_path_counts(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for version in ("1", "2"):
            info = tarfile.TarInfo("x/a.dist-info/METADATA")
            info.size = len(metadata("a", version))
            archive.addfile(info, io.BytesIO(metadata("a", version)))
    layout, digest = make_raw_image(tmp_path, [stream.getvalue()])
    assert names(layout.verify(digest).inventory) == [("a", "2")]


def test_debian_packages_are_the_installed_ones(tmp_path: Path) -> None:
    status = DebianPackage("libssl3", "3.0.17-1").stanza() + "\nPackage: gone\nStatus: deinstall ok config-files\n"
    layer = Layer.of_files({"var/lib/dpkg/status": (status + "Version: 1\n").encode()})
    assert inventory_of(tmp_path, layer).debian_packages == frozenset({("libssl3", "3.0.17-1")})


def test_distroless_package_files_count_as_well(tmp_path: Path) -> None:
    layer = Layer.of_files({"var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 2025b-0\n"})
    assert inventory_of(tmp_path, layer).debian_packages == frozenset({("tzdata", "2025b-0")})


@pytest.mark.parametrize(
    "change", [{"var/lib/dpkg/.wh.status": b""}, {"var/lib/dpkg/status": SymbolicLink("/dev/null")}]
)
def test_a_package_database_that_is_gone_or_a_link_is_none(
    tmp_path: Path, change: dict[str, bytes | SymbolicLink]
) -> None:
    layers = debian_base_layer([DebianPackage("libssl3", "1")]), Layer.of_files(change)
    assert inventory_of(tmp_path, *layers).debian_packages is None


def test_a_distribution_of_debian_belongs_to_its_package_unless_it_stands_below_usr_local(tmp_path: Path) -> None:
    debian, local = "usr/lib/python3/dist-packages/six-1.dist-info/METADATA", f"{SITE}/evil-1.dist-info/METADATA"
    inventory = inventory_of(
        tmp_path,
        debian_base_layer([DebianPackage("python3-six", "1.16.0-4")]),
        Layer.of_files(
            {
                debian: metadata("six", "1"),
                local: metadata("evil", "1"),
                "var/lib/dpkg/info/python3-six.list": f"/.\n/{debian}\n/{local}\n".encode(),
            }
        ),
    )
    assert [inventory.belongs_to_debian(item) for item in inventory.python_distributions] == [True, False]


def test_a_file_list_of_a_package_that_is_not_installed_excuses_nothing(tmp_path: Path) -> None:
    path = "usr/lib/python3/dist-packages/six-1.dist-info/METADATA"
    files = {path: metadata("six", "1"), "var/lib/dpkg/info/python3-six.list": f"/{path}\n".encode()}
    inventory = inventory_of(tmp_path, debian_base_layer([DebianPackage("libssl3", "1")]), Layer.of_files(files))
    assert not inventory.belongs_to_debian(inventory.python_distributions[0])


def test_what_lies_inside_a_distribution_and_stands_in_its_record_is_vendored(tmp_path: Path) -> None:
    inner, neighbour = "setuptools/_vendor/wheel-0.45.dist-info/METADATA", "evil-1.dist-info/METADATA"
    files = {
        f"{SITE}/setuptools-80.dist-info/METADATA": metadata("setuptools", "80"),
        f"{SITE}/setuptools-80.dist-info/RECORD": f"{inner},sha256=x,1\n{neighbour},,\n../../x,,\n".encode(),
        f"{SITE}/{inner}": metadata("wheel", "0.45"),
        f"{SITE}/{neighbour}": metadata("evil", "1"),
        f"{SITE}/other/_vendor/x-1.dist-info/METADATA": metadata("x", "1"),
    }
    found = {item.name: item.vendored_by for item in inventory_of(tmp_path, Layer.of_files(files)).python_distributions}
    assert found == {"setuptools": "", "wheel": "setuptools", "evil": "", "x": ""}


@pytest.mark.parametrize("name", ["/etc/x", "./etc/x", "etc//x", "../../etc/x", "etc/a/../x", "//etc/x"])
def test_every_spelling_of_a_path_is_the_same_path(name: str) -> None:
    assert image_path(name) == "etc/x"
