"""Of which kind a file is: by `$schema`, else by its keys; within a family `type` decides, as in the CLI."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from resource_readers.azure_ml.scalars import is_scalar, text
from resource_readers.azure_ml.tables import folded, tables
from resource_readers.trees.nodes import Literal, ObjectNode

JOB_TYPES: Mapping[str, str] = {
    "command": "command_job",
    "sweep": "sweep_job",
    "pipeline": "pipeline_job",
    "automl": "automl_job",
    "spark": "spark_job",
    "parallel": "parallel_job",
    "import": "import_job",
    "datatransfer": "data_transfer_job",
    "finetuning": "finetuning_job",
    "distillation": "distillation_job",
    "labeling": "labeling_job",
}
COMPUTE_TYPES: Mapping[str, str] = {
    "amlcompute": "amlcompute",
    "computeinstance": "computeinstance",
    "kubernetes": "kubernetes_compute",
    "virtualmachine": "virtual_machine",
    "synapsespark": "synapse_spark",
}
_DATASTORE_TYPES = frozenset({"azureblob", "azurefile", "azuredatalakegen1", "azuredatalakegen2", "onelake", "hdfs"})
_DATA_TYPES = frozenset({"urifile", "urifolder", "mltable"})
_MODEL_TYPES = frozenset({"custommodel", "mlflowmodel", "tritonmodel", "presetmodel"})

# A key that shows another kind of file: Kubernetes, workflows, compose, OpenAPI, conda, actions, flows, MLflow.
_OTHERS = frozenset(
    {"apiVersion", "runs", "steps", "stages", "pool", "services", "openapi", "swagger", "channels", "dependencies"}
    | {"on", "true", "nodes", "resources.repositories", "extends", "flavors", "artifact_path", "parameters.name"}
)
_ENVIRONMENT = frozenset({"name", "version", "image", "build", "conda_file", "description", "tags", "os_type"}) | {
    *("inference_config", "environment_variables", "properties", "datastore")
}
_WORKSPACE = frozenset(
    {"hbi_workspace", "managed_network", "customer_managed_key", "application_insights", "container_registry"}
    | {"image_build_compute", "primary_user_assigned_identity", "serverless_compute", "hub_id", "workspace_hub"}
    | {"key_vault"}
)
_FLOW_RUN = frozenset({"name", "display_name", "description", "tags", "flow", "data", "run", "column_mapping"}) | {
    *("variant", "environment_variables", "connections", "resources", "identity", "init", "properties")
}
_RUN = frozenset({"command", "component", "code", "environment", "compute", "inputs", "trial", "experiment_name"})
_COMPONENT_ONLY = frozenset({"is_deterministic", "additional_includes"})
_JOB_ONLY = frozenset({"compute", "experiment_name", "limits", "identity", "queue_settings", "services", "settings"})

NODE = "jobs.*"
"""Key of a file's top level by which `top_level` says that its jobs are nodes of a pipeline."""


def schema_kind(schema: str) -> str | None:
    """What a `$schema` names; None for one that isn't Azure ML's."""
    known = tables().schemas
    lowered = schema.casefold()
    last = re.split(r"[/\\]", lowered.split("?")[0].rstrip("/#"))[-1]
    name = folded(re.sub(r"(?:\.schema)?\.json\Z|\.schema\Z", "", last))
    if "promptflow" in lowered:
        flow = tables().promptflow_schemas.get(name)
        return flow or ("promptflow_connection" if name.endswith("connection") else None)
    ours = "azureml" in lowered or "azure-ml" in lowered
    if name == "flow" and ours:
        return "flow"
    if not ours and not (last.endswith(".schema.json") and lowered.startswith((".", "/", "file:", last))):
        return None
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 1, 0.85) if ours else []
    return known[near[0]] if near else None


def is_ours(schema: str) -> bool:
    """Whether a `$schema` is Azure ML's, even if it names no kind that is known."""
    return "azureml" in schema.casefold() and "promptflow" not in schema.casefold()


def kind_of(node: ObjectNode, schema: str) -> str | None:
    """Name of the kind of what a file holds; None if it can't be told.

    Args:
        node: its top.
        schema: what the file names elsewhere than under the key `$schema`.
    """
    top = top_level(node)
    named = schema_kind(top.get("$schema", "")) or schema_kind(schema)
    if named is None:
        return _workspace(top) if (kind := by_structure(top)) == "workspace" else kind
    kind = folded(top.get("type", ""))
    if named == "job" or named in JOB_TYPES.values():
        return JOB_TYPES.get(kind, "command_job" if named == "job" else named)
    if named == "compute" or named in COMPUTE_TYPES.values():
        return COMPUTE_TYPES.get(kind, named)
    if named == "workspace":
        return _workspace(top)
    if named == "online_endpoint" and "endpoint_name" in top:
        return "online_deployment"
    return named


def _workspace(top: Mapping[str, str]) -> str:
    """Which kind of workspace it is: a project names its hub, the others say their kind."""
    if folded(top.get("kind", "")) == "featurestore":
        return "feature_store"
    return "project" if {"hub_id", "workspace_hub"} & top.keys() else "workspace"


def job_shape(node: ObjectNode) -> str:
    """The shape of a job that stands where a job must be."""
    top = top_level(node)
    kind = JOB_TYPES.get(folded(top.get("type", "")))
    named = schema_kind(top.get("$schema", ""))
    if kind is None and named in JOB_TYPES.values():
        kind = named
    return tables().kinds[kind or "pipeline_job"].shape


