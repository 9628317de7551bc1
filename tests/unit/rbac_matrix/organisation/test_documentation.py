"""Every example of docs/rbac-organisation.md is a file that loads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema_rs
import pytest

from rbac_matrix.organisation.schemas import schema_text
from tests.unit.rbac_matrix.organisation.organisation_files import HEAD, SETUP, WORKSPACE, load
from verdicts.documents import parse_yaml

PAGE = Path(__file__).parents[4] / "docs/rbac-organisation.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
SERVICE = "services: {add: [{id: azure-openai, name: AI, resource_types: [Microsoft.CognitiveServices/accounts]}]}\n"
BEFORE = {"roles:": SERVICE + "matrices: {rename: {production: live}}\n", "groups:": SETUP}
"""What an example takes for granted of those above it."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split(":")[0].strip("# "))
def test_an_example_loads(tmp_path: Path, example: str) -> None:
    text = re.sub(r"/subscriptions/…/resourceGroups/rg-ml/\S+mlw-credit", WORKSPACE, example)
    text = text.replace("/subscriptions/…", "/subscriptions/00000000-0000-0000-0000-000000000001")
    text = text.replace("3f0c…", "3f0c0000-0000-4000-8000-000000000001")
    if "schema:" not in text:
        text = HEAD + BEFORE.get(text.split("\n")[0], "") + text
    text = text.removeprefix("# governance/rbac.yml\n")
    organisation = load(tmp_path, text)
    assert organisation.deviations or organisation.principals.entries
    jsonschema_rs.validator_for(json.loads(schema_text("organisation"))).validate(parse_yaml(text.encode()).content)


def test_there_are_examples_of_every_part() -> None:
    assert len(EXAMPLES) == 6
