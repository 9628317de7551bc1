"""checkov's adapter over recorded output: what counts as looked at, and what becomes of everything else."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanners.checkov import INLINE_SKIP_RULE, CheckovScanner, severities
from scanners.checkov_report import BadReportError, logged_errors, parse_report
from scanners.checkov_templates import Template, read_template
from scanners.interface import ScanContext
from scanners.running import run_scanner
from tests.fakes.fake_checkov import NOTHING, RECORDED_OUTPUT, build_checkov_scanner, checkov_tool
from tests.fakes.fake_tools import FakeToolbox, calls_of, fake_toolbox
from verdicts import Completed, Finding, NotCompleted, Outcome, Reason, Severity

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
STORAGE = {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "st", "properties": {}}


def context(folder: Path, toolbox: FakeToolbox) -> ScanContext:
    for name in ("project", "workspace"):
        (folder / name).mkdir(exist_ok=True)
    return ScanContext(
        root=folder / "project",
        workspace=folder / "workspace",
        now=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
        tools=toolbox,
        timeout_s=60,
    )


def scan_recorded(folder: Path, change: Callable[[Any], object], *, exit_code: int = 0) -> tuple[Outcome, ...]:
    """The recorded scan of vault.json (ARM, first report) and identity.bicep (second), with the output changed."""
    output = json.loads(RECORDED_OUTPUT)
    change(output)
    (folder / "bin").mkdir()
    toolbox = fake_toolbox(folder / "bin", checkov_tool(json.dumps(output), exit_code))
    scanning = context(folder, toolbox)
    return run_scanner(build_checkov_scanner(scanning.root), scanning)


def scan_file(folder: Path, name: str, content: object) -> NotCompleted:
    """The single could-not-check that a file leads to which checkov is never started for, or takes nothing of."""
    (folder / "bin").mkdir(exist_ok=True)
    scanning = context(folder, fake_toolbox(folder / "bin", checkov_tool(NOTHING)))
    text = content if isinstance(content, str) else json.dumps(content)
    (scanning.root / name).write_text(text)
    outcomes = run_scanner(CheckovScanner((Path(name),)), scanning)
    assert len(outcomes) == 1
    assert isinstance(outcomes[0], NotCompleted)
    return outcomes[0]


def move(record: dict[str, Any], report: dict[str, Any], kind: str) -> None:
    """Turns a passed check into one of another kind, with the summary to match."""
    results, summary = report["results"], report["summary"]
    results["passed_checks"].remove(record)
    summary["passed"] -= 1
    record["check_result"] = {"result": kind.upper(), "suppress_comment": " because I can"}
    results[f"{kind}_checks"].append(record)
    summary[kind] += 1


def drop(report: dict[str, Any], resource: str) -> None:
    """Takes every result of a resource out of a report."""
    kept = [record for record in report["results"]["passed_checks"] if record["resource"] != resource]
    report["results"]["passed_checks"] = kept
    report["summary"]["passed"] = len(kept)


def gaps(outcomes: tuple[Outcome, ...]) -> list[NotCompleted]:
    return [outcome for outcome in outcomes if isinstance(outcome, NotCompleted)]


def findings(outcomes: tuple[Outcome, ...]) -> list[Finding]:
    return [finding for outcome in outcomes for finding in outcome.findings]


def located(outcome: NotCompleted) -> str:
    assert outcome.location is not None
    return outcome.location.path


# What must be proven


def test_both_templates_of_the_recording_count_with_tool_and_digests(tmp_path: Path) -> None:
    (outcome,) = scan_recorded(tmp_path, lambda _: None)
    assert isinstance(outcome, Completed)
    assert (outcome.examined, outcome.unit, outcome.findings) == (2, "templates", ())
    assert [item.name for item in outcome.evidence.inputs] == ["vault.json", "identity.bicep"]
    assert outcome.evidence.tools[0].version == "3.3.30"
    assert outcome.notes == (
        "checkov has no check for: Microsoft.Authorization/roleAssignments, "
        "Microsoft.ManagedIdentity/userAssignedIdentities",
    )


def test_a_resource_that_was_not_visited_is_named(tmp_path: Path) -> None:
    outcomes = scan_recorded(tmp_path, lambda output: drop(output[0], "Microsoft.KeyVault/vaults.kv-credit-risk"))
    (gap,) = gaps(outcomes)
    assert (located(gap), gap.reason) == ("vault.json", Reason.INCOMPLETE)
    assert "microsoft.keyvault/vaults" in gap.detail
    completed = [outcome for outcome in outcomes if isinstance(outcome, Completed)]
    assert [item.name for item in completed[0].evidence.inputs] == ["identity.bicep"]


def test_a_bicep_file_without_the_sign_of_having_been_read_is_a_gap(tmp_path: Path) -> None:
    outcomes = scan_recorded(tmp_path, lambda output: drop(output[1], "Microsoft.Mlgate/canaries.mlgateCanary"))
    assert [located(gap) for gap in gaps(outcomes)] == ["identity.bicep"]


def test_a_missing_report_of_one_language_is_a_gap_for_its_files(tmp_path: Path) -> None:
    outcomes = scan_recorded(tmp_path, lambda output: output.pop())
    assert [located(gap) for gap in gaps(outcomes)] == ["identity.bicep"]


def test_own_checks_without_the_visiting_one_do_not_prove_a_visit(tmp_path: Path) -> None:
    def change(output: Any) -> None:
        passed = output[0]["results"]["passed_checks"]
        kept = [record for record in passed if record["check_id"] != "MLG_CHECKOV_VISITED"]
        output[0]["results"]["passed_checks"] = kept
        output[0]["summary"]["passed"] = len(kept)

    assert [located(gap) for gap in gaps(scan_recorded(tmp_path, change))] == ["vault.json"]


def test_a_file_that_checkov_could_not_parse_is_named(tmp_path: Path) -> None:
    def change(output: Any) -> None:
        output[1]["results"] = {
            "passed_checks": [],
            "failed_checks": [],
            "skipped_checks": [],
            "parsing_errors": ["{{after:--directory}}/0001/template.bicep"],
        }
        output[1]["summary"] |= {"passed": 0, "parsing_errors": 1, "resource_count": 0}

    (gap,) = gaps(scan_recorded(tmp_path, change))
    assert (located(gap), gap.reason) == ("identity.bicep", Reason.UNREADABLE_INPUT)


def test_checks_that_broke_inside_checkov_are_seen_in_its_log() -> None:
    line = (
        "2026-11-21 08:06:21,426 [MainThread  ] [ERROR]  Failed to run check CKV_AZURE_183 on "
        "/tmp/mlgate/staged/0007/template.json:Microsoft.Network/virtualNetworks.x"
    )
    elsewhere = "2026-11-21 08:06:21,426 [MainThread  ] [ERROR]  Cannot load external check 'mlgate_visited'"
    errors = logged_errors(["Traceback (most recent call last):", line, "KeyError: 'x'", elsewhere])
    assert [number for number, _ in errors] == [7, None]
    assert "CKV_AZURE_183" in errors[0][1]
    assert "/tmp" not in errors[0][1]


# What is found


def test_a_failed_check_is_a_finding_at_its_line_in_the_real_file(tmp_path: Path) -> None:
    def change(output: Any) -> None:
        record = next(r for r in output[0]["results"]["passed_checks"] if r["check_id"] == "CKV_AZURE_189")
        move(record, output[0], "failed")

    (finding,) = findings(scan_recorded(tmp_path, change, exit_code=1))
    assert (finding.rule_id, finding.severity) == ("CKV_AZURE_189", Severity.HIGH)
    assert str(finding.location) == "vault.json:5"
    assert finding.resource == "Microsoft.KeyVault/vaults.kv-credit-risk"
    assert finding.remediation


def test_a_check_switched_off_in_the_template_is_a_finding_itself(tmp_path: Path) -> None:
    def change(output: Any) -> None:
        record = next(r for r in output[0]["results"]["passed_checks"] if r["check_id"] == "CKV_AZURE_189")
        move(record, output[0], "skipped")

    (finding,) = findings(scan_recorded(tmp_path, change))
    assert (finding.rule_id, finding.severity) == (INLINE_SKIP_RULE, Severity.HIGH)
    assert finding.subject == "CKV_AZURE_189"
    assert "because I can" in finding.message
    assert Path(__file__).parents[3].joinpath(finding.documentation).is_file()


def test_findings_of_a_template_that_was_not_looked_at_in_full_still_count(tmp_path: Path) -> None:
    def change(output: Any) -> None:
        record = next(r for r in output[0]["results"]["passed_checks"] if r["check_id"] == "CKV_AZURE_189")
        move(record, output[0], "failed")
        drop(output[0], "Microsoft.Authorization/roleAssignments.[guid(resourceGroup().id, 'kv-reader')]")

    outcomes = scan_recorded(tmp_path, change, exit_code=1)
    assert [finding.rule_id for gap in gaps(outcomes) for finding in gap.findings] == ["CKV_AZURE_189"]


def test_no_check_is_rated_twice_and_unrated_ones_get_the_default() -> None:
    assert severities()[""] is Severity.MEDIUM
    text = (Path(__file__).parents[3] / "scanners" / "data" / "checkov-severities.yml").read_text()
    rated = [line.split()[1] for line in text.splitlines() if line.startswith("  - ")]
    assert len(rated) == len(set(rated)) == len(severities()) - 1


# What is not believed


@pytest.mark.parametrize("exit_code", [2, 3, 255])
def test_an_exit_code_outside_the_table_is_a_crash(tmp_path: Path, exit_code: int) -> None:
    (gap,) = gaps(scan_recorded(tmp_path, lambda _: None, exit_code=exit_code))
    assert gap.reason is Reason.CRASHED


def test_exit_code_and_output_that_contradict_each_other_are_not_believed(tmp_path: Path) -> None:
    (gap,) = gaps(scan_recorded(tmp_path, lambda _: None, exit_code=1))
    assert gap.reason is Reason.BAD_OUTPUT


def _first(output: Any) -> Any:
    return output[0]["results"]["passed_checks"][0]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda output: output[0].update(check_type="terraform"), id="another kind of report"),
        pytest.param(lambda output: output[0]["summary"].update(passed=99), id="a summary that counts otherwise"),
        pytest.param(lambda output: output[0]["summary"].update(failed=1), id="a failed check that isn't listed"),
        pytest.param(lambda output: output[0]["summary"].pop("checkov_version"), id="no version"),
        pytest.param(lambda output: output[0].pop("results"), id="no results"),
        pytest.param(lambda output: output[0]["results"].pop("failed_checks"), id="no failed checks"),
        pytest.param(lambda output: _first(output).update(file_path="/elsewhere.json"), id="a file of nobody"),
        pytest.param(lambda output: _first(output).update(file_path="/0007/template.json"), id="a file too many"),
        pytest.param(lambda output: _first(output).update(check_id="<script>"), id="no check id"),
        pytest.param(lambda output: _first(output).update(file_line_range=[]), id="no line"),
        pytest.param(lambda output: _first(output)["check_result"].update(result="FAILED"), id="a failed passed check"),
        pytest.param(lambda output: output.clear(), id="an empty list"),
        pytest.param(lambda output: output.append("ok"), id="a text among the reports"),
    ],
)
def test_output_of_another_shape_is_not_believed(tmp_path: Path, change: Callable[[Any], object]) -> None:
    outcomes = scan_recorded(tmp_path, change)
    assert [gap.reason for gap in gaps(outcomes)] == [Reason.BAD_OUTPUT]
    assert len(outcomes) == 1


def test_a_bare_summary_that_counts_something_is_not_believed() -> None:
    with pytest.raises(BadReportError):
        parse_report(NOTHING.replace('"passed": 0', '"passed": 3').encode())


# What never gets to checkov, or nothing of it


def test_no_file_at_all_is_nothing_examined(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    scanning = context(tmp_path, fake_toolbox(tmp_path / "bin", checkov_tool()))
    (outcome,) = run_scanner(CheckovScanner(()), scanning)
    assert isinstance(outcome, NotCompleted)
    assert outcome.reason is Reason.NOTHING_EXAMINED


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.json", "", Reason.UNREADABLE_INPUT),
        ("comment.json", "{ // ARM's tools take comments\n}", Reason.UNREADABLE_INPUT),
        ("twice.json", '{"$schema": "a", "$schema": "b"}', Reason.UNREADABLE_INPUT),
        ("other.json", {"name": "package"}, Reason.UNSUPPORTED),
        ("list.json", [1, 2], Reason.UNSUPPORTED),
        ("parameters.json", {"$schema": SCHEMA.replace("Template", "Parameters")}, Reason.UNSUPPORTED),
        ("none.json", {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": []}, Reason.NOTHING_EXAMINED),
        ("main.tf", 'resource "x" "y" {}', Reason.UNSUPPORTED),
        ("main.bicepparam", "using 'main.bicep'", Reason.UNSUPPORTED),
    ],
)
def test_what_is_no_template_is_a_gap_with_its_name(tmp_path: Path, name: str, content: object, reason: Reason) -> None:
    gap = scan_file(tmp_path, name, content)
    assert (located(gap), gap.reason) == (name, reason)
    assert gap.remedy


@pytest.mark.parametrize(
    "content",
    [
        {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [STORAGE]},
        {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "Resources": [STORAGE]},
        {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "languageVersion": "2.0", "resources": {"st": STORAGE}},
        {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": ["not a resource"]},
    ],
)
def test_an_exit_code_of_0_without_a_visit_is_a_gap(tmp_path: Path, content: object) -> None:
    gap = scan_file(tmp_path, "template.json", content)
    assert (located(gap), gap.reason) == ("template.json", Reason.INCOMPLETE)


def test_a_link_that_leaves_the_project_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    scanning = context(tmp_path, fake_toolbox(tmp_path / "bin", checkov_tool()))
    (tmp_path / "outside.json").write_text(json.dumps({"$schema": SCHEMA, "resources": [STORAGE]}))
    (scanning.root / "inside.json").symlink_to(tmp_path / "outside.json")
    (outcome,) = run_scanner(CheckovScanner((Path("inside.json"),)), scanning)
    assert isinstance(outcome, NotCompleted)
    assert (located(outcome), outcome.reason) == ("inside.json", Reason.UNREADABLE_INPUT)


def test_names_of_files_never_reach_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    toolbox = fake_toolbox(tmp_path / "bin", checkov_tool(NOTHING))
    scanning = context(tmp_path, toolbox)
    for name in ("--config-file=x.json", "a b.json"):
        (scanning.root / name).write_text(json.dumps({"$schema": SCHEMA, "resources": [STORAGE]}))
    outcomes = run_scanner(CheckovScanner((Path("--config-file=x.json"), Path("a b.json"))), scanning)
    assert {located(gap) for gap in gaps(outcomes)} == {"--config-file=x.json", "a b.json"}
    (arguments,) = calls_of(Path(toolbox.tools["checkov"].argv[0]))
    assert not any("config-file" in argument or "a b" in argument for argument in arguments)


# What a template declares


def template(folder: Path, name: str, text: str) -> Template:
    (folder / name).write_text(text)
    read = read_template(Path(name), folder)
    assert isinstance(read, Template)
    return read


def test_children_and_nested_deployments_are_declared_resources(tmp_path: Path) -> None:
    child = {"type": "blobServices", "name": "default"}
    nested = {
        "type": "Microsoft.Resources/deployments",
        "name": "nested",
        "properties": {
            "template": {"$schema": SCHEMA, "resources": [{"type": "Microsoft.KeyVault/vaults", "name": "k"}]}
        },
    }
    content = {"$schema": SCHEMA, "resources": [STORAGE | {"resources": [child]}, nested]}
    read = template(tmp_path, "t.json", json.dumps(content))
    assert sorted(resource.type for resource in read.declared) == [
        "blobservices",
        "microsoft.keyvault/vaults",
        "microsoft.resources/deployments",
        "microsoft.storage/storageaccounts",
    ]


def test_a_linked_template_is_one_that_nobody_looked_at(tmp_path: Path) -> None:
    linked = {
        "type": "Microsoft.Resources/deployments",
        "name": "l",
        "properties": {"templateLink": {"uri": "https://example.com/t.json"}},
    }
    read = template(tmp_path, "t.json", json.dumps({"$schema": SCHEMA, "resources": [linked]}))
    assert read.elsewhere == (("https://example.com/t.json", None),)


def test_bicep_resources_and_modules_are_seen(tmp_path: Path) -> None:
    text = (
        "// resource commented 'Microsoft.Storage/storageAccounts@2023-01-01' = {}\n"
        "resource st 'Microsoft.Storage/storageAccounts@2023-01-01' = {\n  name: 'st'\n"
        "  resource blobs 'blobServices' = {\n    name: 'default'\n  }\n}\n"
        "module local 'modules/vault.bicep' = {\n  name: 'v'\n}\n"
        "module far 'br/public:avm/res/key-vault/vault:0.9.0' = {\n  name: 'f'\n}\n"
    )
    read = template(tmp_path, "main.bicep", text)
    assert [(resource.type, resource.line) for resource in read.declared] == [
        ("microsoft.storage/storageaccounts", 2),
        ("blobservices", 4),
    ]
    assert read.elsewhere == (
        ("modules/vault.bicep", tmp_path / "modules" / "vault.bicep"),
        ("br/public:avm/res/key-vault/vault:0.9.0", None),
    )


def test_what_checkov_gets_keeps_every_line_in_its_place(tmp_path: Path) -> None:
    text = '{\r\n"$schema": "' + SCHEMA + '",\r\n"resources": [{"type": "a", "name": "[toLower(trim(\'X\'))]"}]}\r\n'
    (tmp_path / "t.json").write_text(text, newline="")
    read = read_template(Path("t.json"), tmp_path)
    assert isinstance(read, Template)
    assert read.staged.splitlines()[2].endswith("\"[toLower (trim ('X'))]\"}]}")
    assert read.staged.count("\n") == text.count("\n")


# Parameters files


PARAMETERISED = """{
  "$schema": "SCHEMA",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "access": { "type": "string", "defaultValue":
      "Disabled" },
    "Name": {"type": "string"}, "zone": {"defaultValue": {"a": [1, 2]}, "type": "object"}
  },
  "resources": [{"type": "a", "name": "[parameters('name')]"}]
}
""".replace("SCHEMA", SCHEMA)
PARAMETERISED_BICEP = """\
// é, two bytes
@description('who gets in')
param access string = 'Disabled' // closed
param Name string
param zones array = [
  'one'
]

