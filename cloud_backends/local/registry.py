"""The registry on disk: one OCI layout folder for each repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy_gate.ports import ImageNotFoundError
from scanners import oci_documents
from scanners.oci_layout import OciLayout


@dataclass(frozen=True, slots=True)
class LayoutRegistry:
    """Implements the port over `<folder>/<repository>/`. What a layout raises is a CouldNotCheckError already."""

    folder: Path

    def layout(self, repository: str) -> Path:
        """See the port."""
        return self.folder / repository

    def resolve(self, repository: str, tag: str) -> str:
        """See the port."""
        if not self.layout(repository).is_dir():
            raise ImageNotFoundError(f"the registry has no repository {repository}", where=str(self.folder))
        try:
            return OciLayout(self.layout(repository)).resolve(tag)
        except oci_documents.ImageNotFoundError as error:
            raise ImageNotFoundError(error.what, where=str(self.folder)) from None

    def has(self, repository: str, digest: str) -> bool:
        """See the port."""
        return self.layout(repository).exists() and OciLayout(self.layout(repository)).has(digest)

    def remove(self, repository: str, digest: str) -> None:
        """See the port."""
        if self.layout(repository).exists():
            OciLayout(self.layout(repository)).remove(digest)
