"""How uv is called, for the tools' environments and for the releases': what it may know of the outside stands here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from scanners.process_runner import Command

# What uv may see of the caller's environment: how to reach the network and where packages come from. Every package is
# held to the hashes of the lock, so none of these can change what is installed.
_PASSED_ON = (
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NETRC",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "UV_DEFAULT_INDEX",
    "UV_FIND_LINKS",
    "UV_HTTP_TIMEOUT",
    "UV_INDEX",
    "UV_OFFLINE",
    "UV_SYSTEM_CERTS",
)


def uv_command(uv: Path, *arguments: str, timeout_s: float, environment: Mapping[str, str] | None = None) -> Command:
    """uv with these arguments; `environment` comes on top of what is passed on from the caller's."""
    passed = {key: os.environ[key] for key in _PASSED_ON if os.environ.get(key)}
    passed |= {key.lower(): os.environ[key.lower()] for key in _PASSED_ON if os.environ.get(key.lower())}
    cache = os.environ.get("UV_CACHE_DIR") or str(
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
    )
    variables = {**passed, "UV_CACHE_DIR": cache, **(environment or {})}
    return Command(argv=(str(uv), *arguments), environment=variables, timeout_s=timeout_s)
