"""What `mlgate check` tells: duplicates merged, findings with the lines they stand in and those to write instead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from cli.reporting import ReportSelection, make_report

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from deploy_gate.static_checks.readings import Reading
    from policies.rules import Rule
    from report_formats.interface import Lines, Report, RuleText
    from verdicts import Finding, Outcome, Verdict, Waiver

_WITH_PAGES = frozenset({"json", "sarif"})
"""The formats that show the pages of rules."""
_OWN_LANGUAGES = {"data-factory": "arm"}
"""Kinds of files whose lines a rule gives under another name; what is no template is YAML."""


def merged_outcomes(
    root: Path,
    outcomes: Sequence[Outcome],
    readings: Sequence[Reading],
    rules: Iterable[Rule],
    waivers: Sequence[Waiver],
    at: dt.datetime,
) -> tuple[Outcome, ...]:
    """The outcomes in which one mistake is one finding; see deploy_gate.static_checks.merging and repeated_findings."""
    from deploy_gate.policy_checks.names import SCANNER as POLICY
    from deploy_gate.static_checks.checked_files import checked_bytes, checked_digests
    from deploy_gate.static_checks.merging import declarations_of, merge_duplicates
    from deploy_gate.static_checks.readings import Results
    from deploy_gate.static_checks.repeated_findings import fold_repeated
    from deploy_gate.static_checks.role_duplicates import merge_role_duplicates
    from scanners.checkov_templates import SCANNER as CHECKOV

    outcomes = merge_role_duplicates(outcomes, waivers)
    partners = {rule.id: rule.checkov for rule in rules if rule.checkov}
    named = {check for checks in partners.values() for check in checks}
    both = _paths(outcomes, POLICY, partners) & _paths(outcomes, CHECKOV, named)
    if not both:
        return fold_repeated(outcomes, waivers)
    concerned = Results([one for one in readings if any(file.name in both for file in one.files)])
    files = checked_bytes(root, checked_digests(outcomes), sorted(both))
    merged = merge_duplicates(outcomes, partners, declarations_of(concerned, files), waivers, at)
    return fold_repeated(merged, waivers)


def _paths(outcomes: Sequence[Outcome], scanner: str, rules: Collection[str]) -> set[str]:
    return {
        one.location.path
        for outcome in outcomes
        for one in outcome.findings
        if one.scanner == scanner and one.location is not None and one.rule_id in rules
    }


def check_report(
    root: Path,
    verdict: Verdict,
    readings: Sequence[Reading],
    rules: Sequence[Rule],
    *,
    facts: Iterable[tuple[str, str]],
    left_out: Iterable[str],
    reports: ReportSelection,
) -> Report:
    """The report of a check.

    Args:
        root: the project's folder.
        verdict: on the merged outcomes.
        readings: what was read.
        rules: all of ours.
        facts, left_out: see report_formats.interface.Report.
        reports: which formats will be written.
    """
    import dataclasses

    from deploy_gate.policy_checks.names import SECRETS
    from deploy_gate.static_checks.checked_files import checked_bytes, checked_digests
    from report_formats.console_findings import told_in_check
    from report_formats.excerpts import excerpts_of
    from report_formats.wording import all_findings

    found = all_findings(verdict)
    formats = {target.format_name for target in reports.targets}
    # The console tells a part of them in full; the others hold all.
    shown = told_in_check(verdict) if formats <= {"console"} else found
    paths = sorted({one.location.path for one in shown if one.location is not None})
    files = checked_bytes(root, checked_digests(verdict.outcomes), paths)
    by_id = {rule.id: rule for rule in rules}
    secret = {rule.id for rule in rules if rule.family == SECRETS}
    kinds = {one.shown: one.kind for one in readings}
    named = sorted({one.rule_id for one in found} & set(by_id))
    return dataclasses.replace(
        make_report("Check of the project", verdict, facts),
        kind="check",
        left_out=tuple(left_out),
        excerpts=excerpts_of(shown, files, secret, among=found),
        fixes={one.fingerprint: fix for one in found if (fix := _fix(one, kinds, by_id)) is not None},
        rules={rule_id: _rule_text(by_id[rule_id], with_page=bool(formats & _WITH_PAGES)) for rule_id in named},
    )


def _fix(finding: Finding, kinds: dict[str, str], rules: dict[str, Rule]) -> Lines | None:
    """The lines to write in the language of the file, where the rule has some."""
    from policies.rules import LANGUAGES
    from report_formats.interface import Lines

    rule = rules.get(finding.rule_id)
    kind = kinds.get(finding.location.path) if finding.location is not None else None
    if rule is None or kind is None:
        return None
    first = kind.partition("-")[0]  # "terraform-plan"
    language = _OWN_LANGUAGES.get(kind, first if first in LANGUAGES else "yaml")
    text = rule.remediation.get(language)
    return Lines(language, text) if text is not None else None


def _rule_text(rule: Rule, *, with_page: bool) -> RuleText:
    from report_formats.interface import RuleText

    return RuleText(
        id=rule.id,
        synopsis=rule.synopsis,
        help=f"{rule.reason} {rule.remediation['text']}",
        markdown=_page(rule) if with_page else "",
        family=rule.family,
    )


def _page(rule: Rule) -> str:
    from policies.pack_tests import read_cases
    from policies.rule_pages import page_of
    from policies.rules import built_in_folder

    return page_of(rule, read_cases(built_in_folder() / rule.source))
