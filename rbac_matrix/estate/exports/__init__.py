"""Exported files: what a command of Azure, Graph or Azure DevOps wrote, read into an estate."""

from rbac_matrix.estate.exports.reading import read_export, read_exports
from rbac_matrix.estate.exports.recognition import looks_like_export, may_be_export

__all__ = ["looks_like_export", "may_be_export", "read_export", "read_exports"]
