# Everything a newcomer needs is two commands: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WITH_NODE = PATH="$$PATH:$(CURDIR)/$(BIN)"
# How many tests run side by side; `make test JOBS=0` runs one after the other. A file's stay together.
JOBS ?= auto
SLOW_JOBS ?= 3
PYTEST := $(BIN)/python -m pytest -q --dist loadfile
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test check fast slow e2e exhaustive tools bench schemas docs clean

demo: $(VENV)/ready  ## Run the main job in a scratch repository
	@$(BIN)/courier demo

test: check  ## Format, lint, types, import contracts, schemas, then every test that is quick
	$(PYTEST) -n $(JOBS)

check: $(VENV)/ready-dev
	$(BIN)/ruff format --check courier tests
	$(BIN)/ruff check courier tests
	$(BIN)/mypy courier tests
	$(BIN)/lint-imports
	$(BIN)/courier schema --check schemas

fast: $(VENV)/ready-dev  ## Only the unit tests
	$(PYTEST) -n $(JOBS) tests/unit

slow: $(VENV)/ready-dev  ## Kills, whole runs, many sandboxes: the tests that take over a second
	$(PYTEST) -n $(SLOW_JOBS) -m 'slow and not exhaustive and not e2e and not live'

e2e: $(VENV)/ready-dev tools  ## The tests that drive real agent CLIs and other SDKs
	$(WITH_NODE) $(PYTEST) -m 'e2e and not exhaustive'

exhaustive: $(VENV)/ready-dev tools  ## Every case where the others take some: all cells, all time zones, whole years
	$(WITH_NODE) $(PYTEST) -n $(SLOW_JOBS) -m 'exhaustive and not live'

tools: .tools/clis/ready .tools/sandboxd_js/ready  ## Agent CLIs and SDKs from npm, into .tools/

bench: $(VENV)/ready-dev  ## Paired ratios; writes docs/benchmarks.md
	$(BIN)/pip install -q -c constraints.txt -e '.[bench]'
	$(BIN)/python -m tests.bench

schemas: $(VENV)/ready
	$(BIN)/courier schema --write schemas

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("courier needs Python 3.11 or newer; this is %d.%d. Try: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	@touch $@

# Programs from npm are pinned by the lock file of the tests that drive them; where there is no npm,
# it comes from PyPI. `touch` last: a broken-off install is done again.
.tools/%/ready: tests/e2e/%/package-lock.json | $(VENV)/ready-dev
	@$(WITH_NODE) npm --version >/dev/null 2>&1 || $(BIN)/pip install -q -c constraints.txt -e '.[node]'
	@mkdir -p $(@D)
	@cp tests/e2e/$*/package.json tests/e2e/$*/package-lock.json tests/e2e/$*/.npmrc $(@D)
	@# Newer versions of npm refuse a lock file without the optional packages of other systems.
	$(WITH_NODE) npm ci --silent --no-audit --no-fund --prefix $(@D) || \
	$(WITH_NODE) npm install --silent --no-audit --no-fund --prefix $(@D)
	@touch $@

clean:
	rm -rf $(VENV) .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis
