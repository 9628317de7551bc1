"""`mlgate check`: what it tells of a project's files, and `--fix`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import mlgate

BICEP = """\
resource st 'Microsoft.Storage/storageAccounts@2023-01-01' = [for i in range(0, 2): {
  name: 'st${i}'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    allowBlobPublicAccess: true
    adminPassword: 'hunter2-hunter2'
    minimumTlsVersion: tls
  }
}]
param tls string = 'TLS1_0'
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "main.bicep").write_text(BICEP)
    (tmp_path / "vendor").mkdir()
    (tmp_path / "mlgate.yml").write_text(
        "schema: mlgate/project/v1\ncheck:\n  checks: [policy]\n"
        "  exclude: [{path: vendor/, reason: copied from elsewhere}]\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(mlgate, ["check", "--no-cache", *arguments])


def test_the_console_shows_lines_fix_page_and_tables_and_no_secret(project: Path) -> None:
    result = run()
    assert result.exit_code == 1
    for part in (
        "  main.bicep  (",
        "> 7 |     allowBlobPublicAccess: true\n",
        "            allowBlobPublicAccess: false\n",
        "(mlgate rule show MLG-STORAGE-ANONYMOUS-BLOB)",
        "so in 2 places that use it",
        "Left out (",
        "copied from elsewhere",
        "By rule (",
        "By file (1)",
    ):
        assert part in result.stdout, part
    assert "hunter2" not in result.output


def test_json_has_excerpts_fixes_and_rules(project: Path) -> None:
    document = json.loads(run("--format", "json").stdout)
    assert document["kind"] == "check"
    (one,) = (item for item in document["findings"] if item["rule"] == "MLG-STORAGE-ANONYMOUS-BLOB")
    assert one["excerpt"]["lines"][2] == "    allowBlobPublicAccess: true"
    assert one["excerpt"]["marked"] == 7
    assert one["fix"] == {"language": "bicep", "text": "allowBlobPublicAccess: false"}
    (rule,) = (item for item in document["rules"] if item["id"] == "MLG-STORAGE-ANONYMOUS-BLOB")
    assert rule["page"].startswith("# MLG-STORAGE-ANONYMOUS-BLOB")
    assert any("copied from elsewhere" in note for note in document["left_out"])


def test_a_fix_is_shown_and_nothing_is_written(project: Path) -> None:
    result = run("--fix")
    assert result.exit_code == 1
    assert "\n-    allowBlobPublicAccess: true\n+    allowBlobPublicAccess: false\n" in result.stdout
    assert "can be mended: --write does it" in result.stdout
    assert "MLG-STORAGE-TLS: minimumTlsVersion is given by an expression: tls" in result.stdout
    assert "hunter2" not in result.output
    assert (project / "main.bicep").read_text() == BICEP


def test_a_machine_format_keeps_standard_output_to_itself(project: Path) -> None:
    result = run("--fix", "--format", "json")
    assert json.loads(result.stdout)["kind"] == "check"
    assert "+    allowBlobPublicAccess: false\n" in result.stderr


def test_a_fix_is_written_and_the_report_is_that_of_what_stands_there_then(project: Path) -> None:
    before = {one["rule"] for one in json.loads(run("--format", "json").stdout)["findings"]}
    result = run("--fix", "--write", "--format", "json")
    after = {one["rule"] for one in json.loads(result.stdout)["findings"]}
    assert result.exit_code == 1
    assert {"MLG-STORAGE-ANONYMOUS-BLOB", "MLG-STORAGE-SHARED-KEY"} <= before - after
    assert "MLG-STORAGE-TLS" in after
    assert not after - before
    text = (project / "main.bicep").read_text()
    assert "allowBlobPublicAccess: false\n" in text
    assert "    allowSharedKeyAccess: false\n" in text
    assert "minimumTlsVersion: tls\n" in text
    again = run("--fix", "--write")
    assert "0 findings in 0 places of 0 files mended" in again.stdout
    assert (project / "main.bicep").read_text() == text


@pytest.mark.parametrize(
    "arguments", [("--write",), ("--fix", "--write-baseline", "b.yml", "--owner", "a@b.example", "--reason", "x")]
)
def test_a_mistake_in_the_options_is_a_usage_error(project: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
    assert sorted(path.name for path in project.iterdir()) == ["main.bicep", "mlgate.yml", "vendor"]
