# `make` lists the targets. Another interpreter: `make demo PYTHON=/path/to/python3.12`.
# More arguments for the program that a target runs: `make test ARGS="-k fonts"`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
INSTALL := $(PIP) --constraint constraints.txt --editable

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo figures test coverage mutants lint format docs web package \
    package-check clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.demo-installed ## Run the whole loop on simulated handwriting (10 minutes)
	@$(BIN)/python -m experiments.demo $(ARGS)

figures: $(VENV)/.demo-installed ## Write the pages' figures and pictures again (10 minutes)
	@PYTHONPATH=. $(BIN)/python docs/figures.py $(ARGS)

test: $(VENV)/.test-installed ## Run the tests on TensorFlow, JAX and torch
	@$(BIN)/python -m pytest --backend all $(ARGS)

coverage: $(VENV)/.test-installed ## Measure which lines the tests of one backend run
	@$(BIN)/python -m pytest --backend torch --quiet --cov hwgen_keras --cov experiments \
	    --cov-report term:skip-covered $(ARGS)

mutants: $(VENV)/.mutants-installed ## Change the code here and there: do tests notice? (hours)
	@$(BIN)/python tests/mutants.py $(ARGS)

lint: $(VENV)/.test-installed ## Check style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@if [ -x web/node_modules/.bin/biome ]; then \
	    cd web && node_modules/.bin/biome lint --error-on-warnings src; \
	else echo "web/src is not checked: it needs the packages that \`make web\` installs."; fi

format: $(VENV)/.test-installed ## Mend style and formatting
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# `make docs PAGE=` builds the site without the page to try, which needs npm.
PAGE ?= build/web
docs: $(VENV)/.docs-installed $(if $(PAGE),web) ## Build the guides, the API's reference and "Try it" into site/
	@PYTHONPATH=. $(BIN)/python docs/build.py $(if $(PAGE),--page=$(PAGE))

web: $(VENV)/.web-installed ## Build the page that writes in the browser, in build/web/
	@PYTHONPATH=. $(BIN)/python web/build.py $(ARGS)

package: $(VENV)/.test-installed ## Build the wheel and the source distribution in dist/
	@$(BIN)/python -m build --outdir dist .

package-check: $(VENV)/.test-installed ## Install both into a clean environment and run
	@.ci/package $(BIN)/python

clean: ## Remove the environment and everything built; keeps runs/
	rm -rf $(VENV) build dist site web/node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .jax_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is touched last, so an interrupted installation leaves none and is repeated.
$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { \
	    echo "There is no $(PYTHON); install Python 3.11 or newer," \
	        "or name it: make PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), and 3.11 or newer is needed;" \
	        "name another: make PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) cannot make virtual environments;" \
	        "on Debian and Ubuntu run: apt-get install python3-venv."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo-installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing hwgen_keras and the demo into $(VENV) (some minutes, 3 GB) ..."
	@$(INSTALL) '.[demo]'
	@touch $@

$(VENV)/.test-installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing hwgen_keras, JAX, torch and the tools into $(VENV) ..."
	@$(INSTALL) '.[dask,dev,demo,docs,font,hub,jax,onnx,parquet,torch]'
	@touch $@

$(VENV)/.mutants-installed: $(VENV)/.test-installed
	@echo "Installing Cosmic Ray into $(VENV) ..."
	@$(INSTALL) '.[mutants]'
	@touch $@

$(VENV)/.docs-installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing hwgen_keras and Zensical into $(VENV) ..."
	@$(INSTALL) '.[docs]'
	@touch $@

$(VENV)/.web-installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing hwgen_keras and what writes the page's models into $(VENV) ..."
	@$(INSTALL) '.[demo,onnx]'
	@touch $@
