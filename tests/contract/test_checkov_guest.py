"""Inside of the real checkov: parsers of paths that are built once read every path as those that are built anew."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scanners.checkov_guest import GUEST
from scanners.interface import ToolUnavailableError
from scanners.toolbox import LocalToolbox

pytestmark = pytest.mark.slow

PATHS = (
    *("$.properties.sku.name", "$.properties.ipRules[0].value", "$.properties.subnets[0].properties.subnets[12]"),
    *("$.tags['a b'].c", "$.a.`len`", "$.a[*].b", "$.a | $.b", "$..name", "$.a[?(@.b == 'c')].d", "$.a[1:3]"),
    *("$.", "$.a.[", "$.[parameters('x')]", "$.a.b", "a.b", "a[0]"),
)
PROGRAM = """
import json, re, sys
import ply.yacc

asked = json.load(sys.stdin)
count = [0]
build = ply.yacc.yacc


def counting(*arguments, **options):
    count[0] += 1
    return build(*arguments, **options)


ply.yacc.yacc = counting
from bc_jsonpath_ng import parse as plain_parse
from bc_jsonpath_ng.ext import parse


def read(parser, path):
    try:
        return re.sub(" at 0x[0-9a-f]+", "", repr(parser(path)))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def everything():
    return [[read(parse, path), read(plain_parse, path)] for path in asked["paths"]]


before = everything()
built_before, count[0] = count[0], 0
exec(asked["guest"], {"__name__": "guest"})
print(json.dumps({"before": before, "after": everything() + everything(), "built": [built_before, count[0]]}))
"""


def test_a_path_means_the_same_and_the_parsers_are_built_once() -> None:
    try:
        program = LocalToolbox().tool("checkov").argv[0]
    except ToolUnavailableError as error:
        pytest.skip(f"no checkov here: {error.detail} ({error.remedy})")
    python = Path(program).with_name("python")
    if not python.exists():
        pytest.skip("this checkov's own Python isn't beside it")
    ended = subprocess.run(
        [python, "-c", PROGRAM],
        input=json.dumps({"paths": PATHS, "guest": GUEST}),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["after"] == told["before"] * 2
    assert any("Child" in one for one, _ in told["before"])
    assert any("Error" in one for one, _ in told["before"])
    # One parser for each of the two kinds; without the guest one for each path that could be split into words.
    assert told["built"][0] > len(PATHS)
    assert told["built"][1] == 2
