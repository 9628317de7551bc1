"""Functions for texts. Regular expressions are RE2's, as in Terraform: linear in time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import MAXIMUM_TEXT, LimitError, symbolic, unknown
from resource_readers.terraform.functions.table import Context, function
from resource_readers.terraform.values import EvaluationProblem, known, to_text

_SPACE = " \t\n\v\f\r\u0085\u00a0"
_MAXIMUM_PATTERN = 10_000
_MAXIMUM_WORK = 300_000_000
_WORK_A_STEP = 500
_STEPS_A_MATCH = 8


@function("chomp", "t")
def _chomp(text: str) -> Value:
    return text.rstrip("\r\n")


@function("startswith", "t t")
def _startswith(text: str, prefix: str) -> Value:
    return text.startswith(prefix)


@function("endswith", "t t")
def _endswith(text: str, suffix: str) -> Value:
    return text.endswith(suffix)


@function("strcontains", "t t")
def _strcontains(text: str, part: str) -> Value:
    return part in text


@function("indent", "i t")
def _indent(spaces: int, text: str) -> Value:
    _room(len(text) + text.count("\n") * max(spaces, 0))
    return text.replace("\n", "\n" + " " * spaces)


@function("join", "t l*", context=True)
def _join(context: Context, separator: str, *lists: list[Value]) -> Value:
    items = [known(item) for one in lists for item in one]
    context.budget.spend(len(items))
    texts = [symbolic(item) if isinstance(item, Unknown) else to_text(item) for item in items]
    _room(sum(len(one) + len(separator) for one in texts))
    joined = separator.join(texts)
    hidden = next((item for item in items if isinstance(item, Unknown)), None)
    return joined if hidden is None else unknown(hidden.reason, joined)


def _room(size: int) -> None:
    if size > MAXIMUM_TEXT + 1_000:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")


def _mapped(text: str, *, upper: bool) -> str:
    """Case by single characters, as Go does it (the German sharp s stays)."""
    if text.isascii():
        return text.upper() if upper else text.lower()
    changed = ((one.upper() if upper else one.lower(), one) for one in text)
    return "".join(new if len(new) == 1 else old for new, old in changed)


@function("lower", "t")
def _lower(text: str) -> Value:
    return _mapped(text, upper=False)


@function("upper", "t")
def _upper(text: str) -> Value:
    return _mapped(text, upper=True)


@function("title", "t")
def _title(text: str) -> Value:
    result: list[str] = []
    start = True
    for one in text:
        result.append(_mapped(one, upper=True) if start else one)
        # What Go's strings.Title takes for a separator.
        start = not (one == "_" or one.isalnum()) if one.isascii() else one.isspace()
    return "".join(result)


@function("strrev", "t")
def _strrev(text: str) -> Value:
    return unicodedata.normalize("NFC", text)[::-1]


@function("substr", "t i i")
def _substr(text: str, offset: int, length: int) -> Value:
    text = unicodedata.normalize("NFC", text)
    if offset < 0:
        offset = max(offset + len(text), 0)
    return text[offset:] if length == -1 else text[offset : offset + max(length, 0)]


@function("split", "t t")
def _split(separator: str, text: str) -> Value:
    if not separator:
        return list(text)
    return text.split(separator)


@function("trim", "t t")
def _trim(text: str, characters: str) -> Value:
    return text.strip(characters) if characters else text


@function("trimprefix", "t t")
def _trimprefix(text: str, prefix: str) -> Value:
    return text.removeprefix(prefix)


@function("trimsuffix", "t t")
def _trimsuffix(text: str, suffix: str) -> Value:
    return text.removesuffix(suffix)


@function("trimspace", "t")
def _trimspace(text: str) -> Value:
    return text.strip()


@function("replace", "t t t", context=True)
def _replace(context: Context, text: str, old: str, new: str) -> Value:
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        return _replaced(context, text, old[1:-1], new)
    _room(len(text) + (text.count(old) if old else len(text) + 1) * len(new))
    return text.replace(old, new)


def compiled(pattern: str) -> Any:
    """A regular expression. Raises EvaluationProblem."""
    import re2

    if len(pattern) > _MAXIMUM_PATTERN:
        raise EvaluationProblem("a regular expression that is too long")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise EvaluationProblem(f"no regular expression: {error}") from None


def _for_text(context: Context, pattern: str, text: str) -> Any:
    """A regular expression, paid for. Raises EvaluationProblem, LimitError.

    RE2 is linear in the text, but each of its characters may cost as much as the pattern has places and groups.
    """
    expression = compiled(pattern)
    work = len(text) * len(pattern) * _repeats(pattern) * (1 + expression.groups)
    if work > _MAXIMUM_WORK:
        raise EvaluationProblem("a regular expression that costs too much for a text of this length")
    context.budget.spend(work // _WORK_A_STEP)
    return expression


def _repeats(pattern: str) -> int:
    """How often `{n}` may repeat a part of the pattern."""
    import re

    times = 1
    for match in re.finditer(r"\{(\d{0,4})(?:,(\d{0,4}))?\}", pattern):
        times = min(times * max(int(match[2] or match[1] or 1), 1), 1_000)
    return times


def _replaced(context: Context, text: str, pattern: str, new: str) -> Value:
    expression = _for_text(context, pattern, text)
    parts: list[str] = []
    at = size = 0
    for match in _matches(context, expression, text):
        piece = _expanded(new, match, expression)
        size += len(piece) + match.start() - at
        _room(size)
        parts += [text[at : match.start()], piece]
        at = match.end()
    return "".join([*parts, text[at:]])


def _expanded(new: str, match: Any, expression: Any) -> str:
    """`$1`, `${name}`, `$name`, `$$`, as Go expands them: the longest name counts."""
    import re

    def of(mark: re.Match[str]) -> str:
        if mark.group() == "$$":
            return "$"
        name = mark.group(1) or mark.group(2)
        if re.fullmatch("[0-9]{1,4}", name):
            return (match.group(int(name)) or "") if int(name) <= expression.groups else ""
        return (match.group(name) or "") if name in expression.groupindex else ""

    return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", of, new)


def _matches(context: Context, expression: Any, text: str) -> Iterator[Any]:
    """All matches that Go would find: none that is empty right behind another."""
    end = -1
    for match in expression.finditer(text):
        context.budget.spend(_STEPS_A_MATCH)
        if match.start() == match.end() == end:
            continue
        end = match.end()
        yield match


def _captures(match: Any, expression: Any) -> Value:
    if expression.groupindex:
        return {name: match.group(name) for name in sorted(expression.groupindex)}
    if expression.groups:
        return [match.group(number) for number in range(1, expression.groups + 1)]
    return match.group(0)


@function("regex", "t t", context=True)
def _regex(context: Context, pattern: str, text: str) -> Value:
    expression = _for_text(context, pattern, text)
    match = expression.search(text)
    if match is None:
        raise EvaluationProblem("regex(): the pattern doesn't match")
    return _captures(match, expression)


@function("regexall", "t t", context=True)
def _regexall(context: Context, pattern: str, text: str) -> Value:
    expression = _for_text(context, pattern, text)
    return [_captures(match, expression) for match in _matches(context, expression, text)]


@function("templatestring", "t m", context=True)
def _templatestring(context: Context, text: str, variables: dict[str, Value]) -> Value:
    return context.render(text, variables)
