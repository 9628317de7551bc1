"""What auditIfNotExists and deployIfNotExists look for, and whether it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.compiled_expressions import Compiled, Parameters, compile_value
from policies.conditions import Compiler, Condition, Facts
from policies.related_resources import Wanted, full_name, is_looked_for
from policies.scope import InvalidAliasError, Scope, scope_of
from policies.values import DefinitionError, EvaluationError, Truth, Unknown

_DETAILS = frozenset(
    {
        *("type", "name", "resourcegroupname", "existencescope", "evaluationdelay", "existencecondition"),
        *("roledefinitionids", "deployment", "deploymentscope"),
    }
)
_SCOPES = {"resourcegroup": False, "subscription": True}


class SomeResources(tuple[Mapping[str, Any], ...]):
    """Related resources that are known; there may be others."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ExistenceCheck:
    """What is looked for.

    Attributes:
        type, name, resource_group: of the related resource, compiled; None where any will do.
        existence_scope: compiled; None for the resource group.
        condition: that one of them has to meet; None where being there is enough.
        kinds: which kinds of conditions it has (`policies.conditions.Facts`).
    """

    type: Compiled
    name: Compiled | None
    resource_group: Compiled | None
    existence_scope: Compiled | None
    condition: Condition | None
    kinds: frozenset[str]

    def satisfied(self, related: Sequence[Mapping[str, Any]] | None, scope: Scope) -> Truth:
        """Whether one of the related resources is what is looked for.

        Args:
            related: all that might be; `SomeResources` if there may be others; None if nobody knows. A `$condition`
                on one says that it may not be deployed, `$existing` that only its name is known.
            scope: of the `if` resource.
        """
        wanted = self._wanted(scope)
        if isinstance(wanted, Unknown):
            return wanted
        unknown: Unknown | None = None
        # The resource may be looked for itself: "type" its own and "name" "[field('name')]".
        itself = (scope.resource,) if wanted.type == scope.type else ()
        for candidate in (*(related or ()), *itself):
            fits = is_looked_for(candidate, wanted, scope)
            truth = self._meets_if(fits, candidate, scope)
            if truth is False:
                continue
            if truth is True and fits is True:
                return True
            unknown = truth if isinstance(truth, Unknown) else fits if isinstance(fits, Unknown) else unknown
        some = related is None or isinstance(related, SomeResources)
        if unknown is None and some and not _is_itself(wanted, scope):
            return Unknown(f"whether there is a related {wanted.type} is not known")
        return False if unknown is None else unknown

    def _wanted(self, scope: Scope) -> Wanted | Unknown:
        texts = []
        parts = {"type": self.type, "name": self.name, "resourceGroupName": self.resource_group}
        for key, compiled in {**parts, "existenceScope": self.existence_scope}.items():
            value = "" if compiled is None else compiled.value(scope)
            if isinstance(value, Unknown):
                return value
            if not isinstance(value, str):
                raise EvaluationError(f"{key} of the related resource must be text")
            texts.append(value.lower())
        type_, name, group, existence_scope = texts
        if existence_scope and existence_scope not in _SCOPES:
            raise EvaluationError(f"existenceScope can't be {existence_scope!r}")
        return Wanted(type_, name, group, _SCOPES.get(existence_scope, False))

    def _meets_if(self, fits: Truth, candidate: Mapping[str, Any], scope: Scope) -> Truth:
        try:
            return False if fits is False else self._meets(candidate, scope)
        except EvaluationError:
            if isinstance(fits, Unknown):
                return fits  # whether it is looked at isn't known
            raise

    def _meets(self, candidate: Mapping[str, Any], scope: Scope) -> Truth:
        if candidate.get("$existing"):
            return Unknown(f"of the existing {candidate.get('type')} only the name is known")
        truth = self._meets_condition(candidate, scope)
        if truth is True and "$condition" in candidate:
            return Unknown(f"the {candidate.get('type')} is deployed under a condition that isn't known")
        return truth

    def _meets_condition(self, candidate: Mapping[str, Any], scope: Scope) -> Truth:
        if self.condition is None:
            return True
        inner = scope_of(candidate, scope.surroundings, scope.trace)
        inner.outer = scope
        try:
            return self.condition.ask(inner)
        except InvalidAliasError as error:
            covers = getattr(scope.surroundings.aliases, "covers_alias", None)
            if covers is not None and covers(str(error)):
                raise EvaluationError(f"the existence condition asks for {error}, which is no alias") from None
            return Unknown(f"the alias {error} is not in the table: see `mlgate policy aliases import`")


def _is_itself(wanted: Wanted, scope: Scope) -> bool:
    """Whether the one resource that is looked for is the evaluated one, so that no other is needed to answer."""
    if wanted.type != scope.type or not wanted.name:
        return False
    own = full_name(scope.resource)
    return isinstance(own, str) and own != "" and wanted.name in (own, own.rpartition("/")[2])


def make_existence_check(details: Mapping[str, Any], parameters: Parameters, *, traced: bool = False) -> ExistenceCheck:
    """From `then.details` with lower-cased keys. Raises DefinitionError."""
    unknown = [key for key in details if key not in _DETAILS]
    if unknown:
        raise DefinitionError(f"unknown key {unknown[0]!r}", "then.details")
    if not isinstance(details.get("type"), str):
        raise DefinitionError("type is needed", "then.details")
    scope = details.get("existencescope")
    if scope is not None and not (isinstance(scope, str) and (scope.startswith("[") or scope.lower() in _SCOPES)):
        raise DefinitionError(f"existenceScope can't be {scope!r}", "then.details")

    def compiled(key: str) -> Compiled | None:
        value = details.get(key)
        return None if value is None else compile_value(value, parameters, f"then.details.{key}")

    condition = details.get("existencecondition")
    facts = Facts()
    compiler = Compiler(parameters, facts, traced)
    return ExistenceCheck(
        compile_value(details["type"], parameters, "then.details.type"),
        compiled("name"),
        compiled("resourcegroupname"),
        compiled("existencescope"),
        compiler.compile(condition, "then.details.existenceCondition") if condition is not None else None,
        frozenset(facts.kinds),
    )
