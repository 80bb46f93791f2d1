"""Botmm-live — the daemon's entry: which venue, whose account, which key; then the daemon.

The only file of this package that names a venue.
"""

from __future__ import annotations

from hyperliquid.utils.constants import LOCAL_API_URL, MAINNET_API_URL, TESTNET_API_URL

from botmm.observe.logging import logger

_URLS = {"paper": LOCAL_API_URL, "testnet": TESTNET_API_URL, "mainnet": MAINNET_API_URL}

_log = logger(__name__)
