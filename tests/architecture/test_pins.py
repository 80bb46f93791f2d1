"""Pins — everything that a build fetches is pinned, and no file names where from."""

import re

import pytest

from tests.architecture.sources import ROOT

REQUIREMENTS = [
    "requirements.txt",
    "requirements-bench.txt",
    "requirements-s3.txt",
    "requirements-live.txt",
]
# The aim is 60; the runtime alone has 66, the extra `s3` six more. It must not grow unnoticed.
LIVE_PACKAGES_MAX = 72
PINNED = re.compile(r"^[a-z0-9._-]+(?:\[[a-z0-9,_-]+\])?==\S+(?: ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
CARGO_SOURCE = 'source = "registry+https://github.com/rust-lang/crates.io-index"'


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_python_package_is_pinned_with_hashes(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wrong = [
        line
        for line in lines
        if line and not line.startswith("#") and not PINNED.match(line) and not HASH.match(line)
    ]
    assert not wrong, f"{name}: neither a pin nor a hash: {wrong}"
    pins = [at for at, line in enumerate(lines) if PINNED.match(line)]
    assert pins, f"{name} pins nothing"
    bare = [lines[at] for at in pins if not HASH.match(lines[at + 1])]
    assert not bare, f"{name}: pins without a hash: {bare}"


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_no_requirements_file_names_an_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_shared_packages_have_one_version() -> None:
    versions: dict[str, set[str]] = {}
    for name in REQUIREMENTS:
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if PINNED.match(line):
                package, version = line.removesuffix(" \\").split("==", 1)
                versions.setdefault(package, set()).add(version)
    twice = {package: found for package, found in versions.items() if len(found) > 1}
    assert not twice, f"two versions of one package: {twice}"


def test_the_live_environment_stays_small() -> None:
    lines = (ROOT / "requirements-live.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.partition("==")[0] for line in lines if PINNED.match(line)]
    assert "pytest" not in pinned
    assert 20 < len(pinned) <= LIVE_PACKAGES_MAX


def test_every_crate_comes_from_the_public_registry_with_a_checksum() -> None:
    text = (ROOT / "Cargo.lock").read_text(encoding="utf-8")
    sources = [line for line in text.splitlines() if line.startswith("source = ")]
    assert sources
    assert set(sources) == {CARGO_SOURCE}
    assert text.count("\nchecksum = ") == len(sources)
