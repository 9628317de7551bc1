"""mlgate.yml and the release manifest: what is wrong is said with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_gate.project import load_project
from deploy_gate.release_manifest import load_manifest
from tests.fakes.tiny_project import CONFIGURATION, RELEASE, write_tiny_project
from verdicts import ConfigurationError, Severity

Change = Callable[[str], str]


def replaced(old: str, new: str) -> Change:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def test_the_configuration_is_read_whole(tmp_path: Path) -> None:
    write_tiny_project(tmp_path)
    project = load_project(tmp_path / "code")
    production = project.environment("production")
    assert project.root == tmp_path
    assert project.state == tmp_path / ".mlgate"
    assert production.fail_on is Severity.MEDIUM
    assert production.traffic == (10, 100)
    assert production.approvers == {"reviewer@example.com", "author@example.com"}
    assert project.environment("development").approvers == frozenset()


CONFIGURATION_MISTAKES = [
    ("schema: mlgate/project/v1", "schema: other", ":1: 'schema' must be"),
    ("kind: local", "kind: azure", ":2: 'kind' must be local"),
    ("state: .mlgate,", "state: ../elsewhere,", ":2: '../elsewhere' leads out"),
    ("registry: .mlgate/registry", "registry: /etc", ":2: '/etc' leads out"),
    ("allowlist: allowlist.yml", "allowlst: allowlist.yml", "'allowlist' is missing"),
    ("maximum_age_days: 7", "maximum_age_days: 0", ":5: 'maximum_age_days' must be a whole number"),
    ("matrix: production", "matrix: prod", ":9: 'matrix' must be"),
    ("fail_on: medium", "fail_on: unknown", ":10: 'fail_on'"),
    ("fail_on: medium", "fail_on: never", ":10: 'fail_on' must be one of"),
    ("required: [checkov, model-artifact]", "required: []", ":11: 'required' names no scanner"),
    ("required: [checkov, model-artifact]", "required: [chekov]", ":11: unknown scanner 'chekov'"),
    ("traffic: [10, 100]", "traffic: [10, 50]", ":14: 'traffic' must rise to 100"),
    ("traffic: [10, 100]", "traffic: [50, 10, 100]", ":14: 'traffic' must rise"),
    ("traffic: [10, 100]", "trafic: [10, 100]", ":14: unknown key 'trafic'"),
    ("thresholds: {accuracy: {minimum: 0.8}}", "thresholds: {accuracy: 0.8}", ":13:"),
    ("environments:\n", "environments: {}\nrest:\n", "no environment"),
]


@pytest.mark.parametrize(("old", "new", "message"), CONFIGURATION_MISTAKES)
def test_a_mistake_in_the_configuration_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    write_tiny_project(tmp_path)
    (tmp_path / "mlgate.yml").write_text(replaced(old, new)(CONFIGURATION))
    with pytest.raises(ConfigurationError) as caught:
        load_project(tmp_path)
    assert message in str(caught.value)
    assert "mlgate.yml" in str(caught.value)


def test_no_configuration_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no mlgate\.yml here or above"):
        load_project(tmp_path)


def test_an_unknown_environment_names_those_that_exist(tmp_path: Path) -> None:
    write_tiny_project(tmp_path)
    with pytest.raises(ConfigurationError, match="development, production"):
        load_project(tmp_path).environment("prod")


def test_the_manifest_is_read_whole(tmp_path: Path) -> None:
    manifest = load_manifest(write_tiny_project(tmp_path), tmp_path)
    assert manifest.model == Path("model.pkl")
    assert manifest.image.tag == "1"
    assert manifest.conda is None
    assert manifest.response_keys == ("probabilities",)


MANIFEST_MISTAKES = [
    ('version: "1"', "version: 1.10", ":3: 'version' must be text"),
    ("scenario: classical", "scenario: quantum", ":4: 'scenario' must be one of"),
    ("endpoint: scoring", "endpoint: -scoring", ":5: 'endpoint' must be"),
    ("endpoint: scoring", "endpoint: ../../etc", ":5: 'endpoint' must be"),
    ("path: template.json", "path: missing.json", ":6: "),
    ("path: template.json", "path: ../outside.json", ":6: '../outside.json' leads out"),
    ("path: template.json", "path: link.json", ":6: 'link.json' leads out"),
    ("repository: model", "repository: ../model", ":8: 'repository' must be"),
    ('tag: "1"', 'tag: "--help"', ":8: 'tag' must be"),
    ("sha256:0000", "sha256:00", ":9: 'digest' must be"),
    ("entry_script: score.py", "entry_script: ../score.py", ":10: 'entry_script' must be"),
    ("code: code", "code: model.pkl", ":10: model.pkl is not a folder"),
    ("smoke_test:", "smoketest:", "'smoke_test' is missing"),
    ("results: results.json", "results: results.json, more: 1", ":12: unknown key 'more'"),
    ("name: model\n", "name: model\nname: other\n", ":3: the key 'name' stands twice"),
]


@pytest.mark.parametrize(("old", "new", "message"), MANIFEST_MISTAKES)
def test_a_mistake_in_the_manifest_is_named_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    root = tmp_path / "project"
    release = write_tiny_project(root)
    (tmp_path / "outside.json").write_text("{}")
    (root / "link.json").symlink_to(tmp_path / "outside.json")
    release.write_text(replaced(old, new)(RELEASE))
    with pytest.raises(ConfigurationError) as caught:
        load_manifest(release, root)
    assert message in str(caught.value)


def test_a_release_outside_of_its_project_is_refused(tmp_path: Path) -> None:
    write_tiny_project(tmp_path / "project")
    (tmp_path / "release.yml").write_text(RELEASE)
    with pytest.raises(ConfigurationError, match="outside"):
        load_manifest(tmp_path / "release.yml", tmp_path / "project")
