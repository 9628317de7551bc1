"""Actions of GitHub and tasks of Azure Pipelines that deploy, build or run a script of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from resource_readers.interface import Unknown, Value
from resource_readers.workflows.azure_cli_commands import az_parameters, json_parameters
from resource_readers.workflows.commands import Found
from resource_readers.workflows.properties import known_text
from resource_readers.workflows.shell_commands import ScriptError, Word, shell_commands

_MAXIMUM_INPUT = 100_000
Inputs = Mapping[str, Value]
"""The inputs of an action or task by their folded names."""


@dataclass(frozen=True, slots=True)
class InputScript:
    """A script that stands in an input, or a file that an input names.

    Attributes:
        name: the input (folded).
        shell: see scripts.Script.
        is_file: the input names a file of the project.
    """

    name: str
    shell: str
    is_file: bool = False


def _text(inputs: Inputs, *names: str) -> Value:
    """The first of the inputs that isn't empty, an Unknown where an expression gives it."""
    for name in names:
        value = inputs.get(name)
        if value is None or value == "":
            continue
        return known_text(value) if isinstance(value, str) else value
    return None


def _plain(inputs: Inputs, name: str) -> str:
    value = inputs.get(name)
    return "" if value is None else str(value.text if isinstance(value, Unknown) else value)


def _target(inputs: Inputs, names: Mapping[str, tuple[str, ...]]) -> dict[str, Value]:
    found = {key: _text(inputs, *written) for key, written in names.items()}
    return {key: value for key, value in found.items() if value is not None}


def _words(text: str) -> list[Word]:
    """A text's words as a shell would split them."""
    try:
        return [word for command in shell_commands(" ".join(text.split("\n"))) for word in _all_words(command)]
    except ScriptError:
        return []


def _all_words(command: object) -> list[Word]:
    words = list(getattr(command, "words", ()))
    return [Word(f"{name}={word.text}", word.known) for name, word in getattr(command, "assignments", ())] + words


_ARM_TARGETS: Mapping[str, tuple[str, ...]] = {
    "resourceGroup": ("resourcegroupname", "resource-group-name"),
    "subscription": ("subscriptionid", "subscriptionname", "subscription-id"),
    "managementGroup": ("managementgroupid", "management-group-id"),
    "location": ("region", "location"),
    "name": ("deploymentname", "name"),
    "mode": ("deploymentmode",),
    "scope": ("scope", "deploymentscope"),
}


def _arm_deploy(inputs: Inputs, name: str) -> Found:
    found = Found(name, name, "deploy", "template", _text(inputs, "template"), target=_target(inputs, _ARM_TARGETS))
    if (
        _plain(inputs, "deploymentmode").lower() == "validate"
        or "--what-if" in _plain(inputs, "additionalarguments").split()
    ):
        found.effect = "check"
    az_parameters(_words(_plain(inputs, "parameters")), found)
    return found


def _bicep_deploy(inputs: Inputs, name: str) -> Found:
    operation = _plain(inputs, "operation").lower()
    effect = {"validate": "check", "whatif": "check", "delete": "delete"}.get(operation, "deploy")
    subject = "stack" if _plain(inputs, "type").lower() == "deploymentstack" else "template"
    found = Found(
        name, operation or name, effect, subject, _text(inputs, "template-file"), target=_target(inputs, _ARM_TARGETS)
    )
    file = _text(inputs, "parameters-file")
    if file is not None:
        found.parameter_files.append(file)
    text = _plain(inputs, "parameters")
    found.parameters.update(json_parameters(text))
    if text and not found.parameters:
        found.parameters["*"] = (
            known_text(text) if isinstance(known_text(text), Unknown) else Unknown("not understood", text)
        )
    return found


def _arm_task(inputs: Inputs, name: str) -> Found:
    action = _plain(inputs, "action").lower()
    found = Found(name, action or "create or update resource group", "deploy", "template")
    found.file = _text(inputs, "csmfile", "csmfilelink")
    found.target = _target(inputs, _ARM_TARGETS)
    for one in ("csmparametersfile", "csmparametersfilelink"):
        file = _text(inputs, one)
        if file is not None:
            found.parameter_files.append(file)
    if action.startswith(("delete", "start", "stop", "restart", "select")):
        found.effect = "delete" if action.startswith("delete") else "run"
    elif _plain(inputs, "deploymentmode").lower() == "validation":
        found.effect = "check"
    found.parameters.update(_overrides(_plain(inputs, "overrideparameters")))
    return found


def _overrides(text: str) -> dict[str, Value]:
    """`-name value -other "value"`; a value goes up to the next dash that begins a name."""
    found: dict[str, Value] = {}
    if len(text) > _MAXIMUM_INPUT:
        return {"*": Unknown("parameters that are too long")}
    pieces = re.split(r"(?:^|\s)-([A-Za-z_]\w*)(?=[\s=]|$)", text)
    for name, written in zip(pieces[1::2], pieces[2::2], strict=True):
        value = written.removeprefix("=").strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        found[name] = known_text(value)
    return found


