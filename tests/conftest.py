"""Test setup — where recordings are, and how hard property tests try."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Found examples must not depend on the day a commit is tested; the nightly run explores.
settings.register_profile("commit", derandomize=True, deadline=None, max_examples=100)
settings.register_profile(
    "nightly",
    deadline=None,
    max_examples=5_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("BOTMM_TEST_TIER", "commit"))


def recordings_folder() -> Path | None:
    """Return the folder of real recordings, or None where this machine has none."""
    named = os.environ.get("BOTMM_TEST_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the top folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Return the folder of real recordings; skip where there is none."""
    folder = recordings_folder()
    if folder is None:
        pytest.skip("no recordings here: set BOTMM_TEST_DATA to their folder to run this test")
    return folder
