#!/usr/bin/env bash
# Bundle — wheel, hash-locked wheelhouse, units and scripts as one file for a server; `make bundle` runs it.
# A server with 1 GB of memory compiles nothing and needs no package index.
set -euo pipefail
cd "$(dirname "$0")/.."

pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input)
wheel=$(find dist -maxdepth 1 -name 'botmm-*.whl' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-)
[ -n "$wheel" ] || { echo "bundle.sh: no wheel in dist/; run: make wheel" >&2; exit 2; }
machine=$(uname -m)
name=botmm-$(basename "$wheel" | cut -d - -f 2)-$machine
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/$name/wheelhouse" "$work/$name/docs"
# Both systems have Python 3.11; Amazon Linux 2023 has glibc 2.34, Debian 12 a newer one.
"${pip[@]}" download --quiet --require-hashes --only-binary=:all: --no-deps --dest "$work/$name/wheelhouse" \
  --implementation cp --python-version 3.11 --abi cp311 --abi abi3 --abi none \
  --platform "manylinux_2_34_$machine" --platform "manylinux_2_28_$machine" --platform "manylinux_2_24_$machine" \
  --platform "manylinux_2_17_$machine" --platform "manylinux2014_$machine" --platform "manylinux_2_12_$machine" \
  --platform "manylinux2010_$machine" --platform "manylinux_2_5_$machine" --platform "manylinux1_$machine" \
  --platform any \
  --requirement requirements-live.txt
cp -r "$wheel" requirements-live.txt deploy "$work/$name/"
cp docs/*.md "$work/$name/docs/"
(cd "$work/$name" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" "$work/$name/"
tar --create --file "dist/$name.tar" --sort=name --owner=0 --group=0 --numeric-owner -C "$work" "$name"
sha256sum "dist/$name.tar"
