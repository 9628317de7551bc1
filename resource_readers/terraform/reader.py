"""Terraform configuration: a folder is evaluated as one root module; each file gives what it declares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource
from resource_readers.project_files import ProjectFile
from resource_readers.terraform.azurerm import to_arm
from resource_readers.terraform.collecting import collected
from resource_readers.terraform.folders import is_ignored, parse, signature
from resource_readers.terraform.recognition import is_configuration, is_variables
from resource_readers.terraform.template_deployments import with_templates
from resource_readers.trees.lenient_json import LenientJsonError
from verdicts import InputDigest


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """What a folder gives, by the file of the root module that declares it or calls its module."""

    resources: dict[str, tuple[Resource, ...]]
    not_read: dict[str, tuple[NotRead, ...]]
    files: tuple[InputDigest, ...]


class TerraformReader:
    """Files ending in .tf and .tf.json."""

    kind = "terraform"

    def recognises(self, file: ProjectFile) -> bool:
        """By the name."""
        return is_configuration(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        root = file.path.parent
        # A file that Terraform leaves out is read by itself: somebody may still rename it.
        only = file.path.name if is_ignored(file.path.name) else ""
        key = ("terraform", str(request.root), str(root), only, signature(root), str(request.parameters))
        found = request.session.once(lambda: _evaluated(request, root, only), *key)
        files = tuple(one for one in found.files if one.name != file.shown)
        if file.digest not in found.files:
            changed = NotRead(file.shown, None, "it was changed while it was read")
            return ReadResult(kind=self.kind, not_read=(changed,), files=(file.digest, *files))
        return ReadResult(
            kind=self.kind,
            resources=found.resources.get(file.shown, ()),
            not_read=found.not_read.get(file.shown, ()),
            files=(file.digest, *files),
        )


def _evaluated(request: ReadRequest, root: Path, only: str) -> _Evaluated:
    collector = collected(request, root, only)
    run = collector.run
    mapped, unmapped = to_arm([instance for _, instance in collector.instances])
    resources, unread = with_templates(mapped)
    by_file: dict[str, list[Resource]] = {}
    # A module that two files call gives resources of one place to both: the location object tells whose one is.
    owners = {id(instance.location): owner for owner, instance in collector.instances}
    places = {instance.location: owner for owner, instance in collector.instances}
    for resource in resources:
        owner = owners.get(id(resource.location)) or places.get(resource.location, resource.location.path)
        by_file.setdefault(owner, []).append(resource)
    for missing in (*unmapped, *unread):
        run.miss(collector.owner_of(missing), missing)
    not_read: dict[str, list[NotRead]] = {}
    for owner, missing in run.not_read:
        not_read.setdefault(owner, []).append(missing)
    return _Evaluated(
        {owner: tuple(found) for owner, found in by_file.items()},
        {owner: tuple(found) for owner, found in not_read.items()},
        tuple(run.digests.values()),
    )


class TerraformVariablesReader:
    """Files ending in .tfvars and .tfvars.json: values for variables, no resources."""

    kind = "terraform-variables"

    def recognises(self, file: ProjectFile) -> bool:
        """By the name."""
        return is_variables(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        del request
        try:
            parsed = parse(file)
        except LenientJsonError as error:
            missing = [NotRead(file.shown, error.line, f"not understood: {error}", may_hold_resources=False)]
        else:
            missing = [
                NotRead(file.shown, parsed.source.position(one.at).line, one.reason, may_hold_resources=False)
                for one in parsed.broken
            ]
            missing += [
                NotRead(file.shown, parsed.source.position(one.at).line, "a block in a file of values")
                for one in parsed.body.blocks
            ]
        return ReadResult(kind=self.kind, not_read=tuple(missing), files=(file.digest,))
