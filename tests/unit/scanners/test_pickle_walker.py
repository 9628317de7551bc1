"""The walk sees whatever an unpickler would import; it raises nothing."""

from __future__ import annotations

import contextlib
import io
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.model_findings import walk_findings, walk_obstacle
from scanners.pickle_imports import load_import_rules
from scanners.pickle_results import ProblemKind, UnreadKind, Walk, WalkLimits
from scanners.pickle_walker import walk_pickle
from tests.unit.scanners.pickle_bad_artifacts import BAD_ARTEFACTS
from tests.unit.scanners.pickle_bad_dumps import joblib_dump
from tests.unit.scanners.pickle_builders import call, line_import, short, stack_import, text

MODELS = Path(__file__).resolve().parents[2] / "data" / "models"
RULES = load_import_rules()["scikit-learn"]

# The oracle warns about texts with strange escapes.
pytestmark = pytest.mark.filterwarnings("ignore:invalid escape:DeprecationWarning")


def walk(data: bytes, limits: WalkLimits | None = None) -> Walk:
    return walk_pickle(io.BytesIO(data), len(data), limits=limits)


def names(result: Walk) -> set[str]:
    return {str(item) for item in result.imports}


def refused(result: Walk) -> bool:
    return bool(walk_findings(result, RULES, "model.pkl")) or walk_obstacle(result) is not None


class Inert:
    """What the oracle hands out in place of every import: it takes everything and does nothing."""

    def __new__(cls, *_: object, **__: object) -> Inert:
        return object.__new__(cls)

    def __init__(self, *arguments: object, **keywords: object) -> None:
        pass

    def __call__(self, *arguments: object, **keywords: object) -> Inert:
        return self

    def __setstate__(self, state: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, item: object) -> None:
        pass

    extend = add = append


def oracle(data: bytes, unpickler: Callable[..., Any] = pickle._Unpickler) -> set[str]:
    """What Python's own unpickler asks for. Nothing is imported: `find_class` always hands out `Inert`."""
    asked: set[str] = set()

    class Recorder(unpickler):  # type: ignore[misc,valid-type]
        def find_class(self, module: str, name: str) -> type[Inert]:
            asked.add(f"{module}.{name}")
            return Inert

    with contextlib.suppress(Exception):  # a broken stream: what it asked for before is what counts
        Recorder(io.BytesIO(data)).load()
    return asked


def hides(result: Walk) -> bool:
    return any(problem.kind.hides for problem in result.problems)


def gave_up(result: Walk) -> bool:
    """Whether the walk says that an unpickler may see something else: behind a bound, or across the end of a frame."""
    if any(problem.kind is ProblemKind.BAD_FRAME for problem in result.problems):
        return True
    return result.unread is not None and result.unread.kind in (UnreadKind.LIMIT, UnreadKind.UNSUPPORTED)


@pytest.mark.parametrize("name", sorted(path.name for path in MODELS.glob("*.pkl")))
def test_a_real_pickle_is_followed_to_its_end_with_every_import(name: str) -> None:
    data = (MODELS / name).read_bytes()
    result = walk(data)
    assert result.complete
    assert result.problems == ()
    assert names(result) == oracle(data) == oracle(data, pickle.Unpickler)
    assert result.opcodes == len(list(pickletools.genops(data)))
    assert any(item.called for item in result.imports)


@pytest.mark.parametrize("name", sorted(path.name for path in MODELS.glob("*.joblib") if "comp" not in path.name))
def test_a_real_joblib_dump_is_followed_through_its_arrays(name: str) -> None:
    data = (MODELS / name).read_bytes()
    result = walk(data)
    assert result.complete
    assert result.joblib
    assert result.end == len(data)
    pickled = walk((MODELS / name).with_suffix(".protocol5.pkl").read_bytes())
    trained = {str(item) for item in pickled.imports if item.module.startswith("sklearn.")}
    assert trained <= names(result)


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_pythons_own_pickler_is_followed(protocol: int) -> None:
    value = {"a": [1, 2.5, -3, 2**70, None, True], "b": ({1, 2}, frozenset("x"), b"y", bytearray(b"z")), "c": 1j}
    data = pickle.dumps([value, value, slice(1, 2), range(3)], protocol)
    result = walk(data)
    assert result.complete
    assert not hides(result)
    # fix_imports: the names of Python 2 in the stream, today's names asked for.
    assert len(names(result)) == len(oracle(data))


