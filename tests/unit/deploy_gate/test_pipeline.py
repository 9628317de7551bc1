"""The pipeline over fake ports: what is done, what is left alone, what is written down."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy_gate.path import CHECKS, Ending, Result, Step
from deploy_gate.pipeline import Pipeline, Ports
from deploy_gate.ports import DeploymentFailedError, DeploymentState, EndpointHeldError
from deploy_gate.project import load_project
from tests.fakes.fake_ports import (
    IMAGE,
    EmptyToolbox,
    FakeClock,
    FakeEndpoints,
    FakeHistory,
    FakeNotifier,
    FakeRegistry,
    FakeScanner,
)
from tests.fakes.tiny_project import write_tiny_project
from verdicts import (
    Completed,
    ConfigurationError,
    CouldNotCheckError,
    Decision,
    Finding,
    Location,
    NotCompleted,
    Outcome,
    Reason,
    Severity,
    TamperedError,
)

REVIEWER = "reviewer@example.com"
ALL = ("checkov", "rbac-matrix", "pip-audit", "allowlist", "trivy", "image-closure", "model-artifact", "evaluation")


def completed(scanner: str, *findings: Finding, examined: int = 1) -> Completed:
    return Completed(scanner=scanner, examined=examined, unit="things", findings=findings)


def finding(scanner: str, severity: Severity = Severity.HIGH) -> Finding:
    return Finding(
        rule_id="RULE-1",
        scanner=scanner,
        severity=severity,
        message="bad",
        remediation="mend",
        resource="thing",
        location=Location("template.json", 1),
    )


def unreadable(scanner: str) -> NotCompleted:
    return NotCompleted(scanner=scanner, reason=Reason.CRASHED, detail="broke", remedy="try again")


class Silent:
    """An observer that keeps what it hears."""

    def __init__(self) -> None:
        self.recorded: list[tuple[Step, Result]] = []

    def step_begins(self, run: str, step: Step) -> None: ...

    def step_done(self, run: str, step: Step, result: Result) -> None: ...

    def step_recorded(self, run: str, step: Step, result: Result) -> None:
        self.recorded.append((step, result))

    def scanner(self, scanner: str, outcomes: tuple[Outcome, ...] | None) -> None: ...


@dataclass
class World:
    """A tiny project with fake ports."""

    root: Path
    release: Path
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    endpoints: FakeEndpoints = field(default_factory=FakeEndpoints)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    history: FakeHistory = field(default_factory=FakeHistory)
    clock: FakeClock = field(default_factory=FakeClock)
    observer: Silent = field(default_factory=Silent)
    scanners: dict[str, FakeScanner] = field(
        default_factory=lambda: {name: FakeScanner(name, (completed(name),)) for name in ALL}
    )

    def say(self, scanner: str, *outcomes: Outcome) -> None:
        self.scanners[scanner] = FakeScanner(scanner, outcomes)

    @property
    def pipeline(self) -> Pipeline:
        ports = Ports(self.registry, self.endpoints, self.notifier, self.history, self.clock, EmptyToolbox())
        return Pipeline(
            load_project(self.root), ports, self.observer, make_scanners=lambda _: tuple(self.scanners.values())
        )

    def deploy(self, approve_as: str | None = REVIEWER, environment: str = "production") -> object:
        return self.pipeline.deploy(self.release, environment, approve_as)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, write_tiny_project(tmp_path))


def test_an_allowed_and_approved_release_is_deployed_with_all_traffic(world: World) -> None:
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.ending is Ending.DEPLOYED
    assert world.endpoints.traffic == {report.run.deployment: 100}
    assert world.registry.removals == []
    events = [record.event for record in world.pipeline.store.trail.records()]
    assert events == [
        "read-release",
        *(step.value for step in CHECKS),
        *["decide", "approve", "deploy", "smoke-test"],
        "shift-traffic",
        "record",
    ]


@pytest.mark.parametrize("scanner", [name for name in ALL if name != "evaluation"])
def test_a_failed_security_check_removes_the_image_and_leaves_the_endpoint(world: World, scanner: str) -> None:
    world.endpoints.deployments = {"old": DeploymentState("old", "model 0", IMAGE, True)}
    world.endpoints.traffic = {"old": 100}
    world.say(scanner, completed(scanner, finding(scanner)))
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.ending is Ending.DENIED
    assert world.registry.images == {}
    assert world.endpoints.traffic == {"old": 100}
    assert list(world.endpoints.deployments) == ["old"]
    assert IMAGE in world.notifier.sent[report.run.id].body


def test_a_run_keeps_its_inputs_and_outcomes_and_nothing_else(world: World) -> None:
    run = world.pipeline.deploy(world.release, "production", REVIEWER).run
    kept = {path.name for path in (world.root / ".mlgate" / "runs" / run.id).iterdir()}
    assert kept == {"inputs", "outcomes"}


def test_a_failed_evaluation_denies_and_keeps_the_image(world: World) -> None:
    world.say("evaluation", completed("evaluation", finding("evaluation")))
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.ending is Ending.DENIED
    assert world.registry.removals == []
    assert world.endpoints.deployments == {}


@pytest.mark.parametrize("scanner", ALL)
@pytest.mark.parametrize("how", ["not completed", "nothing examined"])
def test_what_could_not_be_checked_deploys_nothing_and_deletes_nothing(world: World, scanner: str, how: str) -> None:
    world.say(scanner, unreadable(scanner) if how == "not completed" else completed(scanner, examined=0))
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.ending is Ending.COULD_NOT_CHECK
    assert world.registry.removals == []
    assert world.endpoints.deployments == {}
    assert world.endpoints.shares_seen == []


def test_a_required_scanner_that_is_not_there_is_could_not_check(world: World) -> None:
    del world.scanners["model-artifact"]
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.ending is Ending.COULD_NOT_CHECK


def test_a_denial_beside_something_unchecked_still_removes(world: World) -> None:
    world.say("checkov", unreadable("checkov"))
    world.say("trivy", completed("trivy", finding("trivy", Severity.UNKNOWN)))
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.ending is Ending.DENIED
    assert world.registry.images == {}


def test_without_an_approval_the_run_waits_and_resume_goes_on(world: World) -> None:
    report = world.pipeline.deploy(world.release, "production")
    assert report.waiting
    assert world.endpoints.deployments == {}
    approved = world.pipeline.approve(report.run.id, REVIEWER)
    assert not approved.waiting
    assert world.endpoints.deployments == {}
    assert world.pipeline.resume(report.run.id).ending is Ending.DEPLOYED
    assert all(scanner.scans == 1 for scanner in world.scanners.values()), "checks aren't done twice"


@pytest.mark.parametrize("approver", ["author@example.com", "AUTHOR@example.com", "stranger@example.com"])
def test_authors_and_strangers_may_not_approve(world: World, approver: str) -> None:
    report = world.pipeline.deploy(world.release, "production", approver)
    assert report.waiting
    assert "refused" in report.run.data[Step.APPROVE]
    assert world.endpoints.deployments == {}


def test_changes_by_nobody_known_can_be_denied_but_not_approved(world: World) -> None:
    world.history.anonymous = True
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.ending is Ending.COULD_NOT_CHECK
    assert world.endpoints.deployments == {}
    assert world.registry.removals == []
    assert "nobody known" in report.run.data[Step.APPROVE]["why"]
    world.say("trivy", completed("trivy", finding("trivy")))
    assert world.pipeline.deploy(world.release, "production", REVIEWER).ending is Ending.DENIED
    assert world.registry.images == {}


def test_facts_from_an_older_trail_are_still_read(world: World) -> None:
    facts = world.pipeline.deploy(world.release, "production", REVIEWER).run.facts
    older = {name: value for name, value in facts.to_json().items() if name != "anonymous"}
    assert type(facts).from_json(older) == facts


def test_an_environment_without_approvers_needs_no_approval(world: World) -> None:
    assert world.pipeline.deploy(world.release, "development").ending is Ending.DEPLOYED


def test_a_verdict_is_too_old_when_its_approval_comes_too_late(world: World) -> None:
    report = world.pipeline.deploy(world.release, "production")
    world.clock.at += dt.timedelta(hours=25)
    assert world.pipeline.resume(report.run.id, REVIEWER).ending is Ending.COULD_NOT_CHECK
    assert world.endpoints.deployments == {}


WAIVER = """\
schema: mlgate/waivers/v1
waivers:
  - {rule: RULE-1, path: template.json, resource: thing, owner: a@example.com, approver: b@example.com,
     reason: known, expires: 2026-11-21}