def _terraform_task(inputs: Inputs, name: str) -> Found | None:
    command = _plain(inputs, "command").lower() or "init"
    effect = {"apply": "deploy", "destroy": "delete", "plan": "check", "validate": "check"}.get(command)
    if effect is None:
        return None
    found = Found(name, command, effect, "terraform", ".")
    for match in re.finditer(r"-var-file[= ]+(?:\"([^\"]*)\"|'([^']*)'|(\S+))", _plain(inputs, "commandoptions")):
        found.parameter_files.append(known_text(match.group(1) or match.group(2) or match.group(3) or ""))
    for match in re.finditer(
        r"-var[= ]+(?:\"(\w+)=([^\"]*)\"|'(\w+)=([^']*)'|(\w+)=(\S+))", _plain(inputs, "commandoptions")
    ):
        key, value = [one for one in match.groups() if one is not None][:2]
        found.parameters[key] = known_text(value)
    return found


def _docker_task(inputs: Inputs, name: str) -> Found | None:
    command = _plain(inputs, "command").lower() or _plain(inputs, "action").lower() or "buildandpush"
    if command not in ("build", "push", "buildandpush", "build an image", "push an image"):
        return None
    found = Found(name, command, "build" if command in ("build", "build an image") else "push", "image")
    if "build" in command:
        found.file = _text(inputs, "dockerfile")
    found.target = _target(inputs, {"image": ("repository", "imagename"), "tags": ("tags",)})
    return found


def _docker_action(inputs: Inputs, name: str) -> Found:
    pushes = inputs.get("push") in (True, "true")
    found = Found(name, "build and push" if pushes else "build", "push" if pushes else "build", "image")
    found.file = _text(inputs, "file")
    found.target = _target(inputs, {"image": ("tags",), "context": ("context",)})
    if isinstance(inputs.get("push"), str) and "${{" in str(inputs["push"]):
        found.effect = "push"
    return found


def _plain_deploy(
    subject: str, file: tuple[str, ...], target: Mapping[str, tuple[str, ...]]
) -> Callable[[Inputs, str], Found]:
    def read(inputs: Inputs, name: str) -> Found:
        return Found(name, "deploy", "deploy", subject, _text(inputs, *file), target=_target(inputs, target))

    return read


_WEB: Mapping[str, tuple[str, ...]] = {
    "name": ("app-name", "appname", "webappname"),
    "slot": ("slot-name", "slotname"),
    "resourceGroup": ("resource-group-name", "resourcegroupname"),
    "image": ("images", "imagename", "imagetodeploy", "containers"),
}
_KUBERNETES: Mapping[str, tuple[str, ...]] = {"namespace": ("namespace",)}


def _kubernetes_task(inputs: Inputs, name: str) -> Found | None:
    command = (_plain(inputs, "command") or _plain(inputs, "action") or "deploy").lower()
    effects = {"apply": "deploy", "create": "deploy", "deploy": "deploy", "promote": "deploy", "delete": "delete"}
    effects |= {"upgrade": "deploy", "install": "deploy", "set": "deploy", "run": "deploy", "reject": "deploy"}
    if command not in effects:
        return None
    file = _text(inputs, "manifests", "configuration", "chartpath", "chartname")
    return Found(name, command, effects[command], "kubernetes", file, target=_target(inputs, _KUBERNETES))


