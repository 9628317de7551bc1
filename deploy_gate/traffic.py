"""Arithmetic of traffic shares: percentages that add up to 100, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping


def shifted(before: Mapping[str, int], deployment: str, percent: int) -> dict[str, int]:
    """Shares when `deployment` gets `percent` and the rest keeps its proportions.

    Args:
        before: shares before the new deployment had any; without any the new one gets everything.
        deployment: the new one.
        percent: 1 to 100.
    """
    others = {name: share for name, share in before.items() if name != deployment and share > 0}
    total = sum(others.values())
    if total == 0 or percent == 100:
        return {**dict.fromkeys(others, 0), deployment: 100}
    rest = 100 - percent
    shares = {name: share * rest // total for name, share in others.items()}
    # What rounding lost goes to the largest, so that the sum is 100.
    shares[max(others, key=lambda name: (others[name], name))] += rest - sum(shares.values())
    return {**shares, deployment: percent}
