"""Values of Secrets: hidden, unless a placeholder stands there."""

from __future__ import annotations

from pathlib import Path

from resource_readers.interface import ReadRequest, Unknown
from resource_readers.registry import read_resources


def test_values_are_hidden_and_placeholders_are_not_known(tmp_path: Path) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n"
        "data: {a: aGVsbG8=, b: <encoded_secret>, c: '', d: '${VALUE}', e: 'abc<x>'}\n"
        "stringData: {f: hunter2}\n"
    )
    (secret,) = read_resources(ReadRequest(root=tmp_path, path=file)).resources
    data = secret.properties["data"]
    assert (data["a"], data["c"], data["e"]) == ("[redacted]", "", "[redacted]")
    assert isinstance(data["b"], Unknown)
    assert isinstance(data["d"], Unknown)
    assert secret.properties["stringData"] == {"f": "[redacted]"}
