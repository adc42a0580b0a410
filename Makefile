# One environment, made once by uv from constraints.txt; all else is `dustjacket …` inside it.
PYTHON ?= python3
READY := .venv/.ready
STATE := .dustjacket
COVERED := $(abspath $(STATE))/coverage
COVER = mkdir -p $(COVERED) && .venv/bin/coverage run --data-file=$(COVERED)/$@ -m pytest
PYTEST = $(if $(COVERAGE),$(COVER),.venv/bin/pytest)
# Two processes, each with one thread for its arithmetic: more would wait for each other.
PARALLEL := -n 2
test-unit test test-faults: export OMP_NUM_THREADS = 1
export CATALOG COVERS DATA ROWS N PART
COMPOSE := docker compose -f docker/compose.yaml

.DEFAULT_GOAL := help
.PHONY: help run down status test-unit test test-faults test-release coverage snapshots bench bench-quick paper docs generator-weights \
    check check-types check-rest lock sbom audit docker-secrets docker-build docker-up docker-down docker-test

help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 14

run: $(READY) ## set up, start the platform, run the chain (on CATALOG=… COVERS=… if given), report
	@.venv/bin/dustjacket run --catalog "$$CATALOG" --covers "$$COVERS"

down: ## stop the platform and every process of it
	@if [ -x .venv/bin/dustjacket ]; then .venv/bin/dustjacket down; fi

status: $(READY) ## show the servers, and where the work of each step stands
	@.venv/bin/dustjacket status

test-unit: $(READY) ## unit and DAG tests: no server, no Spark
	@$(PYTEST) $(PARALLEL) -m "not release" tests/test_conventions.py tests/test_docstrings.py tests/test_documents.py tests/test_supply.py tests/test_docker.py tests/test_kubernetes.py tests/unit tests/dags

test: test-unit ## and integration tests, and the whole chain once through Airflow
	@$(PYTEST) $(PARALLEL) -m "not faults and not release" tests/integration tests/e2e

test-faults: $(READY) ## tests that break things: kills and outages
	@$(PYTEST) $(PARALLEL) -m "faults and not release"

test-release: $(READY) ## tests that take long by their nature, and new examples: before a release
	@HYPOTHESIS_PROFILE=explore $(PYTEST) tests/unit
	@$(PYTEST) -m release

coverage: $(READY) ## branch coverage of each kind of test, and of all together
	@rm -rf $(COVERED) && mkdir -p $(COVERED)
	@$(MAKE) COVERAGE=1 test test-faults
	@for kind in test-unit test test-faults; do \
	    .venv/bin/coverage combine -q --keep --data-file=$(COVERED)/$$kind $(COVERED)/$$kind.* && \
	    printf '%s: %s %%\n' $$kind $$(.venv/bin/coverage report --data-file=$(COVERED)/$$kind --format=total); \
	done
	@.venv/bin/coverage combine -q --data-file=$(COVERED)/all $(COVERED)/*.*
	@.venv/bin/coverage report --data-file=$(COVERED)/all

snapshots: $(READY) ## write the snapshots of the DAGs anew, after a change that is meant
	@RENEW_SNAPSHOTS=1 .venv/bin/pytest tests/dags/test_snapshots.py

bench: $(READY) ## measure against others: NAME=ingest-catalog, …, studio
	@test -n "$(NAME)" || { echo "NAME=…, one of:"; \
	  ls tests/benchmarks | grep -v '^_' | sed -n 's/\.py$$//p' | tr _ - | column; exit 2; }
	@.venv/bin/python -m tests.benchmarks.$(subst -,_,$(NAME))

bench-quick: $(READY) ## a minute of ratios beside stored ones, before a release; fails where one has fallen
	@OMP_NUM_THREADS=1 .venv/bin/python -W ignore -m tests.benchmarks.quick

paper: $(READY) ## measure the claims of the paper anew, into docs/paper.md
	@.venv/bin/python -m tests.benchmarks.paper

docs: $(READY) ## build the documentation as a site, into .dustjacket/site; strict, without a network
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. .venv/bin/mkdocs build --quiet

generator-weights: $(READY) ## pre-train the generator's starting weights, on from where it stopped
	@nice -n 15 .venv/bin/python -m dustjacket.generation.pretrain

check: $(READY) ## style, types, which room imports which, and declared dependencies
	@$(MAKE) --no-print-directory -j 2 check-types check-rest

check-types: $(READY)
	@.venv/bin/mypy

check-rest: $(READY)
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports --no-logo --no-cache
	@.venv/bin/deptry src dags plugins spark_jobs
	@.venv/bin/deptry tests --ignore DEP002,DEP004

sbom: $(READY) ## write sbom.json (CycloneDX) and NOTICE of what is installed; check the licences
	@.venv/bin/python -m tests.support.licences

audit: ## look for known vulnerabilities of the pinned packages; needs the network
	@$(STATE)/uv/bin/uv tool run pip-audit --require-hashes --disable-pip -r constraints.txt

lock: $(READY) ## pin all packages anew, with hashes, after a change of pyproject.toml
	@sh src/dustjacket/platform/lock.sh

docker-secrets: ## write what docker/compose.yaml needs of passwords and keys, each to a file
	@$(PYTHON) docker/make_secrets.py docker/secrets

docker-build: ## build the images of docker/compose.yaml, and print their sizes
	@$(COMPOSE) --profile cluster --profile tls build
	@docker image ls --format '{{.Repository}}:{{.Tag}}\t{{.Size}}' | grep '^dustjacket/' | expand -t 32

docker-up: docker-secrets ## start a team's platform in containers, and wait until it is healthy
	@mkdir -p docker/sources docker/reports
	@$(COMPOSE) up --wait

docker-down: ## stop it; what it keeps stays
	@$(COMPOSE) --profile '*' down

docker-test: $(READY) ## bring the stack up, run the chain in it, break it, and remove it
	@.venv/bin/pytest -m release -s tests/e2e/test_compose.py

$(READY): pyproject.toml constraints.txt build-constraints.txt
	@PYTHON="$(PYTHON)" STATE="$(STATE)" sh src/dustjacket/platform/setup.sh
	@touch $@
