"""Which resource types the mode Indexed leaves out: those without tags or without a location.

Facts from the notes on Azure Policy and from the resource reference; a type that isn't listed is looked at.
"""

from __future__ import annotations

_WITHOUT = frozenset(
    {
        "microsoft.authorization/locks",
        "microsoft.authorization/policyassignments",
        "microsoft.authorization/policydefinitions",
        "microsoft.authorization/policyexemptions",
        "microsoft.authorization/policysetdefinitions",
        "microsoft.authorization/roleassignments",
        "microsoft.authorization/roledefinitions",
        "microsoft.insights/diagnosticsettings",
        "microsoft.keyvault/vaults/accesspolicies",
        "microsoft.keyvault/vaults/keys",
        "microsoft.keyvault/vaults/secrets",
        "microsoft.machinelearningservices/registries/models",
        "microsoft.machinelearningservices/workspaces/batchendpoints/jobs",
        "microsoft.machinelearningservices/workspaces/codes",
        "microsoft.machinelearningservices/workspaces/components",
        "microsoft.machinelearningservices/workspaces/computes",
        "microsoft.machinelearningservices/workspaces/connections",
        "microsoft.machinelearningservices/workspaces/data",
        "microsoft.machinelearningservices/workspaces/datastores",
        "microsoft.machinelearningservices/workspaces/environments",
        "microsoft.machinelearningservices/workspaces/jobs",
        "microsoft.machinelearningservices/workspaces/models",
        "microsoft.machinelearningservices/workspaces/outboundrules",
        "microsoft.machinelearningservices/workspaces/schedules",
        "microsoft.network/networksecuritygroups/securityrules",
        "microsoft.network/privateendpoints/privatednszonegroups",
        "microsoft.network/routetables/routes",
        "microsoft.network/virtualnetworks/subnets",
        "microsoft.network/virtualnetworks/virtualnetworkpeerings",
        "microsoft.resources/resourcegroups",
        "microsoft.resources/subscriptions",
        "microsoft.resources/subscriptions/resourcegroups",
        "microsoft.storage/storageaccounts/blobservices",
        "microsoft.storage/storageaccounts/blobservices/containers",
        "microsoft.storage/storageaccounts/fileservices",
        "microsoft.storage/storageaccounts/fileservices/shares",
        "microsoft.storage/storageaccounts/managementpolicies",
        "microsoft.storage/storageaccounts/queueservices",
        "microsoft.storage/storageaccounts/tableservices",
        "microsoft.web/sites/config",
        "microsoft.web/sites/slots/config",
    }
)


def supports_tags_and_location(resource_type: str) -> bool:
    """Whether mode Indexed looks at the type (lower-cased)."""
    return resource_type not in _WITHOUT
