"""The local endpoints with real inference servers."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_backends.local.endpoints import LocalEndpoints
from cloud_backends.local.server_process import start_server
from deploy_gate.ports import DeploymentFailedError, DeploymentRequest
from tests.fakes.serving_project import SCORE, server_processes
from verdicts import ConfigurationError, CouldNotCheckError

pytestmark = pytest.mark.slow


@pytest.fixture
def endpoints(tmp_path: Path, release_environments: Path) -> Iterator[LocalEndpoints]:
    made = LocalEndpoints(tmp_path / "endpoints", release_environments)
    yield made
    for name in made.names():
        made.stop(name)
    assert server_processes(tmp_path) == []


@pytest.fixture
def request_(tmp_path: Path, release_requirements: Path) -> DeploymentRequest:
    code = tmp_path / "code"
    code.mkdir()
    (code / "score.py").write_text(SCORE)
    (tmp_path / "model.pkl").write_bytes(b"")
    return DeploymentRequest(
        name="r-one",
        release="model 1",
        image_digest="sha256:" + "a" * 64,
        model_digest="sha256:" + "b" * 64,
        requirements=release_requirements,
        code=code,
        entry_script="score.py",
        model=tmp_path / "model.pkl",
    )


def test_versions_serve_side_by_side_and_the_traffic_decides(
    endpoints: LocalEndpoints, request_: DeploymentRequest
) -> None:
    endpoints.deploy("scoring", request_)
    second = dataclasses.replace(request_, name="r-two")
    endpoints.deploy("scoring", second)
    with pytest.raises(CouldNotCheckError, match="no traffic"):
        endpoints.invoke("scoring", b"{}")
    endpoints.set_traffic("scoring", {"r-one": 0, "r-two": 100})
    answer = endpoints.invoke("scoring", b'{"data": 1}')
    assert (answer.status, answer.run_failed, answer.deployment) == (200, False, "r-two")
    assert json.loads(answer.body)["echo"] == {"data": 1}
    assert endpoints.invoke("scoring", b"{}", "r-one").deployment == "r-one"
    assert all(item.serving for item in endpoints.state("scoring").deployments)
    with pytest.raises(ValueError, match="traffic"):
        endpoints.withdraw("scoring", "r-two")
    endpoints.withdraw("scoring", "r-one")
    assert [item.name for item in endpoints.state("scoring").deployments] == ["r-two"]


def test_deploying_again_keeps_a_serving_process_and_replaces_a_dead_one(
    endpoints: LocalEndpoints, request_: DeploymentRequest, tmp_path: Path
) -> None:
    endpoints.deploy("scoring", request_)
    before = server_processes(tmp_path)
    endpoints.deploy("scoring", request_)
    assert server_processes(tmp_path) == before
    os.killpg(os.getpgid(before[0]), signal.SIGKILL)
    endpoints.deploy("scoring", request_)
    after = server_processes(tmp_path)
    assert after
    assert not set(before) & set(after)


def test_a_server_that_nobody_wrote_down_is_ended(
    endpoints: LocalEndpoints, request_: DeploymentRequest, tmp_path: Path, release_environments: Path
) -> None:
    endpoints.deploy("scoring", request_)
    known = set(server_processes(tmp_path))
    environment = next(path for path in release_environments.iterdir() if path.is_dir())
    start_server(environment, tmp_path / "endpoints" / "scoring" / "r-one", "score.py", {})
    # A process that was just started bears its name only when the machine has got round to it.
    until = time.monotonic() + 60
    while not set(server_processes(tmp_path)) > known and time.monotonic() < until:
        time.sleep(0.01)
    assert set(server_processes(tmp_path)) > known
    endpoints.withdraw("scoring", "r-one")
    assert server_processes(tmp_path) == []


def test_a_release_that_cannot_start_is_a_failed_deployment_that_says_why(
    endpoints: LocalEndpoints, request_: DeploymentRequest, tmp_path: Path
) -> None:
    (tmp_path / "code" / "score.py").write_text("def init():\n    raise RuntimeError('no model here')\n")
    with pytest.raises(DeploymentFailedError, match="did not become ready"):
        endpoints.deploy("scoring", request_)
    assert server_processes(tmp_path) == []


def test_a_failing_run_is_seen(endpoints: LocalEndpoints, request_: DeploymentRequest, tmp_path: Path) -> None:
    (tmp_path / "code" / "score.py").write_text(
        "def init():\n    pass\n\n\ndef run(data):\n    raise ValueError('x')\n"
    )
    endpoints.deploy("scoring", request_)
    answer = endpoints.invoke("scoring", b"{}", "r-one")
    assert answer.run_failed
    assert answer.status == 500


def test_stop_and_start_keep_deployments_and_traffic(
    endpoints: LocalEndpoints, request_: DeploymentRequest, tmp_path: Path
) -> None:
    endpoints.deploy("scoring", request_)
    endpoints.set_traffic("scoring", {"r-one": 100})
    assert endpoints.stop("scoring") == ["r-one"]
    assert server_processes(tmp_path) == []
    with pytest.raises(CouldNotCheckError, match="endpoint start"):
        endpoints.invoke("scoring", b"{}")
    assert endpoints.start("scoring") == ["r-one"]
    assert endpoints.invoke("scoring", b"{}").status == 200


def test_a_second_holder_is_told_who_holds_the_endpoint(endpoints: LocalEndpoints) -> None:
    with endpoints.hold("scoring", "run 1 (deploy)"):
        other = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from pathlib import Path; from cloud_backends.local.endpoints import LocalEndpoints\n"
                "with LocalEndpoints(Path(sys.argv[1]), Path(sys.argv[1])).hold('scoring', 'other'): pass",
                str(endpoints.folder),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "EndpointHeldError" in other.stderr
        assert f"run 1 (deploy), process {os.getpid()}" in other.stderr
    with endpoints.hold("scoring", "run 2"):
        pass


def test_a_damaged_state_file_is_could_not_check(endpoints: LocalEndpoints) -> None:
    with endpoints.hold("scoring", "x"):
        (endpoints.folder / "scoring" / "endpoint.json").write_text('{"traffic": {}')
    with pytest.raises(CouldNotCheckError, match="state can't be read"):
        endpoints.state("scoring")
    (endpoints.folder / "scoring" / "endpoint.json").unlink()


def test_an_unknown_endpoint_and_an_unknown_deployment_are_named(
    endpoints: LocalEndpoints, request_: DeploymentRequest
) -> None:
    with pytest.raises(ConfigurationError, match="no endpoint 'scoring'"):
        endpoints.invoke("scoring", b"{}")
    endpoints.deploy("scoring", request_)
    with pytest.raises(ConfigurationError, match="no deployment 'nobody'"):
        endpoints.invoke("scoring", b"{}", "nobody")
