"""Transfers — actions that move money, open sub-accounts and name agents, once their nonce is taken."""

from __future__ import annotations

import json
from typing import Any

from eth_utils.crypto import keccak

from botmm.exchanges.emulator import actions as hl
from botmm.exchanges.emulator.desk import Desk
from botmm.exchanges.emulator.purse import Purse, RefusedError, refuse
from botmm.exchanges.emulator.texts import cents
from botmm.exchanges.emulator.wire import micros
from botmm.units import MS_NS

Reply = dict[str, Any]

_DONE: Reply = {"status": "ok", "response": {"type": "default"}}
_SUB_ACCOUNT_USD = 100_000
_SUB_ACCOUNTS_MAX = 10
_NAME_MAX = 16
_VALID_UNTIL = " valid_until "
_SPOT = "spot"


class Transfers:
    """What is done for an account that has proven itself."""

    def __init__(self, desk: Desk, purse: Purse) -> None:
        """Take where the money is."""
        self._desk = desk
        self._purse = purse

    def trading(self, user: str, action: hl.L1Action) -> Reply:
        """Carry out what an account or its agent asks for.

        Raises:
            RefusedError: the venue would not.
        """
        match action:
            case hl.CreateSubAccountAction():
                address = self._open(user, action.name)
                return {"status": "ok", "response": {"type": "createSubAccount", "data": address}}
            case hl.SubAccountTransferAction():
                ends = (user, action.sub_account_user)
                if action.sub_account_user not in self._parts(user):
                    raise RefusedError(f"Invalid sub-account: {action.sub_account_user}")
                source, target = ends if action.is_deposit else ends[::-1]
                self._purse.send(source, target, action.usd)
            case hl.VaultTransferAction():
                raise RefusedError(f"Vault not registered: {action.vault_address}")
            case _:
                pass  # choices that change nothing here
        return _DONE

    def user_signed(self, user: str, action: hl.UserAction) -> Reply:
        """Carry out what a master key asks for.

        Raises:
            RefusedError: the venue would not.
        """
        purse = self._purse
        match action:
            case hl.UsdSendAction():
                purse.send(user, _address(action.destination), _amount(action.amount))
            case hl.SpotSendAction():
                purse.send_spot(user, _address(action.destination), _amount(action.amount))
            case hl.WithdrawAction():
                purse.take_perp(user, _amount(action.amount))
            case hl.UsdClassTransferAction():
                self._between_sides(user, action)
            case hl.SendAssetAction():
                self._send_asset(user, action)
            case hl.ApproveAgentAction():
                self._approve(user, action)
            case hl.ApproveBuilderFeeAction():
                purse.builders.setdefault(user, {})[action.builder] = action.max_fee_rate
            case _:
                pass  # account modes change nothing here
        return _DONE

    def _open(self, user: str, name: str) -> str:
        """Open a sub-account and return its address."""
        volume = json.loads(self._desk.core.limits(user))["cum_volume"]
        parts = self._parts(user)
        if volume < _SUB_ACCOUNT_USD * 1_000_000:
            raise RefusedError(
                "Cannot create sub-accounts until enough volume traded."
                f" Required: ${_SUB_ACCOUNT_USD}. Traded: ${cents(volume)}."
            )
        if len(parts) >= _SUB_ACCOUNTS_MAX:
            raise RefusedError("Too many sub-accounts.")
        address = "0x" + keccak(text=f"sub-account {len(parts)} of {user}")[:20].hex()
        refuse(self._desk.core.sub_account(user, address, name))
        return address

    def _parts(self, user: str) -> list[str]:
        return [part["user"] for part in self._desk.agents(user)["parts"]]

    def _between_sides(self, user: str, action: hl.UsdClassTransferAction) -> None:
        amount, _, part = action.amount.partition(" subaccount:")
        owner = user
        if part:
            owner = _address(part)
            if owner not in self._parts(user):
                raise RefusedError(f"Invalid sub-account: {owner}")
        if action.to_perp:
            self._purse.to_perp(owner, _amount(amount))
        else:
            self._purse.to_spot(owner, _amount(amount))

    def _send_asset(self, user: str, action: hl.SendAssetAction) -> None:
        """Send dollars from a side of an account to a side of another or of the same."""
        source, target = user, _address(action.destination)
        if action.from_sub_account:
            source = _address(action.from_sub_account)
            if source not in self._parts(user):
                raise RefusedError(f"Invalid sub-account: {source}")
        sides = (action.source_dex, action.destination_dex)
        if action.token.partition(":")[0] != "USDC" or not set(sides) <= {"", _SPOT}:
            raise RefusedError("Insufficient balance for withdrawal.")
        amount = _amount(action.amount)
        match sides:
            case ("", "") if source != target:
                self._purse.send(source, target, amount)
            case ("spot", "spot"):
                self._purse.send_spot(source, target, amount)
            case ("spot", ""):
                self._purse.take_spot(source, amount)
                self._desk.core.deposit(target, amount)
            case ("", "spot"):
                self._purse.take_perp(source, amount)
                self._purse.spot[target] = self._purse.spot.get(target, 0) + amount
            case _:
                raise RefusedError("Cannot self-transfer.")

    def _approve(self, user: str, action: hl.ApproveAgentAction) -> None:
        """Name an agent; the zero address takes a name's agent away."""
        name, found, until = action.agent_name.partition(_VALID_UNTIL)
        if len(name) > _NAME_MAX or (found and not until.isdigit()):
            raise RefusedError("Invalid agent name.")
        if int(action.agent_address, 16) == 0:
            self._desk.core.revoke_agent(user, name)
            return
        valid_until = min(int(until) * MS_NS, 2**62) if found else None
        refuse(self._desk.core.approve_agent(user, action.agent_address, name, valid_until))


def _address(text: str) -> str:
    digits = text.removeprefix("0x")
    if (
        len(text) != 42
        or len(digits) != 40
        or any(c not in "0123456789abcdefABCDEF" for c in digits)
    ):
        raise RefusedError(f"Invalid address: {text}")
    return text.lower()


def _amount(text: str) -> int:
    try:
        return micros(text)
    except ValueError:
        raise RefusedError(f"Invalid amount: {text}") from None
