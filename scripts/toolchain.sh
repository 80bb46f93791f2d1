#!/usr/bin/env bash
# Toolchain — checks what the build needs; one line with the cure for what is missing or too old.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
python_min=3.11
rust_min=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)

refuse() {
  echo "botmm: $1" >&2
  exit 2
}

# True when version $1 is at least $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

command -v "$python" >/dev/null ||
  refuse "python3 is missing; install it: sudo apt-get install python3 python3-venv"
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) ||
  refuse "'$python' does not run; install it: sudo apt-get install python3 python3-venv"
at_least "$found" "$python_min" ||
  refuse "python $found is too old, $python_min or newer is needed; install one and run: make PYTHON=python$python_min"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  refuse "python3-venv is missing; install it: sudo apt-get install python3-venv"
command -v cc >/dev/null ||
  refuse "a C compiler is missing; install it: sudo apt-get install gcc libc6-dev"
{ command -v cargo && command -v rustc; } >/dev/null ||
  refuse "Rust is missing, $rust_min or newer is needed; install it with rustup (https://rustup.rs), then open a new shell"
found=$(rustc --version 2>/dev/null | awk '{print $2}')
[ -n "$found" ] ||
  refuse "'rustc' does not run, Rust $rust_min or newer is needed; run: rustup default stable"
at_least "${found%%-*}" "$rust_min" ||
  refuse "Rust $found is too old, $rust_min or newer is needed; run: rustup update stable"