def top_level(node: ObjectNode) -> dict[str, str]:
    """The keys of a file with their texts ("" for what is no text)."""
    found: dict[str, str] = {}
    for entry in node.entries:
        value = text(entry.value) if is_scalar(entry.value) else None
        found[str(entry.key)] = value if isinstance(value, str) else ""
    jobs = node.get("jobs")
    if isinstance(jobs, ObjectNode):
        children = [one.value for one in jobs.entries if isinstance(one.value, ObjectNode)]
        if any(_is_node(child) for child in children):
            found[NODE] = ""
    return found


def _is_node(node: ObjectNode) -> bool:
    kind = node.get("type")
    typed = isinstance(kind, Literal) and folded(str(kind.value)) in JOB_TYPES
    return (typed or node.get("component") is not None) and node.get("runs-on") is None and node.get("steps") is None


def by_structure(top: Mapping[str, str]) -> str | None:
    """The kind of a file without `$schema`; None where other kinds of files look alike."""
    keys = frozenset(top)
    if keys & _OTHERS:
        return None
    kind = folded(top.get("type", ""))
    return _endpoints(top, keys, kind) or _jobs(keys, kind) or _assets(keys, kind) or _rest(keys, kind)


def _endpoints(top: Mapping[str, str], keys: frozenset[str], kind: str) -> str | None:
    if "endpoint_name" in keys:
        batch = {"mini_batch_size", "output_action", "settings", "component", "compute", "error_threshold"} & keys
        if batch or kind in ("model", "pipeline"):
            return "batch_deployment"
        runs = {"model", "environment", "code_configuration", "instance_count", "instance_type", "scale_settings"}
        return "online_deployment" if runs & keys else None
    if "auth_mode" in keys and "name" in keys:
        if "defaults" in keys:
            return "batch_endpoint"
        if "model_id" in keys:
            return "serverless_endpoint"
        ours = {"traffic", "mirror_traffic", "public_network_access", "identity", "compute", "description", "tags"}
        return "online_endpoint" if keys <= ours | {"name", "auth_mode", "location", "properties"} else None
    if "model_id" in keys and top["model_id"].startswith("azureml://") and "name" in keys:
        return "serverless_endpoint"
    return None


def _jobs(keys: frozenset[str], kind: str) -> str | None:
    if {"trigger"} & keys and {"create_job", "create_monitor", "import_data"} & keys:
        return "schedule"
    if kind == "pipeline" or NODE in keys:
        if "jobs" not in keys or (kind != "pipeline" and NODE not in keys):
            return None
        component = "version" in keys and "name" in keys and not keys & _JOB_ONLY
        return "component" if component or keys & _COMPONENT_ONLY else "pipeline_job"
    wanted: Mapping[str, frozenset[str]] = {
        "command": frozenset({"command"}),
        "sweep": frozenset({"trial", "objective", "search_space"}),
        "automl": frozenset({"task", "training_data", "primary_metric"}),
        "spark": frozenset({"entry", "conf"}),
        "parallel": frozenset({"mini_batch_size", "input_data"}),
        "datatransfer": frozenset({"task"}),
        "finetuning": frozenset({"model_provider", "training_data"}),
        "distillation": frozenset({"student_model"}),
    }
    if kind in wanted and keys & wanted[kind] and (keys & _RUN or kind not in ("command", "spark")):
        component = bool(keys & _COMPONENT_ONLY) or ("version" in keys and not keys & _JOB_ONLY)
        return "component" if component else JOB_TYPES[kind]
    # A command without a type is a command job to the CLI.
    if "command" in keys and "environment" in keys and keys & {"compute", "code", "experiment_name"} and not kind:
        return "command_job"
    return None


def _assets(keys: frozenset[str], kind: str) -> str | None:
    if "conda_file" in keys and keys <= _ENVIRONMENT | {"$schema"}:
        return "environment"
    if "name" in keys and {"image", "build"} & keys and keys <= _ENVIRONMENT and keys & {"version", "os_type"}:
        return "environment"
    if kind in _DATA_TYPES and "path" in keys:
        return "data_import" if "source" in keys else "data"
    if kind in _MODEL_TYPES and {"path", "name"} & keys:
        return "model"
    if kind in _DATASTORE_TYPES and {"account_name", "store_name", "one_lake_workspace_name"} & keys:
        return "datastore" if "target" not in keys else "connection"
    categories = tables().enums["connection_category"]
    if kind == "custom" and {"configs", "secrets"} & keys and "name" in keys:
        return "promptflow_connection"
    if kind in categories and "name" in keys and {"credentials", "target", "api_key", "api_base"} & keys:
        return "connection"
    if "target_environment" in keys and {"inferencing_server", "base_environment_source"} & keys:
        return "model_package"
    return None


def _rest(keys: frozenset[str], kind: str) -> str | None:
    sized = {"size", "min_instances", "max_instances", "resource_id", "idle_time_before_scale_down", "namespace"}
    if kind in COMPUTE_TYPES and "name" in keys and keys & sized:
        return COMPUTE_TYPES[kind]
    if "specification" in keys and "entities" in keys:
        return "feature_set"
    if "index_columns" in keys and "name" in keys and "features" not in keys:
        return "feature_store_entity"
    if {"offline_store", "materialization_identity"} & keys and "name" in keys:
        return "feature_store"
    if {"features", "index_columns", "source"} <= keys:
        return "feature_set_specification"
    if "replication_locations" in keys:
        return "registry"
    if "managed_network" in keys or keys == {"identity"} or (len(keys & _WORKSPACE) >= 2 and "location" in keys):
        return "workspace"
    if "flow" in keys and {"data", "run"} & keys and keys <= _FLOW_RUN:
        return "flow_run"
    if "capability_host_kind" in keys:
        return "capability_host"
    return None
