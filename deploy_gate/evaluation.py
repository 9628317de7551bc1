"""The evaluation's results against thresholds that were set beforehand (spec: the deploy path, evaluation)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scanners.interface import ScanContext
from verdicts import (
    Completed,
    ConfigurationError,
    Evidence,
    Finding,
    InputDigest,
    Location,
    NotCompleted,
    Outcome,
    Reason,
    Severity,
)
from verdicts.digests import canonical_json, digest_bytes, is_digest
from verdicts.documents import Document, DocumentError, parse_json, read_bounded
from verdicts.sections import Section
from verdicts.text import one_line

SCANNER = "evaluation"
SCHEMA = "mlgate/evaluation/v1"
THRESHOLD_RULE = "MLG-EVALUATION-THRESHOLD"
DATASET_SIZE_RULE = "MLG-EVALUATION-DATASET-SIZE"
MAXIMUM_BYTES = 4 * 1024 * 1024
MAXIMUM_ROWS = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What one metric has to reach; at least one of both bounds is set. The bounds themselves are allowed values.

    Attributes:
        metric: its name in the results.
        minimum, maximum: the bounds, None where there is none.
        location: where the project configuration sets it.
    """

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    location: Location | None = None

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.minimum, self.maximum) if bound is not None]
        # A bound of NaN would be met by every value.
        if not self.metric or not bounds or not all(math.isfinite(bound) for bound in bounds):
            raise ValueError("a threshold needs a metric and a finite bound")
        if bounds != sorted(bounds):
            raise ValueError("a threshold whose minimum is above its maximum")


def load_thresholds(section: Section) -> tuple[Threshold, ...]:
    """The thresholds of the project configuration: `thresholds: {accuracy: {minimum: 0.8}, ...}`.

    Raises:
        ConfigurationError: with file and line, also for a metric without a bound and a minimum above the maximum.
    """
    return tuple(_threshold(section, metric) for metric in section.keys())  # noqa: SIM118 - not a dict


def _threshold(section: Section, metric: str) -> Threshold:
    bounds = section.section(metric)
    minimum = bounds.number("minimum") if bounds.has("minimum") else None
    maximum = bounds.number("maximum") if bounds.has("maximum") else None
    if minimum is None and maximum is None:
        raise section.error(f"{metric!r} has no bound", metric, remedy="set 'minimum', 'maximum' or both")
    bounds.finish()
    if minimum is not None and maximum is not None and minimum > maximum:
        raise section.error(f"the minimum of {metric!r} is above its maximum", metric)
    return Threshold(
        metric=metric, minimum=minimum, maximum=maximum, location=Location(section.name, section.line(metric))
    )


