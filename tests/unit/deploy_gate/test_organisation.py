"""`governance.organisation`: the gate and the check read an organisation's own matrices."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_gate.governance import check_governance
from deploy_gate.project import load_project
from deploy_gate.static_checks.settings import load_settings
from tests.fakes.tiny_project import CONFIGURATION, write_tiny_project
from verdicts import ConfigurationError

ORGANISATION = """schema: mlgate/rbac-organisation/v1
extends: mlgate
matrices: {add: [{name: sandbox, environments: [playground], like: pre-production}]}
"""


def project(root: Path, *changes: tuple[str, str], organisation: str | None = ORGANISATION) -> Path:
    write_tiny_project(root)
    text = CONFIGURATION
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (root / "mlgate.yml").write_text(text)
    if organisation is not None:
        (root / "rbac.yml").write_text(organisation)
    return root


NAMED = ("allowlist: allowlist.yml", "organisation: rbac.yml, allowlist: allowlist.yml")


def test_an_environment_may_be_held_to_the_organisations_own_matrix(tmp_path: Path) -> None:
    loaded = load_project(project(tmp_path, NAMED, ("matrix: production", "matrix: sandbox")))
    policy = loaded.environment("production")
    assert loaded.organisation == tmp_path / "rbac.yml"
    assert (policy.matrix, policy.profile) == ("sandbox", "production")
    check_governance(loaded, policy)


def test_a_matrix_that_the_organisation_does_not_have_stops_a_run_before_it_begins(tmp_path: Path) -> None:
    loaded = load_project(project(tmp_path, NAMED, ("matrix: production", "matrix: sandbocks")))
    with pytest.raises(ConfigurationError, match="there are: production, pre-production, sandbox"):
        check_governance(loaded, loaded.environment("production"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "can't be read"),
        ("schema: other\n", "'schema' must be"),
        (ORGANISATION + "cell: {}\n", "did you mean 'cells'"),
    ],
)
def test_an_organisations_file_that_is_wrong_stops_a_run(tmp_path: Path, text: str | None, message: str) -> None:
    loaded = load_project(project(tmp_path, NAMED, organisation=text))
    with pytest.raises(ConfigurationError, match=message):
        check_governance(loaded, loaded.environment("production"))


def test_the_file_stays_inside_of_the_project(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="leads out of the project"):
        load_project(project(tmp_path, (NAMED[0], NAMED[1].replace("rbac.yml", "../rbac.yml"))))


def test_principals_may_be_absent_only_beside_an_organisation(tmp_path: Path) -> None:
    without = (", principals: principals.yml", "")
    loaded = load_project(project(tmp_path, NAMED, without))
    assert loaded.principals is None
    check_governance(loaded, loaded.environment("production"))
    with pytest.raises(ConfigurationError, match="'principals' is missing"):
        load_project(project(tmp_path / "other", without))


def test_a_check_is_steered_by_the_organisations_file(tmp_path: Path) -> None:
    (tmp_path / "mlgate.yml").write_text(
        "schema: mlgate/project/v1\ngovernance: {organisation: rbac.yml}\ncheck: {matrix: sandbox}\n"
    )
    settings = load_settings(tmp_path)
    assert (settings.matrix, settings.governance.organisation) == ("sandbox", tmp_path / "rbac.yml")
    assert tmp_path / "rbac.yml" in settings.steering_files
    (tmp_path / "mlgate.yml").write_text("schema: mlgate/project/v1\ncheck: {matrix: sandbox}\n")
    with pytest.raises(ConfigurationError, match=r"governance\.organisation"):
        load_settings(tmp_path)
