"""Steps of Azure Pipelines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from resource_readers.interface import Value
from resource_readers.trees.nodes import Entry, Literal, Node, ObjectNode, Position
from resource_readers.workflows.azure_parameters import known_names
from resource_readers.workflows.azure_pipelines import Found, Parts, PipelineReading
from resource_readers.workflows.azure_templates import Item, Shape
from resource_readers.workflows.deployment_tasks import task_deployment, task_script
from resource_readers.workflows.documents import inside
from resource_readers.workflows.properties import (
    Properties,
    entries_of,
    known_text,
    scalars_below,
    text_of,
    value_of,
)
from resource_readers.workflows.scripts import ROOT, Script, ScriptReader, unknown_text

_KINDS = (
    *("task", "script", "bash", "pwsh", "powershell", "checkout", "download", "publish", "getPackage", "reviewApp"),
    *("downloadBuild", "upload", "restoreCache", "saveCache"),
)
_SHELLS = {"script": "cmd", "bash": "bash", "pwsh": "pwsh", "powershell": "pwsh"}
_COMMON = (
    *("displayName", "name", "condition", "continueOnError", "enabled", "timeoutInMinutes", "env", "target"),
    *("retryCountOnTaskFailure", "failOnStderr", "workingDirectory", "errorActionPreference", "path", "clean"),
    *(
        "fetchDepth",
        "lfs",
        "submodules",
        "artifact",
        "patterns",
        "fetchTags",
        "fetchFilter",
        "sparseCheckoutDirectories",
    ),
)
_RENAMED = {"timeoutInMinutes": "timeoutMinutes"}
# The inputs that name a service connection, of the tasks that Microsoft delivers.
_CONNECTION = re.compile(
    r"azuresubscription(?:endpoint)?|connectedservicename(?:arm|classic)?|azureresourcemanagerconnection|azureclassicsubscription"
    r"|azureconnection(?:type)?|(?:azure|kubernetes|docker(?:registry)?|aws|gcp|github|ssh|backend|environment)?service(?:connection|endpoint)(?:name)?"
    r"|containerregistry|dockerregistryendpoint|azurecontainerregistry|environmentservicename(?:azurerm|aws|gcp)|backendservice(?:arm|aws|gcp)"
    r"|githubconnection|sshendpoint|awscredentials|sonarqube|sonarcloud|externalendpoints?|(?:nuget|maven|python|npm)?(?:up|down)loadserviceconnections?"
    r"|nugetserviceconnections|externalfeedcredentials|publishfeedcredentials|artifactfeeds|azuresubscriptionendpointforsecrets|azurermendpoint"
    r"|azureservicebusconnection|azureresourcemanagerendpoint|armconnection|serviceconnectionname|workloadidentityserviceconnection"
    r"|azuresubscriptionfortests|custompipserviceconnection|chef(?:connection)?|tokenendpoint"
)
_NO_CONNECTION = frozenset({"azureconnectiontype", "artifactfeeds"})
_MACRO = re.compile(r"\$\(([A-Za-z_][\w.]*)\)")


@dataclass(slots=True)
class StepFacts:
    """What the steps of a job have in common for the job itself."""

    deployments: list[dict[str, Value]] = field(default_factory=list)
    connections: dict[str, None] = field(default_factory=dict)

    def put(self, properties: Properties) -> None:
        """Adds what they tell of the job."""
        properties.put("serviceConnections", list(self.connections))
        properties.put("deploys", any(one["deploys"] for one in self.deployments))
        properties.put("effects", sorted({str(one["effect"]) for one in self.deployments}))
        properties.put("subjects", sorted({str(one["subject"]) for one in self.deployments}))


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a job gives to its steps.

    Attributes:
        environment: name of the deployment job's environment; None if it has none.
        windows: whether `script` runs in cmd; None if it isn't known.
    """

    environment: Value = None


def read_steps(
    pipeline: PipelineReading,
    parts: Parts,
    around: tuple[tuple[str, str], ...],
    slots: Sequence[Item],
    context: StepContext,
    facts: StepFacts,
    hook: str = "",
    condition: Value = True,
    repeated: bool = False,
) -> None:
    """Adds a resource for every step."""
    number = sum(1 for one in pipeline.resources if one.name.startswith(_prefix(pipeline, around)))
    for found in parts.of(slots, "steps", condition, repeated):
        number += 1
        _step(pipeline, around, found, context, facts, hook, number)


