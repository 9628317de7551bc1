"""The waiver file: one that is wrong anywhere waives nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from tests.sample_reports import finding
from verdicts import ConfigurationError, Location, Waiver
from verdicts.waiver_file import load_waivers

GOOD = """\
schema: mlgate/waivers/v1
waivers:
  - rule: CKV_AZURE_109
    path: infrastructure/vault.json
    resource: Microsoft.KeyVault/vaults/credit-risk
    subject: properties.networkAcls
    owner: owner@example.com
    reason: Closed by the firewall until the move.
    approver: approver@example.com
    expires: 2027-01-31
"""


def load(tmp_path: Path, text: str) -> tuple[Waiver, ...]:
    file = tmp_path / "waivers.yml"
    file.write_text(text, encoding="utf-8")
    return load_waivers(file, shown_as="governance/waivers.yml")


def test_a_waiver_is_read_with_its_place(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) == (
        Waiver(
            rule_id="CKV_AZURE_109",
            path="infrastructure/vault.json",
            resource="Microsoft.KeyVault/vaults/credit-risk",
            subject="properties.networkAcls",
            owner="owner@example.com",
            reason="Closed by the firewall until the move.",
            approver="approver@example.com",
            expires=dt.date(2027, 1, 31),
            location=Location("governance/waivers.yml", 3),
        ),
    )


def test_path_and_subject_may_be_absent(tmp_path: Path) -> None:
    text = "\n".join(line for line in GOOD.splitlines() if " path:" not in line and " subject:" not in line)
    assert [(item.path, item.subject) for item in load(tmp_path, text)] == [("", "")]


def test_a_question_mark_in_a_resource_stands_for_itself(tmp_path: Path) -> None:
    [waiver] = load(tmp_path, GOOD.replace("Microsoft.KeyVault/vaults/credit-risk", "pkg:deb/debian/ssl@3?arch=amd64"))
    assert waiver.resource == "pkg:deb/debian/ssl@3?arch=amd64"
    item = finding(
        rule_id=waiver.rule_id, location=Location(waiver.path), resource=waiver.resource, subject=waiver.subject
    )
    assert waiver.covers(item)
    assert not waiver.covers(dataclasses.replace(item, resource="pkg:deb/debian/ssl@3xarch=amd64"))


@pytest.mark.parametrize("text", ["schema: mlgate/waivers/v1\n", "schema: mlgate/waivers/v1\nwaivers: []\n"])
def test_no_waivers_is_a_file_too(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text) == ()


@pytest.mark.parametrize("key", ["rule", "resource", "owner", "reason", "approver", "expires"])
def test_nothing_that_makes_someone_answerable_may_be_missing(tmp_path: Path, key: str) -> None:
    kept = [line for line in GOOD.splitlines() if f" {key}:" not in line]
    text = "\n".join(kept).replace("    path:", "  - path:") if key == "rule" else "\n".join(kept)
    with pytest.raises(ConfigurationError, match=f"'{key}' is missing"):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mlgate/waivers/v1", "mlgate/waivers/v2"),
        ("rule: CKV_AZURE_109", "rule: CKV_*"),
        ("vault.json", "*.json"),
        ("vaults/credit-risk", "vaults/*"),
        ("vault.json", "vault?.json"),
        ("approver: approver@example.com", "approver: ' OWNER@example.com'"),
        ("2027-01-31", "never"),
        ("2027-01-31", "2027-02-31"),
        ("    reason: Closed by the firewall until the move.", "    reason: ''"),
        ("    reason:", "    reasons:"),
        ("waivers:", "waiver:"),
        ("    owner:", "    note: x\n    owner:"),
        ("    path: infrastructure/vault.json", "    path: a\n    path: b"),
    ],
)
def test_a_wrong_file_is_refused_whole_and_with_its_place(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert caught.value.where.startswith("governance/waivers.yml:")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_waivers(tmp_path / "absent.yml", shown_as="waivers.yml")
