# `make gate` shows the product at work, `make test` proves it. Both set up what they need; see CONTRIBUTING.md.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PACKAGES := cli cloud_backends deploy_gate policies rbac_matrix report_formats resource_readers scanners template_functions verdicts

.PHONY: gate test check bench clean lock

gate: $(READY)
	$(BIN)/mlgate tools install
	$(BIN)/python examples/credit-risk/run_gate.py

test: $(READY)
	$(BIN)/mlgate tools install
	$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/mlgate tools install
	$(BIN)/python benchmarks/gate.py
	$(BIN)/python benchmarks/policy_engine.py
	$(BIN)/python benchmarks/rbac.py

# uv itself comes by pip with its hash; everything else by uv from the hashed lock.
$(READY): locks/development.txt locks/uv.txt setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "mlgate needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r locks/uv.txt
	$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --no-build --python $(BIN)/python locks/development.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --no-index -e .
	$(BIN)/python -m compileall -q $(PACKAGES) mlgate.py
	touch $@

lock: $(READY)
	$(BIN)/python locks/relock.py

clean:
	-test ! -x $(BIN)/mlgate || $(BIN)/mlgate endpoint stop --all --project examples/credit-risk
	rm -rf .venv .mlgate examples/credit-risk/.mlgate build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
