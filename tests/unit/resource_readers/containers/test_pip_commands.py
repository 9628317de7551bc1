"""What RUN installs with pip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.registry import read_resources


def read(root: Path, text: str, **files: str) -> ReadResult:
    (root / "Dockerfile").write_text(text)
    for name, content in files.items():
        (root / name.replace("_", ".")).write_text(content)
    return read_resources(ReadRequest(root=root, path=root / "Dockerfile"))


def properties(root: Path, run: str, **files: str) -> dict[str, Any]:
    result = read(root, f"FROM python:3.12\n{run}\n", **files)
    assert result.not_read == ()
    (one,) = result.resources
    found: dict[str, Any] = one.properties
    return found


@pytest.mark.parametrize(
    ("run", "names"),
    [
        ("RUN pip install numpy==1.26.4 pandas", {"numpy": True, "pandas": False}),
        ("RUN apt-get update && pip3 install --no-cache-dir -U scipy", {"scipy": False}),
        ("RUN python -m pip install mlflow==2.10.0", {"mlflow": True}),
        ("RUN /opt/venv/bin/pip install a==1", {"a": True}),
        ("RUN uv pip install --system a==1 b", {"a": True, "b": False}),
        ('RUN ["pip", "install", "a==1"]', {"a": True}),
        ("RUN if true; then pip install a; fi", {"a": False}),
        ("RUN <<EOF\npip install a==2\nEOF", {"a": True}),
        ("RUN pip install --target /x --timeout 10 a==1", {"a": True}),
        ("RUN pip install . ./local /tmp/x.whl dist/y.whl", {}),
        ("RUN pip install -e .", {}),
        ("RUN pip uninstall -y numpy && pip list", {}),
        ("RUN echo pip install numpy", {}),
        ("RUN apt-get install -y python3-pip", {}),
        ("RUN pip install 'numpy>=1.26,<2'", {"numpy": False}),
        ("RUN pip install numpy>=1.26", {"numpy": False}),
    ],
)
def test_packages_of_pip(tmp_path: Path, run: str, names: dict[str, bool]) -> None:
    found = properties(tmp_path, run).get("pipPackages", [])
    assert {one["name"]: one["exact"] for one in found} == names


def test_options_and_addresses(tmp_path: Path) -> None:
    found = properties(
        tmp_path,
        "RUN pip install --extra-index-url https://example.com/simple --trusted-host=example.com -i https://i.example"
        " git+https://example.com/x.git@main -e git+https://example.com/y.git#egg=y",
    )
    assert found["pipOptions"] == [
        {"option": "--extra-index-url", "value": "https://example.com/simple"},
        {"option": "--trusted-host", "value": "example.com"},
        {"option": "--index-url", "value": "https://i.example"},
    ]
    assert [one["url"] for one in found["pipPackages"]] == [
        "git+https://example.com/x.git@main",
        "git+https://example.com/y.git#egg=y",
    ]
    assert found["pipPackages"][1]["editable"] is True


def test_a_requirement_file_beside_the_dockerfile_is_followed(tmp_path: Path) -> None:
    found = properties(tmp_path, "RUN pip install -r /app/requirements.txt", requirements_txt="numpy\nscipy==1.0\n")
    assert {one["name"]: (one["exact"], one["file"]) for one in found["pipPackages"]} == {
        "numpy": (False, "requirements.txt"),
        "scipy": (True, "requirements.txt"),
    }


def test_a_requirement_file_that_is_not_there_and_a_variable_are_unknown(tmp_path: Path) -> None:
    found = properties(tmp_path, "RUN pip install -r $FILE numpy==$VERSION")
    assert [type(one["exact"]) for one in found["pipPackages"]] == [Unknown, Unknown]
    assert found["pipPackages"][1]["name"] == "numpy"


def test_a_package_stands_where_its_run_stands(tmp_path: Path) -> None:
    (one,) = read(tmp_path, "FROM a:1\nRUN true\nRUN pip install b\n").resources
    assert one.line("properties", "pipPackages", 0) == 3


def test_a_script_that_is_too_deep_is_named(tmp_path: Path) -> None:
    result = read(tmp_path, "FROM a:1\nRUN " + "$(" * 60 + "pip install b" + ")" * 60 + "\n")
    assert "nested deeper" in result.not_read[0].reason


def test_a_requirement_with_a_hundred_hashes_is_one(tmp_path: Path) -> None:
    hashes = " \\\n".join(f"    --hash=sha256:{number:064x}" for number in range(100))
    found = properties(tmp_path, "RUN pip install -r requirements.txt", requirements_txt=f"cffi==2.1.1 \\\n{hashes}\n")
    (one,) = found["pipPackages"]
    assert (one["name"], one["exact"], len(one["hashes"]), one.get("valid")) == ("cffi", True, 100, None)
