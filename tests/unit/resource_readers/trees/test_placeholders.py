"""Placeholders of template tools: YAML can be read around them, and places stay exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_readers.trees.nodes import NodeSource
from resource_readers.trees.placeholders import mask, symbolic_text, unmask
from resource_readers.trees.plain import plain
from resource_readers.trees.yaml_tree import YamlError, parse


def test_unquoted_placeholders_are_texts_at_their_place() -> None:
    node = parse("name: {{name}}\nb: [{{ a, b }}, 'x{{c}}']\n{{key}}: #{token}#\nc: 1\n", templated=True)
    assert plain(node) == {"name": "{{name}}", "b": ["{{ a, b }}", "x{{c}}"], "{{key}}": "#{token}#", "c": 1}
    assert NodeSource(node).position(("b", 1)) == (2, 17)


def test_a_placeholder_that_looks_like_a_number_or_a_mapping_is_a_text() -> None:
    assert plain(parse("a: {{ x: 1 }}\nb: {{1}}", templated=True)) == {"a": "{{ x: 1 }}", "b": "{{1}}"}


def test_blocks_of_a_template_language_are_named() -> None:
    with pytest.raises(YamlError, match="template language") as caught:
        parse("a: 1\n{% if x %}\nb: 2\n{% endif %}\n", templated=True)
    assert caught.value.line == 2


def test_without_the_option_nothing_is_masked() -> None:
    with pytest.raises(YamlError):
        parse("name: {{name}}\n")


@pytest.mark.parametrize(
    ("text", "symbolic"),
    [
        ("{{ name }}", "{name}"),
        ("azureml:{{m}}@latest", "azureml:{m}@latest"),
        ("#{token}#", "{token}"),
        ("__ENDPOINT_NAME__", "{ENDPOINT_NAME}"),
        ("$(endpoint.name)", "{endpoint.name}"),
        ("/subscriptions/${SUB_ID}/x", "/subscriptions/{SUB_ID}/x"),
        ("$ENDPOINT", "{ENDPOINT}"),
        ("<WORKSPACE_NAME>", "{WORKSPACE_NAME}"),
        ("${{parent.inputs.x}}", None),
        ("azureml://datastores/a/paths/${{name}}", None),
        ("__init__", None),
        ("a < b > c", None),
        ("plain", None),
    ],
)
def test_what_a_template_tool_fills_in_is_shown_in_braces(text: str, symbolic: str | None) -> None:
    assert symbolic_text(text) == symbolic


@pytest.mark.parametrize("text", ["$(pwd)", "echo ${HOME} $HOME", "cat <file>", "${{inputs.x}}"])
def test_in_a_script_the_shell_s_own_is_none(text: str) -> None:
    assert symbolic_text(text, script=True) is None


@given(st.text(alphabet=st.sampled_from("{}$#a b:\n\ue000\ue07b")))
def test_masking_keeps_length_and_lines_and_is_undone(text: str) -> None:
    masked = mask(text)
    assert [len(line) for line in masked.split("\n")] == [len(line) for line in text.split("\n")]
    if masked != text:
        assert unmask(masked) == text
