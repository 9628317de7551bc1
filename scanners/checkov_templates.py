"""What mlgate itself sees in a template before checkov gets it, so that checkov's view can be compared with it.

checkov drops much without a word (tried with 3.3.30): files that its parsers don't take, resources written as an object
(languageVersion 2.0), keys in another case, linked templates and modules. So every template is read here too, as far as
needed to know which resources must have been visited. checkov sees a private copy under a name of ours, so that no
folder name, file name or configuration file beside the template has any influence.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scanners.checkov_parameters import arm_with_values, bicep_with_values, read_values
from verdicts import InputDigest, Location, NotCompleted, Reason
from verdicts.digests import digest_bytes
from verdicts.documents import MAXIMUM_BYTES, MAXIMUM_DEPTH, DocumentError, parse_json, read_bounded
from verdicts.files import real_by_descriptor

if TYPE_CHECKING:
    import tree_sitter

Language = Literal["arm", "bicep"]

SCANNER = "checkov"
CANARY_RESOURCE = "Microsoft.Mlgate/canaries.mlgateCanary"
_ARM_ENDINGS = (".json", ".jsonc", ".template", ".armtemplate")
_CANARY_BICEP = "\n\nresource mlgateCanary 'Microsoft.Mlgate/canaries@2000-01-01' = {\n  name: 'mlgateCanary'\n}\n"

# checkov deletes every failed check of an ARM resource in whose name one of these calls stands (checkov.arm.utils,
# filter_failed_checks_with_unrendered_resources). A space before the parenthesis means the same to Azure and hides the
# call from that filter.
_FILTERED_CALLS = re.compile(r"\b(toLower|trim|join|split|substring)\(")
_SPACED_CALLS = re.compile(r"\b(toLower|trim|join|split|substring) \(")


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource that a template declares.

    Attributes:
        type: in lower case ("microsoft.storage/storageaccounts"), "" where it is not a literal.
        name: the literal name in lower case, or "" where it is an expression.
        line: 1-based where it is known.
    """

    type: str
    name: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template that checkov may look at.

    Attributes:
        path: the real file.
        shown: its name in reports, relative to the project's root.
        language: see Language.
        digest: of the file as it is.
        staged: the text that checkov gets; the same lines as the file's (and the canary after them in Bicep).
        declared: the resources that checkov has to visit.
        elsewhere: templates that this one pulls in: (reference, the file if it is a local one).
        parameters: the parameters file whose values stand in `staged`, if there is one.
    """

    path: Path
    shown: str
    language: Language
    digest: str
    staged: str
    declared: tuple[Declared, ...]
    elsewhere: tuple[tuple[str, Path | None], ...]
    parameters: InputDigest | None = None


def gap(shown: str, reason: Reason, detail: str, remedy: str, line: int | None = None) -> NotCompleted:
    """A template that could not be checked."""
    return NotCompleted(
        scanner=SCANNER, reason=reason, detail=f"{shown}: {detail}", remedy=remedy, location=Location(shown, line)
    )


def original_id(resource: str) -> str:
    """A resource id of checkov's as the template spells it."""
    return _SPACED_CALLS.sub(r"\1(", resource)


def placed_inside(path: Path, root: Path) -> tuple[Path, str] | NotCompleted:
    """The real file and its name in reports, or that it leads out of the project."""
    base = _real_root(root)
    place = base / path
    found = real_by_descriptor(str(place))
    real = Path(found) if found else place.resolve()
    try:
        return real, real.relative_to(base).as_posix()
    except ValueError:
        return gap(path.as_posix(), Reason.UNREADABLE_INPUT, "leads out of the project's folder", "keep it inside")


@functools.lru_cache(maxsize=8)  # asked for every template
def _real_root(root: Path) -> Path:
    return root.resolve()


def read_template(path: Path, root: Path, parameters: Path | None = None) -> Template | NotCompleted:
    """Reads one template below the root; what can't be read is a NotCompleted with its name.

    Args:
        path: of the template, absolute or below the root.
        root: the project's folder.
        parameters: of the ARM parameters file that it is deployed with.
    """
    place = placed_inside(path, root)
    if isinstance(place, NotCompleted) or parameters is None:
        return place if isinstance(place, NotCompleted) else _read(*place, {})
    values_place = placed_inside(parameters, root)
    if isinstance(values_place, NotCompleted):
        return values_place
    shown = values_place[1]
    try:
        values, digest = read_values(*values_place)
    except OSError as error:
        detail = f"its parameters {shown} can't be read: {error.strerror or error}"
    except DocumentError as error:
        detail = f"its parameters {shown}: {error}"
    else:
        template = _read(*place, values)
        return template if isinstance(template, NotCompleted) else replace(template, parameters=digest)
    return gap(place[1], Reason.UNREADABLE_INPUT, detail, "give an ARM parameters file (JSON)")


