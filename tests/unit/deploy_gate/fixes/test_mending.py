"""What is written is what was shown, and whatever doesn't hold is taken back."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.fixes.mending import Mended, Mender
from deploy_gate.fixes.planning import Plan, Read, plan_fixes
from deploy_gate.policy_checks.judging import judge
from deploy_gate.policy_checks.rule_sets import rule_set
from deploy_gate.static_checks.checked_files import checked_digests
from policies.rules import Rule, read_rule
from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.projects import FoundFile, read_file, read_paths
from verdicts import Finding, Outcome

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
STORAGE = "Microsoft.Storage/storageAccounts"


def rule(
    name: str = "keys",
    pointer: str = "/properties/allowSharedKeyAccess",
    value: object = False,
    kind: str = STORAGE,
    **fix: Any,
) -> Rule:
    fixes = {one: {"set": {"pointer": pointer, "value": value}} for one in ("arm", "bicep")}
    fixes["terraform"] = {"set": {"pointer": "/shared_access_key_enabled", "value": False}}
    facts = {
        "id": f"MLG-{name.upper()}",
        "family": "identity",
        "severity": "high",
        "synopsis": "Shared keys must be off",
        "reason": "Because.",
        "property": pointer,
        "remediation": {"text": "Switch them off.", "arm": "x", "bicep": "x", "terraform": "x", "yaml": "x"},
        "sources": ["a test"],
        "profiles": ["production"],
        "fix": {**fixes, **fix},
    }
    field = f"properties.{pointer.rsplit('/', 1)[1]}"
    condition = {"allOf": [{"field": "type", "equals": kind}, {"field": field, "notEquals": value}]}
    properties = {"policyRule": {"if": condition, "then": {"effect": "deny"}}, "metadata": {"mlgate": facts}}
    return read_rule({"name": f"mlg-{name}", "properties": properties}, "test.json")


KEYS = rule()
TLS = rule("tls", "/properties/minimumTlsVersion", "TLS1_2")


def bicep(properties: str = "allowSharedKeyAccess: true", name: str = "st") -> str:
    return (
        f"resource {name} '{STORAGE}@2023-01-01' = {{\n  name: '{name}'\n  properties: {{\n    {properties}\n  }}\n}}\n"
    )


class Project:
    """A folder, read and judged as it was before anything is mended."""

    def __init__(self, root: Path, *rules: Rule, **files: str | bytes) -> None:
        for name, content in files.items():
            path = root / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.root = root
        self.rules = rules or (KEYS,)
        self.read: Read = tuple(read_paths(ReadRequest(root=root, path=root), [root]))
        self.outcomes = self.judge(self.read, None)

    def judge(self, read: Read, only: frozenset[str] | None) -> tuple[Outcome, ...]:
        return judge(read, rule_set(self.rules, "production"), NOW, only)

    @property
    def findings(self) -> list[Finding]:
        return [one for outcome in self.outcomes for one in outcome.findings]

    def plan(self) -> Plan:
        return plan_fixes(self.findings, {one.id: one for one in self.rules}, self.read)

    def mender(self, reread: Callable[[str], ReadResult | None] | None = None) -> Mender:
        return Mender(
            root=self.root,
            read=self.read,
            digests=checked_digests(self.outcomes),
            reread=reread or self.reread,
            judge=self.judge,
        )

    def reread(self, shown: str) -> ReadResult | None:
        return read_file(ReadRequest(root=self.root, path=self.root), FoundFile(shown, self.root / shown))

    def text(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def mend(self) -> Mended:
        return self.mender().write(self.plan())


def reasons(mended: Mended) -> list[str]:
    return [one.reason for one in mended.not_mended]


def test_without_being_asked_to_nothing_is_written(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    mended = project.mender().preview(project.plan())
    assert [(one.path, one.after) for one in mended.files] == [("main.bicep", bicep("allowSharedKeyAccess: false"))]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_what_is_shown_is_what_is_written_and_the_finding_is_gone(tmp_path: Path) -> None:
    content = "\ufeff" + bicep().replace("\n", "\r\n")
    project = Project(tmp_path, KEYS, TLS, main_bicep=content, other_bicep=bicep("minimumTlsVersion: 'TLS1_0'", "b"))
    (tmp_path / "main.bicep").chmod(0o640)
    shown = project.mender().preview(project.plan())
    mended = project.mend()
    assert mended == shown
    assert reasons(mended) == []
    assert [project.text(one.path) for one in mended.files] == [one.after for one in mended.files]
    assert Project(tmp_path, KEYS, TLS).findings == []
    assert project.text("main.bicep") == content.replace("true", "false").replace(
        "false\r\n", "false\r\n    minimumTlsVersion: 'TLS1_2'\r\n"
    )
    assert (tmp_path / "main.bicep").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main.bicep", "other.bicep"]


def test_all_instances_of_a_loop_are_one_place(tmp_path: Path) -> None:
    text = bicep().replace("= {\n", "= [for i in range(0, 3): {\n", 1).replace("'st'", "'st${i}'")[:-2] + "}]\n"
    project = Project(tmp_path, main_bicep=text)
    assert len(project.findings) == 3
    (file,) = project.mend().files
    (fix,) = file.fixes
    assert len(fix.findings) == 3
    assert Project(tmp_path).findings == []


def test_two_blocks_that_declare_one_id_are_mended_one_after_the_other(tmp_path: Path) -> None:
    text = bicep() + bicep().replace("resource st", "resource again")
    project = Project(tmp_path, main_bicep=text)
    assert reasons(project.mend()) == []
    assert project.text("main.bicep") == text.replace("true", "false")


def test_a_module_is_mended_where_it_is_written_also_for_those_who_take_it_in(tmp_path: Path) -> None:
    caller = "module one 'part.bicep' = {\n  name: 'one'\n}\nmodule two 'part.bicep' = {\n  name: 'two'\n}\n"
    project = Project(tmp_path, part_bicep=bicep(), main_bicep=caller)
    assert [one.path for one in project.mend().files] == ["part.bicep"]
    assert Project(tmp_path).findings == []
    assert project.text("main.bicep") == caller


def test_a_value_that_comes_from_a_parameter_is_left_to_a_person(tmp_path: Path) -> None:
    text = "param keys bool = true\n" + bicep("allowSharedKeyAccess: keys")
    project = Project(tmp_path, main_bicep=text)
    mended = project.mend()
    assert mended.files == ()
    assert reasons(mended) == ["allowSharedKeyAccess is given by an expression: keys"]
    assert project.text("main.bicep") == text


def test_terraform_and_json_are_mended_too(tmp_path: Path) -> None:
    terraform = (
        'resource "azurerm_storage_account" "one" {\n  name                     = "stone"\n'
        '  resource_group_name      = "rg"\n  location                 = "westeurope"\n'
        '  account_tier             = "Standard"\n  account_replication_type = "LRS"\n}\n'
    )
    template = (
        '{\n\t"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",\n'
        f'\t"contentVersion": "1.0.0.0",\n\t"resources": [{{\n\t\t"type": "{STORAGE}", // one\n'
        '\t\t"apiVersion": "2023-01-01",\n\t\t"name": "st"\n\t}]\n}\n'
    )
    project = Project(tmp_path, main_tf=terraform, main_json=template)
    assert reasons(project.mend()) == []
    assert Project(tmp_path).findings == []
    assert project.text("main.tf") == terraform.replace('"LRS"\n', '"LRS"\n  shared_access_key_enabled = false\n')
    assert project.text("main.json") == template.replace(
        '"st"\n', '"st",\n\t\t"properties": {\n\t\t\t"allowSharedKeyAccess": false\n\t\t}\n'
    )


def test_what_is_named_by_its_line_is_the_same_on_another_line(tmp_path: Path) -> None:
    yaml = (
        "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\n"
        "name: blue\nendpoint_name: credit\nmodel:\n  path: model\nenvironment: azureml:env:1\n"
    )
    kind = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
    insights = rule(
        "insights",
        "/properties/appInsightsEnabled",
        True,
        kind=kind,
        yaml={"set": {"pointer": "/app_insights_enabled", "value": True}},
    )
    project = Project(tmp_path, insights, deployment_yml=yaml)
    assert reasons(project.mend()) == []
    assert project.text("deployment.yml") == yaml.replace("blue\n", "blue\napp_insights_enabled: true\n")


def test_a_file_that_was_not_read_whole_is_not_touched(tmp_path: Path) -> None:
    text = bicep() + "module x 'absent.bicep' = {\n  name: 'x'\n}\n"
    project = Project(tmp_path, main_bicep=text)
    mended = project.mend()
    assert mended.files == ()
    assert reasons(mended) == ["the file was not read whole"]
    assert project.text("main.bicep") == text


def test_a_file_that_changed_since_it_was_checked_is_not_touched(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())
    plan = project.plan()
    (tmp_path / "main.bicep").write_text(bicep() + "// more\n")
    assert reasons(project.mender().write(plan)) == ["it is not the file that was checked"]
    assert project.text("main.bicep").endswith("// more\n")


@pytest.mark.parametrize("outside", [True, False])
def test_nothing_is_written_through_a_link(tmp_path: Path, outside: bool) -> None:
    root = tmp_path / "project"
    root.mkdir()
    target = tmp_path / "victim.bicep" if outside else root / "kept" / "victim.bicep"
    target.parent.mkdir(exist_ok=True)
    target.write_text(bicep())
    project = Project(root, main_bicep=bicep())
    plan = project.plan()
    (root / "main.bicep").unlink()
    (root / "main.bicep").symlink_to(target)
    mended = project.mender().write(plan)
    assert "main.bicep" not in [one.path for one in mended.files]
    assert "a link leads to it" in reasons(mended)
    assert (root / "main.bicep").is_symlink()


def test_a_folder_that_is_a_link_is_one_too(tmp_path: Path) -> None:
    project = Project(tmp_path, part__main_bicep=bicep())
    plan = project.plan()
    (tmp_path / "part").rename(tmp_path / "moved")
    (tmp_path / "part").symlink_to("moved")
    assert reasons(project.mender().write(plan)) == ["a link leads to it"]
    assert (tmp_path / "moved" / "main.bicep").read_text() == bicep()


def test_a_file_that_is_gone_is_said(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())
    plan = project.plan()
    (tmp_path / "main.bicep").unlink()
    assert "can't be read any more" in reasons(project.mender().write(plan))[0]
    assert list(tmp_path.iterdir()) == []


def taken_back(project: Project, reread: Callable[[str], ReadResult | None] | None, why: str) -> None:
    before = {path.name: path.read_bytes() for path in project.root.iterdir()}
    mended = project.mender(reread).write(project.plan())
    assert mended.files == ()
    assert why in reasons(mended)[0]
    assert {path.name: path.read_bytes() for path in project.root.iterdir()} == before


def test_a_change_that_mends_nothing_is_taken_back(tmp_path: Path) -> None:
    wrong = rule(bicep={"set": {"pointer": "/properties/allowSharedKeyAccess", "value": "no"}})
    taken_back(Project(tmp_path, wrong, main_bicep=bicep()), None, "it was taken back: the finding stays")


def test_a_change_of_another_property_is_taken_back(tmp_path: Path) -> None:
    text = (
        'resource "azurerm_storage_account" "one" {\n  name                     = "stone"\n'
        '  resource_group_name      = "rg"\n  location                 = "westeurope"\n'
        '  account_tier             = "Standard"\n  account_replication_type = "LRS"\n}\n'
    )
    wrong = rule(terraform={"set": {"pointer": "/access_tier", "value": "Cool"}})
    taken_back(Project(tmp_path, wrong, main_tf=text), None, "it changes more than it should")


def test_a_change_after_which_the_file_is_not_read_whole_is_taken_back(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())
    taken_back(project, lambda _: None, "can't be read whole after it")


def test_a_change_that_makes_another_finding_is_taken_back(tmp_path: Path) -> None:
    opposite = rule("opposite", value=True)
    project = Project(tmp_path, KEYS, opposite, main_bicep=bicep())
    taken_back(project, None, "there is a finding that wasn't there")


def test_what_can_be_mended_is_mended_beside_what_is_taken_back(tmp_path: Path) -> None:
    wrong = rule(
        "tls",
        "/properties/minimumTlsVersion",
        "TLS1_2",
        bicep={"set": {"pointer": "/properties/minimumTlsVersion", "value": "TLS9"}},
    )
    project = Project(tmp_path, KEYS, wrong, main_bicep=bicep(), z_bicep=bicep(name="z"))
    mended = project.mend()
    assert reasons(mended) == ["it was taken back: the finding stays"] * 2
    assert project.text("main.bicep") == bicep("allowSharedKeyAccess: false")
    assert project.text("z.bicep") == bicep("allowSharedKeyAccess: false", "z")


def test_a_reader_that_breaks_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())

    def broken(shown: str) -> ReadResult | None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.mender(broken).write(project.plan())
    assert project.text("main.bicep") == bicep()


def test_what_somebody_wrote_meanwhile_is_never_overwritten(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())

    def meddling(shown: str) -> ReadResult | None:
        (tmp_path / "main.bicep").write_text("// mine\n")
        return None

    mended = project.mender(meddling).write(project.plan())
    assert reasons(mended) == ["somebody else changed the file meanwhile"]
    assert project.text("main.bicep") == "// mine\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="ermission"):
        project.mend()
    tmp_path.chmod(0o700)


def test_rules_without_a_fix_are_not_mentioned(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())
    assert plan_fixes(project.findings, {}, project.read) == Plan((), ())


def test_files_of_other_kinds_take_a_person(tmp_path: Path) -> None:
    project = Project(tmp_path, main_bicep=bicep())
    read = tuple(
        (shown, ReadResult(kind="conda", resources=one.resources, files=one.files)) for shown, one in project.read
    )
    plan = plan_fixes(project.findings, {KEYS.id: KEYS}, read)
    assert [one.reason for one in plan.not_mended] == ["in files of this kind (conda) that takes a person"]
