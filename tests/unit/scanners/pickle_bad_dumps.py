"""Named bad artefacts: pickles in containers, and in and around joblib's arrays."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

from tests.unit.scanners.pickle_builders import bad, call, line_import, short, text

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
