# Every command of the project. `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet install
MAILS ?=
BENCH ?=
FUZZ ?=
EVAL ?=

# Tests start hundreds of Pythons: where this is set, as in many images, each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo run test test-faults fuzz eval bench lint docs images containers-test lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(BIN)/longstop: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(BIN)/longstop
	@echo "installing the locked development tools"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

install: $(BIN)/longstop ## the environment alone: .venv/bin/longstop is the command line

demo: $(BIN)/longstop ## play reported and held mails through every door and show what became of them (MAILS=folder plays that)
	@$(BIN)/longstop demo $(MAILS)

run: $(BIN)/longstop ## keep everything running in the foreground
	@$(BIN)/longstop up

test: $(VENV)/.dev ## the whole suite but for containers, against a real Redis server
	@$(BIN)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder -m 'not containers'

test-faults: $(VENV)/.dev ## the whole fault matrix: kills, wipes, full disks, cut lines; each test ends with the ledger
	@LONGSTOP_TEST_FAULTS=full $(BIN)/pytest -q --timeout 300 tests/faults

fuzz: $(VENV)/.dev ## damaged mails against every reader for ten minutes (FUZZ='--seconds 60 --corpus DIR')
	@$(BIN)/python -m tests.fuzz $(FUZZ)

eval: $(VENV)/.dev ## how well bad mail is told from honest mail (EVAL='--corpus DIR --rspamd URL --spamd URL'), into docs/evaluation.md
	@$(BIN)/python -m tests.evaluate $(EVAL)

bench: $(VENV)/.dev ## measure, and write docs/benchmarks.md (BENCH=--quick for a trial)
	@$(BIN)/python -m tests.bench $(BENCH)

lint: $(VENV)/.dev ## linters, formatter, type checker, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --num-workers 2
	@$(BIN)/lint-imports
	@$(BIN)/yamllint --strict docker-compose.yml compose.postgres.yml services/triage/rules/default.yaml

docs: $(BIN)/longstop ## make the generated pages of docs/ again
	@$(BIN)/python -m longstop.pages docs

images: $(VENV)/.dev ## take the pictures of docs/images again (needs Chromium)
	@$(BIN)/python -m tests.pictures

containers-test: $(VENV)/.dev ## the suite that needs a container engine
	@LONGSTOP_REQUIRE_CONTAINERS=1 $(BIN)/pytest -q -m containers tests/containers

lock: ## lock the dependencies again, with hashes for every platform (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q pyproject.toml -o requirements.txt
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header -q --extra dev -c requirements.txt \
		pyproject.toml -o requirements-dev.txt

clean: ## remove what was made here; never data/
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
