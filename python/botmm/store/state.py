"""State — SQLite beside the daemon: orders, fills, ledger, nonces, latches and equity.

Writes wait in memory until `flush`, which puts them down in one transaction; nonces and latches are
durable before the call returns.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from botmm.errors import DataError, FileSystemError, UsageError
from botmm.store.rows import Bucket, ChangeRow, DayRow, FillRow, LatchRow, Leg, OrderRow
from botmm.store.schema import STEPS, VERSION

EQUITY_KEPT_NS = 40 * 86_400 * 10**9
"""Single readings are kept for so long; the days stay."""

Values = tuple[Any, ...] | dict[str, Any]
_OPEN = "state NOT IN ('filled', 'cancelled', 'rejected')"

Row = TypeVar("Row", OrderRow, ChangeRow, FillRow, LatchRow, DayRow, Bucket)


class StateStore:
    """One file, one writer; others may read at the same time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, make it where there is none, and bring an older one up to date.

        Raises:
            DataError: a newer program wrote it, or it is damaged.
            FileSystemError: it cannot be opened.
        """
        self._path = path
        self._waiting: list[tuple[str, Values]] = []
        self._booked: set[str] = set()  # entries among those that wait
        try:
            self._db = _connect(path, read_only=read_only)
            self._open(read_only=read_only)
        except sqlite3.OperationalError as error:
            raise FileSystemError(
                f"{path}: {error}", cure="check the path, its permissions and who else has it open"
            ) from error
        except sqlite3.DatabaseError as error:
            raise DataError(
                f"{path}: {error}",
                cure="move it away and start again: the venue knows orders, fills and positions",
            ) from error

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        self._db.close()

    @property
    def waiting(self) -> int:
        """Return how many writes wait."""
        return len(self._waiting)

    def flush(self) -> int:
        """Put down what waits in one transaction; return how many writes it was.

        Where it fails all of it keeps waiting.
        """
        if not self._waiting:
            return 0
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            for sql, values in self._waiting:
                self._db.execute(sql, values)
        count = len(self._waiting)
        self._waiting.clear()
        self._booked.clear()
        return count

    # Orders and fills

    def put_order(self, order: OrderRow) -> None:
        """Keep an order as it is now."""
        self._later(_upsert("orders", OrderRow, key="cloid"), astuple(order))

    def orders(self, states: Sequence[str] = ()) -> list[OrderRow]:
        """Return the orders in some states, of every state when none is named."""
        marks = ",".join("?" * len(states))
        where = f" WHERE state IN ({marks})" if states else ""
        rows = self._read(OrderRow, f"orders{where} ORDER BY sent_ns, cloid", tuple(states))
        return [replace(row, reduce_only=bool(row.reduce_only)) for row in rows]

    def put_change(self, change: ChangeRow) -> None:
        """Keep a change of an order that is not over; one that was told before changes nothing."""
        self._later(
            "INSERT OR IGNORE INTO order_changes SELECT cloid, :ts_ns, :state,"
            f" coalesce(:left, left), :reason FROM orders WHERE cloid = :cloid AND {_OPEN}",
            asdict(change),
        )
        self._later(
            "UPDATE orders SET state = :state, left = coalesce(:left, left), reason = :reason,"
            f" updated_ns = max(updated_ns, :ts_ns) WHERE cloid = :cloid AND {_OPEN}",
            asdict(change),
        )

    def changes(self, cloid: str) -> list[ChangeRow]:
        """Return what became of an order, oldest first."""
        return self._read(ChangeRow, "order_changes WHERE cloid = ? ORDER BY ts_ns", (cloid,))

    def forget_orders(self, before_ns: int) -> None:
        """Drop orders that nothing was heard of since a time; fills and ledger stay."""
        self._later(
            "DELETE FROM order_changes WHERE cloid IN"
            " (SELECT cloid FROM orders WHERE updated_ns < ?)",
            (before_ns,),
        )
        self._later("DELETE FROM orders WHERE updated_ns < ?", (before_ns,))

    def put_fill(self, fill: FillRow) -> None:
        """Keep a fill; one with a known trade id changes nothing."""
        marks = ",".join("?" * len(fields(FillRow)))
        self._later(f"INSERT OR IGNORE INTO fills VALUES ({marks})", astuple(fill))

    def fills(self, *, since_ms: int = 0) -> list[FillRow]:
        """Return the fills since a time of the venue, oldest first."""
        rows = self._read(FillRow, "fills WHERE venue_ms >= ? ORDER BY venue_ms, tid", (since_ms,))
        return [replace(row, maker=bool(row.maker)) for row in rows]

    def last_fill_ms(self) -> int | None:
        """Return the venue's time of the newest fill: from where to ask again."""
        self.flush()
        newest: int | None = self._db.execute("SELECT max(venue_ms) FROM fills").fetchone()[0]
        return newest

    # Ledger

    def book(self, entry: str, legs: Iterable[Leg], *, ts_ns: int) -> None:
        """Keep one booking; the same entry again changes nothing.

        Raises:
            UsageError: the legs do not sum to 0 in each unit.
        """
        sums: defaultdict[str, int] = defaultdict(int)
        rows = list(legs)
        for leg in rows:
            sums[leg.unit] += leg.amount
        if not rows or any(sums.values()):
            raise UsageError(f"booking {entry}: its legs sum to {dict(sums)}")
        known = self._db.execute("SELECT 1 FROM legs WHERE entry = ?", (entry,)).fetchone()
        if known is not None or entry in self._booked:
            return
        self._booked.add(entry)
        for leg in rows:
            values = (entry, leg.account, leg.unit, leg.amount, ts_ns)
            self._later("INSERT INTO legs VALUES (?,?,?,?,?)", values)

    def balances(self) -> dict[tuple[str, str], int]:
        """Return the sum of each account in each unit."""
        self.flush()
        rows = self._db.execute("SELECT account, unit, sum(amount) FROM legs GROUP BY 1, 2")
        return {(account, unit): amount for account, unit, amount in rows}

    # Days

    def put_bucket(self, bucket: Bucket) -> None:
        """Keep what a symbol did on a day, in place of what was known of it."""
        marks = ",".join("?" * len(fields(Bucket)))
        self._later(f"INSERT OR REPLACE INTO buckets VALUES ({marks})", astuple(bucket))

    def buckets(self, *, since: str = "", until: str = "9999") -> list[Bucket]:
        """Return what each symbol did on each UTC day from `since` to `until`, oldest first."""
        where = "buckets WHERE day BETWEEN ? AND ? ORDER BY day, symbol"
        return self._read(Bucket, where, (since, until))

    # Durable at once

    def reserved_nonce(self, signer: str) -> int:
        """Return the highest nonce that an earlier run may have used; 0 for none."""
        row = self._db.execute("SELECT reserved FROM nonces WHERE signer = ?", (signer,)).fetchone()
        return 0 if row is None else int(row[0])

    def reserve_nonces(self, signer: str, upto: int) -> None:
        """Note, durably before it returns, that nonces up to `upto` may be used."""
        self._now(
            "INSERT INTO nonces VALUES (?, ?) ON CONFLICT (signer) DO UPDATE"
            " SET reserved = max(reserved, excluded.reserved)",
            (signer, upto),
        )

    def settle_nonces(self, signer: str) -> None:
        """Note, durably, that every request of the nonces reserved so far was answered."""
        self._now(
            "INSERT OR REPLACE INTO kv SELECT 'settled ' || signer, CAST(reserved AS TEXT)"
            " FROM nonces WHERE signer = ?",
            (signer,),
        )

    def is_settled(self, signer: str) -> bool:
        """Whether no request of a signer lacks its answer; a reservation ends that."""
        return self.get(f"settled {signer}") == str(self.reserved_nonce(signer))

    def set_latch(self, latch: LatchRow) -> None:
        """Set a latch durably; the first reason stays."""
        self._now("INSERT OR IGNORE INTO latches VALUES (?,?,?,?)", astuple(latch))

    def clear_latch(self, name: str) -> None:
        """Lift a latch durably."""
        self._now("DELETE FROM latches WHERE name = ?", (name,))

    def latches(self) -> list[LatchRow]:
        """Return the latches that are set; what waits cannot keep them from being read."""
        return self._rows(LatchRow, "latches ORDER BY set_ns, name", ())

    # Equity and the rest

    def put_equity(self, ts_ns: int, equity_micro: int) -> None:
        """Keep the equity at a time, and the day's opening, closing, low and high with it."""
        day = datetime.fromtimestamp(ts_ns // 10**9, UTC).strftime("%Y-%m-%d")
        self._later("INSERT OR REPLACE INTO equity VALUES (?, ?)", (ts_ns, equity_micro))
        self._later("DELETE FROM equity WHERE ts_ns < ?", (ts_ns - EQUITY_KEPT_NS,))
        self._later(
            "INSERT INTO days VALUES (?1, ?2, ?2, ?2, ?2) ON CONFLICT (day) DO UPDATE SET"
            " closing_micro = ?2, low_micro = min(low_micro, ?2), high_micro = max(high_micro, ?2)",
            (day, equity_micro),
        )

    def days(self) -> list[DayRow]:
        """Return the equity of each UTC day, oldest first."""
        return self._read(DayRow, "days ORDER BY day", ())

    def equity(self, *, since_ns: int = 0) -> list[tuple[int, int]]:
        """Return (time, micro-USD) since a time."""
        self.flush()
        sql = "SELECT ts_ns, equity_micro FROM equity WHERE ts_ns >= ? ORDER BY ts_ns"
        return self._db.execute(sql, (since_ns,)).fetchall()

    def put(self, key: str, value: str) -> None:
        """Keep a text under a key."""
        self._later("INSERT OR REPLACE INTO kv VALUES (?, ?)", (key, value))

    def get(self, key: str) -> str | None:
        """Return the text of a key."""
        self.flush()
        row = self._db.execute("SELECT value FROM kv WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _later(self, sql: str, values: Values) -> None:
        self._waiting.append((sql, values))

    def _now(self, sql: str, values: tuple[Any, ...]) -> None:
        """Commit one write, apart from those that wait, so that none of them can fail it."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute(sql, values)

    def _read(self, kind: type[Row], rest: str, values: tuple[Any, ...]) -> list[Row]:
        self.flush()
        return self._rows(kind, rest, values)

    def _rows(self, kind: type[Row], rest: str, values: tuple[Any, ...]) -> list[Row]:
        names = [f.name for f in fields(kind)]
        sql = f"SELECT {', '.join(names)} FROM {rest}"
        return [kind(**dict(zip(names, row, strict=True))) for row in self._db.execute(sql, values)]

    def _open(self, *, read_only: bool) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > VERSION or (read_only and version != VERSION):
            raise DataError(
                f"{self._path}: state of version {version}, this program knows {VERSION}",
                cure="run the program that wrote it, or start the newer one once to bring it up",
            )
        if read_only:
            return
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        for number, step in enumerate(STEPS[version:], version + 1):
            script = f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;"
            self._db.executescript(script)


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.is_symlink():
            raise FileSystemError(f"{path} is a link", cure="give the state file's own path")
        # Closing a file gives up every lock that this process has on it: one that another
        # connection may hold must not be opened beside SQLite.
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    mode = "ro" if read_only else "rw"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=5.0
    )


def _upsert(table: str, kind: type[Any], *, key: str) -> str:
    names = [f.name for f in fields(kind)]
    sets = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({','.join('?' * len(names))})"
        f" ON CONFLICT ({key}) DO UPDATE SET {sets}"
    )