@pytest.mark.parametrize("artefact", BAD_ARTEFACTS)
def test_the_walk_sees_what_an_unpickler_asks_for(artefact: str) -> None:
    data = BAD_ARTEFACTS[artefact]()
    result = walk(data)
    asked = {name for name in oracle(data) if not name.startswith(("builtins.", "subprocess.", "_thread."))}
    assert asked <= names(result) or hides(result) or gave_up(result)


FRAGMENTS = st.one_of(
    st.sampled_from(
        [
            line_import("os", "system"),
            line_import("collections", "OrderedDict"),
            stack_import("numpy", "dtype"),
            stack_import("posix", "system"),
            short("os"),
            short("system"),
            short("numpy"),
            short("dtype"),
            text("id"),
            b"U\x02os",
            b"V\\u006fs\n",
            b"S'os'\n",
            b"ios\nsystem\n",
            b"p0\n",
            b"g0\n",
            b"C\x01x",
            b"\x95\x08\x00\x00\x00\x00\x00\x00\x00",
            b"\x80\x02",
            b"\x80\x04",
            b"\x82\x01",
            b"G\x00\x00\x00\x00\x00\x00\x00\x00",
            b"K\x01",
        ]
    ),
    st.sampled_from(
        [bytes([code]) for code in b"()]}NRbotldseuaQ012.\x81\x85\x86\x87\x88\x8f\x90\x91\x92\x93\x94\x97\x98"]
    ),
    st.integers(0, 4).map(lambda index: b"q" + bytes([index])),
    st.integers(0, 4).map(lambda index: b"h" + bytes([index])),
)
STREAMS = st.lists(FRAGMENTS, max_size=30).map(lambda parts: b"".join(parts) + b".")


@given(STREAMS)
@settings(max_examples=1_500, deadline=None)
def test_on_any_stream_of_opcodes_the_walk_sees_at_least_what_python_asks_for(data: bytes) -> None:
    result = walk(data)
    for unpickler in (pickle._Unpickler, pickle.Unpickler):
        asked = oracle(data, unpickler)
        assert asked <= names(result) or hides(result) or gave_up(result), (data, asked, result)
        if asked - {f"{module}.{name}" for module, name in RULES.listed}:
            assert refused(result)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(_SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(data) - 1)))
        kind = draw(st.sampled_from(["change", "insert", "delete", "copy", "cut"]))
        if kind == "change" and data:
            data[place] = draw(st.integers(0, 255))
        elif kind == "insert":
            data[place:place] = draw(st.binary(min_size=1, max_size=4))
        elif kind == "delete":
            del data[place : place + draw(st.integers(1, 4))]
        elif kind == "copy":
            data[place:place] = data[draw(st.integers(0, place)) : place]
        else:
            del data[place:]
    return bytes(data)


_SEEDS = [BAD_ARTEFACTS[name]() for name in sorted(BAD_ARTEFACTS) if "marks" not in name]
_SEEDS += [(MODELS / "scaler.protocol0.pkl").read_bytes(), (MODELS / "pipeline.joblib").read_bytes()]


@given(mutated())
@settings(max_examples=1_500, deadline=None)
def test_a_mutated_artefact_raises_nothing_and_hides_nothing(data: bytes) -> None:
    result = walk(data)
    if b"\x96" in data:  # BYTEARRAY8: the oracle would allocate whatever length stands there
        return
    unlisted = oracle(data) - {f"{module}.{name}" for module, name in RULES.listed}
    if unlisted:
        assert refused(result), (data, unlisted)


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_noise_raises_nothing(data: bytes) -> None:
    result = walk(data)
    assert result.end <= len(data)


def test_the_name_in_the_stream_counts_and_not_what_pickletools_makes_of_it() -> None:
    data = BAD_ARTEFACTS["line-import-with-escapes-that-only-the-tool-decodes"]()
    assert names(walk(data)) == {"nump\\x79.dtyp\\x65"}


