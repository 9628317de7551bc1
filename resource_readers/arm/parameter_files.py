"""Parameter values for templates: the JSON file that `az deployment` takes."""

from __future__ import annotations

from collections.abc import Mapping

from resource_readers.interface import Value
from resource_readers.template_language.given_texts import filled_in
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees import lenient_json
from resource_readers.trees.nodes import ObjectNode
from resource_readers.trees.plain import plain


class ParameterFileError(Exception):
    """The file is no parameter file. `line` is 1-based or None."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


def parse_parameters(data: bytes) -> Mapping[str, Value]:
    """Values by casefolded name. A reference to a Key Vault secret is an Unknown, as is what a tool fills in.

    Raises:
        ParameterFileError: with the line; a parameter that can't be read is an error, since its default would be taken
            instead.
    """
    try:
        tree = lenient_json.parse(lenient_json.decode(data))
    except lenient_json.LenientJsonError as error:
        raise ParameterFileError(str(error), error.line) from None
    section = tree.get("parameters") if isinstance(tree, ObjectNode) else None
    if not isinstance(section, ObjectNode):
        raise ParameterFileError("it has no object 'parameters'", tree.line)
    return parameter_values(section)


def parameter_values(section: ObjectNode) -> dict[str, Value]:
    """The `parameters` of a parameter file. Raises ParameterFileError."""
    values: dict[str, Value] = {}
    for entry in section.entries:
        name = str(entry.key)
        if name.casefold() in values:
            raise ParameterFileError(f"the parameter {name!r} stands twice", entry.line)
        if not isinstance(entry.value, ObjectNode):
            raise ParameterFileError(f"the parameter {name!r} has no 'value' or 'reference'", entry.line)
        value, reference = entry.value.get("value"), entry.value.get("reference")
        later = reference if reference is not None else entry.value.get("expression")
        if value is not None:
            values[name.casefold()] = filled_in(plain(value))
        elif later is not None:
            reason = "it is a Key Vault secret" if reference is not None else "whoever deploys gives it"
            values[name.casefold()] = unknown(reason, "{parameters('" + name + "')}")
        else:
            raise ParameterFileError(f"the parameter {name!r} has no 'value' or 'reference'", entry.line)
    return values
