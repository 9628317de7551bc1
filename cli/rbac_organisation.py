"""`--organisation`, `--principals`, `--matrix` and `--environment`: the same for every command of `mlgate rbac`.

@click.command()
@organisation_options
def check(chosen: OrganisationChoice) -> None:
    organisation, environment = chosen.load(), chosen.one_environment()
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rbac_matrix.matrix import Matrix
    from rbac_matrix.organisation.model import Organisation


@dataclass(frozen=True, slots=True)
class OrganisationChoice:
    """What the person chose; nothing has been read yet.

    Attributes:
        file: the organisation's file, or None for the built-in matrices.
        principals: the principals file, or None.
        matrix, environment: at most one of them is set.
    """

    file: Path | None = None
    principals: Path | None = None
    matrix: str | None = None
    environment: str | None = None

    def load(self, *, with_principals: bool = True) -> Organisation:
        """Reads the files. Raises ConfigurationError, and UsageError for a matrix or environment that doesn't exist."""
        from rbac_matrix.organisation.loading import load_organisation

        loaded = load_organisation(self.file, principals=self.principals if with_principals else None)
        self.matrices(loaded)
        return loaded

    def matrices(self, organisation: Organisation) -> tuple[Matrix, ...]:
        """The matrix that was asked for, or all. Raises UsageError with the names that exist."""
        if self.matrix is not None:
            found, known = organisation.matrices.get(self.matrix), tuple(organisation.matrices)
        elif self.environment is not None:
            found, known = organisation.matrix_for(self.environment), organisation.environments
        else:
            return tuple(organisation.matrices.values())
        if found is None:
            what = "matrix" if self.matrix is not None else "environment"
            raise click.UsageError(
                f"there is no {what} {self.matrix or self.environment!r}: there are {', '.join(known)}"
            )
        return (found,)

    def one_environment(self) -> str:
        """The name that one of the two options gave. Raises UsageError if neither did."""
        name = self.matrix or self.environment
        if name is None:
            raise click.UsageError("say which matrix holds: --environment NAME or --matrix NAME")
        return name


def organisation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: adds the four options, and passes `chosen: OrganisationChoice`."""

    @functools.wraps(command)
    def with_choice(
        *args: Any,
        organisation: Path | None,
        principals: Path | None,
        matrix_name: str | None,
        environment: str | None,
        **rest: Any,
    ) -> Any:
        if matrix_name and environment:
            raise click.UsageError("--matrix and --environment exclude each other")
        return command(*args, chosen=OrganisationChoice(organisation, principals, matrix_name, environment), **rest)

    path = click.Path(path_type=Path)
    for option in (
        click.option("--environment", metavar="NAME", help="The environment: its matrix holds."),
        click.option("--matrix", "matrix_name", metavar="NAME", help="The matrix, e.g. production or pre-production."),
        click.option("--principals", type=path, help="Who stands for which persona."),
        click.option("--organisation", type=path, help="The organisation's own personas, matrices and groups."),
    ):
        with_choice = option(with_choice)
    return with_choice
