"""The symbolic stack machine of the walk over a pickle (see `scanners.pickle_walker`)."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable

from scanners.joblib_arrays import ALIGNMENT, DTYPE, WRAPPER, DictValue, MadeValue, UnknownLayoutError, array_data
from scanners.pickle_opcodes import (
    NOT_TEXT,
    OPAQUE,
    Blob,
    ImportName,
    Instruction,
    MalformedPickleError,
    OpcodeReader,
    PickleLimitError,
    PickleStreamError,
    UnsupportedPickleError,
    is_opcode,
)
from scanners.pickle_record import Record
from scanners.pickle_results import Problem, ProblemKind

_FOLLOWED = frozenset({DTYPE, WRAPPER})
_CONSTANTS: dict[str, object] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LONGEST_TUPLE = 1_024
_HIGHEST_PROTOCOL = 5


class Machine:
    """Follows one pickle from the reader's position to its STOP opcode.

    Args:
        reader: at the pickle's first byte.
        record: where imports and problems go.
        joblib: whether arrays stand behind their wrappers, as joblib's loader reads them.
    """

    def __init__(self, reader: OpcodeReader, record: Record, *, joblib: bool) -> None:
        self._reader = reader
        self._record = record
        self._joblib = joblib
        self._stack: list[object] = []
        self._outer: list[list[object]] = []
        self._memo: dict[int, object] = {}
        self._frame_end: int | None = None
        self._held = 0  # values on the outer stacks

    def run(self) -> None:
        """Raises PickleStreamError where it can't be followed further."""
        record, reader, handlers = self._record, self._reader, _HANDLERS
        maximum = record.limits.values
        while True:
            instruction = reader.next()
            record.step(instruction.offset)
            if self._frame_end is not None:
                self._check_frame(instruction.offset)
            if instruction.name == "STOP":
                self._pop(instruction)
                return
            if instruction.blob is not None:
                self._look_within(instruction.blob, instruction.offset)
            handlers[instruction.name](self, instruction)
            if len(self._stack) + self._held > maximum or len(self._memo) > maximum:
                raise PickleLimitError(f"more than {maximum:,} values at a time", instruction.offset)

    # The stack. A pop never reaches below the last MARK, as in the unpickler.

    def _pop(self, instruction: Instruction) -> object:
        if not self._stack:
            raise MalformedPickleError(f"{instruction.name} with an empty stack", instruction.offset)
        return self._stack.pop()

    def _pop_several(self, count: int, instruction: Instruction) -> list[object]:
        return [self._pop(instruction) for _ in range(count)][::-1]

    def _top(self, instruction: Instruction) -> object:
        if not self._stack:
            raise MalformedPickleError(f"{instruction.name} with an empty stack", instruction.offset)
        return self._stack[-1]

    def _pop_mark(self, instruction: Instruction) -> list[object]:
        if not self._outer:
            raise MalformedPickleError(f"{instruction.name} without a MARK", instruction.offset)
        items = self._stack
        self._stack = self._outer.pop()
        self._held -= len(self._stack)
        return items

    def _consume(self, items: list[object], instruction: Instruction) -> None:
        """Values that go into a container or a call: the array wrapper's class has no business there.

        Through `copyreg` or a state that sets `__class__`, joblib's loader would see an array where none is seen here.
        """
        if self._record.wrapper_imported and any(isinstance(item, ImportName) and item == WRAPPER for item in items):
            self._problem(ProblemKind.MISUSED_WRAPPER, instruction)

    def _problem(self, kind: ProblemKind, instruction: Instruction, detail: str = "") -> None:
        self._record.problem(Problem(kind, instruction.offset, detail))

    # Opcodes that push.

    def _push_value(self, instruction: Instruction) -> None:
        self._stack.append(instruction.value)

    def _push_constant(self, instruction: Instruction) -> None:
        self._stack.append(_CONSTANTS[instruction.name])

    def _push_dict(self, _: Instruction) -> None:
        self._stack.append(DictValue())

    def _duplicate(self, instruction: Instruction) -> None:
        self._stack.append(self._top(instruction))

    def _mark(self, instruction: Instruction) -> None:
        if len(self._outer) >= self._record.limits.marks:
            raise PickleLimitError(f"more than {self._record.limits.marks:,} open MARKs", instruction.offset)
        self._held += len(self._stack)
        self._outer.append(self._stack)
        self._stack = []

    def _pop_one(self, instruction: Instruction) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._pop_mark(instruction)

    def _drop_to_mark(self, instruction: Instruction) -> None:
        self._pop_mark(instruction)

    # Containers.

    def _tuple(self, instruction: Instruction) -> None:
        count = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}.get(instruction.name)
        items = self._pop_mark(instruction) if count is None else self._pop_several(count, instruction)
        self._consume(items, instruction)
        self._stack.append(tuple(items) if len(items) <= _LONGEST_TUPLE else NOT_TEXT)

    def _collection(self, instruction: Instruction) -> None:
        self._consume(self._pop_mark(instruction), instruction)
        self._stack.append(NOT_TEXT)

    def _dict(self, instruction: Instruction) -> None:
        items = self._pop_mark(instruction)
        self._consume(items, instruction)
        made = DictValue()
        made.add(items)
        self._stack.append(made)

    def _add(self, instruction: Instruction) -> None:
        """APPEND, APPENDS, ADDITEMS, SETITEM, SETITEMS: they call methods of whatever stands on top."""
        if instruction.name == "APPEND":
            items = self._pop_several(1, instruction)
        elif instruction.name == "SETITEM":
            items = self._pop_several(2, instruction)
        else:
            items = self._pop_mark(instruction)
        self._consume(items, instruction)
        target = self._top(instruction)
        if isinstance(target, ImportName):
            self._problem(ProblemKind.CHANGED_IMPORT, instruction, str(target))
        elif isinstance(target, DictValue) and instruction.name.startswith("SETITEM"):
            target.add(items)

    # The memo.

    def _get(self, instruction: Instruction) -> None:
        index = instruction.value
        if not isinstance(index, int) or index not in self._memo:
            raise MalformedPickleError("a memo entry that was never written", instruction.offset)
        self._stack.append(self._memo[index])

    def _put(self, instruction: Instruction) -> None:
        index = len(self._memo) if instruction.name == "MEMOIZE" else instruction.value
        if not isinstance(index, int) or index < 0:
            raise MalformedPickleError("a memo index that is not a number", instruction.offset)
        self._memo[index] = self._top(instruction)

    # Imports.

    def _global(self, instruction: Instruction) -> None:
        name = instruction.value
        assert isinstance(name, ImportName)
        self._record.imported(name, instruction.offset)
        self._stack.append(name)

    def _stack_global(self, instruction: Instruction) -> None:
        name = self._pop(instruction)
        module = self._pop(instruction)
        if isinstance(module, str) and isinstance(name, str):
            imported = ImportName(module, name)
            self._record.imported(imported, instruction.offset)
            self._stack.append(imported)
        elif all(isinstance(part, str) or part is OPAQUE for part in (module, name)):
            self._problem(ProblemKind.COMPUTED_IMPORT, instruction)
            self._stack.append(OPAQUE)
        else:
            raise MalformedPickleError("an import whose name is not text", instruction.offset)

    def _extension(self, instruction: Instruction) -> None:
        self._problem(ProblemKind.EXTENSION_CODE, instruction, f"code {instruction.value}")
        self._stack.append(OPAQUE)

    # Calls.

    def _call(self, callee: object, arguments: object, instruction: Instruction) -> None:
        if isinstance(callee, ImportName):
            self._record.called(callee)
        else:
            self._problem(ProblemKind.COMPUTED_CALL, instruction)
        if not isinstance(callee, ImportName) or callee not in _FOLLOWED:
            self._stack.append(NOT_TEXT if _makes_instance(callee, instruction) else OPAQUE)
        elif callee == WRAPPER and (instruction.name != "NEWOBJ" or arguments != ()):
            self._problem(ProblemKind.MISUSED_WRAPPER, instruction)
            self._stack.append(OPAQUE)
        else:
            self._stack.append(MadeValue(callee, arguments if isinstance(arguments, tuple) else (OPAQUE,)))

    def _reduce(self, instruction: Instruction) -> None:
        arguments = self._pop(instruction)
        callee = self._pop(instruction)
        self._call(callee, arguments, instruction)

    def _new_object_with_keywords(self, instruction: Instruction) -> None:
        keywords = self._pop(instruction)
        arguments = self._pop(instruction)
        callee = self._pop(instruction)
        self._call(callee, (arguments, keywords), instruction)

    def _object(self, instruction: Instruction) -> None:
        items = self._pop_mark(instruction)
        if not items:
            raise MalformedPickleError("OBJ without a class", instruction.offset)
        self._consume(items[1:], instruction)
        self._call(items[0], tuple(items[1:]), instruction)

    def _instance(self, instruction: Instruction) -> None:
        name = instruction.value
        assert isinstance(name, ImportName)
        self._record.imported(name, instruction.offset)  # before it looks for its MARK, as Python's unpickler does
        items = self._pop_mark(instruction)
        self._consume(items, instruction)
        self._call(name, tuple(items), instruction)

    def _build(self, instruction: Instruction) -> None:
        state = self._pop(instruction)
        self._consume([state], instruction)
        target = self._top(instruction)
        if isinstance(target, ImportName):
            # With a pair as state, BUILD sets attributes of the class or function itself.
            self._problem(ProblemKind.CHANGED_IMPORT, instruction, str(target))
        elif isinstance(target, MadeValue):
            target.states.append(state)
            if target.made_by != WRAPPER:
                return
            if self._joblib:
                self._read_array(target, instruction)
            else:
                self._record.stray = True

    def _read_array(self, wrapper: MadeValue, instruction: Instruction) -> None:
        if self._frame_end is not None:
            # The loader would go on within the frame after the array.
            raise UnsupportedPickleError("an array within a frame", instruction.offset)
        try:
            data = array_data(wrapper)
        except UnknownLayoutError as error:
            raise UnsupportedPickleError(str(error), instruction.offset) from None
        if data.pickled:
            Machine(self._reader, self._record, joblib=False).run()
        else:
            padding = self._reader.read(1)[0]
            if not 1 <= padding <= ALIGNMENT:
                # Such a byte is no opcode: `pickle.load` stops here, so that the array's bytes can't be a program.
                raise UnsupportedPickleError("the padding before an array is not joblib's", instruction.offset)
            self._reader.skip(padding + data.size)
        self._stack[-1] = OPAQUE

    # The rest.

    def _protocol(self, instruction: Instruction) -> None:
        if not isinstance(instruction.value, int) or instruction.value > _HIGHEST_PROTOCOL:
            raise MalformedPickleError("a protocol later than 5", instruction.offset)

    def _frame(self, instruction: Instruction) -> None:
        length = instruction.value
        assert isinstance(length, int)
        if self._frame_end is not None:
            self._problem(ProblemKind.BAD_FRAME, instruction)
        if length > self._reader.remaining:
            # The unpickler in C stops here; the one in Python, which joblib uses, reads on.
            self._problem(ProblemKind.BAD_FRAME, instruction)
        self._frame_end = self._reader.position + length if length else None

    def _check_frame(self, offset: int) -> None:
        assert self._frame_end is not None
        # Across a frame's end the unpicklers in C and in Python read other bytes than stand here.
        if self._reader.position > self._frame_end:
            self._record.problem(Problem(ProblemKind.BAD_FRAME, offset))
        if self._reader.position >= self._frame_end:
            self._frame_end = None

    def _persistent(self, instruction: Instruction) -> None:
        if instruction.name == "BINPERSID":
            self._pop(instruction)
        self._problem(ProblemKind.PERSISTENT_ID, instruction)
        self._stack.append(OPAQUE)

    def _next_buffer(self, instruction: Instruction) -> None:
        self._problem(ProblemKind.OUT_OF_BAND_BUFFER, instruction)
        self._stack.append(OPAQUE)

    def _look_within(self, blob: Blob, offset: int) -> None:
        """Whether a text or bytes value is a pickle: then something is meant to load it."""
        if blob.length < 2:
            return
        head = self._reader.peek_at(blob, 128)
        binary = head[0] == 0x80 and head[1] <= _HIGHEST_PROTOCOL
        if not binary and not (is_opcode(head[0]) and (head.count(b"\n") > 1 or self._reader.last_byte(blob) == b".")):
            return
        record = self._record
        if record.depth >= record.limits.nested_depth:
            raise PickleLimitError(f"pickles nested deeper than {record.limits.nested_depth}", offset)
        data = self._reader.peek_at(blob, record.limits.nested_bytes)
        inner = Record(dataclasses.replace(record.limits, opcodes=record.limits.opcodes - record.opcodes))
        inner.depth = record.depth + 1
        reader = OpcodeReader(io.BytesIO(data), 0, len(data), maximum_line=record.limits.line_bytes)
        complete = cut = False
        try:
            Machine(reader, inner, joblib=False).run()
            complete = True
        except PickleLimitError:
            cut = True
        except PickleStreamError:
            cut = len(data) < blob.length and reader.remaining == 0
        record.opcodes += inner.opcodes
        called = any(item.called for item in inner.imports)
        if called or (complete and (binary or inner.imports)) or (binary and (cut or inner.imports)):
            record.problem(Problem(ProblemKind.NESTED_PICKLE, offset))
            record.absorb(inner, blob.start)


