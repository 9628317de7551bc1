"""What a file in a model artefact is, by its content; its name only says what it claims to be."""

from __future__ import annotations

import enum
import json
import struct
from pathlib import PurePosixPath

HEAD_BYTES = 1_024


class Format(enum.Enum):
    """Formats told apart by their first bytes. The values stand in reports."""

    EMPTY = "an empty file"
    PICKLE = "a pickle"
    TEXT = "text"
    ZIP = "a zip archive"
    GZIP = "gzip data"
    ZLIB = "zlib data"
    BZIP2 = "bzip2 data"
    XZ = "xz data"
    LZMA = "lzma data"
    ZSTANDARD = "Zstandard data"
    LZ4 = "LZ4 data"
    TAR = "a tar archive"
    SEVEN_ZIP = "a 7-Zip archive"
    RAR = "a RAR archive"
    NUMPY = "a numpy array file"
    HDF5 = "an HDF5 file"
    SAFETENSORS = "a safetensors file"
    ONNX = "an ONNX model"
    TFLITE = "a TensorFlow Lite model"
    GGUF = "a GGUF model"
    PARQUET = "a Parquet file"
    OLD_JOBLIB = "a compressed dump of an old joblib"
    PROGRAM = "a program"
    ENCRYPTED = "encrypted data"
    UNKNOWN = "of an unknown format"


# What joblib itself writes when it is asked to compress.
_COMPRESSED = frozenset({Format.GZIP, Format.ZLIB, Format.BZIP2, Format.XZ, Format.LZMA, Format.LZ4, Format.OLD_JOBLIB})

_MAGIC = (
    (b"PK\x03\x04", Format.ZIP),
    (b"PK\x05\x06", Format.ZIP),
    (b"PK\x07\x08", Format.ZIP),
    (b"\x1f\x8b", Format.GZIP),
    (b"BZh", Format.BZIP2),
    (b"\xfd7zXZ\x00", Format.XZ),
    (b"\x5d\x00\x00", Format.LZMA),
    (b"\x28\xb5\x2f\xfd", Format.ZSTANDARD),
    (b"\x04\x22\x4d\x18", Format.LZ4),
    (b"7z\xbc\xaf\x27\x1c", Format.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Format.RAR),
    (b"\x93NUMPY", Format.NUMPY),
    (b"\x89HDF\r\n\x1a\n", Format.HDF5),
    (b"GGUF", Format.GGUF),
    (b"PAR1", Format.PARQUET),
    (b"ZF", Format.OLD_JOBLIB),
    (b"\x7fELF", Format.PROGRAM),
    (b"MZ", Format.PROGRAM),
    (b"\xca\xfe\xba\xbe", Format.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Format.PROGRAM),
    (b"#!", Format.PROGRAM),
    (b"Salted__", Format.ENCRYPTED),
    (b"age-encryption.org/", Format.ENCRYPTED),
    (b"-----BEGIN AGE ENCRYPTED FILE", Format.ENCRYPTED),
    (b"-----BEGIN PGP MESSAGE", Format.ENCRYPTED),
)
_ZLIB_HEADS = (b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")


def detect(head: bytes, size: int) -> Format:
    """The format by its magic; what might be text or a pickle of protocol 0 or 1 is UNKNOWN here.

    Args:
        head: the first HEAD_BYTES bytes.
        size: of the whole file.
    """
    if size == 0:
        return Format.EMPTY
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5:
        return Format.PICKLE
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:2] in _ZLIB_HEADS:
        return Format.ZLIB
    if head[257:262] == b"ustar":
        return Format.TAR
    if head[4:8] == b"TFL3":
        return Format.TFLITE
    if _is_safetensors(head, size):
        return Format.SAFETENSORS
    # A protocol buffer whose first field is ONNX's ir_version, followed by the producer's name or the graph.
    if head[:1] == b"\x08" and len(head) > 2 and 1 <= head[1] <= 32 and head[2] in (0x12, 0x1A, 0x22, 0x3A, 0x42):
        return Format.ONNX
    return Format.UNKNOWN


def _is_safetensors(head: bytes, size: int) -> bool:
    if len(head) < 10:
        return False
    (length,) = struct.unpack("<Q", head[:8])
    return 2 <= length <= size - 8 and head[8:10] in (b'{"', b"{}")


