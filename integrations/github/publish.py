"""Hands the reports of `mlgate check` to GitHub: findings to code scanning, and one comment that is kept up to date.

    publish.py sarif FILE
    publish.py comment FILE

Works with what a job has: GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_SHA, GITHUB_REF, GITHUB_EVENT_PATH, and the token
in MLGATE_TOKEN. Only the standard library is used. Ends with 1 where GitHub refuses, with 2 where something is missing;
a run outside of a pull request has nothing to comment on and ends with 0.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARKER = "<!-- mlgate:check -->"
MAXIMUM_PAGES = 30
TIMEOUT_S = 30


class PublishError(Exception):
    """What is missing, or why GitHub refuses; `code` is the exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def needed(name: str) -> str:
    """A variable of the job. Raises PublishError."""
    value = os.environ.get(name, "")
    if not value:
        raise PublishError(f"{name} is not set" + (": give the input token" if name == "MLGATE_TOKEN" else ""), 2)
    return value


def call(method: str, path: str, body: Any = None) -> Any:
    """One request to GitHub's REST API, below the repository. Raises PublishError."""
    base = needed("GITHUB_API_URL").rstrip("/")
    if urllib.parse.urlsplit(base).scheme not in ("https", "http"):
        raise PublishError("GITHUB_API_URL is no address", 2)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310
        f"{base}/repos/{needed('GITHUB_REPOSITORY')}{path}",
        data=data,
        method=method,
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {needed('MLGATE_TOKEN')}",
            "Content-Type": "application/json",
            "User-Agent": "mlgate",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            return json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        hint = ": the token may not; that of a pull request from a fork only reads" if error.code == 403 else ""
        raise PublishError(f"GitHub answered {error.code} to {method} {path.partition('?')[0]}{hint}") from None
    except (OSError, ValueError) as error:
        raise PublishError(f"GitHub can't be asked: {error}") from None


def upload_sarif(file: Path) -> str:
    """Hands the findings to code scanning; returns what was done."""
    packed = base64.b64encode(gzip.compress(_read(file), mtime=0)).decode()
    body = {"commit_sha": needed("GITHUB_SHA"), "ref": needed("GITHUB_REF"), "sarif": packed, "tool_name": "mlgate"}
    call("POST", "/code-scanning/sarifs", body)
    return "the findings are in code scanning"


def update_comment(file: Path) -> str:
    """Makes our comment on the pull request, or brings it up to date; returns what was done."""
    text = _read(file).decode()
    if not text.startswith(MARKER):
        raise PublishError(f"{file} is no report of mlgate check", 2)
    number = _pull_request()
    if number is None:
        return "this is no pull request: there is nothing to comment on"
    ours = next((one for one in _comments(number) if _is_ours(one)), None)
    if ours is None:
        call("POST", f"/issues/{number}/comments", {"body": text})
        return "commented"
    if _digest(str(ours["body"])) == _digest(text):
        return "the comment says the same already"
    call("PATCH", f"/issues/comments/{int(ours['id'])}", {"body": text})
    return "the comment is up to date"


def _read(file: Path) -> bytes:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise PublishError(f"{file} can't be read: {error.strerror}", 2) from None
    if not data:
        raise PublishError(f"{file} is empty", 2)
    return data


def _pull_request() -> int | None:
    try:
        event = json.loads(Path(needed("GITHUB_EVENT_PATH")).read_bytes())
    except (OSError, ValueError) as error:
        raise PublishError(f"the event can't be read: {error}", 2) from None
    pull = event.get("pull_request") if isinstance(event, dict) else None
    return int(pull["number"]) if isinstance(pull, dict) and "number" in pull else None


def _comments(number: int) -> Iterator[dict[str, Any]]:
    for page in range(1, MAXIMUM_PAGES + 1):
        found = call("GET", f"/issues/{number}/comments?per_page=100&page={page}")
        yield from (one for one in found if isinstance(one, dict))
        if len(found) < 100:
            return


def _is_ours(comment: dict[str, Any]) -> bool:
    """Whether a bot wrote it under our marker: a person's comment is never changed."""
    user = comment.get("user")
    return isinstance(user, dict) and user.get("type") == "Bot" and str(comment.get("body")).startswith(MARKER)


def _digest(text: str) -> str:
    """The second line, which changes only where what is said changes."""
    return "".join(text.splitlines()[1:2])


def main(arguments: list[str]) -> int:
    """See the module."""
    actions = {"sarif": upload_sarif, "comment": update_comment}
    if len(arguments) != 2 or arguments[0] not in actions:
        print("usage: publish.py sarif|comment FILE", file=sys.stderr)
        return 2
    try:
        print(f"mlgate: {actions[arguments[0]](Path(arguments[1]))}")
    except PublishError as error:
        print(f"mlgate: {error}", file=sys.stderr)
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
