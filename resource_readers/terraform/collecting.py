"""A folder as a root module: every instance of its resources, and of those of the local modules that it calls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from resource_readers.interface import NotRead, ReadRequest
from resource_readers.project_files import UnreadableFileError, open_inside
from resource_readers.template_language.unknowns import LimitError
from resource_readers.terraform.evaluation import Frame, attempt
from resource_readers.terraform.folders import Declared, Folder, folder_of, parse
from resource_readers.terraform.instances import TerraformInstance
from resource_readers.terraform.modules import Inputs, Module, NotThere
from resource_readers.terraform.resources import ResourceInstance
from resource_readers.terraform.runs import TerraformRun
from resource_readers.terraform.source_maps import BlockSource
from resource_readers.terraform.syntax import Block, ConfigurationFile, Literal, Member, Name
from resource_readers.terraform.values import EvaluationProblem, finished
from resource_readers.trees.lenient_json import LenientJsonError
from verdicts import Location


def collected(request: ReadRequest, root: Path, only: str = "") -> Collector:
    """The folder (or one file of it), evaluated. Doesn't raise for anything that stands in files."""
    folder = folder_of(request, root, only)
    run = TerraformRun(request, folder)
    for missing in folder.not_read:
        if missing.path.endswith((".tfvars", ".tfvars.json")):
            for file in folder.files:
                run.miss(file.source.shown, replace(missing, may_hold_resources=False))
        run.miss(missing.path, missing)
    collector = Collector(run)
    collector.collect(Module(run, folder, inputs=_given(request, run, folder)))
    run.digests.update(folder.digests)
    return collector


class Collector:
    """Goes through a module and those that it calls, block by block.

    Attributes:
        run: with everything that was opened and not read.
        instances: with the file of the root module that declares it or calls its module.
    """

    def __init__(self, run: TerraformRun) -> None:
        self.run = run
        self.instances: list[tuple[str, TerraformInstance]] = []

    def owner_of(self, missing: NotRead) -> str:
        """The file of the root module through which something was reached."""
        for owner, instance in self.instances:
            if instance.location.path == missing.path and instance.location.line == missing.line:
                return owner
        return next((owner for owner, one in self.instances if one.location.path == missing.path), missing.path)

    def collect(self, module: Module, repeated: bool = False) -> None:
        """Everything that a module declares."""
        for file in module.folder.files:
            for block in file.body.blocks:
                self._block(module, Declared(_merged(module, block), file), repeated)

    def _block(self, module: Module, declared: Declared, repeated: bool) -> None:
        block, run = declared.block, self.run
        try:
            if block.type in ("resource", "data") and len(block.labels) == 2:
                self._resource(module, declared, repeated)
            elif block.type == "module" and len(block.labels) == 1:
                self._module(module, declared, repeated)
            elif block.type == "check":
                for inner in block.body.blocks:
                    if inner.type == "data":
                        self._block(module, Declared(inner, declared.file), repeated)
            elif block.type in ("resource", "data", "module"):
                self._miss(module, declared, f"a {block.type} block with {len(block.labels)} labels")
        except LimitError as error:
            self._miss(module, declared, f"stopped: {error}")
        except EvaluationProblem as error:
            self._miss(module, declared, str(error))
        finally:
            run.depth = 0

    def _miss(self, module: Module, declared: Declared, reason: str, *, may_hold_resources: bool = True) -> None:
        shown = declared.file.source.shown
        line = declared.file.source.position(declared.block.at).line
        self.run.miss(module.owner or shown, NotRead(shown, line, reason, may_hold_resources))

    def _resource(self, module: Module, declared: Declared, repeated: bool) -> None:
        self._labelled_inside(module, declared)
        expansion, instances = module.instances(declared)
        for instance in instances:
            self.instances.append(
                (
                    module.owner or declared.file.source.shown,
                    _instance(module, declared, instance, expansion.condition, repeated or expansion.repeated),
                )
            )

    def _labelled_inside(self, module: Module, declared: Declared) -> None:
        """A block with labels inside of a resource: most likely one whose brace is missing."""
        for inner in declared.block.body.blocks:
            if inner.type in ("resource", "data", "module", "variable", "output") and inner.labels:
                line = declared.file.source.position(inner.at).line
                shown = declared.file.source.shown
                reason = f"a {inner.type} block inside of another block"
                self.run.miss(module.owner or shown, NotRead(shown, line, reason))

    def _module(self, module: Module, declared: Declared, repeated: bool) -> None:
        called = module.modules(declared)
        if isinstance(called, NotThere):
            self._miss(module, declared, called.reason, may_hold_resources=not _only_computes(declared.block))
            return
        expansion, inner = called
        for one in inner:
            owner = module.owner or declared.file.source.shown
            for missing in one.folder.not_read:
                self.run.miss(owner, missing)
            if expansion.condition is not True:
                start = len(self.instances)
                self.collect(one, repeated or expansion.repeated)
                self.instances[start:] = [
                    (whose, _conditional(instance, expansion.condition)) for whose, instance in self.instances[start:]
                ]
            else:
                self.collect(one, repeated or expansion.repeated)


