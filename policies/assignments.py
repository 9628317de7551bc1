"""Policy assignments: where a definition or initiative applies, with which parameters, and how far it is enforced.

Source: Microsoft's page "Azure Policy assignment structure"; the mode Enroll is in "Azure Policy enrollment structure".
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.effects import EFFECTS
from policies.placement import Place, ScopePath, read_scope, scope_above
from policies.reading import items, keyed, resource_properties, text, texts
from policies.selectors import (
    MAXIMUM_SELECTORS,
    ResourceSelector,
    Selector,
    SelectorKind,
    Subject,
    all_hold,
    read_resource_selectors,
    read_selectors,
    selected,
)
from policies.values import DefinitionError, Truth, Unknown
from policies.versions import VersionPin, read_pin

_KEYS = frozenset(
    {
        *("displayname", "description", "metadata", "scope", "notscopes", "policydefinitionid", "definitionversion"),
        *("parameters", "enforcementmode", "noncompliancemessages", "overrides", "resourceselectors"),
        # What Azure shows and nobody sets, and what doesn't concern evaluation:
        *("latestdefinitionversion", "effectivedefinitionversion", "assignmenttype", "instanceid", "identity"),
        *("location", "selfserveexemptionsettings"),
    }
)


class Enforcement(enum.Enum):
    """Whether requests feel the assignment; the values are how assignments spell them."""

    DEFAULT = "Default"
    DO_NOT_ENFORCE = "DoNotEnforce"
    ENROLL = "Enroll"


class OverrideKind(enum.Enum):
    """What an override replaces. The documentation also calls the second one policyVersion."""

    EFFECT = "policyEffect"
    VERSION = "definitionVersion"


_OVERRIDE_KINDS: Mapping[str, OverrideKind] = {
    "policyeffect": OverrideKind.EFFECT,
    "definitionversion": OverrideKind.VERSION,
    "policyversion": OverrideKind.VERSION,
}


@dataclass(frozen=True, slots=True)
class Override:
    """A replaced effect or version.

    Attributes:
        kind: which of both.
        value: the effect, lower-cased, or the version pin as written.
        pin: the version; None for an effect.
        selectors: which policies and resources; all must hold, none means everything.
    """

    kind: OverrideKind
    value: str
    pin: VersionPin | None
    selectors: tuple[Selector, ...]

    @property
    def names_policies(self) -> bool:
        """Whether it means single policies of an initiative."""
        return any(selector.kind is SelectorKind.REFERENCE for selector in self.selectors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An assignment as written and checked.

    Attributes:
        id: lower-cased, "" if there is none; name: "" if there is none.
        display_name: as written.
        scope, not_scopes: where it applies, and where it doesn't.
        definition_id: of a definition or an initiative, lower-cased.
        pin: which versions of that will do; None for the latest.
        parameters: by name; values as written.
        enforcement: see there.
        overrides, selectors: in order.
        messages: non-compliance messages by lower-cased reference id; "" is the one for all others.
        source: file, or "".
    """

    id: str
    name: str
    display_name: str
    scope: ScopePath
    not_scopes: tuple[ScopePath, ...]
    definition_id: str
    pin: VersionPin | None
    parameters: Mapping[str, Any]
    enforcement: Enforcement
    overrides: tuple[Override, ...]
    selectors: tuple[ResourceSelector, ...]
    messages: Mapping[str, str]
    source: str = ""

    @property
    def of_initiative(self) -> bool:
        """Whether it assigns an initiative."""
        return "/policysetdefinitions/" in self.definition_id

    def covers(self, place: Place) -> Truth:
        """Whether its scope holds a place that it doesn't exclude."""
        inside = place.within(self.scope)
        if inside is False:
            return False
        excluded = [place.within(scope) for scope in self.not_scopes]
        return all_hold((inside, *(item if isinstance(item, Unknown) else not item for item in excluded)))

    def selects(self, subject: Subject) -> Truth:
        """Whether its resource selectors let it look at a resource."""
        return selected(self.selectors, subject)

    def message(self, reference: str) -> str:
        """The non-compliance message for a policy of its initiative, else the one for all; "" if there is neither."""
        return self.messages.get(reference.lower()) or self.messages.get("", "")

    def override(self, kind: OverrideKind, subject: Subject) -> Override | Unknown | None:
        """The override of a kind that takes hold; None if none does.

        Unknown where that can't be told, also where several take hold and differ: that they are evaluated in order is
        documented, which of them wins isn't.
        """
        held: list[Override] = []
        for override in self.overrides:
            if override.kind is not kind:
                continue
            truth = all_hold(selector.holds(subject) for selector in override.selectors)
            if isinstance(truth, Unknown):
                return truth
            if truth:
                held.append(override)
        if len({override.value.lower() for override in held}) > 1:
            return Unknown(f"several overrides of {kind.value} take hold, and which of them wins is not documented")
        return held[0] if held else None


