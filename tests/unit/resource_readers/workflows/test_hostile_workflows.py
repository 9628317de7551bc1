"""Workflows that somebody wrote to do harm: bounded, named, never a crash, never a file from outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.registry import read_resources

WORKFLOW = ".github/workflows/w.yml"
PIPELINE = "azure-pipelines.yml"


def read(root: Path, path: str, text: str | bytes) -> ReadResult:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_resources(ReadRequest(root=root, path=file))


def bomb(levels: int = 12, width: int = 10) -> str:
    lines = ["x0: &x0 [lol, lol, lol]"]
    lines += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def reasons(result: ReadResult) -> str:
    return " ".join(one.reason for one in result.not_read)


@pytest.mark.parametrize("place", ["env", "strategy", "with"])
def test_an_alias_bomb_in_values_of_a_workflow(tmp_path: Path, place: str) -> None:
    job = {
        "env": "env: {A: *x11}, steps: [{run: x}]",
        "strategy": "strategy: {matrix: *x11}, steps: [{run: x}]",
        "with": "steps: [{uses: a/b@v1, with: {a: *x11}}]",
    }[place]
    result = read(tmp_path, WORKFLOW, bomb() + f"on: push\njobs: {{a: {{runs-on: x, {job}}}}}\n")
    assert "values" in reasons(result) or "steps" in reasons(result)


def test_an_alias_bomb_of_steps(tmp_path: Path) -> None:
    steps = "s0: &s0 {run: az ml job create -f x.yml}\n" + "l: &l [" + ", ".join(["*s0"] * 3000) + "]\n"
    jobs = ", ".join(f"j{n}: {{runs-on: x, steps: *l}}" for n in range(200))
    result = read(tmp_path, WORKFLOW, steps + f"on: push\njobs: {{{jobs}}}\n")
    assert "steps" in reasons(result)


def test_an_alias_bomb_in_a_pipeline(tmp_path: Path) -> None:
    result = read(tmp_path, PIPELINE, bomb() + "steps: [{script: echo, env: {A: *x11}}]\n")
    assert result.not_read


def test_deep_nesting(tmp_path: Path) -> None:
    for path, begin in ((WORKFLOW, "on: push\njobs: "), (PIPELINE, "steps:\n- task: x@1\n  inputs: ")):
        result = read(tmp_path, path, begin + "[" * 5_000 + "]" * 5_000)
        assert "nested deeper" in reasons(result)


def test_nesting_up_to_the_limit_is_read(tmp_path: Path) -> None:
    result = read(tmp_path, PIPELINE, "steps:\n- task: x@1\n  inputs: {a: " + "[" * 90 + "]" * 90 + "}\n")
    assert not result.not_read


def test_directives_nested_without_end(tmp_path: Path) -> None:
    lines = ["parameters: [{name: a, type: boolean, default: true}]", "steps:"]
    lines += ["  " * n + "- ${{ if parameters.a }}:" for n in range(90)]
    lines += ["  " * 90 + "- script: echo"]
    result = read(tmp_path, PIPELINE, "\n".join(lines) + "\n")
    assert "nested" in reasons(result) or len([one for one in result.resources if one.type.endswith("/steps")]) == 1


def test_exponential_loops(tmp_path: Path) -> None:
    items = ", ".join(map(str, range(20)))
    lines = [f"parameters: [{{name: a, type: object, default: [{items}]}}]", "steps:"]
    lines += ["  " * n + f"- ${{{{ each x{n} in parameters.a }}}}:" for n in range(8)]
    lines += ["  " * 8 + "- script: echo ${{ x1 }}"]
    result = read(tmp_path, PIPELINE, "\n".join(lines) + "\n")
    assert "steps" in reasons(result)


def test_texts_that_double(tmp_path: Path) -> None:
    lines = ["variables:", "  - {name: v0, value: xxxxxxxxxxxxxxxx}"]
    lines += [
        f"  - {{name: v{n}, value: '${{{{ variables.v{n - 1} }}}}${{{{ variables.v{n - 1} }}}}'}}" for n in range(1, 40)
    ]
    result = read(tmp_path, PIPELINE, "\n".join([*lines, "steps: [{script: echo}]"]) + "\n")
    assert result.not_read


def test_replacements_that_grow(tmp_path: Path) -> None:
    inner = "'aaaaaaaaaaaaaaaaaaaa'"
    for _ in range(12):
        inner = f"replace({inner}, 'a', 'aaaaaaaaaaaaaaaaaaaa')"
    result = read(tmp_path, PIPELINE, f'steps: [{{script: "${{{{ {inner} }}}}"}}]\n')
    assert "text longer" in reasons(result)


def test_templates_that_include_two_of_themselves(tmp_path: Path) -> None:
    result = read(tmp_path, PIPELINE, f"steps:\n- template: {PIPELINE}\n- template: {PIPELINE}\n")
    assert "include each other" in reasons(result)


def test_templates_that_extend_each_other(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(f"extends: {{template: {PIPELINE}}}\n")
    result = read(tmp_path, PIPELINE, "extends:\n  template: b.yml\n")
    assert result.not_read


def test_variables_that_include_themselves(tmp_path: Path) -> None:
    result = read(tmp_path, PIPELINE, f"variables:\n- template: {PIPELINE}\nsteps: [{{script: echo}}]\n")
    assert "include each other" in reasons(result)


def test_actions_that_use_two_of_themselves(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/action.yml").write_text("runs: {using: composite, steps: [{uses: ./x}, {uses: ./x}, {uses: ./x}]}\n")
    result = read(tmp_path, WORKFLOW, "on: push\njobs: {a: {runs-on: x, steps: [{uses: ./x}]}}\n")
    assert result.not_read


@pytest.mark.parametrize(
    "text",
    [
        "steps:\n- template: ../../../../../../etc/passwd\n",
        "steps:\n- template: /../../../etc/passwd\n",
        "steps:\n- template: ..\\..\\..\\etc\\passwd\n",
        "extends: {template: ../secret.yml}\nx: 1\n",
        "variables:\n- template: ../secret.yml\nsteps: [{script: echo}]\n",
        "steps:\n- template: link.yml\n",
        "steps:\n- template: folder/secret.yml\n",
        'steps:\n- template: "a\\0b.yml"\n',
    ],
)
def test_templates_outside_of_the_project(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret.yml").write_text("steps: [{script: TOPSECRET}]\nvariables: {a: TOPSECRET}\n")
    root = tmp_path / "project"
    root.mkdir()
    (root / "link.yml").symlink_to("../secret.yml")
    (root / "folder").symlink_to("..")
    result = read(root, PIPELINE, text)
    assert result.not_read
    assert "TOPSECRET" not in repr(result)
    assert {one.name for one in result.files} == {PIPELINE}


def test_scripts_and_actions_outside_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "secret.sh").write_text("az ml job create -f TOPSECRET.yml\n")
    root = tmp_path / "project"
    root.mkdir()
    (root / "link.sh").symlink_to("../secret.sh")
    steps = "[{run: bash ../secret.sh}, {run: bash link.sh}, {run: cd .. && ./secret.sh}, {uses: ./../x}]"
    result = read(root, WORKFLOW, f"on: push\njobs: {{a: {{runs-on: x, steps: {steps}}}}}\n")
    assert "TOPSECRET" not in repr(result)
    assert {one.name for one in result.files} == {WORKFLOW}


def test_a_template_that_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yml")
    result = read(tmp_path, PIPELINE, "steps:\n- template: pipe.yml\n")
    assert "no regular file" in reasons(result)


def test_scripts_that_call_each_other(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_text("bash b.sh\nbash b.sh\naz ml job create -f x.yml\n")
    (tmp_path / "b.sh").write_text("bash a.sh\nbash a.sh\n")
    result = read(tmp_path, PIPELINE, "steps: [{bash: bash a.sh}]\n")
    (step,) = [one for one in result.resources if one.type.endswith("/steps")]
    assert len(step.properties["deployments"]) == 1


@pytest.mark.parametrize(
    "script",
    [
        "$(" * 3_000 + ")" * 3_000,
        "`" * 5_001,
        '"$(' * 2_000,
        "'" + "x" * 100_000,
        "${{" * 10_000,
        "<<A " * 5_000,
        "a;" * 30_000,
        "@{" * 3_000,
        "(" * 3_000,
        "$x = @{\n" * 3_000,
        "@'\n" * 5_000,
        "\\\n" * 20_000,
        "`\r" * 5_000,
    ],
)
@pytest.mark.parametrize("kind", ["bash", "pwsh"])
def test_scripts_that_are_hard_to_take_apart(tmp_path: Path, script: str, kind: str) -> None:
    (tmp_path / "s.sh").write_text(script)
    (tmp_path / "s.ps1").write_text(script)
    name = "./s.sh" if kind == "bash" else "./s.ps1"
    result = read(tmp_path, PIPELINE, f"steps: [{{{kind}: '{name}'}}]\n")
    assert all("script" in one.reason for one in result.not_read)


def test_a_script_that_is_too_deep_is_named(tmp_path: Path) -> None:
    (tmp_path / "s.sh").write_text("$(" * 100 + "az ml job create -f x.yml" + ")" * 100)
    result = read(tmp_path, PIPELINE, "steps: [{bash: ./s.sh}]\n")
    assert "nested deeper" in reasons(result)
    assert result.not_read[0].path == "s.sh"


def test_an_expression_of_many_brackets(tmp_path: Path) -> None:
    text = "${{ if " + "not(" * 3_000 + "1" + ")" * 3_000 + " }}"
    result = read(tmp_path, PIPELINE, f'steps:\n- ? "{text}"\n  : - script: echo\n')
    assert "nested deeper" in reasons(result)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\x00",
        b"on: push\njobs: \x80",
        b"\x00" * 100,
        b"on: push\njobs:\n\t- a",
        b"{" * 1000,
        b"- " * 3000,
    ],
)
def test_bytes_that_are_no_workflow(tmp_path: Path, data: bytes) -> None:
    for path in (WORKFLOW, PIPELINE):
        result = read(tmp_path, path, data)
        assert result.not_read
        assert not result.resources


def test_names_with_slashes_and_signs_stay_apart(tmp_path: Path) -> None:
    text = "on: push\njobs:\n  'a/steps/1': {steps: [{run: x}]}\n  a: {steps: [{run: x, id: 'b/c'}]}\n"
    result = read(tmp_path, WORKFLOW, text)
    assert len({one.id for one in result.resources}) == len(result.resources) == 5


def test_a_tag_of_another_language_makes_nothing(tmp_path: Path) -> None:
    result = read(tmp_path, WORKFLOW, "!!python/object/apply:os.system ['touch x']")
    assert result.not_read
    assert not (tmp_path / "x").exists()
