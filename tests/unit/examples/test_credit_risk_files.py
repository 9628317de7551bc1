"""The example's files: they hold together, and the bad release is bad in the stated ways and in no other."""

from __future__ import annotations

import difflib
import importlib.util
import json
import pickletools
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from deploy_gate.project import load_project
from deploy_gate.release_manifest import ReleaseManifest, load_manifest
from scanners.advisories import load_snapshot
from scanners.allowlist import load_allowlist
from scanners.closures import Closure, read_closure
from scanners.image_builder import build_image
from scanners.oci_layout import OciLayout
from scanners.trivy_database import load_advisories
from verdicts.digests import digest_file
from verdicts.documents import load_document
from verdicts.waiver_file import load_waivers

ROOT = Path(__file__).resolve().parents[3] / "examples" / "credit-risk"


def committed(pattern: str) -> list[Path]:
    """The example's own files; what build.py made isn't one."""
    return [path for path in sorted(ROOT.rglob(pattern)) if ".mlgate" not in path.parts]


def manifest(name: str) -> ReleaseManifest:
    return load_manifest(ROOT / "releases" / f"{name}.yml", ROOT)


def closure(name: str) -> Closure:
    release = manifest(name)
    conda = ROOT / release.conda if release.conda else None
    return read_closure(ROOT / release.requirements, conda, root=ROOT)


def pins(name: str) -> dict[str, str]:
    return {package.name: str(package.version) for package in closure(name).packages}


def content(path: Path | str) -> Any:
    return load_document(ROOT / path).content