def _read(real: Path, shown: str, values: Mapping[str, Any]) -> Template | NotCompleted:
    try:
        data = read_bounded(real)
        text = data.decode("utf-8-sig")
        if real.suffix.lower() == ".bicep":
            return _bicep(real, shown, data, bicep_with_values(text, values))
        if real.suffix.lower() in _ARM_ENDINGS:
            return _arm(real, shown, data, values)
    except OSError as error:
        return gap(shown, Reason.UNREADABLE_INPUT, f"can't be read: {error.strerror or error}", "name a file")
    except UnicodeDecodeError:
        return gap(shown, Reason.UNREADABLE_INPUT, "is not UTF-8", "save it as UTF-8")
    except DocumentError as error:
        too_large = str(error).startswith("larger than")
        reason = Reason.TOO_LARGE if too_large else Reason.UNREADABLE_INPUT
        remedy = f"split it (at most {MAXIMUM_BYTES:,} bytes)" if too_large else "write strict JSON (no comments)"
        return gap(shown, reason, str(error), remedy, error.line)
    return gap(shown, Reason.UNSUPPORTED, "checkov reads .json (ARM) and .bicep here", "name a template")


def _get(mapping: dict[str, Any], key: str) -> Any:
    """A member whatever the case of its key, as Azure Resource Manager reads it."""
    return next((value for name, value in mapping.items() if name.lower() == key), None)


def _arm(real: Path, shown: str, data: bytes, values: Mapping[str, Any]) -> Template | NotCompleted:
    content = parse_json(data)
    schema = _get(content, "$schema") if isinstance(content, dict) else None
    if not isinstance(schema, str) or "deploymenttemplate.json" not in schema.lower():
        return gap(
            shown, Reason.UNSUPPORTED, "is not a deployment template ($schema names none)", "name a template, or fix it"
        )
    declared: list[Declared] = []
    linked: list[str] = []
    _walk_arm(content, declared, linked, 0)
    return Template(
        path=real,
        shown=shown,
        language="arm",
        digest=digest_bytes(data),
        staged=_FILTERED_CALLS.sub(r"\1 (", arm_with_values(data.decode("utf-8-sig"), values)),
        declared=tuple(declared),
        elsewhere=tuple((reference, None) for reference in linked),
    )


def _walk_arm(owner: dict[str, Any], declared: list[Declared], linked: list[str], depth: int) -> None:
    """Collects the resources of a template or of a resource: its children and those of nested deployments."""
    if depth > MAXIMUM_DEPTH:
        raise DocumentError("nested too deeply")
    resources = _get(owner, "resources")
    items = list(resources.values()) if isinstance(resources, dict) else resources
    if not isinstance(items, list):
        return
    for item in items:
        if not isinstance(item, dict):
            declared.append(Declared("", ""))
            continue
        kind, name = _get(item, "type"), _get(item, "name")
        kind = kind.lower() if isinstance(kind, str) and not kind.startswith("[") else ""
        name = name.lower() if isinstance(name, str) and not name.startswith("[") else ""
        declared.append(Declared(kind, name))
        _walk_arm(item, declared, linked, depth + 1)
        properties = _get(item, "properties")
        if not kind.endswith("/deployments") or not isinstance(properties, dict):
            continue
        link = _get(properties, "templatelink")
        if link is not None:
            linked.append(str(_get(link, "uri") or _get(link, "relativepath") or _get(link, "id") or link)[:200])
        template = _get(properties, "template")
        if isinstance(template, dict):
            _walk_arm(template, declared, linked, depth + 1)


def _bicep(real: Path, shown: str, data: bytes, text: str) -> Template:
    import tree_sitter
    import tree_sitter_bicep

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))
    declared: list[Declared] = []
    elsewhere: list[tuple[str, Path | None]] = []
    for node in _declarations(parser.parse(text.encode()).root_node):
        literal = next((child.text.decode() for child in node.children if child.type == "string" and child.text), "")
        literal = literal.strip("'")
        if node.type == "resource_declaration":
            kind = literal.partition("@")[0].lower()
            declared.append(Declared(kind, "", node.start_point.row + 1))
        elif ":" in literal:  # br:, br/public:, ts:
            elsewhere.append((literal, None))
        else:
            elsewhere.append((literal, (real.parent / literal).resolve()))
    return Template(
        path=real,
        shown=shown,
        language="bicep",
        digest=digest_bytes(data),
        staged=text + _CANARY_BICEP,
        declared=tuple(declared),
        elsewhere=tuple(elsewhere),
    )


def _declarations(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.type in ("resource_declaration", "module_declaration"):
            yield node
        nodes.extend(reversed(node.named_children))
