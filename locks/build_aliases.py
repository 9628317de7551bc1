"""Makes policies/data/aliases.json.gz, the alias table that ships with mlgate, from the team's shared data.

    python locks/build_aliases.py ALIASES.json.gz ALIASES-BY-TYPE.json

The first file maps every alias to its path; the second one says more of those that built-in definitions use: some have
a path for each type. A fresher table comes from a subscription: `mlgate policy aliases import`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from policies.alias_import import collect, read_source, table_bytes, table_json

TARGET = Path(__file__).resolve().parent.parent / "policies" / "data" / "aliases.json.gz"

# Resource providers of an MLOps estate. For their types, an alias that isn't in the table is taken not to exist; for
# all others it is reported as not in the table. No alias that a built-in definition uses for these is missing.
COMPLETE = frozenset(
    {
        *("microsoft.apimanagement", "microsoft.app", "microsoft.authorization", "microsoft.automation"),
        *("microsoft.cache", "microsoft.cognitiveservices", "microsoft.compute", "microsoft.consumption"),
        *("microsoft.containerinstance", "microsoft.containerregistry", "microsoft.containerservice"),
        *("microsoft.databricks", "microsoft.datafactory", "microsoft.dbformysql", "microsoft.dbforpostgresql"),
        *("microsoft.documentdb", "microsoft.eventgrid", "microsoft.eventhub", "microsoft.insights"),
        *("microsoft.keyvault", "microsoft.logic", "microsoft.machinelearningservices"),
        *("microsoft.managedidentity", "microsoft.network", "microsoft.operationalinsights", "microsoft.resources"),
        *("microsoft.search", "microsoft.servicebus", "microsoft.sql", "microsoft.storage", "microsoft.synapse"),
        "microsoft.web",
    }
)

# The older aliases that don't begin with their type, where the second file doesn't have them. Microsoft.Compute's are
# those of images, as its other ones; the two of SQL and the one of Arc have the path of their siblings.
_IMAGE = "storageProfile.imageReference.version"
OLDER = {
    "microsoft.compute/virtualmachines": {
        "microsoft.compute/imageversion": f"properties.{_IMAGE}",
        "microsoft.compute/licensetype": "properties.licenseType",
    },
    "microsoft.compute/virtualmachinescalesets": {
        "microsoft.compute/imageversion": f"properties.virtualMachineProfile.{_IMAGE}",
        "microsoft.compute/licensetype": "properties.virtualMachineProfile.licenseType",
    },
    "microsoft.hybridcompute/machines": {"microsoft.hybridcompute/imagesku": "properties.osVersion"},
    **{
        f"microsoft.sql/{owner}/securityalertpolicies": {
            "microsoft.sql/securityalertpolicies.disabledalerts": "properties.disabledAlerts",
            "microsoft.sql/securityalertpolicies.emailaccountadmins": "properties.emailAccountAdmins",
        }
        for owner in ("servers", "servers/databases")
    },
}


def main() -> None:
    """Writes the table and says what it holds."""
    everything, used = (Path(name) for name in sys.argv[1:3])
    found = collect(read_source(everything), everything.name)
    for table, shown in ((read_source(used), used.name), (OLDER, "OLDER")):
        for type_, aliases in table.items():
            for alias, path in aliases.items():
                found.add(type_, alias, path, shown)
    found.types |= {type_ for type_, _ in found.paths if type_.partition("/")[0] in COMPLETE}
    facts = {"source": "public alias exports, merged; the aliases that built-in definitions use", "licence": "MIT"}
    data = table_bytes(table_json(found, facts), compressed=True)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(data)
    print(f"{TARGET.name}: {len(found.paths):,} aliases, {len(found.types):,} complete types, {len(data):,} bytes")
    for line in found.without_path:
        print(f"  by hand: {line}")


if __name__ == "__main__":
    main()
