"""What one evaluation of a folder shares: its budget, the files that it opens, and what it couldn't read."""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from resource_readers.interface import NotRead, ReadRequest, Unknown, Value
from resource_readers.project_files import UnreadableFileError, entries_of, open_inside, place_of, shown_name
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import LimitError
from resource_readers.terraform.evaluation import Frame, evaluate
from resource_readers.terraform.expansion import MAXIMUM_INSTANCES
from resource_readers.terraform.expressions import ExpressionParser
from resource_readers.terraform.folders import Folder, folder_of
from resource_readers.terraform.functions.loaded import call
from resource_readers.terraform.functions.table import Context
from resource_readers.terraform.scanning import SyntaxProblem
from resource_readers.terraform.values import EvaluationProblem, known, to_text
from verdicts import InputDigest

if TYPE_CHECKING:
    from resource_readers.terraform.modules import Module

MAXIMUM_STEPS = 2_000_000
"""The largest public root module, with its 900 policy files, takes 500,000."""
MAXIMUM_MODULES = 2_000
MAXIMUM_LISTED = 20_000
_TEMPLATES = frozenset({"templatefile", "templatestring", "core::templatefile", "core::templatestring"})


class TerraformRun:
    """One evaluation of a root module."""

    def __init__(self, request: ReadRequest, root: Folder) -> None:
        self.request = request
        self.root = root
        self.budget = Budget(MAXIMUM_STEPS)
        self.depth = 0
        self.digests: dict[str, InputDigest] = {}
        self.not_read: dict[tuple[str, NotRead], None] = {}
        self.context = Context(self.budget, ProjectFunctions(self), self._render)
        self._instances = 0
        self._modules = 0
        self._manifest: Mapping[str, str] | None = None

    def miss(self, owner: str, missing: NotRead) -> None:
        """Names something that wasn't read, on behalf of a file of the root module."""
        self.not_read.setdefault((owner, missing))

    def count_instances(self, more: int) -> None:
        """Raises LimitError if there are too many."""
        self._instances += more
        if self._instances > MAXIMUM_INSTANCES:
            raise LimitError(f"more than {MAXIMUM_INSTANCES:,} instances")

    def count_modules(self, more: int) -> None:
        """Raises LimitError if there are too many."""
        self._modules += more
        if self._modules > MAXIMUM_MODULES:
            raise LimitError(f"more than {MAXIMUM_MODULES:,} modules")

    def module_folder(self, caller: Module, name: str, source: str) -> Folder | str:
        """The folder of a called module, or why it can't be read."""
        base = self.request.root.resolve()
        if source.startswith(("./", "../", ".\\", "..\\")) or source in (".", ".."):
            wanted = caller.folder.path / source.replace("\\", "/")
        else:
            known_folder = self._installed().get(".".join([*(one.split("[")[0] for one in caller.path), name]))
            if known_folder is None:
                return f"the module {name!r} comes from elsewhere ({source}) and isn't in .terraform/modules"
            wanted = self.root.path / known_folder
        real = place_of(wanted).real
        if real is None:
            return f"the module {name!r} isn't there ({source})"
        if not real.is_relative_to(base):
            return f"the module {name!r} leads out of the project ({source})"
        folder = folder_of(self.request, real)
        self.digests.update(folder.digests)
        if not folder.files and not folder.not_read:
            return f"the module {name!r} has no configuration ({source})"
        return folder

    def _installed(self) -> Mapping[str, str]:
        """Folders of the modules that `terraform init` brought, by the names of the calls."""
        if self._manifest is None:
            self._manifest = {}
            try:
                file = open_inside(self.request.root, self.root.path / ".terraform" / "modules" / "modules.json")
                self.digests[file.shown] = file.digest
                entries = json.loads(file.data)["Modules"]
                self._manifest = {str(one["Key"]): str(one["Dir"]) for one in entries}
            except (UnreadableFileError, ValueError, KeyError, TypeError, RecursionError):
                pass
        return self._manifest

    def _render(self, text: str, variables: dict[str, Value]) -> Value:
        try:
            node = ExpressionParser(text).template()
        except SyntaxProblem as problem:
            raise EvaluationProblem(f"a template that isn't understood: {problem}") from None
        value = known(evaluate(node, Frame(_TemplateScope(self, variables), {})))
        return value if isinstance(value, Unknown) else to_text(value)


