"""`mlgate policy`: what it prints and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import run
from cli.policy_commands import policy
from verdicts.errors import ConfigurationError, CouldNotCheckError

TYPE = "Microsoft.Storage/storageAccounts"
ALIAS = f"{TYPE}/minimumTlsVersion"


def _rule(effect: str, **details: Any) -> dict[str, Any]:
    conditions = [{"field": "type", "equals": TYPE}, {"field": ALIAS, "notEquals": "TLS1_2"}]
    then = {"effect": effect, **({"details": details} if details else {})}
    return {
        "name": f"tls-{effect}".lower(),
        "properties": {
            "displayName": f"TLS ({effect})",
            "mode": "Indexed",
            "metadata": {"category": "Storage"},
            "policyRule": {"if": {"allOf": conditions}, "then": then},
        },
    }


def _store(**properties: Any) -> dict[str, Any]:
    return {"type": TYPE, "name": "st", "location": "westeurope", "properties": properties}


GOOD, BAD = _store(minimumTlsVersion="TLS1_2"), _store(minimumTlsVersion="TLS1_0")
OPEN = _store(minimumTlsVersion={"$unknown": "the parameter 'tls' has no value"})


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    operation = {"operation": "addOrReplace", "field": ALIAS, "value": "TLS1_2"}
    modify = _rule("modify", roleDefinitionIds=["x"], operations=[operation])
    Path("pack").mkdir()
    for name, body in (("deny", _rule("Deny")), ("audit", _rule("Audit")), ("modify", modify)):
        Path(f"{name}.json").write_text(json.dumps(body, indent=2))
        Path(f"pack/{name}.json").write_text(json.dumps(body, indent=2))
    for name, resource in (("good", GOOD), ("bad", BAD), ("open", OPEN)):
        Path(f"{name}-store.json").write_text(json.dumps(resource))
    return tmp_path


def _invoke(*arguments: str, given: str | bytes | None = None) -> Result:
    return CliRunner().invoke(policy, list(arguments), input=given)


@pytest.mark.parametrize(
    ("definition", "resource", "code"),
    [
        ("deny", "good", 0),
        ("deny", "bad", 1),
        ("deny", "open", 3),
        ("audit", "bad", 0),
        ("audit", "open", 3),
        ("modify", "bad", 0),
    ],
)
def test_evaluate_ends_as_the_states_demand(work: Path, definition: str, resource: str, code: int) -> None:
    result = _invoke("evaluate", "--definition", f"{definition}.json", f"{resource}-store.json")
    assert (result.exit_code, result.exception is None or isinstance(result.exception, SystemExit)) == (code, True)
    assert "1 resources, 1 definitions" in result.stdout


def test_any_non_compliance_can_be_made_to_fail(work: Path) -> None:
    assert _invoke("evaluate", "--definition", "audit.json", "--fail-on", "audit", "bad-store.json").exit_code == 1


def test_a_denial_wins_over_what_is_unknown(work: Path) -> None:
    resources = json.dumps([BAD, OPEN, GOOD])
    result = _invoke("evaluate", "--definition", "deny.json", "-", "--json", given=resources)
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["states"] == {"Compliant": 1, "NonCompliant": 1, "Unknown": 1}
    assert [(one["state"], one["effect"]) for one in document["answers"]] == [
        ("NonCompliant", "deny"),
        ("Unknown", None),
    ]
    assert document["answers"][0]["definition"]["display_name"] == "TLS (Deny)"


def test_a_pack_is_evaluated_whole(work: Path) -> None:
    result = _invoke("evaluate", "--pack", "pack", "bad-store.json", "--json")
    assert result.exit_code == 1
    assert {one["effect"] for one in json.loads(result.stdout)["answers"]} == {"deny", "audit", "modify"}
    assert _invoke("evaluate", "--pack", "pack", "good-store.json").exit_code == 0


@pytest.mark.parametrize(
    ("content", "shown"),
    [("{", "not JSON"), ('{"properties": {"policyRule": {"if": {"x": 1}, "then": {"effect": "deny"}}}}', "'x'")],
)
def test_a_pack_with_a_definition_that_nobody_could_load_is_never_green(work: Path, content: str, shown: str) -> None:
    Path("pack/broken.json").write_text(content)
    result = _invoke("evaluate", "--pack", "pack", "good-store.json")
    assert result.exit_code == 3
    assert "not loaded: broken.json" in result.stderr
    assert shown in result.stderr


def test_definitions_of_other_modes_are_named_and_not_green(work: Path) -> None:
    body = _rule("Deny")
    body["properties"]["mode"] = "Microsoft.Kubernetes.Data"
    Path("pack/kubernetes.json").write_text(json.dumps(body))
    result = _invoke("evaluate", "--pack", "pack", "good-store.json")
    assert result.exit_code == 3
    assert "not evaluated here: kubernetes.json: mode microsoft.kubernetes.data" in result.stderr


def test_what_the_expansion_left_out_is_not_green(work: Path) -> None:
    line = {"file": "a", "resources": [GOOD], "not_read": [{"file": "a.json", "line": 3, "reason": "linked"}]}
    result = _invoke("evaluate", "--definition", "deny.json", "-", given=json.dumps(line))
    assert result.exit_code == 3
    assert "not read: a.json:3: linked" in result.stderr


def test_resources_that_are_only_referred_to_are_not_judged(work: Path) -> None:
    given = json.dumps([{**BAD, "$existing": True}])
    result = _invoke("evaluate", "--definition", "deny.json", "-", given=given)
    assert result.exit_code == 3
    assert "only referred to" in result.stdout


def test_related_resources_settle_what_is_unknown(work: Path) -> None:
    rule = _rule("auditIfNotExists", type="Microsoft.Insights/diagnosticSettings")
    Path("exists.json").write_text(json.dumps(rule))
    Path("none.json").write_text("[]")
    arguments = ("evaluate", "--definition", "exists.json", "bad-store.json")
    assert _invoke(*arguments).exit_code == 3
    result = _invoke(*arguments, "--related", "none.json")
    assert result.exit_code == 0
    assert "NonCompliant" in result.stdout


def test_parameters_aliases_and_context_come_from_files(work: Path) -> None:
    body = _rule("[parameters('effect')]")
    body["properties"]["parameters"] = {"effect": {"type": "String", "allowedValues": ["deny", "audit"]}}
    body["properties"]["policyRule"]["if"]["allOf"].append({"value": "[subscription().displayName]", "equals": "prod"})
    Path("choice.json").write_text(json.dumps(body))
    Path("values.json").write_text('{"parameters": {"effect": {"value": "deny"}}}')
    Path("context.json").write_text('{"subscription": {"displayName": "prod"}}')
    assert _invoke("aliases", "import", "mapping.json").exit_code != 0
    Path("mapping.json").write_text(json.dumps({ALIAS: "properties.minimumTlsVersion"}))
    assert _invoke("aliases", "import", "mapping.json", "--output", "table.json").exit_code == 0
    arguments = ("evaluate", "--definition", "choice.json", "--parameters", "values.json", "bad-store.json")
    assert _invoke(*arguments).exit_code == 3
    assert _invoke(*arguments, "--context", "context.json", "--aliases", "table.json").exit_code == 1
    Path("values.json").write_text('{"effect": "explode"}')
    assert isinstance(_invoke(*arguments).exception, ConfigurationError)


def test_a_missing_alias_is_reported_and_not_guessed(work: Path) -> None:
    Path("mapping.json").write_text('{"A.B/c/d": "properties.d"}')
    assert _invoke("aliases", "import", "mapping.json", "--output", "table.json").exit_code == 0
    result = _invoke("evaluate", "--definition", "deny.json", "good-store.json", "--aliases", "table.json", "--json")
    assert result.exit_code == 3
    assert "policy aliases import" in json.loads(result.stdout)["answers"][0]["reason"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["evaluate"],
        ["evaluate", "good-store.json"],
        ["evaluate", "good-store.json", "--definition", "deny.json", "--pack", "pack"],
        ["evaluate", "good-store.json", "--cases", "x"],
        ["evaluate", "--cases", "absent.jsonl"],
        ["evaluate", "absent.json", "--definition", "deny.json"],
        ["evaluate", "good-store.json", "--definition", "absent.json"],
        ["evaluate", "good-store.json", "--definition", "good-store.json"],
        ["evaluate", "good-store.json", "--pack", "absent"],
        ["evaluate", "good-store.json", "--definition", "deny.json", "--context", "absent"],
        ["evaluate", "good-store.json", "--definition", "deny.json", "--aliases", "deny.json"],
        ["explain", "good-store.json"],
        ["explain", "good-store.json", "--pack", "pack"],
        ["explain", "good-store.json", "--pack", "pack", "--policy", "nothing"],
        ["explain", "good-store.json", "--definition", "deny.json", "--resource", "7"],
        ["list", "absent"],
        ["aliases", "import", "deny.json"],
    ],
)
def test_wrong_use_ends_with_2_and_a_reason(
    work: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["policy", *arguments]) == 2
    assert capsys.readouterr().err.strip()


def test_a_broken_definition_is_shown_with_its_line(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("deny.json").write_text(Path("deny.json").read_text().replace("notEquals", "isn'tLike"))
    assert run(["policy", "evaluate", "--definition", "deny.json", "good-store.json"]) == 2
    line = next(n for n, text in enumerate(Path("deny.json").read_text().splitlines(), 1) if "isn'tLike" in text)
    error = capsys.readouterr().err
    # The condition's own line: the operator stands one or two lines below its brace.
    assert any(f"deny.json:{number}:" in error for number in range(line - 2, line + 1)), error
    assert "isn'tLike" in error


# Cases

CASE = {"policy": _rule("Deny"), "resource": BAD, "id": "x"}


def test_cases_are_answered_one_a_line(work: Path) -> None:
    lines = "\n".join(json.dumps({**CASE, "resource": resource}) for resource in (BAD, GOOD, OPEN))
    result = _invoke("evaluate", "--cases", "-", given=lines)
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(one["id"], one["effect"], one["state"]) for one in answers] == [
        ("x", "deny", "NonCompliant"),
        ("x", None, "Compliant"),
        ("x", None, "Unknown"),
    ]


def test_a_line_without_json_is_answered_and_ends_with_3(work: Path) -> None:
    result = _invoke("evaluate", "--cases", "-", given=f"{{\n{json.dumps(CASE)}\n")
    assert result.exit_code == 3
    assert [json.loads(line)["state"] for line in result.stdout.splitlines()] == ["Error", "NonCompliant"]


def test_an_evaluation_failure_is_an_answer(work: Path) -> None:
    case = {**CASE, "policy": {"if": {"value": "[first('')]", "less": 1}, "then": {"effect": "deny"}}}
    result = _invoke("evaluate", "--cases", "-", given=json.dumps(case))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["state"] == "Error"


def test_no_cases_are_no_success(work: Path) -> None:
    assert isinstance(_invoke("evaluate", "--cases", "-", given="\n\n").exception, CouldNotCheckError)


def test_answers_come_while_the_cases_are_still_coming(work: Path) -> None:
    command = [sys.executable, "-m", "mlgate", "policy", "evaluate", "--cases", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for _ in range(3):
            process.stdin.write(json.dumps(CASE).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["state"] == "NonCompliant"
        process.stdin.close()
        assert process.wait(60) == 0


# Explain, list, test, import


def test_explain_shows_conditions_lines_values_and_the_change(work: Path) -> None:
    result = _invoke("explain", "--definition", "modify.json", "bad-store.json")
    assert result.exit_code == 0
    assert "modify.json:" in result.stdout
    assert 'saw "TLS1_0"' in result.stdout
    assert '-    "minimumTlsVersion": "TLS1_0"' in result.stdout
    assert '+    "minimumTlsVersion": "TLS1_2"' in result.stdout


def test_explain_as_json_for_one_definition_of_a_pack(work: Path) -> None:
    given = json.dumps([{**GOOD, "name": "other"}, BAD])
    for name in ("tls-deny", "TLS (Deny)", "deny.json"):
        result = _invoke("explain", "--pack", "pack", "--policy", name, "--resource", "st", "-", "--json", given=given)
        assert result.exit_code == 1
        document = json.loads(result.stdout)
        assert document["effect"] == "deny"
        assert document["conditions"][-1]["saw"] == "TLS1_0"
        text = Path("pack/deny.json").read_text().splitlines()
        assert ALIAS in text[document["conditions"][-1]["line"] - 1]
    many = _invoke("explain", "--pack", "pack", "--policy", "tls-deny", "-", given=given)
    assert isinstance(many.exception, ConfigurationError)


def test_explain_of_what_is_unknown_ends_with_3(work: Path) -> None:
    result = _invoke("explain", "--definition", "deny.json", "open-store.json")
    assert result.exit_code == 3
    assert "the parameter 'tls' has no value" in result.stdout


def test_list_names_every_definition_and_what_is_not_loaded(work: Path) -> None:
    result = _invoke("list", "pack")
    assert result.exit_code == 0
    assert "tls-modify  indexed  modify  Storage   TLS (modify)" in result.stdout
    Path("pack/broken.json").write_text("{")
    result = _invoke("list", "pack", "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert len(document["definitions"]) == 3
    assert "broken.json" in document["not_loaded"][0]


def test_test_ends_with_1_until_everything_is_tested(work: Path) -> None:
    result = _invoke("test", "pack")
    assert result.exit_code == 1
    assert "untested   deny.json: untested" in result.stdout
    for name, state in (("deny", "NonCompliant"), ("audit", "NonCompliant"), ("modify", "NonCompliant")):
        cases = [
            {"resource": BAD, "expect": {"state": state, "effect": name}},
            {"resource": GOOD, "expect": {"state": "Compliant"}},
        ]
        Path(f"pack/{name}.cases.jsonl").write_text("\n".join(map(json.dumps, cases)))
    result = _invoke("test", "pack")
    assert (result.exit_code, result.stdout) == (
        0,
        "3 definitions: 6 cases passed, 0 failed, 0 definitions not tested\n",
    )
    Path("pack/deny.cases.jsonl").write_text(json.dumps({"resource": BAD, "expect": {"state": "Compliant"}}))
    result = _invoke("test", "pack")
    assert result.exit_code == 1
    assert "deny.cases.jsonl:1: expected state 'Compliant', found 'NonCompliant'" in result.stdout


def test_import_names_what_it_could_not_take(work: Path) -> None:
    assert _invoke("import", "pack", "taken").exit_code == 0
    assert _invoke("list", "taken").exit_code == 0
    Path("pack/broken.json").write_text("{")
    result = _invoke("import", "pack", "taken")
    assert result.exit_code == 3
    assert "not taken over: broken.json: not JSON" in result.stderr
    assert "3 definitions, 0 initiatives; 1 files not taken over" in result.stdout


def test_an_alias_is_shown_for_each_type(work: Path) -> None:
    result = _invoke("aliases", "show", "Microsoft.Compute/imagePublisher")
    assert result.exit_code == 0
    shown = "microsoft.compute/virtualmachines: properties.storageProfile.imageReference.publisher"
    assert shown in result.stdout.splitlines()
    assert _invoke("aliases", "show", f"{TYPE}/nothing").exit_code == 3


def test_no_output_carries_a_terminal_escape(work: Path) -> None:
    hostile = "\x1b[2Jevil\u202e"
    body = _rule("Deny")
    body["name"] = body["properties"]["displayName"] = hostile
    Path("pack/deny.json").write_text(json.dumps(body))
    resource = json.dumps({**BAD, "name": hostile, "$file": hostile, "$line": hostile})
    for arguments in (
        ("evaluate", "--pack", "pack", "-"),
        ("evaluate", "--pack", "pack", "-", "--json"),
        ("explain", "--pack", "pack", "--policy", "deny.json", "-"),
        ("list", "pack"),
    ):
        result = _invoke(*arguments, given=resource)
        assert "evil" in result.stdout
        assert "\x1b" not in result.output
        assert "\u202e" not in result.output


RULE = {
    "name": "mlg-test-rule",
    "properties": {
        "displayName": "Storage accounts keep to TLS 1.2",
        "mode": "All",
        "metadata": {
            "mlgate": {
                "id": "MLG-TEST-RULE",
                "family": "encryption",
                "severity": "high",
                "synopsis": "TLS 1.2",
                "reason": "Because.",
                "remediation": {"text": "Set it."},
                "sources": ["a test"],
                "profiles": ["production"],
            }
        },
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": TYPE},
                    {"field": "properties.minimumTlsVersion", "notEquals": "TLS1_2"},
                ]
            },
            "then": {"effect": "deny"},
        },
    },
}


@pytest.fixture
def rules(work: Path) -> Path:
    folder = work / "rules"
    folder.mkdir()
    (folder / "tls.json").write_text(json.dumps(RULE))
    return folder


def _exported(rules: Path) -> Path:
    assert run(["policy", "export", "azure", "--packs", str(rules)]) == 0
    return Path("azure")


def test_export_writes_what_evaluate_reads(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _exported(rules)
    said = capsys.readouterr()
    assert "1 definitions, 1 initiatives" in said.out
    assert "see --scope" in said.err
    Path("bad.json").write_text(json.dumps(BAD))
    assert run(["policy", "evaluate", "--pack", str(folder), "bad.json"]) == 1
    assert run(["policy", "list", str(folder)]) == 0
    assert run(["policy", "import", str(folder), "imported"]) == 0


def test_export_names_what_it_leaves_out(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = json.loads(json.dumps(RULE).replace("MLG-TEST-RULE", "MLG-FILES").replace("mlg-test-rule", "mlg-files"))
    other["properties"]["policyRule"]["if"] = {"field": "type", "equals": "GitHub.Actions/workflows"}
    (rules / "files.json").write_text(json.dumps(other))
    _exported(rules)
    assert "not exported: MLG-FILES: GitHub.Actions/workflows is no resource type of Azure" in capsys.readouterr().err
    assert "MLG-FILES" in Path("azure/EXPORT.yml").read_text()


def test_export_compares_with_what_stands_in_azure(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _exported(rules)
    (definition,) = (json.loads(path.read_text()) for path in (folder / "policyDefinitions").iterdir())
    scope = definition["id"].partition("/providers/")[0]
    assignment = {
        "id": f"{scope}/providers/Microsoft.Authorization/policyAssignments/tls",
        "scope": scope,
        "policyDefinitionId": definition["id"],
    }
    Path("definitions.json").write_text(json.dumps([definition]))
    Path("assignments.json").write_text(json.dumps([assignment]))
    asked = ["policy", "export", "--packs", str(rules), "--compare", "definitions.json"]
    capsys.readouterr()
    assert run(asked) == 1
    assert "not assigned" in capsys.readouterr().out
    assert run([*asked, "--compare", "assignments.json", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [(one["rule"], one["standing"], one["effect"]) for one in document["rules"]] == [
        ("MLG-TEST-RULE", "assigned", "deny")
    ]
    Path("definitions.json").write_text(json.dumps({"value": [definition], "nextLink": "more"}))
    assert run([*asked, "--compare", "assignments.json"]) == 3


def test_export_refuses_what_makes_no_sense(rules: Path) -> None:
    assert run(["policy", "export"]) == 2
    assert run(["policy", "export", "x", "--compare", "y"]) == 2
    assert run(["policy", "export", "x", "--json"]) == 2
    assert run(["policy", "export", "x", "--packs", str(rules), "--scope", "here"]) == 2
    assert run(["policy", "export", "x", "--packs", str(rules), "--profile", "development"]) == 3
    assert not Path("x").exists()
    Path("mine").mkdir()
    Path("mine/work").write_text("work")
    assert run(["policy", "export", "mine", "--packs", str(rules)]) == 2
