# make run    start Darkroom            make test   run all tests
# make check  style and types           make bench  measure speed
# make docs   build the manual          make clean  remove what these made
# PYTHON=python3.12 PORT=9000 make run
# make test-backends    test training with Keras on JAX
# make test-exports     test all converters, and against the tools whose exports Darkroom reads, and which read its own
#                       (KERAS=all: and in every version of Keras that its files must open in, 1 GB more)

PORT ?= 8501
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
VENV_BACKENDS := .venv-backends
VENV_CONVERTERS := .venv-converters
VENV_DOCS := .venv-docs
VENV_EXPORTS := .venv-exports

.PHONY: run test test-backends test-exports check bench docs clean browser postgresql
.DEFAULT_GOAL := run

# Bytecode is kept, also where the environment forbids it: each process would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

run: $(VENV)/installed
	@$(BIN)/python -m core.port $(PORT)
	@exec $(BIN)/streamlit run app.py --server.port $(PORT)

test: $(VENV)/installed-test browser postgresql
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

test-backends: $(VENV_BACKENDS)/installed
	KERAS_BACKEND=jax $(VENV_BACKENDS)/bin/python -m pytest tests/backends

test-exports: $(VENV)/installed-test $(VENV_EXPORTS)/installed $(VENV_CONVERTERS)/installed
	$(BIN)/python -m tests.exports.keras_environments $(KERAS)
	$(BIN)/python -m pytest tests/exports
	$(VENV_CONVERTERS)/bin/python -m pytest tests/delivery/formats tests/delivery/starters

check: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.checks.docstrings
	$(BIN)/vulture

bench: $(VENV)/installed-test browser
	$(BIN)/python -m benchmarks

docs: $(VENV_DOCS)/installed
	$(VENV_DOCS)/bin/sphinx-build -W --keep-going -q docs docs/_site
	@echo 'Open docs/_site/index.html'

clean:
	rm -rf $(VENV) $(VENV_BACKENDS) $(VENV_CONVERTERS) $(VENV_DOCS) $(VENV_EXPORTS) docs/_site .mypy_cache .ruff_cache .pytest_cache tests/artifacts benchmarks/artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: made once, filled again only when a requirements file changed.
$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'Darkroom needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3 run'; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo 'This Python cannot make virtual environments yet. Install that part and try again:'; \
	  echo '    sudo apt install python3-venv'; exit 1; }
	@echo 'Making a virtual environment in $(VENV) ...'
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(BIN)/python
	@echo 'Installing what Darkroom needs (the first time takes a few minutes) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/installed-test: requirements-test.txt requirements.txt | $(BIN)/python
	@echo 'Installing what Darkroom and its tests need (the first time takes a few minutes) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@ $(VENV)/installed

# JAX has an environment of its own, for the other tests show that Darkroom does without it.
# It reads what $(VENV) holds instead of installing all of it again.
$(VENV_BACKENDS)/installed: requirements-backends.txt $(VENV)/installed-test
	@echo 'Installing JAX in $(VENV_BACKENDS) ...'
	@$(BIN)/python -m venv --clear $(VENV_BACKENDS)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$($(VENV_BACKENDS)/bin/python -c \
	  'import sysconfig; print(sysconfig.get_path("purelib"))')/darkroom.pth"
	@$(VENV_BACKENDS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-backends.txt
	@touch $@

# The converters have an environment of their own, for the other tests show that Darkroom does without them.
$(VENV_CONVERTERS)/installed: requirements-exports.txt $(VENV)/installed-test
	@echo 'Installing the converters in $(VENV_CONVERTERS) ...'
	@$(BIN)/python -m venv --clear $(VENV_CONVERTERS)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$($(VENV_CONVERTERS)/bin/python -c \
	  'import sysconfig; print(sysconfig.get_path("purelib"))')/darkroom.pth"
	@$(VENV_CONVERTERS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-exports.txt
	@touch $@

# The tools need older versions of NumPy, pandas and Pillow than Darkroom, so they run as programs of their own.
$(VENV_EXPORTS)/installed: requirements-test-exports.txt | $(BIN)/python
	@echo 'Installing the tools in $(VENV_EXPORTS) (1 GB) ...'
	@$(BIN)/python -m venv --clear $(VENV_EXPORTS)
	@$(VENV_EXPORTS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-test-exports.txt
	@touch $@

$(VENV_DOCS)/installed: docs/requirements.txt | $(BIN)/python
	@echo 'Installing what the manual needs in $(VENV_DOCS) ...'
	@$(BIN)/python -m venv --clear $(VENV_DOCS)
	@$(VENV_DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r docs/requirements.txt
	@touch $@

# The browser tests take any Chromium there is, and fetch one only when there is none.
browser: $(VENV)/installed-test
	@$(BIN)/python -m tests.browser.executable >/dev/null && exit 0; \
	echo 'No browser for the tests here; fetching Chromium ...'; \
	$(BIN)/python -m playwright install chromium && $(BIN)/python -m tests.browser.executable >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium && exit 0; fi; \
	echo 'The browser tests need Chromium and it could not be fetched. Install it (sudo apt install chromium),'; \
	echo 'or name one: DARKROOM_BROWSER=/path/to/chromium make test'; exit 1

# Searches on several machines are tested with a PostgreSQL of the tests' own; without one they are skipped.
postgresql: $(VENV)/installed-test
	@$(BIN)/python -m tests.search.postgresql >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo 'No PostgreSQL for the tests here; installing it ...'; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql && exit 0; fi; \
	echo 'Without PostgreSQL the tests of searches on several machines are skipped (sudo apt install postgresql).'
