"""The waiver file: `waivers.yml`."""

from __future__ import annotations

from pathlib import Path

from verdicts.documents import load_document
from verdicts.findings import Location
from verdicts.sections import Section
from verdicts.waivers import Waiver

SCHEMA = "mlgate/waivers/v1"


def load_waivers(path: Path, *, shown_as: str) -> tuple[Waiver, ...]:
    """All waivers of a file.

    Raises:
        ConfigurationError: with file and line; also where owner and approver are the same person, a scope holds a
            wildcard, or a reason is missing.
    """
    top = Section(load_document(path, shown_as=shown_as), shown_as)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    waivers = tuple(_waiver(section) for section in top.sections("waivers", ()))
    top.finish()
    return waivers


def _waiver(section: Section) -> Waiver:
    waiver = Waiver(
        rule_id=section.text("rule"),
        path=section.text("path", ""),
        resource=section.text("resource"),
        subject=section.text("subject", ""),
        owner=section.text("owner"),
        reason=section.text("reason"),
        approver=section.text("approver"),
        expires=section.date("expires"),
        location=Location(section.name, section.line()),
    )
    section.finish()
    for key, value in (("rule", waiver.rule_id), ("path", waiver.path), ("resource", waiver.resource)):
        # A "?" is allowed in a resource: package URLs have one before their qualifiers. It matches itself only.
        if "*" in value or ("?" in value and key != "resource"):
            raise section.error(f"{key!r} must be exact, without wildcards", key)
    if waiver.owner.strip().casefold() == waiver.approver.strip().casefold():
        raise section.error("owner and approver must be two people", "approver")
    return waiver
