# The habits of this project. Needed: Python 3.11 or newer with its venv module; no other service.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON = $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

# Each program is tied to this make: whatever ends make, kill -9 included, ends it too.
MAKE_PID := $(shell echo $$PPID)
TIED = exec $(PY) -I config/tether.py $(MAKE_PID)

# The name holds a checksum: the same requirements are never installed twice.
RUN_STAMP := $(VENV)/.installed-run-$(firstword $(shell cksum < requirements.txt))
DEV_STAMP := $(VENV)/.installed-dev-$(firstword $(shell cksum < requirements-dev.txt))
PIP_INSTALL = $(TIED) $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes

# Linters see the settings as a deployment would, whatever this machine's environment or .env holds.
LINT_SETTINGS = ENV_FILE=/dev/null DEBUG=off SECRET_KEY=only-for-the-linters-0123456789-abcdefghijklmnopqrstuvwxyz ALLOWED_HOSTS=localhost
PYTEST_WORKERS ?= auto
RACE_ROUNDS ?= 100
ROUNDS ?= 10

.DEFAULT_GOAL := help
.PHONY: help run test races mail-faults faults topology timing mutation lint format requirements clean

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 22

run: export MAKE_RUN = on
run: export MAIL_WORKER ?= thread
run: $(RUN_STAMP) ## install, migrate, load demo data, serve on HOST:PORT with the mail thread
	@$(TIED) $(PY) -m config.preflight
	@$(TIED) $(PY) manage.py migrate --verbosity 0
	@$(TIED) $(PY) manage.py load_demo_data --if-debug
	@$(TIED) $(PY) -m gunicorn

test: $(DEV_STAMP) ## run the test suite; DATABASE_URL chooses the database, ARGS goes to pytest
	@$(TIED) $(PY) -m pytest -n $(PYTEST_WORKERS) --maxprocesses 4 --dist loadgroup $(ARGS)

races: export RACE_ROUNDS := $(RACE_ROUNDS)
races: $(DEV_STAMP) ## the tests of parallel requests alone, RACE_ROUNDS times
	@$(TIED) $(PY) -m pytest -m race $(ARGS)

mail-faults: export ROUNDS := $(ROUNDS)
mail-faults: $(DEV_STAMP) ## mail workers killed at each step, ROUNDS times, on the database of DATABASE_URL
	@$(TIED) $(PY) -m pytest userprofile/tests/faults/test_mail_survival.py $(ARGS)

faults: export FAULT_ROUNDS := $(ROUNDS)
faults: $(DEV_STAMP) ## what breaks under load, ROUNDS times each: webs, databases, Redis, the disk; what survived
	@$(TIED) $(PY) -m pytest userprofile/tests/faults --ignore-glob='*mail*' --ignore-glob='*celery*' $(ARGS)

topology: $(DEV_STAMP) ## two webs, Celery, PostgreSQL, Redis and an SMTP server together, as deploy/compose.yaml has them
	@$(TIED) $(PY) benchmarks/topology.py

timing: export N ?= 1000
timing: $(DEV_STAMP) ## can known addresses be told by time? N requests each per door, on SQLite and PostgreSQL
	@$(TIED) $(PY) benchmarks/timing.py

mutation: $(DEV_STAMP) ## which faults in the rules of codes, locks, sessions and resets no test would notice
	@$(TIED) $(PY) benchmarks/mutation.py

lint: $(DEV_STAMP) ## ruff, mypy, import-linter, migrations, check --deploy, the OpenAPI document
	@$(TIED) $(PY) -m ruff check
	@$(TIED) $(PY) -m ruff format --check
	@$(LINT_SETTINGS) $(TIED) $(PY) -m mypy
	@$(TIED) $(PY) $(VENV)/bin/lint-imports
	@$(LINT_SETTINGS) $(TIED) $(PY) manage.py makemigrations --check --dry-run
	@$(LINT_SETTINGS) $(TIED) $(PY) manage.py check --deploy --fail-level ERROR
	@$(LINT_SETTINGS) $(TIED) $(PY) manage.py spectacular --validate --fail-on-warn --file /dev/null

format: $(DEV_STAMP) ## let ruff put the code in order
	@$(TIED) $(PY) -m ruff check --fix
	@$(TIED) $(PY) -m ruff format

COMPILE = $(TIED) $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make requirements' $(if $(UPGRADE),--upgrade)
requirements: $(DEV_STAMP) ## compile requirements*.in to pinned requirements*.txt; UPGRADE=yes raises the pins
	@$(COMPILE) requirements.in -o requirements.txt
	@$(COMPILE) -c requirements.txt requirements-prod.in -o requirements-prod.txt
	@$(COMPILE) -c requirements-prod.txt requirements-dev.in -o requirements-dev.txt

clean: ## remove what the other targets made; the database and .env stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What an interrupted installation left behind (.installing, without a living make) is made anew.
INSTALLING := $(VENV)/.installing
$(RUN_STAMP): FILE := requirements.txt
$(DEV_STAMP): FILE := requirements-dev.txt
$(RUN_STAMP) $(DEV_STAMP):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and found nowhere."; exit 1; }
	@if other=$$(cat $(INSTALLING) 2>/dev/null) && kill -0 $$other 2>/dev/null; then \
	  echo "Another make (process $$other) is installing: wait for it, or remove $(INSTALLING)."; exit 1; fi
	@if test -e $(INSTALLING) || ! $(PY) -c '' 2>/dev/null; then rm -rf $(VENV); fi
	@mkdir -p $(VENV) && echo $(MAKE_PID) > $(INSTALLING)
	@echo "Installing $(FILE) into $(VENV): a minute the first time"
	@test -x $(PY) || exec $(PYTHON) -I config/tether.py $(MAKE_PID) $(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --requirement $(FILE)
	@rm -f $(INSTALLING) $(filter-out $(RUN_STAMP) $(DEV_STAMP),$(wildcard $(VENV)/.installed-*))
	@touch $@
