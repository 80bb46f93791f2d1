"""Tests of what is recalled — payments and transfers whose news was lost come after the hour."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from botmm.errors import VenueError
from botmm.exchanges.hyperliquid import recalled
from botmm.exchanges.hyperliquid.incidents import Incidents
from botmm.exchanges.hyperliquid.recalled import AFTER_S, HOUR_S, MARGIN_MS, Recalled
from botmm.exchanges.hyperliquid.subscriptions import LEDGER

USER = "0x" + "ab" * 20
HOUR = 490_000
START_MS = (HOUR - 5) * HOUR_S * 1_000
PAID = {
    "time": HOUR * HOUR_S * 1_000 + 12,
    "hash": "0x0",
    "delta": {"type": "funding", "coin": "BTC", "usdc": "-1.25", "szi": "1.0"},
}
MOVED = {
    "time": HOUR * HOUR_S * 1_000 - 7,
    "hash": "0x1",
    "delta": {"type": "deposit", "usdc": "12.5"},
}


class Late:
    """A clock that stands a moment before the question is due."""

    def now(self) -> int:
        return int((HOUR * HOUR_S + AFTER_S - 0.05) * 1e9)


class Asked:
    """Answers after so many questions failed."""

    account = USER

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.questions = failures, []

    async def answer(self, question: dict[str, Any]) -> Any:
        self.questions.append(question)
        if len(self.questions) <= self.failures:
            raise VenueError("no answer")
        return [PAID] if question["type"] == "userFunding" else [MOVED]


def heard(asked: Asked, least: int = 2) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []

    async def run() -> None:
        one = Recalled(
            asked, Late(), START_MS, lambda channel, frame: found.append((channel, frame))
        )
        task = asyncio.create_task(one.run())
        async with asyncio.timeout(5):
            while len(found) < least:
                await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(run())
    return found


def test_answers_come_in_the_form_of_news() -> None:
    asked = Asked()
    (fundings, first), (ledger, second) = heard(asked)[:2]
    assert [question["startTime"] for question in asked.questions[:2]] == [START_MS] * 2
    assert (fundings, ledger) == ("userFundings", LEDGER)
    row = {"time": PAID["time"], **PAID["delta"]}
    assert json.loads(first)["data"] == {"user": USER, "fundings": [row]}
    (incident,) = Incidents(USER, START_MS).ledger(second)
    assert incident.usd_micro == 12_500_000


def test_what_was_not_answered_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalled, "AGAIN_S", 0.02)
    asked = Asked(failures=2)
    assert len(heard(asked)) >= 2
    assert len(asked.questions) >= 4


def test_later_questions_begin_later() -> None:
    asked = Asked()
    heard(asked, least=4)
    asked_ms = int(Late().now()) // 1_000_000
    assert asked.questions[2]["startTime"] == asked_ms - MARGIN_MS
