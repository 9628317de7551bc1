"""The baseline: findings that a project already had, accepted for a time by somebody who isn't their owner.

mlgate writes it without an approver, and again without one whenever it is written anew: a baseline never approves
itself. Each entry becomes a waiver, so it shows in every report, ends on its day, and is named when it excuses nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from verdicts import Finding, Location, Waiver
from verdicts.documents import load_document
from verdicts.files import write_atomically
from verdicts.sections import Section

SCHEMA = "mlgate/baseline/v1"
MAXIMUM_DAYS = 180
"""How long what was accepted may stay: after that it is mended, or looked at again."""

_HEAD = """\
# Findings that were there when mlgate came, accepted until they expire. Written by `mlgate check --write-baseline`;
# it holds only when somebody other than the owner has looked at it and put their address under approver.
"""


def load_baseline(path: Path, *, shown_as: str) -> tuple[Waiver, ...]:
    """The accepted findings as waivers.

    Raises:
        ConfigurationError: with file and line; also where nobody approved it, its owner did, or it holds for too long.
    """
    top = Section(load_document(path, shown_as=shown_as), shown_as)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    owner, reason = top.text("owner"), top.text("reason")
    accepted, expires = top.date("accepted"), top.date("expires")
    if not top.has("approver"):
        raise top.error(
            "the baseline isn't approved", "approver", remedy="somebody other than the owner reviews it and signs there"
        )
    approver = top.text("approver")
    if owner.strip().casefold() == approver.strip().casefold():
        raise top.error("owner and approver must be two people", "approver")
    if not dt.timedelta(0) <= expires - accepted <= dt.timedelta(days=MAXIMUM_DAYS):
        raise top.error(f"a baseline holds for {MAXIMUM_DAYS} days at most", "expires")
    waivers = []
    for section in top.sections("findings", ()):
        waivers.append(
            Waiver(
                rule_id=section.text("rule"),
                path=section.text("path", ""),
                resource=section.text("resource"),
                subject=section.text("subject", ""),
                owner=owner,
                reason=f"baseline of {accepted.isoformat()}: {reason}",
                approver=approver,
                expires=expires,
                location=Location(shown_as, section.line()),
            )
        )
        section.finish()
    top.finish()
    return tuple(waivers)


def write_baseline(path: Path, findings: Iterable[Finding], *, owner: str, reason: str, today: dt.date) -> int:
    """Writes a baseline that nobody has approved yet; gives the number of its entries.

    Args:
        path: the file; written whole or not at all.
        findings: those that stand.
        owner: who answers for them.
        reason: why they are accepted for now.
        today: the day from which it holds.

    Raises:
        OSError: it can't be written.
    """
    import yaml

    entries = {}
    for finding in findings:
        place = finding.location.path if finding.location else ""
        entry = {"rule": finding.rule_id, "path": place, "resource": finding.resource, "subject": finding.subject}
        entries[tuple(entry.values())] = {key: value for key, value in entry.items() if value}
    document = {
        "schema": SCHEMA,
        "owner": owner,
        "reason": reason,
        "accepted": today.isoformat(),
        "expires": (today + dt.timedelta(days=MAXIMUM_DAYS)).isoformat(),
        "approver": None,
        "findings": [entries[key] for key in sorted(entries)],
    }
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1_000)
    write_atomically(path, (_HEAD + text).encode())
    return len(entries)
