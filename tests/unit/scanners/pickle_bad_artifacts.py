"""Named bad artefacts, one per trick. Built as bytes; nothing here is ever unpickled.

Each function returns the bytes of a file that some scanner has called clean, or could.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

Builder = Callable[[], bytes]
BAD_ARTEFACTS: dict[str, Builder] = {}


def bad(builder: Builder) -> Builder:
    """Registers a builder under its name."""
    BAD_ARTEFACTS[builder.__name__.replace("_", "-")] = builder
    return builder


def line_import(module: str, name: str) -> bytes:
    """GLOBAL."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def text(value: str) -> bytes:
    """BINUNICODE."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def short(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def stack_import(module: str, name: str) -> bytes:
    """STACK_GLOBAL."""
    return short(module) + short(name) + b"\x93"


def call(module: str, name: str, *arguments: str) -> bytes:
    """A pickle of protocol 4 that calls a global with texts."""
    return b"\x80\x04" + stack_import(module, name) + b"(" + b"".join(map(text, arguments)) + b"tR."


def _calls(*targets: tuple[str, str, str]) -> None:
    for module, name, argument in targets:

        def build(module: str = module, name: str = name, argument: str = argument) -> bytes:
            return call(module, name, argument)

        BAD_ARTEFACTS[f"call-{module}.{name}"] = build


_calls(
    ("os", "system", "id"),
    ("posix", "system", "id"),
    ("nt", "system", "id"),
    ("subprocess", "Popen", "id"),
    ("subprocess", "check_output", "id"),
    ("commands", "getoutput", "id"),
    ("builtins", "eval", "1"),
    ("builtins", "exec", "1"),
    ("builtins", "compile", "1"),
    ("builtins", "open", "/etc/passwd"),
    ("builtins", "__import__", "os"),
    ("__builtin__", "eval", "1"),
    ("importlib", "import_module", "os"),
    ("runpy", "run_path", "/tmp/x"),
    ("runpy", "_run_code", "x"),
    ("ctypes", "CDLL", "libc.so.6"),
    ("timeit", "timeit", "1"),
    ("cProfile", "run", "1"),
    ("pty", "spawn", "sh"),
    ("code", "interact", "x"),
    ("pdb", "run", "1"),
    ("bdb", "Bdb.run", "1"),
    ("trace", "Trace.run", "1"),
    ("pip", "main", "install x"),
    ("pip._internal.cli.main", "main", "install x"),
    ("setuptools._distutils.spawn", "spawn", "id"),
    ("webbrowser", "open", "x"),
    ("socket", "create_connection", "x"),
    ("urllib.request", "urlopen", "x"),
    ("shutil", "rmtree", "/tmp/x"),
    ("pickle", "loads", "x"),
    ("_pickle", "loads", "x"),
    ("dill", "loads", "x"),
    ("joblib", "load", "x"),
    ("joblib.memory", "Memory", "x"),
    ("marshal", "loads", "x"),
    ("types", "FunctionType", "x"),
    ("functools", "partial", "x"),
    ("functools", "reduce", "x"),
    ("operator", "attrgetter", "x"),
    ("operator", "methodcaller", "x"),
    ("_operator", "methodcaller", "x"),
    ("asyncio.subprocess", "create_subprocess_shell", "id"),
    ("multiprocessing.util", "spawnv_passfds", "id"),
    ("logging.config", "dictConfig", "x"),
    ("numpy", "load", "x"),
    ("numpy", "memmap", "x"),
    ("numpy.f2py.crackfortran", "getlincoef", "x"),
    ("numpy.f2py.capi_maps", "load_f2cmap_file", "x"),
    ("numpy.testing._private.utils", "runstring", "x"),
    ("numpy.distutils.exec_command", "exec_command", "x"),
    ("numpy._core", "_ufunc_reconstruct", "os"),
    ("scipy.stats._continuous_distns", "norm_gen", "x"),
    ("sklearn.datasets._base", "load_files", "x"),
    ("pandas", "read_pickle", "x"),
    ("pandas.core.computation.eval", "eval", "x"),
    ("torch", "load", "x"),
    ("torch.hub", "load", "x"),
    ("torch.storage", "_load_from_bytes", "x"),
    ("copyreg", "add_extension", "x"),
    ("sys", "setrecursionlimit", "x"),
    ("my_module", "load", "x"),
    ("sklearn", "show_versions", "x"),
    # Attribute traversal: the listed module holds a module that holds everything.
    ("sklearn.base", "os.system", "x"),
    ("sklearn.pipeline", "Pipeline.__init__.__globals__", "x"),
    ("numpy", "ndarray.__class__", "x"),
    ("numpy", "os.system", "x"),
    # Almost the listed name.
    ("sklearn.pipeline", "pipeline", "x"),
    ("sklearn.pipeline ", "Pipeline", "x"),
    ("Sklearn.pipeline", "Pipeline", "x"),
    ("sklearn.pipeline", "Pipelinе", "x"),
    ("", "system", "x"),
    ("os", "", "x"),
)


@bad
def text_pickle_of_protocol_0() -> bytes:
    return b"cos\nsystem\n(S'id'\ntR."


@bad
def text_pickle_without_its_stop() -> bytes:
    return b"cos\nsystem\n(S'id'\ntR"


@bad
def instance_opcode() -> bytes:
    return b"(S'id'\nios\nsystem\n."


@bad
def object_opcode() -> bytes:
    return b"(" + line_import("os", "system") + text("id") + b"o."


@bad
def new_object() -> bytes:
    return b"\x80\x02" + line_import("subprocess", "Popen") + text("id") + b"\x85\x81."


@bad
def new_object_with_keywords() -> bytes:
    return b"\x80\x04" + stack_import("subprocess", "Popen") + text("id") + b"\x85}\x92."


@bad
def only_imported() -> bytes:
    return b"\x80\x02" + line_import("antigravity", "fly") + b"."


@bad
def import_from_the_memo() -> bytes:
    return b"\x80\x04" + short("system") + b"\x94" + short("os") + b"\x94h\x01h\x00\x93" + text("id") + b"\x85R."


@bad
def import_from_an_overwritten_memo() -> bytes:
    parts = (short("numpy"), b"q\x00", short("dtype"), b"q\x01", short("os"), b"q\x00", short("system"), b"q\x01")
    return b"\x80\x04" + b"".join(parts) + b"h\x00h\x01\x93" + text("id") + b"\x85R."


@bad
def import_from_a_text_memo_index() -> bytes:
    return b"\x80\x04" + short("os") + b"p 1_0\n" + short("system") + b"p11\ng10\ng 11\n\x93" + text("id") + b"\x85R."


@bad
def import_with_duplicates_and_pops() -> bytes:
    return b"\x80\x04" + short("os") + b"2N00" + b"2(NN1" + b"0" + short("system") + b"\x93" + text("id") + b"\x85R."


@bad
def import_of_python_2_texts() -> bytes:
    return b"\x80\x04U\x02osU\x06system\x93" + text("id") + b"\x85R."


@bad
def import_of_escaped_texts() -> bytes:
    return b"\x80\x04V\\u006fs\nS'\\x73ystem'\n\x93" + text("id") + b"\x85R."


@bad
def import_of_a_computed_text() -> bytes:
    made = stack_import("builtins", "str") + text("os") + b"\x85R"
    return b"\x80\x04" + made + short("system") + b"\x93" + text("id") + b"\x85R."


@bad
def import_of_a_long_text() -> bytes:
    return b"\x80\x04" + text("a." * 400 + "os") + short("system") + b"\x93" + text("id") + b"\x85R."


@bad
def line_import_with_escapes_that_only_the_tool_decodes() -> bytes:
    # pickletools decodes this to numpy.dtype, the unpickler does not.
    return b"\x80\x02c" + b"nump\\x79\ndtyp\\x65\n" + text("f8") + b"\x85R."


@bad
def line_import_with_a_space() -> bytes:
    return b"\x80\x02cnumpy dtype\nx\n" + text("f8") + b"\x85R."


@bad
def extension_code() -> bytes:
    return b"\x80\x02\x82\x01" + text("id") + b"\x85R."


@bad
def extension_code_of_two_bytes() -> bytes:
    return b"\x80\x02\x83\x01\x01" + text("id") + b"\x85R."


@bad
def extension_code_of_four_bytes() -> bytes:
    return b"\x80\x02\x84\x01\x01\x01\x01" + text("id") + b"\x85R."


@bad
def call_of_a_result() -> bytes:
    made = stack_import("collections", "defaultdict") + b")R"
    return b"\x80\x04" + made + text("id") + b"\x85R."


@bad
def chain_of_getattr() -> bytes:
    inner = stack_import("builtins", "getattr") + stack_import("sklearn.pipeline", "Pipeline") + text("__init__")
    return b"\x80\x04" + inner + b"\x86R" + text("id") + b"\x85R."


@bad
def state_of_a_class() -> bytes:
    # BUILD with a pair sets attributes of the class itself.
    state = b"N}" + text("fit") + stack_import("collections", "Counter") + b"s\x86b"
    return b"\x80\x04" + stack_import("sklearn.pipeline", "Pipeline") + state + b"."


@bad
def item_of_a_class() -> bytes:
    return b"\x80\x04" + stack_import("collections", "OrderedDict") + text("a") + text("b") + b"s."


@bad
def state_gadget() -> bytes:
    made = stack_import("scipy.stats._continuous_distns", "norm_gen") + b")\x81"
    return b"\x80\x04" + made + b"}" + text("_parse_arg_template") + text("import os") + b"sb."


@bad
def nested_pickle_in_bytes() -> bytes:
    payload = call("os", "system", "id")
    return b"\x80\x03C" + bytes([len(payload)]) + payload + b"."


@bad
def nested_pickle_in_text() -> bytes:
    return b"\x80\x04" + text("cos\nsystem\n(S'id'\ntR.") + b"."


@bad
def nested_pickle_of_listed_names() -> bytes:
    payload = call("collections", "OrderedDict")
    return b"\x80\x04C" + bytes([len(payload)]) + payload + b"."


@bad
def nested_twice() -> bytes:
    inner = nested_pickle_in_bytes()
    return b"\x80\x04\x8e" + struct.pack("<Q", len(inner)) + inner + b"."


@bad
def nested_too_deeply() -> bytes:
    data = b"\x80\x04N."
    for _ in range(8):
        data = b"\x80\x04\x8e" + struct.pack("<Q", len(data)) + data + b"."
    return data


@bad
def two_pickles_in_a_row() -> bytes:
    return b"\x80\x04N." + call("os", "system", "id")


@bad
def trailing_data() -> bytes:
    return b"\x80\x04N.\x00\x00\x00"


@bad
def trailing_zip_archive() -> bytes:
    return b"\x80\x04N." + zip_with_a_pickle()


@bad
def truncated_behind_the_payload() -> bytes:
    return call("os", "system", "id")[:-1]


@bad
def broken_behind_the_payload() -> bytes:
    return call("os", "system", "id")[:-1] + b"\xff\xff\xff"


@bad
def broken_by_a_missing_memo_entry_behind_the_payload() -> bytes:
    return call("os", "system", "id")[:-1] + b"h\x99."


@bad
def truncated_harmless() -> bytes:
    return b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00]"


@bad
def truncated_within_a_length() -> bytes:
    return b"\x80\x04X\x10\x00"


@bad
def length_beyond_the_file() -> bytes:
    return b"\x80\x04\x8e" + b"\xff" * 8 + b"N."


@bad
def negative_length() -> bytes:
    return b"\x80\x02T\xff\xff\xff\xffN."


@bad
def unknown_opcode() -> bytes:
    return b"\x80\x04\x00N."


@bad
def later_protocol() -> bytes:
    return b"\x80\x05\x80\x09N."


@bad
def later_protocol_at_once() -> bytes:
    return b"\x80\x09N."


@bad
def persistent_id() -> bytes:
    return b"\x80\x02" + text("tag") + b"Q."


@bad
def persistent_id_of_protocol_0() -> bytes:
    return b"Ptag\n."


@bad
def out_of_band_buffer() -> bytes:
    return b"\x80\x05\x97."


@bad
def frame_that_ends_within_an_opcode() -> bytes:
    return b"\x80\x04\x95" + struct.pack("<Q", 2) + text("abc") + b"."


@bad
def frame_beyond_the_file_before_a_payload() -> bytes:
    # The unpickler in Python, which joblib uses, goes on.
    return b"\x80\x04\x95" + struct.pack("<Q", 10_000) + call("os", "system", "id")[2:]


@bad
def too_many_marks() -> bytes:
    return b"(" * 100_010 + b"cos\nsystem\n(S'id'\ntR."


@bad
def empty() -> bytes:
    return b""


@bad
def one_byte() -> bytes:
    return b"\x80"


@bad
def python_source() -> bytes:
    return b"import os\nos.system('id')\n"


@bad
def shell_script() -> bytes:
    return b"#!/bin/sh\nid\n"


@bad
def program() -> bytes:
    return b"\x7fELF" + b"\x00" * 60


@bad
def noise() -> bytes:
    return bytes(range(255, 0, -1)) * 4


@bad
def encrypted() -> bytes:
    return b"Salted__" + bytes(range(64))


# Containers: what mlgate can't look into is not clean.


@bad
def compressed_with_gzip() -> bytes:
    return gzip.compress(call("os", "system", "id"), mtime=0)


@bad
def compressed_with_zlib() -> bytes:
    return zlib.compress(call("os", "system", "id"))


@bad
def compressed_with_bzip2() -> bytes:
    return bz2.compress(call("os", "system", "id"))


@bad
def compressed_with_xz() -> bytes:
    return lzma.compress(call("os", "system", "id"))


@bad
def compressed_with_lzma() -> bytes:
    return lzma.compress(call("os", "system", "id"), format=lzma.FORMAT_ALONE)


@bad
def zip_with_a_pickle() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), call("os", "system", "id"))
    return buffer.getvalue()


@bad
def tar_with_a_pickle() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        data = call("os", "system", "id")
        member = tarfile.TarInfo("model.pkl")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@bad
def numpy_file_of_objects() -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + call("os", "system", "id")


@bad
def hdf5() -> bytes:
    return b"\x89HDF\r\n\x1a\n" + b"\x00" * 64


@bad
def safetensors() -> bytes:
    header = b'{"__metadata__":{}}'
    return struct.pack("<Q", len(header)) + header


@bad
def onnx() -> bytes:
    return b"\x08\x08\x12\x07pytorch\x3a\x00"


# joblib: arrays stand as raw bytes in the middle of the pickle.

DTYPE = line_import("numpy", "dtype") + text("i1") + b"\x89\x88\x87R"
DTYPE_STATE = b"(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
OBJECT_DTYPE = line_import("numpy", "dtype") + text("O8") + b"\x89\x88\x87R(K\x03" + text("|")
OBJECT_DTYPE += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb"
WRAPPER = line_import("joblib.numpy_pickle", "NumpyArrayWrapper")


def wrapper_state(count: int, dtype: bytes = DTYPE + DTYPE_STATE, alignment: bytes = b"K\x10") -> bytes:
    """The state that joblib gives its wrapper."""
    return (
        b"}("
        + (text("subclass") + line_import("numpy", "ndarray"))
        + (text("shape") + b"K" + bytes([count]) + b"\x85")
        + (text("order") + text("C"))
        + (text("dtype") + dtype)
        + (text("allow_mmap") + b"\x88")
        + (text("numpy_array_alignment_bytes") + alignment)
        + b"u"
    )


def joblib_dump(array: bytes, *, padding: bytes = b"\x01\xff", wrapper: bytes = WRAPPER + b")\x81") -> bytes:
    """A dump of one array of bytes."""
    return b"\x80\x03" + wrapper + wrapper_state(len(array)) + b"b" + padding + array + b"."


@bad
def joblib_array_that_is_a_program_for_pickle() -> bytes:
    """`pickle.load` doesn't skip the array: its bytes are opcodes. joblib would skip ".cos..." as padding."""
    payload = call("os", "system", "id")[2:]
    return joblib_dump(b"\x00" * 4, padding=b"." + b"\xff" * ord(".")).replace(b".\xff", b"N0", 1) + payload


