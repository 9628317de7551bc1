"""Which JSON files are templates or parameter files: by what stands on their top level, without parsing them whole.

A policy that deploys something, a template spec and a workbook have whole templates in them and are none themselves.
"""

from __future__ import annotations

import re

from resource_readers.project_files import ProjectFile
from resource_readers.trees.outline import top_level

_SUFFIXES = (".json", ".jsonc", ".template", ".armtemplate")
_SCHEMA = re.compile(r"deploymenttemplate(?:\.json)?#?$", re.IGNORECASE)
_PARAMETERS_SCHEMA = re.compile(r"deploymentparameters(?:\.json)?#?$", re.IGNORECASE)


def is_template(file: ProjectFile) -> bool:
    """Whether the file is an ARM template, or meant to be one and broken."""
    data = file.searchable.lower() if file.path.suffix.casefold() in _SUFFIXES else b""
    if b"deploymenttemplate" not in data and not (b"contentversion" in data and b"resources" in data):
        return False
    found = top_level(file.searchable, _says_all)
    schema = found.get("$schema", "")
    if schema:
        return _SCHEMA.search(schema) is not None
    return "resources" in found and "contentversion" in found


def is_parameter_file(file: ProjectFile) -> bool:
    """Whether the file holds values of parameters, or is meant to and broken."""
    data = file.searchable.lower() if file.path.suffix.casefold() in _SUFFIXES else b""
    if b"parameters" not in data or not (b"deploymentparameters" in data or b"contentversion" in data):
        return False
    found = top_level(file.searchable, _says_all)
    schema = found.get("$schema", "")
    if schema:
        return _PARAMETERS_SCHEMA.search(schema) is not None
    named = ".parameters" in file.path.name.casefold() or file.path.stem.casefold() == "parameters"
    return named and found.keys() >= {"contentversion", "parameters"} and "resources" not in found


def _says_all(key: str, value: str) -> bool:
    return key == "$schema" and bool(_SCHEMA.search(value) or _PARAMETERS_SCHEMA.search(value))
