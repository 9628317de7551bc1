"""All functions, and the call of one."""

from __future__ import annotations

from resource_readers.terraform.functions import (  # noqa: F401  (each adds its functions to the table)
    collections,
    dates,
    encodings,
    files,
    formats,
    networks,
    numeric,
    texts,
)
from resource_readers.terraform.functions.table import call

__all__ = ["call"]
