# Two commands to begin with: `make run` shows the whole system, `make test` proves it.
# Everything that is missing is installed on demand, once; `make clean` removes all of it.

PORT     ?= 8080
ACCOUNTS ?= 120
STAGE    ?= prod
KILLS    ?= 200

BIN      := .venv/bin
VENDOR   := functions/portal_api/static/vendor
UV       := $(BIN)/uv pip sync --quiet --no-config --require-hashes --compile-bytecode
LOCKED   := $(patsubst %,requirements/%.txt,runtime edge infra dev)
PIN      := $(BIN)/uv pip compile -q --no-config --generate-hashes --no-header --no-annotate --python-version 3.11
SINCE    := $(shell date +%s.%N)
SUDO     := $(shell test "$$(id -u)" = 0 || echo sudo)

# The tools of the CDK: no telemetry, no notices about Node's age.
export CDK_DISABLE_CLI_TELEMETRY := 1
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20

.DEFAULT_GOAL := help
.PHONY: help run demo bench test check types rules unit long mutate test-collector test-freeradius acceptance synth doctor deploy review sbom audit lock openapi clean

help: ## what can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/ready .venv-emulator/ready $(VENDOR)/ready ## the whole system on this machine; PORT=8080 ACCOUNTS=120
	@exec $(BIN)/python -m local.main --port $(PORT) --accounts $(ACCOUNTS) --since $(SINCE)

demo: .venv/ready .venv-emulator/ready $(VENDOR)/ready ## one month from packet to paid invoice, step by step, with figures
	@$(BIN)/python -m local.demo --port $(PORT) --accounts $(ACCOUNTS)

test: check unit acceptance ## everything: check, unit tests, the demo and the browser on the emulator

check: .venv/ready node_modules/ready ## format, lint, types, import contracts, the OpenAPI document, findings in the templates, plans.toml
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory -j2 --output-sync types rules

types:
	npx pyright

rules:
	$(BIN)/lint-imports
	$(BIN)/python -m functions.portal_api.openapi --check
	$(BIN)/python -m infra.review
	./demarc check

unit: .venv/ready $(VENDOR)/ready ## tests that need no emulator and no browser
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not emulator and not browser and not long"

test-collector: .venv/ready ## a collector killed 200 times under load; KILLS=200 SEED=<any number>
	@$(BIN)/python -m tests.edge.fire --kills $(KILLS) $(if $(SEED),--seed $(SEED))

test-freeradius: .venv/ready .venv-emulator/ready $(VENDOR)/ready ## 2,000 packets of radclient through FreeRADIUS to usage
	@$(SUDO) sh tests/freeradius/install.sh
	@$(BIN)/python -m tests.freeradius

acceptance: .venv/ready .venv-emulator/ready $(VENDOR)/ready .demarc/debian ## the demo and the browser test, on the emulator
	$(BIN)/python -m pytest -m "emulator or browser"

bench: .venv/ready .venv-emulator/ready ## what things cost: AWS counted exactly, CPU in turns, a month priced
	@$(BIN)/python -m bench

long: export WHOLE := 1
long: .venv/ready $(VENDOR)/ready ## what make test samples, whole: two handlers in every order, a death at every call
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/pairs tests/fuzz tests/cycle tests/sweep \
		tests/edge tests/functions/bill_cycle/test_deliver.py

mutate: .venv/ready ## faults planted in the pricing core: how many its tests find, and which they do not
	@$(BIN)/python -m tests.mutate $(WHAT)

synth: .venv/ready $(VENDOR)/ready ## the templates of STAGE=prod, validated, into cdk.out
	npx cdk synth --quiet -c stage=$(STAGE)

doctor: .venv/ready node_modules/ready ## what stands between this machine and a deployment, each with its fix
	@$(BIN)/python -m local.doctor --stage $(STAGE)

deploy: .venv/ready $(VENDOR)/ready ## to the AWS account of your credentials, as STAGE=prod
	npx cdk deploy --all -c stage=$(STAGE)

review: .venv/ready ## write anew who may do what, which findings are accepted, which licences there are: read the diff
	$(BIN)/python -m infra.review --write

sbom: .venv/ready ## a bill of materials of what is deployed, as CycloneDX
	@$(BIN)/python -m infra.review.supply sbom

audit: .venv/ready ## known vulnerabilities of all requirements, if the database can be reached
	@$(BIN)/python -m infra.review.supply audit

lock: .venv/ready ## pin the requirements of each group anew, with hashes, as pyproject.toml allows
	@mkdir -p .demarc
	$(PIN) pyproject.toml --group edge --group infra --group dev -o .demarc/all.txt
	$(PIN) -c .demarc/all.txt pyproject.toml -o requirements/runtime.txt
	for group in edge infra dev; do \
		$(PIN) -c .demarc/all.txt --group $$group -o requirements/$$group.txt; done
	$(PIN) requirements/emulator.in -o requirements/emulator.txt

openapi: .venv/ready ## write the OpenAPI document anew
	$(BIN)/python -m functions.portal_api.openapi

clean: ## remove everything that was installed, synthesized, stored or logged here
	rm -rf .venv .venv-emulator node_modules .demarc cdk.out .pytest_cache .hypothesis \
		.ruff_cache .import_linter_cache $(VENDOR)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is needed, installed once and again when its list changes.

.venv/ready: $(LOCKED) requirements/uv.txt
	@echo "installing the Python packages of development"
	@test -x $(BIN)/uv || { python3 -m venv --clear .venv || { \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y python3-venv && \
		python3 -m venv --clear .venv; } ; \
		$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt; }
	@$(UV) --python $(BIN)/python $(LOCKED)
	@touch $@

.venv-emulator/ready: requirements/emulator.txt .venv/ready
	@echo "installing the emulator"
	@test -x .venv-emulator/bin/python || $(BIN)/python -m venv --without-pip .venv-emulator
	@$(UV) --python .venv-emulator/bin/python requirements/emulator.txt
	@touch $@

node_modules/ready: package.json package-lock.json
	@echo "installing the CDK's command line"
	@npm ci --silent --no-audit --no-fund
	@touch $@

# What the pages load, served by ourselves: copied, not committed.
$(VENDOR)/ready: node_modules/ready
	@mkdir -p $(VENDOR)
	@cp node_modules/@tabler/core/dist/css/tabler.min.css node_modules/htmx.org/dist/htmx.min.js $(VENDOR)/
	@touch $@

# A browser and a reader of PDF, for the acceptance tests.
.demarc/debian:
	@mkdir -p .demarc
	@{ command -v chromium && command -v pdftotext; } > /dev/null || { \
		echo "installing chromium and poppler-utils"; $(SUDO) apt-get update -qq && \
		$(SUDO) apt-get install -qq -y --no-install-recommends chromium poppler-utils > /dev/null; }
	@touch $@
