"""All readers. A new kind of file is a new module and a line here."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from resource_readers.arm.parameter_reader import ArmParametersReader
from resource_readers.arm.reader import ArmJsonReader
from resource_readers.azure_ml.reader import AzureMlReader
from resource_readers.bicep.deployments import BicepParametersReader
from resource_readers.bicep.reader import BicepReader
from resource_readers.containers.conda import CondaReader
from resource_readers.containers.kubernetes import KubernetesReader
from resource_readers.containers.mlmodel import MlModelReader
from resource_readers.containers.prompt_flow import PromptFlowReader
from resource_readers.containers.recognition import is_dockerfile
from resource_readers.data_factory.activities import activity_resources
from resource_readers.data_factory.reader import DataFactoryReader
from resource_readers.interface import UNKNOWN_KIND, NotRead, Reader, ReadRequest, ReadResult
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside, shown_name
from resource_readers.terraform.recognition import is_configuration, is_plan, is_state, is_variables
from resource_readers.workflows.recognition import is_azure_pipeline, is_github_action, is_github_workflow


@dataclass(frozen=True, slots=True)
class LateReader:
    """A reader whose module is imported when a file of its kind is read: few projects have all kinds. See Reader.

    Attributes:
        kind: the reader's.
        recognition: what its `recognises` asks, too.
        module: the full name of its module.
        name: of its class there.
    """

    kind: str
    recognition: Callable[[ProjectFile], bool]
    module: str
    name: str

    @property
    def itself(self) -> Reader:
        """The reader that does the work."""
        return cast(Reader, getattr(importlib.import_module(self.module), self.name)())

    def recognises(self, file: ProjectFile) -> bool:
        """See Reader."""
        return self.recognition(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See Reader."""
        return self.itself.read(file, request)


_TERRAFORM = "resource_readers.terraform"
_WORKFLOWS = "resource_readers.workflows"

READERS: tuple[Reader, ...] = (
    LateReader("terraform", is_configuration, f"{_TERRAFORM}.reader", "TerraformReader"),
    LateReader("terraform-variables", is_variables, f"{_TERRAFORM}.reader", "TerraformVariablesReader"),
    LateReader("terraform-plan", is_plan, f"{_TERRAFORM}.plan", "TerraformPlanReader"),
    LateReader("terraform-state", is_state, f"{_TERRAFORM}.plan", "TerraformStateReader"),
    ArmJsonReader(),
    ArmParametersReader(),
    BicepReader(),
    BicepParametersReader(),
    DataFactoryReader(),
    LateReader("dockerfile", is_dockerfile, "resource_readers.containers.dockerfile", "DockerfileReader"),
    MlModelReader(),
    PromptFlowReader(),
    LateReader("github-workflow", is_github_workflow, f"{_WORKFLOWS}.github_reader", "GithubWorkflowReader"),
    LateReader("github-action", is_github_action, f"{_WORKFLOWS}.github_reader", "GithubActionReader"),
    LateReader("azure-pipeline", is_azure_pipeline, f"{_WORKFLOWS}.azure_reader", "AzurePipelineReader"),
    AzureMlReader(),
    KubernetesReader(),
    CondaReader(),
)


def read_resources(request: ReadRequest) -> ReadResult:
    """Reads a file by the reader that recognises it; a file that none recognises is named as not read."""
    result = read_if_recognised(request)
    if result is not None:
        return result
    kinds = ", ".join(dict.fromkeys(one.kind for one in READERS))
    shown = shown_name(request.root, request.path)
    return _nothing(shown, f"no reader recognises it (known kinds: {kinds})")


def read_if_recognised(request: ReadRequest, kinds: frozenset[str] | None = None) -> ReadResult | None:
    """Reads a file by the reader that recognises it; None for a file that is of none of our kinds.

    A file that can't be opened may be of any kind, so it is named as not read.

    Args:
        request: which file, and how.
        kinds: reads files of these only; None for all.
    """
    shown = shown_name(request.root, request.path)
    try:
        file = open_inside(request.root, request.path)
    except UnreadableFileError as error:
        return _nothing(error.shown, f"can't be read: {error}")
    try:
        reader = next((one for one in READERS if one.recognises(file)), None)
        if reader is None or (kinds is not None and reader.kind not in kinds):
            return None
        return _with_activities(reader.read(file, request))
    except Exception as error:  # a reader's own mistake must neither end the run nor pass as "nothing in it"
        return _nothing(shown, f"mlgate itself failed here ({_place_of(error)}); please report it")


def _with_activities(result: ReadResult) -> ReadResult:
    """The same with the activities of pipelines, whichever reader gave these, behind their pipeline."""
    added = [(resource, activity_resources(resource)) for resource in result.resources]
    if not any(activities for _, activities in added):
        return result
    return replace(result, resources=tuple(one for resource, more in added for one in (resource, *more)))


def _nothing(shown: str, reason: str) -> ReadResult:
    return ReadResult(kind=UNKNOWN_KIND, not_read=(NotRead(shown, None, reason),))


def _place_of(error: Exception) -> str:
    """What was raised and where, without its message, which may hold anything of the file."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
