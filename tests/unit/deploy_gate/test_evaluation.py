"""Evaluation results against thresholds."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.evaluation import (
    DATASET_SIZE_RULE,
    MAXIMUM_BYTES,
    THRESHOLD_RULE,
    EvaluationScanner,
    Threshold,
    load_thresholds,
)
from scanners.interface import ScanContext, Scanner, Tool
from scanners.running import run_scanner
from verdicts import (
    Completed,
    ConfigurationError,
    Decision,
    Location,
    NotCompleted,
    Outcome,
    Reason,
    Severity,
    Verdict,
    decide,
)
from verdicts.digests import digest_file
from verdicts.documents import Document, parse_yaml
from verdicts.sections import Section

MODEL = "sha256:" + "a" * 64
DATASET = "sha256:" + "d" * 64
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
ACCURACY = Threshold(metric="accuracy", minimum=0.8, location=Location("mlgate.yml", 12))
PARITY = Threshold(metric="demographic_parity_difference", maximum=0.1)
REPOSITORY = Path(__file__).parents[3]


class NoTools:
    def tool(self, name: str) -> Tool:
        raise AssertionError(name)


def content(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "mlgate/evaluation/v1",
        "model": MODEL,
        "dataset": {"name": "holdout", "rows": 1000, "digest": DATASET},
        "metrics": {"accuracy": 0.87, "demographic_parity_difference": 0.05},
    } | changes


def scan(
    root: Path,
    results: Any,
    thresholds: tuple[Threshold, ...] = (ACCURACY, PARITY),
    *,
    model: str = MODEL,
    minimum_rows: int = 0,
) -> tuple[Outcome, ...]:
    """Writes the results (a value, or raw bytes) and scans them."""
    path = root / "evaluation" / "results.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(results if isinstance(results, bytes) else json.dumps(results).encode())
    return scan_file(root, path, thresholds, model, minimum_rows)


def scan_file(
    root: Path, path: Path, thresholds: tuple[Threshold, ...] = (ACCURACY,), model: str = MODEL, minimum_rows: int = 0
) -> tuple[Outcome, ...]:
    scanner: Scanner = EvaluationScanner(path, thresholds, model, minimum_rows)
    return run_scanner(scanner, ScanContext(root, root, NOW, NoTools()))


def verdict(outcomes: tuple[Outcome, ...]) -> Verdict:
    return decide(outcomes, required=frozenset({"evaluation"}), fail_on=Severity.MEDIUM, at=NOW)


def unchecked(outcomes: tuple[Outcome, ...]) -> NotCompleted:
    """The only outcome, which must be that nothing could be checked."""
    (outcome,) = outcomes
    assert isinstance(outcome, NotCompleted)
    assert outcome.reason is not Reason.CRASHED
    assert outcome.remedy
    assert verdict(outcomes).decision is Decision.COULD_NOT_CHECK
    return outcome


# --- what can't be known ---------------------------------------------------------------------------------------------


def test_missing_results_are_not_checked(tmp_path: Path) -> None:
    outcome = unchecked(scan_file(tmp_path, tmp_path / "results.json"))
    assert (outcome.reason, outcome.location) == (Reason.UNREADABLE_INPUT, Location("results.json"))


def test_without_thresholds_nothing_is_checked(tmp_path: Path) -> None:
    assert unchecked(scan(tmp_path, content(), ())).reason is Reason.NOTHING_EXAMINED


@pytest.mark.parametrize(
    "results",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b" " * (MAXIMUM_BYTES + 1),
        {},
        content(schema="mlgate/evaluation/v2"),
        content(schema=None),
        content(model=None),
        content(model="1.4.0"),
        content(model="sha256:" + "A" * 64),
        content(dataset=None),
        content(dataset={"name": "x", "rows": 10}),
        content(dataset={"name": "x", "rows": 10, "digest": "sha256:"}),
        content(dataset={"name": "", "rows": 10, "digest": DATASET}),
        content(dataset={"name": "x", "rows": -1, "digest": DATASET}),
        content(dataset={"name": "x", "rows": 10.0, "digest": DATASET}),
        content(dataset={"name": "x", "rows": True, "digest": DATASET}),
        content(dataset={"name": "x", "rows": "10", "digest": DATASET}),
        content(dataset={"name": "x", "rows": 10, "digest": DATASET, "row": 1}),
        content(metrics=None),
        content(metrics=[0.9]),
        content(passed=True),
        content(metrics={"accuracy": 0.9, "other": None}),
        json.dumps(content()).replace('"accuracy"', '"accuracy": 0.1, "accuracy"').encode(),
    ],
)
def test_results_of_another_shape_are_not_checked(tmp_path: Path, results: Any) -> None:
    assert unchecked(scan(tmp_path, results)).reason is Reason.UNREADABLE_INPUT


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e999", '"0.9"', "true", "null", "[0.9]", "9" * 400]
)
def test_a_metric_that_is_no_number_is_not_checked(tmp_path: Path, value: str) -> None:
    results = json.dumps(content()).replace("0.87", value).encode()
    assert unchecked(scan(tmp_path, results)).reason is Reason.UNREADABLE_INPUT


def test_results_for_another_model_are_not_checked(tmp_path: Path) -> None:
    outcome = unchecked(scan(tmp_path, content(model="sha256:" + "b" * 64)))
    assert outcome.reason is Reason.DIGEST_MISMATCH


@pytest.mark.parametrize("model", ["", "sha256:", "latest"])
def test_a_release_without_a_model_digest_is_not_checked(tmp_path: Path, model: str) -> None:
    assert unchecked(scan(tmp_path, content(), model=model)).reason is Reason.DIGEST_MISMATCH


def test_an_empty_dataset_is_not_checked(tmp_path: Path) -> None:
    results = content(dataset={"name": "holdout", "rows": 0, "digest": DATASET})
    assert unchecked(scan(tmp_path, results)).reason is Reason.NOTHING_EXAMINED


@pytest.mark.parametrize("metrics", [{}, {"Accuracy": 0.9}])
def test_a_missing_metric_is_not_checked(tmp_path: Path, metrics: dict[str, float]) -> None:
    outcome = unchecked(scan(tmp_path, content(metrics=metrics), (ACCURACY,)))
    assert outcome.reason is Reason.INCOMPLETE
    assert "'accuracy'" in outcome.detail


def test_a_missing_metric_does_not_hide_a_breach_of_another(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, content(metrics={"accuracy": 0.1}))
    assert [type(outcome) for outcome in outcomes] == [Completed, NotCompleted]
    assert verdict(outcomes).decision is Decision.DENIED


def test_a_missing_metric_beside_a_good_one_is_not_allowed(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, content(metrics={"accuracy": 0.9}))
    assert verdict(outcomes).decision is Decision.COULD_NOT_CHECK


def test_results_outside_the_project_are_not_read(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    outside = tmp_path / "results.json"
    outside.write_text(json.dumps(content()))
    (root / "link.json").symlink_to(outside)
    for path in (outside, root / ".." / "results.json", root / "link.json"):
        assert unchecked(scan_file(root, path)).reason is Reason.UNREADABLE_INPUT


def test_a_pipe_or_folder_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        assert unchecked(scan_file(tmp_path, path)).reason is Reason.UNREADABLE_INPUT


# --- thresholds ------------------------------------------------------------------------------------------------------


def test_good_results_are_allowed(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, content(), minimum_rows=1000)
    (outcome,) = outcomes
    assert isinstance(outcome, Completed)
    assert (outcome.examined, outcome.unit, outcome.findings) == (2, "thresholds", ())
    assert verdict(outcomes).decision is Decision.ALLOWED


def test_the_evidence_names_results_dataset_and_thresholds(tmp_path: Path) -> None:
    (outcome,) = scan(tmp_path, content())
    inputs = {item.name: item.digest for item in outcome.evidence.inputs}
    assert inputs["evaluation/results.json"] == digest_file(tmp_path / "evaluation" / "results.json")
    assert inputs["dataset holdout"] == DATASET
    (other,) = scan(tmp_path, content(), (ACCURACY,))
    assert inputs["thresholds"] not in {item.digest for item in other.evidence.inputs}


@pytest.mark.parametrize(
    ("threshold", "value", "met"),
    [
        (Threshold(metric="m", minimum=0.8), 0.8, True),
        (Threshold(metric="m", minimum=0.8), 0.7999999, False),
        (Threshold(metric="m", minimum=0.8), 1, True),
        (Threshold(metric="m", maximum=0.1), 0.1, True),
        (Threshold(metric="m", maximum=0.1), 0.1000001, False),
        (Threshold(metric="m", maximum=0), -5, True),
        (Threshold(metric="m", minimum=0), -1e-300, False),
        (Threshold(metric="m", minimum=1, maximum=2), 1.5, True),
        (Threshold(metric="m", minimum=1, maximum=2), 0.5, False),
        (Threshold(metric="m", minimum=1, maximum=2), 2.5, False),
        (Threshold(metric="m", minimum=1, maximum=1), 1, True),
    ],
)
def test_a_bound_is_met_or_denies(tmp_path: Path, threshold: Threshold, value: float, met: bool) -> None:
    outcomes = scan(tmp_path, content(metrics={"m": value}), (threshold,))
    assert verdict(outcomes).decision is (Decision.ALLOWED if met else Decision.DENIED)
    assert [finding.rule_id for finding in outcomes[0].findings] == ([] if met else [THRESHOLD_RULE])


def test_a_breach_says_value_bound_and_where_the_bound_stands(tmp_path: Path) -> None:
    (outcome,) = scan(tmp_path, content(metrics={"accuracy": 0.7999999, "demographic_parity_difference": 0.2}))
    first, second = outcome.findings
    assert first.message == "accuracy is 0.7999999, below the minimum 0.8 (set in mlgate.yml:12)."
    assert second.message == "demographic_parity_difference is 0.2, above the maximum 0.1."
    assert first.location == Location("evaluation/results.json")
    assert MODEL in first.resource
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize(("rows", "denied"), [(99, True), (100, False), (101, False), (1, True)])
def test_a_dataset_that_is_too_small_denies(tmp_path: Path, rows: int, denied: bool) -> None:
    results = content(dataset={"name": "golden", "rows": rows, "digest": DATASET})
    outcomes = scan(tmp_path, results, minimum_rows=100)
    assert verdict(outcomes).decision is (Decision.DENIED if denied else Decision.ALLOWED)
    assert [finding.rule_id for finding in outcomes[0].findings] == [DATASET_SIZE_RULE] * denied


def test_hostile_names_are_made_safe(tmp_path: Path) -> None:
    name = "\x1b[2J\u202eevil"
    results = content(dataset={"name": name, "rows": 5, "digest": DATASET}, metrics={name: 0.1})
    outcomes = scan(tmp_path, results, (Threshold(metric=name, minimum=1),), minimum_rows=100)
    texts = [finding.message + finding.subject for finding in outcomes[0].findings]
    texts += [item.name for item in outcomes[0].evidence.inputs]
    assert len(texts) == 5
    assert not any("\x1b" in text or "\u202e" in text for text in texts)


@pytest.mark.parametrize("rule", [THRESHOLD_RULE, DATASET_SIZE_RULE])
def test_each_rule_has_a_page(rule: str) -> None:
    text = (REPOSITORY / "docs" / "rules" / f"{rule}.md").read_text()
    assert text.startswith(f"# {rule}\n")


# --- configuration ---------------------------------------------------------------------------------------------------


def section(text: str) -> Section:
    return Section(parse_yaml(text.encode()), "mlgate.yml")


def test_thresholds_are_loaded_with_their_lines() -> None:
    found = load_thresholds(
        section("accuracy: {minimum: 0.8}\nparity:\n  maximum: 0.1\nboth: {minimum: 1, maximum: 2}\n")
    )
    assert found == (
        Threshold(metric="accuracy", minimum=0.8, location=Location("mlgate.yml", 1)),
        Threshold(metric="parity", maximum=0.1, location=Location("mlgate.yml", 2)),
        Threshold(metric="both", minimum=1, maximum=2, location=Location("mlgate.yml", 4)),
    )


def test_no_thresholds_are_none() -> None:
    assert load_thresholds(Section(Document({}), "mlgate.yml")) == ()


@pytest.mark.parametrize(
    "text",
    [
        "accuracy: {}",
        "accuracy: 0.8",
        "accuracy:",
        "accuracy: {minimum: }",
        "accuracy: {minimum: high}",
        "accuracy: {minimum: '0.8'}",
        "accuracy: {minimum: .nan}",
        "accuracy: {minimum: .inf}",
        "accuracy: {minimum: true}",
        "accuracy: {minimun: 0.8}",
        "accuracy: {minimum: 0.8, maximun: 1}",
        "accuracy: {minimum: 0.8, maximum: 0.7}",
        "accuracy: {minimum: 0.8, minimum: 0.1}",
        "accuracy: {minimum: 0.8}\naccuracy: {minimum: 0.1}",
    ],
)
def test_thresholds_that_would_let_everything_pass_are_refused(text: str) -> None:
    with pytest.raises((ConfigurationError, ValueError)):
        load_thresholds(section(text))


@pytest.mark.parametrize(
    "bounds", [{}, {"minimum": float("nan")}, {"maximum": float("inf")}, {"minimum": 2.0, "maximum": 1.0}]
)
def test_a_threshold_without_a_meaning_can_not_be_made(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="threshold"):
        Threshold(metric="m", **bounds)  # type: ignore[arg-type]
