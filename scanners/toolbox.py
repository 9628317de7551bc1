"""Where scanners get the programs that they wrap: the user's own, else the one that mlgate installed."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from scanners.interface import Tool, ToolUnavailableError
from scanners.program_search import program_beside_python, programs_on_path, unsafe_because
from scanners.tool_environments import ToolEnvironments, mlgate_home
from scanners.tool_trust import UnsupportedReleaseError, check_release, trusted_version
from scanners.wrapped_tools import WRAPPED_TOOLS, WrappedTool
from verdicts import Reason, ToolIdentity
from verdicts.digests import digest_file


class LocalToolbox:
    """The trusted programs of this machine. Safe to share between threads; each tool is looked up once.

    The order is PATH, mlgate's own environment (an extra such as `mlgate[trivy]`), then `mlgate tools install`. A
    release that is refused ends the search with an error, since its presence has to be known; one that is merely out of
    range, or that others could have changed, is passed over.

    Args:
        home: where the managed environments are; None for the usual place.
        pins: allowed digests by tool name; a tool that is named here is refused with any other digest.
        environment: where PATH is read from.
    """

    def __init__(
        self,
        *,
        home: Path | None = None,
        pins: Mapping[str, frozenset[str]] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._environments = ToolEnvironments(home if home is not None else mlgate_home(environment))
        self._pins = dict(pins or {})
        self._environment = dict(environment)
        self._known: dict[str, Tool] = {}
        self._locks = {name: threading.Lock() for name in WRAPPED_TOOLS}

    def tool(self, name: str) -> Tool:
        """The trusted program of that name. Raises ToolUnavailableError."""
        if name not in WRAPPED_TOOLS:
            raise ToolUnavailableError(Reason.MISSING_TOOL, f"mlgate wraps no {name}", "see `mlgate tools list`")
        with self._locks[name]:
            if name not in self._known:
                self._known[name] = self.inspect(name)
            return self._known[name]

    def inspect(self, name: str, *, thorough: bool = False) -> Tool:
        """Looks again, whatever is remembered; `thorough` reads every file of a managed environment.

        Raises:
            ToolUnavailableError: with everything that was passed over in its detail.
        """
        wrapped = WRAPPED_TOOLS[name]
        passed_over: list[str] = []
        found = self._users_own(wrapped, passed_over)
        if found is None:
            try:
                found = self._managed(wrapped, thorough)
            except ToolUnavailableError as error:
                detail = "; ".join([*passed_over, error.detail])
                raise ToolUnavailableError(error.reason, detail, error.remedy) from None
        allowed = self._pins.get(name)
        if allowed is not None and found.identity.digest not in allowed:
            raise ToolUnavailableError(
                Reason.UNTRUSTED_TOOL,
                f"{found.argv[0]} has the digest {found.identity.digest}, which is not among the pinned ones",
                "install the pinned release, or review the pin",
            )
        return found

    def _users_own(self, wrapped: WrappedTool, passed_over: list[str]) -> Tool | None:
        candidates = list(programs_on_path(wrapped.name, self._environment))
        beside = program_beside_python(wrapped.name)
        if beside is not None:
            candidates.append((beside, unsafe_because(beside)))
        for program, obstacle in candidates:
            if obstacle:
                passed_over.append(f"{program} was passed over: {obstacle}")
                continue
            try:
                version = trusted_version(wrapped, program)
            except UnsupportedReleaseError as error:
                passed_over.append(error.detail)
                continue
            digest = digest_file(program)
            identity = ToolIdentity(name=wrapped.name, version=version, digest=digest, origin="path")
            return Tool(identity=identity, argv=(str(program),))
        return None

    def _managed(self, wrapped: WrappedTool, thorough: bool) -> Tool:
        record = self._environments.verify(wrapped.name, thorough=thorough)
        program = self._environments.program(wrapped.name)
        # A release may have become known as bad since it was installed.
        check_release(wrapped, record.version, program)
        identity = ToolIdentity(name=wrapped.name, version=record.version, digest=record.environment, origin="managed")
        return Tool(identity=identity, argv=(str(program),))
