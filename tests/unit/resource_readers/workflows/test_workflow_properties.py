"""Whatever stands in a workflow: an answer, the same each time, and never an exception."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.registry import read_resources
from resource_readers.workflows.azure_expressions import ExpressionError, parse_expression
from resource_readers.workflows.deployment_commands import deployment_of
from resource_readers.workflows.github_expressions import secrets_in, untrusted_in
from resource_readers.workflows.powershell_commands import powershell_commands
from resource_readers.workflows.service_expressions import expression_spans, replace_expressions
from resource_readers.workflows.shell_commands import ScriptError, Word, shell_commands

WORKFLOW = ".github/workflows/w.yml"
PIPELINE = "azure-pipelines.yml"

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10),
    st.sampled_from(
        [
            *("", "x", "main", "$(x)", "self", "t.yml", "t.yml@other", "../t.yml", "ubuntu-latest", "./x", "a/b@v1"),
            *("${{ parameters.a }}", "${{ parameters.b }}-${{ variables.c }}", "${{ x }}", "${{ (", "${{ }}"),
            *("az ml job create -f x.yml", "${{ secrets.A }}", "bash t.sh", "$[ variables.x ]", "{{ y }}", "inherit"),
        ]
    ),
)
KEYS = st.sampled_from(
    [
        *(
            "on",
            "jobs",
            "steps",
            "stages",
            "trigger",
            "pool",
            "job",
            "stage",
            "deployment",
            "task",
            "script",
            "template",
        ),
        *(
            "parameters",
            "variables",
            "name",
            "value",
            "group",
            "environment",
            "strategy",
            "runOnce",
            "deploy",
            "inputs",
        ),
        *("uses", "run", "with", "env", "permissions", "runs-on", "needs", "matrix", "include", "secrets", "container"),
        *("extends", "resources", "repositories", "services", "runs", "using", "default", "type", "dependsOn", "if"),
        *("${{ if eq(parameters.a, 'x') }}", "${{ elseif parameters.b }}", "${{ else }}", "${{ insert }}"),
        *("${{ each one in parameters.a }}", "${{ each two in one }}", "${{ if }}", "${{ one.key }}", "${{ each }}"),
    ]
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=40,
)
ROOTS = st.dictionaries(KEYS, TREES, min_size=1, max_size=6)


def read(files: dict[str, str], path: str) -> ReadResult:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        result = read_resources(ReadRequest(root=root, path=root / path))
        for name, text in files.items():
            assert (root / name).read_text() == text
    return result


def check(result: ReadResult) -> None:
    assert not any("mlgate itself failed" in one.reason for one in result.not_read), result.not_read
    names = [one.name for one in result.resources]
    assert len(names) == len(set(names))
    ids = [one.id for one in result.resources]
    assert len(ids) == len(set(ids))
    for resource in result.resources:
        assert isinstance(resource.properties, dict)
        assert resource.condition is True or isinstance(resource.condition, Unknown)
        for name in resource.properties:
            assert resource.place("properties", name).line >= 1
    assert result.resources or result.not_read


@settings(max_examples=150)
@given(ROOTS, TREES)
def test_any_pipeline(root: dict[str, Any], template: Any) -> None:
    files = {PIPELINE: yaml.safe_dump(root), "t.yml": yaml.safe_dump(template), "t.sh": "az ml job create -f y.yml\n"}
    result = read(files, PIPELINE)
    check(result)
    again = read(files, PIPELINE)
    assert [(one.name, one.properties) for one in result.resources] == [
        (one.name, one.properties) for one in again.resources
    ]
    assert result.not_read == again.not_read


@settings(max_examples=150)
@given(ROOTS, TREES)
def test_any_workflow(root: dict[str, Any], jobs: Any) -> None:
    files = {WORKFLOW: yaml.safe_dump({"on": "push", "jobs": jobs} | root), "x/action.yml": yaml.safe_dump(root)}
    check(read(files, WORKFLOW))
    if "jobs" not in root:
        check(read(files, "x/action.yml") if "runs" in root else read(files, WORKFLOW))


@settings(max_examples=200)
@given(st.text(alphabet="ab$(){}[]'\"`\\|&;<>#@=-. \n\té€", max_size=80))
def test_any_script(text: str) -> None:
    for commands in (shell_commands, powershell_commands):
        try:
            found = commands(text)
        except ScriptError:
            continue
        lines = text.split("\n")
        for command in found:
            assert 0 <= command.line < len(lines)
            assert 0 <= command.column <= len(lines[command.line])
            deployment_of(command.words)


WORDS = st.lists(st.text(alphabet="abcXYZ019 '\"$`\\|&;<>#=-./é", max_size=12), min_size=1, max_size=6)


@given(WORDS)
def test_quoted_words_come_back_as_a_shell_would_give_them(words: list[str]) -> None:
    script = shlex.join(["az", *words])
    (command,) = shell_commands(script)
    assert [word.text for word in command.words] == ["az", *words]


@given(WORDS)
def test_quoted_words_come_back_as_powershell_would_give_them(words: list[str]) -> None:
    script = "az " + " ".join("'" + word.replace("'", "''") + "'" for word in words)
    (command,) = powershell_commands(script)
    assert [word.text for word in command.words] == ["az", *words]


@given(
    st.lists(
        st.sampled_from(["az", "ml", "deployment", "group", "create", "-f", "--parameters", "a=b", "@x", "{", "-"])
    )
)
def test_any_command(words: list[str]) -> None:
    for known in (True, False):
        deployment_of([Word(word, known) for word in words])


@given(st.text(alphabet="eqandparmets()[].,'*01 -x", max_size=40))
def test_any_expression(text: str) -> None:
    try:
        parse_expression(text)
    except ExpressionError:
        pass


@given(st.text(alphabet="${}' secrets.github[]abc*()", max_size=60))
def test_expressions_in_any_text(text: str) -> None:
    for start, end in expression_spans(text):
        assert text[start : start + 3] == "${{"
        assert text[end - 2 : end] == "}}"
    assert replace_expressions(text, lambda _: None) == text
    secrets_in(text)
    secrets_in(text, bare=True)
    untrusted_in(text)


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("${{ secrets.A }}", ["A"]),
        ("${{ secrets . A }}", ["A"]),
        ("${{ SECRETS.A }}", ["A"]),
        ("${{ secrets['a-b'] }}", ["a-b"]),
        ("${{ secrets[github.ref] }}", ["*"]),
        ("${{ toJSON(secrets) }}", ["*"]),
        ("${{ github.token }} ${{ secrets.GITHUB_TOKEN }}", ["GITHUB_TOKEN"]),
        ("${{ github['token'] }}", ["GITHUB_TOKEN"]),
        ("${{ github.token_type }}", []),
        ("secrets.A", []),
        ("${{ env.secrets }} ${{ my.secrets.A }}", []),
        ("${{ 'it''s }} ' }} secrets.A", []),
        ("${{ secrets.A", []),
    ],
)
def test_names_of_secrets(text: str, secrets: list[str]) -> None:
    assert secrets_in(text) == secrets