def script(name: str) -> ModuleType:
    """A script of the example as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{Path(name).stem}", ROOT / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def changed_lines(good: str, bad: str) -> list[str]:
    """Lines that only one of the two files has, with - or + in front and without their indentation."""
    before, after = ((ROOT / name).read_text().splitlines() for name in (good, bad))
    return [
        line[0] + line[1:].strip()
        for line in difflib.unified_diff(before, after, lineterm="", n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]


@pytest.mark.parametrize(
    "path", [*committed("*.json"), *committed("*.yml")], ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_every_document_parses_without_a_key_twice(path: Path) -> None:
    assert load_document(path).content


def test_the_project_and_both_releases_load() -> None:
    project = load_project(ROOT)
    assert set(project.environments) == {"production", "staging", "development"}
    assert project.environments["production"].approvers == {"reviewer@example.com"}
    assert manifest("good").version == "1.4.0"
    assert manifest("bad").version == "1.5.0"


@pytest.mark.parametrize("name", ["good", "bad"])
def test_a_release_names_the_digest_of_its_model_and_results_for_that_model(name: str) -> None:
    release = manifest(name)
    assert digest_file(ROOT / release.model) == release.model_digest
    assert content(release.evaluation)["model"] == release.model_digest


@pytest.mark.parametrize("name", ["good", "bad"])
def test_version_image_and_assets_of_a_release_agree(name: str) -> None:
    release = manifest(name)
    endpoint, deployment, environment, *monitors = (content(path) for path in release.assets)
    assert release.image.tag == release.version
    assert endpoint["name"] == deployment["endpoint_name"] == release.endpoint
    assert deployment["environment"] == f"azureml:{environment['name']}:{environment['version']}"
    assert deployment["environment_variables"] == {"RELEASE_VERSION": release.version}
    assert environment["image"].endswith(f"/{release.image.repository}:{release.image.tag}")
    assert deployment["instance_count"] >= 3
    watched = [monitor["create_monitor"]["monitoring_target"]["endpoint_deployment_id"] for monitor in monitors]
    assert watched == ([f"azureml:{release.endpoint}:{deployment['name']}"] if name == "good" else [])
    code = (ROOT / release.assets[1]).parent / deployment["code_configuration"]["code"]
    assert code.resolve() == ROOT / release.code


@pytest.mark.parametrize("name", ["good", "bad"])
def test_the_closure_is_whole_and_hashed(name: str) -> None:
    read = closure(name)
    assert not read.problems
    assert not read.excluded
    assert all(package.hashes and package.source == "pypi" and package.format == "wheel" for package in read.packages)


def test_the_allowlist_covers_the_good_closure_and_lists_nothing_unused() -> None:
    entries = {entry.name: entry for entry in load_allowlist(ROOT / "governance/allowlist.yml", shown_as="allowlist")}
    for name, version in pins("good").items():
        assert entries[name].versions.contains(version, prereleases=True), name
    assert set(entries) == set(pins("good")) | {"python", "pip"}


def test_the_bad_closure_differs_in_two_packages_only() -> None:
    good, bad = pins("good"), pins("bad")
    assert set(bad) - set(good) == {"tabulate"}
    assert {name for name in good if bad.get(name) != good[name]} == {"urllib3"}
    assert (ROOT / "environment/conda.yml").read_bytes() == (ROOT / "environment/bad/conda.yml").read_bytes()


def test_the_snapshot_flags_the_bad_closure_and_not_the_good_one() -> None:
    from packaging.version import Version

    snapshot = load_snapshot(ROOT / "governance/advisories")

    def flagged(name: str) -> set[str]:
        found = {package: snapshot.matches(package, Version(version)) for package, version in pins(name).items()}
        assert not any(malformed for _, malformed in found.values())
        return {package for package, (matches, _) in found.items() if matches}

    assert flagged("good") == set()
    assert flagged("bad") == {"urllib3"}


def test_bad_infrastructure_is_public_and_gives_owner_to_the_data_scientists_and_nothing_else() -> None:
    workspace = changed_lines("infrastructure/workspace.json", "infrastructure/bad/workspace.json")
    version = ['-"contentVersion": "1.4.0.0",', '+"contentVersion": "1.5.0.0",']
    access = ['-"publicNetworkAccess": "Disabled",', '+"publicNetworkAccess": "Enabled",']
    assert workspace == [*version, *access]
    good, bad = (content(f"infrastructure/{name}")["variables"] for name in ("roles.json", "bad/roles.json"))
    added = {
        "principalId": "[parameters('dataScientistsObjectId')]",
        "principalType": "Group",
        "roleDefinitionId": "[variables('roles').Owner]",
    }
    assert bad["workspaceAssignments"] == [*good["workspaceAssignments"], added]
    good["workspaceAssignments"] = bad["workspaceAssignments"]
    assert good == bad
    other_parts = ("parameters", "resources")
    assert [content("infrastructure/roles.json")[key] for key in other_parts] == [
        content("infrastructure/bad/roles.json")[key] for key in other_parts
    ]


def test_bad_releases_share_everything_else_with_the_good_one() -> None:
    good, bad = manifest("good"), manifest("bad")
    assert (good.name, good.endpoint, good.scenario, good.flavour) == (
        bad.name,
        bad.endpoint,
        bad.scenario,
        bad.flavour,
    )
    assert (good.code, good.entry_script, good.smoke_request) == (bad.code, bad.entry_script, bad.smoke_request)
    assert good.templates[2] == bad.templates[2]
    # What watches over the endpoint is missing in the bad one.
    parameters = [
        [(ROOT / item.parameters).read_text() for item in release.templates[:3] if item.parameters]
        for release in (good, bad)
    ]
    assert parameters[0] == parameters[1]
    assert [len(one) for one in parameters] == [3, 3]
    assert [item.path.name for item in good.templates[3:]] == ["operations.bicep"]
    results = [content(release.evaluation) for release in (good, bad)]
    assert results[0] | {"model": ""} == results[1] | {"model": ""}


def test_every_object_id_in_a_parameter_file_belongs_to_somebody() -> None:
    known = {entry["object_id"]: entry["persona"] for entry in content("governance/principals.yml")["principals"]}
    used = [
        value["value"]
        for path in ("infrastructure/roles.parameters.json", "infrastructure/supply.parameters.json")
        for name, value in content(path)["parameters"].items()
        if name.endswith("ObjectId")
    ]
    assert len(used) >= 8
    assert set(used) <= set(known)
    assert len(known) == len(content("governance/principals.yml")["principals"])


def test_every_template_parameter_is_given_or_has_a_default_and_none_is_invented() -> None:
    for name in ("workspace", "roles"):
        declared = content(f"infrastructure/{name}.json")["parameters"]
        given = content(f"infrastructure/{name}.parameters.json")["parameters"]
        assert set(given) <= set(declared)
        assert {key for key, value in declared.items() if "defaultValue" not in value} <= set(given)


def test_the_good_model_imports_scikit_learn_and_numpy_only() -> None:
    texts: list[str] = []
    modules = set()
    for opcode, argument, _ in pickletools.genops((ROOT / "model/credit-risk.pkl").read_bytes()):
        if opcode.name in ("SHORT_BINUNICODE", "BINUNICODE"):
            texts.append(str(argument))
        assert opcode.name not in ("GLOBAL", "INST", "EXT1", "EXT2", "EXT4")
        if opcode.name == "STACK_GLOBAL":
            modules.add(texts[-2].partition(".")[0])
    assert modules == {"sklearn", "numpy"}


def test_the_bad_model_is_the_good_one_behind_a_shell_command() -> None:
    maker = script("training/make_bad_model.py")
    good = (ROOT / "model/credit-risk.pkl").read_bytes()
    bad = (ROOT / "model/bad/credit-risk.pkl").read_bytes()
    assert bad == maker.poison(good, maker.COMMAND)
    opcodes = [(opcode.name, argument) for opcode, argument, _ in pickletools.genops(bad)]
    assert opcodes[1] == ("GLOBAL", "os system")
    assert [name for name, _ in opcodes[3:6]] == ["TUPLE1", "REDUCE", "POP"]


def test_waivers_load_and_name_two_people() -> None:
    (waiver,) = load_waivers(ROOT / "governance/waivers.yml", shown_as="waivers")
    assert waiver.rule_id == "CVE-2023-45853"
    assert waiver.owner != waiver.approver


def test_the_old_openssl_is_older_than_a_fix_that_the_trivy_database_knows() -> None:
    build = script("build.py")
    advisories = load_advisories(ROOT / "governance/trivy-advisories.json")
    fixes = {item.fixed for item in advisories if item.package == "openssl" and item.id != "CVE-2023-5363"}
    assert fixes
    assert build.OLD_OPENSSL not in fixes
    patched = {package.name: package for package in build.debian_packages(careless=False)}
    careless = {package.name: package for package in build.debian_packages(careless=True)}
    assert {name for name in patched if patched[name] != careless[name]} == {"openssl", "libssl3"}
    assert all(item.severity != "UNKNOWN" for item in advisories)


def make_environment(folder: Path) -> Path:
    """What uv would leave for two small packages, with everything in it that depends on the place."""
    site = folder / "lib" / "python3.11" / "site-packages"
    for name, module in (("numpy", "numpy"), ("tabulate", "tabulate")):
        (site / f"{name}-1.0.dist-info").mkdir(parents=True)
        (site / module).mkdir()
        (site / module / "__init__.py").write_text("x = 1\n")
        (site / module / "__pycache__").mkdir()
        (site / module / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(str(folder).encode())
        notes = site / f"{name}-1.0.dist-info"
        (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (notes / "INSTALLER").write_text("uv")
        (notes / "direct_url.json").write_text(json.dumps({"url": str(folder)}))
        (notes / "RECORD").write_text(
            f"{module}/__init__.py,sha256=abc,6\n../../../bin/{name},sha256={len(str(folder))},9\n{notes.name}/RECORD,,\n"
        )
    (site / "_virtualenv.py").write_text(str(folder))
    return folder


def test_the_same_packages_give_the_same_image_wherever_they_were_installed(tmp_path: Path) -> None:
    build = script("build.py")
    digests = set()
    for name in ("a", "a-much-longer-name"):
        environment = make_environment(tmp_path / name)
        layout = OciLayout.create(tmp_path / f"{name}-registry")
        layers = build.python_layers(environment)
        digest = build_image(layers, layout, "1")
        found = layout.verify(digest).inventory.python_distributions
        assert sorted(item.name for item in found) == ["numpy", "tabulate"]
        digests.add(digest)
    assert len(digests) == 1


def test_the_forgotten_secrets_stand_in_no_file_of_the_example() -> None:
    secrets = dict(script("build.py").forgotten_files())
    assert secrets["app/deploy/id_rsa.pem"].startswith(b"-----BEGIN RSA PRIVATE")
    assert b"AccountKey=" in secrets["app/.env"]
    lines = {line for value in secrets.values() for line in value.splitlines() if len(line) > 20}
    for path in committed("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [line for line in lines if line in data], path


@dataclass(frozen=True)
class Answer:
    """What the inference server's AMLResponse is made with."""

    message: dict[str, str]
    status: int
    json_str: bool


