"""All readers. A new kind of file is a new module and a line here."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

from resource_readers.arm.parameter_reader import ArmParametersReader
from resource_readers.arm.reader import ArmJsonReader
from resource_readers.azure_ml.reader import AzureMlReader
from resource_readers.bicep.deployments import BicepParametersReader
from resource_readers.bicep.reader import BicepReader
from resource_readers.containers.conda import CondaReader
from resource_readers.containers.dockerfile import DockerfileReader
from resource_readers.containers.kubernetes import KubernetesReader
from resource_readers.containers.mlmodel import MlModelReader
from resource_readers.containers.prompt_flow import PromptFlowReader
from resource_readers.data_factory.activities import activity_resources
from resource_readers.data_factory.reader import DataFactoryReader
from resource_readers.interface import UNKNOWN_KIND, NotRead, Reader, ReadRequest, ReadResult
from resource_readers.project_files import UnreadableFileError, open_inside, shown_name
from resource_readers.terraform.plan import TerraformPlanReader, TerraformStateReader
from resource_readers.terraform.reader import TerraformReader, TerraformVariablesReader
from resource_readers.workflows.azure_reader import AzurePipelineReader
from resource_readers.workflows.github_reader import GithubActionReader, GithubWorkflowReader

READERS: tuple[Reader, ...] = (
    TerraformReader(),
    TerraformVariablesReader(),
    TerraformPlanReader(),
    TerraformStateReader(),
    ArmJsonReader(),
    ArmParametersReader(),
    BicepReader(),
    BicepParametersReader(),
    DataFactoryReader(),
    DockerfileReader(),
    MlModelReader(),
    PromptFlowReader(),
    GithubWorkflowReader(),
    GithubActionReader(),
    AzurePipelineReader(),
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
