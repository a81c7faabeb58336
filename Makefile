# make demo   the main job, on a real Kafka, in a few minutes
# make test   set-up, lint and tests
# Each sets up what it needs; what is set up already is not looked at again (the stamps in .venv/).

# PYTHON=… chooses an interpreter; without it, the first of 3.11 or newer is taken.
PYTHON ?=
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

.PHONY: setup demo test lint bench soak clean
.DEFAULT_GOAL := setup

setup: .venv/installed .venv/kafka-fetched

.venv/prerequisites: deploy/prerequisites.sh
	@sh deploy/prerequisites.sh "$(PYTHON)"
	@mkdir -p .venv && touch $@

# The interpreter is looked for again here: the step before may have installed it.
.venv/installed: .venv/prerequisites pyproject.toml constraints.txt
	@python="$$(sh deploy/prerequisites.sh --python "$(PYTHON)")" && \
		{ test -x $(BIN)/python || "$$python" -m venv .venv; }
	@echo "installing fundwatch and what it needs into .venv" >&2
	@PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
		$(BIN)/python -W ignore -m pip install --quiet --editable '.[dev]'
	@touch $@

.venv/kafka-fetched: .venv/installed deploy/broker/pom.xml
	@$(BIN)/fundwatch broker fetch >/dev/null
	@touch $@

demo: setup
	@$(BIN)/fundwatch demo

test: lint
	@$(PYTEST)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: setup
	@$(PYTEST) -m bench -s --timeout=0

soak: setup
	@$(PYTEST) -m soak --timeout=0

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
