"""What a workload runs, in one shape for all kinds: images, users, rights of its containers."""

from __future__ import annotations

from typing import Any

from resource_readers.containers.images import image_parts
from resource_readers.containers.yaml_values import member, with_variables
from resource_readers.interface import Unknown, Value

Path = tuple[str | int, ...]

_PLACES: tuple[Path, ...] = (
    ("spec", "jobTemplate", "spec", "template", "spec"),
    ("spec", "template", "spec"),
    ("template", "spec"),
    ("spec", "podTemplate", "spec"),
    ("spec", "predictor"),
    ("spec",),
)
_LISTS = (
    ("containers", "container"),
    ("initContainers", "initContainer"),
    ("ephemeralContainers", "ephemeralContainer"),
)
# Of the container, else of the pod; left out where neither says anything: the image decides then.
_OF_BOTH = ("runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile", "seLinuxOptions", "windowsOptions")
_OF_CONTAINER = (("privileged", False), ("allowPrivilegeEscalation", True), ("readOnlyRootFilesystem", False))
_OF_POD = (("serviceAccountName", "default"), ("hostNetwork", False), ("hostPID", False), ("hostIPC", False))


class PodSpec:
    """The summary of a manifest's pod, and where each part of it stands in the manifest."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.values: dict[str, Any] | None = None
        self.places: dict[Path, Path] = {}
        found = next((path for path in _PLACES if _is_pod(member(document, *path))), None)
        if found is not None:
            self._document = document
            self._spec = found
            self.values = {}
            self._fill(self.values)

    def _get(self, *path: str | int) -> Value:
        return member(self._document, *self._spec, *path)

    def _fill(self, values: dict[str, Any]) -> None:
        self.places[()] = self._spec
        for key, default in _OF_POD:
            value = self._get(key)
            values[key] = default if value is None else value
            self.places[(key,)] = (*self._spec, key)
        automount = self._get("automountServiceAccountToken")
        if automount is not None:
            values["automountServiceAccountToken"] = automount
            self.places[("automountServiceAccountToken",)] = (*self._spec, "automountServiceAccountToken")
        values["hostPaths"] = self._host_paths()
        values["containers"] = []
        for key, kind in _LISTS:
            items = self._get(key)
            if isinstance(items, Unknown):
                values["containers"] = items
                return
            for index, item in enumerate(items if isinstance(items, list) else ()):
                self._container(values["containers"], item, kind, (key, index))

    def _host_paths(self) -> Value:
        volumes = self._get("volumes")
        if isinstance(volumes, Unknown):
            return volumes
        paths: list[Value] = []
        for index, volume in enumerate(volumes if isinstance(volumes, list) else ()):
            path = member(volume, "hostPath", "path")
            if path is not None:
                self.places["hostPaths", len(paths)] = (*self._spec, "volumes", index, "hostPath", "path")
                paths.append(path)
        return paths

    def _container(self, made: list[Any], item: Value, kind: str, place: Path) -> None:
        target: Path = ("containers", len(made))
        self.places[target] = (*self._spec, *place)
        if not isinstance(item, dict):
            made.append(item if isinstance(item, Unknown) else Unknown("a container that is no mapping"))
            return
        values: dict[str, Any] = {"name": item.get("name"), "kind": kind}
        made.append(values)
        self.places[(*target, "name")] = (*self._spec, *place, "name")
        image = item.get("image")
        if image is not None:
            values["image"] = image_parts(with_variables(image))
            self.places[(*target, "image")] = (*self._spec, *place, "image")
        self._rights(values, place, target)
        values["hostPorts"] = self._ports(place, target, "hostPorts", "hostPort")
        values["containerPorts"] = self._ports(place, target, "containerPorts", "containerPort")
        for key in ("limits", "requests"):
            given = self._get(*place, "resources", key)
            values[key] = {} if given is None else given
            self.places[(*target, key)] = (*self._spec, *place, "resources", key)
        for key in ("livenessProbe", "readinessProbe"):
            probe = self._get(*place, key)
            values[key] = probe if isinstance(probe, Unknown) else bool(probe)
            self.places[(*target, key)] = (*self._spec, *place, key)
        values["env"] = self._env(place, target)

    def _env(self, place: Path, target: Path) -> Value:
        """The variables whose value stands in the manifest."""
        given = self._get(*place, "env")
        if isinstance(given, Unknown):
            return given
        found: list[Value] = []
        for index, variable in enumerate(given if isinstance(given, list) else ()):
            value = member(variable, "value")
            if value is not None:
                self.places[(*target, "env", len(found))] = (*self._spec, *place, "env", index)
                found.append({"name": member(variable, "name"), "value": value})
        return found

    def _rights(self, values: dict[str, Any], place: Path, target: Path) -> None:
        own = (*place, "securityContext")
        for key in _OF_BOTH:
            for where in (own, ("securityContext",)):
                value = self._get(*where, key)
                if value is not None:
                    values[key] = value
                    self.places[(*target, key)] = (*self._spec, *where, key)
                    break
        for key, default in _OF_CONTAINER:
            value = self._get(*own, key)
            values[key] = default if value is None else value
            self.places[(*target, key)] = (*self._spec, *own, key)
        for key, part in (("capabilitiesAdded", "add"), ("capabilitiesDropped", "drop")):
            value = self._get(*own, "capabilities", part)
            values[key] = [] if value is None else value
            self.places[(*target, key)] = (*self._spec, *own, "capabilities", part)

    def _ports(self, place: Path, target: Path, key: str, of: str) -> Value:
        ports = self._get(*place, "ports")
        if isinstance(ports, Unknown):
            return ports
        found: list[Value] = []
        for index, port in enumerate(ports if isinstance(ports, list) else ()):
            value = member(port, of)
            if value is not None:
                self.places[(*target, key, len(found))] = (*self._spec, *place, "ports", index, of)
                found.append(value)
        return found


def _is_pod(value: Value) -> bool:
    return isinstance(value, dict) and (
        isinstance(value.get("containers"), list | Unknown) or isinstance(value.get("initContainers"), list)
    )
