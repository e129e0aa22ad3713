# The recipes of the project; `make` alone lists them. CI runs the same ones (.ci/run).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools that scripts/tools.sh installed come first.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# One binary for demo, run and openapi. The tests build it with features of their own; the demo among them
# takes that one, so that nothing is compiled twice.
BUILD_DEV := cargo build --workspace --bin posthaste
# Likewise the binary that is shipped and the one that measures it.
BUILD_RELEASE := cargo build --release --package cli --package bench --bins
TARGET := $(or $(CARGO_TARGET_DIR),target)
POSTHASTE := $(TARGET)/debug/posthaste
# The dashboard as it is embedded: built anew when something of it has changed.
SITE := dashboard/dist/site/index.html
SITE_SOURCES := $(shell find dashboard/src dashboard/public -type f) $(addprefix dashboard/,index.html package.json package-lock.json vite.config.ts)
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
RUN_DEMO := npm ci --prefix demo --no-audit --no-fund --loglevel=error && exec node demo/demo.mjs

.PHONY: help demo run build test test-fast fmt lint dashboard openapi bench chaos fuzz api-fuzz audit check tools

help: ## List the recipes
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(SITE) ## Deliver real GitHub payloads to three receivers and look at them in the dashboard (DEMO_EXIT=1: end by itself)
	$(BUILD_DEV)
	@$(RUN_DEMO)

run: $(SITE) ## Start the server for trying things out: http and loopback receivers allowed
	$(BUILD_DEV)
	@exec $(POSTHASTE) serve --dev

build: $(SITE) ## Build the release binary with the dashboard in it, target/release/posthaste
	$(BUILD_RELEASE)

test: tools $(SITE) ## Run every test, the verification samples, what the image and compose file run, and the demo
	scripts/services.sh scripts/test.sh
	scripts/samples.sh
	$(BUILD_DEV)
	scripts/services.sh scripts/deployment.sh $(POSTHASTE)
	export DEMO_EXIT=1 && $(RUN_DEMO)

test-fast: ## Test the rules and the queue only: no services, seconds
	cargo test --package domain --package queue

fmt: ## Format the Rust code
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

lint: ## Check the format, then run clippy on all targets with warnings denied
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings

dashboard: ## Check, test and build the dashboard, whose client is made from docs/openapi.json
	cd dashboard && $(NPM_CI) && npm run check && npm test && npm run build && npm run size

dashboard/node_modules/.package-lock.json: dashboard/package-lock.json
	cd dashboard && $(NPM_CI)

$(SITE): dashboard/node_modules/.package-lock.json $(SITE_SOURCES)
	cd dashboard && npx vite build --logLevel warn

openapi: ## Write docs/openapi.json from the code
	$(BUILD_DEV)
	document=$$($(POSTHASTE) openapi); echo "$$document" >docs/openapi.json

bench: ## Measure the bare ceiling and Posthaste end to end on this machine (MODE=embedded|distributed, ARGS="--only growth")
	$(BUILD_RELEASE)
	MODE=$(or $(MODE),embedded) $(TARGET)/release/posthaste-bench run $(ARGS)

chaos: ## Kill, empty, stall and restart everything for ten minutes, and check that nothing is lost (ARGS="--seed 7")
	cargo build --workspace --bin posthaste --bin posthaste-chaos
	scripts/services.sh $(TARGET)/debug/posthaste-chaos --server-bin $(POSTHASTE) $(ARGS)

fuzz: tools ## Let each fuzzer look for a minute for inputs that break a parser (SECONDS_EACH=10, ARGS="url filter", KEEP=1)
	scripts/fuzz.sh $(ARGS)

api-fuzz: tools ## Hold a running server against its own OpenAPI document with made-up requests (EXAMPLES=500 SEED=7)
	$(BUILD_DEV)
	scripts/api-fuzz.sh $(POSTHASTE)

audit: tools ## Check licences, bans and sources of dependencies (ADVISORIES=1: advisories too)
	cargo deny --locked check bans licenses sources $(if $(ADVISORIES),advisories)
	cargo deny --locked --manifest-path fuzz/Cargo.toml --config deny.toml check bans licenses sources $(if $(ADVISORIES),advisories)

check: lint audit dashboard test ## Everything that CI runs

tools:
	@scripts/tools.sh
