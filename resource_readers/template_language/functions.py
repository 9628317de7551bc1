"""The template functions that need nothing but their arguments, and the reasons why others can't be evaluated.

Names are looked up casefolded. A function gets arguments without an Unknown on their top level, unless it stands in
`TOLERANT`. Whatever a function gives with an Unknown among its arguments, it would give with any value in its place:
what is known in the result stays true, and what isn't is an Unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.collection_functions import COLLECTION_FUNCTIONS
from resource_readers.template_language.function_arguments import as_text, fail
from resource_readers.template_language.lambda_functions import LAMBDA_FUNCTIONS
from resource_readers.template_language.number_functions import NUMBER_FUNCTIONS
from resource_readers.template_language.text_functions import TEXT_FUNCTIONS, made
from resource_readers.template_language.unknowns import FunctionError, unknown_call
from template_functions import uris


def _json(text: Value) -> Value:
    from resource_readers.trees import lenient_json
    from resource_readers.trees.plain import plain

    if text is None:
        return None
    try:
        return plain(lenient_json.parse(as_text(text)))
    except ValueError as error:
        fail(str(error))


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    **TEXT_FUNCTIONS,
    **COLLECTION_FUNCTIONS,
    **LAMBDA_FUNCTIONS,
    **NUMBER_FUNCTIONS,
    "any": lambda value: value,
    "base64tojson": lambda value: _json(made(uris.decode_base64, value)),
    "fail": lambda message: fail(as_text(message)),
    "json": _json,
}
"""All of them by casefolded name."""

TOLERANT = frozenset(
    {
        "any",
        "concat",
        "createarray",
        "createobject",
        "empty",
        "equals",
        "format",
        "max",
        "min",
        "tryget",
        "tryindexfromend",
    }
)
"""These take an Unknown as an argument and make the best of it."""

CHANGING = frozenset({"newguid", "utcnow"})
"""Two calls give two values, so their result has no symbolic text."""

_DEPLOYED = "the properties of a deployed resource are known only during the deployment"
_ZONES = "the zones of a region are known only during the deployment"
RUNTIME: Mapping[str, str] = {
    "deployer": "who deploys is known only during the deployment",
    # Its suffixes are other ones in the clouds for China and the United States' government, and nothing in a template
    # says which cloud it goes to.
    "environment": "the cloud that is deployed to is not known",
    "externalinput": "external inputs are known only when the parameters are processed",
    "getsecret": "secrets of a key vault are known only during the deployment",
    "newguid": "newGuid() gives another value each time",
    "pickzones": _ZONES,
    "providers": "resource providers are known only during the deployment",
    "readcliarg": "arguments of the command line are known only when the parameters are processed",
    "readenvironmentvariable": "environment variables are known only when the parameters are processed",
    "reference": _DEPLOYED,
    "references": _DEPLOYED,
    "tologicalzone": _ZONES,
    "tologicalzones": _ZONES,
    "tophysicalzone": _ZONES,
    "tophysicalzones": _ZONES,
    "utcnow": "utcNow() gives another value each time",
}
"""Why the others are unknown, by casefolded name; every name that begins with `list` is among them, too."""


def call_plain(name: str, arguments: tuple[Value, ...]) -> Value:
    """A function of the table; an Unknown if it isn't there or an argument is unknown.

    Raises:
        FunctionError, LimitError.
    """
    folded = name.casefold()
    function = FUNCTIONS.get(folded)
    if function is None:
        return _runtime(name, folded, arguments)
    if folded not in TOLERANT:
        for one in arguments:
            if isinstance(one, Unknown):
                return unknown_call(name, arguments)
    try:
        return function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise FunctionError(f"called with something it can't take ({type(error).__name__})") from None


def _runtime(name: str, folded: str, arguments: tuple[Value, ...]) -> Unknown:
    reason = RUNTIME.get(folded)
    if folded in CHANGING:
        return Unknown(reason or "")
    if reason is None and folded.startswith("list"):
        reason = f"what {name}() lists is known only during the deployment"
    return unknown_call(name, arguments, reason or f"there is no function {name}() that could be evaluated")
