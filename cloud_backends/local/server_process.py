"""One scoring server: `azureml-inference-server-http` under gunicorn, on a loopback port, as a process of its own.

The port is bound here and handed over open, so that nobody can take it in between. A process is known by its id *and*
the moment it started, so that a number which the system gave to another process is never signalled.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
REQUEST_TIMEOUT_S = 60.0
MAXIMUM_ANSWER = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A started server: process id (also of its group), start time in clock ticks since boot, loopback port."""

    pid: int
    started: int
    port: int

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (a zombie doesn't)."""
        return start_time(self.pid) == self.started


def start_server(environment: Path, folder: Path, entry_script: str, variables: Mapping[str, str]) -> ServerProcess:
    """Starts a server for `folder`/app and `folder`/model; returns at once. Raises OSError.

    `variables` can't change what the platform sets. The output goes to `folder`/server.log.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        command = [
            str(environment / "bin" / "python"),
            *("-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--workers", "1", "--timeout", "120"),
            *("--no-control-socket", "--worker-tmp-dir", str(folder), "--log-level", "warning"),
            "azureml_inference_server_http.server.entry:app",
        ]
        platform = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AML_APP_ROOT": str(folder / "app"),
            "AZUREML_ENTRY_SCRIPT": entry_script,
            "AZUREML_MODEL_DIR": str(folder / "model"),
        }
        with (folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                env={**variables, **platform},
                pass_fds=(listener.fileno(),),
                start_new_session=True,
            )
    started = start_time(process.pid)
    # The server outlives this process on purpose: nobody waits for it here, so no warning about that either.
    process.returncode = 0
    return ServerProcess(process.pid, started if started is not None else -1, port)


def wait_until_ready(server: ServerProcess) -> bool:
    """Waits for the server's health page; False if the process ends or takes too long."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline:
        if not server.alive:
            return False
        try:
            if request(server.port, "GET", "/", b"", timeout_s=2.0)[0] == 200:
                return True
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.1)
    return False


def request(
    port: int, method: str, path: str, body: bytes, *, timeout_s: float = REQUEST_TIMEOUT_S
) -> tuple[int, dict[str, str], bytes]:
    """One HTTP request to loopback: status, headers (lower case), body. Raises OSError, HTTPException."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body or None, {"Content-Type": "application/json"})
        response = connection.getresponse()
        data = response.read(MAXIMUM_ANSWER + 1)
        if len(data) > MAXIMUM_ANSWER:
            raise http.client.HTTPException(f"the answer is larger than {MAXIMUM_ANSWER:,} bytes")
        return response.status, {name.lower(): value for name, value in response.getheaders()}, data
    finally:
        connection.close()


def stop_server(server: ServerProcess) -> None:
    """Ends the server and its workers, and returns when they are gone."""
    if not server.alive:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            _reap(server.pid)
            if not _group_alive(server.pid):
                return
            time.sleep(0.02)


def _reap(pid: int) -> None:
    """Takes the exit of a server that this very process started; others are init's."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def _group_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot (field 22 of /proc/<pid>/stat).

    None if there is no such process, or only its zombie.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name in parentheses may hold anything
    return None if fields[0] in ("Z", "X") else int(fields[19])
