"""The `bicep` CLI as a compiler of Bicep files to ARM templates, where this machine has one that works.

It is asked for its version, and has to compile a file that was made up for the occasion: a CLI that ends well without
having compiled is caught there, and by what every compiled template says of its maker. It restores nothing, so it needs
no network, and gets none of the caller's variables. What it reads is up to the file: `loadTextContent('../../x')` is
followed wherever it leads, so the caller has to look at a file's references first.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scanners.interface import ToolUnavailableError
from scanners.process_runner import Command, ProcessError, run
from scanners.program_search import programs_on_path, unsafe_because
from verdicts import CouldNotCheckError, Reason, ToolIdentity
from verdicts.digests import digest_file
from verdicts.text import one_line

COMPILE_TIMEOUT_S = 120.0
VERSION_TIMEOUT_S = 30.0
MAXIMUM_OUTPUT = 64 * 1024 * 1024
OLDEST = (0, 20)
"""The first release with user types and functions; older ones take today's files for errors."""

_VERSION = re.compile(r"\bversion (?P<version>(?P<major>[0-9]+)\.(?P<minor>[0-9]+)\.[0-9]+\S*)")
_ERROR = re.compile(r"\((?P<line>[0-9]+),[0-9]+\) : Error (?P<message>.*)")
_REMEDY = "run `bicep build` by hand to see why, or remove it from PATH: mlgate reads Bicep without it"
_CANARY = """targetScope = 'resourceGroup'
param sizes array = [1, 2]
resource vaults 'Microsoft.KeyVault/vaults@2023-07-01' = [for (size, at) in sizes: {
  name: 'NAME'
  location: resourceGroup().location
  tags: { position: '${at}' }
  properties: { tenantId: tenant().tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [] }
}]
output name string = 'NAME'
"""


class BicepCli:
    """One program that was found healthy. Satisfies resource_readers.interface.BicepCompiler.

    Args:
        program: the absolute path of the program.
        modules: the folder in which it keeps restored modules (`~/.bicep`), or None for none. The CLI looks for it by
            name in its home folder, so another name is refused.
    """

    def __init__(self, program: Path, *, modules: Path | None = None) -> None:
        if modules is not None and modules.name != ".bicep":
            raise ValueError("the bicep CLI keeps restored modules in a folder named .bicep")
        self._program = program
        self._modules = modules
        self.identity = self._checked()

    def compile(self, file: Path) -> bytes:
        """The ARM template (JSON) of a Bicep file, with its modules. Raises CouldNotCheckError."""
        ended = self._run(("build", "--stdout", "--no-restore", str(file.resolve())), COMPILE_TIMEOUT_S)
        if ended[0] != 0:
            raise CouldNotCheckError(f"bicep ended with {ended[0]}: {_first_error(ended[2])}")
        fault = _fault(ended[1])
        if fault:
            raise CouldNotCheckError(f"bicep ended well, but {fault}")
        return ended[1]

    def _run(self, arguments: tuple[str, ...], timeout_s: float) -> tuple[int, bytes, str]:
        """Exit code, standard output, standard error. Raises CouldNotCheckError."""
        with tempfile.TemporaryDirectory(prefix="mlgate-bicep-") as scratch:
            command = Command(
                argv=(str(self._program), *arguments),
                environment=_environment(Path(scratch), self._modules),
                timeout_s=timeout_s,
                maximum_output=MAXIMUM_OUTPUT,
            )
            try:
                ended = run(command)
            except ProcessError as error:
                raise CouldNotCheckError(one_line(str(error))) from None
        return ended.exit_code, ended.stdout, ended.stderr.decode("utf-8", "replace")

    def _checked(self) -> ToolIdentity:
        try:
            digest = digest_file(self._program)
            version = self._version()
            self._canary()
        except (CouldNotCheckError, OSError) as error:
            detail = one_line(str(error))
            raise ToolUnavailableError(Reason.UNTRUSTED_TOOL, f"{self._program}: {detail}", _REMEDY) from None
        return ToolIdentity(name="bicep", version=version, digest=digest, origin="path")

    def _version(self) -> str:
        code, stdout, _ = self._run(("--version",), VERSION_TIMEOUT_S)
        match = _VERSION.search(stdout.decode("utf-8", "replace"))
        if code != 0 or match is None:
            raise CouldNotCheckError(f"--version gave no version (exit code {code})")
        if (int(match["major"]), int(match["minor"])) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise CouldNotCheckError(f"release {match['version']} is older than {oldest}")
        return one_line(match["version"])

    def _canary(self) -> None:
        """Compiles a file that no earlier run can have seen. Raises CouldNotCheckError."""
        name = f"canary-{secrets.token_hex(4)}"
        with tempfile.TemporaryDirectory(prefix="mlgate-bicep-") as scratch:
            file = Path(scratch, "canary.bicep")
            file.write_text(_CANARY.replace("NAME", name), encoding="utf-8")
            template = json.loads(self.compile(file))
        resources = template["resources"]
        found = list(resources.values()) if isinstance(resources, dict) else resources
        (vault,) = found if isinstance(found, list) and len(found) == 1 else ({},)
        outputs = template.get("outputs")
        output = outputs.get("name") if isinstance(outputs, dict) else None
        right = (
            isinstance(vault, dict)
            and vault.get("type") == "Microsoft.KeyVault/vaults"
            and vault.get("apiVersion") == "2023-07-01"
            and vault.get("name") == name
            and isinstance(vault.get("copy"), dict)
            and isinstance(output, dict)
            and output.get("value") == name
        )
        if not right:
            raise CouldNotCheckError("what it made of a small file isn't what the file says")


