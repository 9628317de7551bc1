"""Which resource types the mode Indexed leaves out: those without tags or without a location.

Source: Microsoft's page "Tag support for Azure resources" and the resource reference; child and extension types mostly
have neither. A type that isn't listed is looked at, so that a gap here never hides a resource.
"""

from __future__ import annotations

# The beginning of types -> what follows.
_WITHOUT_BELOW = {
    "microsoft.authorization": (
        "denyassignments locks policyassignments policydefinitions policyexemptions "
        "policysetdefinitions roleassignments roleassignmentschedulerequests roledefinitions "
        "roleeligibilityschedulerequests rolemanagementpolicies rolemanagementpolicyassignments"
    ),
    "microsoft.cognitiveservices/accounts": (
        "capabilityhosts commitmentplans connections defenderforaisettings deployments "
        "encryptionscopes networksecurityperimeterconfigurations privateendpointconnections "
        "raiblocklists raiblocklists/raiblocklistitems raipolicies"
    ),
    "microsoft.containerregistry/registries": (
        "cacherules connectedregistries credentialsets exportpipelines importpipelines "
        "pipelineruns privateendpointconnections scopemaps tokens"
    ),
    "microsoft.containerservice/managedclusters": (
        "agentpools maintenanceconfigurations privateendpointconnections trustedaccessrolebindings"
    ),
    "microsoft.datafactory/factories": (
        "credentials dataflows datasets globalparameters integrationruntimes linkedservices "
        "managedvirtualnetworks managedvirtualnetworks/managedprivateendpoints pipelines "
        "privateendpointconnections triggers"
    ),
    "microsoft.documentdb/databaseaccounts": "privateendpointconnections sqlroleassignments sqlroledefinitions",
    "microsoft.eventhub/namespaces": (
        "authorizationrules disasterrecoveryconfigs eventhubs eventhubs/authorizationrules "
        "eventhubs/consumergroups ipfilterrules networkrulesets privateendpointconnections "
        "schemagroups virtualnetworkrules"
    ),
    "microsoft.guestconfiguration": "guestconfigurationassignments",
    "microsoft.insights": "datacollectionruleassociations diagnosticsettings",
    "microsoft.keyvault": (
        "managedhsms/keys vaults/accesspolicies vaults/keys vaults/privateendpointconnections vaults/secrets"
    ),
    "microsoft.kubernetesconfiguration": "extensions fluxconfigurations",
    "microsoft.machinelearningservices/registries": (
        "codes codes/versions components components/versions data data/versions environments "
        "environments/versions models models/versions privateendpointconnections"
    ),
    "microsoft.machinelearningservices/workspaces": (
        "batchendpoints/jobs capabilityhosts codes codes/versions components components/versions "
        "computes connections connections/deployments connections/raipolicies data data/versions "
        "datastores environments environments/versions featuresets featuresets/versions "
        "featurestoreentities featurestoreentities/versions jobs linkedservices "
        "marketplacesubscriptions models models/versions outboundrules privateendpointconnections "
        "schedules"
    ),
    "microsoft.managedidentity": "userassignedidentities/federatedidentitycredentials",
    "microsoft.network": (
        "firewallpolicies/rulecollectiongroups loadbalancers/backendaddresspools "
        "loadbalancers/inboundnatrules networksecuritygroups/securityrules "
        "networkwatchers/packetcaptures privateendpoints/privatednszonegroups routetables/routes "
        "virtualnetworks/subnets virtualnetworks/virtualnetworkpeerings"
    ),
    "microsoft.network/dnszones": "a aaaa caa cname mx ns ptr soa srv txt",
    "microsoft.network/privatednszones": "a aaaa cname mx ptr soa srv txt",
    "microsoft.operationalinsights/workspaces": (
        "dataexports datasources linkedservices linkedstorageaccounts savedsearches tables"
    ),
    "microsoft.policyinsights": "attestations remediations",
    "microsoft.resources": "subscriptions subscriptions/resourcegroups",
    "microsoft.search/searchservices": "privateendpointconnections sharedprivatelinkresources",
    "microsoft.security": ("assessments autoprovisioningsettings pricings securitycontacts settings workspacesettings"),
    "microsoft.servicebus/namespaces": (
        "authorizationrules disasterrecoveryconfigs ipfilterrules migrationconfigurations "
        "networkrulesets privateendpointconnections queues queues/authorizationrules topics "
        "topics/authorizationrules topics/subscriptions topics/subscriptions/rules "
        "virtualnetworkrules"
    ),
    "microsoft.sql/managedinstances": (
        "administrators azureadonlyauthentications encryptionprotector keys "
        "privateendpointconnections securityalertpolicies vulnerabilityassessments"
    ),
    "microsoft.sql/servers": (
        "administrators advancedthreatprotectionsettings auditingsettings "
        "azureadonlyauthentications connectionpolicies devopsauditingsettings encryptionprotector "
        "extendedauditingsettings firewallrules ipv6firewallrules keys outboundfirewallrules "
        "privateendpointconnections securityalertpolicies sqlvulnerabilityassessments "
        "virtualnetworkrules vulnerabilityassessments"
    ),
    "microsoft.sql/servers/databases": (
        "advancedthreatprotectionsettings auditingsettings backuplongtermretentionpolicies "
        "backupshorttermretentionpolicies datamaskingpolicies extendedauditingsettings "
        "securityalertpolicies sqlvulnerabilityassessments transparentdataencryption "
        "vulnerabilityassessments"
    ),
    "microsoft.storage/storageaccounts": (
        "blobservices blobservices/containers blobservices/containers/immutabilitypolicies "
        "encryptionscopes fileservices fileservices/shares inventorypolicies localusers "
        "managementpolicies objectreplicationpolicies privateendpointconnections queueservices "
        "queueservices/queues tableservices tableservices/tables"
    ),
    "microsoft.synapse/workspaces": (
        "administrators auditingsettings azureadonlyauthentications extendedauditingsettings "
        "firewallrules integrationruntimes keys managedidentitysqlcontrolsettings "
        "privateendpointconnections securityalertpolicies sqladministrators"
    ),
    "microsoft.web/serverfarms": "virtualnetworkconnections",
    "microsoft.web/sites": (
        "basicpublishingcredentialspolicies config deployments functions hostnamebindings "
        "networkconfig privateendpointconnections publiccertificates siteextensions "
        "sourcecontrols virtualnetworkconnections"
    ),
    "microsoft.web/sites/slots": (
        "basicpublishingcredentialspolicies config deployments functions hostnamebindings "
        "networkconfig privateendpointconnections publiccertificates siteextensions "
        "sourcecontrols virtualnetworkconnections"
    ),
}
_WITHOUT = frozenset(f"{start}/{rest}" for start, rests in _WITHOUT_BELOW.items() for rest in rests.split())


def supports_tags_and_location(resource_type: str) -> bool:
    """Whether mode Indexed looks at the type (lower-cased)."""
    return resource_type not in _WITHOUT