def read_assignment(body: Any, source: str = "") -> Assignment:
    """An assignment from JSON: a whole one, or the properties of one (which then need a `scope`).

    Raises:
        DefinitionError: unknown keys, malformed parts, no scope, no definition.
    """
    outer, properties = resource_properties(body, _KEYS, "")
    base = "" if outer is properties else "properties"
    identifier = text(outer, "id", "").rstrip("/")
    definition_id = text(properties, "policydefinitionid", base, needed=True).lower().rstrip("/")
    mode = text(properties, "enforcementmode", base) or Enforcement.DEFAULT.value
    enforcement = next((item for item in Enforcement if item.value.lower() == mode.lower()), None)
    if enforcement is None:
        raise DefinitionError(f"unknown enforcementMode {mode!r}", f"{base}.enforcementMode".lstrip("."))
    pin = properties.get("definitionversion")
    of_initiative = "/policysetdefinitions/" in definition_id
    return Assignment(
        id=identifier.lower(),
        name=text(outer, "name", "") or identifier.rpartition("/")[2],
        display_name=text(properties, "displayname", base),
        scope=_scope(outer, properties, identifier, base),
        not_scopes=_not_scopes(properties, base),
        definition_id=definition_id,
        pin=None if pin is None else read_pin(pin, f"{base}.definitionVersion".lstrip(".")),
        parameters=_parameters(properties, base),
        enforcement=enforcement,
        overrides=_overrides(properties, base),
        selectors=read_resource_selectors(properties, base),
        messages=_messages(properties, base, of_initiative),
        source=source,
    )


def _scope(outer: dict[str, Any], properties: dict[str, Any], identifier: str, base: str) -> ScopePath:
    given = properties.get("scope")
    made = scope_above(identifier, "policyAssignments", "id") if identifier else None
    if given is None and made is None:
        if outer.get("scope") is not None:
            return read_scope(outer["scope"], "scope")
        raise DefinitionError("an assignment needs a scope, or an id that holds it", base)
    if given is None:
        assert made is not None
        return made
    scope = read_scope(given, f"{base}.scope".lstrip("."))
    if made is not None and made.segments != scope.segments:
        raise DefinitionError(f"the id stands for another scope than {scope.text}", f"{base}.scope".lstrip("."))
    return scope


def _not_scopes(properties: dict[str, Any], base: str) -> tuple[ScopePath, ...]:
    return tuple(read_scope(item, path) for item, path in items(properties, "notscopes", base))


def _parameters(properties: dict[str, Any], base: str) -> dict[str, Any]:
    given = properties.get("parameters")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise DefinitionError("parameters must be an object", f"{base}.parameters".lstrip("."))
    values = {}
    for name, body in given.items():
        path = f"{base}.parameters.{name}".lstrip(".")
        keys = keyed(body, ("value",), path)
        if "value" not in keys:
            raise DefinitionError("a parameter needs a value", path)
        values[str(name)] = keys["value"]
    return values


def _overrides(properties: dict[str, Any], base: str) -> tuple[Override, ...]:
    found = items(properties, "overrides", base)
    if len(found) > MAXIMUM_SELECTORS:
        raise DefinitionError(f"more than {MAXIMUM_SELECTORS} overrides", base)
    return tuple(_override(item, path) for item, path in found)


def _override(item: Any, path: str) -> Override:
    keys = keyed(item, ("kind", "value", "selectors"), path)
    kind = _OVERRIDE_KINDS.get(text(keys, "kind", path, needed=True).lower())
    if kind is None:
        raise DefinitionError(f"unknown kind of override {keys['kind']!r}", path)
    value = text(keys, "value", path, needed=True).strip()
    if kind is OverrideKind.EFFECT and value.lower() not in EFFECTS:
        raise DefinitionError(f"unknown effect {value!r}", path)
    selectors = read_selectors(keys, path, frozenset(SelectorKind))
    if kind is OverrideKind.VERSION:
        return Override(kind, value, read_pin(value, f"{path}.value"), selectors)
    return Override(kind, value.lower(), None, selectors)


def _messages(properties: dict[str, Any], base: str, of_initiative: bool) -> dict[str, str]:
    messages: dict[str, str] = {}
    for item, path in items(properties, "noncompliancemessages", base):
        keys = keyed(item, ("message", "policydefinitionreferenceid"), path)
        reference = text(keys, "policydefinitionreferenceid", path).lower()
        if reference and not of_initiative:
            raise DefinitionError("only assignments of initiatives have messages for single policies", path)
        if reference in messages:
            raise DefinitionError("there are two messages for the same", path)
        messages[reference] = text(keys, "message", path, needed=True)
    return messages


def targeted_references(properties: dict[str, Any], base: str) -> frozenset[str]:
    """Lower-cased reference ids that an exemption or enrollment names; empty for all. Raises DefinitionError."""
    # Microsoft's pages spell the key in both ways.
    return frozenset(
        reference.lower()
        for key in ("policydefinitionreferenceids", "policydefinitionreferenceid")
        for reference in texts(properties, key, base)
    )
