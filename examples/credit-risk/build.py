"""Builds what the example needs and a repository shouldn't hold: environments, container images, Trivy's database.

    python examples/credit-risk/build.py

Everything goes below `.mlgate/`: the releases' environments (from the hashed requirements, by uv), the good and the bad
image in the registry (an OCI layout), and a database for Trivy from governance/trivy-advisories.json. What is there
already and made from the same inputs is left alone; an image that the gate has deleted is built again.

The images are what a scanner sees of a container: Debian 12's package database, the Python packages as their wheels
hold them, the scoring code and the model. No programs are in them, so they can't be started.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cloud_backends.local.environments import ensure_environment
from scanners import bolt_file, image_builder, trivy_database
from scanners.image_builder import DebianPackage, Layer, RunConfig, build_image, debian_base_layer
from scanners.oci_documents import ImageError
from scanners.oci_layout import OciLayout
from scanners.trivy_database import load_advisories, write_database
from verdicts.digests import canonical_json, digest_bytes, digest_file, digest_tree

ROOT = Path(__file__).resolve().parent
REPOSITORY = "credit-risk-scoring"
SITE_PACKAGES = "usr/local/lib/python3.11/site-packages"
# The bulk of the bytes, and the same in both images: a layer of their own is stored once.
NUMERIC = ("numpy", "scipy", "scikit_learn", "sklearn")
# Depends on where and by what a wheel was installed, not on the wheel; RECORD comes back without these lines.
INSTALLER_FILES = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
# Until when governance/trivy-advisories.json knows what became public; the database can't be younger than its facts.
TRIVY_ADVISORIES_OF = dt.datetime(2025, 9, 30, tzinfo=dt.UTC)
# As of October 2023, with a dozen vulnerabilities known since.
OLD_OPENSSL = "3.0.11-1~deb12u2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What one image is made of; paths are relative to the project."""

    tag: str
    requirements: str
    model: str
    careless: bool = False

    def inputs(self) -> str:
        """Digest of everything that goes into the image: equal inputs give an equal image."""
        files = (self.requirements, self.model, "image/debian-12-packages.tsv", "build.py")
        builder = digest_file(Path(image_builder.__file__))
        parts = [self.tag, builder, digest_tree(ROOT / "scoring"), *(digest_file(ROOT / name) for name in files)]
        return digest_bytes(canonical_json(parts))


GOOD = Recipe(tag="1.4.0", requirements="environment/requirements.txt", model="model/credit-risk.pkl")
BAD = Recipe(
    tag="1.5.0", requirements="environment/bad/requirements.txt", model="model/bad/credit-risk.pkl", careless=True
)


def debian_packages(*, careless: bool) -> tuple[DebianPackage, ...]:
    """The base layer's packages: patched, or with an old OpenSSL."""
    packages = []
    text = (ROOT / "image" / "debian-12-packages.tsv").read_text(encoding="utf-8")
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, version, source = [*line.split("\t"), ""][:3]
        if careless and "openssl" in (name, source):
            version = OLD_OPENSSL
        packages.append(DebianPackage(name, version, source))
    return tuple(packages)


def python_layers(environment: Path) -> tuple[Layer, ...]:
    """The environment's packages as three layers: the numeric ones, the others, and what an installer notes of both."""
    site = environment / "lib" / "python3.11" / "site-packages"
    numeric = Layer.of_folder(site, prefix=SITE_PACKAGES, exclude=_left_out(lambda top: not _is_numeric(top)))
    others = Layer.of_folder(site, prefix=SITE_PACKAGES, exclude=_left_out(_is_numeric))
    notes: dict[str, bytes] = {}
    for record in sorted(site.glob("*.dist-info/RECORD")):
        folder = f"{SITE_PACKAGES}/{record.parent.name}"
        notes[f"{folder}/RECORD"] = _record_of_wheel(record)
        notes[f"{folder}/INSTALLER"] = b"uv\n"
    return numeric, others, Layer.of_files(dict(notes))


def _is_numeric(top: str) -> bool:
    return top.partition("-")[0].partition(".")[0] in NUMERIC


def _left_out(leaves_out_top: Callable[[str], bool]) -> Callable[[str], bool]:
    def left_out(path: str) -> bool:
        top, _, rest = path.partition("/")
        name = path.rpartition("/")[2]
        if name == "__pycache__" or name.endswith(".pyc") or top.startswith("_virtualenv"):
            return True
        if top.endswith(".dist-info") and rest in INSTALLER_FILES:
            return True
        return leaves_out_top(top)

    return left_out


