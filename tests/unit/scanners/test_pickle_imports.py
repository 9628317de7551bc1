"""The list of imports: exact, without anything dangerous, and right for what real estimators pickle."""

from __future__ import annotations

import _compat_pickle
import subprocess
from pathlib import Path

import pytest

from cloud_backends.local.environments import environment_path
from scanners.pickle_imports import IMPORTS_FILE, Standing, load_import_rules
from scanners.pickle_results import Import
from scanners.pickle_walker import walk_pickle
from tests.fakes import fitted_estimators
from verdicts import ConfigurationError

RULES = load_import_rules()["scikit-learn"]
EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "credit-risk"

LEAST = "schema: mlgate/pickle-imports/v1\ndangerous: {modules: [os], names: {builtins: [eval]}}\n"


def write(tmp_path: Path, flavours: str) -> Path:
    path = tmp_path / "pickle-imports.yml"
    path.write_text(LEAST + f"flavours: {{scikit-learn: {{{flavours}}}}}\n")
    return path


def test_a_small_list_is_read(tmp_path: Path) -> None:
    rules = load_import_rules(write(tmp_path, "numpy: [dtype]"))["scikit-learn"]
    assert rules.listed == {("numpy", "dtype")}


@pytest.mark.parametrize(
    "flavours", ["os: [system]", "os.path: [join]", "builtins: [eval]", "numpy: [dtype.x]", "numpy: [1]"]
)
def test_a_list_with_something_dangerous_or_dotted_is_refused(flavours: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"pickle-imports\.yml:3"):
        load_import_rules(write(tmp_path, flavours))


@pytest.mark.parametrize("content", ["", "schema: other\n", LEAST, LEAST + "flavours: {a: {}}\nmore: 1\n"])
def test_a_broken_list_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "pickle-imports.yml"
    path.write_text(content)
    with pytest.raises(ConfigurationError):
        load_import_rules(path)


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        load_import_rules(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("module", "name", "standing"),
    [
        ("sklearn.pipeline", "Pipeline", Standing.LISTED),
        ("numpy.core.multiarray", "_reconstruct", Standing.LISTED),
        ("numpy._core.multiarray", "_reconstruct", Standing.LISTED),
        ("sklearn.pipeline", "pipeline", Standing.UNLISTED),
        ("sklearn.pipeline.x", "Pipeline", Standing.UNLISTED),
        ("osx", "system", Standing.UNLISTED),
        ("os", "system", Standing.DANGEROUS),
        ("os.path", "join", Standing.DANGEROUS),
        ("builtins", "eval", Standing.DANGEROUS),
        ("builtins", "getattr", Standing.DANGEROUS),
        ("builtins", "zip", Standing.UNLISTED),
        ("sklearn.pipeline", "os.system", Standing.DANGEROUS),
        ("sklearn.pipeline", "Pipeline.fit", Standing.UNLISTED),
        ("sklearn.pipeline", "Pipeline.__init__", Standing.DANGEROUS),
    ],
)
def test_a_name_is_listed_exactly_or_not_at_all(module: str, name: str, standing: Standing) -> None:
    assert RULES.standing(Import(module, name, 0)) is standing


def test_a_stray_pair_of_a_joblib_dump_is_let_pass_only_where_it_can_be_nothing_else() -> None:
    def standing(module: str, name: str, *, stray: bool = True) -> Standing:
        return RULES.standing(Import(module, name, 0, stray=stray))

    assert standing("classes_", "dtype") is Standing.LISTED
    assert standing("classes_", "dtype", stray=False) is Standing.UNLISTED
    assert standing("classes_", "load") is Standing.UNLISTED
    assert standing("a.b", "dtype") is Standing.UNLISTED
    assert standing("os", "dtype") is Standing.DANGEROUS


def test_what_the_unpickler_maps_from_python_2_is_listed_in_both_spellings() -> None:
    """Protocols 0 to 2 write Python 2's names, which the unpickler maps: a listed name must map to a listed one."""
    for pair in RULES.listed:
        module, name = _compat_pickle.NAME_MAPPING.get(
            pair, (_compat_pickle.IMPORT_MAPPING.get(pair[0], pair[0]), pair[1])
        )
        harmless = {("builtins", "bytes"), ("builtins", "tuple"), ("builtins", "list")}
        assert (module, name) in RULES.listed | harmless, pair


def test_the_shipped_list_says_how_it_came_about() -> None:
    head = IMPORTS_FILE.read_text().split("schema:")[0]
    assert "all_estimators" in head


def python_with_scikit_learn() -> Path | None:
    """Of a release environment that `make gate` or another test has made; scikit-learn is no dependency of mlgate."""
    store = EXAMPLE / ".mlgate" / "environments"
    place = environment_path(EXAMPLE / "environment" / "requirements.txt", store) / "bin" / "python"
    return place if place.exists() else None


@pytest.mark.slow
def test_real_estimators_import_nothing_unlisted(tmp_path: Path) -> None:
    python = python_with_scikit_learn()
    if python is None:
        pytest.skip("no release environment with scikit-learn is there: `make gate` makes one")
    program = Path(fitted_estimators.__file__)
    subprocess.run([python, "-I", program, tmp_path], check=True, capture_output=True, timeout=300)
    artefacts = sorted(tmp_path.iterdir())
    assert len(artefacts) > 700
    for path in artefacts:
        with path.open("rb") as stream:
            walk = walk_pickle(stream, path.stat().st_size)
        unlisted = [str(item) for item in walk.imports if RULES.standing(item) is not Standing.LISTED]
        assert (path.name, unlisted, walk.problems, walk.unread) == (path.name, [], (), None)
