"""Answers — what goes back over HTTP or a post, and what faults make of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from botmm.exchanges.emulator.faults import REQUEST_KINDS, Fault, Faults
from botmm.exchanges.emulator.pace import ScaledClock

UNPARSED = "Failed to deserialize the JSON body into the target type"
NO_JSON = "Failed to parse the request body as JSON"
WRONG_TYPE = "Expected request with `Content-Type: application/json`"

Way = Literal["rest", "ws"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: an HTTP status, a body, and its type."""

    status: int = 200
    body: str = ""
    kind: str = "application/json"
    # The venue's own value, where the body is that and nothing else.
    value: Any = None
    # Seconds from byte to byte.
    drip_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer: the connection hangs, or is reset."""

    how: Literal["hang", "reset"]


def good(value: Any) -> Answer:
    """Return an answer of 200."""
    return Answer(body=json.dumps(value, separators=(",", ":")), value=value)


def bad(status: int, text: str) -> Answer:
    """Return an answer of plain text."""
    return Answer(status=status, body=text, kind="text/plain")


def null_500() -> Answer:
    """Return what the venue answers where it never will."""
    return Answer(status=500, body="null")


def too_many() -> Answer:
    """Return what an address over its weight gets."""
    return Answer(status=429, body="null")


class Mishaps:
    """Requests as they fare under faults."""

    def __init__(self, faults: Faults, clock: ScaledClock) -> None:
        """Take the faults in force."""
        self._faults, self._clock = faults, clock

    async def served(
        self, subject: str, way: Way, run: Callable[[], Awaitable[Answer]]
    ) -> Answer | Lost:
        """Return what becomes of a request.

        Args:
            subject: type of the action or question.
            way: how it came.
            run: carries it out; it is not called where the request is lost.
        """
        fault = self._faults.draw(REQUEST_KINDS, subject, self._clock.now(), way)
        if fault is None:
            return await run()
        if fault.kind == "lose_request":
            return Lost(fault.how)
        if fault.kind == "status":
            if fault.executed:
                await run()
            return _replaced(fault)
        delay_s = fault.delay_ms / 1_000 / self._clock.speed
        if fault.kind == "late_request":
            await asyncio.sleep(delay_s)
        answer = await run()
        if fault.kind == "lose_reply":
            return Lost(fault.how)
        if fault.kind == "late_reply":
            await asyncio.sleep(delay_s)
        if fault.kind in ("late_request", "late_reply"):
            return answer
        if fault.kind == "drip_reply":
            return replace(answer, drip_s=delay_s)
        return _spoilt(answer, fault)


def _replaced(fault: Fault) -> Answer:
    """Return the answer that a fault gives in place of the true one."""
    try:
        value = json.loads(fault.body)
    except ValueError:
        return Answer(status=fault.status, body=fault.body, kind="text/html")
    return Answer(status=fault.status, body=fault.body, value=value)


def _spoilt(answer: Answer, fault: Fault) -> Answer:
    """Return an answer with its body damaged."""
    match fault.kind:
        case "truncate":
            return replace(answer, body=answer.body[: len(answer.body) // 2], value=None)
        case "empty_body":
            return replace(answer, body="", value=None)
        case _:
            return _shortened(answer)


def _shortened(answer: Answer) -> Answer:
    """Return an answer without the last entry of its list."""
    value = answer.value
    if isinstance(value, list):
        return good(value[:-1])
    try:
        rows = value["response"]["data"]["statuses"]
    except (KeyError, TypeError):
        return answer
    kind = value["response"]["type"]
    shorter = {"type": kind, "data": {"statuses": rows[:-1]}}
    return good({"status": "ok", "response": shorter})
