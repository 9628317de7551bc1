"""HTML, one file that needs nothing else: to be kept with a build, or sent to somebody without mlgate.

There is no script in it and nothing that it loads; a content security policy says so to the browser. Every text is
escaped, whether it comes from outside or not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from report_formats import wording
from report_formats.interface import Excerpt, Report
from report_formats.summaries import HEADINGS, Tally, by_file, by_rule, grouped, severity_counts
from verdicts import Decision, Finding, NotCompleted, Verdict, WaivedFinding

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_OPEN_PLACES = 20
"""So many files are unfolded; a browser has no trouble with the others, a person has."""
_CLASSES = {Decision.ALLOWED: "allowed", Decision.DENIED: "denied", Decision.COULD_NOT_CHECK: "unchecked"}

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --dim: #777; --red: #c62828; --amber: #b26a00; --green: #2e7d32; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 75rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { padding: .8rem 1rem; border-left: .5rem solid; font-size: 1.1rem; }
.allowed { border-color: var(--green); } .denied { border-color: var(--red); }
.unchecked { border-color: var(--amber); }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
td, th { border-bottom: 1px solid var(--line); overflow-wrap: anywhere; } td.number, th.number { text-align: right; }
details { margin: .6rem 0; } summary { cursor: pointer; font-weight: 600; overflow-wrap: anywhere; }
article { margin: .8rem 0 1.2rem 1rem; padding-left: .8rem; border-left: 2px solid var(--line); }
article p { margin: .2rem 0; overflow-wrap: anywhere; white-space: pre-line; }
pre { margin: .4rem 0; padding: .5rem; overflow-x: auto; background: #8881; }
mark { background: #fbc02d66; color: inherit; } .dim { color: var(--dim); }
.critical, .unknown, .high { color: var(--red); font-weight: 700; } .medium { color: var(--amber); font-weight: 700; }
""".strip()


class HtmlFormat:
    """See the module."""

    name = "html"

    def render(self, report: Report) -> str:
        """The page."""
        # A build server that prints the file must see no command in it; a browser reads the same text.
        text = "\n".join(_page(report)) + "\n"
        return re.sub(r"(?m)^(\s*):(?=:)", r"\1&#58;", text.replace("##", "#&#35;"))


def escaped(text: str) -> str:
    """Text, as content or as the value of an attribute."""
    return html.escape(text, quote=True)


def _page(report: Report) -> Iterator[str]:
    verdict = report.verdict
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escaped(_POLICY)}">'
    yield '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">'
    yield f"<title>{escaped(wording.DECISION_WORDS[verdict.decision])}: {escaped(report.title)}</title>"
    yield f"<style>{_STYLE}</style></head><body>"
    yield f"<h1>{escaped(report.title)}</h1>"
    yield f'<p class="verdict {_CLASSES[verdict.decision]}">{escaped(wording.headline(verdict))}</p>'
    yield from _tallies("By rule", "Rule", by_rule(verdict))
    yield from _tallies("By file", "File", by_file(verdict))
    yield from _findings("Findings", verdict.denying, report)
    yield from _findings(f"Below the threshold ({verdict.fail_on.value}), not denying", verdict.tolerated, report)
    yield from _waived(verdict.waived, report)
    yield from _unchecked(verdict.unchecked)
    yield from _left_out(report.left_out)
    yield from _scanners(verdict)
    yield from _about(report)
    yield "</body></html>"


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> Iterator[str]:
    """A table whose last `numbers` columns hold numbers."""
    first = len(headings) - numbers

    def row(tag: str, cells: Sequence[str]) -> str:
        kinds = ['class="number"' if index >= first else "" for index in range(len(cells))]
        return "".join(
            f"<{tag} {kind}>{escaped(cell)}</{tag}>" if kind else f"<{tag}>{escaped(cell)}</{tag}>"
            for cell, kind in zip(cells, kinds, strict=True)
        )

    yield f"<table><thead><tr>{row('th', headings)}</tr></thead><tbody>"
    for cells in rows:
        yield f"<tr>{row('td', cells)}</tr>"
    yield "</tbody></table>"


def _tallies(title: str, name: str, rows: Sequence[Tally]) -> Iterator[str]:
    if rows:
        yield f"<details open><summary>{escaped(title)} ({len(rows):,})</summary>"
        yield from _table((name, *HEADINGS), (row.cells for row in rows), numbers=len(HEADINGS) - 1)
        yield "</details>"


def _findings(title: str, findings: Sequence[Finding], report: Report) -> Iterator[str]:
    if not findings:
        return
    yield f"<h2>{escaped(title)} ({len(findings):,})</h2>"
    for number, (place, here) in enumerate(grouped(findings).items()):
        state = " open" if number < _OPEN_PLACES else ""
        yield f"<details{state}><summary>{escaped(place)} ({escaped(severity_counts(here))})</summary>"
        for finding in here:
            yield from _finding(finding, report)
        yield "</details>"


