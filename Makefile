# Two commands on a fresh machine: `make repro` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# pip's own update notice and DVC's usage statistics reach outside; nothing here needs to
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DVC_NO_ANALYTICS := 1
# CPU=1: CPU builds of torch, about 3 GB instead of 7.5; uv knows where they are
INSTALL := $(if $(CPU),$(BIN)/uv pip install -q --python $(BIN)/python --torch-backend cpu,$(BIN)/pip install -q)

.DEFAULT_GOAL := help
.PHONY: help install repro report clips explore tables test test-slow lint types format reference docs docs-serve \
	lock hooks bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## create .venv with pinned versions

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "PACL needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt requirements-embedded.txt | $(VENV)/bin/pip
	@$(if $(CPU),$(BIN)/pip install -q uv)
	$(INSTALL) -c constraints.txt -e '.[pipeline,embedded]'
	$(INSTALL) --no-deps -r requirements-embedded.txt
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(INSTALL) -c constraints.txt -e '.[pipeline,embedded,test]'
	@touch $@

$(VENV)/.installed-explore: $(VENV)/.installed
	$(INSTALL) -c constraints.txt -e '.[pipeline,embedded,explore]'
	@touch $@

.PHONY: ready
ready: $(VENV)/.installed
	@[ -e .git ] || $(BIN)/dvc config --local core.no_scm true  # a copy without git history
	@$(BIN)/python -m stages.ready

repro: ready ## run the whole pipeline, or what changed of it
	@$(BIN)/dvc repro
	@$(BIN)/python -m pacl_core.cli.headline

report: ready ## rebuild the report and what it needs
	@$(BIN)/dvc repro report
	@$(BIN)/python -m pacl_core.cli.headline

clips: ready ## train on clips, evaluate and report, without PACL's stages
	@$(BIN)/dvc repro report_clips

explore: $(VENV)/.installed-explore ## browse all pairs, on this machine only
	@$(BIN)/pacl explore

tables: $(VENV)/.installed ## the paper's Tables 1 to 5 next to the workspace and its experiments
	@$(BIN)/python -m pacl_core.cli.tables

test: $(VENV)/.installed-test ## the test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m 'not slow' -n 2 --dist loadfile

test-slow: $(VENV)/.installed-test ## the tests that 'make test' leaves out
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow -n 2 --dist loadfile

lint: $(VENV)/.installed-test ## ruff: lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test ## mypy --strict on pacl_core and stages
	$(BIN)/mypy

format: $(VENV)/.installed-test ## let ruff format and fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: $(VENV)/.installed-test ## rewrite the generated parts of docs/
	@$(BIN)/python -m scripts.reference

docs: $(VENV)/.installed-test ## the documentation as a site with strict links: build/site
	@$(BIN)/zensical build --strict --clean

docs-serve: $(VENV)/.installed-test ## serve the site at 127.0.0.1:8000, rebuilt on every edit
	@$(BIN)/zensical serve --dev-addr 127.0.0.1:8000

lock: constraints.txt pyproject.toml ## rewrite requirements.lock: every version with its hashes, by uv
	@uv pip compile -q --generate-hashes --python-version 3.11 -c constraints.txt --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --extra pipeline --extra embedded --extra explore --extra export \
		--extra loggers --extra ray --extra test --extra video pyproject.toml -o requirements.lock

hooks: $(VENV)/.installed-test ## run ruff, mypy and the generated pages before each commit
	@$(BIN)/pip install -q -c constraints.txt -e '.[pipeline,embedded,hooks]'
	@$(BIN)/pre-commit install

bench: $(VENV)/.installed ## the benchmarks, as ratios measured side by side
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean: ## remove what interrupted runs left, and the record of times
	rm -rf .pacl
