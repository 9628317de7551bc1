"""Which JSON files are templates or parameter files: by what stands on their top level, without parsing them whole.

A policy that deploys something, a template spec and a workbook have whole templates in them and are none themselves.
"""

from __future__ import annotations

import re

from resource_readers.project_files import ProjectFile
from resource_readers.trees import lenient_json

_SUFFIXES = (".json", ".jsonc", ".template", ".armtemplate")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|[{}\[\]:,]', re.DOTALL)
_SCHEMA = re.compile(r"deploymenttemplate(?:\.json)?#?$", re.IGNORECASE)
_PARAMETERS_SCHEMA = re.compile(r"deploymentparameters(?:\.json)?#?$", re.IGNORECASE)
_MAXIMUM_TOKENS = 400_000


def is_template(file: ProjectFile) -> bool:
    """Whether the file is an ARM template, or meant to be one and broken."""
    data = file.data.lower() if file.path.suffix.casefold() in _SUFFIXES else b""
    data = data.replace(b"\x00", b"")
    if b"deploymenttemplate" not in data and not (b'"contentversion"' in data and b'"resources"' in data):
        return False
    found = top_level(file)
    schema = found.get("$schema", "")
    if schema:
        return _SCHEMA.search(schema) is not None
    return "resources" in found and "contentversion" in found


def is_parameter_file(file: ProjectFile) -> bool:
    """Whether the file holds values of parameters, or is meant to and broken."""
    data = file.data.lower() if file.path.suffix.casefold() in _SUFFIXES else b""
    data = data.replace(b"\x00", b"")
    if b"parameters" not in data or not (b"deploymentparameters" in data or b'"contentversion"' in data):
        return False
    found = top_level(file)
    schema = found.get("$schema", "")
    if schema:
        return _PARAMETERS_SCHEMA.search(schema) is not None
    named = ".parameters" in file.path.name.casefold() or file.path.stem.casefold() == "parameters"
    return named and found.keys() >= {"contentversion", "parameters"} and "resources" not in found


def top_level(file: ProjectFile) -> dict[str, str]:
    """The keys on the top level of a JSON object, in lower case, with their values where these are texts.

    Those after `$schema` are left out: it says all.
    """
    try:
        text = lenient_json.decode(file.data)
    except lenient_json.LenientJsonError:
        text = file.data.decode("utf-8", "replace")
    found: dict[str, str] = {}
    depth = count = 0
    key: str | None = None
    before = ""
    for match in _TOKEN.finditer(text):
        count += 1
        token = match.group()
        sign = token[0]
        if sign == "/" or count > _MAXIMUM_TOKENS:
            if count > _MAXIMUM_TOKENS:
                break
            continue
        if sign in "{[":
            if depth == 0 and sign == "[":
                break
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth <= 0:
                break
        elif sign == '"' and depth == 1:
            if before in ("{", ",") and key is None:
                key = token[1:-1].lower()
                found[key] = ""
            elif before == ":" and key is not None:
                found[key] = token[1:-1]
                if key == "$schema":
                    break
        if depth == 1 and sign in ",{":
            key = None
        before = sign
    return found
