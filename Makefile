# make demo   the main job, on a real Kafka, in a few minutes
# make test   set-up, lint and tests
# make bench  every benchmark in docs/performance.md, on a machine that does nothing else (BENCH="replay growth": only these)
# Each sets up what it needs; what is set up already is not looked at again (the stamps in .venv/).

# PYTHON=… chooses an interpreter; without it, the first of 3.11 or newer is taken.
PYTHON ?=
BENCH ?=
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Processes that share the tests, each with brokers of its own; `pytest` alone runs them one after another. One more than there
# are cores: nearly half of the time a test of the service waits for a broker or for a clock.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1)

.PHONY: setup demo test lint bench soak clean
.DEFAULT_GOAL := setup

setup: .venv/installed .venv/compiled .venv/kafka-fetched

.venv/prerequisites: deploy/prerequisites.sh
	@sh deploy/prerequisites.sh "$(PYTHON)"
	@mkdir -p .venv && touch $@

# The interpreter is looked for again here: the step before may have installed it.
.venv/installed: .venv/prerequisites pyproject.toml constraints.txt
	@python="$$(sh deploy/prerequisites.sh --python "$(PYTHON)")" && \
		{ test -x $(BIN)/python || "$$python" -m venv .venv; }
	@echo "installing fundwatch and what it needs into .venv" >&2
	@FUNDWATCH_PURE=1 PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
		$(BIN)/python -W ignore -m pip install --quiet --editable '.[dev]'
	@touch $@

# Before anything runs: a compiled module that is older than its source would be run in its place.
COMPILED := $(shell sed -n 's/^    "\(.*\.py\)",$$/\1/p' setup.py)

.venv/compiled: .venv/installed setup.py $(COMPILED)
	@echo "compiling the engine's inner loops" >&2
	@rm -rf build && find . -path ./.venv -prune -o -name '*.cpython-*.so' -exec rm -f {} +
	@$(BIN)/python setup.py -q build_ext --inplace -j2 2>build.log || { cat build.log >&2; exit 1; }
	@rm -f build.log
	@test -n "$$(find detectors -name '*.cpython-*.so')" || \
		echo "no C compiler or no Python headers: the engine runs as pure Python, and slower" >&2
	@touch $@

.venv/kafka-fetched: .venv/installed deploy/broker/pom.xml
	@$(BIN)/fundwatch broker fetch >/dev/null
	@touch $@

demo: setup
	@$(BIN)/fundwatch demo

test: lint
	@$(PYTEST) -n $(JOBS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.venv/bench-installed: .venv/installed
	@echo "installing what the benchmarks compare with into .venv" >&2
	@FUNDWATCH_PURE=1 PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
		$(BIN)/python -W ignore -m pip install --quiet --editable '.[bench]'
	@touch $@

bench: setup .venv/bench-installed
	@$(BIN)/python -m benchmarks $(BENCH)

soak: setup
	@$(PYTEST) -m soak --timeout=0

clean:
	find . -path ./.venv -prune -o -name '*.cpython-*.so' -exec rm -f {} +
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
