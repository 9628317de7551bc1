"""How checkov is started, and what makes its start quick.

checkov builds its Bicep and HCL grammars anew at each start (10 s and 0.7 s) unless it finds the caches that an earlier
run left in its temporary folder. Those are pickles, so one that lies in a shared /tmp is nothing to load. `mlgate tools
install` lets checkov make them inside the environment whose digest is recorded, and each run gets copies.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from scanners.interface import Tool, ToolUnavailableError
from scanners.process_runner import Command, ProcessError, run
from verdicts import Reason
from verdicts.text import one_line

# No look for a newer release, no list of platform checks: both would need the network and could change the result.
# One process: those that checkov forks for its frameworks wait for each other forever, once in a few hundred runs.
ENVIRONMENT = {
    "LOG_LEVEL": "ERROR",
    "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
    "BC_SKIP_MAPPING": "TRUE",
    "CHECKOV_PARALLELIZATION_TYPE": "none",
}
ARGUMENTS = ("--output", "json", "--compact", "--skip-download", "--skip-results-upload")

WARM_UP_TIMEOUT_S = 300.0
_CACHES = ".lark_cache_*.tmp"


def warm_up(program: Path, environment: Path) -> None:
    """Lets a freshly installed checkov read one Bicep file, and keeps its caches in its environment.

    Raises:
        ToolUnavailableError: it doesn't work.
    """
    kept = _kept(environment)
    kept.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="mlgate-warm-") as scratch:
        Path(scratch, "template.bicep").write_text("param location string = 'westeurope'\n")
        command = Command(
            argv=(str(program), "--directory", scratch, *ARGUMENTS, "--framework", "bicep"),
            environment=ENVIRONMENT | {"TMPDIR": str(kept)},
            timeout_s=WARM_UP_TIMEOUT_S,
        )
        try:
            ended = run(command)
        except ProcessError as error:
            detail = str(error)
        else:
            detail = f"exit code {ended.exit_code}: {one_line(ended.error_tail())}" if ended.exit_code else ""
    if detail:
        raise ToolUnavailableError(
            Reason.CRASHED, f"checkov was installed and doesn't run: {detail}", "run it by hand to see why"
        )
    for path in kept.iterdir():
        if not path.match(_CACHES):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def temporary_folder(tool: Tool, folder: Path) -> Path:
    """Makes `folder`, a temporary folder for one run, with the caches of a managed checkov in it."""
    folder.mkdir()
    if tool.identity.origin == "managed":
        for cache in _kept(Path(tool.argv[0]).parent.parent).glob(_CACHES):
            shutil.copyfile(cache, folder / cache.name)
    return folder


def _kept(environment: Path) -> Path:
    return environment / "share" / "mlgate-caches"
