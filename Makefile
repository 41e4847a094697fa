# Two commands: `make demo` and `make test`. Each installs what it needs into .venv first, once.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install demo test check bench bench-scale clean

VENV := .venv
STAMP := $(VENV)/.installed
RIGHT_PYTHON := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: $(STAMP) ## Install everything into .venv (again only when pyproject.toml changed)

demo: $(STAMP) ## Run everything with sample video, speech and text; ends with Ctrl-C
	@exec $(VENV)/bin/nowseen demo

test: check ## Check the code and run every test
	@exec $(VENV)/bin/pytest

check: $(STAMP) ## Lint, format, types and import rules; no tests
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

bench: $(STAMP) ## Measure speed and memory on this machine
	@exec $(VENV)/bin/python -m bench

bench-scale: $(STAMP) ## Measure search among a million scenes and utterances; N=20000 for fewer
	@exec env N=$(N) $(VENV)/bin/python -m bench.scale

clean: ## Remove caches and build outputs; `rm -r .venv` removes the installation
	@rm -rf build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@for candidate in python3.11 python3.12 python3; do \
	  if command -v $$candidate >/dev/null && $$candidate -c '$(RIGHT_PYTHON)'; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$${python-}" ]; then \
	  echo "Nowseen needs Python 3.11 or 3.12, and neither was found. On Debian 12: apt install python3 python3-venv"; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then \
	  version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	  echo "$$python can't make virtual environments. On Debian: apt install python$$version-venv"; exit 1; \
	fi; \
	$$python -m venv $(VENV)

# Its weights tell voices apart. Apart from the rest and without its dependencies, since one of them, webrtcvad, comes as
# source alone and needs a C compiler; none of them is used. So it can't stand in pyproject.toml.
VOICES := Resemblyzer==0.1.4

# Of pip's output only the large downloads are shown: they are what one waits for.
$(STAMP): pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV): about 4 minutes and 4 GB of disk the first time. Large downloads:"
	@$(VENV)/bin/python -m pip install --disable-pip-version-check --progress-bar off -e '.[dev]' | sed -nu \
	  -e 's/^ *Downloading \([^ ]*\) (\([0-9.]* [MG]B\)).*/  \1  \2/p' \
	  -e 's/^Installing collected packages.*/Unpacking. This takes a minute or two./p'
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps $(VOICES)
	@touch $(STAMP)
