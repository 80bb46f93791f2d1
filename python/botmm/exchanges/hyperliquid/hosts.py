"""Hosts — which servers the adapter speaks to, and which of them mean real money."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hyperliquid.utils.constants import MAINNET_API_URL, TESTNET_API_URL

from botmm.errors import ConfigError

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
