"""The files that govern a project, read before a run begins: a mistake in one is a person's to mend, no finding."""

from __future__ import annotations

from deploy_gate.project import FILE_NAME, EnvironmentPolicy, Project
from rbac_matrix.organisation.loading import load_organisation
from scanners.allowlist import load_allowlist
from verdicts import ConfigurationError
from verdicts.waiver_file import load_waivers


def check_governance(project: Project, policy: EnvironmentPolicy) -> None:
    """Raises ConfigurationError, with file and line, where one of them can't be read, or the matrix does not exist."""
    load_allowlist(project.allowlist, shown_as=str(project.allowlist))
    if project.waivers is not None:
        load_waivers(project.waivers, shown_as=str(project.waivers))
    organisation = load_organisation(
        project.organisation,
        shown_as=str(project.organisation),
        principals=project.principals,
        principals_shown_as=str(project.principals),
    )
    if organisation.matrix_for(policy.matrix) is None:
        raise ConfigurationError(
            f"the environment {policy.name} is held to the matrix {policy.matrix!r}, which does not exist",
            where=str(project.root / FILE_NAME),
            remedy=f"there are: {', '.join(organisation.matrices)}",
        )
