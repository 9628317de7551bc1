"""The section `check:` of mlgate.yml."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy_gate.static_checks.inline_skips import AllowedSkips
from deploy_gate.static_checks.settings import CHECKS, load_settings
from verdicts import ConfigurationError, Severity

HEAD = "schema: mlgate/project/v1\n"


def load(root: Path, text: str) -> object:
    (root / "mlgate.yml").write_text(HEAD + text)
    return load_settings(root)


def test_without_a_file_or_a_section_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert (settings.profile, settings.fail_on, settings.checks) == ("production", Severity.MEDIUM, CHECKS)
    assert settings.source is None
    (tmp_path / "mlgate.yml").write_text(HEAD)
    assert load_settings(tmp_path).source == tmp_path / "mlgate.yml"


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "mlgate.yml").write_text(
        HEAD
        + """
check:
  profile: test
  fail_on: high
  checks: [policy]
  exclude: [{path: vendor/, reason: another team's}]
  baseline: governance/baseline.yml
  inline_skips: {maximum_days: 30, approver: boss@example.com}
  rules:
    MLG-WORKSPACE-PUBLIC-ACCESS: {enabled: false, severity: low, parameters: {effect: Audit}, reason: for now}
"""
    )
    settings = load_settings(tmp_path)
    assert (settings.profile, settings.fail_on, settings.checks) == (
        "test",
        Severity.HIGH,
        ("policy",),
    )
    assert settings.skips == AllowedSkips(30, "boss@example.com")
    assert [(one.pattern, one.reason) for one in settings.exclude] == [("vendor/", "another team's")]
    assert settings.baseline == tmp_path / "governance" / "baseline.yml"
    change = settings.rules["MLG-WORKSPACE-PUBLIC-ACCESS"]
    assert (change.enabled, change.severity, change.reason) == (False, Severity.LOW, "for now")
    assert change.parameters == {"effect": "Audit"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("check: {profile: live}", "no profile"),
        ("check: {checks: []}", "no check is named"),
        ("check: {checks: [trivy]}", "no check 'trivy'"),
        ("check: {fail_on: unknown}", "must be a severity"),
        ("check: {exclude: [{path: a}]}", "'reason' is missing"),
        ("check: {exclude: [{path: a, reason: b, why: c}]}", "unknown key 'why'"),
        ("check: {rules: {A: {enable: false}}}", "unknown key 'enable'"),
        ("check: {rules: {A: {severity: unknown}}}", "must be a severity"),
        ("check: {baseline: ../b.yml}", "leads out"),
        ("check: {inline_skips: {maximum_days: 0}}", "whole number"),
        ("check: {inline_skips: {maximum_days: 9}}", "'approver' is missing"),
        ("check: {profiles: test}", "did you mean"),
        ("check: 1", "mapping"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        load(tmp_path, text)
    assert "mlgate.yml:2" in str(caught.value)
