"""What a template tool fills in before a file is used: `{{ name }}`, `#{name}#`, `__NAME__`, `$(name)`, `${NAME}`.

Some of these are no YAML where they stand unquoted. They are masked by characters of the private use area, one for
each, so that lines and columns stay, and unmasked in the texts that the parser gives. Expressions of a service that
reads the file itself (`${{ inputs.x }}` of Azure ML and GitHub) are no placeholders.
"""

from __future__ import annotations

import re

# {{ name }} and #{name}# on one line. "$" before it makes it an expression of the service.
_MASKED = re.compile(r"(?<!\$)\{\{[^\n{}]{0,200}\}\}|#\{[^\n{}]{1,200}\}#")
_FIRST = 0xE000
_RANGE = re.compile("[\ue000-\ue0ff]")
_MASK = {code: chr(_FIRST + code) for code in range(256)}
_UNMASK = {_FIRST + code: chr(code) for code in range(256)}

_BRACES = r"(?<!\$)\{\{(?P<braces>[^{}]{0,200})\}\}"
_HASHES = r"#\{(?P<hashes>[^{}\n]{1,200})\}#"
_UNDERSCORES = r"(?<!\w)__(?P<underscores>[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*)__(?!\w)"
_MACRO = r"\$\((?P<macro>[A-Za-z_][\w.-]{0,100})\)"
_VARIABLE = r"\$\{(?P<variable>[A-Za-z_]\w{0,100})\}|\$(?P<plain>[A-Za-z_]\w{0,100})\b"
_ANGLES = r"<(?P<angles>[A-Za-z_][\w .:/-]{0,100})>"
_BLOCK = re.compile(r"\{%-?\s*(?:if|for|set|include|else|elif|endif|endfor|block|extends|raw|import|macro)\b")

_EVERYWHERE = re.compile("|".join((_BRACES, _HASHES, _UNDERSCORES)))
_IN_VALUES = re.compile("|".join((_BRACES, _HASHES, _UNDERSCORES, _MACRO, _VARIABLE, _ANGLES)))
_PYTHON_NAMES = frozenset({"main", "init", "name", "file", "doc", "all", "version", "dict", "class", "call"})


def mask(text: str) -> str:
    """The text with everything masked that is no YAML as it stands; of the same length, line by line."""
    if ("{{" not in text and "#{" not in text) or _RANGE.search(text):
        return text
    return _MASKED.sub(lambda match: match.group().translate(_MASK), text)


def unmask(text: str) -> str:
    """What a masked text was."""
    return text.translate(_UNMASK) if _RANGE.search(text) else text


def block_line(text: str) -> int | None:
    """Line of the first block of a template language (`{% if x %}`); None if there is none."""
    found = _BLOCK.search(text)
    return text.count("\n", 0, found.start()) + 1 if found is not None else None


def symbolic_text(text: str, *, script: bool = False) -> str | None:
    """The text with `{name}` for every placeholder in it; None if there is none.

    Args:
        text: a scalar's value.
        script: it is a command, a query or prose: `$(x)`, `${X}`, `$X` and `<x>` mean something there.
    """
    if not any(mark in text for mark in ("{{", "#{", "__", "$", "<")):
        return None
    found = False

    def shown(match: re.Match[str]) -> str:
        nonlocal found
        name = next(part for part in match.groups() if part is not None).strip()
        if match.lastgroup == "underscores" and name in _PYTHON_NAMES:
            return match.group()
        found = True
        return "{" + name + "}"

    result = (_EVERYWHERE if script else _IN_VALUES).sub(shown, text)
    return result if found else None
