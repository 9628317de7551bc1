"""The scanner "policy" of a release: its templates and Azure ML files against the rules."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.policy_checks.judging import SCANNER, judge
from deploy_gate.static_checks.pipeline import rules_for
from deploy_gate.static_checks.settings import load_settings
from resource_readers.interface import ReadRequest, ReadResult, Session
from resource_readers.project_files import shown_name
from resource_readers.registry import read_resources
from scanners.interface import ScanContext
from verdicts import ConfigurationError, CouldNotCheckError, NotCompleted, Outcome, Reason


@dataclass(frozen=True, slots=True)
class ReleasePolicyScanner:
    """See scanners.interface.Scanner.

    Attributes:
        files: templates and Azure ML files, each with its parameter file or None.
        profile: which rules hold; what the project changes of them stands in the mlgate.yml of the frozen copy.
    """

    files: tuple[tuple[Path, Path | None], ...]
    profile: str

    @property
    def id(self) -> str:
        """See scanners.interface.Scanner."""
        return SCANNER

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """See scanners.interface.Scanner."""
        if not self.files:
            return (_obstacle(Reason.NOTHING_EXAMINED, "the release names neither templates nor Azure ML files"),)
        try:
            rules = rules_for(dataclasses.replace(load_settings(context.root), profile=self.profile))
        except (ConfigurationError, CouldNotCheckError) as error:
            return (_obstacle(Reason.UNREADABLE_INPUT, str(error)),)
        session = Session()
        read: list[tuple[str, ReadResult]] = []
        for path, parameters in self.files:
            request = ReadRequest(root=context.root, path=path, parameters=parameters, session=session)
            read.append((shown_name(context.root, path), read_resources(request)))
        return judge(read, rules, context.now)


def _obstacle(reason: Reason, detail: str) -> NotCompleted:
    return NotCompleted(scanner=SCANNER, reason=reason, detail=detail, remedy="mend the release or mlgate.yml")
