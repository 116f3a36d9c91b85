# Everything lives in .venv and .dagster_home; `make help` lists the commands.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME ?= $(CURDIR)/.dagster_home

.DEFAULT_GOAL := help
.PHONY: help install run ui serve test test-slow test-dask test-ui test-faults test-postgres test-s3 soak check audit bench bench-full bench-chain bench-dask simulate docs clean

help: ## Show this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

install: $(VENV)/.installed ## Create .venv and install the pipeline

# torch comes first and by its exact version, so that the build that suits the machine is kept.
$(VENV)/.installed: pyproject.toml constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		"$$(grep '^torch==' constraints.txt)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[test]'
	@touch $@

run: $(VENV)/.installed ## Materialize every asset for the tutorial's table
	@$(BIN)/lr-pipeline run

ui: $(VENV)/.installed ## The web UI on http://127.0.0.1:3000, with schedules
	@$(BIN)/lr-pipeline init
	@$(BIN)/python -m lr_pipeline.orchestration.service.dev_server --workspace workspace.yaml --host 127.0.0.1 --port 3000

serve: $(VENV)/.installed ## The same as services: what dies comes back, logs are kept
	@$(BIN)/lr-pipeline serve

# These tests mostly wait: for a minute's tick, a daemon's start, a bound that must pass.
SIDE_BY_SIDE := --numprocesses 3 --dist loadfile
APART := slow or dask or ui or faults or postgres or s3

# A process for each processor, so each has one thread of BLAS; the tests of a file share what its
# fixtures made.
test: $(VENV)/.installed-test ## Run the tests
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'not ($(APART))' --numprocesses auto \
		--dist loadfile --no-loadscope-reorder --durations 10

test-slow: $(VENV)/.installed-test ## Run the tests that take minutes or need a browser
	@$(BIN)/python -m pytest -m slow $(SIDE_BY_SIDE)

test-dask: $(VENV)/.installed-test ## Run the tests that need worker processes of a Dask cluster
	@$(BIN)/python -m pytest -m dask

test-ui: $(VENV)/.installed-test ## Click in the web UI, with Chromium
	@$(BIN)/python -m pytest -m ui

test-faults: $(VENV)/.installed-test ## Kill, stop and fill up what runs need
	@$(BIN)/python -m pytest -m faults $(SIDE_BY_SIDE)

test-postgres: $(VENV)/.installed-test ## The instance on PostgreSQL, which is stopped in between
	@$(BIN)/python -m pytest -m postgres

test-s3: $(VENV)/.installed-test ## Artifacts on a server of objects
	@$(BIN)/python -m pytest -m s3

soak: $(VENV)/.installed-test ## Leave a service alone for 50 minutes, and hurt it: benchmarks/results-soak.md
	@$(BIN)/python -m tests.soak

check: $(VENV)/.installed-test ## Formatter, linter, type checker, then the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory test

audit: $(VENV)/.installed-test ## Installed versions are the pinned ones, and no file under git holds a secret
	@$(BIN)/python .ci/audit.py

$(VENV)/.installed-bench: $(VENV)/.installed-test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[test,bench]'
	@touch $@

bench: $(VENV)/.installed-bench ## Compare with plain scripts and with peers: benchmarks/results.md
	@$(BIN)/python -m benchmarks.results

bench-full: $(VENV)/.installed-bench ## The same with a table of ten million rows
	@$(BIN)/python -m benchmarks.results --full

bench-chain: $(VENV)/.installed-test ## Whole runs beside a plain script: benchmarks/results-chain.md
	@$(BIN)/python -m benchmarks.chain

simulate: $(VENV)/.installed-test ## Coverage of intervals, errors of tests, drift: benchmarks/results-simulations.md, -drift, -champion
	@$(BIN)/python -m benchmarks.simulate
	@$(BIN)/python -m benchmarks.drift_simulation
	@$(BIN)/python -m benchmarks.champion_simulation

# Spark needs Java 17 or later; a peer that is missing is shown as such.
bench-dask: $(VENV)/.installed-bench ## On two workers of a cluster: results-dask.md, docs/scaling.md
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable '.[test,bench,dask,bench-dask]'
	@$(BIN)/python -m benchmarks.cluster
	@$(BIN)/python -m benchmarks.scaling
	@$(BIN)/python -m benchmarks.scaling_page

docs: $(VENV)/.installed ## Write the walkthrough with its pictures, and the page of promises, again
	@$(BIN)/python docs/build_walkthrough.py
	@$(BIN)/python docs/build_reliability.py

clean: ## Remove .venv; artifacts and run history stay
	@rm -rf $(VENV)
