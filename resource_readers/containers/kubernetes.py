"""The reader of Kubernetes manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from resource_readers.containers.pod_specs import PodSpec
from resource_readers.containers.yaml_values import FILLED_IN, decoded, values_of, with_variables
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource, Unknown, Value
from resource_readers.project_files import ProjectFile
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.trees import lenient_json
from resource_readers.trees.nodes import ArrayNode, Literal, Node, NodeSource, ObjectNode, Position
from resource_readers.trees.placeholders import symbolic_text
from resource_readers.trees.yaml_tree import YamlError, parse_all
from verdicts import Location
from verdicts.text import REDACTED, one_line

KIND = "kubernetes"
MAXIMUM_DOCUMENTS_APART = 200
"""Documents of a file that are tried one by one if the file as a whole can't be read."""
MAXIMUM_RESOURCES = 20_000
MAXIMUM_TEXT_APART = 500_000

_VERSION = rb"(?:[A-Za-z0-9.{}_ -]+/)?v[0-9][A-Za-z0-9]*"
_YAML_VERSION = re.compile(rb"^(?:\{\s*)?['\"]?apiVersion['\"]?[ \t]*:[ \t]*['\"]?(?:" + _VERSION + rb"|\{\{)", re.M)
_YAML_KIND = re.compile(rb"^['\"]?kind['\"]?[ \t]*:[ \t]*['\"]?[A-Za-z{]", re.M)
_JSON_VERSION = re.compile(rb"[\"']?apiVersion[\"']?\s*:\s*[\"']?" + _VERSION + rb"[\"',\s}]")
_JSON_KIND = re.compile(rb"[\"']?\bkind[\"']?\s*:\s*[\"']?[A-Z]")
_KUSTOMIZATION = re.compile(r"kustomization\.ya?ml", re.IGNORECASE)
_CONTROL = re.compile(
    r"^[ \t]*\{\{-?[ \t]*(?:if|else|end|range|with|define|block|template|include|toYaml|/\*)", re.MULTILINE
)
_WHOLE = re.compile(r"\{[^{}]*\}")
_SEPARATOR = re.compile(r"^---(?:\s.*)?$", re.MULTILINE)
_IRREGULAR = {"endpoints": "endpoints", "securitycontextconstraints": "securitycontextconstraints"}
_CLUSTER_WIDE = frozenset(
    {
        *("Namespace", "Node", "PersistentVolume", "ClusterRole", "ClusterRoleBinding", "StorageClass"),
        *("CustomResourceDefinition", "PriorityClass", "IngressClass", "RuntimeClass", "CSIDriver", "APIService"),
        *("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "PodSecurityPolicy"),
        *("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "VolumeSnapshotClass"),
    }
)


class KubernetesReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By `apiVersion` and `kind` at the beginning of a line, or in JSON; and kustomization.yaml by its name."""
        suffix = file.path.suffix.casefold()
        if suffix in (".yml", ".yaml"):
            if _KUSTOMIZATION.fullmatch(file.path.name):
                return True
            return _YAML_VERSION.search(file.searchable) is not None and _YAML_KIND.search(file.searchable) is not None
        text = file.searchable
        return suffix == ".json" and bool(_JSON_VERSION.search(text)) and bool(_JSON_KIND.search(text))

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        reading = _Reading(file)
        resources = tuple(reading.resources())
        return ReadResult(kind=KIND, resources=resources, not_read=tuple(reading.not_read), files=(file.digest,))


class _Reading:
    def __init__(self, file: ProjectFile) -> None:
        self._file = file
        self.not_read: list[NotRead] = []

    def _miss(self, line: int | None, reason: str) -> None:
        self.not_read.append(NotRead(self._file.shown, line, reason))

    def resources(self) -> Iterator[Resource]:
        made = 0
        for node in self._documents():
            for resource in self._document(node) if not (isinstance(node, Literal) and node.value is None) else ():
                made += 1
                if made > MAXIMUM_RESOURCES:
                    self._miss(resource.location.line, f"more than {MAXIMUM_RESOURCES:,} resources")
                    return
                yield resource

    def _documents(self) -> list[Node]:
        text = decoded(self._file)
        if isinstance(text, NotRead):
            self.not_read.append(text)
            return []
        if self._file.path.suffix.casefold() == ".json":
            try:
                return [lenient_json.parse(text)]
            except lenient_json.LenientJsonError as error:
                self._miss(error.line, f"not JSON: {error}")
                return []
        control = _CONTROL.search(text)
        if control is not None:
            line = text.count("\n", 0, control.start()) + 1
            self._miss(line, "a Helm template: what it makes is known only when helm has filled it in")
            return []
        try:
            return parse_all(text, templated=True)
        except YamlError as error:
            return self._apart(text, error)

    def _apart(self, text: str, error: YamlError) -> list[Node]:
        """The documents one by one, so that a broken one doesn't hide the others."""
        ends = [match.start() for match in _SEPARATOR.finditer(text)]
        if not ends or len(ends) > MAXIMUM_DOCUMENTS_APART or len(text) > MAXIMUM_TEXT_APART:
            self._miss(error.line, str(error))
            return []
        nodes: list[Node] = []
        starts = [0, *ends]
        for start, end in zip(starts, [*ends, len(text)], strict=True):
            before = "\n" * text.count("\n", 0, start)  # lines stay what they are
            try:
                nodes += parse_all(before + text[start:end], templated=True)
            except YamlError as one:
                self._miss(one.line, str(one))
        return nodes

    def _document(self, node: Node) -> Iterator[Resource]:
        if isinstance(node, ObjectNode):
            kind, items = node.get("kind"), node.get("items")
            if isinstance(kind, Literal) and str(kind.value).endswith("List") and isinstance(items, ArrayNode):
                for item in items.items:
                    yield from self._document(item)
                return
        document = values_of(node, self._file.shown)
        if isinstance(document, NotRead):
            self.not_read.append(document)
            return
        if isinstance(document, dict) and _KUSTOMIZATION.fullmatch(self._file.path.name):
            document.setdefault("apiVersion", "kustomize.config.k8s.io/v1beta1")
            document.setdefault("kind", "Kustomization")
        if not isinstance(document, dict) or "kind" not in document or "apiVersion" not in document:
            self._miss(node.line, "a document without apiVersion and kind")
            return
        if not isinstance(document["kind"], str) or not isinstance(document["apiVersion"], str):
            self._miss(node.line, "the kind of a document isn't known")
            return
        yield self._resource(node, document)

    def _resource(self, node: Node, document: dict[str, Any]) -> Resource:
        kind, version = document["kind"], document["apiVersion"]
        group, _, number = version.rpartition("/")
        plural = plural_of(kind)
        metadata = document.get("metadata")
        name = self._name(metadata)
        namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
        if kind == "Secret":
            _hide(document)
        pod = PodSpec(document)
        properties = {key: value for key, value in document.items() if key not in ("apiVersion", "kind")}
        if pod.values is not None:
            properties["podSpec"] = pod.values
        where = "" if kind in _CLUSTER_WIDE else f"/namespaces/{symbolic(namespace) or '{namespace}'}"
        api = f"/apis/{group}/{number}" if group else f"/api/{number}"
        return Resource(
            type=f"Kubernetes.{group or 'core'}/{plural}",
            api_version=version,
            name=name,
            id=f"{{cluster}}{api}{where}/{plural}/{symbolic(name)}",
            scope=f"{{cluster}}{where}",
            properties=properties,
            location=Location(self._file.shown, node.line),
            fields={"kind": kind},
            source=_ManifestSource(node, pod),
        )

    def _name(self, metadata: Value) -> Value:
        if isinstance(metadata, Unknown):
            return unknown(metadata.reason, metadata.text or "{?}")
        if isinstance(metadata, dict):
            if metadata.get("name") is not None:
                name = with_variables(metadata["name"])
                return name if isinstance(name, str | Unknown) else str(name)
            if metadata.get("generateName") is not None:
                return unknown("the cluster makes the name", f"{symbolic(metadata['generateName'])}{{?}}")
        if _KUSTOMIZATION.fullmatch(self._file.path.name):
            return self._file.shown
        return unknown("the manifest has no name", "{?}")


@dataclass(frozen=True, slots=True)
class _ManifestSource:
    node: Node
    pod: PodSpec

    def position(self, path: tuple[str | int, ...]) -> Position:
        """See interface.SourceMap."""
        source = NodeSource(self.node)
        if path[:2] == ("properties", "podSpec"):
            inner = path[2:]
            while inner not in self.pod.places and inner:
                inner = inner[:-1]
            return source.position(self.pod.places.get(inner, ()))
        if path[:1] == ("properties",):
            return source.position(path[1:])
        return source.position(("metadata", "name") if path[:1] == ("name",) else path)


def plural_of(kind: str) -> str:
    """("NetworkPolicy") as "networkpolicies": how the interface of Kubernetes names a kind."""
    folded = one_line(kind, maximum=100).casefold()
    if folded in _IRREGULAR:
        return _IRREGULAR[folded]
    if folded.endswith(("s", "x", "z", "ch", "sh")):
        return folded + "es"
    if folded.endswith("y") and folded[-2:-1] not in "aeiou":
        return folded[:-1] + "ies"
    return folded + "s"


def _hide(document: dict[str, Any]) -> None:
    """The values of a secret are nobody's business; that there are some, and under which names, is."""
    for key in ("data", "stringData"):
        values = document.get(key)
        if isinstance(values, dict):
            document[key] = {name: _hidden(value) for name, value in values.items()}
        elif values is not None and not isinstance(values, Unknown):
            document[key] = REDACTED


def _hidden(value: Value) -> Value:
    if isinstance(value, Unknown) or value in ("", None):
        return value
    filled = symbolic_text(value) if isinstance(value, str) else None
    # Only what is a placeholder as a whole: beside one there may be a part of the secret.
    return unknown(FILLED_IN, filled) if filled is not None and _WHOLE.fullmatch(filled) else REDACTED