def find_bicep(environment: Mapping[str, str] = os.environ, *, modules: Path | None = None) -> BicepCli | None:
    """The healthy bicep CLI of this machine, on PATH or where `az bicep install` puts it; None if there is none.

    Raises:
        ToolUnavailableError: there is one, and it isn't healthy; the detail names everything that was passed over.
    """
    faults: list[ToolUnavailableError] = []
    for program, obstacle in _programs(environment):
        try:
            if obstacle:
                raise ToolUnavailableError(Reason.UNTRUSTED_TOOL, f"{program}: {obstacle}", _REMEDY)
            return BicepCli(program, modules=modules)
        except ToolUnavailableError as error:
            faults.append(error)
    if faults:
        raise (
            faults[0]
            if len(faults) == 1
            else ToolUnavailableError(Reason.UNTRUSTED_TOOL, "; ".join(one.detail for one in faults), _REMEDY)
        )
    return None


def _programs(environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    yield from programs_on_path("bicep", environment)
    # `az bicep build` starts this one; going through az would cost a second, and az may go and fetch a newer one.
    home = environment.get("HOME", "")
    folder = environment.get("AZURE_CONFIG_DIR") or (str(Path(home, ".azure")) if home else "")
    program = Path(folder, "bin", "bicep")
    try:
        if program.is_absolute() and program.is_file() and os.access(program, os.X_OK):
            yield program, unsafe_because(program)
    except OSError:
        return


def _environment(scratch: Path, modules: Path | None) -> dict[str, str]:
    """A single-file .NET program unpacks itself into a folder, and without ICU needs to be told so."""
    variables = {
        "DOTNET_BUNDLE_EXTRACT_BASE_DIR": str(scratch),
        "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        "BICEP_TRACING_ENABLED": "false",
    }
    return variables | ({"HOME": str(modules.parent)} if modules is not None else {})


def _fault(output: bytes) -> str:
    """Why this is no template that bicep made, or ""."""
    try:
        template: Any = json.loads(output.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return "its output is no JSON" if output.strip() else "it wrote nothing"
    if not isinstance(template, dict) or "deploymenttemplate.json" not in str(template.get("$schema", "")).lower():
        return "its output is no ARM template"
    metadata = template.get("metadata")
    maker = metadata.get("_generator") if isinstance(metadata, dict) else None
    if not isinstance(maker, dict) or maker.get("name") != "bicep":
        return "its output doesn't say that bicep made it"
    if not isinstance(template.get("resources"), dict | list):
        return "its output has no resources, not even an empty list"
    return ""


def _first_error(stderr: str) -> str:
    errors = [match for line in stderr.splitlines() if (match := _ERROR.search(line)) is not None]
    if not errors:
        return one_line(stderr.strip().splitlines()[-1]) if stderr.strip() else "it said nothing"
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return one_line(f"line {errors[0]['line']}: {errors[0]['message']}{more}")
