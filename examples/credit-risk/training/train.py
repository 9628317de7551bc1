"""Trains the credit-risk model on synthetic applications, and measures it.

Run it in an environment made from environment/requirements.txt:

    python training/train.py

It writes model/credit-risk.pkl and evaluation/results.json. The data are drawn from a fixed seed, so that everybody
gets the same rows (their digest stands in the results) and, with the same library versions, the same model up to the
last bits of its floating-point numbers.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parents[1]
SEED = 20_241_014
ROWS = 20_000
DECISION_THRESHOLD = 0.5

# The order in which scoring/score.py hands the values over.
FEATURES = (
    "annual_income",  # EUR
    "loan_amount",  # EUR
    "term_months",
    "debt_to_income",  # all monthly obligations over monthly income, 0..1
    "years_employed",
    "late_payments",  # in the last 24 months
    "credit_history_years",
)


@dataclass(frozen=True)
class Applications:
    """Synthetic loan applications.

    Attributes:
        features: one row an application, columns as in FEATURES.
        defaulted: 1 where the loan went bad within twelve months.
        group: 0 or 1, an attribute that the model doesn't get to see; its decisions are compared over it.
    """

    features: Any
    defaulted: Any
    group: Any

    def as_csv(self) -> bytes:
        """The rows as text: what the dataset's digest is taken over."""
        lines = [",".join((*FEATURES, "defaulted", "group"))]
        for row, defaulted, group in zip(self.features, self.defaulted, self.group, strict=True):
            lines.append(",".join(f"{value:.4f}" for value in row) + f",{defaulted},{group}")
        return ("\n".join(lines) + "\n").encode()


def draw(rows: int, seed: int) -> Applications:
    """Applications whose risk rises with debt and late payments, and falls with income, employment and history."""
    random = np.random.default_rng(seed)
    income = random.lognormal(mean=10.6, sigma=0.45, size=rows).round(-1)
    amount = (income * random.uniform(0.05, 1.2, size=rows)).round(-1)
    term = random.choice([12, 24, 36, 48, 60, 72], size=rows)
    debt = random.beta(2.2, 4.0, size=rows).round(4)
    employed = random.gamma(2.0, 3.5, size=rows).round(1)
    late = random.poisson(0.7, size=rows)
    history = (employed * 0.6 + random.gamma(3.0, 2.5, size=rows)).round(1)
    group = random.integers(0, 2, size=rows)
    score = (
        -3.6
        + 7.5 * debt
        + 1.25 * late
        + 1.5 * amount / income
        + 0.012 * term
        - 0.16 * employed
        - 0.09 * history
        - 0.000018 * (income - 40_000)
    )
    defaulted = (random.uniform(size=rows) < 1.0 / (1.0 + np.exp(-1.6 * score))).astype(int)
    features = np.column_stack([income, amount, term, debt, employed, late, history]).astype(float)
    return Applications(features, defaulted, group)


def demographic_parity_difference(approved: Any, group: Any) -> float:
    """How far the approval rates of the two groups lie apart, 0..1."""
    return float(abs(approved[group == 0].mean() - approved[group == 1].mean()))


def sha256(data: bytes) -> str:
    """Digest in the form that mlgate uses."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def main() -> None:
    """Trains, measures on held-out rows, writes both files."""
    applications = draw(ROWS, SEED)
    indexes = np.arange(ROWS)
    training, held_out = train_test_split(indexes, test_size=0.25, random_state=SEED, stratify=applications.defaulted)
    pipeline = Pipeline([("scale", StandardScaler()), ("classify", LogisticRegression(C=1.0, max_iter=200))])
    pipeline.fit(applications.features[training], applications.defaulted[training])

    evaluated = Applications(
        applications.features[held_out], applications.defaulted[held_out], applications.group[held_out]
    )
    probability = pipeline.predict_proba(evaluated.features)[:, 1]
    model = pickle.dumps(pipeline, protocol=5)
    results = {
        "schema": "mlgate/evaluation/v1",
        "model": sha256(model),
        "dataset": {
            "name": "synthetic-applications-held-out",
            "rows": len(held_out),
            "digest": sha256(evaluated.as_csv()),
        },
        "metrics": {
            "accuracy": round(float(accuracy_score(evaluated.defaulted, probability >= DECISION_THRESHOLD)), 4),
            "roc_auc": round(float(roc_auc_score(evaluated.defaulted, probability)), 4),
            "demographic_parity_difference": round(
                demographic_parity_difference(probability < DECISION_THRESHOLD, evaluated.group), 4
            ),
        },
    }
    (ROOT / "model" / "credit-risk.pkl").write_bytes(model)
    text = json.dumps(results, indent=2) + "\n"
    (ROOT / "evaluation" / "results.json").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
