"""Guard venue — the little that the guard asks of the venue: open orders, equity, cancels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botmm.clock import Clock
from botmm.errors import ConfigError, VenueError
from botmm.exchanges.hyperliquid.encode import Universe, cancel_by_oid
from botmm.exchanges.hyperliquid.fields import decode, required, units
from botmm.exchanges.hyperliquid.incidents import Incidents
from botmm.exchanges.hyperliquid.key_role import key_role
from botmm.exchanges.hyperliquid.nonces import Nonces
from botmm.exchanges.hyperliquid.replies import refusal
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.sign import Signer

MICRO_DECIMALS = 6
EXPIRES_MS = 10_000

OpenOrder = tuple[str, int]
"""A coin and the venue's id of an order."""


class GuardVenue:
    """Reads an account and cancels its orders; it has no code that places one."""

    def __init__(
        self, rest: Rest, signer: Signer, nonces: Nonces, clock: Clock, *, account: str
    ) -> None:
        """Take the client, the guard's own key and whose orders are watched."""
        self._rest, self._signer, self._nonces, self._clock = rest, signer, nonces, clock
        self._account = account.lower()
        self._universe: Universe | None = None

    async def open_orders(self) -> list[OpenOrder]:
        """Return every order that rests.

        Raises:
            VenueError: the venue did not say; nothing follows from that.
        """
        rows = await self._info("frontendOpenOrders")
        if not isinstance(rows, list):
            raise VenueError("frontendOpenOrders: not a list")
        return [(required(row, "coin", str), required(row, "oid", int)) for row in rows]

    async def equity_micro(self) -> int:
        """Return the account's value in micro-USD.

        Raises:
            VenueError: the venue did not say.
        """
        state = await self._info("clearinghouseState")
        return units(required(state, "marginSummary", dict), "accountValue", MICRO_DECIMALS)

    async def transferred_micro(self, since_ms: int) -> int:
        """Return what came in from outside since a Unix time, in micro-USD; negative went out.

        Raises:
            VenueError: the venue did not say.
        """
        asked = {"type": "userNonFundingLedgerUpdates", "user": self._account}
        rows = await self._ask({**asked, "startTime": since_ms})
        frame = json.dumps({"data": {"nonFundingLedgerUpdates": rows}}).encode()
        return sum(one.usd_micro for one in Incidents(self._account, since_ms).ledger(frame))

    async def key_fault(self) -> str:
        """Return why the guard's own key could not cancel; empty where it can.

        Raises:
            VenueError: the venue did not say.
        """
        now_ms, agent = int(self._clock.now()) // 1_000_000, self._signer.address
        try:
            await key_role(self._ask, account=self._account, agent=agent, now_ms=now_ms)
        except ConfigError as error:
            return error.message
        return ""

    async def learn(self) -> None:
        """Read the venue's list of assets, once; without it nothing can be cancelled.

        Raises:
            VenueError: the venue did not say.
        """
        if self._universe is None:
            self._universe = Universe(await self._info("meta"))

    async def cancel(self, orders: list[OpenOrder]) -> list[str]:
        """Ask for cancels; only `open_orders` tells whether they happened.

        Returns:
            Coins that the venue's list does not have.

        Raises:
            VenueError: the venue refused a request as a whole.
        """
        refused = ""
        await self.learn()
        assert self._universe is not None, "invariant: learnt above"
        assets = {name: found.asset for name, found in self._universe.by_name.items()}
        known = [(assets[coin], oid) for coin, oid in orders if coin in assets]
        for action in cancel_by_oid(known):
            now_ms = int(self._clock.now()) // 1_000_000
            nonce = self._nonces.next(now_ms)
            signed = self._signer.sign(action, nonce=nonce, expires_ms=now_ms + EXPIRES_MS)
            refused = refusal(await self._rest.post("/exchange", signed.body)) or refused
        if refused:
            raise VenueError(f"a cancel was refused: {refused}")
        return sorted({coin for coin, _ in orders if coin not in assets})

    async def _info(self, kind: str) -> Any:
        return await self._ask({"type": kind} | ({} if kind == "meta" else {"user": self._account}))

    async def _ask(self, asked: Mapping[str, Any]) -> Any:
        reply = await self._rest.post("/info", json.dumps(asked).encode())
        if reply.status != 200 or reply.body is None:
            raise VenueError(f"{asked['type']}: {reply.why or f'status {reply.status}'}")
        return decode(reply.body)