class _TemplateScope:
    """Names and functions in a template file."""

    def __init__(self, run: TerraformRun, variables: Mapping[str, Value]) -> None:
        self.run = run
        self._variables = variables

    def symbol(self, name: str) -> Value:
        """See evaluation.Scope."""
        if name not in self._variables:
            raise EvaluationProblem(f"the template has no variable {name!r}")
        return self._variables[name]

    def call(self, name: str, arguments: list[Value]) -> Value:
        """See evaluation.Scope."""
        if name in _TEMPLATES:
            raise EvaluationProblem(f"{name}() in a template")
        return call(name, arguments, self.run.context)


class ProjectFunctions:
    """The project's files for functions; see functions.table.Files. Paths count from the root module's folder."""

    def __init__(self, run: TerraformRun) -> None:
        self._run = run
        self._data: dict[str, bytes | Unknown] = {}

    def _wanted(self, path: str) -> Path | Unknown:
        if path.startswith(("~", "/")) or ":" in path[:3]:
            return Unknown(f"the file {path!r} isn't one of the project")
        return self._run.root.path / path

    def data(self, path: str) -> bytes | Unknown:
        """See functions.table.Files."""
        if path not in self._data:
            self._data[path] = self._opened(path)
        return self._data[path]

    def _opened(self, path: str) -> bytes | Unknown:
        wanted = self._wanted(path)
        if isinstance(wanted, Unknown):
            return wanted
        self._run.budget.spend(100)
        try:
            file = open_inside(self._run.request.root, Path(os.path.normpath(wanted)))
        except UnreadableFileError as error:
            return Unknown(f"the file {path!r} can't be read: {error}")
        self._run.digests[file.shown] = file.digest
        return file.data

    def exists(self, path: str) -> bool | Unknown:
        """See functions.table.Files."""
        wanted = self._wanted(path)
        if isinstance(wanted, Unknown):
            return wanted
        real = self._inside(wanted)
        return real if isinstance(real, Unknown) else real is not None and place_of(real).kind == "file"

    def _inside(self, wanted: Path) -> Path | Unknown | None:
        normal = Path(os.path.normpath(wanted))
        base = self._run.request.root.resolve()
        if not normal.is_relative_to(base):
            return Unknown(f"{shown_name(base, normal)!r} leads out of the project")
        real = place_of(normal).real
        if real is None:
            return None
        return real if real.is_relative_to(base) else Unknown(f"{shown_name(base, normal)!r} leads out of the project")

    def below(self, path: str) -> list[str] | Unknown:
        """See functions.table.Files."""
        wanted = self._wanted(path)
        real = wanted if isinstance(wanted, Unknown) else self._inside(wanted)
        if isinstance(real, Unknown):
            return real
        found: list[str] = []
        if real is None:
            return found
        folders = [real]
        while folders:
            folder = folders.pop()
            try:
                entries = entries_of(folder, maximum=MAXIMUM_LISTED + 1)
            except OSError:
                continue
            self._run.budget.spend(len(entries))
            relative = os.path.relpath(folder, real).replace(os.sep, "/")
            names = [entry.name for entry in entries if not entry.is_folder]
            found += [posixpath.normpath(posixpath.join(relative, name)) for name in names]
            folders += [folder / entry.name for entry in reversed(entries) if entry.is_folder and not entry.is_link]
            if len(found) > MAXIMUM_LISTED or len(entries) > MAXIMUM_LISTED:
                raise LimitError(f"more than {MAXIMUM_LISTED:,} files in {path!r}")
        return found
