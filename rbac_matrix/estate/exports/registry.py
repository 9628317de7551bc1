"""All readers of exports. A new kind is a reader and a line here.

The first one that recognises a record reads it; an empty list is of the first one that the file's name fits, so that
"deny-assignments" is asked before "assignments".
"""

from __future__ import annotations

from rbac_matrix.estate.exports.assignments import (
    ACTIVE_SCHEDULES,
    ELIGIBLE_SCHEDULES,
    AssignmentReader,
    PowerShellAssignmentReader,
)
from rbac_matrix.estate.exports.definitions import DefinitionReader, DenialReader, PowerShellDefinitionReader
from rbac_matrix.estate.exports.devops import FeedReader, GroupListReader, GroupMembersReader, MembershipReader
from rbac_matrix.estate.exports.graph import DirectoryReader
from rbac_matrix.estate.exports.interface import ExportReader
from rbac_matrix.estate.exports.resources import ResourceReader

READERS: tuple[ExportReader, ...] = (
    ELIGIBLE_SCHEDULES,
    ACTIVE_SCHEDULES,
    PowerShellAssignmentReader(),
    DefinitionReader(),
    PowerShellDefinitionReader(),
    DenialReader(),
    MembershipReader(),
    GroupMembersReader(),
    GroupListReader(),
    FeedReader(),
    AssignmentReader(),
    ResourceReader(),
    DirectoryReader(),
)
