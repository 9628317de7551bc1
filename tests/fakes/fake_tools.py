"""Fake wrapped programs: real executables that answer from a recording, or go wrong in one named way.

A `FakeTool` is written into a folder as a Python script with an absolute interpreter line and a JSON file beside it.
It picks the first `Reply` all of whose `when` words are among its arguments. Every start leaves a line in
`<name>.calls`, so that a test can prove that something was, or never was, executed.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scanners.interface import Tool, ToolUnavailableError
from verdicts import Reason, ToolIdentity
from verdicts.digests import digest_file

WRONG_VERSION = "0.0.1"
UNKNOWN_EXIT_CODE = 77


class Fault(enum.Enum):
    """The ways in which a wrapped program lets its scanner down."""

    MISSING = "missing"
    VANISHED = "vanished"
    HANG = "hang"
    CRASH = "crash"
    KILLED = "killed"
    EMPTY_OUTPUT = "empty-output"
    TRUNCATED_JSON = "truncated-json"
    NOTHING_SCANNED = "nothing-scanned"
    WRONG_VERSION = "wrong-version"
    UNKNOWN_EXIT_CODE = "unknown-exit-code"
    NOT_JSON = "not-json"
    WRONG_SHAPE = "wrong-shape"
    ENDLESS_OUTPUT = "endless-output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the program answers to one kind of call.

    Attributes:
        when: words that must all be among the arguments; () answers every call.
        output: what it writes. "{{after:--input}}" becomes the argument behind --input, "{{cwd}}" the
            working directory.
        nothing: what it writes where it looked at nothing although it ends well (for Fault.NOTHING_SCANNED).
        output_option: the option behind which the caller names the output file; "" for standard output.
        exit_code: how it ends when all is well.
    """

    when: tuple[str, ...] = ()
    output: str = ""
    nothing: str = "{}"
    output_option: str = ""
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeTool:
    """A program to write.

    Attributes:
        name: its file name.
        version: what it calls itself; Fault.WRONG_VERSION replaces this text wherever it stands in the output.
        replies: see Reply; the first that fits answers.
        fault: how it goes wrong, or None.
        fault_from_call: the number of calls (0-based) before which all is well.
    """

    name: str
    version: str
    replies: tuple[Reply, ...]
    fault: Fault | None = None
    fault_from_call: int = 0


_SCRIPT = """\
import json, os, pathlib, signal, sys, time

here = pathlib.Path(os.path.abspath(__file__))
plan = json.loads(here.with_name(here.name + ".plan.json").read_text())
trace = here.with_name(here.name + ".calls")
calls = len(trace.read_text().splitlines()) if trace.exists() else 0
with trace.open("a") as stream:
    stream.write(json.dumps(sys.argv[1:]) + "\\n")
fault = plan["fault"] if calls >= plan["fault_from_call"] else None
arguments = sys.argv[1:]


def after(option):
    for index, argument in enumerate(arguments):
        if argument == option and index + 1 < len(arguments):
            return arguments[index + 1]
        if argument.startswith(option + "="):
            return argument[len(option) + 1 :]
    sys.exit(f"fake {here.name}: no {option} in {arguments}")


def fill(text):
    text = text.replace("{{cwd}}", json.dumps(os.getcwd())[1:-1])
    while "{{after:" in text:
        option = text.split("{{after:", 1)[1].split("}}", 1)[0]
        text = text.replace("{{after:" + option + "}}", json.dumps(after(option))[1:-1])
    return text


def put(text):
    if reply["output_option"]:
        pathlib.Path(after(reply["output_option"])).write_text(text)
    else:
        sys.stdout.write(text)
        sys.stdout.flush()


for reply in plan["replies"]:
    if all(word in arguments for word in reply["when"]):
        break
else:
    sys.exit(f"fake {here.name}: no reply for {arguments}")

text, code = fill(reply["output"]), reply["exit_code"]
if fault == "hang":
    time.sleep(3600)
elif fault == "crash":
    sys.stderr.write("Traceback (most recent call last): something broke\\n")
    code = 2
elif fault == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
elif fault == "empty-output":
    put("")
elif fault == "truncated-json":
    put(text[: len(text) // 2])
elif fault == "nothing-scanned":
    put(fill(reply["nothing"]))
    code = 0
elif fault == "wrong-version":
    put(text.replace(plan["version"], plan["wrong_version"]))
elif fault == "unknown-exit-code":
    put(text)
    code = plan["unknown_exit_code"]
elif fault == "not-json":
    put("all is well\\n")
elif fault == "wrong-shape":
    put('[[{"results": "none"}, 3, null]]')
elif fault == "endless-output":
    while True:
        sys.stderr.write("x" * 65536)
else:
    put(text)
sys.exit(code)
"""


def write_tool(folder: Path, tool: FakeTool) -> Path:
    """Writes the program and its plan into the folder; returns the program's absolute path."""
    program = folder.resolve() / tool.name
    # -I and -S: neither the environment nor site-packages can change it, and it starts in 20 ms.
    program.write_text(f"#!{sys.executable} -IS\n{_SCRIPT}")
    program.chmod(0o755)
    plan = dataclasses.asdict(tool) | {
        "fault": tool.fault.value if tool.fault else None,
        "wrong_version": WRONG_VERSION,
        "unknown_exit_code": UNKNOWN_EXIT_CODE,
    }
    program.with_name(f"{tool.name}.plan.json").write_text(json.dumps(plan))
    return program


def calls_of(program: Path) -> list[list[str]]:
    """The arguments of each start of a fake program, in order."""
    trace = program.with_name(f"{program.name}.calls")
    return [json.loads(line) for line in trace.read_text().splitlines()] if trace.exists() else []


@dataclass(frozen=True)
class FakeToolbox:
    """The toolbox port over fake programs."""

    tools: Mapping[str, Tool] = field(default_factory=dict)

    def tool(self, name: str) -> Tool:
        """The fake program, or the same error that the real toolbox gives for a missing one."""
        if name not in self.tools:
            raise ToolUnavailableError(Reason.MISSING_TOOL, f"{name} was not found", "type `mlgate tools install`")
        return self.tools[name]


def fake_toolbox(folder: Path, *tools: FakeTool) -> FakeToolbox:
    """Writes the programs into the folder and answers with a toolbox that has them.

    One with Fault.MISSING isn't in the toolbox; one with Fault.VANISHED is, but its file is gone.
    """
    found: dict[str, Tool] = {}
    for tool in tools:
        program = write_tool(folder, tool)
        identity = ToolIdentity(name=tool.name, version=tool.version, digest=digest_file(program), origin="path")
        if tool.fault is Fault.MISSING:
            continue
        if tool.fault is Fault.VANISHED:
            program.unlink()
        found[tool.name] = Tool(identity=identity, argv=(str(program),))
    return FakeToolbox(found)
