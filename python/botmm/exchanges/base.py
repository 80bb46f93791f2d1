"""Base — what an adapter works with besides the ports: instruments, signed requests, raw replies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from botmm.ports import Cancel, Place

Side = Literal["bid", "ask"]
Way = Literal["ws", "rest"]
Trade = Place | Cancel
"""A command about one order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One perpetual as its venue lists it; delisted ones keep their place."""

    name: str
    asset: int
    size_decimals: int
    px_decimals: int
    max_leverage: int
    only_isolated: bool
    delisted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A signed action; `body` is the same on every way, so a resend is byte-identical."""

    body: bytes = field(repr=False)
    nonce: int
    expires_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReply:
    """What came back, unread; `why` says what went wrong.

    `status` is an HTTP status, None where none came. `sent` is False only where it is certain
    that no byte of the request left this machine.
    """

    status: int | None
    body: bytes | None
    why: str = ""
    sent: bool = True
