# One short command each. `make help` lists them.
PYTHON ?= python3
SOURCE ?=
BIN := .venv/bin

.PHONY: help run test check format browser picture clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run.stamp  ## everything on this machine: camera or sample, or SOURCE=file.mp4
	@$(BIN)/python -m deploy demo $(if $(SOURCE),--source "$(SOURCE)")

test: .venv/dev.stamp  ## all tests; what only Debian has is skipped with its reason
	$(BIN)/python -m pytest $(TESTS)

check: .venv/dev.stamp  ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/dev.stamp  ## put the code into its standard form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

browser: .venv/dev.stamp  ## only the tests in a real browser
	$(BIN)/python -m pytest -m browser $(TESTS)

picture: .venv/dev.stamp  ## make docs/dashboard.png, the README's picture of the page
	$(BIN)/python -m tests.picture docs/dashboard.png

clean:  ## remove what the other targets made, but not the recorded counts
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .mypy_cache

# A virtual environment sees the system's packages only where Picamera2 is one of them:
# it comes from apt and cannot be installed by pip.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v < (3, 14) else \
	"expected Python 3.10 to 3.13, got %d.%d; give another with: make PYTHON=python3.12 ..." % v)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	{ echo "expected Python's venv module, got none; on Debian: apt install python3-venv" >&2; exit 2; }
	@echo "Creating .venv (once)"
	@$(PYTHON) -m venv .venv \
	$(shell $(PYTHON) -c 'import picamera2' 2>/dev/null && echo --system-site-packages)

.venv/run.stamp: .venv/bin/python setup.cfg pyproject.toml
	@echo "Installing what running needs (once, a few minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[demo]"
	@touch $@

.venv/dev.stamp: .venv/bin/python setup.cfg pyproject.toml
	@echo "Installing what tests and training need (once, some minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,training]"
	@touch $@ .venv/run.stamp
