# Every target creates .venv by itself and uses it again while pyproject.toml and
# constraints.txt stay as they are. PYTHON chooses the interpreter (3.11 or newer), TORCH_INDEX
# a package index with CPU builds of torch, such as https://download.pytorch.org/whl/cpu

PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
TORCH_INDEX ?=
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

export OMP_NUM_THREADS ?= 1
export NO_MKDOCS_2_WARNING = 1

.PHONY: demo learn test lint types check-all wheel docs clean

demo: $(READY) ## see everything on synthetic scenes: judging, training, curves
	$(BIN)/spatialevo demo

learn: $(READY) ## the learning experiment: about an hour on two cores, goes on where it was stopped
	cd benchmarks && ../$(BIN)/python -m learning ../runs/learning

test: $(READY) ## the test suite
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(READY) ## style, formatting, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY) ## mypy, strict
	$(BIN)/mypy

check-all: lint types ## everything, slow tests included
	$(BIN)/python -m pytest -n $(WORKERS) -m "not gpu"

wheel: $(READY) ## the distribution, in dist/
	$(BIN)/python -m build --no-isolation --wheel --outdir dist .

docs: $(READY) ## the pages that are generated from the code, and the site, in site/
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict --quiet

clean: ## remove .venv and everything that was built
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer found; give PYTHON=..." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch==2.13.0
	$(PIP) --editable ".[train,render,dev,docs]"
	touch $@
