"""The checks of templates beside the rules: checkov, and role assignments against the persona matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy_gate.policy_checks.parts import parts_of
from deploy_gate.static_checks.kept_outcomes import KeptScanner
from deploy_gate.static_checks.package_files import files_digest
from deploy_gate.static_checks.readings import Reading
from deploy_gate.static_checks.settings import CheckSettings
from scanners.checkov import CheckovScanner
from scanners.interface import Keeper, ScanContext, Scanner

CHECKOV, RBAC_MATRIX = "checkov", "rbac-matrix"
_OF_CHECKOV = {"arm": (".json", ".jsonc", ".template", ".armtemplate"), "bicep": (".bicep",)}
"""Kinds of files, with their endings, that checkov's adapter can prove to have been looked at."""
_WITH_ROLES = frozenset({"arm", "bicep", "terraform", "terraform-plan", "terraform-state"})


def checkov_scanner(everything: Sequence[Reading], chosen: Sequence[Reading], keeper: Keeper | None) -> Scanner | str:
    """checkov over the templates that were chosen, with those that they take in, or why it doesn't run."""
    wanted = {digest.name for one in chosen for digest in one.files} | {one.shown for one in chosen}
    templates = [Path(one.shown) for one in everything if one.shown in wanted and _is_for_checkov(one)]
    if not templates:
        return "checkov did not run: there is no ARM or Bicep template for it to look at"
    return CheckovScanner(tuple(templates), kept=keeper)


def _is_for_checkov(reading: Reading) -> bool:
    return Path(reading.shown).suffix.casefold() in _OF_CHECKOV.get(reading.kind, ())


def rbac_scanner(
    everything: Sequence[Reading], chosen: Sequence[Reading], settings: CheckSettings, keeper: Keeper | None
) -> Scanner | str:
    """The persona matrix over the templates that were chosen, or why it isn't asked."""
    principals, organisation = settings.governance.principals, settings.governance.organisation
    if principals is None and organisation is None:
        return "rbac-matrix did not run: mlgate.yml names no governance.principals"
    templates = [one for one in chosen if one.kind in _WITH_ROLES]
    if not templates:
        return "rbac-matrix did not run: there is no template for it to look at"
    parts = parts_of([(one.shown, one) for one in everything])

    def make() -> Scanner:
        from deploy_gate.role_assignments import RbacMatrixScanner

        read = tuple((one.result, one.shown in parts) for one in templates)
        return RbacMatrixScanner((), settings.matrix, principals, read, organisation)

    def depends_on(_: ScanContext) -> Any:
        from deploy_gate.static_checks.kept_readings import written

        if not all(written(one) for one in templates):
            return None
        read = [[one.shown, one.digest, one.shown in parts] for one in templates]
        named = [path for path in (principals, organisation) if path is not None]
        return [settings.matrix, str(principals), str(organisation), files_digest(named), read]

    return KeptScanner(RBAC_MATRIX, make, depends_on, keeper)
