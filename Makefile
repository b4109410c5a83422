# Needs Python 3.11 or later, and either the network, or package mirrors and Go. No target needs a terminal.
PYTHON ?= python3
STACK  ?= dev
ARGS   ?=
EXAMPLES ?= 100000
SOAK_MINUTES ?= 30

ifdef LEDGER
export EAS_LEDGER := $(LEDGER)
endif

in_env  := . ./.env.sh &&
sources := $(wildcard __main__.py components policies tools bench tests)
policed := --policy-pack policies $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup unlock preview up down tour test fuzz soak lint bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'STACK=name chooses the stack (dev), LEDGER=path-or-url the ledger, ARGS=... is passed on.'

setup: ## virtual environment, Pulumi CLI, stack; changes nothing where all is there
	@$(PYTHON) -m tools.setup --stack '$(STACK)'

unlock: setup
	@$(in_env) python -m tools.unlock --stack '$(STACK)'

preview: unlock ## show what `make up` would place, move, start and stop
	@$(in_env) eas preview $(policed)

up: unlock ## make it so
	@$(in_env) eas up $(policed) </dev/null

down: unlock ## stop and forget all that this stack runs
	@$(in_env) eas down $(ARGS) </dev/null

tour: unlock ## a guided walk through the whole on this machine
	@$(in_env) eas tour $(ARGS)

test: lint ## lint, then every test
	@$(in_env) pytest -n 3 --dist worksteal $(ARGS)

fuzz: setup ## each property of planning with EXAMPLES=100000 random pools on all cores; takes hours, keeps what fails
	@$(in_env) python -m tests.properties.fuzz --examples '$(EXAMPLES)' $(ARGS)

soak: setup ## SOAK_MINUTES=30 of random declares, scales, kills and drains, which must end in no difference at all
	@$(in_env) python -m bench.soak --minutes '$(SOAK_MINUTES)' $(ARGS)

lint: setup ## format, ruff, types, and which part may import which
	@$(in_env) ruff format --check --output-format concise . || { echo 'lint: run `ruff format .`'; exit 1; }
	@$(in_env) ruff check --output-format concise .
	@$(in_env) mypy $(sources)
	@$(in_env) lint-imports --no-logo

bench: setup ## measure, and print the figures that the docs quote
	@$(in_env) python -m bench $(ARGS)

clean: ## remove what setup and the checks made; state and secrets stay
	@$(PYTHON) -m tools.clean
