"""Replies — what an action's reply proves of each of its orders; what it does not is unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botmm.exchanges.base import Instrument, RawReply, Trade
from botmm.exchanges.hyperliquid.answers import Answer, lost, unknown
from botmm.exchanges.hyperliquid.fields import ReplyError, decode, required, units
from botmm.exchanges.hyperliquid.refusals import GONE, order_reason, touch_of, whole_reason
from botmm.ports import Cancel, Place

OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reply, read: one answer a command; `refusal` is the text that refused the whole action."""

    answers: tuple[Answer, ...]
    refusal: str | None = None


def read(
    reply: RawReply,
    commands: Sequence[Trade],
    listing: Sequence[Instrument],
    *,
    resent: bool = False,
) -> Reading:
    """Return what a reply proves.

    Args:
        reply: as it came.
        commands: those of the action, in the order of its entries; all places or all cancels.
        listing: the instrument of each symbol index.
        resent: whether the same bytes were sent before: then a refusal proves nothing, since it
            may be the answer to the second copy.
    """
    if not reply.sent:
        return Reading(answers=tuple(_refused(c, reply.why, proven=not resent) for c in commands))
    if reply.status != OK or reply.body is None:
        why = reply.why or f"HTTP {reply.status}"
        return _nothing(commands, why)
    try:
        document = decode(reply.body)
        status = required(document, "status", str)
        if status == "err":
            return _whole(required(document, "response", str), commands, listing, resent=resent)
        if status != "ok":
            raise ReplyError(f"status {status!r}")
        return Reading(answers=_items(required(document, "response", dict), commands, listing))
    except ReplyError as error:
        return _nothing(commands, str(error))


def done(reply: RawReply) -> bool:
    """Return whether an action without entries (noop, leverage, schedule) was executed."""
    if reply.status != OK or reply.body is None:
        return False
    try:
        document = decode(reply.body)
        response = required(document, "response", dict)
        return required(document, "status", str) == "ok" and response.get("type") == "default"
    except ReplyError:
        return False


def refusal(reply: RawReply) -> str | None:
    """Return the text with which a whole action was refused; None where it was not."""
    if reply.status != OK or reply.body is None:
        return None
    try:
        document = decode(reply.body)
        if required(document, "status", str) == "err":
            return required(document, "response", str)
    except ReplyError:
        return None
    return None


def _nothing(commands: Sequence[Trade], why: str) -> Reading:
    return Reading(answers=tuple(unknown(c.symbol, c.cloid, why) for c in commands))


def _whole(
    text: str, commands: Sequence[Trade], listing: Sequence[Instrument], *, resent: bool
) -> Reading:
    reason = None if resent else whole_reason(text)
    if reason is None:
        return Reading(answers=_nothing(commands, text).answers, refusal=text)
    answers = []
    for command in commands:
        if isinstance(command, Cancel):
            answers.append(unknown(command.symbol, command.cloid, text))
        else:
            answers.append(_rejected(command, text, listing[command.symbol], whole=True))
    return Reading(answers=tuple(answers), refusal=text)


def _refused(command: Trade, why: str, *, proven: bool) -> Answer:
    """Return what holds for a request that never left: a cancel's order lives on unasked."""
    if isinstance(command, Place) and proven:
        return lost(command.symbol, command.cloid, why)
    return unknown(command.symbol, command.cloid, why)


def _items(
    response: dict[str, Any], commands: Sequence[Trade], listing: Sequence[Instrument]
) -> tuple[Answer, ...]:
    cancels = isinstance(commands[0], Cancel)
    kind = required(response, "type", str)
    if kind != ("cancel" if cancels else "order"):
        raise ReplyError(f"reply of type {kind!r}")
    statuses = required(required(response, "data", dict), "statuses", list)
    if len(statuses) != len(commands):
        raise ReplyError(f"{len(statuses)} answers to {len(commands)} requests: {statuses!s:.200}")
    return tuple(
        _item(status, command, listing[command.symbol])
        for status, command in zip(statuses, commands, strict=True)
    )


def _item(status: Any, command: Trade, instrument: Instrument) -> Answer:
    """Return one entry's answer; an entry that cannot be read leaves the others as they are."""
    try:
        if isinstance(command, Cancel):
            return _cancel(status, command)
        return _place(status, command, instrument)
    except ReplyError as error:
        return unknown(command.symbol, command.cloid, str(error))


def _cancel(status: Any, command: Cancel) -> Answer:
    if status == "success":
        return Answer(symbol=command.symbol, cloid=command.cloid, word="cancelled", reason="asked")
    text = required(status, "error", str)
    if text.startswith(GONE):
        return Answer(symbol=command.symbol, cloid=command.cloid, word="cancel_refused", text=text)
    return unknown(command.symbol, command.cloid, text)


def _place(status: Any, command: Place, instrument: Instrument) -> Answer:
    if isinstance(status, dict) and len(status) == 1:
        if "error" in status:
            text = required(status, "error", str)
            return _rejected(command, text, instrument, whole=False)
        if "resting" in status:
            return _resting(required(status, "resting", dict), command, command.size)
        if "filled" in status:
            return _filled(required(status, "filled", dict), command, instrument)
    raise ReplyError(f"answer {status!r:.120}")


def _filled(row: dict[str, Any], command: Place, instrument: Instrument) -> Answer:
    filled = units(row, "totalSz", instrument.size_decimals)
    if not 0 < filled <= command.size:
        raise ReplyError(f"filled {filled} of {command.size} lots")
    if filled < command.size and command.tif == "gtc":
        return _resting(row, command, command.size - filled)
    oid = _oid(row, command)
    if filled < command.size:
        return Answer(
            symbol=command.symbol, cloid=command.cloid, word="cancelled", oid=oid,
            left=command.size - filled, filled=filled, reason="venue",
        )  # fmt: skip
    return Answer(
        symbol=command.symbol, cloid=command.cloid, word="filled", oid=oid, left=0, filled=filled
    )


def _resting(row: dict[str, Any], command: Place, left: int) -> Answer:
    return Answer(
        symbol=command.symbol, cloid=command.cloid, word="resting", oid=_oid(row, command),
        left=left, filled=command.size - left,
    )  # fmt: skip


def _oid(row: dict[str, Any], command: Place) -> int:
    echoed = row.get("cloid")
    if echoed is not None and echoed != command.cloid:
        raise ReplyError(f"answer is of {echoed!r:.60}, not of {command.cloid}")
    return required(row, "oid", int)


def _rejected(command: Place, text: str, instrument: Instrument, *, whole: bool) -> Answer:
    reason = (whole_reason(text) if whole else order_reason(text)) or "other"
    bid, ask = touch_of(text, instrument.px_decimals) if reason == "would_match" else (0, 0)
    return Answer(
        symbol=command.symbol, cloid=command.cloid, word="rejected", reason=reason,
        bid=bid, ask=ask, text=text,
    )  # fmt: skip
