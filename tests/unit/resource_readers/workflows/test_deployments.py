"""What workflows say of the project's templates."""

from __future__ import annotations

from pathlib import Path

from resource_readers.interface import ReadRequest, Unknown
from resource_readers.registry import read_resources
from resource_readers.workflows.deployments import deployments_of, template_parameters

FILES = {
    ".github/workflows/deploy.yml": """\
on: push
jobs:
  plan:
    runs-on: ubuntu-latest
    steps:
      - run: az deployment group what-if -g test -f infra/main.bicep -p infra/test.json
  apply:
    environment: production
    runs-on: ubuntu-latest
    steps:
      - run: az deployment group create -g prod -f infra/main.bicep -p infra/prod.json -p name=$NAME sku=S1
      - run: terraform apply -var-file=prod.tfvars
        working-directory: terraform
      - run: az deployment group create -g prod -f missing.bicep -p a=b
      - run: az deployment group create -g prod -f ${{ inputs.file }} -p a=b
""",
    "azure-pipelines.yml": """\
jobs:
  - deployment: d
    environment: test
    strategy:
      runOnce:
        deploy:
          steps:
            - task: AzureResourceManagerTemplateDeployment@3
              inputs: {csmFile: infra/main.bicep, overrideParameters: -sku S2}
""",
    "infra/main.bicep": "param sku string\n",
    "infra/prod.json": "{}",
    "infra/test.json": "{}",
    "terraform/main.tf": "",
    "terraform/prod.tfvars": "",
}


def put(root: Path) -> None:
    for name, text in FILES.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_parameters_by_template(tmp_path: Path) -> None:
    put(tmp_path)
    paths = (".github/workflows/deploy.yml", "azure-pipelines.yml", "infra/main.bicep")
    results = [read_resources(ReadRequest(root=tmp_path, path=tmp_path / path)) for path in paths]
    found = template_parameters(results)
    assert set(found) == {"infra/main.bicep", "terraform"}
    checked, applied, pipeline = found["infra/main.bicep"]
    assert checked.files == ("infra/test.json",)
    assert checked.deployment.effect == "check"
    assert checked.deployment.environment is None
    assert applied.files == ("infra/prod.json",)
    assert applied.inline["sku"] == "S1"
    assert isinstance(applied.inline["name"], Unknown)
    assert applied.deployment.environment == "production"
    assert applied.deployment.location.path == ".github/workflows/deploy.yml"
    assert applied.deployment.location.line == 11
    assert pipeline.inline == {"sku": "S2"}
    assert pipeline.deployment.environment == "test"
    (terraform,) = found["terraform"]
    assert terraform.files == ("terraform/prod.tfvars",)


def test_every_deployment_is_listed(tmp_path: Path) -> None:
    put(tmp_path)
    result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / ".github/workflows/deploy.yml"))
    found = list(deployments_of([result]))
    assert [one.effect for one in found] == ["check", "deploy", "deploy", "deploy", "deploy"]
    assert [one.found for one in found] == [True, True, True, False, False]
    assert isinstance(found[4].file, Unknown)
    steps = {one.id for one in result.resources if one.type.endswith("/steps")}
    assert {one.step for one in found} <= steps
    (apply,) = [one for one in result.resources if one.name == "deploy.yml/apply"]
    (plan,) = [one for one in result.resources if one.name == "deploy.yml/plan"]
    assert apply.properties["deploys"] is True
    assert plan.properties["deploys"] is False


def test_a_deployment_whose_kind_an_input_says_is_one(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "deploy.yml").write_text(
        "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: |\n"
        "          az ml ${{ inputs.kind }}-deployment list -e e\n"
        "          az ml ${{ inputs.kind }}-deployment create -f d.yml\n"
        "          az ml $KIND-endpoint create -f e.yml\n"
        "          az ml ${{ inputs.kind }} create -f d.yml\n"
    )
    found = read_resources(ReadRequest(root=tmp_path, path=folder / "deploy.yml"))
    made = [
        (one["command"], one["effect"])
        for resource in found.resources
        if resource.type.endswith("/steps")
        for one in resource.properties["deployments"]
    ]
    assert made == [("deployment create", "deploy"), ("endpoint create", "deploy")]
