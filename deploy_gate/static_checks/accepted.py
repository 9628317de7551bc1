"""What a project has accepted: its waivers and its baseline, as far as they say something about one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.static_checks.baseline import load_baseline
from deploy_gate.static_checks.settings import CheckSettings
from verdicts import Outcome, Waiver
from verdicts.waiver_file import load_waivers

_CHECKS_BY_PREFIX = {
    "CKV": "checkov",
    "MLG-CHECKOV-": "checkov",
    "MLG-RBAC-": "rbac-matrix",
    "MLG-ALLOWLIST-": "allowlist",
}
_ADVISORIES = ("CVE-", "GHSA-", "PYSEC-", "OSV-")


@dataclass(frozen=True, slots=True)
class Accepted:
    """Waivers of the waiver file, and those of the baseline."""

    waivers: tuple[Waiver, ...]
    baseline: tuple[Waiver, ...]

    def fitting(
        self, ran: frozenset[str], judged: frozenset[str] | None, outcomes: Iterable[Outcome]
    ) -> tuple[Waiver, ...]:
        """Those that this run can have used: the others are not "unused".

        The waiver file serves other commands, too, so of it only those that cover something count. An entry of the
        baseline counts wherever its check ran and looked at its file.

        Args:
            ran: ids of the checks that ran.
            judged: files that were looked at; None for all.
            outcomes: what was said.
        """
        findings = [finding for outcome in outcomes for finding in outcome.findings]
        covering = [one for one in self.waivers if any(one.covers(finding) for finding in findings)]
        entries = [
            one
            for one in self.baseline
            if (_check_of(one.rule_id) in ran and (judged is None or one.path in judged))
            or any(one.covers(finding) for finding in findings)
        ]
        return (*covering, *entries)


def accepted_findings(root: Path, settings: CheckSettings) -> Accepted:
    """Raises ConfigurationError."""
    governance, baseline = settings.governance, settings.baseline
    return Accepted(
        load_waivers(governance.waivers, shown_as=_shown(governance.waivers, root)) if governance.waivers else (),
        load_baseline(baseline, shown_as=_shown(baseline, root)) if baseline else (),
    )


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _check_of(rule_id: str) -> str:
    """The check that finds what breaks a rule."""
    if rule_id.startswith(_ADVISORIES):
        return "pip-audit"
    found: Sequence[str] = [check for prefix, check in _CHECKS_BY_PREFIX.items() if rule_id.startswith(prefix)]
    return found[0] if found else "policy"
