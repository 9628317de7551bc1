"""The registry on disk: one OCI layout folder for each repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy_gate.ports import ImageNotFoundError
from scanners.oci_layout import LayoutError, OciLayout
from verdicts import CouldNotCheckError


@dataclass(frozen=True, slots=True)
class LayoutRegistry:
    """Implements the port over `<folder>/<repository>/`."""

    folder: Path

    def layout(self, repository: str) -> Path:
        """See the port."""
        return self.folder / repository

    def resolve(self, repository: str, tag: str) -> str:
        """See the port."""
        if not self.layout(repository).is_dir():
            raise ImageNotFoundError(f"the registry has no repository {repository}", where=str(self.folder))
        layout = self._open(repository)
        try:
            if tag not in layout.tags():
                raise ImageNotFoundError(f"the registry has no image {repository}:{tag}", where=str(self.folder))
            return layout.resolve(tag)
        except LayoutError as error:
            raise CouldNotCheckError(str(error), where=str(self.folder)) from None

    def has(self, repository: str, digest: str) -> bool:
        """See the port."""
        if not self.layout(repository).exists():
            return False
        try:
            return self._open(repository).has(digest)
        except LayoutError as error:
            raise CouldNotCheckError(str(error), where=str(self.folder)) from None

    def remove(self, repository: str, digest: str) -> None:
        """See the port."""
        if not self.layout(repository).exists():
            return
        try:
            self._open(repository).remove(digest)
        except (LayoutError, OSError) as error:
            raise CouldNotCheckError(f"{repository}@{digest} can't be removed: {error}") from None

    def _open(self, repository: str) -> OciLayout:
        return OciLayout(self.layout(repository))
