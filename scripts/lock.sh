#!/usr/bin/env bash
# Lock — pins every Python package with its hashes: requirements.txt and requirements-bench.txt.
# The files hold no download address: pip uses whatever index the machine is set up for.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! "$python" -m piptools --version >/dev/null 2>&1; then
  "$python" -m venv "$work/venv"
  python=$work/venv/bin/python
  "$python" -m pip install --quiet 'pip-tools>=7.4'
fi

# The lowest supported Python decides, and one version of each package serves both files.
compile() {
  "$python" -m piptools compile --quiet --generate-hashes --strip-extras --allow-unsafe \
    --no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
    --resolver=backtracking pyproject.toml "$@" </dev/null
}
rm -f requirements.txt requirements-bench.txt
compile --extra dev --extra bench --output-file "$work/all.txt"
compile --extra dev --constraint "$work/all.txt" --output-file "$work/dev.txt"
compile --extra bench --constraint "$work/all.txt" --output-file "$work/bench.txt"
{ echo "# Runtime and tools of the project; made by scripts/lock.sh."; cat "$work/dev.txt"; } >requirements.txt
{ echo "# The extra 'bench'; made by scripts/lock.sh."; cat "$work/bench.txt"; } >requirements-bench.txt
if grep -nE '://|^-|file:' requirements.txt requirements-bench.txt; then
  echo "lock.sh: a requirements file names a download address or an option; remove it" >&2
  exit 1
fi
