"""Which files are workflows, actions and pipelines: by their place, name and outermost keys, without parsing them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from resource_readers.project_files import ProjectFile

_KEY = re.compile(rb"^(?:\"([\w-]+)\"|'([\w-]+)'|([A-Za-z_][\w-]*))[ \t]*:(?=[ \t\r\n]|$)", re.MULTILINE)
_LIST_KEY = rb"^(?:%s)[ \t]*:[ \t]*(?:\[|(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*-[ \t])"
_AZURE_LISTS = {name: re.compile(_LIST_KEY % name.encode(), re.MULTILINE) for name in ("stages", "jobs", "steps")}
_AZURE_ITEM = re.compile(
    rb"(?:^[ \t]*(?:-[ \t]+)?|[\[{,][ \t]*)"
    rb"(?:(?:stage|job|deployment|task|script|bash|pwsh|powershell|checkout|template|download"
    rb"|publish|getPackage|reviewApp|downloadBuild|restoreCache|saveCache|phase)[ \t]*:|[\"']?\$\{\{)",
    re.MULTILINE,
)
_EXTENDS = re.compile(
    rb"^extends[ \t]*:[ \t]*"
    rb"(?:\{|(?:#[^\n]*)?\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]+)[ \t]*(?:template|parameters|\$\{\{)",
    re.MULTILINE,
)
_AZURE_KEYS = frozenset(
    {
        *(
            "stages",
            "jobs",
            "steps",
            "extends",
            "trigger",
            "pr",
            "pool",
            "resources",
            "parameters",
            "variables",
            "schedules",
        ),
        *("name", "container", "services", "strategy", "lockBehavior", "appendCommitMessageToRunName", "workspace"),
        *("dependsOn", "condition", "continueOnError", "timeoutInMinutes", "cancelTimeoutInMinutes", "displayName"),
    }
)
_PIPELINE_NAME = re.compile(
    r"^\.?azure[-_]?pipelines?([-_.].*)?\.ya?ml$|\.azure-pipelines?\.ya?ml$|^azuredevops.*\.ya?ml$", re.IGNORECASE
)


def _path(file: ProjectFile) -> PurePosixPath:
    # The absolute path: a workflow is one also where the project's root is its own folder.
    return PurePosixPath(file.path.as_posix())


def _is_yaml(file: ProjectFile) -> bool:
    return _path(file).suffix.lower() in (".yml", ".yaml")


def _outer_keys(data: bytes) -> set[str]:
    """The keys that begin a line."""
    return {next(one for one in groups if one).decode() for groups in _KEY.findall(data)}


def is_github_workflow(file: ProjectFile) -> bool:
    """Whatever lies in `.github/workflows`, and what has `on` and `jobs` elsewhere."""
    if not _is_yaml(file):
        return False
    if _path(file).parts[-3:-1] == (".github", "workflows"):
        return True
    keys = _outer_keys(file.searchable)
    return "jobs" in keys and ("on" in keys or "true" in keys) and not keys & {"$schema", "apiVersion", "trigger"}


def is_github_action(file: ProjectFile) -> bool:
    """`action.yml` that says how it runs."""
    if _path(file).name.lower() not in ("action.yml", "action.yaml"):
        return False
    keys = _outer_keys(file.searchable)
    return "runs" in keys or {"name", "description"} <= keys


def is_azure_pipeline(file: ProjectFile) -> bool:
    """What is named like a pipeline, and what has the stages, jobs, steps, variables of one."""
    if not _is_yaml(file) or _path(file).parts[-3:-1] == (".github", "workflows"):
        return False
    data = file.searchable
    keys = _outer_keys(data)
    if _PIPELINE_NAME.match(_path(file).name) and not keys & {"$schema", "apiVersion"}:
        return True
    if not keys <= _AZURE_KEYS:
        return False
    if _EXTENDS.search(data):
        return True
    for name in ("stages", "jobs", "steps"):
        if name in keys and _AZURE_LISTS[name].search(data) and _AZURE_ITEM.search(data):
            return True
        if name in keys and re.search(
            rb"^%s[ \t]*:[ \t]*(?:[^\n#]*\$\{\{|(?:#[^\n]*)?\r?\n[ \t]*\$\{\{)" % name.encode(), data, re.MULTILINE
        ):
            return True
    if keys and keys <= {"variables", "parameters"} and "variables" in keys:
        return True
    # The outermost keys of a pipeline whose steps couldn't be seen.
    return "steps" in keys and bool(keys & {"trigger", "pool", "pr"}) and keys <= _AZURE_KEYS
