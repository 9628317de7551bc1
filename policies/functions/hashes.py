"""`guid` and `uniqueString`; see template_functions.hashes."""

from __future__ import annotations

from typing import Any

from policies.functions.interface import Function, text
from template_functions import hashes


def _guid(*values: Any) -> str:
    return hashes.guid([text("guid", value) for value in values])


def _unique_string(*values: Any) -> str:
    return hashes.unique_string([text("uniqueString", value) for value in values])


HASH_FUNCTIONS = (Function("guid", 1, None, _guid), Function("uniqueString", 1, None, _unique_string))
