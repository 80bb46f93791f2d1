#!/usr/bin/env bash
# Check — formatters, linters, types, the stub and the layer contracts; `make check` runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin

step() {
  echo "check: $*"
  "$@"
}

step cargo fmt --all --check
# Without features the core builds with no Python; with `python` the bindings are linted too.
step cargo clippy --quiet --locked --package mm_core --all-targets -- -D warnings
step cargo clippy --quiet --locked --package mm_core --features python -- -D warnings
step "$bin/ruff" check
step "$bin/ruff" format --check
step "$bin/python" -m mypy
step "$bin/python" -m mypy.stubtest botmm._core
step "$bin/lint-imports"
step cargo test --quiet --locked --package mm_core --test layers
