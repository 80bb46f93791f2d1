"""Trading — the `/exchange` endpoint: who signed, what the core makes of it, and the reply."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from botmm.exchanges.emulator import actions as hl
from botmm.exchanges.emulator.coins import Coin
from botmm.exchanges.emulator.desk import Desk
from botmm.exchanges.emulator.neutral import Neutral, UnknownAssetError, assets, neutral
from botmm.exchanges.emulator.purse import Purse, RefusedError
from botmm.exchanges.emulator.shapes import statuses
from botmm.exchanges.emulator.signers import NoSignerError, l1_digest, recover, typed_digest
from botmm.exchanges.emulator.texts import action_text, order_text
from botmm.exchanges.emulator.transfers import Transfers
from botmm.units import MS_NS

Reply = dict[str, Any]

DONE: Reply = {"status": "ok", "response": {"type": "default"}}
_TYPES = {
    hl.OrderAction: "order",
    hl.BatchModifyAction: "order",
    hl.CancelAction: "cancel",
    hl.CancelCloidAction: "cancel",
}
_NOOP: Neutral = {"type": "noop"}
_INT_NS_MAX = 2**63 - 1


class MalformedError(Exception):
    """A body that is none of the venue's; it answers 422."""


def parse(body: object) -> hl.Posted:
    """Return a posted action.

    Raises:
        MalformedError: the body is none.
    """
    try:
        return hl.POSTED.validate_python(body)
    except ValidationError as error:
        raise MalformedError(str(error)) from None


def entries(posted: hl.Posted) -> int:
    """Return how many orders or cancels an action holds; others count as one."""
    action = posted.action
    if isinstance(action, hl.UserSigned):
        return 1
    return max(len(assets(action)), 1)


class Trading:
    """What the venue does with a posted action."""

    def __init__(self, desk: Desk, purse: Purse, *, asset_suffix: bool) -> None:
        """Take the desk, and whether texts of entries name their asset."""
        self._desk = desk
        self._suffix = asset_suffix
        self._transfers = Transfers(desk, purse)

    async def handle(self, posted: hl.Posted) -> Reply:
        """Return the reply to an action, after its block."""
        action = posted.action
        try:
            if isinstance(action, hl.UserSigned):
                return await self._user_signed(posted, action)
            return await self._trading(posted, action)
        except NoSignerError:
            return refused("Unable to recover signer.")
        except UnknownAssetError as error:
            return refused(f"Asset {error.asset} does not exist.")
        except RefusedError as error:
            return refused(str(error))

    async def _trading(self, posted: hl.Posted, action: hl.L1Action) -> Reply:
        digest = l1_digest(
            action.canonical(),
            vault=posted.vault_address,
            nonce=posted.nonce,
            expires_ms=posted.expires_after,
        )
        signer = recover(digest, posted.signature)
        wanted = neutral(action, self._desk.coins)
        answer = await self._submit(posted, signer, _NOOP if wanted is None else wanted)
        if wanted is None and "err" not in answer:
            # The core has seen the nonce; what is asked for lies outside of it.
            user = self._desk.owner(signer)
            assert user is not None, "invariant: the core took the signer's action"
            return self._transfers.trading(user, action)
        return self._reply(action, answer)

    async def _user_signed(self, posted: hl.Posted, action: hl.UserAction) -> Reply:
        if posted.expires_after is not None or action.hyperliquid_chain != "Testnet":
            raise RefusedError("Invalid user-signed action.")
        signer = recover(typed_digest(action), posted.signature)
        if not self._desk.has(signer):
            return refused(action_text({"code": "must_deposit", "user": signer}))
        inner = action.time if hasattr(action, "time") else action.nonce
        if inner != posted.nonce:
            raise RefusedError(f"Invalid nonce: {posted.nonce} is not {inner}")
        answer = await self._submit(posted, signer, _NOOP)
        if "err" in answer:
            return self._refusal(answer["err"], None)
        return self._transfers.user_signed(signer, action)

    async def _submit(self, posted: hl.Posted, signer: str, action: Neutral) -> Reply:
        expires = posted.expires_after
        expires_ns = None if expires is None else min(expires * MS_NS, _INT_NS_MAX)
        return await self._desk.act(signer, posted.vault_address, action, posted.nonce, expires_ns)

    def _reply(self, action: hl.L1Action, answer: Reply) -> Reply:
        """Return the core's answer in the venue's words."""
        named = assets(action)

        def coin_of(at: int) -> Coin:
            coin = self._desk.coins.of_asset(named[at])
            assert coin is not None, "invariant: only listed assets reach the core"
            return coin

        if "err" in answer:
            return self._refusal(answer["err"], coin_of(0) if named else None)
        if "ok" not in answer:
            return DONE
        if isinstance(action, hl.ModifyAction):
            (item,) = answer["ok"]
            return self._refusal(item["error"], coin_of(0)) if "error" in item else DONE
        rows = statuses(answer["ok"], coin_of, self._entry_text)
        return {
            "status": "ok",
            "response": {"type": _TYPES[type(action)], "data": {"statuses": rows}},
        }

    def _entry_text(self, refusal: Reply, coin: Coin) -> str:
        if refusal["code"] in ("cannot_modify", "modify_failed"):
            return action_text(refusal, coin)
        return order_text(refusal, coin, suffix=self._suffix)

    def _refusal(self, refusal: Reply, coin: Coin | None) -> Reply:
        return refused(action_text(refusal, coin))


def refused(text: str) -> Reply:
    """Return the reply to an action that is refused as a whole."""
    return {"status": "err", "response": text}
