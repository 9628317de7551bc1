"""Who is who: personas from the organisation, display names from the directory."""

from __future__ import annotations

from dataclasses import dataclass

from rbac_matrix.assignments import RoleAssignment
from rbac_matrix.estate.model import Directory, Estate, PrincipalKind
from rbac_matrix.matrix import Persona
from rbac_matrix.organisation.model import Organisation
from rbac_matrix.organisation.naming import resolve_names
from rbac_matrix.principals import Principals


@dataclass(frozen=True, slots=True)
class KnownNames:
    """See `changes.wording.Names`."""

    principals: Principals
    personas: dict[str, Persona]
    directories: tuple[Directory, ...]

    def person(self, object_id: str) -> str:
        """The display name in the directory, or in the principals file; else the id."""
        for directory in self.directories:
            known = directory.objects.get(object_id)
            if known is not None and known.name:
                return known.name
        entry = self.principals.with_object_id(object_id)
        return entry.name if entry is not None and entry.name else object_id

    def persona(self, assignment: RoleAssignment) -> str:
        """Title of the persona, "" for none."""
        entry = None
        if assignment.principal_id is not None:
            entry = self.principals.with_object_id(assignment.principal_id)
        elif assignment.identity is not None:
            entry = self.principals.with_identity(assignment.identity)
        return self.personas[entry.persona].title if entry is not None else ""


def names_of(organisation: Organisation, *estates: Estate) -> KnownNames:
    """Names from an organisation and the directories of estates, the first of which wins."""
    directories = tuple(one.directory for one in estates if one.directory is not None)
    groups = [
        (known.id, known.name)
        for directory in directories
        for known in directory.objects.values()
        if known.kind is PrincipalKind.GROUP
    ]
    personas = {id_: persona for matrix in organisation.matrices.values() for id_, persona in matrix.personas.items()}
    return KnownNames(resolve_names(organisation.principals, groups).principals, personas, directories)
