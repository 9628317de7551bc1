"""What the pip-audit worker answers, believed only as far as it fits the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scanners.advisories import SnapshotHeader
from scanners.interface import ToolUnavailableError
from verdicts import Reason, Severity
from verdicts.documents import DocumentError, parse_json
from verdicts.text import one_line

ANSWER_SCHEMA = "mlgate/pip-audit-answer/v1"
TRUSTED_VERSIONS = ">=2.10.1,<2.11"  # its modules are private: each release has to be looked at (tests/contract)
ANSWERED = 0
SNAPSHOT_REFUSED = 3

Pin = tuple[str, str]
"""Normalised name and version."""


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One weakness of one package, under all its names."""

    names: frozenset[str]
    severity: Severity
    fixed: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Result:
    """What the worker says of one pin; `skipped` is why it could not be judged completely, or ""."""

    skipped: str
    vulnerabilities: tuple[Vulnerability, ...]


class BadAnswerError(Exception):
    """The worker gave no answer that can be believed."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.remedy = "run it again; if it repeats, please report it"


def refuse_version(version: str) -> None:
    """Raises ToolUnavailableError unless this version of pip-audit is trusted."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        trusted = SpecifierSet(TRUSTED_VERSIONS).contains(version)
    except InvalidVersion:
        trusted = False
    if not trusted:
        raise ToolUnavailableError(
            Reason.UNTRUSTED_TOOL,
            f"pip-audit {one_line(version, maximum=40)} is not a version that mlgate trusts ({TRUSTED_VERSIONS})",
            "install mlgate anew, into an environment of its own",
        )


class Answer:
    """One answer. Raises BadAnswerError if it is not of the agreed shape."""

    def __init__(self, data: bytes) -> None:
        try:
            content = parse_json(data)
        except DocumentError as error:
            raise BadAnswerError(Reason.BAD_OUTPUT, f"pip-audit's answer is not JSON: {error}") from None
        if not isinstance(content, dict) or content.get("schema") != ANSWER_SCHEMA:
            raise BadAnswerError(Reason.BAD_OUTPUT, "pip-audit's answer has another shape than expected")
        self._content = content

    def refusal(self) -> tuple[Reason, str]:
        """Why the worker refused the snapshot."""
        try:
            error = self._content["error"]
            return Reason(error["reason"]), one_line(str(error["detail"]), maximum=500)
        except (KeyError, TypeError, ValueError):
            raise BadAnswerError(Reason.BAD_OUTPUT, "pip-audit refused the snapshot without a reason") from None

    def results(self, version: str, header: SnapshotHeader, asked: Sequence[Pin]) -> Mapping[Pin, Result]:
        """The results by pin.

        Raises:
            BadAnswerError: the answer does not fit the question.
            ToolUnavailableError: another version of pip-audit answered.
        """
        try:
            said = str(self._content["pip_audit"])
            refuse_version(said)
            if said != version:
                raise ValueError(f"pip-audit says that it is {one_line(said, maximum=40)}, expected {version}")
            if (self._content["snapshot"], self._content["advisories"]) != (header.digest, header.count):
                raise ValueError("pip-audit used other advisories than it was given")
            results: dict[Pin, Result] = {}
            for item in self._content["packages"]:
                pin = (str(item["name"]), str(item["version"]))
                if pin in results:
                    raise ValueError(f"pip-audit answered twice for {' '.join(pin)}")
                vulnerabilities = tuple(_vulnerability(entry) for entry in item["vulnerabilities"])
                results[pin] = Result(str(item["skipped"]), vulnerabilities)
        except (KeyError, TypeError, ValueError) as error:
            raise BadAnswerError(Reason.BAD_OUTPUT, f"pip-audit's answer: {one_line(str(error))}") from None
        if not results:
            raise BadAnswerError(Reason.NOTHING_EXAMINED, "pip-audit examined no package")
        if results.keys() - set(asked):
            raise BadAnswerError(Reason.BAD_OUTPUT, "pip-audit answered for packages that nobody asked for")
        canary = header.canary
        seen = results.get((canary.name, canary.version), Result("", ()))
        if not any(canary.id in vulnerability.names for vulnerability in seen.vulnerabilities):
            detail = f"pip-audit did not find {canary.id} in {canary.name} {canary.version}, which is known to be there"
            raise BadAnswerError(Reason.CANARY_MISSED, detail)
        return results


def _vulnerability(entry: Mapping[str, Any]) -> Vulnerability:
    names, fixed = entry["names"], entry["fixed"]
    if not isinstance(names, list) or not names or not isinstance(fixed, list):
        raise ValueError("a vulnerability without a name")
    return Vulnerability(
        names=frozenset(str(name) for name in names),
        severity=Severity(entry["severity"]),
        fixed=tuple(str(version) for version in fixed),
        summary=str(entry["summary"]),
    )
