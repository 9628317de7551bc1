"""JSON, version 1, against its own schema."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings

from report_formats.interface import Report
from report_formats.json_v1 import JsonFormat, report_v1
from tests import sample_reports, strategies
from verdicts import Reason, Severity


def schema() -> dict[str, Any]:
    text = (importlib.resources.files("report_formats") / "data" / "report-v1.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


VALIDATOR = jsonschema_rs.validator_for(schema(), validate_formats=True)


@given(report=strategies.reports)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_report_keeps_to_the_schema_and_survives_the_way_through_text(report: Report) -> None:
    document = json.loads(JsonFormat().render(report))
    VALIDATOR.validate(document)
    assert document == report_v1(report)


@given(report=strategies.reports)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_of_the_verdict_is_left_out(report: Report) -> None:
    document = report_v1(report)
    verdict = report.verdict
    assert [item["fingerprint"] for item in document["findings"]] == [item.fingerprint for item in verdict.findings]
    assert sum(item["denies"] for item in document["findings"]) == len(verdict.denying)
    assert len(document["waived"]) == len(verdict.waived)
    assert [item["detail"] for item in document["could_not_check"]] == [item.detail for item in verdict.unchecked]
    assert len(document["scanners"]) == len(verdict.outcomes)


def test_the_schema_knows_every_reason_and_severity() -> None:
    definitions = schema()["$defs"]
    assert definitions["could_not_check"]["properties"]["reason"]["enum"] == [reason.value for reason in Reason]
    assert definitions["finding"]["properties"]["severity"]["enum"] == [severity.value for severity in Severity]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict", "decision"), "probably-fine"),
        (("findings", 0, "fingerprint"), "abc"),
        (("findings", 0, "location"), {"path": "x", "line": 0, "column": None}),
        (("scanners", 0, "examined"), -1),
        (("created_at",), "yesterday"),
        (("surprise",), True),
    ],
)
def test_the_schema_refuses_what_is_no_report(path: tuple[str | int, ...], value: object) -> None:
    document: Any = json.loads(JsonFormat().render(sample_reports.denied_report()))
    VALIDATOR.validate(document)
    target = document
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = value
    assert not VALIDATOR.is_valid(document)


@pytest.mark.parametrize("key", ["could_not_check", "waived", "tools", "verdict", "scanners"])
def test_the_schema_refuses_a_report_without_a_part(key: str) -> None:
    document = json.loads(JsonFormat().render(sample_reports.denied_report()))
    del document[key]
    assert not VALIDATOR.is_valid(document)
