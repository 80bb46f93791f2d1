"""Checkup — what the venue says before a run: its time, symbols, keys, budget, orders, positions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from botmm.clock import Clock
from botmm.errors import ConfigError
from botmm.exchanges.hyperliquid.budgets import WeightLedger
from botmm.exchanges.hyperliquid.encode import Universe
from botmm.exchanges.hyperliquid.fields import ReplyError
from botmm.exchanges.hyperliquid.hosts import Host
from botmm.exchanges.hyperliquid.key_role import listing
from botmm.exchanges.hyperliquid.questions import Questions
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.observe.findings import Finding, fail, look, ok, skipped
from botmm.units import DAY_NS, MS_NS, time_text, to_text

USD = 6
OFFSET_LOOK_MS = 500
BUDGET_LOOK = 10_000
EXPIRY_LOOK_DAYS = 7
SOCKET_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is asked about.

    `agents` are addresses by what they are for; none on the local exchange, where the account's
    own key signs.
    """

    host: Host
    account: str
    agents: Mapping[str, str]
    symbols: tuple[str, ...]
    leverage: int
    capital_usd: float
    budget_least: int


async def examine(subject: Subject, clock: Clock, *, deadline_s: float = 3.0) -> list[Finding]:
    """Return a finding for each thing that the venue can be asked; never raises for the network."""
    async with Rest(subject.host, deadline_s=deadline_s) as rest:
        asked = Examination(subject, rest, clock)
        return [finding async for finding in asked.findings()]


