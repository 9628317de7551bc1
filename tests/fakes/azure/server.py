"""A loopback TLS server that answers as an application tells it, and keeps what it was asked."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.azure.tls import TestAuthority


@dataclass(frozen=True)
class Asked:
    """A request. `path` is unquoted and in lower case; `headers` in lower case; `form` for token requests."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    """What is sent back. `cut` ends the connection after that many bytes of the body; `body` bytes go as they are."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


def failed(status: int, code: str, message: str = "no", **headers: str) -> Answer:
    """An error in the shape of Resource Manager and Graph."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"error": {"code": code, "message": message}}, names)


THROTTLED = failed(429, "TooManyRequests", "slow down", retry_after_ms="1")
HTML = Answer(200, b"<html><body>Please sign in to the hotel's network</body></html>", {"content-type": "text/html"})


@dataclass
class Fault:
    """Answers in the place of the application, `times` times (None: for ever), after `after` good answers."""

    answer: Answer | Callable[[Asked, Answer], Answer]
    method: str
    path: re.Pattern[str]
    query: str = ""
    times: int | None = None
    after: int = 0

    def takes(self, asked: Asked) -> bool:
        query = "&".join(f"{name}={value}" for name, value in asked.query.items())
        if asked.method != self.method or not self.path.search(asked.path) or self.query not in query:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


Application = Callable[[Asked], Answer]


@dataclass
class AzureServer:
    """`base` is its origin, `asked` what it was asked, `faults` what goes wrong."""

    base: str
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(
        self,
        path: str,
        answer: Answer | Callable[[Asked, Answer], Answer],
        *,
        method: str = "GET",
        query: str = "",
        times: int | None = None,
        after: int = 0,
    ) -> Fault:
        made = Fault(answer, method, re.compile(path), query, times, after)
        self.faults.append(made)
        return made

    def asked_for(self, path: str, method: str = "GET") -> list[Asked]:
        return [one for one in self.asked if one.method == method and re.search(path, one.path)]


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is none of the test's business."""


@contextmanager
def serving(authority: TestAuthority, make: Callable[[AzureServer], Application]) -> Iterator[AzureServer]:
    """A running server; `make` gives the application once the server's address is known."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            asked = Asked(
                self.command,
                unquote(parts.path).casefold(),
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                {name.casefold(): value for name, value in self.headers.items()},
                self.rfile.read(length),
            )
            with lock:
                server.asked.append(asked)
                fault = next((one for one in server.faults if one.takes(asked)), None)
                if fault is None or not isinstance(fault.answer, Answer):
                    answer = application(asked)
                if fault is not None:
                    answer = fault.answer if isinstance(fault.answer, Answer) else fault.answer(asked, answer)
            self._send(answer)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815

        def _send(self, answer: Answer) -> None:
            body = answer.encoded()
            headers = {"content-type": "application/json; charset=utf-8", "content-length": str(len(body))}
            headers |= answer.headers
            head = f"HTTP/1.1 {answer.status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
            sent = body if answer.cut is None else body[: answer.cut]
            # Head and body in one send: two would wait for each other's acknowledgement.
            self.wfile.write(head.encode() + sent)
            self.wfile.flush()
            if answer.cut is not None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

    web = _Quiet(("127.0.0.1", 0), Handler)
    web.socket = authority.server_context().wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
    server = AzureServer(f"https://127.0.0.1:{web.server_address[1]}")
    application = make(server)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        web.shutdown()
        web.server_close()
        thread.join(timeout=10)
