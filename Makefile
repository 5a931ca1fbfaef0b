# `make help` lists what there is. Environment, builds and downloads go to a cache outside the work tree
# ($CP_INGRESS_CACHE, else ~/.cache/cp-ingress), so the tree stays clean and any folder name works.
SHELL := /bin/sh
ENVIRONMENT := ./tests/setup/environment.sh
VENV := $(shell $(ENVIRONMENT) --path)
PYTHON_BIN := "$(VENV)/bin/python"
PYTEST := $(PYTHON_BIN) -m pytest
export PYTHONDONTWRITEBYTECODE = 1
export LC_ALL = C.UTF-8

.DEFAULT_GOAL := help
.PHONY: help demo demo-down test test-fast test-e2e bench lint format goldens builds constraints env

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: env ## a three-master cluster on this machine, the formula applied to it, the UI address printed (root)
	@$(PYTHON_BIN) -m tests.sandbox.demo up

demo-down: env ## end the demo and leave nothing behind (root)
	@$(PYTHON_BIN) -m tests.sandbox.demo down

test: lint ## every test: unit, formula, light API server, wheel, and the real cluster (root, about an hour)
	@$(PYTHON_BIN) -m tests.sandbox.build all
	@$(PYTHON_BIN) -m tests.setup.everything

test-fast: env ## the tests that need neither root nor Go (a minute or two)
	@$(PYTEST) -q tests/unit tests/formula -m 'not slow'

test-e2e: env ## only the tests on the real cluster (root)
	@$(PYTEST) tests/e2e

bench: env ## measure beside what else one would run: make bench WHAT=engine (minutes; OPTIONS=--help)
	@$(PYTHON_BIN) -m tests.bench $(WHAT) $(OPTIONS)

lint: env ## ruff, mypy --strict for the library, yamllint, salt-lint
	@$(PYTHON_BIN) -m tests.setup.lint

format: env ## let ruff format the Python code
	@"$(VENV)/bin/ruff" format . && "$(VENV)/bin/ruff" check --fix .

goldens: env ## rewrite the golden files: the charts rendered in both modes, the plan of each change
	@$(PYTHON_BIN) -m tests.formula.goldens
	@$(PYTHON_BIN) -m tests.apiserver.transitions.plans

builds: env ## build what the sandbox runs (about 12 min from cold)
	@$(PYTHON_BIN) -m tests.sandbox.build all

constraints: env ## pin the test environment to the versions it has
	@{ sed -n '/^#/p' tests/setup/constraints.txt; "$(VENV)/bin/pip" freeze --exclude-editable; } >tests/setup/constraints.new
	@mv tests/setup/constraints.new tests/setup/constraints.txt

env:
	@$(ENVIRONMENT) >/dev/null
