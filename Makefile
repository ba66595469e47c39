# make demo    set up, break a gait recogniser, write out/demo/report.html
# make test    set up, then run every check
# make lint    set up, then the checks without the tests
# make setup   set up only
# make peers   set up, then the other tools that benchmarks/peers.py compares with
# make clean   remove what the others made
# Needs Python 3.11 to 3.13 with venv. Choose which: make demo PYTHON=python3.12

PYTHON ?= python3

RUN := .venv/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check install -c constraints.txt
RUNTIME := .venv/.runtime-installed
DEV := .venv/.dev-installed

.PHONY: help demo test lint setup peers clean

help:
	@sed -n '1,/^$$/s/^# //p' Makefile

demo: setup
	$(RUN) -m stumble demo

test: lint
	$(RUN) -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

lint: $(DEV)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	.venv/bin/lint-imports --no-logo

setup: $(RUNTIME)

# torchattacks asks for an old requests and for torchvision, of which it uses neither.
peers: $(DEV)
	$(PIP) "pip>=25.1"
	$(PIP) --group peers
	$(PIP) --no-deps torchattacks==3.5.1

clean:
	rm -rf .venv out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Stamps are written last. A .venv without one is in an unknown state and is made anew; one whose stamp is older
# than the pins is brought up to date. hatchling is installed first, since isolated builds ignore constraints.
$(RUNTIME): constraints.txt pyproject.toml
	@$(PYTHON) -c "" 2>/dev/null || { \
	  echo "stumble: $(PYTHON) does not run; install Python 3.11 to 3.13, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))" || { \
	  echo "stumble: needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1); name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || { \
	  package=$$($(PYTHON) -c "import sys; print('python%d.%d-venv' % sys.version_info[:2])"); \
	  echo "stumble: $(PYTHON) lacks venv or ensurepip; install the system package $$package (apt install $$package)" >&2; exit 1; }
	test -f $@ || $(PYTHON) -m venv --clear .venv
	@rm -f $@ $(DEV)
	$(PIP) hatchling
	$(PIP) --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME)
	$(PIP) --no-build-isolation --editable ".[dev]"
	@touch $@
