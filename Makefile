# Everything a person types. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help setup report reports compare check data lab test lint lock docs bench bench-forecast bench-decisions bench-alerts bench-learned learned clean
MAKEFLAGS += --no-builtin-rules

# Bytecode is written once and read by every notebook's kernel.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

CATEGORY ?= toys
PYTHON ?= python3
BIN := .venv/bin
PYTEST ?= -n 2
SETS := $(foreach pair,$(SET),--set '$(pair)')

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo; echo "  CATEGORY=toys chooses a file of params/; SET=\"budget=5000\" changes a parameter for one run."

report: .venv/run.done ## the report of one category: make report CATEGORY=toys
	@$(BIN)/python -m invnb report $(or $(CATEGORY),'') $(SETS)

reports: .venv/run.done ## the reports of all files in params/, two at a time
	@$(BIN)/python -m invnb report $(SETS)

compare: .venv/run.done ## what one parameter file changes: make compare A=toys B=toys_more_budget
	@$(BIN)/python -m invnb compare '$(A)' '$(B)'

check: .venv/run.done ## check parameters and input files without running anything
	@$(BIN)/python -m invnb check $(if $(filter command line environment,$(origin CATEGORY)),$(CATEGORY))

data: .venv/run.done ## fetch the public data set Online Retail from its home
	@$(BIN)/python -m invnb data

lab: .venv/lab.done ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab notebooks

test: .venv/dev.done lint ## lint, types and tests
	@$(BIN)/python -m pytest $(PYTEST)

lint: .venv/dev.done ## ruff and mypy
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy --no-error-summary

bench: .venv/run.done ## measure against peers in one run, and what a report costs
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/pipeline.py

bench-forecast: .venv/run.done ## measure forecasts against peers on the same folds (INVNB_DATA: real data)
	@$(BIN)/python bench/forecast.py --fresh

bench-decisions: .venv/run.done ## measure orders on ten truth-known shops: against today's rules, and in seconds
	@for part in "decisions.py" "decisions.py --review" "orders.py"; do $(BIN)/python bench/$$part || exit 1; done

bench-alerts: .venv/run.done ## measure recall and precision of the stock-out alerts on five truth-known shops
	@$(BIN)/python bench/alerts.py

bench-learned: .venv/learned.done ## measure a learned policy against the exact optimum and against our default
	@$(BIN)/python bench/learned_policy.py published
	@$(BIN)/python bench/learned_policy.py sample

learned: .venv/learned.done ## add what the lesson on a learned policy needs (PyTorch, some 200 MB and more)

docs: .venv/run.done ## write the reference pages of docs/ from the schemas
	@$(BIN)/python -m invnb docs

lock: ## renew the locks from pyproject.toml (needs uv)
	@for set in run dev lab; do \
	  uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header --quiet $$([ $$set = run ] || echo --extra $$set -c requirements/run.lock) \
	    -o requirements/$$set.lock || exit 1; done

clean: ## remove what was built, but neither data nor the environment
	rm -rf build reports/*/ reports/index.html artifacts

setup: .venv/run.done ## make the environment .venv from the lock

# The environment: one target for each lock, redone when the lock changes.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "✗ Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ": make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv .venv || { echo "✗ python3 -m venv failed; on Debian: apt install python3-venv" >&2; rm -rf .venv; exit 1; }

.venv/%.done: requirements/%.lock | .venv/bin/python
	@echo "setting up .venv from $<"
	@$(BIN)/python -m pip install --quiet --quiet --require-hashes --no-deps -r $<
	@$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "invnb.pth").write_text(str(pathlib.Path.cwd()) + "\n")'
	@touch $@

# PyTorch differs by platform, so this one is not locked; its ranges stand in pyproject.toml too.
.venv/learned.done: | .venv/run.done
	@$(BIN)/python -m pip install --quiet "gymnasium>=1.0" "stable-baselines3>=2.7"
	@touch $@
