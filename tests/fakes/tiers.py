"""Tiers — whether the long tests are asked for."""

import os

NIGHTLY = os.environ.get("BOTMM_TEST_TIER") == "nightly"
