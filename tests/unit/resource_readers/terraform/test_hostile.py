"""Configurations that try to take time, memory or files that aren't theirs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_readers.interface import ReadRequest, Unknown
from resource_readers.registry import read_resources
from resource_readers.terraform.bodies import parse_file

Evaluate = Callable[..., Any]

DOUBLED = "locals {\n  l0 = [1, 2]\n" + "".join(f"  l{n + 1} = [local.l{n}, local.l{n}]\n" for n in range(60)) + "}\n"


def test_cycles_are_unknown_and_end(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": """
locals {
  a = local.b
  b = [local.a]
}
variable "v" { default = 1 }
resource "a_x" "one" { v = a_x.two.v }
resource "a_x" "two" { v = a_x.one.v }
resource "a_x" "self" { for_each = a_x.self }
resource "a_x" "nested" {
  block { v = a_x.nested.block }
}
resource "a_x" "user" { v = local.a }
module "m" {
  source = "./m"
  v      = module.m.v
}
""",
            "m/main.tf": 'variable "v" {}\noutput "v" { value = var.v }',
        }
    )
    assert isinstance(found["a_x.user"].values["v"], Unknown)
    assert "depends on itself" in found["a_x.one"].values["v"].reason
    assert found["a_x.self[*]"].repeated


def test_modules_that_call_themselves_or_each_other_are_named(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": 'module "self" { source = "./" }\nmodule "a" { source = "./a" }\nresource "a_x" "y" {}',
            "a/main.tf": 'module "b" { source = "../b" }',
            "b/main.tf": 'module "a" { source = "../a" }',
        }
    )
    assert set(found.instances) == {"a_x.y"}
    assert sorted(found.reasons) == ["the module 'a' calls itself", "the module 'self' calls itself"]


def test_an_exponential_number_of_modules_is_stopped_and_named(evaluate: Evaluate) -> None:
    files = {
        f"m{n}/main.tf": "".join(f'module "c{k}" {{ source = "../m{n + 1}" }}\n' for k in range(8)) for n in range(8)
    }
    files["m8/main.tf"] = 'resource "a_x" "y" {}'
    found = evaluate(files, at="m0")
    assert any("more than 2,000 modules" in reason for reason in found.reasons)


@pytest.mark.slow
@pytest.mark.parametrize(
    "attribute",
    [
        "v = local.l60",
        "v = jsonencode(local.l60)",
        "v = flatten(local.l60)",
        "v = local.l60 == [local.l59, local.l59]",
        "v = toset(local.l60)",
        'v = "${join(",", flatten(local.l60))}"',
    ],
)
def test_values_that_share_their_parts_are_stopped_and_named(evaluate: Evaluate, attribute: str) -> None:
    found = evaluate({"main.tf": DOUBLED + f'resource "a_x" "y" {{ {attribute} }}'})
    assert found.reasons
    assert "stopped" in found.reasons[0]


def test_too_many_instances_are_named(evaluate: Evaluate) -> None:
    found = evaluate({"main.tf": 'resource "a_x" "y" { count = 1000000000 }\nresource "a_x" "z" {}'})
    assert set(found.instances) == {"a_x.z"}
    assert found.reasons == ["stopped: more than 20,000 instances"]


def test_files_outside_of_the_project_are_never_read(evaluate: Evaluate, tmp_path: Path) -> None:
    secret = tmp_path.parent / f"{tmp_path.name}-secret.txt"
    secret.write_text("top secret")
    (tmp_path / "link.txt").symlink_to(secret)
    (tmp_path / "folder").symlink_to(tmp_path.parent)
    os.mkfifo(tmp_path / "pipe")
    out = os.path.relpath(secret, tmp_path)
    found = evaluate(
        {
            "main.tf": f"""