@bad
def joblib_padding_that_is_an_opcode() -> bytes:
    payload = line_import("os", "system") + text("id") + b"\x85R."
    padding = b"N" + payload.ljust(ord("N"), b"\xff")
    return joblib_dump(b"\x00", padding=padding)


@bad
def joblib_payload_behind_the_array() -> bytes:
    return joblib_dump(b"\x00" * 8)[:-1] + line_import("os", "system") + text("id") + b"\x85R."


@bad
def joblib_wrapper_through_copyreg() -> bytes:
    arguments = b"(" + WRAPPER + line_import("builtins", "object") + b"Nt"
    return joblib_dump(b"\x00" * 8, wrapper=line_import("copyreg", "_reconstructor") + arguments + b"R")


@bad
def joblib_wrapper_as_a_class_of_another() -> bytes:
    state = b"N}" + text("__class__") + WRAPPER + b"s\x86b"
    return b"\x80\x03" + line_import("sklearn.base", "BaseEstimator") + b")\x81" + state + b"."


@bad
def joblib_wrapper_with_a_state_twice() -> bytes:
    start = b"\x80\x03" + WRAPPER + b")\x81q\x09" + wrapper_state(1) + b"b\x01\xff\x00"
    return start + b"h\x09" + wrapper_state(1) + b"b\x01\xff\x00."


