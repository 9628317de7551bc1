"""What mlgate is made of: results of another release, Python or parser aren't results of this one."""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import sys

_PACKAGES = (
    *("deploy_gate", "policies", "rbac_matrix", "resource_readers", "scanners", "template_functions", "verdicts"),
)
_LIBRARIES = (
    *("google-re2", "packaging", "pip-audit", "pip-requirements-parser", "PyYAML", "tree-sitter", "tree-sitter-bicep"),
)


@functools.cache
def own_digest() -> str:
    """SHA-256 (hex) over every file of the packages that read and judge, their libraries' releases and Python's."""
    from importlib.metadata import PackageNotFoundError, version

    whole = hashlib.sha256(sys.version.encode())
    for name in _LIBRARIES:
        try:
            whole.update(f"{name}={version(name)}\n".encode())
        except PackageNotFoundError:
            whole.update(f"{name} is not there\n".encode())
    for name in _PACKAGES:
        file = importlib.import_module(name).__file__
        assert file is not None
        _add(whole, os.path.dirname(file), name)
    return whole.hexdigest()


def _add(whole: hashlib._Hash, folder: str, shown: str) -> None:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name = f"{shown}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                _add(whole, entry.path, name)
        else:
            with open(entry.path, "rb", buffering=0) as stream:
                data = stream.read()
            whole.update(b"%b\0%d\0%b" % (name.encode(), len(data), data))
