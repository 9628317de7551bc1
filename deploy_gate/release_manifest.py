"""The release manifest: what is to be deployed, as one file that a pipeline can write and a person can review."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.project import inside
from verdicts import ConfigurationError
from verdicts.digests import is_digest
from verdicts.documents import load_document
from verdicts.sections import Section

SCHEMA = "mlgate/release/v1"
SCENARIOS = ("classical", "vision", "language")

# Azure ML endpoint names: 3 to 32 characters, a letter first.
_ENDPOINT = re.compile(r"[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]")
# OCI distribution specification: name and tag of a repository.
_REPOSITORY = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


@dataclass(frozen=True, slots=True)
class TemplateReference:
    """A template and its parameter file, relative to the project's root."""

    path: Path
    parameters: Path | None


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image in the registry; a given digest must be what the tag names."""

    repository: str
    tag: str
    digest: str | None

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseManifest:
    """A release. Paths are relative to the project's root, so that they hold in a frozen copy as well."""

    name: str
    version: str
    scenario: str
    endpoint: str
    templates: tuple[TemplateReference, ...]
    assets: tuple[Path, ...]
    requirements: Path
    conda: Path | None
    image: ImageReference
    model: Path
    flavour: str
    model_digest: str
    code: Path
    entry_script: str
    smoke_request: Path
    response_keys: tuple[str, ...]
    evaluation: Path


def load_manifest(path: Path, root: Path) -> ReleaseManifest:
    """Reads a release manifest of the project at `root`.

    Raises:
        ConfigurationError: with file and line: unknown or missing keys, a path out of the project, no such file.
    """
    resolved = path.resolve()
    if not resolved.is_relative_to(root.resolve()):
        raise ConfigurationError("the release stands outside of its project", where=str(path))
    top = Section(load_document(path, shown_as=str(path)), str(path))
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    places = _Places(root, path.parent)
    scenario = top.text("scenario")
    if scenario not in SCENARIOS:
        raise top.error(f"'scenario' must be one of {', '.join(SCENARIOS)}", "scenario")

    packages, model, scoring = top.section("packages"), top.section("model"), top.section("scoring")
    smoke, evaluation = top.section("smoke_test"), top.section("evaluation")
    digest = model.text("digest")
    if not is_digest(digest):
        raise model.error("'digest' must be sha256: and 64 hexadecimal digits", "digest")
    entry_script = scoring.text("entry_script")
    if not re.fullmatch(r"[A-Za-z0-9_]+\.py", entry_script):
        raise scoring.error("'entry_script' must be a file name like score.py", "entry_script")
    manifest = ReleaseManifest(
        name=_matching(top, "name", _VERSION, "letters, digits, '.', '_', '-'"),
        version=_matching(top, "version", _VERSION, "letters, digits, '.', '_', '+', '-'"),
        scenario=scenario,
        endpoint=_matching(top, "endpoint", _ENDPOINT, "3 to 32 letters, digits and hyphens, a letter first"),
        templates=tuple(_template(section, places) for section in top.sections("templates")),
        assets=places.files(top, "assets"),
        requirements=places.file(packages, "requirements"),
        conda=places.file(packages, "conda") if packages.has("conda") else None,
        image=_image(top.section("image")),
        model=places.existing(model, "path"),
        flavour=model.text("flavour"),
        model_digest=digest,
        code=places.folder(scoring, "code"),
        entry_script=entry_script,
        smoke_request=places.file(smoke, "request"),
        response_keys=smoke.texts("response_keys", ()),
        evaluation=places.file(evaluation, "results"),
    )
    for section in (packages, model, scoring, smoke, evaluation, top):
        section.finish()
    return manifest


@dataclass(frozen=True, slots=True)
class _Places:
    """Turns what a manifest says of places into paths relative to the root."""

    root: Path
    base: Path

    def existing(self, section: Section, key: str, text: str | None = None) -> Path:
        path = inside(self.root, self.base.resolve(), section.text(key) if text is None else text, section, key)
        if not path.exists():
            raise section.error(f"{path} is not there", key)
        return path.relative_to(self.root)

    def file(self, section: Section, key: str) -> Path:
        path = self.existing(section, key)
        if not (self.root / path).is_file():
            raise section.error(f"{path} is not a file", key)
        return path

    def folder(self, section: Section, key: str) -> Path:
        path = self.existing(section, key)
        if not (self.root / path).is_dir():
            raise section.error(f"{path} is not a folder", key)
        return path

    def files(self, section: Section, key: str) -> tuple[Path, ...]:
        return tuple(self.existing(section, key, text) for text in section.texts(key, ()))


def _matching(section: Section, key: str, pattern: re.Pattern[str], allowed: str) -> str:
    text = section.text(key)
    if not pattern.fullmatch(text):
        raise section.error(f"{key!r} must be {allowed}; found {text!r}", key)
    return text


def _template(section: Section, places: _Places) -> TemplateReference:
    template = TemplateReference(
        places.file(section, "path"),
        places.file(section, "parameters") if section.has("parameters") else None,
    )
    section.finish()
    return template


def _image(section: Section) -> ImageReference:
    digest = section.text("digest") if section.has("digest") else None
    if digest is not None and not is_digest(digest):
        raise section.error("'digest' must be sha256: and 64 hexadecimal digits", "digest")
    image = ImageReference(
        _matching(section, "repository", _REPOSITORY, "lower-case letters, digits and separators"),
        _matching(section, "tag", _TAG, "letters, digits, '.', '_', '-'"),
        digest,
    )
    section.finish()
    return image
