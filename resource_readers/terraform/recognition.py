"""Which files are Terraform's: configuration and values by their names, plans and states by their members."""

from __future__ import annotations

from resource_readers.project_files import ProjectFile


def is_configuration(file: ProjectFile) -> bool:
    """Whether the file is configuration, in either syntax."""
    return file.path.name.endswith((".tf", ".tf.json"))


def is_variables(file: ProjectFile) -> bool:
    """Whether the file gives variables their values."""
    return file.path.name.endswith((".tfvars", ".tfvars.json"))


def is_plan(file: ProjectFile) -> bool:
    """Whether the file has the members that every plan has."""
    return _mentions(file.searchable, "planned_values", "root_module") or _mentions(
        file.searchable, "format_version", "terraform_version", "resource_changes"
    )


def is_state(file: ProjectFile) -> bool:
    """Whether the file has the members that every state has."""
    return _mentions(file.searchable, "format_version", "terraform_version", "values", "root_module") or _mentions(
        file.searchable, "version", "terraform_version", "lineage", "serial"
    )


def _mentions(data: bytes, *words: str) -> bool:
    # PowerShell writes what it redirects in UTF-16, so `data` is what is searchable of a file.
    return data.lstrip()[:1] == b"{" and all(f'"{word}"'.encode() in data for word in words)
