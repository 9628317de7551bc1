"""What a walk over a pickle found."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ProblemKind(enum.Enum):
    """What is wrong with a stream, beside the names that it imports."""

    COMPUTED_IMPORT = "an import whose name is computed"
    EXTENSION_CODE = "an import through a copyreg extension code"
    COMPUTED_CALL = "a call of something that is not an imported name"
    CHANGED_IMPORT = "an imported class or function is changed"
    MISUSED_WRAPPER = "joblib's array wrapper used as no pickler uses it"
    PERSISTENT_ID = "an object that the loader must supply by its own code"
    OUT_OF_BAND_BUFFER = "a buffer that the loader must supply"
    BAD_FRAME = "a frame that does not end where an opcode ends"
    NESTED_PICKLE = "bytes or text that are a pickle themselves"
    TRAILING_DATA = "data behind the end of the pickle"

    @property
    def hides(self) -> bool:
        """Whether it hides what is imported or called; no ordinary pickler writes such a thing."""
        return self in _HIDING


_HIDING = frozenset(
    {
        ProblemKind.COMPUTED_IMPORT,
        ProblemKind.EXTENSION_CODE,
        ProblemKind.COMPUTED_CALL,
        ProblemKind.CHANGED_IMPORT,
        ProblemKind.MISUSED_WRAPPER,
    }
)


@dataclass(frozen=True, slots=True)
class Import:
    """A global that the unpickler would import.

    Attributes:
        module, name: as in the stream.
        offset: byte offset of the first opcode that imports it.
        called: whether anything in the stream calls it or makes an instance of it.
        nested: whether it stands only in a pickle within the pickle, or behind its end.
        stray: whether it only appears where `pickle.load` reads on behind an array in a joblib dump. The memo is then
            another one than joblib's loader has, so that even a harmless dump shows pairs like ("classes_", "dtype").
    """

    module: str
    name: str
    offset: int
    called: bool = False
    nested: bool = False
    stray: bool = False

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that no ordinary pickler writes, or that can't be followed."""

    kind: ProblemKind
    offset: int
    detail: str = ""


class UnreadKind(enum.Enum):
    """Why a walk ended before the pickle did.

    Where it is truncated or malformed, an unpickler ends too; beyond a limit, or where the walker gives up
    (unsupported), an unpickler would go on.
    """

    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    LIMIT = "limit"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Unread:
    """Where and why a walk ended early."""

    kind: UnreadKind
    offset: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """Everything that one walk found.

    Attributes:
        imports: each distinct global once, in the order of the stream.
        problems: in the order of the stream, each kind and detail once.
        unread: None if the whole stream was followed to its STOP opcode; else what was found before still counts.
        end: offset behind the STOP opcode, or where reading ended.
        opcodes: number of opcodes followed.
        joblib: whether arrays of joblib stand in the stream as raw bytes.
    """

    imports: tuple[Import, ...]
    problems: tuple[Problem, ...]
    unread: Unread | None
    end: int
    opcodes: int
    joblib: bool

    @property
    def complete(self) -> bool:
        """Whether the stream was followed to its end."""
        return self.unread is None


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkLimits:
    """Bounds of a walk. Beyond them the artefact is could-not-check, never clean.

    Attributes:
        opcodes: in all, nested pickles included (about 30 s in Python).
        values: on the stack, and in the memo.
        marks: open MARKs.
        line_bytes: a newline-terminated argument (arrays in protocols 0 and 1).
        nested_bytes: of a text or bytes value looked at for a nested pickle.
        nested_depth: of pickles within pickles.
        imports: distinct names.
        problems: distinct problems.
        trailing_pickles: pickles followed behind the first one.
    """

    opcodes: int = 20_000_000
    values: int = 5_000_000
    marks: int = 100_000
    line_bytes: int = 64 * 1024 * 1024
    nested_bytes: int = 16 * 1024 * 1024
    nested_depth: int = 4
    imports: int = 10_000
    problems: int = 1_000
    trailing_pickles: int = 16
