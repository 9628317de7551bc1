"""Azure: the connection, role assignments and the directory; the only importer of `azure.*`.

Nothing here is imported before `require_clients`: the Azure clients are an extra.
"""

from __future__ import annotations

from verdicts import ConfigurationError


def require_clients() -> None:
    """Raises ConfigurationError, with what to install, where the Azure clients aren't there or can't be loaded."""
    import importlib

    try:
        for name in ("azure.core", "azure.identity", "azure.mgmt.authorization", "requests"):
            importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"the Azure clients are not installed ({error.name or error})",
            remedy="install mlgate[azure], for example with: pipx install 'mlgate[azure]'",
        ) from None