def _prefix(pipeline: PipelineReading, around: tuple[tuple[str, str], ...]) -> str:
    return "/".join((pipeline.name, *(name for _, name in around))) + "/"


def _step(
    pipeline: PipelineReading,
    around: tuple[tuple[str, str], ...],
    found: Found,
    context: StepContext,
    facts: StepFacts,
    hook: str,
    number: int,
) -> None:
    shape = found.shape
    scope = shape.scope
    scope.reading.budget.spend(200)
    kind = next((one for one in _KINDS if shape.has(one)), None)
    if kind is None:
        scope.reading.miss(shape.node.line, f"a step of no known kind (its keys: {', '.join(shape.names)[:100]})")
        return
    properties = pipeline.properties()
    properties.put("number", number)
    properties.put("kind", kind, shape.entry(kind))
    if hook:
        properties.put("hook", hook)
    for name in _COMMON:
        entry = shape.entry(name)
        if entry is not None:
            put = properties.copy if name in ("displayName", "condition", "env", "name") else properties.fact
            put(_RENAMED.get(name, name), entry)
    properties.values.setdefault("enabled", True)
    deployments = _put_kind(pipeline, properties, shape, kind)
    if context.environment is not None:
        for one in deployments:
            one["environment"] = context.environment
    properties.put("deployments", deployments)
    for index, one in enumerate(deployments):
        if one.get("definedIn") == scope.document.shown:
            properties.mark(Position(int(one["line"]), int(one["column"])), "deployments", index)
    properties.put("deploys", any(one["deploys"] for one in deployments))
    properties.put("macros", _macros(shape, properties))
    facts.deployments.extend(deployments)
    facts.connections.update(dict.fromkeys(unknown_text(one) for one in properties.values["serviceConnections"]))
    name = text_of(shape.get("name"))
    path = pipeline.path_of(around, "steps", name if re.fullmatch(r"\w+", name) else str(number))
    pipeline.resources.append(
        pipeline.resource(path, properties, shape.node, scope.document, found.condition, found.repeated)
    )


def _macros(shape: Shape, properties: Properties) -> list[str]:
    """The variables that a step takes by `$(name)`."""
    names: dict[str, None] = {}
    for key in shape.names:
        for scalar in scalars_below(shape.get(key), properties.budget):
            if isinstance(scalar.value, str):
                names.update(dict.fromkeys(_MACRO.findall(scalar.value)))
    return list(names)


def _put_kind(pipeline: PipelineReading, properties: Properties, shape: Shape, kind: str) -> list[dict[str, Value]]:
    properties.put("serviceConnections", [])
    entry = shape.entry(kind)
    if kind == "task":
        return _put_task(pipeline, properties, shape, entry)
    if kind in _SHELLS:
        properties.copy("run", entry)
        properties.put("shell", _SHELLS[kind])
        node = entry.value if entry is not None else None
        return _script(
            pipeline, shape, text_of(node), node, _SHELLS[kind], _folder(pipeline, shape, shape.get("workingDirectory"))
        )
    if kind == "checkout":
        persist = value_of(shape.get("persistCredentials"), properties.budget)
        repository = text_of(entry.value if entry is not None else None)
        checkout = {
            "repository": repository,
            "persistCredentials": persist is True or str(persist).lower() in ("true", "yes", "on", "y"),
        }
        properties.put("checkout", checkout, shape.entry("persistCredentials") or entry)
        return []
    properties.copy("of", entry)
    return []


