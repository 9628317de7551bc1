"""Who may approve a release: somebody whom the environment names, and who didn't write it (spec: deploy path)."""

from __future__ import annotations

from collections.abc import Collection

from deploy_gate.project import EnvironmentPolicy


def refusal(approver: str, policy: EnvironmentPolicy, people: Collection[str]) -> str | None:
    """Why this person may not approve, or None if they may.

    Args:
        approver: e-mail address.
        policy: names who may approve.
        people: authors and committers of what is released, lower case.
    """
    name = approver.strip().casefold()
    if name not in policy.approvers:
        known = ", ".join(sorted(policy.approvers)) or "nobody"
        return f"{approver} may not approve for {policy.name}; these may: {known}"
    if name in people:
        return f"{approver} is among the authors or committers of the release; somebody else has to approve"
    return None
