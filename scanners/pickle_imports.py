"""Which imports a pickled model may have, by flavour (`scanners/data/pickle-imports.yml`)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scanners.pickle_results import Import
from verdicts.documents import load_document
from verdicts.sections import Section

SCHEMA = "mlgate/pickle-imports/v1"
IMPORTS_FILE = Path(__file__).parent / "data" / "pickle-imports.yml"

# What `pickle.load` imports by mistake behind an array of objects in a joblib dump: the memo entry that it takes for
# the module is a text of the model's ("classes_"). See `Import.stray`.
_STRAY_NAME = "dtype"


class Standing(enum.Enum):
    """What an import is."""

    LISTED = "listed"
    UNLISTED = "unlisted"
    DANGEROUS = "dangerous"


@dataclass(frozen=True, slots=True)
class ImportRules:
    """The list of a flavour, and what is dangerous in every flavour.

    Attributes:
        flavour: "scikit-learn".
        listed: (module, name) pairs that a pickle of this flavour may import.
        dangerous_modules: with everything in and below them.
        dangerous_names: (module, name) pairs in modules that are otherwise harmless.
    """

    flavour: str
    listed: frozenset[tuple[str, str]]
    dangerous_modules: frozenset[str]
    dangerous_names: frozenset[tuple[str, str]]

    def standing(self, item: Import) -> Standing:
        """Dangerous comes first; a name is listed exactly or not at all."""
        if self._dangerous(item.module, item.name):
            return Standing.DANGEROUS
        if (item.module, item.name) in self.listed:
            return Standing.LISTED
        if item.stray and item.name == _STRAY_NAME and item.module.isidentifier():
            return Standing.LISTED
        return Standing.UNLISTED

    def _dangerous(self, module: str, name: str) -> bool:
        parts = module.split(".")
        if any(".".join(parts[:end]) in self.dangerous_modules for end in range(1, len(parts) + 1)):
            return True
        steps = name.split(".")
        if (module, steps[0]) in self.dangerous_names:
            return True
        # A dotted name walks through attributes: any module may hold another one (`sklearn.base` `os.system`).
        return len(steps) > 1 and any(step in self.dangerous_modules or step.startswith("__") for step in steps)


def load_import_rules(path: Path = IMPORTS_FILE) -> Mapping[str, ImportRules]:
    """The rules by flavour.

    Raises:
        ConfigurationError: with file and line; also where a listed name is dangerous, or dotted.
    """
    name = path.name
    top = Section(load_document(path, shown_as=name), name)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    dangerous = top.section("dangerous")
    modules = frozenset(dangerous.texts("modules"))
    names = _pairs(dangerous.section("names"))
    dangerous.finish()
    flavours = top.section("flavours")
    known = flavours.keys()
    rules = {flavour: ImportRules(flavour, _pairs(flavours.section(flavour)), modules, names) for flavour in known}
    flavours.finish()
    top.finish()
    for rule in rules.values():
        for module, attribute in sorted(rule.listed):
            if "." in attribute or rule._dangerous(module, attribute):
                raise flavours.error(f"{module}.{attribute} may not be listed", rule.flavour, module)
    return rules


def _pairs(section: Section) -> frozenset[tuple[str, str]]:
    modules = section.keys()
    pairs = frozenset((module, name) for module in modules for name in section.texts(module))
    section.finish()
    return pairs
