# One short command each. `make help` lists them.
PYTHON ?= python3
SOURCE ?=
STORE ?=
ARCH ?= arm64
SUITE ?= bookworm
MODELS ?= build/models
BIN := .venv/bin

.PHONY: help run test check format asyncapi browser agent strangers picture chaos soak updates aws arm64 cluster scale bench models conversions clean viewers

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

asyncapi: .venv/dev.stamp  ## make docs/asyncapi.yaml from the schemas of the messages
	$(BIN)/python -m edge_agent schemas --asyncapi > docs/asyncapi.yaml

agent: .venv/dev.stamp  ## only the tests of the agent, the long ones and a short day of trouble too; some minutes
	$(BIN)/python -m pytest -m "long or not long" tests/edge_agent tests/soak

strangers: .venv/dev.stamp  ## 100,000 malformed messages, and everybody the broker must refuse
	$(BIN)/python -m pytest -m long tests/dashboard/test_fuzz.py tests/deploy/test_strangers.py

cluster: .venv/dev.stamp  ## only the tests of a RabbitMQ cluster; some minutes
	$(BIN)/python -m pytest -m rabbitmq $(TESTS)

scale: .venv/dev.stamp  ## measure 1 to 10,000 devices and a year's needs into docs/scale.md; half an hour
	$(BIN)/python -m deploy capacity $(if $(STORE),--store "$(STORE)")
	$(BIN)/python -m deploy scale

picture: .venv/dev.stamp  ## photograph every page into build/pictures, and make the pictures of the documents
	$(BIN)/python -m tests.picture build/pictures --readme docs

viewers: .venv/dev.stamp  ## measure how soon the live page shows a message, for up to 50 viewers; a quarter of an hour
	$(BIN)/python -m tests.dashboard.load --report docs/dashboard.md

chaos: .venv/dev.stamp  ## break everything between device and database, make docs/chaos.md
	$(BIN)/python -m tests.chaos --report docs/chaos.md

soak: .venv/dev.stamp  ## a day of the agent in an hour with all that can go wrong, make docs/soak.md (as root)
	$(BIN)/python -m tests.soak --report docs/soak.md

bench: .venv/dev.stamp  ## the agent against the obvious alternative, make docs/agent-performance.md
	$(BIN)/python -m tests.bench $(if $(FER),--fer "$(FER)")

models: .venv/dev.stamp  ## NETWORKS="runs/*/network.keras" DATA=fer2013.zip: convert, verify, benchmark, draw
	@test -n "$(NETWORKS)" -a -n "$(DATA)" || \
	{ echo 'expected make models NETWORKS="runs/NAME/network.keras ..." DATA=fer2013.zip' >&2; exit 2; }
	$(BIN)/python -m converter convert $(NETWORKS) --data "$(DATA)" --out $(MODELS)/variants
	$(BIN)/python -m converter verify $(NETWORKS) --data "$(DATA)" --variants $(MODELS)/variants \
	$(VERIFY)
	$(BIN)/python -m converter benchmark $(MODELS)/variants --data "$(DATA)" \
	--out $(MODELS)/results.csv $(if $(FER),--fer "$(FER)")
	$(BIN)/python -m converter report $(MODELS)/results.csv --out $(MODELS)/report.html

conversions: .venv/dev.stamp  ## every recipe's network in int8, conversions killed and on a full disk; some minutes
	$(BIN)/python -m pytest -m long tests/converter tests/training/test_models.py

updates: .venv/dev.stamp  ## only the tests of signed updates, the long ones too; some minutes
	$(BIN)/python -m pytest -m "long or not long" tests/deploy/test_updates.py tests/deploy/test_updates_wheel.py

aws: .venv/dev.stamp  ## check deploy/aws/; installs cfn-lint and moto (300 MB)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[aws-checks]"
	REQUIRE_AWS_CHECKS=1 $(BIN)/python -m pytest -m aws tests/deploy/test_aws.py

arm64: .venv/dev.stamp  ## the networks and the agent on the processor of a Raspberry Pi, under QEMU (as root)
	$(BIN)/python -m pytest -m arm64 -s tests/arm64

.PHONY: install-arm64 machine kills bundle deb
install-arm64: .venv/dev.stamp  ## the installer on the Debian of a Raspberry Pi, under QEMU (as root)
	$(BIN)/python -m pytest -m arm64 -s tests/arm64/test_install.py

machine: .venv/dev.stamp  ## a whole machine loses its power ten times, updates itself, and begins from a card; an hour (as root)
	$(BIN)/python -m tests.machine $(if $(READ_ONLY),--read-only)
	$(BIN)/python -m tests.machine --updates $(if $(READ_ONLY),--read-only)
	$(BIN)/python -m tests.machine --card
	$(BIN)/python -m pytest -m machine -s tests/machine

kills: .venv/dev.stamp  ## kill the agent at every single write to its state; some minutes
	$(BIN)/python -m pytest -m strace -s tests/edge_agent/test_kills.py

bundle: .venv/dev.stamp  ## what installs a device without a network, into dist/; ARCH=amd64 SUITE=trixie
	$(BIN)/python -m deploy bundle dist/edge-agent-$(SUITE)-$(ARCH) --arch $(ARCH) --suite $(SUITE)

deb: .venv/dev.stamp  ## the Debian package, into dist/; ARCH=amd64 SUITE=trixie
	$(BIN)/python -m deploy deb dist --arch $(ARCH) --suite $(SUITE)

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
