"""The deployments that workflows make, and the parameters that they give to the project's templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from resource_readers.interface import ReadResult, Resource, Value
from verdicts import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One command, action or task that deploys, registers, runs, builds, checks or deletes something.

    Attributes:
        tool: "az", "az ml", "bicep", "terraform", "docker", "kubectl", "helm", "powershell", "azd", "func", or the name
            of an action ("azure/arm-deploy") or task ("AzureResourceManagerTemplateDeployment").
        command: without options ("deployment group create").
        effect: deploy, provision, register, run, schedule, build, push, check, invoke, grant or delete.
        subject: what it is about ("template", "online-endpoint", "terraform", "image" ...).
        file: relative to the project's root if it is there (`found`), else as written; an Unknown where it is computed;
            None if the command takes none.
        parameter_files: the same way.
        parameters: those that the command gives one by one; "*" stands for more of them that aren't known.
        overrides: fields of an asset that are set from outside (`az ml ... --set`).
        target: resourceGroup, workspace, subscription, name, traffic ..., as far as the command says.
        environment: of the job that runs it; None if the job has none.
        location: of the command.
        step: id of the step.
    """

    tool: str
    command: str
    effect: str
    subject: str
    file: Value
    found: bool
    parameter_files: tuple[Value, ...]
    parameters: Mapping[str, Value]
    overrides: Mapping[str, Value]
    target: Mapping[str, Value]
    environment: Value
    location: Location
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSource:
    """What one deployment gives to a template.

    Attributes:
        files: parameter files, relative to the project's root where they are there; Unknown where they are computed.
        inline: parameters that are given one by one; they win over those of files.
        deployment: the deployment itself.
    """

    files: tuple[Value, ...]
    inline: Mapping[str, Value]
    deployment: Deployment


def deployments_of(results: Iterable[ReadResult]) -> Iterator[Deployment]:
    """Every deployment of the workflows and pipelines among some results, in their order."""
    for result in results:
        for resource in result.resources:
            yield from _of_step(resource)


def template_parameters(results: Iterable[ReadResult]) -> Mapping[str, tuple[ParameterSource, ...]]:
    """What the workflows among some results give to the templates of the project that they deploy or check.

    Args:
        results: of any kinds; those that are no workflows say nothing.

    Returns:
        By the path of the template relative to the project's root (for Terraform that of the module's folder).
    """
    found: dict[str, list[ParameterSource]] = {}
    for one in deployments_of(results):
        if one.subject in ("template", "stack", "terraform") and one.effect in ("deploy", "check") and one.found:
            source = ParameterSource(files=one.parameter_files, inline=one.parameters, deployment=one)
            found.setdefault(str(one.file), []).append(source)
    return {path: tuple(sources) for path, sources in found.items()}


def _of_step(resource: Resource) -> Iterator[Deployment]:
    if not resource.type.endswith("/steps") or not isinstance(resource.properties, dict):
        return
    for one in resource.properties.get("deployments", ()):
        yield Deployment(
            tool=one["tool"],
            command=one["command"],
            effect=one["effect"],
            subject=one["subject"],
            file=one.get("file"),
            found=one.get("fileFound", False),
            parameter_files=tuple(one.get("parameterFiles", ())),
            parameters=one.get("parameters", {}),
            overrides=one.get("overrides", {}),
            target=one.get("target", {}),
            environment=one.get("environment"),
            location=Location(one["definedIn"], one["line"]),
            step=resource.id,
        )
