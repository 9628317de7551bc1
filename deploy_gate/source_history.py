"""Who wrote what is released: the approver must be somebody else (spec: the approver can't be the committer)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPeople:
    """The people behind a release.

    What a commit says of its author is a claim: anybody can write any address into one. Signed commits, or a platform
    that ties commits to accounts, make it more.

    Attributes:
        commit: the commit that is released, 40 or 64 hexadecimal digits.
        people: e-mail addresses of authors, committers and co-authors, case-folded; with `dirty` also the addresses of
            whoever works in the folder.
        dirty: the folder holds something that is in no commit.
        anonymous: that is by nobody known, so nobody can be told apart from its author: nobody may approve.
    """

    commit: str
    people: frozenset[str]
    dirty: bool
    anonymous: bool = False
