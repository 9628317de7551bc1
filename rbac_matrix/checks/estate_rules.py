"""Rules that look at more than one assignment at a time: identities, guests, emergency accounts, custom roles."""

from __future__ import annotations

from collections.abc import Iterator

from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.interface import SCANNER
from rbac_matrix.checks.places import fold
from rbac_matrix.checks.who import GUEST
from rbac_matrix.checks.workloads import ENDPOINT, WORKSPACE
from rbac_matrix.checks.world import World
from rbac_matrix.estate.model import IdentityUse
from rbac_matrix.permissions.interface import Danger, RoleDefinition
from rbac_matrix.scopes import type_and_name
from verdicts import Finding, Location, Severity

SHARED_IDENTITY = "MLG-RBAC-SHARED-IDENTITY"
BREAK_GLASS = "MLG-RBAC-BREAK-GLASS"
CUSTOM_ROLE_WILDCARD = "MLG-RBAC-CUSTOM-ROLE-WILDCARD"
_OWN_IDENTITY = (WORKSPACE, ENDPOINT, f"{WORKSPACE}/batchendpoints")
_NAMED = 5
_SEVERITY_OF_SERVICES = {
    Danger.GRANTS: Severity.HIGH,
    Danger.SECRETS: Severity.MEDIUM,
    Danger.RUNS: Severity.MEDIUM,
}
"""Of a wildcard for all of one service, by the worst that it permits; else low: all of a service always deletes."""


def _finding(
    rule: str, severity: Severity, message: str, remedy: str, resource: str, subject: str, place: Location | None
) -> Finding:
    return Finding(
        rule_id=rule,
        scanner=SCANNER,
        severity=severity,
        message=message,
        remediation=remedy,
        resource=resource,
        subject=subject,
        location=place,
        documentation=f"docs/rules/{rule}.md",
    )


def shared_identities(world: World, collector: Collector) -> None:
    """One managed identity for several hubs, projects or endpoints."""
    by_identity: dict[tuple[str, str], dict[str, IdentityUse]] = {}
    for use in world.estate.identity_uses:
        if use.resource_type.casefold() in _OWN_IDENTITY:
            # A name that isn't known whole means the same identity within one file alone.
            file = use.location.path if "{" in type_and_name(use.identity)[1] or "/" not in use.identity else ""
            by_identity.setdefault((fold(use.identity), file), {}).setdefault(fold(use.resource_id), use)
    for uses in by_identity.values():
        if len(uses) < 2:
            continue
        first, *others = uses.values()
        names = ", ".join(_short(one) for one in (first, *others)[:_NAMED])
        more = f" and {len(uses) - _NAMED} more" if len(uses) > _NAMED else ""
        collector.add(
            _finding(
                SHARED_IDENTITY,
                Severity.HIGH,
                f"The identity {first.identity} is used by {len(uses)}: {names}{more}. Whoever reaches one of them "
                "acts as the others, too.",
                "Give each hub, project and endpoint a user-assigned identity of its own.",
                first.identity,
                " ".join(sorted(uses)),
                others[0].location,
            )
        )


def _short(use: IdentityUse) -> str:
    return f"{use.resource_type} {use.resource_id.rstrip('/').rsplit('/', 1)[-1]}"


def guests_in_groups(world: World, collector: Collector) -> None:
    """Guests who have a persona's access through its groups."""
    directory = world.estate.directory
    if directory is None:
        return
    for one in directory.objects.values():
        if not one.guest:
            continue
        entries = [entry for entry in map(world.holders.entry_of, world.holders.groups_of(one.id)) if entry is not None]
        if not entries:
            continue
        groups = ", ".join(dict.fromkeys(f"{entry.name or entry.object_id} ({entry.persona})" for entry in entries))
        collector.add(
            _finding(
                GUEST,
                Severity.MEDIUM,
                f"{one.name or one.id} is a guest of another organisation, and in {groups}.",
                "Remove the guest from the group, or have the membership reviewed with an end.",
                one.id,
                " ".join(sorted(entry.object_id for entry in entries)),
                entries[0].location,
            )
        )


def expired_break_glass(world: World, collector: Collector) -> None:
    """Emergency accounts of which nobody renewed the exception."""
    for one in world.organisation.break_glass:
        if one.holds(world.day):
            continue
        name = world.holders.name_of(one.object_id)
        collector.add(
            _finding(
                BREAK_GLASS,
                Severity.MEDIUM,
                f"The emergency access of {name} ended on {one.expires} ({one.reason}), "
                "and its assignments are judged like all others.",
                "Renew it with a reason, or remove it and its assignments.",
                one.object_id,
                "",
                one.location,
            )
        )


def custom_roles(world: World, collector: Collector) -> None:
    """Roles of one's own that permit everything."""
    for role in (*world.organisation.custom_roles, *world.estate.definitions):
        if role.built_in:
            continue
        wide = sorted(set(_wide_actions(role)))
        if role.unknown:
            collector.undecided(
                f"{role.name} can't be decided: its permissions are not known ({role.unknown})",
                "give a parameter file with the values, or write them into the template",
                role.location,
            )
        if wide:
            collector.add(
                _finding(
                    CUSTOM_ROLE_WILDCARD,
                    Severity.CRITICAL if "*" in wide else Severity.HIGH,
                    f"The custom role {role.name} permits {', '.join(wide)} on every service.",
                    "List the actions that the role needs.",
                    role.name,
                    " ".join(wide),
                    role.location,
                )
            )
            continue
        whole = sorted(set(_of_whole_services(role)))
        if whole:
            worst = max(_danger(action, data) for action, data in whole)
            names = ", ".join(action for action, _ in whole)
            collector.add(
                _finding(
                    CUSTOM_ROLE_WILDCARD,
                    _SEVERITY_OF_SERVICES.get(worst, Severity.LOW),
                    f"The custom role {role.name} permits {names}: all that the service has, today and tomorrow.",
                    "List the actions that the role needs.",
                    role.name,
                    names,
                    role.location,
                )
            )


def _of_whole_services(role: RoleDefinition) -> Iterator[tuple[str, bool]]:
    """Actions for all of one service that do more than read, each with whether it is a data action."""
    for block in role.permissions.blocks:
        for data, actions in ((False, block.actions), (True, block.data_actions)):
            for action in actions:
                low = action.strip().casefold()
                if "/*" in low and low.partition("/")[2].startswith("*") and not low.endswith("/read"):
                    yield action, data


def _danger(action: str, data: bool) -> Danger:
    from rbac_matrix.permissions.danger import danger_of

    return danger_of(action, data=data)


def _wide_actions(role: RoleDefinition) -> list[str]:
    """Actions for every service that do more than read."""
    actions = [action for block in role.permissions.blocks for action in (*block.actions, *block.data_actions)]
    folded = [(action, action.strip().casefold()) for action in actions]
    return [action for action, low in folded if "*" in low.split("/", 1)[0] and not low.endswith("/read")]
