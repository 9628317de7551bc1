"""Blue and green on one endpoint: smoke test, shift of traffic in steps, withdrawal, rollback."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deploy_gate.evidence.trail import Trail
from deploy_gate.path import Result, Step
from deploy_gate.ports import Endpoints, EndpointState
from deploy_gate.release_checks import ReleaseInputs
from deploy_gate.runs import Run
from deploy_gate.traffic import shifted
from verdicts import ConfigurationError, CouldNotCheckError
from verdicts.documents import DocumentError, parse_json
from verdicts.text import one_line

ROLLBACK_EVENT = "rollback"


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a run does to its endpoint."""

    endpoints: Endpoints
    endpoint: str

    @property
    def state(self) -> EndpointState:
        """The endpoint now."""
        return self.endpoints.state(self.endpoint)

    def traffic_without(self, deployment: str) -> dict[str, int]:
        """The shares now, as they were before the deployment got any."""
        return {name: share for name, share in (self.state.traffic or {}).items() if name != deployment}

    def smoke_test(self, run: Run, inputs: ReleaseInputs) -> tuple[Result, dict[str, Any]]:
        """One real scoring request to the new deployment, past the traffic."""
        problem = self._problem(run.deployment, inputs)
        return (Result.FAILED, {"why": problem}) if problem else (Result.PASSED, {"deployment": run.deployment})

    def shift(self, run: Run, inputs: ReleaseInputs) -> tuple[Result, dict[str, Any]]:
        """Gives the new deployment its share step by step, asking it again after each; then retires the oldest."""
        before: dict[str, int] = dict(run.data[Step.DEPLOY]["traffic_before"])
        steps = inputs.policy.traffic if any(before.values()) else (100,)
        for percent in steps:
            try:
                self.endpoints.set_traffic(self.endpoint, shifted(before, run.deployment, percent))
            except CouldNotCheckError as error:
                return Result.FAILED, {"why": str(error), "percent": percent}
            problem = self._problem(run.deployment, inputs)
            if problem:
                return Result.FAILED, {"why": problem, "percent": percent}
        retired = self._retire(before, run.deployment)
        return Result.PASSED, {"traffic": dict(self.state.traffic or {}), "retired": retired}

    def _retire(self, before: dict[str, int], deployment: str) -> list[str]:
        """Withdraws what had no traffic before: what had some stays, without any, for a rollback."""
        kept = {name for name, share in before.items() if share > 0} | {deployment}
        retired = [state.name for state in self.state.deployments if state.name not in kept]
        shares = self.state.traffic or {}
        self.endpoints.set_traffic(self.endpoint, {name: share for name, share in shares.items() if name in kept})
        for name in retired:
            self.endpoints.withdraw(self.endpoint, name)
        return retired

    def withdraw(self, run: Run) -> dict[str, Any]:
        """Restores the traffic of before, then removes the new deployment."""
        before = run.data.get(Step.DEPLOY, {}).get("traffic_before")
        if before is not None:
            self.endpoints.set_traffic(self.endpoint, before)
        self.endpoints.withdraw(self.endpoint, run.deployment)
        return {"deployment": run.deployment, "traffic": before or {}}

    def roll_back(self, trail: Trail, run: Run) -> tuple[str, str]:
        """Gives all traffic back to what had most before the run; the run's own deployment stays, without any."""
        before: dict[str, int] = dict(run.data[Step.DEPLOY]["traffic_before"])
        present = {state.name: state for state in self.state.deployments}
        candidates = [name for name, share in before.items() if share > 0 and name in present]
        if not candidates:
            raise ConfigurationError(f"{self.endpoint} has no deployment from before run {run.id} to go back to")
        target = max(candidates, key=lambda name: before[name])
        if not present[target].serving:
            raise CouldNotCheckError(
                f"{target} does not serve", remedy=f"type `mlgate endpoint start {self.endpoint}` first"
            )
        if self.state.percent(target) == 100:
            raise ConfigurationError(f"{self.endpoint} is already rolled back to {target}")
        self.endpoints.set_traffic(self.endpoint, dict.fromkeys(present, 0) | {target: 100})
        data = {"endpoint": self.endpoint, "from": run.deployment, "to": target, "traffic": {target: 100}}
        trail.append(run.id, ROLLBACK_EVENT, data)
        return run.deployment, target

    def _problem(self, deployment: str, inputs: ReleaseInputs) -> str | None:
        """What is wrong with the deployment's answer to the release's sample request, or None."""
        request = (inputs.root / inputs.manifest.smoke_request).read_bytes()
        try:
            response = self.endpoints.invoke(self.endpoint, request, deployment)
        except CouldNotCheckError as error:
            return str(error)
        if response.status != 200 or response.run_failed:
            return f"{deployment} answered {response.status}: {one_line(response.body.decode('utf-8', 'replace'))}"
        return _body_problem(response.body, inputs.manifest.response_keys)


def _body_problem(body: bytes, keys: tuple[str, ...]) -> str | None:
    load: Callable[[bytes], Any] = parse_json
    try:
        content = load(body)
        if isinstance(content, str):  # score.py that returns json.dumps(...) is answered as a JSON text
            content = load(content.encode())
    except (DocumentError, json.JSONDecodeError) as error:
        return f"the answer is not JSON: {error}"
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    return f"the answer lacks {', '.join(missing)}" if missing else None
