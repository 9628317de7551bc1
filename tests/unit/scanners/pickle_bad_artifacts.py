"""Named bad artefacts, one per trick. Built as bytes; nothing here is ever unpickled.

Each function returns the bytes of a file that some scanner has called clean, or could.
"""

from __future__ import annotations

import struct

from tests.unit.scanners.pickle_bad_dumps import zip_with_a_pickle
from tests.unit.scanners.pickle_builders import BAD_ARTEFACTS as BAD_ARTEFACTS
from tests.unit.scanners.pickle_builders import bad, call, line_import, short, stack_import, text


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
