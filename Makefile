# Needs Python 3.11 or later and make; everything else comes from requirements.lock into .venv.
.DEFAULT_GOAL := help
.PHONY: help install demo test lint bench

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALLED := .venv/installed
YEAR := tests/flows/test_real_year.py
FRONT := tests/api/graphql tests/api/http
ARGS ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Install what requirements.lock pins into .venv (others do it when needed)

demo: install ## Load a real year of loyalty cards and serve it (ARGS="--rows 10000" for less)
	$(BIN)/laurel demo $(ARGS)

# Two at a time, one per core. The real year goes unmeasured: counting lines would double its time.
test: install lint ## Check and test everything, as the build does
	@rm -f .coverage .coverage.*
	@(  $(BIN)/python -m pytest --quiet $(YEAR); year=$$?; \
	    $(BIN)/coverage run -m pytest --quiet --ignore=$(YEAR) $(FRONT:%=--ignore=%); \
	    exit $$((year + $$?)) ) > .venv/rest.log 2>&1 & rest=$$!; \
	trap "kill $$rest" INT TERM; \
	$(BIN)/coverage run -m pytest --quiet $(FRONT); front=$$?; \
	wait $$rest; rest=$$?; cat .venv/rest.log; exit $$((front + rest))
	@$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --fail-under=100 --include='*/rules*.py,domain/ledger/*'

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
