"""SARIF 2.1.0, for GitHub's code scanning and other viewers of static analysis.

One run for the whole gate: its rules are those of all scanners, and the wrapped tools stand as extensions with versions
and digests. A waived finding is a suppressed result; something that could not be checked is an error notification, and
the invocation was then not successful. Section numbers are those of the OASIS standard.

GitHub takes 20 runs in a file, 25,000 results in a run of which it shows 5,000, and 10 MB of compressed text. Beyond
5,000 results each scanner has a run and a category of its own; what then is too much is left out, the mildest first,
and counted in a notification and in the run's properties.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from urllib.parse import quote

from report_formats import wording
from report_formats.interface import Report
from report_formats.sarif_results import ROOT, Json, physical, result_of, rules_of, text
from verdicts import Decision, Finding, NotCompleted, ToolIdentity, Verdict, Waiver

SCHEMA_ADDRESS = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAXIMUM_RUNS, MAXIMUM_RESULTS, SHOWN_RESULTS, MAXIMUM_BYTES = 20, 25_000, 5_000, 10_000_000
MAXIMUM_NOTIFICATIONS = 5_000


class SarifFormat:
    """See the module."""

    name = "sarif"

    def render(self, report: Report) -> str:
        """The log, indented; of so many results that it is not too large."""
        maximum = MAXIMUM_RESULTS
        while True:
            log = wording.json_text(sarif_log(report, maximum))
            if maximum <= 1 or not _too_large(log):
                return log
            maximum //= 2


def _too_large(log: str) -> bool:
    data = log.encode()
    return len(data) > MAXIMUM_BYTES and len(gzip.compress(data, 6, mtime=0)) > MAXIMUM_BYTES


Found = tuple[Finding, Waiver | None]


def sarif_log(report: Report, maximum: int | None = None) -> Json:
    """The whole log (3.13), with at most `maximum` results in a run."""
    verdict = report.verdict
    found: list[Found] = [(finding, None) for finding in verdict.findings]
    waived = sorted(verdict.waived, key=lambda item: item.finding.sort_key)
    found += [(item.finding, item.waiver) for item in waived]
    parts = _parts(found) if len(found) > SHOWN_RESULTS else {"": found}
    limit = MAXIMUM_RESULTS if maximum is None else maximum
    runs = [_run(report, name, part, limit, first=index == 0) for index, (name, part) in enumerate(parts.items())]
    return {"$schema": SCHEMA_ADDRESS, "version": "2.1.0", "runs": runs}


def _parts(found: Sequence[Found]) -> dict[str, list[Found]]:
    """Findings by scanner; where there are more scanners than runs, the last run holds those of all others."""
    parts: dict[str, list[Found]] = {}
    names = sorted({finding.scanner for finding, _ in found})
    own = set(names if len(names) <= MAXIMUM_RUNS else names[: MAXIMUM_RUNS - 1])
    for name in names:
        parts.setdefault(name if name in own else "others", [])
    for finding, waiver in found:
        parts[finding.scanner if finding.scanner in own else "others"].append((finding, waiver))
    return parts


def _run(report: Report, part: str, found: Sequence[Found], maximum: int, *, first: bool) -> Json:
    verdict = report.verdict
    left_out = max(0, len(found) - maximum)
    kept = found[:maximum]
    rules = rules_of([finding for finding, _ in kept], report)
    index = {rule["id"]: position for position, rule in enumerate(rules)}
    run: Json = {
        "tool": {
            "driver": {
                "name": "mlgate",
                "version": report.mlgate_version,
                "rules": rules,
                "notifications": _notification_kinds(verdict),
            },
            "extensions": [_extension(tool) for tool in wording.tools(verdict)],
        },
        "invocations": [_invocation(report, left_out, maximum, first=first)],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The project's root folder."}}},
        "columnKind": "unicodeCodePoints",
        "results": [result_of(finding, index, waiver, report) for finding, waiver in kept],
        "properties": _run_properties(report) | ({"leftOutResults": left_out} if left_out else {}),
    }
    if part:
        # The category by which GitHub keeps the results of one run apart from those of another (3.17.3).
        run["automationDetails"] = {"id": f"mlgate-{report.kind}/{quote(part, safe='')}/"}
    return run


def _extension(tool: ToolIdentity) -> Json:
    return {
        "name": tool.name or "(unnamed)",
        "version": tool.version,
        "properties": {"digest": tool.digest, "origin": tool.origin},
    }


def _notification_kinds(verdict: Verdict) -> list[Json]:
    reasons = sorted({outcome.reason.value for outcome in verdict.unchecked})
    return [
        {"id": f"could-not-check/{reason}", "shortDescription": text(f"Could not check: {reason}")}
        for reason in reasons
    ]


def _invocation(report: Report, left_out: int, maximum: int, *, first: bool) -> Json:
    """How the run went (3.20); what could not be checked stands in the first run, and denies success to all."""
    verdict = report.verdict
    shown = verdict.unchecked[:MAXIMUM_NOTIFICATIONS]
    notifications = [_notification(outcome) for outcome in shown] if first else []
    if len(shown) < len(verdict.unchecked) and first:
        number = len(verdict.unchecked) - len(shown)
        notifications.append({"level": "error", "message": text(f"{number:,} more things could not be checked")})
    if verdict.decision is Decision.COULD_NOT_CHECK and not verdict.unchecked:
        notifications.append({"level": "error", "message": text(wording.reasons(verdict))})
    elif verdict.unchecked and not first:
        message = f"{wording.counted(len(verdict.unchecked), 'thing')} could not be checked: see the first run"
        notifications.append({"level": "error", "message": text(message)})
    successful = not notifications
    if left_out:
        message = f"{left_out:,} results are left out, since a run may hold {maximum:,}: see another format"
        notifications.append({"level": "warning", "message": text(message)})
    if first:
        notes = [f"left out by the configuration: {one}" for one in report.left_out]
        notifications += [{"level": "note", "message": text(note)} for note in notes]
    return {
        "executionSuccessful": successful,
        "endTimeUtc": wording.moment(report.created_at),
        "toolExecutionNotifications": notifications,
    }


def _notification(outcome: NotCompleted) -> Json:
    remedy = f" ({outcome.remedy})" if outcome.remedy else ""
    notification: Json = {
        "descriptor": {"id": f"could-not-check/{outcome.reason.value}"},
        "level": "error",
        "message": text(f"{outcome.scanner}: {outcome.detail}{remedy}"),
        "properties": {"scanner": outcome.scanner, "reason": outcome.reason.value, "remedy": outcome.remedy},
    }
    place = physical(outcome.location)
    if place is not None:
        notification["locations"] = [{"physicalLocation": place}]
    return notification


def _run_properties(report: Report) -> Json:
    verdict = report.verdict
    return {
        "title": report.title,
        "decision": verdict.decision.value,
        "summary": wording.headline(verdict),
        "failOn": verdict.fail_on.value,
        "facts": [{"name": name, "value": value} for name, value in report.facts],
        "scanners": [wording.outcome_line(outcome) for outcome in verdict.outcomes],
        "databases": [
            {"name": database.name, "digest": database.digest, "updatedAt": wording.moment(database.updated_at)}
            for database in wording.databases(verdict)
        ],
        "inputs": [{"name": item.name, "digest": item.digest} for item in wording.inputs(verdict)],
    }