_ACTIONS: Mapping[str, Callable[[Inputs, str], Found | None]] = {
    "azure/arm-deploy": _arm_deploy,
    "azure/bicep-deploy": _bicep_deploy,
    "docker/build-push-action": _docker_action,
    "azure/webapps-deploy": _plain_deploy("web-app", ("package",), _WEB),
    "azure/functions-action": _plain_deploy("function-app", ("package",), _WEB),
    "azure/functions-container-action": _plain_deploy("function-app", (), _WEB),
    "azure/static-web-apps-deploy": _plain_deploy("static-web-app", ("app_location",), {}),
    "azure/container-apps-deploy-action": _plain_deploy(
        "container-app",
        ("yamlconfigpath",),
        {"name": ("containerappname",), "resourceGroup": ("resourcegroup",), "image": ("imagetodeploy",)},
    ),
    "azure/aci-deploy": _plain_deploy(
        "container-instance", (), {"name": ("name",), "resourceGroup": ("resource-group",), "image": ("image",)}
    ),
    "azure/k8s-deploy": _plain_deploy("kubernetes", ("manifests",), _KUBERNETES),
    "azure/aml-deploy": _plain_deploy("online-endpoint", ("parameters_file",), {}),
    "azure/aml-registermodel": lambda inputs, name: Found(
        name, "register", "register", "model", _text(inputs, "parameters_file")
    ),
    "azure/aml-run": lambda inputs, name: Found(name, "run", "run", "job", _text(inputs, "parameters_file")),
    "azure/data-factory-deploy-action": _plain_deploy(
        "template", ("armtemplatefile",), {"resourceGroup": ("resourcegroupname",), "name": ("datafactoryname",)}
    ),
    "azure/synapse-workspace-deployment": _plain_deploy(
        "synapse", ("templatefile",), {"workspace": ("targetworkspacename",)}
    ),
}
_ACTION_SCRIPTS: Mapping[str, InputScript] = {
    "azure/cli": InputScript("inlinescript", "bash"),
    "azure/powershell": InputScript("inlinescript", "pwsh"),
    "azure/run-script": InputScript("inlinescript", "bash"),
    "nick-fields/retry": InputScript("command", "bash"),
    "nick-invision/retry": InputScript("command", "bash"),
}
_TASKS: Mapping[str, Callable[[Inputs, str], Found | None]] = {
    "azureresourcemanagertemplatedeployment": _arm_task,
    "azureresourcegroupdeployment": _arm_task,
    "bicepdeploy": lambda inputs, name: _bicep_deploy(
        {**inputs, "template-file": inputs.get("templatefile"), "parameters-file": inputs.get("parametersfile")}, name
    ),
    **dict.fromkeys(
        (*(f"terraformtaskv{number}" for number in (1, 2, 3, 4)), "terraformtask", "terraformcli", "terraform"),
        _terraform_task,
    ),
    "docker": _docker_task,
    "azurewebapp": _plain_deploy("web-app", ("package",), _WEB),
    "azurermwebappdeployment": _plain_deploy("web-app", ("package", "packageforlinux"), _WEB),
    "azurewebappcontainer": _plain_deploy("web-app", (), _WEB),
    "azurefunctionapp": _plain_deploy("function-app", ("package",), _WEB),
    "azurefunctionappcontainer": _plain_deploy("function-app", (), _WEB),
    "azurestaticwebapp": _plain_deploy("static-web-app", ("app_location",), {}),
    "azurecontainerapps": _plain_deploy(
        "container-app", ("yamlconfigpath",), {"name": ("containerappname",), "image": ("imagetodeploy",)}
    ),
    **dict.fromkeys(("kubernetes", "kubernetesmanifest", "helmdeploy"), _kubernetes_task),
    "synapse workspace deployment": _plain_deploy(
        "synapse", ("templatefile",), {"workspace": ("targetworkspacename",)}
    ),
    "sqlazuredacpacdeployment": _plain_deploy("database", ("dacpacfile", "sqlfile"), {"name": ("databasename",)}),
}


def action_deployment(name: str, inputs: Inputs) -> Found | None:
    """What an action of GitHub ("owner/repository", folded) does, or None for one that is none of ours."""
    reader = _ACTIONS.get(name)
    return reader(inputs, name) if reader is not None else None


def action_script(name: str) -> InputScript | None:
    """The input of an action that is run as a script."""
    return _ACTION_SCRIPTS.get(name)


def task_deployment(name: str, inputs: Inputs) -> Found | None:
    """What a task of Azure Pipelines (its name without version) does, or None for one that is none of ours."""
    folded = name.lower().rsplit(".", 1)[-1]
    reader = _TASKS.get(folded)
    return reader(inputs, name) if reader is not None else None


def task_script(name: str, inputs: Inputs) -> InputScript | None:
    """The input of a task that is run as a script, or names the file with it."""
    folded = name.lower().rsplit(".", 1)[-1]
    if folded == "azurecli":
        shell = _plain(inputs, "scripttype").lower() or "bash"
        file = _plain(inputs, "scriptlocation").lower() == "scriptpath"
        return InputScript(
            "scriptpath" if file else "inlinescript", "pwsh" if shell in ("ps", "pscore") else shell, file
        )
    if folded == "azurepowershell":
        file = _plain(inputs, "scripttype").lower() == "filepath" or (
            not _plain(inputs, "inline") and not _plain(inputs, "scripttype")
        )
        return InputScript("scriptpath" if file else "inline", "pwsh", file)
    if folded in ("bash", "powershell"):
        file = _plain(inputs, "targettype").lower() != "inline" and "script" not in inputs
        return InputScript("filepath" if file else "script", "bash" if folded == "bash" else "pwsh", file)
    if folded == "cmdline":
        return InputScript("script", "cmd")
    if folded in ("shellscript", "batchscript"):
        return InputScript("scriptpath" if folded == "shellscript" else "filename", "bash", True)
    return None
