"""The built-in roles by their names, as `role_definition_name` gives them."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Mapping

ROLE_DEFINITIONS = "Microsoft.Authorization/roleDefinitions"


@functools.cache
def built_in_roles() -> Mapping[str, str]:
    """Casefolded name of a built-in role -> GUID (Microsoft's list of built-in roles)."""
    data = importlib.resources.files("resource_readers.terraform") / "data" / "built-in-roles.json"
    content: Mapping[str, str] = json.loads(data.read_bytes())
    return content
