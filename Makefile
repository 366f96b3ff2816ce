# Needs Python 3.11 or later and make; everything else comes from requirements.lock into .venv.
.DEFAULT_GOAL := help
.PHONY: help install demo test lint bench

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALLED := .venv/installed
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
ARGS ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Install what requirements.lock pins into .venv (others do it when needed)

demo: install ## Load a real year of loyalty cards and serve it (ARGS="--rows 10000" for less)
	$(BIN)/laurel demo $(ARGS)

# Parts of the suite, as many at once as there are cores, the longest first. What tries all that a
# year, the schema, the tree or chance can hold goes unmeasured: counting lines doubles its time.
UNMEASURED := year sweeps long
MEASURED := graphql domain api games rest
SWEEPS := tests/architecture tests/api/conformance \
	$(patsubst %,tests/api/graphql/test_%.py,codes cost executor fuzz permissions sideways statements)
LONG := tests/flows tests/concurrency \
	$(patsubst %,tests/domain/%.py,programmes/test_check_fuzz rewards/test_service_climbs) \
	$(patsubst %,tests/api/http/test_%.py,attacks malformed)
year := tests/flows/test_real_year.py
sweeps := $(SWEEPS)
long := $(LONG) --ignore=$(year)
# A session of pytest takes its folder from other users, and PostgreSQL of another session with it.
ALONE := export PYTEST_DEBUG_TEMPROOT=$$(mktemp -d); trap 'rm -rf "$$PYTEST_DEBUG_TEMPROOT"' EXIT;
graphql := tests/api/graphql tests/api/http
domain := tests/domain
api := tests/api $(graphql:%=--ignore=%)
games := tests/gamification
rest := tests $(patsubst %,--ignore=tests/%,api domain gamification)

test: install lint ## Check and test everything, as the build does (JOBS=1 for one part at a time)
	@rm -f .coverage .coverage.*
	@$(MAKE) --no-print-directory --keep-going --jobs=$(JOBS) \
	$(if $(filter output-sync,$(.FEATURES)),--output-sync=target) \
	$(UNMEASURED:%=test-%) $(MEASURED:%=test-%)
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --fail-under=100 --include='*/rules*.py,domain/ledger/*'

$(UNMEASURED:%=test-%): test-%:
	@echo "Tests of $*"
	@$(ALONE) $(BIN)/python -m pytest --quiet $($*)

$(MEASURED:%=test-%): test-%:
	@echo "Tests of $*"
	@$(ALONE) $(BIN)/coverage run -m pytest --quiet $($*) $(patsubst %,--ignore=%,$(SWEEPS) $(LONG))

lint: install ## Check format, style, types and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: install ## Measure speed and print the tables of bench/
	$(BIN)/python -m bench $(ARGS)

# uv installs in seconds what takes pip more than a minute; where it can't, pip does it.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Laurel needs Python 3.11 \
	or later; name one with: make PYTHON=/path/to/python")'
	$(PYTHON) -m venv .venv
	@awk '/^[a-z]/ {kept = /^uv==/} kept' requirements.lock > .venv/uv.lock
	$(PIP) install --quiet --require-hashes -r .venv/uv.lock
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes \
	-r requirements.lock || $(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
