"""Files of organisations, good and bad, for the loader and for the schema."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.organisation.model import Organisation

HEAD = "schema: mlgate/rbac-organisation/v1\nextends: mlgate\n"
GROUP = "47eaa099-2cb6-416d-86dc-283cf0480ff9"
OTHER = "58fbb199-2cb6-416d-86dc-283cf0480ff9"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
WORKSPACE = f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/w"


def load(folder: Path, text: str, *, principals: str = "") -> Organisation:
    """An organisation with that text behind HEAD (or alone, if it has a schema line)."""
    file = folder / "rbac.yml"
    file.write_text(text if text.startswith("schema:") else HEAD + text)
    people = folder / "principals.yml"
    if principals:
        people.write_text("schema: mlgate/principals/v1\nprincipals:\n" + principals)
    return load_organisation(
        file,
        shown_as="rbac.yml",
        principals=people if principals else None,
        principals_shown_as="principals.yml" if principals else "",
    )


@dataclass(frozen=True)
class Bad:
    """A file that is refused: its text, what the error says, and whether a schema can know."""

    text: str
    message: str
    by_schema: bool = False


AUDITOR = (
    "{id: ml-auditor, name: ML auditor, kind: person, project_specific: false, access: permanent, purpose: audits}"
)
SETUP = f"setups:\n  - {{name: credit, environment: production, resources: {{ml-workspace: [{WORKSPACE}]}}}}\n"

BAD = {
    "unknown key": Bad("persona: {}\n", "did you mean 'personas'", True),
    "wrong schema": Bad("schema: mlgate/rbac-organisation/v2\n", "'schema' must be", True),
    "extends something else": Bad(
        "schema: mlgate/rbac-organisation/v1\nextends: other\n", "must be one of mlgate", True
    ),
    "nothing at all": Bad("schema: mlgate/rbac-organisation/v1\n", "there are no personas"),
    "persona without a kind": Bad("personas: {add: [{id: x, name: X}]}\n", "'kind' is missing", True),
    "persona with a bad id": Bad(
        f"personas: {{add: [{AUDITOR.replace('ml-auditor', 'ML Auditor')}]}}\n", "is no id", True
    ),
    "persona that exists": Bad(f"personas: {{add: [{AUDITOR.replace('ml-auditor', 'ci-cd')}]}}\n", "already"),
    "unknown persona removed": Bad("personas: {remove: {data-analist: gone}}\n", "did you mean 'data-analyst'"),
    "removed without a reason": Bad("personas: {remove: {data-analyst: }}\n", "is missing", True),
    "removed by a list": Bad("personas: {remove: [data-analyst]}\n", "expected a mapping", True),
    "service with a type of another": Bad(
        "services: {add: [{id: v, name: V, resource_types: [microsoft.keyvault/vaults/keys]}]}\n",
        "belongs to the service",
    ),
    "service with a bad type": Bad(
        "services: {add: [{id: v, name: V, resource_types: [vaults]}]}\n", "no type of", True
    ),
    "matrix like an unknown one": Bad(
        "matrices: {add: [{name: s, environments: [], like: prod}]}\n", "did you mean|known:"
    ),
    "matrix that exists": Bad("matrices: {add: [{name: production, environments: []}]}\n", "already"),
    "environment of two matrices": Bad("matrices: {add: [{name: s, environments: [test]}]}\n", "two matrices"),
    "environment named as a matrix": Bad(
        "matrices: {add: [{name: s, environments: [production, x]}]}\n", "two matrices|is a matrix"
    ),
    "environment that leaves": Bad("matrices: {environments: {production: [production]}}\n", "without a reason"),
    "environment twice": Bad("matrices: {environments: {production: [a, a]}}\n", "twice", True),
    "cell of an unknown matrix": Bad("cells: {prod: {}}\n", "did you mean 'production'|no matrix"),
    "cell of an unknown persona": Bad("cells: {production: {data-scientists: {}}}\n", "did you mean 'data-scientist'"),
    "cell of an unknown service": Bad("cells: {production: {ci-cd: {keyvault: [R]}}}\n", "did you mean 'key-vault'"),
    "cell with an unknown role": Bad("cells: {production: {ci-cd: {key-vault: [KVAA]}}}\n", "did you mean 'KVA'"),
    "cell with a role twice": Bad("cells: {production: {ci-cd: {key-vault: [O, Owner]}}}\n", "twice"),
    "cell that is a text": Bad("cells: {production: {ci-cd: {key-vault: O}}}\n", "must be a list", True),
    "cell that widens in silence": Bad("cells: {production: {data-analyst: {key-vault: [KVR]}}}\n", "say why"),
    "cell with an empty reason": Bad(
        "cells: {production: {data-analyst: {key-vault: {roles: [R], reason: ' '}}}}\n", "'reason' must be text", True
    ),
    "DevOps group on a resource": Bad(
        "cells: {production: {ci-cd: {key-vault: {roles: [DOPA], reason: x}}}}\n", "is a group of Azure DevOps"
    ),
    "role that is not built in": Bad("roles: [{name: Emperor}]\n", "no built-in role 'Emperor'"),
    "role that is nothing": Bad("roles: [{short: X}]\n", "'name' or its 'id'", True),
    "role with another's name": Bad(
        "roles: [{name: Reader, id: 8e3af657-a8ff-443c-a75c-2fe8c4bcb635}]\n", "is the role 'Owner'"
    ),
    "custom role as Reader": Bad("roles: [{name: reader, permissions: [{actions: ['*']}]}]\n", "can't take its place"),
    "custom role with an id of Azure's": Bad(
        "roles: [{name: Mine, id: ACDD72A7-3385-48ef-bd42-f606fba81ae7, permissions: [{actions: [a/b]}]}]\n",
        "can't take its place",
    ),
    "custom role without actions": Bad("roles: [{name: Mine, permissions: []}]\n", "permits nothing", True),
    "custom role with a label of ours": Bad(
        "roles: [{name: Mine, short: O, permissions: [{actions: [a/b]}]}]\n", "stands already"
    ),
    "role label twice": Bad("roles: [{name: Grafana Admin, short: R}]\n", "stands already"),
    "rules of nobody": Bad("rules: {data-sientist: {}}\n", "did you mean 'data-scientist'"),
    "rules with an unknown type": Bad("rules: {ci-cd: {principal_types: [Robot]}}\n", "no type of principals", True),
    "rules for nobody": Bad("rules: {ci-cd: {principal_types: []}}\n", "is empty", True),
    "rules with no end": Bad("rules: {ci-cd: {maximum_hours: 0}}\n", "whole number", True),
    "users let in silence": Bad("rules: {ci-cd: {principal_types: [User]}}\n", "less strict"),
    "just-in-time given up": Bad("rules: {platform-technical-support: {just_in_time: false}}\n", "less strict"),
    "longer than before": Bad("rules: {platform-technical-support: {maximum_hours: 48}}\n", "less strict"),
    "unknown combination": Bad(
        "combinations: {remove: {committer-approver: x}}\n", "did you mean 'committer-and-approver'"
    ),
    "combination with an empty side": Bad(
        "combinations: {add: [{id: x, reason: r, severity: high, first: {}, second: {roles: [O]}}]}\n",
        "a side needs",
        True,
    ),
    "combination of a thing with itself": Bad(
        "combinations: {add: [{id: x, reason: r, severity: high, first: {roles: [O]}, second: {roles: [Owner]}}]}\n",
        "both sides are the same",
    ),
    "combination in an unknown place": Bad(
        "combinations: {add: [{id: x, reason: r, severity: high, first: {roles: [O]}, "
        "second: {roles: [C], environments: [prod]}}]}\n",
        "environment or matrix",
    ),
    "combination with a wildcard": Bad(
        "combinations: {add: [{id: x, reason: r, severity: high, first: {roles: [O]}, "
        "second: {actions: ['*/write']}}]}\n",
        "is no action",
        True,
    ),
    "workload without a reason": Bad(
        "workloads: {add: [{workload: hub, scope: hub, role: O}]}\n", "'reason' is missing"
    ),
    "workload line that isn't there": Bad(
        "workloads: {remove: [{workload: hub, scope: hub, role: O}]}\n", "has no O on hub"
    ),
    "workload on nothing": Bad(
        "workloads: {add: [{workload: hub, scope: moon, role: O, reason: x}]}\n", "no scope", True
    ),
    "setup in an unknown environment": Bad("setups: [{name: s, environment: prod}]\n", "did you mean|known:"),
    "setup twice": Bad("setups: [{name: s, environment: test}, {name: s, environment: test}]\n", "stands twice"),
    "setup with a wrong resource": Bad(
        f"setups: [{{name: s, environment: test, resources: {{key-vault: [{WORKSPACE}]}}}}]\n", "does not belong to"
    ),
    "setup with a name for an id": Bad(
        "setups: [{name: s, environment: test, resources: {key-vault: [kv]}}]\n", "no id of a resource"
    ),
    "resource in two environments": Bad(
        SETUP + f"  - {{name: dev, environment: development, resources: {{ml-workspace: [{WORKSPACE.upper()}/]}}}}\n",
        "belongs to credit in production already",
    ),
    "group of two personas": Bad(
        "setups:\n  - name: s\n    environment: test\n    groups:\n"
        f"      data-scientist: [{{object_id: {GROUP}, type: Group}}]\n"
        f"      model-tester: [{{object_id: {GROUP.upper()}, type: Group}}]\n",
        "two personas claim",
    ),
    "group without anything": Bad(
        "setups: [{name: s, environment: test, groups: {ci-cd: [{name: x}]}}]\n", "either 'object_id'", True
    ),
    "pattern with an unknown placeholder": Bad("groups: [{pattern: 'grp-{person}'}]\n", "did you mean 'persona'", True),
    "pattern with a lone brace": Bad("groups: [{pattern: 'grp-{persona}}'}]\n", "belongs to no placeholder", True),
    "pattern without setups": Bad("groups: [{pattern: 'grp-{setup}-{persona}'}]\n", "needs setups"),
    "pattern of everybody": Bad("groups: [{pattern: grp}]\n", "every persona would have the same"),
    "pattern that is ambiguous": Bad(
        "groups: [{pattern: 'grp-{persona}', names: {ci-cd: robots, monitoring: Robots}}]\n", "two personas claim"
    ),
    "pattern for nobody": Bad("groups: [{pattern: 'grp-{persona}', personas: []}]\n", "nobody's", True),
    "principal without a persona": Bad(
        f"principals: [{{object_id: {GROUP}, type: Group}}]\n", "'persona' is missing", True
    ),
    "principal with a short id": Bad("principals: [{persona: ci-cd, object_id: 47ea, type: Group}]\n", "GUID", True),
    "principal of no type": Bad(f"principals: [{{persona: ci-cd, object_id: {GROUP}}}]\n", "'type' must be", True),
    "identity that two personas claim": Bad(
        "principals: [{persona: ci-cd, identity: w}, "
        "{persona: monitoring, identity: W, resource_type: Microsoft.MachineLearningServices/workspaces}]\n",
        "two personas claim",
    ),
    "break-glass without an end": Bad(
        f"break_glass: [{{object_id: {GROUP}, reason: x}}]\n", "'expires' is missing", True
    ),
    "break-glass without a reason": Bad(
        f"break_glass: [{{object_id: {GROUP}, expires: '2027-01-01'}}]\n", "'reason' is missing", True
    ),
    "break-glass on no day": Bad(
        f"break_glass: [{{object_id: {GROUP}, reason: x, expires: soon}}]\n", "must be a date", True
    ),
    "break-glass twice": Bad(
        f"break_glass: [{{object_id: {GROUP}, reason: x, expires: '2027-01-01'}}, "
        f"{{object_id: {GROUP}, reason: y, expires: '2027-01-01'}}]\n",
        "stands twice",
    ),
}

GOOD = {
    "nothing changed": "",
    "personas": f"personas:\n  add: [{AUDITOR}]\n  remove: {{data-analyst: nobody}}\n"
    "  rename: {project-lead: Lead}\n",
    "services": "services:\n  add: [{id: ai, name: AI, resource_types: [Microsoft.CognitiveServices/accounts]}]\n"
    "  remove: {azure-artifacts: not used}\n  rename: {azure-devops: Boards}\n",
    "matrices": "matrices:\n  add: [{name: sandbox, environments: [play], like: pre-production}]\n"
    "  rename: {production: live}\n  environments:\n    live: [staging, test, production, recovery]\n",
    "a moved environment": "matrices:\n  environments:\n"
    "    production: {names: [production], reason: test is like development}\n"
    "    pre-production: {names: [development, staging, test], reason: test is like development}\n",
    "roles": "roles:\n  - {short: AOU, name: Cognitive Services OpenAI User}\n  - {name: Grafana Admin}\n"
    "  - {short: BA, name: Build Administrators, system: azure-devops}\n"
    "  - short: MLD\n    name: Model deployer\n"
    "    permissions: [{actions: [Microsoft.MachineLearningServices/workspaces/models/read]}]\n"
    "cells:\n  production:\n    data-analyst:\n      ml-workspace: {roles: [MLD], reason: looks at models}\n"
    "      azure-devops: {roles: [BA], reason: builds}\n",
    "cells": "cells:\n  production:\n    data-scientist: {container-registry: [], log-analytics: [LAR]}\n"
    "    ci-cd: {key-vault: [C], ml-workspace: [Reader]}\n",
    "rules": "rules:\n  data-scientist: {just_in_time: true, maximum_hours: 8, conditions: ['*blobServices*']}\n"
    "  ci-cd: {principal_types: [User], reason: a small team}\n",
    "combinations": "combinations:\n  remove: {developer-and-ci-cd: two people in all}\n"
    "  add: [{id: keys, reason: r, severity: low, first: {roles: [KVA]}, "
    "second: {actions: [Microsoft.Authorization/roleAssignments/write], environments: [production]}}]\n",
    "workloads": "workloads:\n  remove: [{workload: hub, scope: resource-group, role: C}]\n"
    "  add: [{workload: hub, scope: Microsoft.Search/searchServices, role: Reader, reason: it searches}]\n",
    "setups": SETUP + "groups: [{pattern: 'grp-{setup}-{environment}-{persona}', names: {data-scientist: ds}}]\n",
    "principals": f"principals: [{{persona: ci-cd, object_id: {GROUP}, type: ServicePrincipal}}, "
    "{persona: ml-workspace, identity: w}, {persona: monitoring, group: watchers}]\n",
    "break-glass": f"break_glass: [{{object_id: {GROUP}, reason: emergencies, expires: '2027-01-01'}}]\n",
    "alone": "schema: mlgate/rbac-organisation/v1\n"
    f"personas: {{add: [{AUDITOR}]}}\n"
    "services: {add: [{id: vault, name: Vault, resource_types: [Microsoft.KeyVault/vaults]}]}\n"
    "matrices: {add: [{name: everything, environments: [live]}]}\ncells: {everything: {ml-auditor: {vault: [KVR]}}}\n",
}