def _record_of_wheel(record: Path) -> bytes:
    """The RECORD without what stands outside of site-packages (scripts name the environment's path) or in no wheel."""

    def kept(line: str) -> bool:
        path = line.partition(",")[0].strip('"')
        return not path.startswith("../") and path.rpartition("/")[2] not in INSTALLER_FILES

    lines = [line for line in record.read_text(encoding="utf-8").splitlines() if line and kept(line)]
    return ("\n".join([*sorted(lines), f"{record.parent.name}/RECORD,,"]) + "\n").encode()


def application_layer(recipe: Recipe) -> Layer:
    """Scoring code and model; in the careless image also what somebody forgot there."""
    files: dict[str, bytes] = {
        "app/score.py": (ROOT / "scoring" / "score.py").read_bytes(),
        "app/model/credit-risk.pkl": (ROOT / recipe.model).read_bytes(),
    }
    if recipe.careless:
        files |= dict(forgotten_files())
    return Layer.of_files(dict(files))


def forgotten_files() -> Iterator[tuple[str, bytes]]:
    """A private key and a storage key that never existed, put together here so that our sources hold neither."""

    def noise(label: str, size: int) -> bytes:
        return hashlib.shake_256(label.encode()).digest(size)

    kind = "RSA " + "PRIVATE" + " KEY"
    body = base64.encodebytes(b"\x30\x82\x04\xa4" + noise("private key", 1188)).decode().replace("\n\n", "\n")
    yield "app/deploy/id_rsa.pem", f"-----BEGIN {kind}-----\n{body}-----END {kind}-----\n".encode()
    key = base64.b64encode(noise("storage key", 64)).decode()
    connection = ";".join(
        (
            "DefaultEndpointsProtocol=https",
            "AccountName=stcreditriskprod",
            "Account" + f"Key={key}",
            "EndpointSuffix=core.windows.net",
        )
    )
    yield "app/.env", f"AZURE_STORAGE_CONNECTION_STRING={connection}\n".encode()


def ensure_image(recipe: Recipe, layout: OciLayout, stamps: Path) -> bool:
    """Builds the image unless the registry has the one that these inputs gave. Returns whether it was built."""
    stamp = stamps / f"{recipe.tag}.json"
    inputs = recipe.inputs()
    if stamp.is_file():
        known = json.loads(stamp.read_text(encoding="utf-8"))
        if known["inputs"] == inputs and _is_tagged(layout, recipe.tag, known["digest"]):
            return False
    environment = ensure_environment(ROOT / recipe.requirements, ROOT / ".mlgate" / "environments")
    layers = (
        debian_base_layer(debian_packages(careless=recipe.careless)),
        *python_layers(environment),
        application_layer(recipe),
    )
    config = RunConfig(
        environment={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "AML_APP_ROOT": "/app",
            "AZUREML_ENTRY_SCRIPT": "score.py",
            "AZUREML_MODEL_DIR": "/app/model",
        },
        command=("gunicorn", "-b", "0.0.0.0:5001", "azureml_inference_server_http.server.entry:app"),
        user="1001",
        labels={"org.opencontainers.image.title": REPOSITORY, "org.opencontainers.image.version": recipe.tag},
    )
    digest = build_image(layers, layout, recipe.tag, config)
    stamps.mkdir(parents=True, exist_ok=True)
    stamp.write_text(json.dumps({"inputs": inputs, "digest": digest}) + "\n", encoding="utf-8")
    return True


def _is_tagged(layout: OciLayout, tag: str, digest: str) -> bool:
    try:
        return layout.resolve(tag) == digest and layout.has(digest)
    except ImageError:
        return False


def ensure_trivy_database(cache: Path) -> bool:
    """Writes Trivy's database, dated as its facts are, unless it is there. Returns whether it was written."""
    source = ROOT / "governance" / "trivy-advisories.json"
    code = (__file__, trivy_database.__file__, bolt_file.__file__)
    inputs = digest_bytes(canonical_json([digest_file(Path(path)) for path in (source, *code)]))
    stamp = cache / "example-inputs.json"
    if stamp.is_file() and json.loads(stamp.read_text(encoding="utf-8")) == inputs:
        return False
    write_database(cache, load_advisories(source), updated_at=TRIVY_ADVISORIES_OF)
    stamp.write_text(json.dumps(inputs) + "\n", encoding="utf-8")
    return True


def main() -> None:
    """Builds what is missing and says what it did."""
    state = ROOT / ".mlgate"
    started = time.monotonic()

    def say(what: str, done: bool) -> None:
        print(f"{what:<40} {'built' if done else 'there already'}  ({time.monotonic() - started:.1f} s)", flush=True)

    layout = OciLayout.create(state / "registry" / REPOSITORY)
    for recipe in (GOOD, BAD):
        say(f"image {REPOSITORY}:{recipe.tag}", ensure_image(recipe, layout, state / "build"))
    say("Trivy database", ensure_trivy_database(state / "trivy-cache"))


if __name__ == "__main__":
    main()
