"""Cmdlets of Azure PowerShell that deploy or check something."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from resource_readers.interface import Unknown
from resource_readers.workflows.commands import Found, Options, first_value, options_of, target_values, value_of_word
from resource_readers.workflows.shell_commands import Word

_ASSIGNED = re.compile(r"(?:^|[;\n{])\s*['\"]?([A-Za-z_]\w*)['\"]?\s*=\s*('[^'\n]*'|\"[^\"\n]*\"|[^;\n}]+)")
_COMMON = frozenset(
    {
        *("-name", "-resourcegroupname", "-location", "-mode", "-managementgroupid", "-templatefile", "-templateuri"),
        *("-templateparameterfile", "-templateparameterobject", "-templateparameteruri", "-templateobject", "-asjob"),
        *(
            "-verbose",
            "-erroraction",
            "-errorvariable",
            "-outvariable",
            "-force",
            "-whatif",
            "-confirm",
            "-debug",
            "-tag",
        ),
        *(
            "-deploymentdebugloglevel",
            "-rollbacktolastdeployment",
            "-whatifresultformat",
            "-skiptemplateparameterprompt",
        ),
        *("-defaultprofile", "-templatespecid", "-scope", "-actiononunmanage", "-denysettingsmode", "-deploymentname"),
        *("-warningaction", "-proceedifnochange", "-templateversion", "-description", "-querystring", "-pre"),
    }
)


def _cmdlet(effect: str, subject: str) -> Callable[[Sequence[Word]], Found]:
    def read(words: Sequence[Word]) -> Found:
        _, options = options_of(words[1:], single=True)
        found = Found("powershell", words[0].text, effect, subject)
        found.target = target_values(
            options,
            {
                "resourceGroup": ("-resourcegroupname",),
                "managementGroup": ("-managementgroupid",),
                "location": ("-location",),
                "name": ("-name", "-deploymentname"),
                "mode": ("-mode",),
                "role": ("-roledefinitionname", "-roledefinitionid"),
                "scope": ("-scope",),
            },
        )
        if "-whatif" in options:
            found.effect = "check"
        if subject in ("template", "stack"):
            _cmdlet_parameters(words, options, found)
        return found

    return read


def _cmdlet_parameters(words: Sequence[Word], options: Options, found: Found) -> None:
    found.file = first_value(options, "-templatefile", "-templateuri", "-templatespecid")
    for word in (*options.get("-templateparameterfile", ()), *options.get("-templateparameteruri", ())):
        found.parameter_files.append(value_of_word(word))
    for word in options.get("-templateparameterobject", ()):
        for match in _ASSIGNED.finditer(word.text.removeprefix("@")):
            text = match.group(2).strip()
            quoted = text[0] == text[-1] and text[0] in "'\"" and len(text) > 1
            known = (quoted and (text[0] == "'" or "$" not in text)) or text.isdigit()
            found.parameters[match.group(1)] = value_of_word(Word(text[1:-1] if quoted else text, known))
    if any(word.text.startswith("@") and len(word.text) > 1 and word.text[1] not in "{(" for word in words[1:]):
        found.parameters.setdefault("*", Unknown("parameters that are splatted"))
    for word in words[1:]:
        name = word.text.lower()
        # A template's own parameters are given as if they were the command's.
        if re.fullmatch(r"-[A-Za-z]\w*", word.text) and name not in _COMMON and options.get(name):
            found.parameters[word.text[1:]] = value_of_word(options[name][0])


CMDLETS: Mapping[str, Callable[[Sequence[Word]], Found]] = {
    **{
        f"new-az{level}deployment": _cmdlet("deploy", "template")
        for level in ("", "resourcegroup", "subscription", "managementgroup", "tenant")
    },
    **{
        f"test-az{level}deployment": _cmdlet("check", "template")
        for level in ("", "resourcegroup", "subscription", "managementgroup", "tenant")
    },
    **{
        f"{verb}-az{level}deploymentstack": _cmdlet("deploy", "stack")
        for verb in ("new", "set")
        for level in ("resourcegroup", "subscription", "managementgroup")
    },
    **{
        f"get-az{level}deploymentwhatifresult": _cmdlet("check", "template")
        for level in ("", "resourcegroup", "managementgroup", "tenant")
    },
    "new-azurermresourcegroupdeployment": _cmdlet("deploy", "template"),
    "new-azroleassignment": _cmdlet("grant", "role-assignment"),
    "new-azresourcegroup": _cmdlet("provision", "resource-group"),
    "publish-azwebapp": _cmdlet("deploy", "web-app"),
    "remove-azresourcegroup": _cmdlet("delete", "resource-group"),
}
"""By the folded name."""
