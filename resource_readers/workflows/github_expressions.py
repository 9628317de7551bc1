"""What the expressions of GitHub Actions (`${{ }}`) take from: secrets, and texts that strangers write."""

from __future__ import annotations

import re

from resource_readers.workflows.service_expressions import expressions

_SECRET = re.compile(r"(?<![\w.-])secrets\s*+(?:\.\s*([A-Za-z_][\w-]*)|\[\s*'([^']+)'\s*\]|(\[)|(?=\)))", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![\w.-])github\s*(?:\.\s*token|\[\s*'token'\s*\])(?![\w-])", re.IGNORECASE)
_TEXT = re.compile(r"'(?:[^']|'')*+'")
_REFERENCE = re.compile(r"(?<![\w.-])github(?:\s*\.\s*[\w*-]+|\s*\[\s*(?:'[^']*'|\d+|\*)\s*\])+", re.IGNORECASE)
_PART = re.compile(r"\.\s*([\w*-]+)|\[\s*(?:'([^']*)'|(\d+|\*))\s*\]")

ALL_SECRETS = "*"
"""Stands for every secret, where an expression takes them all or computes the name."""

# What anybody can write who opens an issue or a pull request: GitHub's guide to hardening workflows names these.
_UNTRUSTED = tuple(
    re.compile(pattern)
    for pattern in (
        r"head_ref",
        r"event\.(issue|pull_request|discussion|review|comment|review_comment)\.(title|body)",
        r"event\.changes\.(title|body)\.from",
        r"event\.pull_request\.head\.(ref|label|repo\.(default_branch|description|homepage))",
        r"event\.pages\.[^.]+\.page_name",
        r"event\.(commits\.[^.]+|head_commit|workflow_run\.head_commit)\.(message|(author|committer)\.(name|email))",
        r"event\.workflow_run\.(head_branch|display_title|head_repository\.description)",
        r"event\.workflow_run\.pull_requests\.[^.]+\.head\.ref",
        r"event\.client_payload(\..+)?",
        r"event\.label\.(name|description)",
        r"event\.milestone\.(title|description)",
        r"event\.project_card\.note",
    )
)


def secrets_in(text: str, *, bare: bool = False) -> list[str]:
    """Names of the secrets that a text takes, `GITHUB_TOKEN` for `github.token`, "*" for all of them.

    Args:
        text: any text.
        bare: the text itself is an expression, as that of `if` is.
    """
    if "secrets" not in text.lower() and "token" not in text.lower():
        return []
    names: list[str] = []
    for expression in [text] if bare and "${{" not in text else expressions(text):
        names.extend(match.group(1) or match.group(2) or ALL_SECRETS for match in _SECRET.finditer(expression))
        if _TOKEN.search(_TEXT.sub(_keep_keys, expression)):
            names.append("GITHUB_TOKEN")
    return list(dict.fromkeys(names))


def _keep_keys(match: re.Match[str]) -> str:
    return match.group() if match.group() == "'token'" else "''"


def untrusted_in(text: str) -> list[str]:
    """The untrusted inputs whose text an expression pastes into `text`, normalised ("github.event.issue.title")."""
    found: list[str] = []
    for expression in expressions(text):
        for match in _REFERENCE.finditer(expression):
            parts = [one.group(1) or one.group(2) or one.group(3) or "" for one in _PART.finditer(match.group())]
            path = ".".join(parts)
            if any(pattern.fullmatch(path.lower()) for pattern in _UNTRUSTED):
                found.append(f"github.{path}")
    return list(dict.fromkeys(found))
