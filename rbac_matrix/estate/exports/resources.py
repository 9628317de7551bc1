"""Resources: `az resource list`, and rows of Resource Graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rbac_matrix.estate.exports.interface import Collected, Document, Record, RecordError, each, optional_text, text_in
from rbac_matrix.estate.model import EstateResource, IdentityUse, Part


@dataclass(frozen=True, slots=True)
class ResourceReader:
    """Resources, and which of them run as which user-assigned identity."""

    kind: str = "resources"
    part: Part = Part.RESOURCES
    names: tuple[str, ...] = ("resource",)

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        own, kind = record.get("id"), record.get("type")
        return (
            isinstance(own, str)
            and isinstance(kind, str)
            and own.casefold().startswith("/subscriptions/")
            and "/" in kind
            and not kind.casefold().startswith("microsoft.authorization/")
        )

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""

        def one(record: Record, line: int) -> None:
            own, kind, location = text_in(record, "id"), text_in(record, "type"), into.location(line)
            into.resources.append(EstateResource(id=own, type=kind, location=location))
            for identity in _identities(record):
                into.uses.append(
                    IdentityUse(
                        identity=identity,
                        resource_id=own,
                        resource_type=kind,
                        resource_kind=optional_text(record, "kind"),
                        location=location,
                    )
                )

        each(self, one, records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)


def _identities(record: Record) -> tuple[str, ...]:
    identity = record.get("identity")
    assigned = identity.get("userAssignedIdentities") if isinstance(identity, dict) else identity
    if assigned is None or assigned == "":
        return ()
    if not isinstance(assigned, dict):
        raise RecordError("its identities can't be understood")
    return tuple(assigned)
