"""Steps of GitHub jobs and composite actions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from resource_readers.interface import ReadRequest, Resource, Value
from resource_readers.reading import Reading
from resource_readers.trees.nodes import Entry, Literal, Node, ObjectNode, Position
from resource_readers.workflows.action_references import parts_of
from resource_readers.workflows.deployment_tasks import action_deployment, action_script
from resource_readers.workflows.documents import Document, DocumentError, inside, is_file, open_document
from resource_readers.workflows.github_expressions import secrets_in, untrusted_in
from resource_readers.workflows.properties import (
    PlacedProperties,
    Properties,
    entries_of,
    entry_of,
    fact,
    items_of,
    node_of,
    scalars_below,
    text_of,
    value_of,
)
from resource_readers.workflows.scripts import ROOT, Script, ScriptReader
from verdicts import Location

MAXIMUM_ACTIONS_DEEP = 10
"""Composite actions in composite actions: GitHub's own limit."""
_LOGIN = "azure/login"
_CHECKOUT = "actions/checkout"
_GITHUB_SCRIPT = "actions/github-script"


@dataclass(slots=True)
class GithubReading:
    """What the parts of one workflow or action share.

    Attributes:
        repository: the top of the repository, relative to the project's root.
        base: id of the workflow or action.
        type, name: of the workflow or action.
        events: what starts the workflow; none for an action.
    """

    reading: Reading
    request: ReadRequest
    document: Document
    repository: str
    type: str
    name: str
    resources: list[Resource] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    @property
    def scope(self) -> str:
        """The repository, which is what workflows belong to."""
        return "/repositories/{repository}" + (f"/{self.repository}" if self.repository else "")

    @property
    def base(self) -> str:
        """Id of the workflow or action."""
        path = self.document.shown.removeprefix(f"{self.repository}/" if self.repository else "")
        return f"{self.scope}/providers/{self.type}/{quote(path, safe='')}"

    def properties(self) -> Properties:
        """An empty collection of properties."""
        return Properties(self.reading.budget)

    def resource(self, path: tuple[tuple[str, str], ...], properties: Properties, at: Node | Entry) -> Resource:
        """A resource below the workflow or action, `path` being kinds and names ("jobs", "build")."""
        return Resource(
            type="/".join((self.type, *(kind for kind, _ in path))),
            api_version="",
            name="/".join((self.name, *(name for _, name in path))),
            id="/".join((self.base, *(part for kind, name in path for part in (kind, quote(name, safe=""))))),
            scope=self.scope,
            properties=properties.values,
            location=Location(self.document.shown, at.line),
            source=PlacedProperties(Position(at.line, at.column), properties.places),
        )

    def secrets(self, *nodes: Node | None) -> list[str]:
        """Names of the secrets that are used below some nodes."""
        names: dict[str, None] = {}
        for node in nodes:
            for scalar in scalars_below(node, self.reading.budget):
                if isinstance(scalar.value, str):
                    names.update(dict.fromkeys(secrets_in(scalar.value)))
        return list(names)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a step inherits.

    Attributes:
        shell, folder: the default shell and working directory (relative to the root of the project; None: not known).
        names: literal environment variables.
        environment: name of the job's environment; None if it has none.
    """

    shell: Value = None
    folder: str | None = ""
    names: Mapping[str, str] = field(default_factory=dict)
    environment: Value = None


def literal_names(node: Node | None) -> dict[str, str]:
    """The variables of an `env` whose value is written out."""
    found: dict[str, str] = {}
    for name, entry in entries_of(node):
        text = text_of(entry.value)
        if isinstance(entry.value, Literal) and entry.value.value is not None and "${{" not in text:
            found[name] = text
    return found


def working_folder(value: Node | None, around: Surroundings, reading: GithubReading) -> str | None:
    """The working directory that a `working-directory` gives."""
    text = text_of(value)
    if not text:
        return around.folder
    for name, known in around.names.items():
        text = text.replace("${{ env." + name + " }}", known)
    text = text.removeprefix("${{ github.workspace }}/")
    return None if "$" in text or text.startswith(("/", "~")) else inside(reading.repository, text)


def read_steps(
    reading: GithubReading, path: tuple[tuple[str, str], ...], steps: Node | None, around: Surroundings, deep: int = 0
) -> list[Value]:
    """Adds a resource for each step; gives the deployments of them all."""
    deployments: list[Value] = []
    taken: set[str] = set()
    for number, step in enumerate(items_of(steps), 1):
        reading.reading.budget.spend(200)
        if not isinstance(step, ObjectNode):
            reading.reading.miss(step.line, "a step that is no mapping")
            continue
        uses, run = entry_of(step, "uses"), entry_of(step, "run")
        if uses is None and run is None and entry_of(step, "parallel", "wait", "background") is None:
            reading.reading.miss(step.line, "a step with neither run nor uses")
        properties = _step(reading, step, number, around, deep)
        name = text_of(node_of(step, "id")) or str(number)
        name = name if name not in taken else str(number)
        taken.add(name)
        reading.resources.append(reading.resource((*path, ("steps", name)), properties, step))
        deployments.extend(properties.values["deployments"])
    return deployments


def _step(reading: GithubReading, step: ObjectNode, number: int, around: Surroundings, deep: int) -> Properties:
    properties = reading.properties()
    properties.put("number", number)
    properties.put("events", list(reading.events))
    properties.copy("id", entry_of(step, "id"))
    properties.copy("displayName", entry_of(step, "name"))
    properties.copy("if", entry_of(step, "if"))
    properties.fact("continueOnError", entry_of(step, "continue-on-error"), False)
    properties.fact("timeoutMinutes", entry_of(step, "timeout-minutes"))
    properties.copy("env", entry_of(step, "env"))
    condition = text_of(node_of(step, "if"))
    secrets = dict.fromkeys((*reading.secrets(step), *secrets_in(condition, bare=True)))
    properties.put("secrets", list(secrets))
    inner = Surroundings(
        around.shell,
        working_folder(node_of(step, "working-directory"), around, reading),
        {**around.names, **literal_names(node_of(step, "env"))},
        around.environment,
    )
    deployments: list[dict[str, Value]] = []
    untrusted: list[str] = []
    uses = entry_of(step, "uses")
    run = entry_of(step, "run")
    if uses is not None:
        deployments += _uses(reading, properties, step, uses, inner, deep, untrusted)
    if run is not None:
        deployments += _run(reading, properties, step, run, inner, untrusted)
    properties.put("kind", "uses" if uses is not None else "run" if run is not None else "other")
    properties.put("untrustedInputs", untrusted, run or entry_of(step, "with"))
    if around.environment is not None:
        for one in deployments:
            one["environment"] = around.environment
    properties.put("deployments", deployments)
    for index, one in enumerate(deployments):
        if one.get("definedIn") == reading.document.shown:
            properties.mark(Position(int(one["line"]), int(one["column"])), "deployments", index)
    properties.put("deploys", any(one["deploys"] for one in deployments))
    return properties


def _run(
    reading: GithubReading,
    properties: Properties,
    step: ObjectNode,
    run: Entry,
    around: Surroundings,
    untrusted: list[str],
) -> list[dict[str, Value]]:
    properties.copy("run", run)
    shell = entry_of(step, "shell")
    properties.put("shell", fact(shell.value, reading.reading.budget) if shell is not None else around.shell, shell)
    properties.copy("workingDirectory", entry_of(step, "working-directory"))
    text = text_of(run.value)
    untrusted.extend(untrusted_in(text))
    return _script(reading, text, run.value, properties.values["shell"], around)


def _script(reading: GithubReading, text: str, at: Node, shell: Value, around: Surroundings) -> list[dict[str, Value]]:
    script = Script(
        text=text,
        shown=reading.document.shown,
        shell=shell if isinstance(shell, str) else "bash",
        folder=around.folder,
        repository=reading.repository,
        names=around.names,
        at=at if isinstance(at, Literal) else None,
        document=reading.document,
    )
    return ScriptReader(reading.reading, reading.request).deployments(script)


def _uses(
    reading: GithubReading,
    properties: Properties,
    step: ObjectNode,
    uses: Entry,
    around: Surroundings,
    deep: int,
    untrusted: list[str],
) -> list[dict[str, Value]]:
    parts = parts_of(text_of(uses.value))
    properties.put("uses", parts, uses)
    given = entry_of(step, "with")
    properties.copy("with", given)
    inputs = {
        name.lower(): _with_names(value_of(entry.value, reading.reading.budget), around.names)
        for name, entry in entries_of(node_of(step, "with"))
    }
    name = str(parts.get("name", ""))
    if parts.get("path"):
        name = ""
    if name == _LOGIN:
        properties.put("azureLogin", azure_login(inputs), given or uses)
    if name == _CHECKOUT:
        persist = inputs.get("persist-credentials", True)
        properties.put(
            "checkout", {"persistCredentials": persist not in (False, "false"), "ref": inputs.get("ref")}, given or uses
        )
    script = action_script(name)
    code = node_of(step, "with") if script is None else None
    if script is not None:
        node = node_of(node_of(step, "with"), script.name)
        untrusted.extend(untrusted_in(text_of(node)))
        return _script(reading, text_of(node), node, script.shell, around) if node is not None else []
    if name == _GITHUB_SCRIPT and code is not None:
        untrusted.extend(untrusted_in(text_of(node_of(code, "script"))))
    if parts.get("kind") == "local":
        return _local_action(reading, properties, uses, str(parts["path"]), around, deep)
    found = action_deployment(name, inputs)
    if found is None:
        return []
    nowhere = Script("", reading.document.shown, "bash", reading.repository, reading.repository, around.names)
    at = Position(uses.line, uses.column)
    return [ScriptReader(reading.reading, reading.request).described(found, nowhere, reading.repository, at)]


_NAME = re.compile(r"\$\{\{\s*env\.(\w+)\s*\}\}")


def _with_names(value: Value, names: Mapping[str, str]) -> Value:
    """An input with the variables of `env` whose value is known."""
    if not isinstance(value, str) or "${{" not in value:
        return value
    text = _NAME.sub(lambda match: names.get(match.group(1), match.group()), value)
    return re.sub(r"\$\{\{\s*github\.workspace\s*\}\}", ROOT, text)


def azure_login(inputs: Mapping[str, Value]) -> dict[str, Value]:
    """How `azure/login` signs in: by federation ("oidc"), by a secret ("creds"), as a managed identity ("identity")."""
    kind = str(inputs.get("auth-type", "")).upper()
    if inputs.get("creds") not in (None, ""):
        method = "creds"
    elif kind == "IDENTITY":
        method = "identity"
    elif inputs.get("client-id") not in (None, ""):
        method = "oidc"
    else:
        method = "unknown"
    found: dict[str, Value] = {"method": method}
    for name, written in (
        ("clientId", "client-id"),
        ("tenantId", "tenant-id"),
        ("subscriptionId", "subscription-id"),
        ("creds", "creds"),
    ):
        if inputs.get(written) is not None:
            found[name] = inputs[written]
    return found


def _local_action(
    reading: GithubReading, properties: Properties, uses: Entry, path: str, around: Surroundings, deep: int
) -> list[dict[str, Value]]:
    """What an action of the project does that a step uses; its steps are resources of its own file."""
    folder = inside(reading.repository, path)
    if folder.startswith("..") or "${{" in path:
        reading.reading.miss(uses.line, f"the action {path!r} isn't inside of the project")
        return []
    name = next(
        (one for one in (f"{folder}/action.yml", f"{folder}/action.yaml") if is_file(one.lstrip("/"), reading.request)),
        None,
    )
    if name is None:
        if is_file(f"{folder}/Dockerfile", reading.request):
            return []
        reading.reading.miss(uses.line, f"the action {path!r} isn't there")
        return []
    name = name.lstrip("/")
    properties.put("called", {"path": name}, uses)
    if deep >= MAXIMUM_ACTIONS_DEEP:
        reading.reading.miss(uses.line, f"actions that use each other, more than {MAXIMUM_ACTIONS_DEEP} deep")
        return []
    reading.reading.budget.spend(500)
    try:
        document = open_document(name, reading.reading, reading.request)
    except DocumentError as error:
        reading.reading.miss(uses.line, f"the action {path!r} can't be read: {error}")
        return []
    runs = node_of(document.node, "runs")
    inner = GithubReading(
        reading.reading.part(document.shown),
        reading.request,
        document,
        reading.repository,
        "GitHub.Actions/actions",
        name,
    )
    return list(
        read_steps(inner, (), node_of(runs, "steps"), Surroundings(None, around.folder, around.names), deep + 1)
    )