@bad
def joblib_wrapper_without_alignment() -> bytes:
    state = wrapper_state(1).replace(text("numpy_array_alignment_bytes") + b"K\x10", b"")
    return b"\x80\x03" + WRAPPER + b")\x81" + state + b"b\x00."


@bad
def joblib_array_within_a_frame() -> bytes:
    body = WRAPPER + b")\x81" + wrapper_state(1) + b"b"
    payload = line_import("os", "system") + text("id") + b"\x85R."
    frame = b"\x95" + struct.pack("<Q", len(body) + len(payload))
    return b"\x80\x04" + frame + body + payload + b"\x01\xff\x00."


@bad
def joblib_dtype_with_a_lying_state() -> bytes:
    lying = DTYPE + DTYPE_STATE.replace(b"K\x00tb", b"K\x01tb")
    return b"\x80\x03" + WRAPPER + b")\x81" + wrapper_state(1, lying) + b"b\x01\xff\x00."


@bad
def joblib_dtype_with_a_state_twice() -> bytes:
    twice = DTYPE + DTYPE_STATE + DTYPE_STATE[:-2] + b"tb"
    return b"\x80\x03" + WRAPPER + b")\x81" + wrapper_state(1, twice) + b"b\x01\xff\x00."


@bad
def joblib_array_beyond_the_file() -> bytes:
    return joblib_dump(b"\x00" * 8)[:-6]


@bad
def joblib_objects_with_a_payload() -> bytes:
    head = b"\x80\x03" + WRAPPER + b")\x81" + wrapper_state(1, OBJECT_DTYPE) + b"b"
    return head + call("os", "system", "id") + b"."


@bad
def joblib_objects_whose_memo_differs_under_pickle() -> bytes:
    """For joblib the inner memo is a new one (numpy.dtype), for `pickle.load` the outer one goes on (os.system)."""
    head = b"\x80\x04" + short("os") + b"q\x000" + short("system") + b"q\x010"
    head += WRAPPER + b")\x81" + wrapper_state(1, OBJECT_DTYPE) + b"b"
    # MEMOIZE writes 0 and 1 in a memo of its own, 2 and 3 in the outer one.
    inner = (
        b"\x80\x04" + short("numpy") + b"\x94" + short("dtype") + b"\x94" + b"h\x00h\x01\x93" + text("i1") + b"\x85R."
    )
    return head + inner + b"."


@bad
def joblib_wrapper_of_old_releases() -> bytes:
    return b"\x80\x02" + line_import("joblib.numpy_pickle_compat", "NDArrayWrapper") + b")\x81."
