"""Accounts — keys for trying things out: public, derived from a fixed text, worth nothing anywhere.

Whoever reads this file can sign with them. They are the accounts of the local exchange and of
tests; trading on a real venue refuses them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eth_keys.main import lazy_key_api as keys
from eth_utils.crypto import keccak

TEST_ACCOUNTS_MAX = 100
_TEXT = "botmm local exchange, public test key {}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestAccount:
    """One public test key and its address in lower case."""

    __test__ = False  # a name for people, not for pytest

    address: str
    key: str = field(repr=False)


def test_account(number: int) -> TestAccount:
    """Return the n-th test account, from 0; always the same."""
    if not 0 <= number < TEST_ACCOUNTS_MAX:
        raise ValueError(f"test accounts are numbered 0 to {TEST_ACCOUNTS_MAX - 1}, not {number}")
    secret = keccak(text=_TEXT.format(number))
    address = keys.PrivateKey(secret).public_key.to_checksum_address().lower()
    return TestAccount(address=address, key="0x" + secret.hex())


test_account.__test__ = False  # type: ignore[attr-defined]


def is_test_address(address: str) -> bool:
    """Whether an address is one of the public test accounts."""
    wanted = address.lower()
    return any(test_account(number).address == wanted for number in range(TEST_ACCOUNTS_MAX))
