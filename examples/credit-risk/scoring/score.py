"""Scores loan applications: the entry script of the endpoint `credit-risk-scoring`.

A request is `{"applications": [{...}, ...]}`, each application with the seven values of FEATURES. The answer gives for
each, in the same order, the probability that the loan goes bad within twelve months and what to do with it, and says
which release answered. A request that isn't like that gets status 400 and a sentence that names what is wrong.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
from pathlib import Path
from typing import Any

from azureml_inference_server_http.api.aml_response import AMLResponse

FEATURES = (
    "annual_income",
    "loan_amount",
    "term_months",
    "debt_to_income",
    "years_employed",
    "late_payments",
    "credit_history_years",
)
MAXIMUM_APPLICATIONS = 1_000
LARGEST_VALUE = 1_000_000_000
# From this probability on a person looks at the application.
REVIEW_FROM = 0.5

LOG = logging.getLogger("credit-risk")

_model: Any = None


class BadRequestError(ValueError):
    """The request can't be scored; the text is for the caller."""


def init() -> None:
    """Called once by the inference server: loads the model that the gate has passed (its digest is in the release)."""
    global _model
    path = Path(os.environ["AZUREML_MODEL_DIR"]) / "credit-risk.pkl"
    with path.open("rb") as stream:
        _model = pickle.load(stream)
    LOG.info("loaded %s, release %s", path.name, release())


def release() -> str:
    """The version of the release that runs here, as the deployment sets it."""
    return os.environ.get("RELEASE_VERSION", "unknown")


def rows(raw: str) -> list[list[float]]:
    """The values of each application in the model's order. Raises BadRequestError."""
    try:
        request = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON") from None
    applications = request.get("applications") if isinstance(request, dict) else None
    if not isinstance(applications, list) or not 1 <= len(applications) <= MAXIMUM_APPLICATIONS:
        raise BadRequestError(f"'applications' must be a list of 1 to {MAXIMUM_APPLICATIONS} applications")
    return [_row(index, application) for index, application in enumerate(applications)]


def _row(index: int, application: Any) -> list[float]:
    if not isinstance(application, dict) or set(application) != set(FEATURES):
        raise BadRequestError(f"application {index} must have exactly these values: {', '.join(FEATURES)}")
    values = []
    for name in FEATURES:
        value = application[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LARGEST_VALUE:
            raise BadRequestError(f"application {index}: {name!r} must be a number from 0 to {LARGEST_VALUE:,}")
        values.append(float(value))
    return values


def run(raw_data: str) -> dict[str, Any] | AMLResponse:
    """Called for each request with its body."""
    try:
        values = rows(raw_data)
    except BadRequestError as error:
        return AMLResponse({"error": str(error)}, 400, json_str=True)
    probabilities = _model.predict_proba(values)[:, 1]
    return {
        "release": release(),
        "predictions": [
            {
                "probability_of_default": round(float(probability), 4),
                "decision": "review" if probability >= REVIEW_FROM else "approve",
            }
            for probability in probabilities
        ],
    }
