"""Sign — the only holder of the key; it signs trading actions and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from coincurve import PrivateKey
from eth_account import Account
from eth_utils.crypto import keccak
from hyperliquid.utils.signing import action_hash

from botmm.errors import ConfigError, UsageError
from botmm.exchanges.base import SignedRequest
from botmm.exchanges.hyperliquid.hosts import Host

_KEY = re.compile(r"(0x)?[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_GROUP_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

# What EIP-712 hashes of every trading action, whoever signs it: done once. The domain is name,
# version, chain and contract; an action is signed as an "agent" that names its source and hash.
_DOMAIN = keccak(
    keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
    + keccak(b"Exchange")
    + keccak(b"1")
    + (1337).to_bytes(32, "big")
    + bytes(32)
)
_AGENT = keccak(b"Agent(string source,bytes32 connectionId)")
_SOURCES = {True: keccak(b"a"), False: keccak(b"b")}
"""By whether it is the main network."""

ALLOWED = frozenset(
    {"order", "cancel", "cancelByCloid", "scheduleCancel", "noop", "updateLeverage"}
)
"""Action types that are signed; moving money is not among them."""


class Signer:
    """An agent's key, bound to one account and one server."""

    __slots__ = ("_agent", "_key", "_vault", "address")

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
        self._key = PrivateKey.from_hex(key.removeprefix("0x").lower())
        self._agent = _AGENT + _SOURCES[host.mainnet]
        self._vault = None if vault is None else vault.lower()
        self.address: str = Account.from_key(key).address.lower()
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
        connection = action_hash(action, self._vault, nonce, expires_ms)
        agent = keccak(self._agent + connection)
        digest = keccak(b"\x19\x01" + _DOMAIN + agent)
        packed = self._key.sign_recoverable(digest, hasher=None)
        # Numbers without leading zeros, and v as Ethereum counts it: so the SDK writes them.
        signature = {
            "r": hex(int.from_bytes(packed[:32], "big")),
            "s": hex(int.from_bytes(packed[32:64], "big")),
            "v": 27 + packed[64],
        }
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
