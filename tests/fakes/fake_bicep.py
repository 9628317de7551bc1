"""A `bicep` program that keeps the contract of the real one as far as mlgate uses it, or breaks it in one way.

It can compile the file that mlgate makes up to try it, and for any other gives the `<file>.compiled.json` beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

_PROGRAM = r"""#!{python} -I
import json, os, pathlib, re, sys, time

MODE = {mode!r}


def template(resources, outputs):
    return {{
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "metadata": {{"_generator": {{"name": "bicep", "version": "0.36.1.42791", "templateHash": "1"}}}},
        "resources": resources,
        "outputs": outputs,
    }}


if sys.argv[1:] == ["--version"]:
    if MODE == "no version":
        print("bash: bicep: something else")
    elif MODE == "old":
        print("Bicep CLI version 0.4.63 (0123456789)")
    else:
        print("Bicep CLI version 0.36.1 (a727ed087a)")
    sys.exit(0)

options, file = sys.argv[1:-1], pathlib.Path(sys.argv[-1])
if options != ["build", "--stdout", "--no-restore"] or not file.is_absolute():
    print("The specified arguments are unknown", file=sys.stderr)
    sys.exit(1)
canary = re.search(r"name: '(canary-[0-9a-f]+)'", file.read_text())
if MODE == "hangs":
    time.sleep(600)
if MODE == "silent":
    sys.exit(0)
if MODE == "garbage":
    print("WARNING: a newer release is there")
if MODE == "deep":
    print("[" * 100_000)
    sys.exit(0)
if MODE == "leaks" and set(os.environ) & {{"SECRET", "AZURE_CLIENT_SECRET"}}:
    sys.exit(9)
if MODE == "other":
    print(json.dumps({{"$schema": "x/deploymentTemplate.json", "resources": []}}))
    sys.exit(0)
if canary:
    name = "canary-00000000" if MODE == "stale" else canary.group(1)
    vault = {{
        "copy": {{"name": "vaults", "count": "[length(parameters('sizes'))]"}},
        "type": "Microsoft.KeyVault/vaults",
        "apiVersion": "2023-07-01",
        "name": name,
    }}
    made = template([] if MODE == "empty" else [vault], {{"name": {{"type": "string", "value": name}}}})
    print(json.dumps(made))
    sys.exit(0)
if MODE == "silent later":
    sys.exit(0)
compiled = file.with_name(file.name + ".compiled.json")
if not compiled.exists():
    print(f"{{file}}(3,14) : Error BCP057: The name \"x\" does not exist. [https://aka.ms/bicep]", file=sys.stderr)
    print(f"{{file}}(4,1) : Warning no-unused-vars: x", file=sys.stderr)
    sys.exit(1)
content = json.loads(compiled.read_text())
print(json.dumps({{**template([], {{}}), **content}}))
"""


def write_fake_bicep(folder: Path, mode: str = "healthy") -> Path:
    """Writes the program.

    Args:
        folder: where it is put, named "bicep".
        mode: "healthy", or one way in which it is not: "no version", "old", "hangs", "silent" (no output, exit code 0),
            "silent later" (only for other files than the one it is tried with), "garbage", "deep", "other" (a template
            that bicep didn't make), "stale" (of another file), "empty" (without resources), "leaks" (ends with 9 where
            it sees the caller's variables).
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "bicep"
    program.write_text(_PROGRAM.format(python=sys.executable, mode=mode))
    program.chmod(0o755)
    return program
