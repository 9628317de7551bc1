"""`uri`, `uriComponent`, `dataUri`, `parseUri` and what undoes them. Source: Microsoft's page "String functions".

Each raises ValueError, whose message ends the sentence "uri() ...".
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import quote, unquote_plus, urljoin, urlsplit

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\\]+")


def join_uri(base: str, relative: str) -> str:
    """uri(): RFC 3986, section 5."""
    if _ABSOLUTE.fullmatch(base) is None:
        raise ValueError(f"needs an absolute URI, found {base[:60]!r}")
    try:
        joined = urljoin(base, relative)
        return quote(joined, safe="%/:=&?~#+!$,;'@()*[]-._", encoding="utf-8", errors="replace")
    except ValueError:
        raise ValueError(f"can't join {base[:60]!r}") from None


def encode_component(text: str) -> str:
    """uriComponent()."""
    return quote(text, safe="-_.~", errors="replace")


def decode_component(text: str) -> str:
    """uriComponentToString()."""
    return unquote_plus(text)


def encode_base64(text: str) -> str:
    """base64()."""
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def decode_base64(text: str) -> str:
    """base64ToString(); what is no UTF-8 becomes U+FFFD."""
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("needs base64 text") from None
    return content.decode("utf-8", "replace")


def data_uri(text: str, *, is_json: bool) -> str:
    """dataUri() of a text, or of the JSON text of anything else."""
    media = "application/json" if is_json else "text/plain"
    return f"data:{media};charset=utf8;base64,{encode_base64(text)}"


def text_of_data_uri(uri: str) -> str:
    """dataUriToString()."""
    head, comma, body = uri.partition(",")
    if not head.lower().startswith("data:") or not comma:
        raise ValueError("needs a data URI")
    words = head[len("data:") :].lower().split(";")
    if any(word.startswith("charset=") and word not in ("charset=utf8", "charset=utf-8") for word in words[1:]):
        raise ValueError("reads UTF-8 only")
    return decode_base64(body) if words[-1] == "base64" else unquote_plus(body)


def parse_uri(text: str) -> dict[str, Any]:
    """parseUri(): scheme, host, port (None if none is written), path and query."""
    if _ABSOLUTE.fullmatch(text) is None:
        raise ValueError(f"needs an absolute URI, found {text[:60]!r}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"can't read {text[:60]!r}") from None
    return {
        "scheme": parts.scheme,
        "host": parts.hostname or "",
        "port": port,
        "path": parts.path or "/",
        "query": f"?{parts.query}" if parts.query else "",
    }


def build_uri(scheme: str, host: str, port: int | None, path: str, query: str) -> str:
    """buildUri() of the parts that parseUri() gives."""
    if not scheme or not host:
        raise ValueError("needs a scheme and a host")
    place = host if port is None else f"{host}:{port}"
    between = "" if not path or path.startswith("/") else "/"
    asked = query if not query or query.startswith("?") else f"?{query}"
    return f"{scheme}://{place}{between}{path}{asked}"
