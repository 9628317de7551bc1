"""A rule's page reads well on a terminal, and is the page itself elsewhere."""

from __future__ import annotations

import io
import re

from click.testing import CliRunner
from rich.console import Console

from cli.main import mlgate
from cli.pages import print_page

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PAGE = "# MLG-X\n\n**What**: `a` must hold.\n\nBicep:\n\n```bicep\nname: 'x' // why\n```\n"


def on_terminal(page: str) -> str:
    stream = io.StringIO()
    print_page(
        page, Console(file=stream, force_terminal=True, color_system="truecolor", width=60, legacy_windows=False)
    )
    return stream.getvalue()


def test_a_terminal_gets_no_signs_of_markdown_and_every_word() -> None:
    text = on_terminal(PAGE)
    assert "\x1b[" in text
    plain = _COLOUR.sub("", text)
    for word in ("MLG-X", "What: a must hold.", "Bicep:", "name: 'x' // why"):
        assert word in plain
    assert not re.search(r"\*\*|```|^# ", plain, re.MULTILINE)


def test_a_page_of_somebody_else_does_not_steer_the_terminal() -> None:
    text = on_terminal("# x\x1b]0;owned\x07\n\n[click](https://evil.example) \x9b2J\n")
    assert not re.search("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]", text)
    assert "\x1b]" not in text


def test_a_pipe_gets_the_page_as_it_is() -> None:
    result = CliRunner().invoke(mlgate, ["rule", "show", "mlg-workspace-public-access"])
    assert result.exit_code == 0
    assert result.stdout.startswith("# MLG-WORKSPACE-PUBLIC-ACCESS\n\n**What**: ")
    assert "```bicep\n" in result.stdout
    assert "\x1b" not in result.stdout
