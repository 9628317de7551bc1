"""Where every command of `mlgate rbac` takes role assignments from: templates, exported files, the live estate.

@click.command()
@source_options
def check(sources: SourceChoice) -> None:
    estate = load_estate(sources)

Files say by their content what they are; folders are gone through.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rbac_matrix.estate.model import Estate
    from rbac_matrix.organisation.model import Organisation
    from resource_readers.interface import ReadResult

EXPORT_ENDINGS = (".json", ".jsonl", ".ndjson", ".csv")
"""Of files that are found in folders; a file that is named itself may have any."""


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """What the person chose; nothing has been read yet.

    Attributes:
        paths: templates, exports and folders of both.
        parameters: a parameter file for the templates.
        root: no template outside of it is read.
        subscriptions: scopes of the live estate; empty where it isn't asked for.
        tenant: of the live estate; "" for the usual one.
    """

    paths: tuple[Path, ...]
    parameters: Path | None
    root: Path
    subscriptions: tuple[str, ...] = ()
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class SortedSources:
    """The files, by what they are; each export with its name for reports."""

    templates: tuple[Path, ...]
    exports: tuple[tuple[Path, str], ...]


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: adds the paths and the options, and passes `sources: SourceChoice`."""

    @functools.wraps(command)
    def with_sources(
        *args: Any,
        paths: tuple[Path, ...],
        directory: tuple[Path, ...],
        parameters: Path | None,
        root: Path,
        live: bool,
        subscription: tuple[str, ...],
        tenant: str,
        **rest: Any,
    ) -> Any:
        if live != bool(subscription):
            raise click.UsageError("--live and --subscription belong together")
        if tenant and not live:
            raise click.UsageError("--tenant belongs to --live")
        if not (paths or directory or live):
            raise click.UsageError("name templates or exported files, or ask for --live --subscription ID")
        chosen = SourceChoice((*paths, *directory), parameters, root, subscription, tenant)
        return command(*args, sources=chosen, **rest)

    path = click.Path(path_type=Path)
    for decorate in (
        click.option("--tenant", default="", metavar="ID", help="Tenant of the live estate."),
        click.option(
            "--subscription", multiple=True, metavar="ID", help="With --live: a subscription, or any scope's id."
        ),
        click.option("--live", is_flag=True, help="Ask Azure and Microsoft Graph (needs mlgate[azure])."),
        click.option(
            "--root",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            default=Path(),
            show_default="the working directory",
            help="No template outside of this folder is read.",
        ),
        click.option("--parameters", type=path, help="A parameter file for the templates."),
        click.option("--directory", type=path, multiple=True, help="An export of groups and users, as a path is."),
        click.argument("paths", nargs=-1, type=path),
    ):
        with_sources = decorate(with_sources)
    return with_sources


def sort_sources(sources: SourceChoice) -> SortedSources:
    """Tells exports from templates.

    Raises:
        ConfigurationError: a file isn't there or can't be read, or looks like an export and isn't understood.
    """
    from rbac_matrix.estate.exports import looks_like_export
    from resource_readers.project_files import shown_name
    from verdicts import ConfigurationError

    here, root = Path.cwd(), sources.root.absolute()
    templates: list[Path] = []
    exports: dict[Path, str] = {}
    for path in dict.fromkeys(here / one for one in sources.paths):
        if path.is_dir():
            for found in _exports_in(root, path):
                exports.setdefault(*found)
            templates.append(path)
            continue
        if not path.exists():
            raise ConfigurationError("there is no such file", where=str(path))
        shown = shown_name(root, path)
        if looks_like_export(path, shown):
            exports.setdefault(path, shown)
        else:
            templates.append(path)
    return SortedSources(tuple(templates), tuple(exports.items()))


def _exports_in(root: Path, folder: Path) -> list[tuple[Path, str]]:
    """Exports in a folder that lies in the root; other data that is there is none of ours."""
    from rbac_matrix.estate.exports import may_be_export
    from resource_readers.discovery import walk_paths
    from resource_readers.interface import NotRead

    def wanted(name: str) -> bool:
        return name.casefold().endswith(EXPORT_ENDINGS)

    found = [one for one in walk_paths(root, folder, wanted=wanted) if not isinstance(one, NotRead)]
    return [(Path(one.path), one.shown) for one in found if may_be_export(Path(one.path), one.shown)]


def load_estate(sources: SourceChoice, *, organisation: Organisation | None = None) -> Estate:
    """Everything that was chosen, as one estate.

    Args:
        sources: see SourceChoice.
        organisation: whose groups the live estate should tell of with their members, although they may have no
            assignment.

    Raises:
        ConfigurationError: see `sort_sources` and `cli.wiring.live_estate`.
    """
    from rbac_matrix.estate.joining import join

    chosen = sort_sources(sources)
    estates: list[Estate] = []
    if chosen.exports:
        from rbac_matrix.estate.exports import read_exports

        estates.append(read_exports(chosen.exports))
    templates = _templates(sources, chosen)
    if templates is not None:
        estates.append(templates)
    if sources.subscriptions:
        from cli.wiring import live_estate

        entries = organisation.principals.entries if organisation is not None else ()
        also = [one.object_id for one in entries if one.object_id]
        named = [one.group for one in entries if one.group]
        estates.append(live_estate(sources.subscriptions, tenant=sources.tenant, also=also, named=named))
    return join(*estates)


def _templates(sources: SourceChoice, chosen: SortedSources) -> Estate | None:
    if not chosen.templates:
        return None
    from deploy_gate.estate_sources import estate_of_templates

    results = read_templates(sources, chosen)
    return estate_of_templates(result for result, is_part in results if not is_part) if results else None


def read_templates(sources: SourceChoice, chosen: SortedSources) -> tuple[tuple[ReadResult, bool], ...]:
    """What the templates gave, each with whether another one takes it in.

    Where no parameter file is named, values come from the one beside a template or from the pipelines that deploy it.
    """
    from deploy_gate.policy_checks.parts import parts_of
    from resource_readers.interface import ReadRequest
    from resource_readers.project_files import shown_name
    from resource_readers.projects import read_paths

    values = Path.cwd() / sources.parameters if sources.parameters is not None else None
    root = sources.root.absolute()
    request = ReadRequest(root=root, path=Path(), parameters=values, neighbours=values is None)
    exports = {shown for _, shown in chosen.exports} | {shown_name(root, path) for path, _ in chosen.exports}
    results = [one for one in read_paths(request, chosen.templates) if one[0] not in exports]
    parts = parts_of(results)
    return tuple((result, shown in parts) for shown, result in results)