@dataclass(frozen=True, slots=True)
class EvaluationScanner:
    """Compares evaluation results with thresholds.

    Attributes:
        results: the JSON file (schema mlgate/evaluation/v1, docs/evaluation.md).
        thresholds: from the project configuration, so that a release doesn't set its own.
        model_digest: "sha256:..." of the model that is released; results for another one say nothing about it.
        minimum_rows: how many rows the dataset needs; 100 to 150 for a language model's golden dataset.
    """

    results: Path
    thresholds: tuple[Threshold, ...]
    model_digest: str
    minimum_rows: int = 0

    @property
    def id(self) -> str:
        """Stable identifier."""
        return SCANNER

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """One outcome for the thresholds that could be compared, and one for each that could not."""
        root = context.root.resolve()
        resolved = self.results.resolve()
        if not resolved.is_relative_to(root):
            return (self._unchecked(Reason.UNREADABLE_INPUT, f"{self.results} leads out of the project"),)
        shown = resolved.relative_to(root).as_posix()
        if not self.thresholds:
            detail = "no thresholds are set for this environment"
            remedy = "set 'thresholds' in mlgate.yml, before the evaluation runs"
            return (self._unchecked(Reason.NOTHING_EXAMINED, detail, remedy, shown),)
        try:
            if not resolved.is_file():
                raise DocumentError("there is no such file")
            data = read_bounded(resolved, MAXIMUM_BYTES)
            results = _read_results(data, shown)
        except OSError as error:
            return (self._unchecked(Reason.UNREADABLE_INPUT, error.strerror or str(error), shown=shown),)
        except DocumentError as error:
            return (self._unchecked(Reason.UNREADABLE_INPUT, str(error), shown=shown, line=error.line),)
        except ConfigurationError as error:
            return (self._unchecked(Reason.UNREADABLE_INPUT, error.what, shown=shown),)
        obstacle = self._about_another_thing(results, shown)
        return (obstacle,) if obstacle is not None else tuple(self._compare(results, shown, digest_bytes(data)))

    def _about_another_thing(self, results: _Results, shown: str) -> NotCompleted | None:
        """Why the results say nothing about this model, or None."""
        if not is_digest(self.model_digest) or results.model != self.model_digest:
            detail = f"the results are for the model {results.model}, the release has {self.model_digest}"
            return self._unchecked(Reason.DIGEST_MISMATCH, detail, "evaluate the model that is released", shown)
        if results.rows == 0:
            detail = f"the dataset {results.dataset!r} has no rows"
            return self._unchecked(Reason.NOTHING_EXAMINED, detail, "evaluate on a dataset with rows", shown)
        return None

    def _compare(self, results: _Results, shown: str, digest: str) -> Iterator[Outcome]:
        known = [threshold for threshold in self.thresholds if threshold.metric in results.metrics]
        findings = [finding for threshold in known for finding in self._breaches(threshold, results, shown)]
        if results.rows < self.minimum_rows:
            findings.append(self._too_small(results, shown))
        evidence = Evidence(
            inputs=(
                InputDigest(shown, digest),
                InputDigest(f"dataset {one_line(results.dataset)}", results.dataset_digest),
                InputDigest("thresholds", self._thresholds_digest()),
            )
        )
        if known or findings:
            yield Completed(
                scanner=SCANNER,
                examined=len(known),
                unit="thresholds",
                findings=tuple(findings),
                evidence=evidence,
            )
        for threshold in self.thresholds:
            if threshold.metric not in results.metrics:
                there = ", ".join(sorted(results.metrics)) or "none"
                yield self._unchecked(
                    Reason.INCOMPLETE,
                    f"the results have no metric {threshold.metric!r}; there are: {there}",
                    "let the evaluation compute it, or spell it in mlgate.yml as the results do",
                    shown,
                )

    def _thresholds_digest(self) -> str:
        rules = [[threshold.metric, threshold.minimum, threshold.maximum] for threshold in self.thresholds]
        return digest_bytes(canonical_json({"thresholds": rules, "minimum_rows": self.minimum_rows}))

    def _breaches(self, threshold: Threshold, results: _Results, shown: str) -> Iterator[Finding]:
        value = results.metrics[threshold.metric]
        source = f" (set in {threshold.location})" if threshold.location else ""
        # Asked as "is it met", so that nothing that compares false both ways could pass.
        if threshold.minimum is not None and not value >= threshold.minimum:
            text = f"{threshold.metric} is {value!r}, below the minimum {threshold.minimum!r}{source}."
            yield self._finding(THRESHOLD_RULE, Severity.HIGH, text, f"{threshold.metric} minimum", shown)
        if threshold.maximum is not None and not value <= threshold.maximum:
            text = f"{threshold.metric} is {value!r}, above the maximum {threshold.maximum!r}{source}."
            yield self._finding(THRESHOLD_RULE, Severity.HIGH, text, f"{threshold.metric} maximum", shown)

    def _too_small(self, results: _Results, shown: str) -> Finding:
        text = f"The dataset {results.dataset!r} has {results.rows} rows; at least {self.minimum_rows} are demanded."
        return self._finding(DATASET_SIZE_RULE, Severity.MEDIUM, text, results.dataset_digest, shown)

    def _finding(self, rule_id: str, severity: Severity, message: str, subject: str, shown: str) -> Finding:
        if rule_id == THRESHOLD_RULE:
            remediation = "Improve the model, and evaluate it again; thresholds are agreed on before an evaluation."
        else:
            remediation = "Evaluate on a dataset that is large enough to say something."
        return Finding(
            rule_id=rule_id,
            scanner=SCANNER,
            severity=severity,
            message=message,
            remediation=remediation,
            # The model, so that a waiver for this one doesn't hold for the next.
            resource=f"model {self.model_digest}",
            subject=subject,
            location=Location(shown),
            documentation=f"docs/rules/{rule_id}.md",
        )

    def _unchecked(
        self, reason: Reason, detail: str, remedy: str = "", shown: str = "", line: int | None = None
    ) -> NotCompleted:
        return NotCompleted(
            scanner=SCANNER,
            reason=reason,
            detail=detail,
            remedy=remedy or "write the results as docs/evaluation.md says",
            location=Location(shown, line) if shown else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    """Evaluation results: every metric a finite number."""

    model: str
    dataset: str
    dataset_digest: str
    rows: int
    metrics: Mapping[str, float]


def _read_results(data: bytes, shown: str) -> _Results:
    """Strict: unknown keys, metrics that are no numbers, digests that are none are refused.

    Raises:
        DocumentError, ConfigurationError: what is wrong.
    """
    top = Section(Document(parse_json(data)), shown)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}")
    dataset, metrics = top.section("dataset"), top.section("metrics")
    results = _Results(
        model=top.text("model"),
        dataset=dataset.text("name"),
        dataset_digest=dataset.text("digest"),
        rows=dataset.integer("rows", minimum=0, maximum=MAXIMUM_ROWS),
        metrics={name: metrics.number(name) for name in metrics.keys()},  # noqa: SIM118 - not a dict
    )
    for section in (dataset, metrics, top):
        section.finish()
    for name, digest in (("model", results.model), ("dataset.digest", results.dataset_digest)):
        if not is_digest(digest):
            raise top.error(f"{name!r} must be sha256: and 64 hexadecimal digits")
    return results
