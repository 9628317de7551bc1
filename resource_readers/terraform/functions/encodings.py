"""JSON, YAML, CSV, base 64, URLs, and hashes."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import json
import re
import uuid
from collections.abc import Callable
from urllib.parse import quote_plus

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import LimitError
from resource_readers.terraform.functions.numeric import read_number
from resource_readers.terraform.functions.table import Context, function, unknown_call
from resource_readers.terraform.instances import JsonText
from resource_readers.terraform.numbers import is_number, written
from resource_readers.terraform.values import (
    MAXIMUM_DEPTH,
    EvaluationProblem,
    deep_unknown,
    finished,
    known,
    limited,
)

_ESCAPED = re.compile("[<>&\u2028\u2029]")
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "us-ascii": "ascii",
    "iso-8859-1": "latin-1",
    "windows-1252": "cp1252",
    "windows-1251": "cp1251",
    "shift_jis": "shift_jis",
    "euc-jp": "euc_jp",
    "gbk": "gbk",
    "big5": "big5",
}


def json_text(value: Value, budget: Budget) -> str:
    """A known value as Terraform's jsonencode writes it: keys sorted, `<`, `>`, `&` escaped."""
    return limited("".join(_JsonWriter(budget).parts(value, 0)))


class _JsonWriter:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def parts(self, value: Value, depth: int) -> list[str]:
        self._budget.spend()
        if depth > MAXIMUM_DEPTH:
            raise LimitError(f"a value nested deeper than {MAXIMUM_DEPTH} levels")
        if isinstance(value, str):
            text = json.dumps(value, ensure_ascii=False)
            text, escaped = _ESCAPED.subn(lambda one: f"\\u{ord(one.group()):04x}", text)
            self._budget.spend(escaped + len(text) // 64)
            return [text]
        if isinstance(value, dict):
            return self._joined("{", "}", [(self.parts(key, depth), value[key]) for key in sorted(value)], depth)
        if isinstance(value, list):
            return self._joined("[", "]", [([], one) for one in value], depth)
        if is_number(value):
            return [written(value)]
        return ["null" if value is None else "true" if value else "false"]

    def _joined(self, opening: str, closing: str, items: list[tuple[list[str], Value]], depth: int) -> list[str]:
        result = [opening]
        for position, (key, one) in enumerate(items):
            if position:
                result.append(",")
            if key:
                result += [*key, ":"]
            result += self.parts(one, depth + 1)
            if len(result) > 2_000_000:
                raise LimitError("a text that is too long")
        result.append(closing)
        return result


@function("jsonencode", "v", context=True)
def _jsonencode(context: Context, value: Value) -> Value:
    value = known(value)
    hidden = deep_unknown(value, context.budget)
    if hidden is None:
        return json_text(value, context.budget)
    text = unknown_call("jsonencode", [value], hidden.reason).text
    return JsonText(hidden.reason, text, value=finished(value, context.budget))


@function("jsondecode", "t", context=True)
def _jsondecode(context: Context, text: str) -> Value:
    if max(text.count("["), text.count("{")) > 100 and _depth(text) > MAXIMUM_DEPTH:
        raise LimitError(f"JSON nested deeper than {MAXIMUM_DEPTH} levels")
    context.budget.spend(len(text) // 16)
    try:
        value: Value = json.loads(text, parse_float=read_number, parse_int=read_number, parse_constant=_refused)
    except ValueError:
        raise EvaluationProblem("jsondecode(): no JSON") from None
    return value


def _refused(word: str) -> Value:
    raise ValueError(word)


def _depth(text: str) -> int:
    deepest = depth = 0
    for mark in re.finditer(r"[\[{\]}]", text):
        depth += 1 if mark.group() in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


@function("yamldecode", "t", context=True)
def _yamldecode(context: Context, text: str) -> Value:
    from resource_readers.trees.plain import TooManyValuesError, plain
    from resource_readers.trees.yaml_tree import YamlError, parse

    context.budget.spend(len(text) // 16)
    try:
        return _exact(plain(parse(text)))
    except (YamlError, TooManyValuesError, TypeError) as error:
        raise EvaluationProblem(f"yamldecode(): {error}") from None


def _exact(value: Value) -> Value:
    if isinstance(value, float):
        return read_number(repr(value))
    if isinstance(value, dict):
        return {key: _exact(one) for key, one in value.items()}
    return [_exact(one) for one in value] if isinstance(value, list) else value


@function("yamlencode", "d", context=True)
def _yamlencode(context: Context, value: Value) -> Value:
    lines = _yaml(value, "", context.budget, 0)
    return limited("\n".join(lines) + "\n")


def _yaml(value: Value, indent: str, budget: Budget, depth: int) -> list[str]:
    budget.spend()
    if depth > MAXIMUM_DEPTH:
        raise LimitError(f"a value nested deeper than {MAXIMUM_DEPTH} levels")
    lines: list[str] = []
    if isinstance(value, dict) and value:
        for key in sorted(value):
            inner = value[key]
            head = f"{indent}{json.dumps(key, ensure_ascii=False)}:"
            if isinstance(inner, dict) and inner:
                lines += [head, *_yaml(inner, indent + "  ", budget, depth + 1)]
            elif isinstance(inner, list) and inner:
                lines += [head, *_yaml(inner, indent, budget, depth + 1)]
            else:
                lines.append(f"{head} {_yaml_scalar(inner, indent)}")
        return lines
    if isinstance(value, list) and value:
        for one in value:
            if isinstance(one, list | dict) and one:
                first, *rest = _yaml(one, indent + "  ", budget, depth + 1)
                lines += [f"{indent}- {first[len(indent) + 2 :]}", *rest]
            else:
                lines.append(f"{indent}- {_yaml_scalar(one, indent)}")
        return lines
    return [indent + _yaml_scalar(value, indent)]


def _yaml_scalar(value: Value, indent: str) -> str:
    if isinstance(value, str):
        if "\n" in value:
            body = value.removesuffix("\n")
            mark = "|" if value.endswith("\n") else "|-"
            return "\n".join([mark, *(f"{indent}  {line}" if line else "" for line in body.split("\n"))])
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    if is_number(value):
        return written(value)
    return "null" if value is None else "true" if value else "false"


@function("csvdecode", "t", context=True)
def _csvdecode(context: Context, text: str) -> Value:
    try:
        rows = [row for row in csv.reader(io.StringIO(text), strict=True) if row]
    except csv.Error as error:
        raise EvaluationProblem(f"csvdecode(): {error}") from None
    if not rows:
        raise EvaluationProblem("csvdecode(): no header")
    header, *rest = rows
    context.budget.spend(len(header) * len(rest))
    if len(set(header)) != len(header) or any(len(row) != len(header) for row in rest):
        raise EvaluationProblem("csvdecode(): rows and header don't fit")
    return [dict(zip(header, row, strict=True)) for row in rest]


@function("base64encode", "t")
def _base64encode(text: str) -> Value:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def decoded(text: str) -> bytes:
    """What is written in base 64. Raises EvaluationProblem."""
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        raise EvaluationProblem("it is not written in base 64") from None


@function("base64decode", "t")
def _base64decode(text: str) -> Value:
    try:
        return decoded(text).decode()
    except UnicodeDecodeError:
        raise EvaluationProblem("base64decode(): no UTF-8") from None


@function("textencodebase64", "t t")
def _textencodebase64(text: str, encoding: str) -> Value:
    try:
        return base64.b64encode(text.encode(_encoding(encoding))).decode()
    except UnicodeError:
        raise EvaluationProblem(f"textencodebase64(): not to be written in {encoding}") from None


@function("textdecodebase64", "t t")
def _textdecodebase64(text: str, encoding: str) -> Value:
    try:
        return decoded(text).decode(_encoding(encoding))
    except UnicodeError:
        raise EvaluationProblem(f"textdecodebase64(): not written in {encoding}") from None


def _encoding(name: str) -> str:
    if name.lower() not in _ENCODINGS:
        raise EvaluationProblem(f"the encoding {name!r} isn't known")
    return _ENCODINGS[name.lower()]


@function("base64gzip", "t")
def _base64gzip(_: str) -> Value:
    return Unknown("what is compressed differs from version to version")


@function("urlencode", "t")
def _urlencode(text: str) -> Value:
    return quote_plus(text, safe="-_.~")


@function("urldecode", "t")
def _urldecode(text: str) -> Value:
    from urllib.parse import unquote_plus

    return unquote_plus(text)


def _hex(algorithm: str) -> Callable[[str], Value]:
    return lambda text: hashlib.new(algorithm, text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _base64_hash(algorithm: str) -> Callable[[str], Value]:
    return lambda text: base64.b64encode(hashlib.new(algorithm, text.encode("utf-8", "replace")).digest()).decode()


for _algorithm in ("md5", "sha1", "sha256", "sha512"):
    function(_algorithm, "t")(_hex(_algorithm))
for _algorithm in ("sha256", "sha512"):
    function(f"base64{_algorithm}", "t")(_base64_hash(_algorithm))


_NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS,
    "url": uuid.NAMESPACE_URL,
    "oid": uuid.NAMESPACE_OID,
    "x500": uuid.NAMESPACE_X500,
}


@function("uuidv5", "t t")
def _uuidv5(namespace: str, name: str) -> Value:
    try:
        space = _NAMESPACES[namespace] if namespace in _NAMESPACES else uuid.UUID(namespace)
    except ValueError:
        raise EvaluationProblem(f"uuidv5(): {namespace!r} is no name space") from None
    return str(uuid.uuid5(space, name))


@function("uuid", "")
def _uuid() -> Value:
    return Unknown("uuid() is another one each time")


@function("bcrypt", "t n?")
def _bcrypt(*_: Value) -> Value:
    return Unknown("bcrypt() is another one each time")


@function("rsadecrypt", "t t")
def _rsadecrypt(*_: Value) -> Value:
    return Unknown("rsadecrypt() isn't done here")
