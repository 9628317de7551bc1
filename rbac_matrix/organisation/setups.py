"""Workspace setups: which resources belong to a project, team or department, and who stands for a persona there."""

from __future__ import annotations

from collections.abc import Iterator

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.matrix import Service
from rbac_matrix.organisation.draft import Draft
from rbac_matrix.organisation.model import Setup
from rbac_matrix.organisation.reading import identifier, place, unknown
from rbac_matrix.principals import Principal, read_principal
from rbac_matrix.scopes import scope_of
from verdicts.sections import Section

_WHOLE = (ScopeKind.RESOURCE_GROUP, ScopeKind.SUBSCRIPTION)


def read_setup(draft: Draft, section: Section, seen: dict[tuple[str, str], Setup]) -> tuple[Setup, list[Principal]]:
    """One entry of `setups:`, and the lines of its `groups`. Raises ConfigurationError."""
    name, environment = identifier(section, "name"), section.text("environment")
    if environment not in draft.environments:
        raise unknown(section, "environment", environment, draft.environments, "environment")
    listed = section.optional_section("resources")
    resources = dict(_resources(draft, listed)) if listed is not None else {}
    setup = Setup(name=name, environment=environment, resources=resources, location=place(section))
    if (name, environment) in seen:
        other = seen[name, environment].location
        raise section.error(f"the setup {name!r} in {environment} stands twice, see {other}", "name")
    _refuse_taken(setup, section, seen)
    seen[name, environment] = setup
    principals = list(_groups(draft, section.optional_section("groups"), setup))
    section.finish()
    return setup, principals


def _resources(draft: Draft, section: Section) -> Iterator[tuple[str, tuple[str, ...]]]:
    for service in section.keys():  # noqa: SIM118 - a Section is no dict
        if service not in draft.services:
            raise unknown(section, "service", service, draft.services, service)
        ids = section.texts(service)
        for index, text in enumerate(ids):
            _check_resource(draft.services[service], text, section, index)
        yield service, ids


def _check_resource(service: Service, text: str, section: Section, index: int) -> None:
    if not service.resource_types:
        return  # a project of Azure DevOps or a feed has a name, not an id
    scope = scope_of(text)
    if not text.startswith("/") or (scope.kind is not ScopeKind.RESOURCE and scope.kind not in _WHOLE):
        message = f"{text!r} is no id of a resource, a resource group or a subscription"
        raise section.error(message, service.id, index, remedy="as in /subscriptions/<id>/resourceGroups/<name>")
    if scope.kind is ScopeKind.RESOURCE and not service.holds(scope.resource_type):
        message = f"{scope.resource_type} does not belong to {service.id}"
        raise section.error(message, service.id, index, remedy=f"{service.id} is {', '.join(service.resource_types)}")


def _refuse_taken(setup: Setup, section: Section, seen: dict[tuple[str, str], Setup]) -> None:
    """A resource can't be in two environments: two matrices would hold for it."""
    mine = {text.casefold().rstrip("/") for ids in setup.resources.values() for text in ids}
    for other in seen.values():
        if other.environment == setup.environment:
            continue
        theirs = {text.casefold().rstrip("/") for ids in other.resources.values() for text in ids}
        if shared := sorted(mine & theirs):
            message = f"{shared[0]} belongs to {other.name} in {other.environment} already, see {other.location}"
            raise section.error(message, "resources")


def _groups(draft: Draft, section: Section | None, setup: Setup) -> Iterator[Principal]:
    if section is None:
        return
    for persona in section.keys():  # noqa: SIM118
        if persona not in draft.personas:
            raise unknown(section, "persona", persona, draft.personas, persona)
        for line in section.sections(persona):
            yield read_principal(line, persona, setups=frozenset({(setup.name, setup.environment)}))
