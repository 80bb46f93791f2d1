"""Books — what a run does, in SQLite: orders, fills, bookings; a thread of its own writes them.

It stands before the journal and reads what passes. The loop only hands over; the thread reads,
and puts down what it read in one transaction. The same record twice is booked once, so that a
history which the venue tells again after a restart adds only what was missed.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from botmm.errors import VenueError
from botmm.live.engine import Kind
from botmm.observe.logging import logger
from botmm.ports import Journal
from botmm.store.rows import ChangeRow, FillRow, FundingRow, Leg, OrderRow, Told
from botmm.store.state import StateStore

WRITE_S = 0.25
BREATH_S = 0.001
"""The thread lets go of the interpreter so long after each record: the loop may be deciding."""
HURRY_AT = 100
"""With more records waiting it works through."""
WAITING_MAX = 200_000
"""Records that a broken disk lets wait; beyond them only the journal has them."""
USD = "micro-USD"
USD_DECIMALS = 6

_log = logger(__name__)
_STATES = {"Resting": "working", "Filled": "filled", "Cancelled": "cancelled"}
_STATES |= {"Rejected": "rejected", "Unknown": "unknown"}


class Traded(Protocol):
    """What is known of an instrument."""

    @property
    def name(self) -> str:
        """Return the venue's name of it."""
        ...

    @property
    def px_decimals(self) -> int:
        """Return the decimals of its prices."""
        ...

    @property
    def size_decimals(self) -> int:
        """Return the decimals of its sizes."""
        ...


class Teller(Protocol):
    """A venue that reads its own frames."""

    @property
    def instruments(self) -> Sequence[Traded]:
        """Return what is traded, in the order of the symbols."""
        ...

    def is_own(self, frame: bytes) -> bool:
        """Whether a frame is of the account."""
        ...

    def told(self, frame: bytes, recv_ns: int) -> Sequence[Told]:
        """Return what a frame of the account tells.

        Raises:
            VenueError: it cannot be read.
        """
        ...


