"""Functions that read files of the project, and those for paths."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re

from resource_readers.interface import Unknown, Value
from resource_readers.terraform.functions.table import Context, function
from resource_readers.terraform.functions.texts import compiled
from resource_readers.terraform.values import EvaluationProblem, TfSet

_MAXIMUM_PATTERN = 1_000


def _text(context: Context, path: str) -> str | Unknown:
    data = context.files.data(path)
    if isinstance(data, Unknown):
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise EvaluationProblem(f"{path!r} is no UTF-8") from None


@function("file", "t", context=True)
def _file(context: Context, path: str) -> Value:
    return _text(context, path)


@function("templatefile", "t m", context=True)
def _templatefile(context: Context, path: str, variables: dict[str, Value]) -> Value:
    text = _text(context, path)
    return text if isinstance(text, Unknown) else context.render(text, variables)


@function("fileexists", "t", context=True)
def _fileexists(context: Context, path: str) -> Value:
    return context.files.exists(path)


@function("filebase64", "t", context=True)
def _filebase64(context: Context, path: str) -> Value:
    data = context.files.data(path)
    return data if isinstance(data, Unknown) else base64.b64encode(data).decode()


def _register(name: str, algorithm: str, *, in_base64: bool) -> None:
    @function(name, "t", context=True)
    def _hash(context: Context, path: str) -> Value:
        data = context.files.data(path)
        if isinstance(data, Unknown):
            return data
        found = hashlib.new(algorithm, data, usedforsecurity=False)
        return base64.b64encode(found.digest()).decode() if in_base64 else found.hexdigest()


for _name in ("md5", "sha1", "sha256", "sha512"):
    _register(f"file{_name}", _name, in_base64=False)
for _name in ("sha256", "sha512"):
    _register(f"filebase64{_name}", _name, in_base64=True)


@function("fileset", "t t", context=True)
def _fileset(context: Context, path: str, pattern: str) -> Value:
    files = context.files.below(path)
    if isinstance(files, Unknown):
        return files
    wanted = compiled(_glob(pattern))
    return TfSet(sorted(one for one in files if wanted.fullmatch(one)))


def _glob(pattern: str) -> str:
    """The pattern as a regular expression without nested repetition: `**/`, `*`, `?`, `[...]`, `{a,b}`."""
    if len(pattern) > _MAXIMUM_PATTERN or pattern.count("*") > 20:
        raise EvaluationProblem("fileset(): a pattern that is too long")
    parts: list[str] = []
    at = braces = 0
    while at < len(pattern):
        rest = pattern[at:]
        if rest.startswith("**/"):
            parts.append("(?:.*/)?")
            at += 2
        elif rest.startswith("**"):
            parts.append(".*")
            at += 1
        elif rest[0] == "*":
            parts.append("[^/]*")
        elif rest[0] == "?":
            parts.append("[^/]")
        elif rest[0] == "[" and (match := re.match(r"\[[\^!]?[^\]\\]+\]", rest)) is not None:
            parts.append(match.group().replace("[!", "[^"))
            at += match.end() - 1
        elif rest[0] in "{}" and "{" in pattern and "}" in pattern:
            braces += 1 if rest[0] == "{" else -1
            parts.append("(?:" if rest[0] == "{" else ")")
        elif rest[0] == "," and braces:
            parts.append("|")
        else:
            parts.append(re.escape(rest[0]))
        at += 1
    if braces:
        raise EvaluationProblem("fileset(): braces that don't end")
    return "".join(parts)


@function("basename", "t")
def _basename(path: str) -> Value:
    return posixpath.basename(path.rstrip("/")) or ("/" if path else ".")


@function("dirname", "t")
def _dirname(path: str) -> Value:
    return posixpath.normpath(posixpath.dirname(path) or ".")


@function("abspath", "t")
def _abspath(path: str) -> Value:
    return posixpath.normpath(path) if path.startswith("/") else Unknown("where the project lies isn't known")


@function("pathexpand", "t")
def _pathexpand(path: str) -> Value:
    return Unknown("the home folder isn't known") if path.startswith("~") else path