class Examination:
    """One round of questions."""

    def __init__(self, subject: Subject, rest: Rest, clock: Clock) -> None:
        self._subject, self._clock = subject, clock
        self._questions = Questions(rest, subject.account, WeightLedger(), clock)

    async def findings(self) -> AsyncIterator[Finding]:
        """Yield what each question found; where the venue is silent, that alone."""
        base = self._subject.host.base
        try:
            universe = await self._questions.universe()
        except (ReplyError, ConfigError) as error:
            yield fail(
                "venue",
                f"{base} does not answer: {error.message}",
                "check the network, and the venue's own status page",
            )
            yield skipped("account", "not asked: the venue does not answer")
            return
        yield ok("venue", f"{base} answers and lists {len(universe.instruments)} perpetuals")
        yield await self._socket()
        yield await self.clock_offset()
        for finding in self._symbols(universe):
            yield finding
        for name, check in (
            ("account", self._account),
            ("budget", self._budget),
            ("orders", self._orders),
        ):
            try:
                yield await check()
            except ReplyError as error:
                yield fail(name, f"no answer: {error.message}", "run this again in a minute")
        for purpose, address in self._subject.agents.items():
            try:
                yield await self._agent(purpose, address)
            except ReplyError as error:
                yield fail(purpose, f"no answer: {error.message}", "run this again in a minute")

    async def _socket(self) -> Finding:
        url = self._subject.host.ws
        try:
            async with asyncio.timeout(SOCKET_S), connect(url, proxy=None) as socket:
                await socket.send(json.dumps({"method": "ping"}))
                while json.loads(await socket.recv()).get("channel") != "pong":
                    pass
        except (OSError, TimeoutError, WebSocketException, ValueError) as error:
            why = str(error) or type(error).__name__
            cure = "market data comes by it: check firewall and network"
            return fail("socket", f"{url} does not answer: {why}", cure)
        return ok("socket", f"{url} answers")

    async def clock_offset(self) -> Finding:
        """Compare clocks."""
        try:
            step = await self._questions.step()
        except ReplyError as error:
            return skipped("clock", f"the venue does not tell its time: {error.message}")
        text = (
            f"the venue's time is {step.off:+,} ms from ours, asked in {step.heard - step.sent} ms"
        )
        cure = "let a time service (chrony, systemd-timesyncd) keep this machine's clock"
        if not step.is_kept:
            return fail("clock", text, cure)
        if self._subject.host.base.startswith("http://"):
            return ok("clock", f"{text}: a local exchange keeps its own")
        if step.beyond > OFFSET_LOOK_MS:
            return look("clock", text, cure)
        return ok("clock", text)

    def _symbols(self, universe: Universe) -> list[Finding]:
        found, known = [], []
        wanted = self._subject.leverage
        for text in self._subject.symbols:
            try:
                one = universe.resolve(text)
            except ConfigError as error:
                found.append(fail("symbols", error.message, error.cure))
                continue
            known.append(one.name)
            if one.max_leverage < wanted:
                words = f"{one.name}: at most {one.max_leverage}x, live.leverage is {wanted}"
                found.append(look("leverage", words, "it will be traded at the most there is"))
        if known:
            found.insert(0, ok("symbols", f"{' '.join(known)} can be traded"))
        return found

    async def _account(self) -> Finding:
        subject = self._subject
        state = await self._questions.state()
        value = state.account_value / 10**USD
        coins = self._questions.instruments or {}
        held = [
            f"{to_text(one.size, coins[one.coin].size_decimals)} {one.coin}"
            for one in state.positions.values()
            if one.size
        ]
        text = f"{subject.account} is worth {value:,.2f} USD, holds {', '.join(held) or 'nothing'}"
        strange = [
            coin for coin, one in state.positions.items() if one.size and coin not in self._names()
        ]
        if strange:
            cure = "close it, or quote it: its loss counts against the account, its limits do not"
            return look("account", f"{text}; {', '.join(strange)} is not quoted", cure)
        if value < subject.capital_usd:
            cure = (
                f"limits follow account.capital_usd = {subject.capital_usd:g}: lower it, or pay in"
            )
            return look("account", text, cure)
        return ok("account", text)

    def _names(self) -> set[str]:
        """Return the quoted symbols as the venue writes them, those that it lists."""
        known = {name.upper(): name for name in self._questions.instruments or {}}
        return {known.get(text.upper(), text) for text in self._subject.symbols}

    async def _budget(self) -> Finding:
        budget = await self._questions.budget()
        left, least = budget.cap - budget.used, self._subject.budget_least
        text = f"{left:,} requests left of {budget.cap:,}"
        cure = (
            "it grows by one for each USD traded: quote fewer symbols and levels, or trade by hand"
        )
        if left < least:
            return fail("budget", f"{text}; quotes go below {least:,}", cure)
        return look("budget", text, cure) if left < BUDGET_LOOK - least else ok("budget", text)

    async def _orders(self) -> Finding:
        orders = await self._questions.orders()
        if not orders:
            return ok("orders", "none rests")
        coins = ", ".join(sorted({order.coin for order in orders}))
        text = f"{len(orders)} rest on {coins}"
        cure = "a daemon that runs has its own; others hold the quotes (live.foreign_orders)"
        return look("orders", text, cure)

    async def _agent(self, purpose: str, address: str) -> Finding:
        """Ask whose agent an address is, and until when."""
        account = self._subject.account.lower()
        found = await listing(self._questions.answer, account=account, agent=address)
        if found.kind != "agent":
            is_own = address.lower() == account or found.kind in ("user", "subAccount")
            what = "has an account of its own" if is_own else "is unknown to the venue"
            return fail(
                purpose,
                f"{address} {what}: it is no agent",
                "approve an agent for it on the venue's page (API); never use the account's own key",
            )
        if found.owner != account:
            cure = "set live.account to the account that approved it, or approve another agent"
            return fail(purpose, f"{address} is an agent of {found.owner}, not of {account}", cure)
        until = found.valid_until_ms
        if until is None:
            return ok(purpose, f"{address} is an agent of the account, no end told")
        return _until(purpose, address, until * MS_NS, int(self._clock.now()))


def _until(purpose: str, address: str, end_ns: int, now_ns: int) -> Finding:
    text = f"{address} is an agent of the account until {time_text(end_ns)} UTC"
    cure = "approve a new one on the venue's page before"
    if end_ns <= now_ns:
        return fail(purpose, f"{text}, which is over", "approve a new one on the venue's page")
    if end_ns - now_ns < EXPIRY_LOOK_DAYS * DAY_NS:
        return look(purpose, text, cure)
    return ok(purpose, text)
