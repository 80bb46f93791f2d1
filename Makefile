# Make — `make help` lists the targets. Nothing but python3 (>= 3.11), python3-venv, gcc and a Rust
# toolchain is needed; everything else goes into .venv and target/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
export PYTHON

# Cargo and maturin look for the virtual environment here, whatever the caller has active.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
unexport PYTHONPATH PYTHONHOME CONDA_PREFIX

# The core is built for what this machine can do, where that is common: AVX2 and its kin, on any
# x86-64 processor since 2013. A wheel is for every machine.
ifeq ($(words $(filter avx2 bmi1 bmi2 fma movbe,$(shell grep -s -m 1 ^flags /proc/cpuinfo))),5)
OURS := -C target-cpu=x86-64-v3
endif

CORE_SOURCES := $(shell find crates -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
REQUIREMENTS := $(VENV)/.requirements
CORE := $(VENV)/.core
BENCH := $(VENV)/.bench
S3 := $(VENV)/.s3

.PHONY: help build demo test check bench wheel bundle nightly lock clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: $(CORE) ## set up .venv and build the core; then .venv/bin/botmm works

$(REQUIREMENTS): requirements.txt scripts/toolchain.sh
	@scripts/toolchain.sh
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --require-hashes --requirement requirements.txt
	touch $@

$(CORE): $(REQUIREMENTS) $(CORE_SOURCES) pyproject.toml
	@scripts/toolchain.sh
	@echo "building the core in release mode; the first time takes some minutes"
	RUSTFLAGS="$${RUSTFLAGS-$(OURS)}" $(BIN)/maturin develop --release --locked --quiet >/dev/null
	touch $@

demo: build ## replay a synthetic sample and write its report
	$(BIN)/botmm demo

test: build ## run every test: cargo, then pytest
	cargo test --locked --package mm_core
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: build ## formatters, linters, types, stub, layer contracts
	scripts/check.sh

$(BENCH): $(CORE) requirements-bench.txt
	$(PIP) install --quiet --require-hashes --requirement requirements-bench.txt
	touch $@

bench: $(BENCH) ## measure against hftbacktest, and the core's own benchmarks
	RUSTFLAGS="$${RUSTFLAGS-$(OURS)}" scripts/bench.sh

wheel: build ## an abi3 manylinux wheel in dist/
	$(BIN)/maturin build --release --locked --compatibility pypi --out dist

$(S3): $(CORE) requirements-s3.txt
	$(PIP) install --quiet --require-hashes --requirement requirements-s3.txt
	touch $@

bundle: wheel ## wheel, wheelhouse, units and scripts as one file for a server
	deploy/bundle.sh

nightly: $(S3) ## the long campaigns: property tests with many more cases, simulated days
	PROPTEST_CASES=20000 cargo test --locked --package mm_core
	BOTMM_TEST_TIER=nightly $(BIN)/python -m pytest
	$(BIN)/python -m tests.campaign --days 1 --density real
	$(BIN)/python -m tests.campaign --days 7 --density thin

lock: ## pin the Python packages anew: requirements*.txt
	scripts/lock.sh

clean: ## remove what the build made
	rm -rf $(VENV) target dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find python -name '_core*.so' -delete
