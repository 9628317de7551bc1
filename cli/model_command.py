"""`mlgate model`: a model artefact, scanned without loading it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import exit_code
from cli.reporting import ReportSelection, emit, make_report, report_options

if TYPE_CHECKING:
    from scanners.model_artifacts import ModelArtifactScanner
    from verdicts import Severity, Verdict, Waiver

_SEVERITIES = ("critical", "high", "medium", "low", "informational")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--flavour", default="scikit-learn", show_default=True, help="Whose list of imports holds.")
@click.option("--digest", metavar="sha256:...", help="Digest of the model that was evaluated and registered.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), default="medium", show_default=True)
@report_options
def model(path: Path, flavour: str, digest: str | None, fail_on: str, reports: ReportSelection) -> None:
    """Scan the model file or folder PATH.

    Nothing is unpickled or imported: the pickle's opcodes are walked, and every import that isn't on the flavour's
    list is a finding. What can't be followed to its end is could-not-check. Waivers come from the mlgate.yml at or
    above PATH.
    """
    from scanners.model_artifacts import ModelArtifactScanner
    from scanners.pickle_imports import load_import_rules
    from verdicts import ConfigurationError, Severity
    from verdicts.digests import is_digest
    from verdicts.text import one_line

    known = sorted(load_import_rules())
    if flavour not in known:
        raise click.UsageError(f"unknown flavour {one_line(flavour)!r}; known: {', '.join(known)}")
    if digest is not None and not is_digest(digest):
        raise click.UsageError("--digest must be sha256: and 64 hexadecimal digits")
    # Not resolved: the scanner itself refuses links, and must see them.
    whole = Path(os.path.abspath(path))
    if not whole.exists() and not whole.is_symlink():
        raise ConfigurationError("there is no such file or folder", where=str(path))
    root, waivers = _surroundings(whole)
    scanner = ModelArtifactScanner(whole, flavour, digest)
    verdict = _verdict(scanner, root, waivers, Severity(fail_on))
    emit(make_report(f"Model {one_line(str(path))}", verdict), reports)
    click.get_current_context().exit(exit_code(verdict.decision))


def _surroundings(path: Path) -> tuple[Path, tuple[Waiver, ...]]:
    """The folder that findings' paths are relative to, and the waivers that hold there."""
    from deploy_gate.project import find_project, load_project
    from verdicts import ConfigurationError
    from verdicts.waiver_file import load_waivers

    try:
        root = find_project(path.parent)
    except ConfigurationError:
        here = Path.cwd()
        return (here if here in path.parents else path.parent), ()
    if root not in path.parents:  # the project stands behind a link
        return path.parent, ()
    project = load_project(root)
    if project.waivers is None:
        return project.root, ()
    return project.root, load_waivers(project.waivers, shown_as=str(project.waivers))


def _verdict(scanner: ModelArtifactScanner, root: Path, waivers: tuple[Waiver, ...], fail_on: Severity) -> Verdict:
    import datetime as dt
    import tempfile

    from cli.progress import ProgressBoard
    from scanners.interface import ScanContext
    from scanners.running import run_scanners
    from scanners.toolbox import LocalToolbox
    from verdicts import decide

    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory(prefix="mlgate-model-") as folder, ProgressBoard() as board:
        context = ScanContext(root=root, workspace=Path(folder), now=now, tools=LocalToolbox())
        outcomes = run_scanners((scanner,), context, progress=board)[scanner.id]
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    # Only the waivers for what was found: those for other scanners' findings are not "unused" here.
    fitting = [waiver for waiver in waivers if any(waiver.covers(finding) for finding in findings)]
    return decide(outcomes, required=frozenset({scanner.id}), waivers=fitting, fail_on=fail_on, at=now)
