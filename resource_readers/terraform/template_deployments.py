"""ARM templates that Terraform deploys: `azurerm_resource_group_template_deployment` and its like, also by azapi.

The template stands in a text of the configuration, so what it declares is a part of what Terraform deploys, with the
parameters that it is given there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from resource_readers.arm.identities import DEPLOYMENT
from resource_readers.arm.nested_deployments import handed_value
from resource_readers.arm.scopes import declared_names, unknown_values
from resource_readers.arm.template_parts import level_of, schema_of, tree_of
from resource_readers.arm.templates import expand, open_template
from resource_readers.interface import NotRead, Resource, Unknown, Value
from resource_readers.reading import Reading
from resource_readers.template_language.resource_ids import DeploymentScope, Level
from resource_readers.template_language.unknowns import symbolic
from resource_readers.trees.nodes import ObjectNode

_GROUP = re.compile(r"/subscriptions/(?P<subscription>.+)/resourceGroups/(?P<group>[^/]+)", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"/subscriptions/(?P<subscription>[^/]+)", re.IGNORECASE)
_MANAGEMENT_GROUP = re.compile(r"/providers/Microsoft.Management/managementGroups/(?P<group>[^/]+)", re.IGNORECASE)


def with_templates(resources: Iterable[Resource]) -> tuple[list[Resource], list[NotRead]]:
    """The resources, each deployment followed by what its template declares, and the templates that aren't known."""
    made: list[Resource] = []
    missing: list[NotRead] = []
    for resource in resources:
        made.append(resource)
        if resource.type.casefold() == DEPLOYMENT and not resource.existing:
            made += _declared(resource, missing)
    return made, missing


def _declared(deployment: Resource, missing: list[NotRead]) -> Iterator[Resource]:
    properties = deployment.properties if isinstance(deployment.properties, Mapping) else {}
    template = properties.get("template")
    line = deployment.line("properties", "template")
    tree = tree_of(template, line, 1)
    if not isinstance(tree, ObjectNode):
        why = template.reason if isinstance(template, Unknown) else "it stands elsewhere"
        missing.append(NotRead(deployment.location.path, line, f"the template of a deployment isn't known: {why}"))
        return
    reading = Reading(deployment.location.path)
    supplied = _supplied(properties.get("parameters"), tree)
    for one in expand(open_template(tree, reading, supplied, _target(deployment, tree))):
        # It stands where the deployment is declared, and is there if the deployment is.
        yield replace(
            one,
            location=deployment.location,
            condition=deployment.condition if one.condition is True else one.condition,
            repeated=one.repeated or deployment.repeated,
        )
    missing += reading.not_read.values()


def _supplied(parameters: Value, template: ObjectNode) -> Mapping[str, Value]:
    if isinstance(parameters, Mapping):
        return {str(name).casefold(): handed_value(str(name), one) for name, one in parameters.items()}
    return {} if parameters is None else unknown_values(declared_names(template), parameters)


def _target(deployment: Resource, template: ObjectNode) -> DeploymentScope:
    """What it is deployed to: what the resource says, else what the template is for."""
    scope, name = deployment.scope, symbolic(deployment.name)
    if found := _GROUP.fullmatch(scope):
        return DeploymentScope(
            Level.RESOURCE_GROUP, subscription=found["subscription"], group=found["group"], name=name
        )
    if found := _SUBSCRIPTION.fullmatch(scope):
        return DeploymentScope(Level.SUBSCRIPTION, subscription=found["subscription"], name=name)
    if found := _MANAGEMENT_GROUP.fullmatch(scope):
        return DeploymentScope(Level.MANAGEMENT_GROUP, management_group=found["group"], name=name)
    return DeploymentScope(Level.TENANT if scope == "/" else level_of(schema_of(template)), name=name)
