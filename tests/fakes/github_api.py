"""A little of GitHub's REST API on loopback: comments of one pull request, and code scanning."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.server
import json
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

TOKEN = "token-of-a-test"


@dataclass
class Repository:
    """What the API holds. `refuse` answers 403 to whatever would change something, as to a fork's token."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    analyses: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    refuse: bool = False


@contextlib.contextmanager
def serving(repository: Repository) -> Iterator[str]:
    """Serves the repository `owner/project`; gives the address of the API."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Says nothing."""

        def _answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            repository.requests.append(f"{self.command} {self.path}")
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._answer(401, {"message": "Bad credentials"})
            elif self.command != "GET" and repository.refuse:
                self._answer(403, {"message": "Resource not accessible by integration"})
            else:
                self._answer(*_asked(repository, self.command, self.path, body))

        do_GET = do_POST = do_PATCH = _handle  # noqa: N815

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _asked(repository: Repository, method: str, address: str, body: Any) -> tuple[int, Any]:
    parts = urllib.parse.urlsplit(address)
    path = parts.path.removeprefix("/repos/owner/project")
    if (method, path) == ("GET", "/issues/7/comments"):
        query = urllib.parse.parse_qs(parts.query)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        return 200, repository.comments[(page - 1) * size : page * size]
    if (method, path) == ("POST", "/issues/7/comments"):
        made = {"id": 1000 + len(repository.comments), "body": body["body"], "user": {"type": "Bot"}}
        repository.comments.append(made)
        return 201, made
    if method == "PATCH" and path.startswith("/issues/comments/"):
        number = int(path.rpartition("/")[2])
        found = next(one for one in repository.comments if one["id"] == number)
        found["body"] = body["body"]
        return 200, found
    if (method, path) == ("POST", "/code-scanning/sarifs"):
        document = json.loads(gzip.decompress(base64.b64decode(body["sarif"])))
        repository.analyses.append({**body, "sarif": document})
        return 202, {"id": "x"}
    return 404, {"message": "Not Found"}