def _finding(finding: Finding, report: Report) -> Iterator[str]:
    severity = finding.severity.value
    line = f", line {finding.location.line}" if finding.location and finding.location.line else ""
    also = f", {', '.join(finding.also)} found it, too" if finding.also else ""
    # The fingerprint is made of hexadecimal digits, so it can be an id.
    yield f'<article id="f-{finding.fingerprint}">'
    yield f'<p><span class="{severity}">{severity}</span> <b>{escaped(finding.rule_id)}</b>'
    yield f'<span class="dim">{escaped(f"{line} ({finding.scanner}{also})")}</span></p>'
    yield f"<p>{escaped(finding.message)}</p>"
    excerpt, fix = report.excerpt(finding), report.fix(finding)
    if excerpt is not None:
        yield _excerpt(excerpt)
    for name, text in (("resource", finding.resource), ("subject", finding.subject), ("remedy", finding.remediation)):
        if text:
            yield f'<p><span class="dim">{name}:</span> {escaped(text)}</p>'
    if fix is not None:
        yield f"<pre>{escaped(fix.text)}</pre>"
    if finding.documentation:
        yield f'<p><span class="dim">see:</span> {_address(finding.documentation)}</p>'
    yield "</article>"


def _address(text: str) -> str:
    """A link where it is a plain web address; else the text."""
    if re.fullmatch(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]+", text):
        return f'<a rel="noopener noreferrer" href="{escaped(text)}">{escaped(text)}</a>'
    return escaped(text)


def _excerpt(excerpt: Excerpt) -> str:
    lines = []
    for number, text in enumerate(excerpt.lines, excerpt.first):
        shown = escaped(text)
        if number == excerpt.marked:
            column = excerpt.column - 1 if excerpt.column is not None else len(text) - len(text.lstrip())
            shown = f"{escaped(text[:column])}<mark>{escaped(text[column:])}</mark>"
        lines.append(f'<span class="dim">{number:>5} |</span> {shown}')
    return f"<pre>{chr(10).join(lines)}</pre>"


def _waived(waived: Sequence[WaivedFinding], report: Report) -> Iterator[str]:
    if not waived:
        return
    yield f"<h2>Waived ({len(waived):,})</h2>"
    for item in waived:
        waiver = item.waiver
        yield (
            f"<p>Until {waiver.expires.isoformat()}, owner {escaped(waiver.owner)}, approved by "
            f"{escaped(waiver.approver)} ({escaped(str(waiver.location))}): {escaped(waiver.reason)}</p>"
        )
        yield f"<p>{escaped(wording.place_of(item.finding))}</p>"
        yield from _finding(item.finding, report)


def _unchecked(unchecked: Sequence[NotCompleted]) -> Iterator[str]:
    if unchecked:
        yield f"<h2>Could not check ({len(unchecked):,})</h2>"
        rows = (
            (item.scanner, str(item.location or ""), f"{item.reason.value}: {item.detail}", item.remedy)
            for item in unchecked
        )
        yield from _table(("Scanner", "Where", "Why", "Remedy"), rows)


def _left_out(left_out: Sequence[str]) -> Iterator[str]:
    if left_out:
        yield f"<h2>Left out ({len(left_out):,})</h2>"
        yield f"<ul>{''.join(f'<li>{escaped(one)}</li>' for one in left_out)}</ul>"


def _scanners(verdict: Verdict) -> Iterator[str]:
    rows = []
    for outcome in verdict.outcomes:
        rows.append((outcome.scanner, wording.outcome_line(outcome), f"{outcome.seconds:.1f} s"))
        rows += [(outcome.scanner, f"note: {note}", "") for note in getattr(outcome, "notes", ())]
    if rows:
        yield f"<h2>Scanners ({len(verdict.outcomes):,})</h2>"
        yield from _table(("Scanner", "Outcome", "Time"), rows)


def _about(report: Report) -> Iterator[str]:
    verdict = report.verdict
    tools = [(tool.name, tool.version, tool.digest, tool.origin) for tool in wording.tools(verdict)]
    tools += [
        (base.name, wording.moment(base.updated_at), base.digest, "database") for base in wording.databases(verdict)
    ]
    if tools:
        yield f"<h2>Tools and databases ({len(tools):,})</h2>"
        yield from _table(("Name", "Version", "Digest", "Origin"), tools)
    yield "<h2>About this run</h2>"
    yield from _table(
        ("Fact", "Value"),
        [
            *report.facts,
            ("mlgate", report.mlgate_version),
            ("threshold", verdict.fail_on.value),
            ("decided at", wording.moment(verdict.at)),
        ],
    )
    inputs = wording.inputs(verdict)
    if inputs:
        yield f"<details><summary>Inputs ({len(inputs):,})</summary>"
        yield from _table(("Name", "Digest"), ((item.name, item.digest) for item in inputs))
        yield "</details>"
