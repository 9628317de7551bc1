"""Parameter values that the project's own pipelines give to its templates.

A pipeline that deploys a template with a parameter file says more of what will be deployed than the template's own
defaults. A parameter file that isn't in the project says nothing; the template is read as if it weren't named.
Where several deployments of one template give different values, none of them is taken: what is unknown then stays so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from resource_readers.interface import ReadResult, Value
from resource_readers.template_language.given_texts import GivenText

if TYPE_CHECKING:
    from resource_readers.workflows.deployments import ParameterSource

KINDS = frozenset({"github-workflow", "azure-pipeline"})
_MORE = "*"


@dataclass(frozen=True, slots=True)
class PipelineValues:
    """What the deployments of a template agree on.

    Attributes:
        file: the parameter file, relative to the project's root, or None.
        given: values that are given one by one, by casefolded name.
    """

    file: Path | None = None
    given: Mapping[str, Value] = field(default_factory=dict)


def pipeline_values(workflows: Iterable[ReadResult]) -> Mapping[str, PipelineValues]:
    """By the path of a template (relative to the root) what the workflows give to it."""
    from resource_readers.workflows.deployments import template_parameters

    found = {}
    for template, sources in template_parameters(workflows).items():
        values = _agreed(sources)
        if values is not None:
            found[template] = values
    return found


def _agreed(sources: tuple[ParameterSource, ...]) -> PipelineValues | None:
    first, *others = sources
    if any((other.files, other.inline) != (first.files, first.inline) for other in others):
        return None
    if len(first.files) > 1 or _MORE in first.inline or not all(isinstance(file, str) for file in first.files):
        return None
    given = {name.casefold(): _value(value) for name, value in first.inline.items()}
    return PipelineValues(Path(first.files[0]) if first.files else None, given)


def _value(value: Value) -> Value:
    """What a command line gives: the parameter's type says what a text stands for."""
    return GivenText(value) if isinstance(value, str) else value
