# Every target sets up what it needs; a second run finds it done.
SHELL := /bin/bash
.DEFAULT_GOAL := targets
.PHONY: targets demo test check bench faults alerts-trial alerts-live docs

VENV := .venv/bin
ARGS ?=
# Some systems forbid Python to keep what it compiled: each of some hundred program starts would compile it all again.
unexport PYTHONDONTWRITEBYTECODE

targets:
	@echo "make demo     the whole system on this machine, with live input; ARGS=\"--for 60\" ends it after a minute"
	@echo "make test     everything that proves it: check, then all tests on real Kafka, Redis and chromium"
	@echo "make check    format, lint, types, unit and contract tests; about a minute"
	@echo "make bench    measure this and its peers on the same facts; FACTS=, ARGS=\"--only reference,ours\" or --help"
	@echo "make faults   kill and freeze its parts, and recount; SEED=, MINUTES= or FACTS=, MUTANT=, ARGS=\"--nodes 3\""
	@echo "make alerts-trial   simulated weeks through the alert rules in a real Prometheus: found, how soon, false alarms"
	@echo "make alerts-live    half of a floor leaves, the worker dies: what a supervisor is told; ARGS=\"--speed 1\" in real time"
	@echo "make docs     write the generated pages and schemas anew"

demo:
	@scripts/bootstrap run
	@$(VENV)/dialpulse demo $(ARGS)

test:
	@scripts/bootstrap test
	@$(MAKE) --no-print-directory check
	@# Before the tests, whose time limits are not made for a slow line.
	@$(VENV)/python -c "from streams.local import jars; jars.class_path(print)"
	@# Without those of `check`.
	$(VENV)/pytest --ignore=tests/unit --ignore=tests/contract $(ARGS)

check:
	@scripts/bootstrap dev
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/pytest -q -n auto tests/unit tests/contract

bench:
	@scripts/bootstrap dev
	@$(VENV)/python -m tests.bench $(if $(FACTS),--facts $(FACTS)) $(ARGS)

faults:
	@scripts/bootstrap dev
	@$(VENV)/python -m tests.faults $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(FACTS),--facts $(FACTS)) $(if $(MUTANT),--mutant $(MUTANT)) $(ARGS)

alerts-trial:
	@scripts/bootstrap test
	@$(VENV)/python -m tests.trial $(ARGS)

alerts-live:
	@scripts/bootstrap test
	@$(VENV)/python -m tests.deploy.live $(ARGS)

docs:
	@scripts/bootstrap dev
	$(VENV)/python -m schemas.generate
	$(VENV)/python -m streams.docs
	$(VENV)/python -m deploy.grafana.src
