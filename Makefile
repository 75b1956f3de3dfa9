# Each target is one line: cargo, or a script that says what it does.

PROFILE := release
URL := http://127.0.0.1:50051
BENCH :=
NAME :=
SINGULAR :=

.DEFAULT_GOAL := help
.PHONY: help run demo test lint proto reflection edge test-cgroups test-network drain-test bench chaos faults fmt deny manifests rehearse images image-size test-images test-pods compose-up new-service test-new-service ci

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Serve the whole suite from one process; its data is kept in .fairlead/
	cargo run --locked --package all-in-one

demo: ## Take the tour against a running suite (URL=http://127.0.0.1:50051)
	cargo run --locked --package all-in-one --example demo -- $(URL)

test: ## Run every test; Postgres and Redis are installed first where they are missing
	scripts/test

test-cgroups: ## Test in small containers, under attack; needs root and control groups v1 (CI: where there are such)
	scripts/test-cgroups

test-network: ## Test clients and sessions in a network that fails, and leases after a sleep (CI: where namespaces can be made)
	scripts/test-network

drain-test: ## Roll three replicas under load, behind Envoy and our own client; no call may fail (DRAIN_CALLS=50000)
	scripts/drain-test

chaos: ## Attack the test service over HTTP/2; prints and judges what each attack costs (PROFILE=release)
	PROFILE=$(PROFILE) scripts/chaos

faults: ## Take the stores away in every way, give up calls, kill replicas, each for a minute (FAULT_SECONDS=60)
	scripts/faults

bench: ## Measure memory, start, the cost of a call, of sessions and uploads; needs two quiet cores (BENCH=idle|echo|collector|sessions|uploads)
	scripts/bench $(BENCH)

lint: ## Check format, lints, documentation, and each crate by itself
	scripts/lint

proto: ## Lint the contract, and compare it with the main branch
	scripts/proto

manifests: ## Check manifests, compose, the edge, Dockerfiles and skaffold, and that each check can fail
	scripts/manifests

reflection: ## Ask a running suite what it serves, as clients that have no protos
	scripts/reflection

edge: ## Test what callers find at the edge: the real Envoy before the real services
	scripts/edge

fmt: ## Format the code
	cargo fmt --all

deny: ## Check licences, bans and sources of every dependency (builds cargo-deny the first time)
	scripts/deny

.PHONY: advisories alerts sbom docs example histories test-broken-rules test-upgrade test-valkey

advisories: ## Compare every dependency with RustSec's advisories; needs a network
	scripts/deny advisories

histories: ## Have people use sessions while everything fails, and judge what they saw (FAULT_SECONDS=30)
	scripts/histories

test-valkey: ## Run what stands on Redis over Valkey, whose version is of Redis 7.2 or later
	scripts/test-valkey

test-broken-rules: ## Break the rules of near caches on purpose; the history of what people saw must fail each time
	scripts/test-broken-rules

alerts: ## Check the alerts with Prometheus' own tool, and when they fire
	scripts/alerts

sbom: ## Write what is in each image, as CycloneDX: target/sbom
	scripts/sbom

docs: ## Write docs/api from the contract, the policy and the errors
	API_PAGES=write cargo test --locked --quiet --workspace --test api

example: ## Generate a Python client with buf, and sign up with it
	scripts/example-python

test-upgrade: ## Upgrade accounts and its schema under load, and back; no call may fail
	scripts/test-upgrade

rehearse: ## Run compose and the dev overlay without containers, and take the tour through the edge; needs root
	scripts/rehearse

images: ## Build the images fairlead/<service>:local; needs a Docker engine, and no network
	scripts/images

image-size: ## Print how large each image is; fails above 10 MB
	scripts/image-size

test-images: ## Run the images confined, over real stores, and take the tour; needs root and a Docker engine
	scripts/test-images

test-pods: ## Play the development cluster's pods by podman, and take the tour; needs root and podman
	scripts/test-pods

compose-up: ## Run the suite with its stores, edge and dashboards; needs Docker with compose
	scripts/dev-secrets .fairlead/compose && docker compose up --build --detach

new-service: ## Add a service to the suite, with all that belongs to it (NAME=orders; NAME=oxen SINGULAR=ox)
	scripts/new-service "$(NAME)" "$(SINGULAR)" && $(MAKE) --no-print-directory docs

test-new-service: ## Add a service to a copy of the checkout; it builds and passes its tests as it is
	scripts/test-new-service

ci: ## Everything that a change must pass, with the time of each part
	scripts/ci
