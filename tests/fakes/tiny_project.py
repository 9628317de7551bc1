"""The smallest project that the deploy path takes."""

from __future__ import annotations

from pathlib import Path

CONFIGURATION = """\
schema: mlgate/project/v1
backend: {kind: local, state: .mlgate, registry: .mlgate/registry}
governance: {allowlist: allowlist.yml, waivers: waivers.yml, principals: principals.yml}
databases:
  advisories: {path: advisories, maximum_age_days: 7}
  trivy: {path: .mlgate/trivy, maximum_age_days: 7}
environments:
  production:
    matrix: production
    fail_on: medium
    required: [checkov, model-artifact]
    approvers: [reviewer@example.com, author@example.com]
    thresholds: {accuracy: {minimum: 0.8}}
    traffic: [10, 100]
  development:
    matrix: pre-production
    fail_on: high
    required: [checkov]
"""

RELEASE = """\
schema: mlgate/release/v1
name: model
version: "1"
scenario: classical
endpoint: scoring
templates: [{path: template.json}]
packages: {requirements: requirements.txt}
image: {repository: model, tag: "1"}
model: {path: model.pkl, flavour: scikit-learn, digest: "sha256:%s"}
scoring: {code: code, entry_script: score.py}
smoke_test: {request: request.json, response_keys: [probabilities]}
evaluation: {results: results.json}
""" % ("0" * 64)

ALLOWLIST = """\
schema: mlgate/allowlist/v1
packages: [{name: numpy, versions: ">=2", source: pypi}]
"""

PRINCIPALS = """\
schema: mlgate/principals/v1
principals: []
"""

WAIVERS = """\
schema: mlgate/waivers/v1
waivers: []
"""


def write_tiny_project(root: Path) -> Path:
    """Writes the project's files and returns the path of its release."""
    (root / "code").mkdir(parents=True)
    (root / "mlgate.yml").write_text(CONFIGURATION)
    (root / "release.yml").write_text(RELEASE)
    (root / "waivers.yml").write_text(WAIVERS)
    (root / "allowlist.yml").write_text(ALLOWLIST)
    (root / "principals.yml").write_text(PRINCIPALS)
    for name in ("template.json", "requirements.txt", "model.pkl", "request.json", "results.json", "code/score.py"):
        (root / name).write_text("{}\n")
    return root / "release.yml"
