"""Makes rbac_matrix/data/built-in-roles.json.gz, the built-in roles that ship with mlgate, from the team's shared data.

    python locks/build_roles.py AZURE-BUILT-IN-ROLES.json

The file is a list of role definitions as `az role definition list --query "[?roleType=='BuiltInRole']"` prints them.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rbac_matrix.permissions.catalogue import DATA, PLANES, SCHEMA


def table_bytes(definitions: Iterable[Mapping[str, Any]]) -> bytes:
    """The table: distinct patterns and conditions, sorted, and the roles by id, as numbers. Deterministic."""
    roles = sorted(definitions, key=lambda role: str(role["name"]).lower())
    blocks = [block for role in roles for block in role["permissions"]]
    patterns = sorted({pattern for block in blocks for plane in PLANES for pattern in block[plane]})
    conditions = sorted({block["condition"] for block in blocks if block.get("condition")})
    pattern_numbers = {pattern: number for number, pattern in enumerate(patterns)}
    condition_numbers = {condition: number for number, condition in enumerate(conditions)}
    for role in roles:
        if role["roleType"] != "BuiltInRole" or role["assignableScopes"] != ["/"]:
            raise SystemExit(f"{role['roleName']} is no built-in role that can be assigned everywhere")
    content = {
        "schema": SCHEMA,
        "patterns": patterns,
        "conditions": conditions,
        "roles": [
            {
                "id": role["name"].lower(),
                "name": role["roleName"],
                "permissions": [
                    [
                        *([pattern_numbers[pattern] for pattern in block[plane]] for plane in PLANES),
                        condition_numbers.get(block.get("condition")),
                    ]
                    for block in role["permissions"]
                ],
            }
            for role in roles
        ],
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def main() -> None:
    """Writes the table and says what it holds."""
    definitions = json.loads(Path(sys.argv[1]).read_bytes())
    data = table_bytes(definitions)
    DATA.write_bytes(data)
    print(f"{DATA.name}: {len(definitions):,} roles, {len(data):,} bytes")


if __name__ == "__main__":
    main()
