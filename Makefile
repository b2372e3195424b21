# Needs Python 3.11, 3.12 or 3.13 and make; everything else goes into .venv.

PYTHON ?=
REQUEST ?=
OUT ?= out/
# Three processes: most tests wait for servers, browsers and solvers; a file's tests stay together, long files are begun first
# (tests/conftest.py).
PYTEST_ARGS ?= -n 3 --dist loadfile --no-loadscope-reorder
# Tests start hundreds of processes. Where Python is told to keep no compiled modules, each would compile all of ours.
COMPILED_ONCE := PYTHONDONTWRITEBYTECODE=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help plan serve test coverage check clean

help: ## show this list
	@echo "make plan    set up $(VENV), plan the eight cities, write the plan and its report to $(OUT)"
	@echo "             (another request: make plan REQUEST=FILE OUT=FOLDER)"
	@echo "make serve   start the planning service: open http://127.0.0.1:8000 in a browser (docs/pages.md, docs/api.md)"
	@echo "make test    set up what the tests need and run them (PYTEST_ARGS=\"-m 'not slow'\" for the fast ones)"
	@echo "make coverage  the same, and which share of our lines they run; fails below the floor in pyproject.toml"
	@echo "make check   lint, format and types"
	@echo "make clean   remove $(VENV), out/ and caches"

plan: $(VENV)/.installed
	$(BIN)/fleetplan plan $(REQUEST) --out $(OUT)

serve: $(VENV)/.installed
	$(BIN)/fleetplan serve

test: $(VENV)/.installed-dev
	@tests/need_chromium.sh
	$(COMPILED_ONCE) $(BIN)/python -m pytest $(PYTEST_ARGS)

coverage: $(VENV)/.installed-dev
	@tests/need_chromium.sh
	@$(BIN)/python -m coverage erase
	COVERAGE_CORE=$$($(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")') \
	    $(COMPILED_ONCE) $(BIN)/python -m coverage run -m pytest $(PYTEST_ARGS)
	@$(BIN)/python -m coverage combine --quiet
	@printf 'lines of api and fleetplan that the tests run, in per cent: '
	@$(BIN)/python -m coverage report --format=total

check: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf $(VENV) out build dist .coverage_cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -type d -name __pycache__ -prune -exec rm -rf {} +

# A stamp older than these files means: install again. Otherwise a second run starts at once.
$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing fleetplan into $(VENV) (about a minute the first time)"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing fleetplan and what its tests need into $(VENV) (about a minute the first time)"
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $(VENV)/.installed $@

$(BIN)/python:
	@python=; \
	for name in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if "$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then python="$$name"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "fleetplan needs Python 3.11, 3.12 or 3.13; none found. Install one, or name it: make PYTHON=/path/to/python3 ..." >&2; \
	    exit 1; \
	fi; \
	"$$python" -m venv $(VENV) || { \
	    rm -rf $(VENV); \
	    echo "Python could not make $(VENV). On Debian and Ubuntu install its venv module first: apt install python3-venv" >&2; \
	    exit 1; \
	}