resource st 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: Name
}
"""


def with_parameters(folder: Path, name: str, text: str, parameters: object) -> Template | NotCompleted:
    (folder / name).write_text(text)
    (folder / "values.json").write_text(json.dumps(parameters))
    return read_template(Path(name), folder, Path("values.json"))


def values(**named: object) -> dict[str, object]:
    return {"parameters": {name: {"value": value} for name, value in named.items()}}


def test_values_replace_the_defaults_of_an_arm_template_line_for_line(tmp_path: Path) -> None:
    given = values(access="Enabled", name='it\'s "x"', zone={"b": None})
    read = with_parameters(tmp_path, "t.json", PARAMETERISED, given)
    assert isinstance(read, Template)
    staged = json.loads(read.staged)["parameters"]
    assert [staged[name]["defaultValue"] for name in ("access", "Name", "zone")] == [
        "Enabled",
        'it\'s "x"',
        {"b": None},
    ]
    assert read.staged.count("\n") == PARAMETERISED.count("\n")
    assert read.staged.splitlines()[-2:] == PARAMETERISED.splitlines()[-2:]
    assert read.parameters is not None
    assert read.parameters.name == "values.json"


def test_values_replace_the_defaults_of_a_bicep_file_line_for_line(tmp_path: Path) -> None:
    given = values(access="Ena'bled ${x}", name="n", zones=["two", {"a": 1}])
    read = with_parameters(tmp_path, "t.bicep", PARAMETERISED_BICEP, given)
    assert isinstance(read, Template)
    lines = read.staged.splitlines()
    assert lines[2] == "param access string = 'Ena\\'bled \\${x}' // closed"
    assert lines[3] == "param Name string = 'n'"
    assert lines[4] == "param zones array = ['two', { 'a': 1 }]"
    assert lines[8] == PARAMETERISED_BICEP.splitlines()[8]


def test_a_secret_from_a_vault_keeps_the_default(tmp_path: Path) -> None:
    given = {"parameters": {"access": {"reference": {"keyVault": {"id": "x"}, "secretName": "y"}}}}
    read = with_parameters(tmp_path, "t.json", PARAMETERISED, given)
    assert isinstance(read, Template)
    assert json.loads(read.staged)["parameters"]["access"]["defaultValue"] == "Disabled"


@pytest.mark.parametrize(("name", "text"), [("t.json", PARAMETERISED), ("t.bicep", PARAMETERISED_BICEP)])
@pytest.mark.parametrize("parameters", [values(other=1), {"parameters": [1]}, {"parameters": {"access": 1}}, []])
def test_parameters_that_do_not_fit_are_a_gap_with_the_names_of_both_files(
    tmp_path: Path, name: str, text: str, parameters: object
) -> None:
    read = with_parameters(tmp_path, name, text, parameters)
    assert isinstance(read, NotCompleted)
    assert located(read) == name
    assert "parameters" in read.detail


def test_missing_parameters_are_a_gap(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(PARAMETERISED)
    read = read_template(Path("t.json"), tmp_path, Path("missing.json"))
    assert isinstance(read, NotCompleted)
    assert "missing.json" in read.detail


def test_known_values_stand_in_for_names_in_bicep(tmp_path: Path) -> None:
    """checkov forgets defaults that are false, and every use but the first."""
    text = (
        "param secure bool = false\nvar action = 'Allow'\nparam open bool\nparam who string = '${action}ed'\n"
        "resource a 'x@1' = {\n  secure: secure\n  b: [secure, action]\n  c: open\n  d: who\n  e: x.secure\n"
        "  f: '${secure}'\n  g: secure ? 1 : 2\n}\n"
    )
    read = template(tmp_path, "t.bicep", text)
    assert read.staged.splitlines()[5:12] == [
        "  secure: false",
        "  b: [false, 'Allow']",
        "  c: open",
        "  d: who",
        "  e: x.secure",
        "  f: '${secure}'",
        "  g: secure ? 1 : 2",
    ]


@pytest.mark.parametrize(
    "bound",
    [
        "[for secure in items: {\n  a: secure\n}]",
        "[for (secure, index) in items: {\n  a: secure\n}]",
        "map(items, secure => {\n  a: secure\n})",
        "reduce(items, 0, (secure, next) => {\n  a: secure\n})",
    ],
)
def test_a_name_that_means_something_else_in_a_loop_stays(tmp_path: Path, bound: str) -> None:
    read = template(tmp_path, "t.bicep", f"param secure bool = false\nvar list = {bound}\n")
    assert read.staged.splitlines()[2] == "  a: secure"