@pytest.fixture
def scoring(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """score.py with a stand-in for the one class that it takes from the inference server."""
    name = "azureml_inference_server_http"
    response = ModuleType(f"{name}.api.aml_response")
    response.AMLResponse = Answer  # type: ignore[attr-defined]
    for part, module in (
        (name, ModuleType(name)),
        (f"{name}.api", ModuleType(f"{name}.api")),
        (response.__name__, response),
    ):
        monkeypatch.setitem(sys.modules, part, module)
    return script("scoring/score.py")


def test_the_sample_request_is_read_in_the_order_of_the_features(scoring: ModuleType) -> None:
    raw = (ROOT / "scoring/sample-request.json").read_text()
    rows = scoring.rows(raw)
    assert rows == [[application[name] for name in scoring.FEATURES] for application in json.loads(raw)["applications"]]
    training = (ROOT / "training/train.py").read_text()
    positions = [training.index(f'    "{name}",') for name in scoring.FEATURES]
    assert positions == sorted(positions)


GOOD_APPLICATION: dict[str, Any] = {
    "annual_income": 1,
    "loan_amount": 1,
    "term_months": 1,
    "debt_to_income": 0,
    "years_employed": 1,
    "late_payments": 0,
    "credit_history_years": 1,
}


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        json.dumps({"applications": []}),
        json.dumps({"applications": [GOOD_APPLICATION] * 1_001}),
        json.dumps({"applications": [{}]}),
        json.dumps({"applications": [GOOD_APPLICATION | {"more": 1}]}),
        json.dumps({"applications": [GOOD_APPLICATION | {"loan_amount": "1"}]}),
        json.dumps({"applications": [GOOD_APPLICATION | {"loan_amount": True}]}),
        json.dumps({"applications": [GOOD_APPLICATION | {"loan_amount": -1}]}),
        json.dumps({"applications": [GOOD_APPLICATION | {"loan_amount": float("nan")}]}),
        json.dumps({"applications": [GOOD_APPLICATION | {"loan_amount": 10**400}]}),
    ],
    ids=lambda raw: raw[:20],
)
def test_a_request_that_cannot_be_scored_is_answered_with_400(scoring: ModuleType, raw: str) -> None:
    answer = scoring.run(raw)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.json_str) == (400, True)
    assert answer.message["error"]


def test_an_application_that_can_be_scored_is_not_refused(scoring: ModuleType) -> None:
    assert scoring.rows(json.dumps({"applications": [GOOD_APPLICATION]})) == [[1, 1, 1, 0, 1, 0, 1]]
