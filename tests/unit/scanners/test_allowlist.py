"""The allowlist: its file, and an allow and a deny case for each rule."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from scanners.allowlist import RULES, AllowlistScanner, load_allowlist
from scanners.interface import ScanContext
from scanners.running import run_scanner
from tests.fakes.advisory_snapshots import HASH
from tests.fakes.fake_tools import fake_toolbox
from verdicts import Completed, ConfigurationError, Decision, Finding, NotCompleted, Outcome, Reason, Severity, decide

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
OTHER_HASH = "sha256:" + "cd" * 32
FEED = "https://pkgs.example.com/feed/simple"
EXCEPTION = f"source: '{FEED}/', owner: a@example.com, reason: ours, approver: b@example.com, until: 2026-12-31"
PROJECT = Path(__file__).parents[3]


def scan(
    folder: Path, entries: list[str], requirements: str, *, conda: str | None = None, now: dt.datetime = NOW
) -> tuple[Outcome, ...]:
    """What the scanner says of this allowlist and this closure."""
    root = folder / "project"
    root.mkdir()
    lines = "".join(f"  - {{{entry}}}\n" for entry in entries)
    (root / "allowlist.yml").write_text(f"schema: mlgate/allowlist/v1\npackages:\n{lines}" if lines else "schema: x\n")
    (root / "requirements.txt").write_text(requirements)
    if conda is not None:
        (root / "conda.yml").write_text(conda)
    scanner = AllowlistScanner(
        root / "allowlist.yml", root / "requirements.txt", root / "conda.yml" if conda is not None else None
    )
    context = ScanContext(root=root, workspace=folder, now=now, tools=fake_toolbox(folder))
    return run_scanner(scanner, context)


def decision(outcomes: tuple[Outcome, ...]) -> Decision:
    """The verdict where the allowlist is required."""
    return decide(outcomes, required=frozenset({"allowlist"}), fail_on=Severity.MEDIUM, at=NOW).decision


def findings(outcomes: tuple[Outcome, ...]) -> list[Finding]:
    """All findings."""
    return [finding for outcome in outcomes for finding in outcome.findings]


NUMPY = "name: NumPy, versions: '>=2.4,<3', source: pypi"
PIN = f"numpy==2.4.1 --hash={HASH}\n"


@pytest.mark.parametrize(
    ("rule", "entries", "requirements"),
    [
        ("MLG-ALLOWLIST-UNLISTED", [NUMPY], f"pandas==3.0 --hash={HASH}"),
        ("MLG-ALLOWLIST-UNLISTED", [NUMPY], f"nunpy==2.4.1 --hash={HASH}"),
        ("MLG-ALLOWLIST-VERSION", [NUMPY], f"numpy==3.0 --hash={HASH}"),
        ("MLG-ALLOWLIST-VERSION", [NUMPY], f"numpy==2.3.9 --hash={HASH}"),
        ("MLG-ALLOWLIST-SOURCE", [NUMPY], f"--index-url {FEED}\n{PIN}"),
        ("MLG-ALLOWLIST-SOURCE", [f"name: numpy, versions: '>=2', {EXCEPTION}"], PIN),
        ("MLG-ALLOWLIST-SOURCE", ["name: numpy, versions: '>=2', source: conda-forge"], PIN),
        ("MLG-ALLOWLIST-SOURCE", [NUMPY], f"--extra-index-url {FEED}\n{PIN}"),
        ("MLG-ALLOWLIST-SOURCE", [NUMPY], "numpy @ https://example.com/numpy-2.4.1.tar.gz"),
        ("MLG-ALLOWLIST-SOURCE", [NUMPY], "git+https://example.com/numpy.git#egg=numpy"),
        ("MLG-ALLOWLIST-SOURCE", [NUMPY], "-e ./numpy"),
        ("MLG-ALLOWLIST-UNPINNED", [NUMPY], f"numpy>=2.4 --hash={HASH}"),
        ("MLG-ALLOWLIST-UNPINNED", [NUMPY], "numpy==2.4.1"),
        ("MLG-ALLOWLIST-UNPINNED", [NUMPY], f"{PIN}numpy==2.4.2 --hash={HASH}"),
        ("MLG-ALLOWLIST-EXPIRED", [f"{NUMPY}, until: 2026-11-19"], PIN),
        ("MLG-ALLOWLIST-HASH", [f"{NUMPY}, hashes: ['{HASH}']"], f"numpy==2.4.1 --hash={OTHER_HASH}"),
        ("MLG-ALLOWLIST-HASH", [f"{NUMPY}, hashes: ['{HASH}']"], f"numpy==2.4.1 --hash={HASH} --hash={OTHER_HASH}"),
        ("MLG-ALLOWLIST-FORMAT", [f"{NUMPY}, formats: [wheel]"], PIN),
        ("MLG-ALLOWLIST-FORMAT", [f"{NUMPY}, formats: [wheel]"], f"--no-binary :all:\n{PIN}"),
    ],
)
def test_each_rule_denies(rule: str, entries: list[str], requirements: str, tmp_path: Path) -> None:
    outcomes = scan(tmp_path, entries, requirements)
    assert decision(outcomes) is Decision.DENIED
    assert {finding.rule_id for finding in findings(outcomes)} == {rule}
    (finding, *_) = findings(outcomes)
    assert finding.location is not None
    assert finding.location.path == "requirements.txt"
    assert finding.location.line
    assert (PROJECT / finding.documentation).is_file()


@pytest.mark.parametrize(
    ("entries", "requirements"),
    [
        ([NUMPY], PIN),
        ([NUMPY], f"NumPy==2.5.0rc1 --hash={HASH}"),
        ([f"name: numpy, versions: '>=2', {EXCEPTION}"], f"--index-url {FEED}\n{PIN}"),
        ([f"{NUMPY}, until: 2026-11-20"], PIN),
        ([f"{NUMPY}, until: 2026-11-19", NUMPY], PIN),
        ([f"{NUMPY}, hashes: ['{HASH}', '{OTHER_HASH}']"], PIN),
        ([f"{NUMPY}, formats: [wheel]"], f"--only-binary :all:\n{PIN}"),
        (["name: numpy, versions: '<2', source: pypi", NUMPY], PIN),
        ([NUMPY], f"{PIN}windows==1 ; sys_platform == 'win32' --hash={HASH}"),
    ],
)
def test_what_meets_an_entry_is_allowed(entries: list[str], requirements: str, tmp_path: Path) -> None:
    outcomes = scan(tmp_path, entries, requirements)
    assert findings(outcomes) == []
    assert decision(outcomes) is Decision.ALLOWED


def test_no_entry_can_allow_what_does_not_come_from_an_index(tmp_path: Path) -> None:
    (outcome,) = scan(
        tmp_path, ["name: numpy, versions: '>=2', source: vcs"], "git+https://example.com/n.git#egg=numpy"
    )
    assert isinstance(outcome, NotCompleted)
    assert [finding.rule_id for finding in outcome.findings] == ["MLG-ALLOWLIST-SOURCE"]


def test_a_name_that_resembles_a_listed_one_is_said(tmp_path: Path) -> None:
    (finding,) = findings(scan(tmp_path, [NUMPY], f"nunpy==2.4.1 --hash={HASH}\n"))
    assert "resembles numpy" in finding.message


@pytest.mark.parametrize(
    ("requirements", "conda", "reason"),
    [
        ("", None, Reason.INCOMPLETE),
        (f"{PIN}numpy==\n", None, Reason.UNREADABLE_INPUT),
        (PIN, "dependencies: [scipy=1.15.2]", Reason.INCOMPLETE),
        (PIN, "dependencies: [", Reason.UNREADABLE_INPUT),
    ],
)
def test_what_nobody_could_judge_is_could_not_check(
    requirements: str, conda: str | None, reason: Reason, tmp_path: Path
) -> None:
    outcomes = scan(tmp_path, [NUMPY], requirements, conda=conda)
    assert decision(outcomes) is Decision.COULD_NOT_CHECK
    assert reason in {outcome.reason for outcome in outcomes if isinstance(outcome, NotCompleted)}


def test_a_channel_that_is_not_on_the_safe_list_is_denied(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, [NUMPY], PIN, conda="channels: [somebody]\ndependencies: [python=3.11.9]")
    assert [finding.rule_id for finding in findings(outcomes)] == ["MLG-ALLOWLIST-SOURCE"]


def test_an_allowlist_that_can_not_be_read_is_could_not_check(tmp_path: Path) -> None:
    (outcome,) = scan(tmp_path, [], PIN)
    assert isinstance(outcome, NotCompleted)
    assert "allowlist.yml:1" in outcome.detail


def test_what_was_judged_is_counted_and_named(tmp_path: Path) -> None:
    (outcome,) = scan(tmp_path, [NUMPY], PIN)
    assert isinstance(outcome, Completed)
    assert outcome.examined == 1
    assert [item.name for item in outcome.evidence.inputs] == ["allowlist.yml", "requirements.txt"]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("name: numpy", 3),
        ("name: 'numpy*', versions: '>=2', source: pypi", 3),
        ("name: numpy, versions: newest, source: pypi", 3),
        ("name: numpy, versions: 2, source: pypi", 3),
        ("name: numpy, versions: '>=2', source: url", 3),
        ("name: numpy, versions: '>=2', source: editable", 3),
        ("name: numpy, versions: '>=2', source: our-feed", 3),
        (f"name: numpy, versions: '>=2', {EXCEPTION.replace('owner: a@example.com, ', '')}", 3),
        (f"name: numpy, versions: '>=2', {EXCEPTION.replace('reason: ours, ', '')}", 3),
        (f"name: numpy, versions: '>=2', {EXCEPTION.replace('approver: b@example.com, ', '')}", 3),
        (f"name: numpy, versions: '>=2', {EXCEPTION.replace(', until: 2026-12-31', '')}", 3),
        (f"name: numpy, versions: '>=2', {EXCEPTION.replace('b@', 'A@')}", 3),
        (f"{NUMPY}, until: soon", 3),
        (f"{NUMPY}, formats: [egg]", 3),
        (f"{NUMPY}, formats: []", 3),
        (f"{NUMPY}, hashes: [abc]", 3),
        (f"{NUMPY}, untill: 2026-12-31", 3),
    ],
)
def test_a_mistake_in_the_allowlist_is_told_with_its_line(entry: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "allowlist.yml"
    path.write_text(f"schema: mlgate/allowlist/v1\npackages:\n  - {{{entry}}}\n")
    with pytest.raises(ConfigurationError) as caught:
        load_allowlist(path, shown_as="allowlist.yml")
    assert caught.value.where == f"allowlist.yml:{line}"


@pytest.mark.parametrize("text", ["", "schema: mlgate/allowlist/v2\npackages: []\n", "schema: mlgate/allowlist/v1\n"])
def test_another_document_is_no_allowlist(text: str, tmp_path: Path) -> None:
    (tmp_path / "allowlist.yml").write_text(text)
    with pytest.raises(ConfigurationError):
        load_allowlist(tmp_path / "allowlist.yml", shown_as="allowlist.yml")


def test_every_rule_has_its_page_with_an_allow_and_a_deny_example() -> None:
    for rule in RULES:
        text = (PROJECT / "docs" / "rules" / f"{rule}.md").read_text()
        assert text.startswith(f"# {rule}")
        assert "**Allow**" in text
        assert "**Deny**" in text
