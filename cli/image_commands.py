"""`mlgate image`: scan one image of an OCI layout, or remove it from there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import exit_code
from cli.reporting import ReportSelection, emit, make_report, report_options

if TYPE_CHECKING:
    from scanners.oci_layout import OciLayout
    from scanners.trivy import TrivyScanner
    from verdicts import Severity, Verdict

_SEVERITIES = ("critical", "high", "medium", "low", "informational")
_A_PATH = click.Path(path_type=Path)


@click.group()
def image() -> None:
    """Scan a container image, or remove it from its registry."""


@image.command()
@click.argument("layout", type=_A_PATH)
@click.option("--tag", help="The image's tag.")
@click.option("--digest", help="The digest of its manifest, instead of a tag.")
@click.option("--database", type=_A_PATH, required=True, metavar="DIR", help="Trivy's cache folder, which holds db/.")
@click.option("--maximum-database-age-days", type=click.IntRange(0, 3650), default=7, show_default=True)
@click.option("--distroless", is_flag=True, help="The image may be without a distribution's packages.")
@click.option("--accept-type", multiple=True, metavar="TYPE", help="A package type that may stay without a comparison.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), default="medium", show_default=True)
@click.option("--timeout", type=click.FloatRange(1), default=600.0, show_default=True, help="Seconds for Trivy.")
@report_options
def scan(
    layout: Path,
    tag: str | None,
    digest: str | None,
    database: Path,
    maximum_database_age_days: int,
    distroless: bool,
    accept_type: tuple[str, ...],
    fail_on: str,
    timeout: float,
    reports: ReportSelection,
) -> None:
    """Look for known flaws and secrets in an image of the OCI layout folder LAYOUT.

    Every byte is checked against the image's digest, and a canary shows that the database was really used.
    """
    from scanners.oci_layout import OciLayout
    from scanners.trivy import TrivyScanner
    from verdicts import Severity

    if (tag is None) == (digest is None):
        raise click.UsageError("give either --tag or --digest")
    resolved = _digest(digest) if digest is not None else OciLayout(layout).resolve(tag or "")
    scanner = TrivyScanner(
        layout=layout,
        digest=resolved,
        database=database,
        maximum_database_age_days=maximum_database_age_days,
        distroless=distroless,
        unscanned_types=frozenset(accept_type),
    )
    verdict = _verdict(scanner, layout, Severity(fail_on), timeout)
    named = f"{layout}:{tag}" if tag is not None else str(layout)
    emit(make_report(f"Image {named}", verdict, facts=(("image", resolved),)), reports)
    click.get_current_context().exit(exit_code(verdict.decision))


@image.command()
@click.argument("layout", type=_A_PATH)
@click.option("--digest", required=True, help="The digest of the image's manifest.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def remove(layout: Path, digest: str, yes: bool) -> None:
    """Remove an image with all its tags from the OCI layout folder LAYOUT, and prove that it is gone."""
    from scanners.oci_layout import OciLayout
    from verdicts import CouldNotCheckError

    registry = OciLayout(layout)
    wanted = _digest(digest)
    if not registry.has(wanted):
        click.echo(f"{wanted} is not there")
        return
    if not yes:
        click.confirm(f"Remove {wanted}{_tags(registry, wanted)} from {layout}?", abort=True)
    try:
        removed = registry.remove(wanted)
    except OSError as error:
        raise CouldNotCheckError(f"{wanted} can't be removed: {error.strerror}", where=str(layout)) from None
    if registry.has(wanted):
        raise CouldNotCheckError(f"{wanted} is still there", where=str(layout), remedy="remove it again")
    click.echo(f"{wanted} is gone ({len(removed)} blobs removed)")


def _tags(registry: OciLayout, digest: str) -> str:
    tags = sorted(tag for descriptor, tag in registry.entries() if descriptor.digest == digest and tag)
    return f" ({', '.join(tags)})" if tags else ""


def _digest(text: str) -> str:
    from verdicts.digests import is_digest

    if not is_digest(text):
        raise click.UsageError("a digest looks like sha256:<64 hexadecimal digits>")
    return text


def _verdict(scanner: TrivyScanner, layout: Path, fail_on: Severity, timeout: float) -> Verdict:
    import datetime as dt
    import tempfile

    from cli.progress import ProgressBoard
    from scanners.interface import ScanContext
    from scanners.running import run_scanners
    from scanners.toolbox import LocalToolbox
    from verdicts import decide

    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory(prefix="mlgate-image-") as folder, ProgressBoard() as board:
        context = ScanContext(root=layout, workspace=Path(folder), now=now, tools=LocalToolbox(), timeout_s=timeout)
        outcomes = run_scanners((scanner,), context, progress=board)[scanner.id]
    return decide(outcomes, required=frozenset({scanner.id}), fail_on=fail_on, at=now)
