"""Makes every lock of this repository anew: development, runtime, uv itself, and one for each wrapped tool.

`make lock` runs it. A lock holds exact versions and the hashes of their wheels for every platform, and no address:
where packages come from is the business of whoever installs them.
"""

from __future__ import annotations

import configparser
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "locks"
TOOL_LOCKS = ROOT / "scanners" / "tool_locks"
OLDEST_PYTHON = "3.11"
_BUILDS = ("setuptools", "uv==")


def entries(text: str) -> list[str]:
    """The requirements among the lines of a .in file or of install_requires."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-e"))]


def compile_lock(requirements: Sequence[str], target: Path, constraints: Path | None = None) -> None:
    """Writes the lock for the requirements. What it pins already, or the constraints do, stays where it still fits."""
    with tempfile.NamedTemporaryFile("w", suffix=".in") as source:
        source.write("\n".join(requirements) + "\n")
        source.flush()
        subprocess.run(
            [
                str(Path(sys.executable).parent / "uv"),
                *("pip", "compile", "--quiet", "--no-config", "--universal", "--no-build", "--generate-hashes"),
                *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
                *("--python-version", OLDEST_PYTHON, "--output-file", str(target), *sys.argv[1:]),
                *(("--constraint", str(constraints)) if constraints is not None else ()),
                *("--", source.name),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    print(target.relative_to(ROOT))


def main() -> None:
    """Arguments go to `uv pip compile`, for example --upgrade-package NAME."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    development = [
        *entries(setup["options"]["install_requires"]),
        *entries(setup["options.extras_require"]["azure"]),
        *entries((LOCKS / "development.in").read_text()),
    ]
    compile_lock(development, LOCKS / "development.txt")
    compile_lock([line for line in development if line.startswith("uv==")], LOCKS / "uv.txt")
    # What integrations/ install: mlgate's own needs, what builds it, and uv for the environments of wrapped tools.
    needs = [*entries(setup["options"]["install_requires"]), *(one for one in development if one.startswith(_BUILDS))]
    compile_lock(needs, LOCKS / "runtime.txt", LOCKS / "development.txt")
    for source in sorted(TOOL_LOCKS.glob("*.in")):
        compile_lock(entries(source.read_text()), source.with_suffix(".txt"))


if __name__ == "__main__":
    main()
