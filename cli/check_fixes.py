"""`mlgate check --fix`: what would be changed as a diff, and with --write the change itself."""

from __future__ import annotations

import dataclasses
import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from cli.reporting import STANDARD_OUTPUT, ReportSelection

if TYPE_CHECKING:
    import datetime as dt

    from deploy_gate.fixes.mending import Mended, MendedFile, Mender
    from deploy_gate.static_checks.readings import Reading
    from deploy_gate.static_checks.settings import CheckSettings
    from resource_readers.interface import ReadRequest, ReadResult
    from verdicts import Verdict

_NAMED = 30


def mend(
    request: ReadRequest,
    settings: CheckSettings,
    readings: Sequence[Reading],
    verdict: Verdict,
    *,
    write: bool,
    reports: ReportSelection,
) -> bool:
    """Shows what mends the standing findings, and writes it if that is wanted; whether a file was changed.

    Raises:
        ConfigurationError: a file can't be written.
    """
    from deploy_gate.fixes.planning import plan_fixes
    from deploy_gate.static_checks.readings import Results
    from policies.rules import built_in_rules
    from verdicts import ConfigurationError

    rules = {rule.id: rule for rule in built_in_rules() if rule.fixes}
    mendable = [one for one in verdict.findings if one.rule_id in rules and one.location is not None]
    plan = plan_fixes(mendable, rules, Results(readings))
    mender = _mender(request, settings, readings, verdict)
    # Beside a report for machines on standard output there is no room for anything else.
    aside = any(one.output == STANDARD_OUTPUT and one.format_name != "console" for one in reports.targets)
    preview = mender.preview(plan)
    for line in _diffs(preview.files):
        click.echo(line, err=aside)
    if not write:
        _tell(preview, "can be mended: --write does it", aside=aside)
        return False
    try:
        mended = mender.write(plan)
    except OSError as error:
        raise ConfigurationError(
            f"can't be written: {error.strerror or error}", where=str(error.filename or request.root)
        ) from None
    _tell(mended, "mended", aside=aside)
    return bool(mended.files)


def _mender(request: ReadRequest, settings: CheckSettings, readings: Sequence[Reading], verdict: Verdict) -> Mender:
    from deploy_gate.fixes.mending import Mender
    from deploy_gate.policy_checks.judging import judge
    from deploy_gate.static_checks.checked_files import checked_digests
    from deploy_gate.static_checks.readings import Results
    from deploy_gate.static_checks.rule_check import rules_for

    rules = rules_for(settings)
    now: dt.datetime = verdict.at
    return Mender(
        root=request.root,
        read=Results(readings),
        digests=checked_digests(verdict.outcomes),
        reread=_Reread(request, readings),
        judge=lambda read, only: judge(read, rules, now, only),
    )


class _Reread:
    """Reads a file of the project again, with what the others say of it."""

    def __init__(self, request: ReadRequest, readings: Sequence[Reading]) -> None:
        from resource_readers.pipeline_parameters import KINDS
        from resource_readers.projects import values_of

        self._request = request
        self._values = values_of(request, (one.result for one in readings if one.kind in KINDS))

    def __call__(self, shown: str) -> ReadResult | None:
        from resource_readers.interface import Session
        from resource_readers.projects import FoundFile, read_file, with_values

        request = with_values(self._request, self._values.get(shown))
        return read_file(dataclasses.replace(request, session=Session()), FoundFile(shown, request.root / shown))


def _diffs(files: Sequence[MendedFile]) -> Iterator[str]:
    """Unified diffs, for a person: secrets and what a terminal obeys are replaced as everywhere else."""
    from report_formats.excerpts import safe_line
    from report_formats.wording import inert
    from verdicts.text import one_line

    for file in files:
        name = one_line(file.path, maximum=1_000)
        before, after = (text.removesuffix("\n").split("\n") for text in (file.before, file.after))
        for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm=""):
            text = line.removesuffix("\r")
            yield text if line.startswith(("--- ", "+++ ", "@@ ")) else text[:1] + inert(safe_line(text[1:]))


def _tell(mended: Mended, what: str, *, aside: bool) -> None:
    from report_formats.wording import counted, inert

    done = [finding for file in mended.files for fix in file.fixes for finding in fix.findings]
    places = counted(sum(len(file.fixes) for file in mended.files), "place")
    click.echo(f"{counted(len(done), 'finding')} in {places} of {counted(len(mended.files), 'file')} {what}", err=aside)
    for one in mended.not_mended[:_NAMED]:
        line = f"not mended: {one.finding.location}: {one.finding.rule_id}: {one.reason}"
        click.echo(inert(line), err=aside)
    rest = Counter(one.finding.rule_id for one in mended.not_mended[_NAMED:])
    for rule_id, count in sorted(rest.items()):
        click.echo(f"not mended: {count:,} more of {rule_id}", err=aside)