class Books:
    """A journal that also keeps books."""

    def __init__(self, journal: Journal, path: Path, venue: Teller) -> None:
        """Write what passes to the state file at `path`; the thread begins at once."""
        self._journal, self._path, self._venue = journal, path, venue
        self._queue: deque[Callable[[StateStore], None]] = deque()
        self._stop = threading.Event()
        self._placed: Counter[int] = Counter()
        self._uncounted: deque[bytes] = deque()
        self.failure = ""
        self._thread = threading.Thread(target=self._work, name="books", daemon=True)
        self._thread.start()

    def append(self, kind: int, recv_ns: int, payload: bytes) -> None:
        """Journal a record, and hand it over where it is of our own orders."""
        self._journal.append(kind, recv_ns, payload)
        match kind:
            case Kind.FRAME if self._venue.is_own(payload):
                self.put(lambda store: self._frame(store, recv_ns, payload))
            case Kind.EVENT if payload.startswith(b'{"kind":"answer"'):
                self.put(lambda store: self._answer(store, recv_ns, payload))
            case Kind.COMMAND:
                # It is read later: these orders have not left yet.
                self._uncounted.append(payload)
                self.put(lambda store: self._commands(store, recv_ns, json.loads(payload)))

    @property
    def placed(self) -> Counter[int]:
        """Return the orders decided in this run, by symbol."""
        while self._uncounted:
            rows = json.loads(self._uncounted.popleft())
            self._placed.update(row[1] for row in rows if row[0] == "place")
        return self._placed

    def put(self, work: Callable[[StateStore], None]) -> None:
        """Let the thread do something with the store."""
        if len(self._queue) < WAITING_MAX:
            self._queue.append(work)
        else:
            self.failure = "records wait for the disk; the journal has them, the state does not"

    def close(self) -> None:
        """Put down what waits and end the thread."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            self._keep(StateStore(self._path))
        except Exception as error:  # noqa: BLE001 — the top of a thread: the loop has to hear of it
            self.failure = f"nothing is put down any more: {error}"
            _log.error("the books' thread ended", why=repr(error))

    def _keep(self, store: StateStore) -> None:
        ends = False
        while not ends:
            ends = self._stop.wait(WRITE_S)
            self._write(store)
        with contextlib.suppress(sqlite3.Error):  # `failure` says so already
            store.close()

    def _write(self, store: StateStore) -> None:
        """Take what waits; on a disk that takes nothing it waits on in the store."""
        try:
            if store.waiting < WAITING_MAX:
                for _ in range(len(self._queue)):
                    self._queue[0](store)  # one that fails stays first
                    self._queue.popleft()
                    if len(self._queue) < HURRY_AT:
                        self._stop.wait(BREATH_S)
            store.flush()
        except sqlite3.Error as error:
            self.failure = f"orders and fills are not put down: {error}"
        else:
            self.failure = ""

    def _commands(self, store: StateStore, ts: int, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            match row:
                case ["place", symbol, cloid, side, px, size, _, reduce_only]:
                    order = OrderRow(
                        cloid=cloid, symbol=self._venue.instruments[symbol].name, side=side, px=px,
                        size=size, left=size, state="placing", reason="", oid=None,
                        reduce_only=reduce_only, sent_ns=ts, updated_ns=ts,
                    )  # fmt: skip
                    store.put_order(order)
                    store.put_change(_change(cloid, ts, "placing", size))
                case ["cancel", _, cloid]:
                    store.put_change(_change(cloid, ts, "canceling", None))

    def _answer(self, store: StateStore, ts: int, payload: bytes) -> None:
        event = json.loads(payload)
        answer = event["answer"]
        word, more = next(iter(answer.items())) if isinstance(answer, dict) else (answer, {})
        if word in _STATES:
            reason = json.dumps(more["reason"]) if "reason" in more else ""
            left = more.get("left", None if word == "Unknown" else 0)
            change = _change(event["cloid"], ts, _STATES[word], left, reason.strip('"'))
            store.put_change(change)

    def _frame(self, store: StateStore, ts: int, frame: bytes) -> None:
        try:
            told = self._venue.told(frame, ts)
        except VenueError as error:
            _log.error("a frame of the account is not in the books", why=error.message)
            return
        for one in told:
            match one:
                case FillRow():
                    store.put_fill(one)
                    store.book(f"fill {one.symbol} {one.tid}", self._legs(one), ts_ns=ts)
                case ChangeRow():
                    store.put_change(one)
                case FundingRow():
                    entry = f"funding {one.symbol} {one.venue_ms}"
                    store.book(entry, _funding(one), ts_ns=one.venue_ms * 1_000_000)

    def _legs(self, fill: FillRow) -> list[Leg]:
        (one,) = (one for one in self._venue.instruments if one.name == fill.symbol)
        scale = 10 ** (USD_DECIMALS - one.px_decimals - one.size_decimals)
        sign = 1 if fill.side == "bid" else -1
        paid, lots = sign * fill.px * fill.size * scale, sign * fill.size
        usd = (("cash", -paid - fill.fee_micro), ("fees", fill.fee_micro), ("trades", paid))
        return [
            *(Leg(account=_of(name, fill.symbol), unit=USD, amount=x) for name, x in usd),
            Leg(account="position", unit=fill.symbol, amount=lots),
            Leg(account="market", unit=fill.symbol, amount=-lots),
        ]


def _of(name: str, symbol: str) -> str:
    """Return the account of a symbol; cash is everybody's."""
    return name if name == "cash" else f"{name} {symbol}"


def _funding(paid: FundingRow) -> list[Leg]:
    amount = paid.received_micro
    return [
        Leg(account="cash", unit=USD, amount=amount),
        Leg(account=f"funding {paid.symbol}", unit=USD, amount=-amount),
    ]


def _change(cloid: str, ts: int, state: str, left: int | None, reason: str = "") -> ChangeRow:
    return ChangeRow(cloid=cloid, ts_ns=ts, state=state, left=left, reason=reason)