_CLAIMS: dict[str, frozenset[Format]] = {
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".sav", ".dill"), frozenset({Format.PICKLE}) | _COMPRESSED),
    **dict.fromkeys(
        (".json", ".yml", ".yaml", ".txt", ".md", ".rst", ".csv", ".cfg", ".ini", ".toml", ".xml", ".html", ".ubj"),
        frozenset({Format.TEXT}),
    ),
    **dict.fromkeys((".py", ".sh", ".js", ".ipynb", ".r", ".bat", ".ps1"), frozenset({Format.TEXT, Format.PROGRAM})),
    **dict.fromkeys((".zip", ".npz", ".keras", ".skops", ".whl", ".nemo", ".mar"), frozenset({Format.ZIP, Format.TAR})),
    **dict.fromkeys((".pt", ".pth", ".bin", ".ckpt"), frozenset({Format.ZIP, Format.PICKLE})),
    **dict.fromkeys((".h5", ".hdf5"), frozenset({Format.HDF5})),
    ".npy": frozenset({Format.NUMPY}),
    ".onnx": frozenset({Format.ONNX}),
    ".safetensors": frozenset({Format.SAFETENSORS}),
    ".gguf": frozenset({Format.GGUF}),
    ".tflite": frozenset({Format.TFLITE}),
    ".parquet": frozenset({Format.PARQUET}),
    ".gz": frozenset({Format.GZIP}),
    ".tgz": frozenset({Format.GZIP}),
    ".bz2": frozenset({Format.BZIP2}),
    ".xz": frozenset({Format.XZ}),
    ".zst": frozenset({Format.ZSTANDARD}),
    ".tar": frozenset({Format.TAR}),
    ".7z": frozenset({Format.SEVEN_ZIP}),
}
_TEXT_NAMES = frozenset({"mlmodel", "license", "notice", "readme"})


def name_contradicts(name: str, kind: Format) -> bool:
    """Whether the name claims another format than the content has. A name that claims nothing contradicts nothing."""
    path = PurePosixPath(name.lower())
    claim = frozenset({Format.TEXT}) if path.name in _TEXT_NAMES else _CLAIMS.get(path.suffix)
    return claim is not None and kind not in claim and kind is not Format.EMPTY


class PlainDataError(ValueError):
    """The text is not what a model's folder may hold as data."""


MAXIMUM_TEXT_BYTES = 4 * 1024 * 1024
_PLAIN_SUFFIXES = frozenset({".txt", ".md", ".rst", ".csv"})


def check_plain_data(name: str, data: bytes) -> None:
    """Accepts JSON, YAML and plain texts that are exactly that.

    Raises:
        PlainDataError: code, binary data, a broken document, YAML that makes objects, or an unknown kind of file.
    """
    from verdicts.documents import DocumentError, parse_json, parse_yaml

    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PlainDataError(f"not text (byte {error.start} is not UTF-8)") from None
    if any(ord(character) < 32 and character not in "\t\n\r\f" for character in text):
        raise PlainDataError("not text (it has control characters)")
    path = PurePosixPath(name.lower())
    try:
        if path.suffix == ".json":
            parse_json(data)
        elif path.suffix in (".yml", ".yaml"):
            parse_yaml(data)
        elif path.name == "mlmodel":
            _check_mlflow_metadata(parse_yaml(data).content)
        elif path.suffix not in _PLAIN_SUFFIXES and path.name not in _TEXT_NAMES:
            raise PlainDataError("text of a kind that mlgate doesn't know; it may be code")
    except DocumentError as error:
        raise PlainDataError(str(error)) from None


def _check_mlflow_metadata(content: object) -> None:
    """MLflow imports what `loader_module` names, and puts the folder `code` on the import path."""
    flavours = content.get("flavors") if isinstance(content, dict) else None
    if not isinstance(flavours, dict) or not set(flavours) <= {"sklearn", "python_function"}:
        raise PlainDataError("MLflow metadata whose flavours are not scikit-learn's")
    for flavour in flavours.values():
        if not isinstance(flavour, dict):
            raise PlainDataError("MLflow metadata whose flavours are not mappings")
        if flavour.get("loader_module", "mlflow.sklearn") != "mlflow.sklearn":
            loader = json.dumps(flavour["loader_module"])[:200]
            raise PlainDataError(f"MLflow metadata that loads the model with {loader}")
        if flavour.get("code") is not None:
            raise PlainDataError("MLflow metadata that brings code of its own")
