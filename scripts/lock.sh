#!/usr/bin/env bash
# Lock — pins every Python package with its hashes: requirements.txt and its three companions.
# The files hold no download address: pip uses whatever index the machine is set up for.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  "${PYTHON:-python3}" -m venv "$work/venv"
  "$work/venv/bin/python" -m pip install --quiet 'uv>=0.9'
  uv=$work/venv/bin/uv
fi

# The lowest supported Python decides, and one version of each package serves all files. Another
# index than the public one is set by UV_DEFAULT_INDEX; it is not written down.
compile() {
  "$uv" pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate \
    --python-version 3.11 --python-platform linux --system-certs pyproject.toml "$@"
}
files=(requirements.txt requirements-bench.txt requirements-s3.txt requirements-live.txt)
compile --extra dev --extra bench --extra s3-tests --output-file "$work/all.txt"
one() {
  local file=$1 head=$2
  shift 2
  compile "$@" --constraint "$work/all.txt" --output-file "$work/$file"
  { echo "# $head; made by scripts/lock.sh."; cat "$work/$file"; } >"$work/made-$file"
}
one requirements.txt "Runtime and tools of the project" --extra dev
one requirements-bench.txt "The extra 'bench'" --extra bench
one requirements-s3.txt "The extra 's3-tests'" --extra s3-tests
one requirements-live.txt "What a server needs: the runtime and the extra 's3'" --extra s3
if grep -nE '://|^-|file:' "${files[@]/#/$work/made-}"; then
  echo "lock.sh: a requirements file names a download address or an option; remove it" >&2
  exit 1
fi
for file in "${files[@]}"; do
  mv "$work/made-$file" "$file"
done
