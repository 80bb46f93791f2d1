#!/usr/bin/env bash
# Bench — both engines side by side, then the decoders and the core's own benchmarks; `make bench` runs it.
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/python -m backtest.bench "$@"
cargo bench --locked --package mm_core
