"""A program for an environment with scikit-learn: fits every estimator that takes plain numbers, and pickles it.

    python fitted_estimators.py FOLDER

Writes `<estimator>.protocol<N>.pkl` and `<estimator>.joblib` into the folder.
"""

from __future__ import annotations

import importlib
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any


def main(folder: Path) -> None:
    """Raises ImportError where scikit-learn isn't installed."""
    numpy: Any = importlib.import_module("numpy")
    joblib: Any = importlib.import_module("joblib")
    utils: Any = importlib.import_module("sklearn.utils")
    linear: Any = importlib.import_module("sklearn.linear_model")
    warnings.simplefilter("ignore")
    data = numpy.random.RandomState(0).rand(40, 4)
    classes = numpy.array(["no", "yes"], dtype=object)[(data[:, 0] > 0.5).astype(int)]
    targets = (classes, data[:, 0] * 2)
    for name, kind in utils.all_estimators():
        model = _fitted(kind, linear.LogisticRegression, data, targets)
        if model is None:
            continue
        for protocol in range(6):
            (folder / f"{name}.protocol{protocol}.pkl").write_bytes(pickle.dumps(model, protocol))
        joblib.dump(model, folder / f"{name}.joblib")


def _fitted(kind: Any, inner: Any, data: Any, targets: tuple[Any, ...]) -> Any:
    for arguments in ((), (inner(),)):
        for target in targets:
            try:
                return kind(*arguments).fit(data, target)
            except Exception:  # noqa: S112 - an estimator for other data
                continue
    return None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