resource "a_x" "y" {{
  a = file("/etc/passwd")
  b = file("{out}")
  c = file("${{path.module}}/x/../{out}")
  d = filebase64("link.txt")
  e = templatefile("link.txt", {{}})
  f = file("pipe")
  g = filesha256("~/.bashrc")
  h = fileset("..", "**")
  i = fileset("folder", "*")
  j = fileexists("{out}")
  k = fileexists("link.txt")
  l = file("folder/{secret.name}")
}}
module "out" {{ source = "../" }}
module "linked" {{ source = "./folder/{tmp_path.name}-other" }}
"""
        }
    )
    values = found["a_x.y"].values
    assert sorted(values) == list("abcdefghijkl")
    assert all(isinstance(value, Unknown) for value in values.values()), values
    assert "top secret" not in str(values)
    assert any("leads out of the project" in reason for reason in found.reasons)
    assert len(found.reasons) == 2


def test_templates_that_call_templates_are_refused(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": 'resource "a_x" "y" { v = templatefile("t.tftpl", { n = 1 }) }',
            "t.tftpl": '${templatefile("t.tftpl", { n = n })}',
        }
    )
    assert "templatefile() in a template" in found["a_x.y"].values["v"].reason


def test_huge_and_unfinished_heredocs_are_read_in_one_pass(evaluate: Evaluate) -> None:
    body = "line ${1 + 1} %{ if true }x%{ endif } $ % \n" * 3_000
    found = evaluate(
        {
            "main.tf": f'resource "a_x" "y" {{\n  v = <<-E\n{body}E\n}}\n',
            "open.tf": f'resource "a_x" "z" {{\n  v = <<E\n{body}',
        }
    )
    assert len(found["a_x.y"].values["v"]) > 30_000
    assert any("a heredoc without E at its end" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    "text",
    [
        'resource "a_x" "y" {\n' * 5_000,
        "{" * 100_000,
        'resource "a" "b" { v = ' + "[" * 100_000,
        "a = <<E\n" * 20_000,
        '"' * 100_000,
        "/*" * 100_000,
        'variable "x" {\n  default = "' + "${" * 50_000,
        "resource " * 50_000,
        'resource "a" "b" {\n v = (\n}\n' * 3_000,
        "\x00\ufffe\U0001f600" * 1_000,
    ],
)
def test_broken_files_are_named_and_cost_little(tmp_path: Path, text: str) -> None:
    (tmp_path / "main.tf").write_text(text)
    result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / "main.tf"))
    assert result.kind == "terraform"
    assert result.not_read


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_bytes(b'resource "a" "b" {}\n\xff\xfe\xfa')
    (tmp_path / "main.tf.json").write_bytes(b'{"resource": ')
    (tmp_path / "x.tfvars").write_text("a = \nb = 1")
    for name in ("main.tf", "main.tf.json", "x.tfvars"):
        result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / name))
        assert result.not_read[0].path == name


def test_one_broken_file_doesnt_silence_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.tf").write_text('resource "a_x" "y" { v = local.given }')
    (tmp_path / "b.tf").write_bytes(b"\xff")
    result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / "a.tf"))
    assert not result.not_read
    assert "b.tf was not read whole" in result.resources[0].properties["v"].reason


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *('resource "a" "b" {', "}", "\n", " = ", "x", '"', "${", "%{ if ", "<<E\n", "E\n", "[", "]", "(", ")"),
                *("for", " in ", ":", "=>", "...", ".", "*", "1", "-", "!", "?", ",", "#", "/*", "*/", "\\", "~"),
                *("$${", "::", "\u00e9"),
            ]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_no_text_makes_the_parser_fail(parts: list[str]) -> None:
    text = "".join(parts)
    first, second = parse_file("main.tf", text), parse_file("main.tf", text)
    assert first.body == second.body
    assert first.broken == second.broken


def test_links_pipes_and_folders_among_the_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "a_x" "y" {}')
    (tmp_path / "broken.tf").symlink_to(tmp_path / "nothing")
    (tmp_path / "self.tf").symlink_to(tmp_path / "self.tf")
    (tmp_path / "out.tf").symlink_to("/etc/passwd")
    (tmp_path / "folder.tf").mkdir()
    os.mkfifo(tmp_path / "pipe.tf")
    result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / "main.tf"))
    assert (len(result.resources), result.not_read) == (1, ())
    for name in ("broken.tf", "self.tf", "out.tf", "pipe.tf"):
        other = read_resources(ReadRequest(root=tmp_path, path=tmp_path / name))
        assert other.not_read
        assert not other.resources


def test_a_value_file_that_is_broken_is_named_by_every_file_that_it_concerns(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "a" {}\nresource "a_x" "y" { v = var.a }')
    (tmp_path / "terraform.tfvars").write_text("a = (\n")
    result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / "main.tf"))
    assert [one.path for one in result.not_read] == ["terraform.tfvars"]
    given = read_resources(
        ReadRequest(root=tmp_path, path=tmp_path / "main.tf", parameters=tmp_path / "missing.tfvars")
    )
    assert "missing.tfvars" in {one.path for one in given.not_read}
