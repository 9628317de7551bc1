"""Bicep projects made to take for ever, by name; each is stopped, and what was not read is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from resource_readers.bicep import parser, scanning
from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.registry import read_resources

VAULT = "resource kv 'Microsoft.KeyVault/vaults@2023-07-01' = { name: 'kv' }\n"


def read(tmp_path: Path, files: dict[str, str]) -> ReadResult:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return read_resources(ReadRequest(root=tmp_path, path=Path("main.bicep")))


def twice(number: int) -> str:
    """Uses the next module twice."""
    return "".join(f"module m{k} 'm{number}.bicep' = {{ name: 'm{k}' }}\n" for k in range(2))


def chain(text: str, length: int) -> dict[str, str]:
    """Files that each refer to the next one, N standing for its number."""
    files = {f"m{number}.bicep": text.replace("N", str(number + 1)) for number in range(1, length)}
    return {"main.bicep": text.replace("N", "1"), **files, f"m{length}.bicep": VAULT}


CASES: dict[str, dict[str, str]] = {
    "module-cycle": {"main.bicep": twice(1), "m1.bicep": "module a 'main.bicep' = { name: 'a' }"},
    "module-chain": chain("module a 'mN.bicep' = { name: 'a' }", 40),
    "import-cycle": {"main.bicep": "import { a } from 'm1.bicep'", "m1.bicep": "import { b } from 'main.bicep'"},
    "import-chain": chain("import * as a from 'mN.bicep'", 40),
    "thousands-of-modules": {
        "main.bicep": "".join(f"module m{k} 'm{k}.bicep' = {{ name: 'm{k}' }}\n" for k in range(2_100)),
        **{f"m{k}.bicep": VAULT for k in range(2_100)},
    },
    "deep-brackets": {"main.bicep": "var a = " + "[" * 10_000},
    "deep-types": {"main.bicep": "type a = " + "{a: " * 10_000},
    "deep-resources": {"main.bicep": VAULT.replace(" }\n", "\n") * 1_000},
    "many-signs": {"main.bicep": "var a = " + "!" * 100_000 + "true"},
    "many-accesses": {"main.bicep": "var a = a" + ".b" * 100_000},
    "many-lines": {"main.bicep": "\n" * 1_100_000},
    "many-statements": {"main.bicep": "param a string\n" * 21_000},
    "unterminated-text": {"main.bicep": "var a = '''" + "x" * 100_000},
    "unterminated-values": {"main.bicep": "var a = $'''${x\n" * 1_000},
    "unterminated-comment": {"main.bicep": "param a {\n/*\n" * 5_000},
    "out-of-the-root": {"main.bicep": "module a '../../../../etc/passwd' = { name: 'a' }"},
    "not-a-file": {"main.bicep": "module a '.' = { name: 'a' }"},
}


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_project_is_stopped_and_named(tmp_path: Path, case: str) -> None:
    result = read(tmp_path, CASES[case])
    assert result.not_read
    assert "mlgate itself failed" not in repr(result.not_read)


@pytest.mark.slow
def test_modules_that_double_at_each_level_are_stopped(tmp_path: Path) -> None:
    files = {"main.bicep": twice(1), **{f"m{n}.bicep": twice(n + 1) for n in range(1, 19)}, "m19.bicep": VAULT}
    result = read(tmp_path, files)
    assert any("stopped here" in one.reason for one in result.not_read)


def test_files_that_are_imported_twice_at_each_level_are_read_once(tmp_path: Path) -> None:
    both = "import * as a from 'mN.bicep'\nimport * as b from 'mN.bicep'\n"
    result = read(tmp_path, {**chain(both, 19), "m19.bicep": "var x = 1\n"})
    assert (len(result.files), result.not_read) == (20, ())


def test_the_number_of_values_and_types_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "MAXIMUM_NODES", 1_000)
    monkeypatch.setattr(parser, "MAXIMUM_LINES", 3_000)
    for text in ("var a = [\n" + "1\n" * 2_000 + "]", "type a = " + "|'a'" * 2_000, "param a string" + "[]" * 2_000):
        assert "more than 1,000 values" in read(tmp_path, {"main.bicep": text}).not_read[0].reason
    assert "more than 3,000 lines" in read(tmp_path, {"main.bicep": "\r" * 4_000}).not_read[0].reason
