"""What readers asked the file system, and what it answered, so that somebody can tell later whether all is as it was.

Readers ask through `resource_readers.project_files` alone, which notes every question here: also those that were in
vain (a parameter file that isn't there, a folder's names). A reading depends on nothing else but the request and mlgate
itself, so where every question still has its answer, the reading would give the same again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

Question = tuple[str, str, str, int]
"""What is asked ("content", "place", "names"), the root that may not be left ("" for any), a path, and a bound."""


@dataclass(slots=True)
class Notes:
    """Questions with their answers.

    Attributes:
        answers: by question; an answer is a short text that is only compared.
        repeatable: False where something else had its part (another program, or a file that changed meanwhile).
    """

    answers: dict[Question, str] = field(default_factory=dict)
    repeatable: bool = True

    def add(self, question: Question, answer: str) -> None:
        """One more; two answers to one question can't be repeated."""
        if self.answers.setdefault(question, answer) != answer:
            self.repeatable = False

    def merge(self, other: Notes) -> None:
        """Everything in others."""
        self.repeatable = self.repeatable and other.repeatable
        for question, answer in other.answers.items():
            self.add(question, answer)


_taken: ContextVar[Notes | None] = ContextVar("notes of readers", default=None)


@contextlib.contextmanager
def taking_notes() -> Iterator[Notes]:
    """Notes of what is asked inside; whoever takes notes around it gets them, too."""
    notes, around = Notes(), _taken.get()
    token = _taken.set(notes)
    try:
        yield notes
    finally:
        _taken.reset(token)
        if around is not None:
            around.merge(notes)


def note(question: Question, answer: str) -> None:
    """Notes a question, where somebody takes notes."""
    notes = _taken.get()
    if notes is not None:
        notes.add(question, answer)


def note_all(notes: Notes) -> None:
    """Notes what was asked when something that is used now was made."""
    around = _taken.get()
    if around is not None:
        around.merge(notes)


def note_unrepeatable() -> None:
    """Notes that something had its part of which nobody can tell whether it is as it was."""
    notes = _taken.get()
    if notes is not None:
        notes.repeatable = False
