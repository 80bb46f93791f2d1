"""Hosts — which servers the adapter speaks to, and which of them mean real money."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from hyperliquid.utils.constants import LOCAL_API_URL, MAINNET_API_URL, TESTNET_API_URL

from botmm.errors import ConfigError

URLS = {"paper": LOCAL_API_URL, "testnet": TESTNET_API_URL, "mainnet": MAINNET_API_URL}
"""Each mode's own server."""

_MAINNET = urlsplit(MAINNET_API_URL).hostname
_TESTNET = urlsplit(TESTNET_API_URL).hostname
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A checked server: base URL without a slash at its end, its WebSocket, and its network."""

    base: str
    ws: str
    mainnet: bool


def host_of(url: str) -> Host:
    """Return the server of a base URL.

    Raises:
        ConfigError: not one of the venue's servers over TLS, nor this machine.
    """
    parts = urlsplit(url)
    cure = f"use {MAINNET_API_URL}, {TESTNET_API_URL} or http://127.0.0.1:PORT"
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(f"{parts.hostname}: a server's address has no user or query", cure=cure)
    if parts.path not in ("", "/"):
        raise ConfigError(f"{url}: a server's address has no path", cure=cure)
    try:
        port = parts.port
    except ValueError:
        raise ConfigError(f"{url}: no such port", cure=cure) from None
    public = parts.scheme == "https" and parts.hostname in (_MAINNET, _TESTNET) and port is None
    local = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not (public or local):
        raise ConfigError(f"{url}: not a server that orders may go to", cure=cure)
    base = f"{parts.scheme}://{parts.netloc}"
    return Host(base=base, ws=f"ws{base[4:]}/ws", mainnet=parts.hostname == _MAINNET)


def check_world(mode: str, host: Host) -> None:
    """Refuse a server of another world than the mode's.

    Raises:
        ConfigError: paper on a server of the venue, or the like.
    """
    local = host.base.startswith("http://")
    if local != (mode == "paper") or host.mainnet != (mode == "mainnet"):
        raise ConfigError(
            f"mode {mode} does not go with {host.base}",
            cure="paper trades on this machine only; name mode and address of one world",
        )


def listens(url: str) -> bool:
    """Whether something listens at an address of this machine."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=1.0):
            return True
    except OSError:
        return False