def _makes_instance(callee: object, instruction: Instruction) -> bool:
    """Whether the result is an instance of scikit-learn's, so surely no text (NEWOBJ calls `__new__`)."""
    return instruction.name == "NEWOBJ" and isinstance(callee, ImportName) and callee.module.startswith("sklearn.")


_Handler = Callable[[Machine, Instruction], None]


def _ignore(_: Machine, __: Instruction) -> None:
    """READONLY_BUFFER: the top of the stack stays what it is."""


def _handlers() -> dict[str, _Handler]:
    families: tuple[tuple[_Handler, str], ...] = (
        (
            Machine._push_value,
            "INT BININT BININT1 BININT2 LONG LONG1 LONG4 STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES "
            "BINBYTES8 BYTEARRAY8 UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 FLOAT BINFLOAT EMPTY_LIST EMPTY_SET",
        ),
        (Machine._push_constant, "NONE NEWTRUE NEWFALSE EMPTY_TUPLE"),
        (Machine._push_dict, "EMPTY_DICT"),
        (Machine._duplicate, "DUP"),
        (Machine._mark, "MARK"),
        (Machine._pop_one, "POP"),
        (Machine._drop_to_mark, "POP_MARK"),
        (Machine._tuple, "TUPLE TUPLE1 TUPLE2 TUPLE3"),
        (Machine._collection, "LIST FROZENSET"),
        (Machine._dict, "DICT"),
        (Machine._add, "APPEND APPENDS ADDITEMS SETITEM SETITEMS"),
        (Machine._get, "GET BINGET LONG_BINGET"),
        (Machine._put, "PUT BINPUT LONG_BINPUT MEMOIZE"),
        (Machine._global, "GLOBAL"),
        (Machine._stack_global, "STACK_GLOBAL"),
        (Machine._extension, "EXT1 EXT2 EXT4"),
        (Machine._reduce, "REDUCE NEWOBJ"),
        (Machine._new_object_with_keywords, "NEWOBJ_EX"),
        (Machine._object, "OBJ"),
        (Machine._instance, "INST"),
        (Machine._build, "BUILD"),
        (Machine._protocol, "PROTO"),
        (Machine._frame, "FRAME"),
        (Machine._persistent, "PERSID BINPERSID"),
        (Machine._next_buffer, "NEXT_BUFFER"),
        (_ignore, "READONLY_BUFFER"),
    )
    return {name: handler for handler, names in families for name in names.split()}


_HANDLERS = _handlers()