def _put_task(
    pipeline: PipelineReading, properties: Properties, shape: Shape, entry: Entry | None
) -> list[dict[str, Value]]:
    text = text_of(entry.value if entry is not None else None)
    name, _, version = text.partition("@")
    properties.put(
        "task",
        {
            "text": text,
            "name": known_text(name),
            "version": version,
            "pinned": bool(re.fullmatch(r"\d+\.\d+\.\d+", version)),
        },
        entry,
    )
    given = shape.entry("inputs")
    properties.copy("inputs", given)
    node = given.value if given is not None else None
    inputs = {key.lower(): value_of(one.value, properties.budget) for key, one in entries_of(node)}
    connections: list[Value] = []
    for key, one in entries_of(node):
        if _CONNECTION.fullmatch(key.lower()) and key.lower() not in _NO_CONNECTION and text_of(one.value):
            properties.mark(one, "serviceConnections", len(connections))
            connections.append(known_text(text_of(one.value)))
    properties.put("serviceConnections", connections)
    folder = _folder(pipeline, shape, _input(node, "workingdirectory", "cwd", "scriptroot"))
    script = task_script(name, inputs)
    if script is not None:
        properties.put("shell", script.shell)
        written = _input(node, script.name)
        if written is None:
            return []
        if not script.is_file:
            return _script(pipeline, shape, text_of(written), written, script.shell, folder)
        return _script_file(pipeline, shape, properties, text_of(written), script.shell, folder)
    known = {key: _substituted(value, shape) for key, value in inputs.items()}
    found = task_deployment(name, known)
    if found is None or entry is None:
        return []
    base = _context(pipeline, shape, "", None, "bash", folder)
    reader = ScriptReader(shape.scope.reading, pipeline.request)
    return [reader.described(found, base, folder, Position(entry.line, entry.column))]


def _input(node: Node | None, *names: str) -> Node | None:
    if isinstance(node, ObjectNode):
        for name in names:
            found = node.get(name)
            if found is not None:
                return found
    return None


def _substituted(value: Value, shape: Shape) -> Value:
    """An input with the macros whose value is known."""
    if not isinstance(value, str) or "$(" not in value:
        return value
    names = known_names(shape.scope)

    def known(match: re.Match[str]) -> str:
        name = match.group(1).lower()
        if name in _ROOTS:
            return ROOT
        return names.get(name, match.group())

    return _MACRO.sub(known, value)


_ROOTS = frozenset({"build.sourcesdirectory", "system.defaultworkingdirectory", "build.repository.localpath"})


def _folder(pipeline: PipelineReading, shape: Shape, node: Node | None) -> str | None:
    """The working directory, relative to the project's root; None if it isn't known."""
    text = _substituted(text_of(node), shape)
    if not text:
        return pipeline.repository
    text = text.removeprefix(ROOT).lstrip("/\\") if text.startswith(ROOT) else text
    return None if "$" in text or text.startswith(("/", "~")) else inside(pipeline.repository, text)


def _context(
    pipeline: PipelineReading, shape: Shape, text: str, at: Node | None, shell: str, folder: str | None
) -> Script:
    names = known_names(shape.scope)
    for name, one in entries_of(shape.get("env")):
        value = text_of(one.value)
        if value and "$" not in value:
            names[name] = value
    return Script(
        text=text,
        shown=shape.scope.document.shown,
        shell=shell,
        folder=folder,
        repository=pipeline.repository,
        names=names,
        at=at if isinstance(at, Literal) else None,
        document=shape.scope.document,
    )


def _script(
    pipeline: PipelineReading, shape: Shape, text: str, at: Node | None, shell: str, folder: str | None
) -> list[dict[str, Value]]:
    script = _context(pipeline, shape, text, at, shell, folder)
    return ScriptReader(shape.scope.reading, pipeline.request).deployments(script)


def _script_file(
    pipeline: PipelineReading, shape: Shape, properties: Properties, written: str, shell: str, folder: str | None
) -> list[dict[str, Value]]:
    """A task that runs a file of the project."""
    reader = ScriptReader(shape.scope.reading, pipeline.request)
    script = _context(pipeline, shape, "", None, shell, folder)
    # The path of the file is seen from the top of the sources, whatever the working directory.
    path, there = reader.located(_path_value(_substituted(written, shape)), script, pipeline.repository)
    properties.put("scriptFile", path)
    return reader.of_file(str(path), script) if there else []


def _path_value(text: str) -> Value:
    return text if text.startswith(ROOT) and "$(" not in text else known_text(text)
