"""Notifications as files: one for each run, for a person or a mail job to pick up."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.ports import Notification
from verdicts import CouldNotCheckError
from verdicts.files import write_atomically


@dataclass(frozen=True, slots=True)
class FileNotifier:
    """Writes `<folder>/<run>.json`."""

    folder: Path

    def notify(self, notification: Notification) -> None:
        """See the port."""
        content = {
            "run": notification.run,
            "at": notification.at.isoformat(),
            "subject": notification.subject,
            "body": notification.body,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / f"{notification.run}.json", json.dumps(content, indent=2).encode() + b"\n")
        except OSError as error:
            raise CouldNotCheckError(f"the notification can't be written: {error}", where=str(self.folder)) from None
