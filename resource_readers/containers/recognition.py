"""Which files are Dockerfiles: by their names."""

from __future__ import annotations

import re

from resource_readers.project_files import ProjectFile

_ENDINGS = (".dockerfile", ".containerfile")
_NAME = re.compile(r"(?:dockerfile|containerfile)(?:[.\-_][^/]*)?", re.IGNORECASE)
# Files about Dockerfiles: programs, pages, pictures, what a build leaves out.
_OTHERS = re.compile(
    r".*\.(?:py|md|png|jpe?g|svg|gif|json|ya?ml|go|js|ts|html?|rs|rb|java|cs|lock|dockerignore|toml|ipynb|zip)",
    re.IGNORECASE,
)


def is_dockerfile(file: ProjectFile) -> bool:
    """Whether the name is one of these: Dockerfile, Dockerfile.x, x.Dockerfile, Containerfile."""
    name = file.path.name
    if name.casefold().endswith(_ENDINGS):
        return True
    return _NAME.fullmatch(name) is not None and _OTHERS.fullmatch(name) is None
