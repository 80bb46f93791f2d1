"""Sign — the only holder of the key; it signs trading actions and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from eth_account import Account
from hyperliquid.utils.signing import sign_l1_action

from botmm.errors import ConfigError, UsageError
from botmm.exchanges.base import SignedRequest
from botmm.exchanges.hyperliquid.hosts import Host

_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

ALLOWED = frozenset(
    {"order", "cancel", "cancelByCloid", "scheduleCancel", "noop", "updateLeverage"}
)
"""Action types that are signed; moving money is not among them."""


class Signer:
    """An agent's key, bound to one account and one server."""

    __slots__ = ("_mainnet", "_vault", "_wallet", "address")

    def __init__(self, key: str, *, agent: str, host: Host, vault: str | None = None) -> None:
        """Take the key of the agent whose address is configured.

        Args:
            key: 64 hex digits, with or without 0x.
            agent: the address that the key must have.
            host: whose signatures these are; only the main network's are worth money.
            vault: the sub-account or vault that the agent trades for.

        Raises:
            ConfigError: the key is malformed or another address's; its text is never shown.
        """
        if not _is_key(key):
            raise ConfigError(
                f"the agent's key is malformed ({len(key)} characters)",
                cure="give exactly 64 hex digits",
            )
        for address in (agent, *([] if vault is None else [vault])):
            if _ADDRESS.fullmatch(address) is None:
                raise ConfigError(f"{address!r} is no address", cure="write 0x and 40 hex digits")
        self._wallet = Account.from_key(key)
        self._mainnet = host.mainnet
        self._vault = None if vault is None else vault.lower()
        self.address: str = self._wallet.address.lower()
        if self.address != agent.lower():
            raise ConfigError(
                f"the agent's key belongs to {self.address}, not to {agent.lower()}",
                cure="give the key of the configured agent, or configure the other address",
            )

    def sign(
        self, action: Mapping[str, Any], *, nonce: int, expires_ms: int | None
    ) -> SignedRequest:
        """Return the signed request; the same arguments give the same bytes.

        Raises:
            UsageError: an action of another type than those of trading.
        """
        kind = action.get("type")
        if kind not in ALLOWED:
            raise UsageError(f"action {kind!r} is never signed here", cure="use the venue's page")
        signature = sign_l1_action(
            self._wallet, action, self._vault, nonce, expires_ms, self._mainnet
        )
        request = {
            "action": action,
            "nonce": nonce,
            "signature": signature,
            "vaultAddress": self._vault,
            "expiresAfter": expires_ms,
        }
        body = json.dumps(request, separators=(",", ":")).encode()
        return SignedRequest(body=body, nonce=nonce, expires_ms=expires_ms)

    def __repr__(self) -> str:
        return f"Signer({self.address})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer is never copied or written down")


def address_of(key: str) -> str:
    """Return the address of a key of 64 hex digits, in lower case.

    Raises:
        ConfigError: it is no key; its text is never shown.
    """
    if not _is_key(key):
        raise ConfigError("the key is malformed", cure="give exactly 64 hex digits")
    return str(Account.from_key(key).address).lower()


def _is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None and 0 < int(text, 16) < _GROUP_ORDER
