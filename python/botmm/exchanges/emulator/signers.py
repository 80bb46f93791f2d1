"""Signers — who signed: the address is recovered from what was signed, as the venue does it.

An action is hashed in the venue's own form, not in the client's, so a client that hashes another
form is taken for a stranger here as there. The local exchange is a test network: source `b`.
"""

from __future__ import annotations

from typing import Any

import msgpack  # type: ignore[import-untyped]
from eth_account.messages import encode_typed_data
from eth_keys.exceptions import BadSignature
from eth_keys.main import lazy_key_api as keys
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from botmm.exchanges.emulator.actions import (
    ApproveAgentAction,
    ApproveBuilderFeeAction,
    SendAssetAction,
    Signature,
    SpotSendAction,
    UsdClassTransferAction,
    UsdSendAction,
    UserAction,
    UserDexAbstractionAction,
    UserSetAbstractionAction,
    WithdrawAction,
)

_NOBODY = "0x0000000000000000000000000000000000000000"
_DOMAIN = [("name", "string"), ("version", "string"), ("chainId", "uint256")]
_DOMAIN_TYPES = [*_DOMAIN, ("verifyingContract", "address")]
_CHAIN = ("hyperliquidChain", "string")
_NONCE, _TIME = ("nonce", "uint64"), ("time", "uint64")
_SEND = [_CHAIN, ("destination", "string"), ("amount", "string"), _TIME]

# Primary type and fields of each action that a master key signs as typed data.
_TYPED: dict[type, tuple[str, list[tuple[str, str]]]] = {
    UsdSendAction: ("UsdSend", _SEND),
    WithdrawAction: ("Withdraw", _SEND),
    SpotSendAction: (
        "SpotSend",
        [_CHAIN, *((name, "string") for name in ("destination", "token", "amount")), _TIME],
    ),
    UsdClassTransferAction: (
        "UsdClassTransfer",
        [_CHAIN, ("amount", "string"), ("toPerp", "bool"), _NONCE],
    ),
    SendAssetAction: (
        "SendAsset",
        [
            _CHAIN,
            *(
                (name, "string")
                for name in (
                    "destination",
                    "sourceDex",
                    "destinationDex",
                    "token",
                    "amount",
                    "fromSubAccount",
                )
            ),
            _NONCE,
        ],
    ),
    ApproveAgentAction: (
        "ApproveAgent",
        [_CHAIN, ("agentAddress", "address"), ("agentName", "string"), _NONCE],
    ),
    ApproveBuilderFeeAction: (
        "ApproveBuilderFee",
        [_CHAIN, ("maxFeeRate", "string"), ("builder", "address"), _NONCE],
    ),
    UserSetAbstractionAction: (
        "UserSetAbstraction",
        [_CHAIN, ("user", "address"), ("abstraction", "string"), _NONCE],
    ),
    UserDexAbstractionAction: (
        "UserDexAbstraction",
        [_CHAIN, ("user", "address"), ("enabled", "bool"), _NONCE],
    ),
}

_AGENT_TYPE = keccak(text="Agent(string source,bytes32 connectionId)")
_TESTNET = keccak(text="b")
_L1_DOMAIN = keccak(
    keccak(
        text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    )
    + keccak(text="Exchange")
    + keccak(text="1")
    + (1337).to_bytes(32, "big")
    + bytes(32)
)


class NoSignerError(Exception):
    """A signature from which no address can be recovered."""


def connection_id(
    action: dict[str, Any], *, vault: str | None, nonce: int, expires_ms: int | None
) -> bytes:
    """Return the hash of an action in the venue's form."""
    data: bytes = msgpack.packb(action)
    data += nonce.to_bytes(8, "big")
    data += b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault.removeprefix("0x"))
    if expires_ms is not None:
        data += b"\x00" + expires_ms.to_bytes(8, "big")
    return keccak(data)


def l1_digest(
    action: dict[str, Any], *, vault: str | None, nonce: int, expires_ms: int | None
) -> bytes:
    """Return what a signer of a trading action signs."""
    hashed = connection_id(action, vault=vault, nonce=nonce, expires_ms=expires_ms)
    return keccak(b"\x19\x01" + _L1_DOMAIN + keccak(_AGENT_TYPE + _TESTNET + hashed))


def typed_digest(action: UserAction) -> bytes:
    """Return what a master key signs for an action with typed data."""
    name, fields = _TYPED[type(action)]
    message = action.canonical()
    data = {
        "domain": {
            "name": "HyperliquidSignTransaction",
            "version": "1",
            "chainId": int(action.signature_chain_id, 16),
            "verifyingContract": _NOBODY,
        },
        "types": {
            f"HyperliquidTransaction:{name}": _rows(fields),
            "EIP712Domain": _rows(_DOMAIN_TYPES),
        },
        "primaryType": f"HyperliquidTransaction:{name}",
        "message": {field: message[field] for field, _ in fields},
    }
    signable = encode_typed_data(full_message=data)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def recover(digest: bytes, signature: Signature) -> str:
    """Return the address that signed a digest, in lower case.

    Raises:
        NoSignerError: r, s and v are no signature.
    """
    parity = signature.v - 27 if signature.v >= 27 else signature.v
    try:
        parts = (parity, int(signature.r, 16), int(signature.s, 16))
        public = keys.Signature(vrs=parts).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError, ValueError) as error:
        raise NoSignerError(str(error)) from error
    return public.to_checksum_address().lower()


def _rows(fields: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in fields]
