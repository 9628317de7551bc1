"""The answers of `mlgate rbac who-can` and `mlgate rbac explain` as JSON.

The fields are a promise to others: they are written out here one by one, and don't follow from our own classes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rbac_matrix.assignments import RoleAssignment
from rbac_matrix.estate.answers import Explanation, Held, Subject, Through, Way, WhoCan
from rbac_matrix.estate.model import DenyAssignment
from verdicts import Location
from verdicts.text import clean_text

WHO_CAN = "mlgate/rbac-who-can/v1"
EXPLAIN = "mlgate/rbac-explain/v1"


def who_can_json(answer: WhoCan) -> str:
    """The whole answer."""
    return _text(
        {
            "schema": WHO_CAN,
            "question": {"action": answer.action, "data": answer.data, "scope": answer.scope},
            "people": [
                {
                    **_subject(answer.subject(id)),
                    "ways": list(map(_way, answer.ways(id))),
                    "through": list(map(_through, answer.through(id))),
                }
                for id in answer.people
            ],
            "holders": [
                {**_subject(answer.subject(id)), "ways": list(map(_way, answer.ways(id)))} for id in answer.holders
            ],
            "denied": [_subject(answer.subject(id)) for id in answer.denied],
            "complete": not answer.undecided,
            "undecided": list(answer.undecided),
            "notes": list(answer.notes),
        }
    )


def explanation_json(answer: Explanation) -> str:
    """The whole answer."""
    return _text(
        {
            "schema": EXPLAIN,
            "principal": _subject(answer.subject),
            "personas": [{"persona": persona, "through": group} for persona, group in answer.personas.items()],
            "groups": [{**_subject(group), "chain": _chain(chain)} for group, chain in answer.groups],
            "held": list(map(_held, answer.held)),
            "eligible": list(map(_held, answer.eligible)),
            "denials": list(map(_denial, answer.denials)),
            "memberships": [
                {
                    "service": one.service,
                    "project": one.project,
                    "group": one.group,
                    "role": one.role,
                    "member": one.member,
                }
                for one in answer.memberships
            ],
            "complete": not answer.undecided,
            "undecided": list(answer.undecided),
            "notes": list(answer.notes),
        }
    )


def _text(value: dict[str, Any]) -> str:
    return json.dumps(_clean(value), indent=2, ensure_ascii=False) + "\n"


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _subject(one: Subject) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "name": one.name,
        "mail": one.mail,
        "guest": one.guest,
        "enabled": one.enabled,
        "managed_identity": one.managed_identity,
    }


def _chain(chain: Sequence[Subject]) -> list[dict[str, str]]:
    return [{"id": one.id, "name": one.name} for one in chain]


def _through(one: Through) -> dict[str, Any]:
    return {"holder": one.holder.id, "chain": _chain(one.chain)}


def _location(one: Location | None) -> dict[str, Any] | None:
    return {"path": one.path, "line": one.line} if one is not None else None


def _assignment(one: RoleAssignment) -> dict[str, Any]:
    return {
        "name": one.name,
        "role_id": one.role_id,
        "scope": one.scope.text,
        "timing": one.timing.value,
        "hours": one.hours,
        "condition": one.condition,
        "location": _location(one.location),
    }


def _way(one: Way) -> dict[str, Any]:
    return {
        "role": one.role,
        "permits": list(one.permits),
        "provisos": list(one.provisos),
        "denials": [_denial(denial) for denial in one.denials],
        "assignment": _assignment(one.assignment),
    }


def _denial(one: DenyAssignment) -> dict[str, Any]:
    return {"name": one.name, "scope": one.scope, "condition": one.condition, "location": _location(one.location)}


def _held(one: Held) -> dict[str, Any]:
    return {
        "role": one.role,
        "through": _chain(one.through),
        "worst": [
            {"action": peril.action, "data": peril.data, "danger": peril.danger.name.casefold(), "reason": peril.reason}
            for peril in one.perils
        ],
        "unknown": one.unknown,
        "assignment": _assignment(one.assignment),
    }