"""


def test_a_waiver_that_expires_while_waiting_does_not_count_any_more(world: World) -> None:
    (world.root / "waivers.yml").write_text(WAIVER)
    world.say("checkov", completed("checkov", finding("checkov")))
    report = world.pipeline.deploy(world.release, "production")
    assert report.waiting, "the waiver applies today"
    world.clock.at += dt.timedelta(hours=20)
    assert world.pipeline.resume(report.run.id, REVIEWER).ending is Ending.DENIED
    assert world.endpoints.deployments == {}


def test_a_waiver_that_expires_between_approval_and_deployment_stops_it(world: World) -> None:
    (world.root / "waivers.yml").write_text(WAIVER)
    world.say("checkov", completed("checkov", finding("checkov")))
    run = world.pipeline.deploy(world.release, "production").run.id
    world.pipeline.approve(run, REVIEWER)
    world.clock.at += dt.timedelta(hours=20)
    assert world.pipeline.resume(run).ending is Ending.DENIED
    assert world.endpoints.deployments == {}


def test_what_was_checked_is_what_is_deployed(world: World) -> None:
    report = world.pipeline.deploy(world.release, "production")
    (world.root / "model.pkl").write_text("changed after the check")
    assert world.pipeline.resume(report.run.id, REVIEWER).ending is Ending.DEPLOYED
    frozen = world.pipeline.store.inputs(report.run.id) / "model.pkl"
    assert frozen.read_text() == "{}\n"


def test_changed_frozen_inputs_are_tampering(world: World) -> None:
    report = world.pipeline.deploy(world.release, "production")
    (world.pipeline.store.inputs(report.run.id) / "model.pkl").write_text("evil")
    with pytest.raises(TamperedError, match="frozen inputs"):
        world.pipeline.resume(report.run.id, REVIEWER)


def test_changed_outcomes_are_tampering(world: World) -> None:
    run = world.pipeline.deploy(world.release, "production").run.id
    kept = world.root / ".mlgate" / "runs" / run / "outcomes" / "trivy.json"
    kept.write_bytes(kept.read_bytes().replace(b'"examined":1', b'"examined":2'))
    with pytest.raises(TamperedError, match="trivy"):
        world.pipeline.resume(run, REVIEWER)


def test_an_image_that_vanished_is_not_deployed(world: World) -> None:
    run = world.pipeline.deploy(world.release, "production").run.id
    world.registry.images = {}
    assert world.pipeline.resume(run, REVIEWER).ending is Ending.DENIED
    assert world.endpoints.deployments == {}


def test_a_tag_moved_after_the_check_changes_nothing(world: World) -> None:
    run = world.pipeline.deploy(world.release, "production").run.id
    world.registry.images["model", "1"] = "sha256:" + "b" * 64
    report = world.pipeline.resume(run, REVIEWER)
    assert report.ending is Ending.DENIED, "the image that was checked is gone from the registry"


def test_an_unknown_image_is_named_and_could_not_be_checked(world: World) -> None:
    world.registry.images = {}
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.run.facts.image_digest is None
    assert report.ending in (Ending.DENIED, Ending.COULD_NOT_CHECK)
    assert world.endpoints.deployments == {}


def test_a_registry_that_keeps_the_image_leaves_the_run_unfinished_until_it_is_gone(world: World) -> None:
    world.say("trivy", completed("trivy", finding("trivy")))
    world.registry.undead = True
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.run.state.next_step is Step.PROVE_REMOVAL
    assert report.ending is Ending.DENIED
    world.registry.images = {}
    assert world.pipeline.resume(report.run.id).run.state.ending is Ending.DENIED


def test_a_registry_that_does_not_answer_leaves_the_removal_to_resume(world: World) -> None:
    world.say("trivy", completed("trivy", finding("trivy")))
    pipeline = world.pipeline

    class Breaks(Silent):
        def step_recorded(self, run: str, step: Step, result: Result) -> None:
            world.registry.broken = step is Step.DECIDE or world.registry.broken

    world.observer = Breaks()
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.run.state.next_step is Step.REMOVE_IMAGE
    world.registry.broken = False
    with pytest.raises(ConfigurationError, match="resume"):
        pipeline.deploy(world.release, "production", REVIEWER)
    world.observer = Silent()
    assert world.pipeline.resume(report.run.id).run.state.ending is Ending.DENIED
    assert world.registry.images == {}


@pytest.mark.parametrize("failure", ["deploy", "smoke", "share"])
def test_a_failing_deployment_is_withdrawn_and_the_traffic_restored(world: World, failure: str) -> None:
    world.endpoints.deployments = {"old": DeploymentState("old", "model 0", IMAGE, True)}
    world.endpoints.traffic = {"old": 100}
    if failure == "deploy":
        world.endpoints.fail_deploy = DeploymentFailedError("it ends at once")
    elif failure == "smoke":
        world.endpoints.body = b'{"error": "no"}'
    else:
        world.endpoints.fail_from_percent = 10
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.ending is Ending.DENIED
    assert world.endpoints.traffic == {"old": 100}
    assert list(world.endpoints.deployments) == ["old"]
    assert world.registry.removals == [], "no security check failed"
    assert "withdrawn" in world.notifier.sent[report.run.id].body


def test_traffic_goes_over_in_steps_and_the_one_before_stays_for_a_rollback(world: World) -> None:
    first = world.pipeline.deploy(world.release, "production", REVIEWER).run
    world.clock.at += dt.timedelta(minutes=1)
    world.endpoints.shares_seen.clear()
    second = world.pipeline.deploy(world.release, "production", REVIEWER).run
    assert world.endpoints.shares_seen[0] == {first.deployment: 90, second.deployment: 10}
    assert world.endpoints.traffic == {first.deployment: 0, second.deployment: 100}
    world.clock.at += dt.timedelta(minutes=1)
    third = world.pipeline.deploy(world.release, "production", REVIEWER).run
    assert set(world.endpoints.deployments) == {second.deployment, third.deployment}
    assert world.pipeline.rollback("scoring", "production") == (third.deployment, second.deployment)
    assert world.endpoints.traffic[second.deployment] == 100
    with pytest.raises(ConfigurationError, match="already"):
        world.pipeline.rollback("scoring", "production")


def test_a_waiting_run_is_refused_when_a_later_one_was_deployed(world: World) -> None:
    waiting = world.pipeline.deploy(world.release, "production").run
    world.clock.at += dt.timedelta(minutes=1)
    world.pipeline.deploy(world.release, "production", REVIEWER)
    with pytest.raises(ConfigurationError, match="overtaken"):
        world.pipeline.resume(waiting.id, REVIEWER)


def test_an_endpoint_that_is_held_is_left_alone(world: World) -> None:
    world.endpoints.held_by = "run X of somebody"
    with pytest.raises(EndpointHeldError, match="somebody"):
        world.deploy()
    assert list(world.pipeline.store.all()) == []


def test_an_unknown_author_stops_the_run_before_it_begins(world: World) -> None:
    class Nobody(FakeHistory):
        def people(self, root: Path, since: str | None) -> object:  # type: ignore[override]
            raise CouldNotCheckError("not a git repository")

    world.history = Nobody()
    with pytest.raises(CouldNotCheckError, match="git"):
        world.deploy()
    assert list(world.pipeline.store.all()) == []


@pytest.mark.parametrize("name", ["allowlist.yml", "waivers.yml", "principals.yml"])
@pytest.mark.parametrize("content", [None, "", "schema: other\n", "a: [1\n"])
def test_a_broken_governance_file_is_named_before_a_run_begins(world: World, name: str, content: str | None) -> None:
    path = world.root / name
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=name):
        world.deploy()
    assert list(world.pipeline.store.all()) == []


def test_a_tampered_trail_stops_everything(world: World) -> None:
    world.deploy()
    records = world.root / ".mlgate" / "trail" / "records.jsonl"
    records.write_bytes(records.read_bytes().replace(b"model", b"m0del", 1))
    with pytest.raises(TamperedError):
        world.deploy()


def test_a_notification_that_fails_is_sent_by_resume(world: World) -> None:
    world.say("trivy", completed("trivy", finding("trivy")))
    world.notifier.broken = True
    report = world.pipeline.deploy(world.release, "production", REVIEWER)
    assert report.run.state.next_step is Step.NOTIFY
    world.notifier.broken = False
    assert world.pipeline.resume(report.run.id).run.state.ending is Ending.DENIED
    assert report.run.id in world.notifier.sent


def test_the_report_of_an_ended_run_repeats_its_verdict(world: World) -> None:
    world.say("trivy", completed("trivy", finding("trivy")))
    run = world.pipeline.deploy(world.release, "production", REVIEWER).run.id
    world.clock.at += dt.timedelta(days=300)
    verdict = world.pipeline.report(run).verdict
    assert verdict is not None
    assert verdict.decision is Decision.DENIED
    assert dataclasses.replace(verdict, outcomes=()).denying[0].rule_id == "RULE-1"
