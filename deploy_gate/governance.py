"""The files that govern a project, read before a run begins: a mistake in one is a person's to mend, no finding."""

from __future__ import annotations

from deploy_gate.project import EnvironmentPolicy, Project
from rbac_matrix.matrix import load_matrix
from rbac_matrix.principals import load_principals
from scanners.allowlist import load_allowlist
from verdicts.waiver_file import load_waivers


def check_governance(project: Project, policy: EnvironmentPolicy) -> None:
    """Raises ConfigurationError, with file and line, where allowlist, waivers or principals can't be read."""
    load_allowlist(project.allowlist, shown_as=str(project.allowlist))
    if project.waivers is not None:
        load_waivers(project.waivers, shown_as=str(project.waivers))
    personas = tuple(load_matrix(policy.matrix).personas)
    load_principals(project.principals, shown_as=str(project.principals), personas=personas)
