"""Text that came from outside, made safe to keep and to show.

Findings quote hostile input: file names, package names, log lines. A terminal escape in one of them could rewrite
the verdict on the screen, a bidirectional override could disguise a name, a secret could end in a report that is
public. So every text passes through `clean_text` once, where a value is made, and no format has to think of it.
"""

from __future__ import annotations

import functools
import re

MAXIMUM_CHARACTERS = 2_000

# C0 and C1 controls but for tab and newline; the bidirectional and invisible format characters of Unicode TR 36;
# lone surrogates, which no encoder takes; U+FFFE and U+FFFF, which no XML takes.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)

_SECRETS = (
    # Azure storage and service connection strings, SAS signatures.
    re.compile(r"(?i)\b(AccountKey|SharedAccessKey|SharedSecretValue|Password|Pwd)=[^;\s\"']+"),
    re.compile(r"(?i)([?&;]sig)=[A-Za-z0-9%+/=_-]{8,}"),
    # Tokens that carry their own prefix.
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{16,}"),
    re.compile(r"\b(gh[pousr])_[A-Za-z0-9]{20,}"),
    re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\b(eyJ)[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"),
    # Credentials in an address.
    re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@]+:[^/\s@]+@"),
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)

# One of these stands in every text that holds one of the above; to look for them is much faster.
_SIGNS = ("=", "bearer", "basic", "gh", "akia", "asia", "eyj", "://", "-----begin")

REDACTED = "[redacted]"
_SHORT = 500


def redact(text: str) -> str:
    """Replaces what looks like a secret; the prefix that tells its kind stays."""
    folded = text.casefold()
    if not any(sign in folded for sign in _SIGNS):
        return text
    text = _PRIVATE_KEY.sub(f"private key {REDACTED}", text)
    for pattern in _SECRETS:
        text = pattern.sub(lambda match: f"{match.group(1)} {REDACTED}", text)
    return text


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean_text(text: str, *, maximum: int = MAXIMUM_CHARACTERS) -> str:
    """One safe text of at most `maximum` characters: no control characters, no secrets.

    CR LF becomes LF; other unsafe characters stay visible as escapes, so that nothing disappears.
    """
    return _cleaned_short(text, maximum) if len(text) <= _SHORT else _cleaned(text, maximum)


def _cleaned(text: str, maximum: int) -> str:
    # Cut first (with room for what redaction removes), so that a huge text costs little.
    shortened = text[: maximum * 4].replace("\r\n", "\n")
    cleaned = redact(shortened)
    if not (cleaned.isascii() and cleaned.isprintable()):
        cleaned = _UNSAFE.sub(_visible, cleaned)
    if len(text) > maximum * 4 or len(cleaned) > maximum:
        cleaned = cleaned[: maximum - 1] + "…"
    return cleaned


# The same names, messages and lines come again and again.
_cleaned_short = functools.lru_cache(maxsize=8_192)(_cleaned)


def one_line(text: str, *, maximum: int = 300) -> str:
    """`clean_text` without line breaks, for tables and messages."""
    return _short_line(text, maximum) if len(text) <= _SHORT else clean_text(" ".join(text.split()), maximum=maximum)


@functools.lru_cache(maxsize=8_192)
def _short_line(text: str, maximum: int) -> str:
    return clean_text(" ".join(text.split()), maximum=maximum)
