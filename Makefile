# One environment, made once by uv from constraints.txt; all else is `dustjacket …` inside it.
PYTHON ?= python3
READY := .venv/.ready
STATE := .dustjacket
export CATALOG COVERS DATA ROWS N

.DEFAULT_GOAL := help
.PHONY: help run down status test-unit test test-faults bench check

help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

run: $(READY) ## set up, start the platform, run the chain (on CATALOG=… COVERS=… if given), report
	@.venv/bin/dustjacket run --catalog "$$CATALOG" --covers "$$COVERS"

down: ## stop the platform and every process of it
	@if [ -x .venv/bin/dustjacket ]; then .venv/bin/dustjacket down; fi

status: $(READY) ## show the platform's servers
	@.venv/bin/dustjacket status

test-unit: $(READY) ## unit tests alone: no server, no Spark
	@.venv/bin/pytest tests/unit

test: $(READY) ## unit, DAG and integration tests, and the whole chain once through Airflow
	@.venv/bin/pytest -m "not faults"

test-faults: $(READY) ## the tests that break things: kills and outages
	@.venv/bin/pytest -m faults

bench: $(READY) ## measure against others: NAME=ingest-catalog, …, studio
	@.venv/bin/python -m tests.benchmarks.$(subst -,_,$(NAME))

check: $(READY) ## style, types, which room imports which, and declared dependencies
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo --no-cache
	@.venv/bin/deptry src dags plugins spark_jobs
	@.venv/bin/deptry tests --ignore DEP002,DEP004

$(READY): pyproject.toml constraints.txt
	@PYTHON="$(PYTHON)" STATE="$(STATE)" sh src/dustjacket/platform/setup.sh
	@touch $@