def test_a_frame_that_cuts_a_name_is_refused() -> None:
    """The unpickler in C loses what is left of a frame when a line goes on behind it: here it imports os.em."""
    data = b"\x80\x04\x95" + (8).to_bytes(8, "little") + b"cos\nsystem\n."
    assert oracle(data, pickle.Unpickler) == {"os.em"}
    assert names(walk(data)) == {"os.system"}
    assert refused(walk(b"\x80\x04\x95" + (13).to_bytes(8, "little") + b"cnumpy\nosdtype\n."))


def test_calls_are_told_from_mere_imports() -> None:
    called = walk(call("os", "system", "id")).imports
    mere = walk(b"\x80\x02" + line_import("numpy", "float64") + b".").imports
    assert [item.called for item in (*called, *mere)] == [True, False]


def test_what_was_found_before_the_break_is_kept() -> None:
    result = walk(call("os", "system", "id")[:-1])
    assert result.unread is not None
    assert result.unread.kind is UnreadKind.TRUNCATED
    assert names(result) == {"os.system"}


def test_what_stands_in_or_behind_a_pickle_is_marked_as_nested() -> None:
    for artefact in ("nested-twice", "two-pickles-in-a-row", "nested-pickle-in-text"):
        (item,) = walk(BAD_ARTEFACTS[artefact]()).imports
        assert (str(item), item.nested) == ("os.system", True)


def test_each_kind_of_problem_has_an_artefact_that_shows_it() -> None:
    seen = {problem.kind for build in BAD_ARTEFACTS.values() for problem in walk(build()).problems}
    assert seen == set(ProblemKind)


def test_each_way_to_end_early_has_an_artefact_that_shows_it() -> None:
    ends = [walk(build()).unread for build in BAD_ARTEFACTS.values()]
    assert {end.kind for end in ends if end is not None} == set(UnreadKind)


@pytest.mark.parametrize(
    ("limits", "data"),
    [
        (WalkLimits(opcodes=3), call("os", "system", "id")),
        (WalkLimits(values=3), b"\x80\x04NNNNN."),
        (WalkLimits(values=3), b"\x80\x04N\x94\x94\x94\x94\x94."),
        (WalkLimits(marks=2), b"\x80\x04((((N."),
        (WalkLimits(line_bytes=4), b"V" + b"a" * 20 + b"\n."),
        (WalkLimits(imports=1), line_import("a", "b") + line_import("c", "d") + b"."),
        (WalkLimits(problems=1), b"\x82\x01\x82\x02\x82\x03."),
        (WalkLimits(nested_depth=0), BAD_ARTEFACTS["nested-pickle-in-bytes"]()),
        (WalkLimits(opcodes=6), b"\x80\x04N." * 4),
    ],
)
def test_each_bound_ends_the_walk_as_unread(limits: WalkLimits, data: bytes) -> None:
    result = walk(data, limits)
    assert result.unread is not None
    assert result.unread.kind is UnreadKind.LIMIT


def test_a_nested_pickle_longer_than_the_bound_is_still_one() -> None:
    payload = b"\x80\x04" + b"N0" * 50 + call("os", "system", "id")[2:]
    data = b"\x80\x04C" + bytes([len(payload)]) + payload + b"."
    result = walk(data, WalkLimits(nested_bytes=20))
    assert ProblemKind.NESTED_PICKLE in {problem.kind for problem in result.problems}


def test_deep_nesting_of_tuples_ends_without_a_crash() -> None:
    assert walk(b"\x80\x04N" + b"\x85" * 300_000 + b".").complete


@pytest.mark.parametrize("length", [0, 1, 7, 200])
def test_the_bytes_of_a_joblib_array_are_skipped_exactly(length: int) -> None:
    data = joblib_dump(b"." * length)
    result = walk(data)
    assert result.complete
    assert result.problems == ()
    assert result.end == len(data)


@pytest.mark.parametrize("padding", [0, 17, 40, ord("c"), 255])
def test_a_padding_that_joblib_never_writes_is_not_skipped(padding: int) -> None:
    result = walk(joblib_dump(b"\x00", padding=bytes([padding]) + b"\xff" * padding))
    assert result.unread is not None
    assert result.unread.kind is UnreadKind.UNSUPPORTED