_COMPUTING = frozenset(
    {"Azure/naming/azurerm", "Azure/regions/azurerm", "Azure/avm-utl-regions/azurerm", "Azure/avm-utl-interfaces/azure"}
)
"""Modules of the public registry that give names, regions and shapes of values, and declare nothing of Azure."""


def _only_computes(block: Block) -> bool:
    source = block.body.attributes.get("source")
    node = source.value if source is not None else None
    return isinstance(node, Literal) and node.value in _COMPUTING


def _conditional(instance: TerraformInstance, condition: object) -> TerraformInstance:
    return replace(instance, condition=condition) if instance.condition is True else instance


def _merged(module: Module, block: Block) -> Block:
    """The block as override files have it, if its name is declared once."""
    found = module.folder.declared.get((block.type, *block.labels), [])
    return found[0].block if len(found) == 1 else block


def _instance(
    module: Module, declared: Declared, instance: ResourceInstance, condition: object, repeated: bool
) -> TerraformInstance:
    values, places = instance.values()
    block, source = declared.block, declared.file.source
    return TerraformInstance(
        mode="managed" if block.type == "resource" else "data",
        type=block.labels[0],
        name=block.labels[1],
        key=instance.key,
        module=module.path,
        address=instance.address,
        values={name: finished(value, module.run.budget) for name, value in values.items()},
        provider=_provider(block),
        condition=condition,
        repeated=repeated,
        location=Location(source.shown, source.position(block.at).line),
        source=BlockSource(source, places),
    )


def _provider(block: Block) -> str:
    """The provider's local name: as written, else the first word of the type."""
    given = block.body.attributes.get("provider")
    node = given.value if given is not None else None
    if isinstance(node, Member):
        node = node.base
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Literal) and isinstance(node.value, str):
        return node.value.partition(".")[0]
    return block.labels[0].partition("_")[0]


def _given(request: ReadRequest, run: TerraformRun, folder: Folder) -> Inputs:
    """Values of variables: terraform.tfvars, *.auto.tfvars, then the file that the request names."""
    files: list[ConfigurationFile] = list(folder.values)
    if request.parameters is not None:
        try:
            opened = open_inside(request.root, request.parameters)
            run.digests[opened.shown] = opened.digest
            files.append(parse(opened))
            broken = [(files[-1].source.position(one.at).line, one.reason) for one in files[-1].broken]
            shown = opened.shown
        except UnreadableFileError as error:
            shown, broken = error.shown, [(None, f"can't be read: {error}")]  # type: ignore[list-item]
        except LenientJsonError as error:
            shown, broken = str(request.parameters), [(error.line, f"not understood: {error}")]
        for line, reason in broken:
            for file in folder.files:
                run.miss(file.source.shown, NotRead(shown, line, reason, may_hold_resources=False))
    frame = Frame(_Constants(run, folder), {})
    values = {
        name: attempt(attribute.value, frame) for file in files for name, attribute in file.body.attributes.items()
    }
    return {name: (lambda value=value: value) for name, value in values.items()}  # type: ignore[misc]


class _Constants(Module):
    """Where only constants may stand."""

    def symbol(self, name: str) -> object:
        """See evaluation.Scope."""
        raise EvaluationProblem(f"{name!r} in a file of values")
