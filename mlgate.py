"""The console script's first step: check that mlgate's packages are its own, then start the command line.

The packages stand at the root under common names (`cli`, `policies` ...: see docs/adr/0001). Another wheel's `cli`, or
a `policies` folder in the working directory, must never run in their place. So before anything else is imported, each
name has to resolve beside this file.
"""

from __future__ import annotations

import sys

__version__ = "0.1.0"

PACKAGES = (
    "verdicts",
    "template_functions",
    "resource_readers",
    "policies",
    "scanners",
    "rbac_matrix",
    "deploy_gate",
    "cloud_backends",
    "report_formats",
    "cli",
)


def foreign_packages() -> list[str]:
    """Names that would not be imported from beside this file, each with where it would come from instead."""
    from importlib.machinery import PathFinder
    from importlib.util import find_spec
    from os.path import dirname, join, realpath

    home = dirname(realpath(__file__))
    foreign = []
    for name in PACKAGES:
        # PathFinder first: it doesn't execute anything. find_spec knows the finder of an editable installation.
        spec = PathFinder.find_spec(name) or find_spec(name)
        origin = spec.origin if spec is not None else None
        if origin is None or realpath(origin) != join(home, name, "__init__.py"):
            folders = ", ".join(spec.submodule_search_locations or ()) if spec is not None else ""
            foreign.append(f"{name} (found {origin or folders or 'nothing'})")
    return foreign


def main() -> None:
    """Entry point of `mlgate`; exits with the codes of docs/exit-codes.md."""
    # Answered before anything is imported: pre-commit hooks and shells ask for it all the time.
    if sys.argv[1:] == ["--version"]:
        print(f"mlgate {__version__}")
        return
    foreign = foreign_packages()
    if foreign:
        print(
            "mlgate: these packages would not come from mlgate itself: "
            + "; ".join(foreign)
            + ". Install mlgate into an environment of its own (pipx or uv), and look at PYTHONPATH.",
            file=sys.stderr,
        )
        raise SystemExit(2)
    from cli.main import run

    raise SystemExit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
