# The same commands locally and in CI; every one sets up .venv by itself. Works with the make 3.81 of macOS.

PYTHON ?= python3
VOLUME ?= .volume
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

# Stamps: what they stand for is done again when a file they depend on is newer, or another PYTHON is asked for.
MADE := $(VENV)/.made-with-$(PYTHON_VERSION)
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

# Compiled at once: where PYTHONDONTWRITEBYTECODE is set, each process would compile all that it imports.
INSTALL := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' pyproject.toml

.PHONY: help run test check bench corpus engine soak format lock clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) ## start the platform with the example extension; Ctrl-C stops it
	@exec $(BIN)/python tools/run_example.py --volume '$(VOLUME)'

test: $(DEV) ## run every test; narrow it with ARGS='tests/project -k layering'
	@# tests run make in other projects, which have a PYTHON of their own, and start hundreds of processes
	env -u MAKEFLAGS -u MAKELEVEL -u PYTHONDONTWRITEBYTECODE $(BIN)/python tests/run_tests.py $(ARGS)

check: $(DEV) ## format, lint, types, layering
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python tools/check_layering.py

bench: $(DEV) ## start-up, memory and rates beside other gateways; ARGS=--help tells more
	$(BIN)/python -m benchmarks $(ARGS)

corpus: $(DEV) ## every published extension, installed, called and uninstalled; ARGS=--help tells more
	@cd tests && env -u MAKEFLAGS -u MAKELEVEL -u PYTHONDONTWRITEBYTECODE ../$(BIN)/python -m corpus $(ARGS)

engine: ## unpack Debian's Docker and Podman for the tests of containers, which are not run without them
	$(PYTHON) tools/unpack_engine.py .engine

soak: $(DEV) ## a million requests, ten thousand AWS calls, 600 killed installations, live changes under load; half an hour
	LEANTO_SOAK=1 $(BIN)/python -m pytest tests/front_door/test_soak.py tests/emulation/test_many_at_once.py \
		tests/emulation/test_recognition.py tests/environment/test_killed_anywhere.py \
		tests/environment/test_live_changes.py tests/dev/test_reload.py

format: $(DEV) ## format the code and mend what the linter can
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lock: $(MADE) ## write the locks again for pyproject.toml; ARGS=--upgrade takes newer versions
	$(COMPILE) $(ARGS) --output-file requirements.lock
	$(COMPILE) $(ARGS) --group dev --constraints requirements.lock --output-file requirements-dev.lock

clean: ## remove what the other commands made
	rm -rf $(VENV) .volume build dist .mypy_cache .ruff_cache .pytest_cache src/*.egg-info
	find src tests tools examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# uv comes from the lock like everything else: pip gets the lock's own lines for it, hashes included.
$(MADE):
	@test -n '$(PYTHON_VERSION)' || { echo "$(PYTHON) can't be run: install Python 3.11 or newer, or name one with PYTHON=, for example 'make run PYTHON=python3.12'." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Leanto needs Python 3.11 or newer and $(PYTHON) is $(PYTHON_VERSION): name another with PYTHON=, for example 'make run PYTHON=python3.12'." >&2; exit 1; }
	@echo "Setting up $(VENV) with Python $(PYTHON_VERSION) (once) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/uv.lock || { echo "Packages can't be fetched: check the network; PIP_INDEX_URL and UV_DEFAULT_INDEX name another package index." >&2; exit 1; }
	@touch $@

$(RUNTIME): $(MADE) requirements.lock pyproject.toml
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --build-constraints requirements.lock --editable .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.lock
	@$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@
