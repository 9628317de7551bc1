"""Commands of the Azure CLI that deploy, register, run, build or check something."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from resource_readers.interface import Unknown, Value
from resource_readers.workflows.commands import Found, Options, first_value, options_of, target_values, value_of_word
from resource_readers.workflows.shell_commands import Word

_INLINE_JSON = re.compile(r"\s*\{")
_PARAMETER = re.compile(r"([A-Za-z_][\w.\[\]\"'-]*)=(.*)", re.DOTALL)

_AZ_TARGETS: Mapping[str, tuple[str, ...]] = {
    "resourceGroup": ("--resource-group", "-g"),
    "subscription": ("--subscription", "--subscription-id"),
    "managementGroup": ("--management-group-id", "-m"),
    "location": ("--location", "-l"),
    "workspace": ("--workspace-name", "-w"),
    "registry": ("--registry-name", "--registry", "-r"),
    "endpoint": ("--endpoint-name", "-e"),
    "name": ("--name", "-n"),
    "mode": ("--mode",),
}
_LEVELS = ("group", "sub", "mg", "tenant")
_ML: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("online-endpoint", "online-deployment", "batch-endpoint", "batch-deployment", "serverless-endpoint"),
            *("endpoint", "deployment"),
        ),
        "deploy",
    ),
    **dict.fromkeys(
        (
            "workspace",
            "compute",
            "computetarget",
            "registry",
            "datastore",
            "connection",
            "feature-store",
            "workspace-hub",
        ),
        "provision",
    ),
    **dict.fromkeys(
        ("model", "environment", "data", "component", "feature-set", "feature-store-entity", "dataset"), "register"
    ),
    **dict.fromkeys(("job", "run"), "run"),
    "schedule": "schedule",
}
_ML_VERBS: Mapping[str, str] = {
    **dict.fromkeys(("create", "update", "register", "share", "provision-network", "submit", "submit-script"), ""),
    **dict.fromkeys(("delete", "archive"), "delete"),
    "invoke": "invoke",
    "deploy": "deploy",
}
_OTHER_AZ: Mapping[str, tuple[str, str]] = {
    "acr build": ("build", "image"),
    "acr import": ("push", "image"),
    "acr create": ("provision", "registry"),
    "acr task create": ("schedule", "image"),
    "bicep build": ("build", "template"),
    "bicep publish": ("push", "template"),
    "resource create": ("provision", "resource"),
    "group create": ("provision", "resource-group"),
    "group delete": ("delete", "resource-group"),
    "resource delete": ("delete", "resource"),
    "role assignment create": ("grant", "role-assignment"),
    "keyvault create": ("provision", "key-vault"),
    "storage account create": ("provision", "storage-account"),
    "webapp up": ("deploy", "web-app"),
    "webapp deploy": ("deploy", "web-app"),
    "webapp create": ("provision", "web-app"),
    "webapp deployment source config-zip": ("deploy", "web-app"),
    "functionapp create": ("provision", "function-app"),
    "functionapp deploy": ("deploy", "function-app"),
    "functionapp deployment source config-zip": ("deploy", "function-app"),
    "containerapp up": ("deploy", "container-app"),
    "containerapp create": ("deploy", "container-app"),
    "containerapp update": ("deploy", "container-app"),
    "container create": ("deploy", "container-instance"),
    "aks create": ("provision", "cluster"),
    "k8s-extension create": ("provision", "cluster-extension"),
    "synapse workspace create": ("provision", "synapse"),
    "datafactory create": ("provision", "data-factory"),
    "datafactory pipeline create": ("deploy", "data-factory"),
}


def az_command(words: Sequence[Word]) -> Found | None:
    """What `az ...` does."""
    positional, options = options_of(words[1:])
    path = [word.text.lower() for word in positional if word.known]
    joined = " ".join(path)
    if path[:1] == ["ml"]:
        return _az_ml(_ml_path(positional[1:]), options)
    effect, subject = _template_command(path) or _OTHER_AZ.get(joined, ("", ""))
    if not effect:
        return None
    if effect == "deploy" and ("--what-if" in options or "-w" in options):
        effect = "check"
    found = Found("az", joined, effect, subject, target=target_values(options, _AZ_TARGETS))
    if subject in ("template", "stack"):
        found.target.pop("workspace", None)
        found.file = first_value(
            options, "--template-file", "--template-uri", "--template-spec", "-f", "-u", "-s", "--file"
        )
        az_parameters((*options.get("--parameters", ()), *options.get("-p", ())), found)
    elif subject == "image":
        found.file = first_value(options, "--file", "-f") or ("Dockerfile" if joined == "acr build" else None)
        image = first_value(options, "--image", "-t")
        if image is not None:
            found.target["image"] = image
    elif effect in ("deploy", "build"):
        found.file = first_value(options, "--src-path", "--src", "--yaml", "--source", "--file", "-f")
    elif effect == "grant":
        found.target |= target_values(
            options, {"role": ("--role",), "scope": ("--scope",), "assignee": ("--assignee", "--assignee-object-id")}
        )
    return found


def _template_command(path: Sequence[str]) -> tuple[str, str] | None:
    verb = path[-1] if path else ""
    if path[:2] == ["group", "deployment"] or (path[:1] == ["deployment"] and path[1:2] == [verb]):
        pass
    elif not (len(path) == 3 and path[0] in ("deployment", "stack") and path[1] in _LEVELS):
        return None
    subject = "stack" if path[0] == "stack" else "template"
    effect = {"create": "deploy", "validate": "check", "what-if": "check", "delete": "delete"}.get(verb)
    return (effect, subject) if effect is not None else None


def _ml_path(positional: Sequence[Word]) -> list[str]:
    """The noun and the verb; `${{ inputs.kind }}-deployment` is a deployment of whatever kind."""
    path = []
    for word in positional:
        ending = word.text.rpartition("-")[2].lower()
        if word.known:
            path.append(word.text.lower())
        elif ending in ("deployment", "endpoint"):
            path.append(ending)
    return path


def _az_ml(path: Sequence[str], options: Options) -> Found | None:
    if len(path) < 2 or path[0] not in _ML or path[1] not in _ML_VERBS:
        return None
    effect = _ML_VERBS[path[1]] or _ML[path[0]]
    found = Found("az ml", " ".join(path[:2]), effect, path[0])
    found.target = target_values(
        options,
        {key: value for key, value in _AZ_TARGETS.items() if key not in ("registry", "mode", "managementGroup")},
    )
    found.target |= target_values(options, {"registry": ("--registry-name",)})
    found.file = first_value(options, "--file", "-f")
    traffic = first_value(options, "--traffic", "-r") if path[0] == "online-endpoint" else None
    if traffic is not None:
        found.target["traffic"] = traffic
    if "--all-traffic" in options:
        found.target["allTraffic"] = True
    if "--local" in options:
        found.effect = "check"
    for word in options.get("--set", ()):
        match = _PARAMETER.fullmatch(word.text)
        if match is not None:
            found.overrides[match.group(1)] = value_of_word(
                Word(match.group(2), word.known or "$" not in match.group(2))
            )
    return found


def az_parameters(words: Sequence[Word], found: Found) -> None:
    """`--parameters`: files (with or without @), `name=value`, JSON."""
    for word in words:
        match = _PARAMETER.fullmatch(word.text)
        if word.known and _INLINE_JSON.match(word.text):
            found.parameters.update(json_parameters(word.text))
        elif match is not None and not word.text.startswith("@"):
            found.parameters[match.group(1)] = _parameter_value(Word(match.group(2), word.known))
        elif word.text:
            found.parameter_files.append(value_of_word(Word(word.text.removeprefix("@"), word.known)))


def _parameter_value(word: Word) -> Value:
    known = word.known or not re.search(r"[$`]", word.text)
    if known and word.text.startswith("@"):
        return Unknown("the content of a file", word.text)
    return value_of_word(Word(word.text, known))


def json_parameters(text: str) -> dict[str, Value]:
    """Parameters that are given as JSON, like in a parameter file or as a plain object."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    inner = given.get("parameters", given)
    if not isinstance(inner, dict):
        return {}
    return {
        str(key): one.get("value", Unknown("a reference"))
        if isinstance(one, dict) and one.keys() & {"value", "reference"}
        else one
        for key, one in inner.items()
    }
