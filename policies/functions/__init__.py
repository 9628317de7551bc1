"""The template functions that policy rules may use; the registration is this list."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from policies.functions.collections import COLLECTION_FUNCTIONS
from policies.functions.dates_and_networks import DATE_AND_NETWORK_FUNCTIONS
from policies.functions.formatting import FORMAT_FUNCTIONS
from policies.functions.hashes import HASH_FUNCTIONS
from policies.functions.interface import Function
from policies.functions.numbers import NUMBER_FUNCTIONS
from policies.functions.texts import TEXT_FUNCTIONS

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.name.lower(): function
        for function in (
            *TEXT_FUNCTIONS,
            *FORMAT_FUNCTIONS,
            *HASH_FUNCTIONS,
            *COLLECTION_FUNCTIONS,
            *NUMBER_FUNCTIONS,
            *DATE_AND_NETWORK_FUNCTIONS,
        )
    }
)
"""By lower-cased name."""

# Microsoft, "Azure Policy definition structure policy rule", policy functions: what templates have and rules don't.
NOT_IN_POLICY = frozenset(
    {
        *("copyindex", "datetimeadd", "datetimefromepoch", "datetimetoepoch", "deployer", "deployment", "environment"),
        *("extensionresourceid", "filter", "groupby", "lambda", "lambdavariables", "listaccountsas", "listkeys"),
        *("listsecrets", "managementgroup", "map", "mapvalues", "newguid", "pickzones", "providers", "reduce"),
        *("reference", "references", "resourceid", "sort", "subscriptionresourceid", "tenant", "tenantresourceid"),
        *("toobject", "variables"),
    }
)

__all__ = ["FUNCTIONS", "NOT_IN_POLICY", "Function"]
