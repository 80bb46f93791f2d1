#!/usr/bin/env bash
# Lock — pins every Python package with its hashes: requirements.txt and its three companions.
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

# The lowest supported Python decides, and one version of each package serves all files.
compile() {
  "$python" -m piptools compile --quiet --generate-hashes --strip-extras --allow-unsafe \
    --no-header --no-annotate --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
    --resolver=backtracking pyproject.toml "$@" </dev/null
}
files=(requirements.txt requirements-bench.txt requirements-s3.txt requirements-live.txt)
rm -f "${files[@]}"
compile --extra dev --extra bench --extra s3-tests --output-file "$work/all.txt"
one() {
  local file=$1 head=$2
  shift 2
  compile "$@" --constraint "$work/all.txt" --output-file "$work/$file"
  { echo "# $head; made by scripts/lock.sh."; cat "$work/$file"; } >"$file"
}
one requirements.txt "Runtime and tools of the project" --extra dev
one requirements-bench.txt "The extra 'bench'" --extra bench
one requirements-s3.txt "The extra 's3-tests'" --extra s3-tests
one requirements-live.txt "What a server needs: the runtime and the extra 's3'" --extra s3
if grep -nE '://|^-|file:' "${files[@]}"; then
  echo "lock.sh: a requirements file names a download address or an option; remove it" >&2
  exit 1
fi
