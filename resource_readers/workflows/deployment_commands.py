"""Commands that deploy, register, run, build or check something: what they do, with which files and parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from resource_readers.workflows.azure_cli_commands import az_command
from resource_readers.workflows.commands import Found, first_value, options_of, target_values, value_of_word
from resource_readers.workflows.powershell_deployments import CMDLETS
from resource_readers.workflows.shell_commands import Word


def deployment_of(words: Sequence[Word]) -> Found | None:
    """What a command does, or None for one that is none of ours."""
    if not words:
        return None
    program = re.split(r"[\\/]", words[0].text)[-1].lower().removesuffix(".exe").removesuffix(".cmd")
    if program in ("timeout", "retry", "nice") and len(words) > 2:
        at = next((i for i, word in enumerate(words[1:], 1) if word.text.lower() in _PROGRAMS), None)
        return deployment_of(words[at:]) if at is not None else None
    reader = _PROGRAMS.get(program) or CMDLETS.get(program)
    return reader(words) if reader is not None else None


def _bicep(words: Sequence[Word]) -> Found | None:
    positional, options = options_of(words[1:])
    verb = positional[0].text.lower() if positional else ""
    if verb not in ("build", "publish", "lint", "build-params"):
        return None
    file = positional[1:2] or [
        word for values in options.values() for word in values if word.text.endswith((".bicep", ".bicepparam"))
    ]
    effect = {"publish": "push", "lint": "check"}.get(verb, "build")
    return Found("bicep", verb, effect, "template", value_of_word(file[0]) if file else None)


def _terraform(words: Sequence[Word]) -> Found | None:
    program = words[0].text.lower()
    verbs = {
        "apply": "deploy",
        "plan": "check",
        "validate": "check",
        "destroy": "delete",
        "run-all": "deploy",
        "test": "check",
    }
    at = next((i for i, word in enumerate(words[1:], 1) if not word.text.startswith("-")), None)
    if at is None or words[at].text not in verbs:
        return None
    found = Found(program, words[at].text, verbs[words[at].text], "terraform", ".")
    rest = list(words[1:at]) + list(words[at + 1 :])
    while rest:
        word = rest.pop(0)
        name, equals, value = word.text.lstrip("-").partition("=")
        if not word.text.startswith("-"):
            if found.command == "apply":
                found.target["plan"] = value_of_word(word)
            continue
        if not equals and name in ("var", "var-file", "chdir") and rest:
            given = rest.pop(0)
            value, known = given.text, given.known
        else:
            known = word.known
        if name == "var-file":
            found.parameter_files.append(value_of_word(Word(value, known)))
        elif name == "chdir":
            found.file = value_of_word(Word(value, known))
        elif name == "var" and "=" in value:
            key, _, text = value.strip("'\"").partition("=")
            found.parameters[key] = value_of_word(Word(text, known or "$" not in text))
        elif name == "destroy":
            found.effect = "delete" if found.effect == "deploy" else found.effect
    return found


def _docker(words: Sequence[Word]) -> Found | None:
    positional, options = options_of(words[1:], single=True)
    path = [word.text.lower() for word in positional]
    build = path[:1] == ["build"] or path[:2] == ["buildx", "build"] or path[:2] == ["image", "build"]
    if not build and path[:1] != ["push"] and path[:2] != ["image", "push"]:
        return None
    effect = "push" if not build or "--push" in options else "build"
    found = Found("docker", "build" if build else "push", effect, "image")
    if build:
        found.file = first_value(options, "--file", "-f") or "Dockerfile"
        image = first_value(options, "--tag", "-t")
    else:
        image = value_of_word(positional[-1]) if len(positional) > 1 else None
    if image is not None:
        found.target["image"] = image
    return found


def _kubectl(words: Sequence[Word]) -> Found | None:
    positional, options = options_of(words[1:], single=True)
    verb = positional[0].text.lower() if positional else ""
    effects = {"apply": "deploy", "create": "deploy", "replace": "deploy", "delete": "delete", "set": "deploy"}
    if verb not in effects:
        return None
    file = first_value(options, "--filename", "-f", "--kustomize", "-k")
    found = Found("kubectl", verb, effects[verb], "kubernetes", None if file == "-" else file)
    if any(
        word.text == "--dry-run" or word.text.startswith(("--dry-run=client", "--dry-run=server")) for word in words
    ):
        found.effect = "check"
    found.target = target_values(options, {"namespace": ("--namespace", "-n")})
    return found


def _helm(words: Sequence[Word]) -> Found | None:
    positional, options = options_of(words[1:], single=True)
    path = [word.text.lower() for word in positional]
    if path[:1] not in (["upgrade"], ["install"]):
        return None
    found = Found("helm", path[0], "check" if "--dry-run" in options else "deploy", "chart")
    if len(positional) > 2:
        found.file = value_of_word(positional[2])
    found.parameter_files = [value_of_word(word) for word in (*options.get("--values", ()), *options.get("-f", ()))]
    for word in (*options.get("--set", ()), *options.get("--set-string", ())):
        key, equals, text = word.text.partition("=")
        if equals:
            found.parameters[key] = value_of_word(Word(text, word.known))
    return found


def _azd(words: Sequence[Word]) -> Found | None:
    verb = words[1].text.lower() if len(words) > 1 else ""
    effects = {"up": "deploy", "deploy": "deploy", "provision": "provision", "down": "delete"}
    return Found("azd", verb, effects[verb], "project") if verb in effects else None


def _func(words: Sequence[Word]) -> Found | None:
    path = [word.text.lower() for word in words[1:4]]
    return (
        Found("func", " ".join(path), "deploy", "function-app") if path == ["azure", "functionapp", "publish"] else None
    )


_PROGRAMS: Mapping[str, Callable[[Sequence[Word]], Found | None]] = {
    "az": az_command,
    "bicep": _bicep,
    "terraform": _terraform,
    "tofu": _terraform,
    "terragrunt": _terraform,
    "docker": _docker,
    "podman": _docker,
    "kubectl": _kubectl,
    "helm": _helm,
    "azd": _azd,
    "func": _func,
}
