"""Schema — the tables of the state file and how an older file becomes a newer one."""

from __future__ import annotations

VERSION = 2

# Each entry brings a file from the version before to its own; entry 0 makes version 1.
STEPS: tuple[str, ...] = (
    """
    CREATE TABLE orders (
        cloid TEXT PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT NULL CHECK (side IN ('bid', 'ask')),
        px INTEGER NOT NULL, size INTEGER NOT NULL, left INTEGER NOT NULL, state TEXT NOT NULL,
        oid INTEGER, reduce_only INTEGER NOT NULL, sent_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX orders_state ON orders (state);
    CREATE TABLE fills (
        tid INTEGER PRIMARY KEY, symbol TEXT NOT NULL, cloid TEXT, oid INTEGER NOT NULL,
        side TEXT NOT NULL CHECK (side IN ('bid', 'ask')), px INTEGER NOT NULL, size INTEGER NOT NULL,
        fee_micro INTEGER NOT NULL, closed_pnl_micro INTEGER NOT NULL, maker INTEGER NOT NULL,
        venue_ms INTEGER NOT NULL, recv_ns INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX fills_time ON fills (venue_ms);
    CREATE TABLE legs (
        entry TEXT NOT NULL, account TEXT NOT NULL, unit TEXT NOT NULL, amount INTEGER NOT NULL,
        ts_ns INTEGER NOT NULL, PRIMARY KEY (entry, account, unit)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE nonces (signer TEXT PRIMARY KEY, reserved INTEGER NOT NULL) STRICT;
    CREATE TABLE latches (
        name TEXT PRIMARY KEY, reason TEXT NOT NULL, who TEXT NOT NULL, set_ns INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE equity (
        ts_ns INTEGER PRIMARY KEY, equity_micro INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE days (
        day TEXT PRIMARY KEY, opening_micro INTEGER NOT NULL, closing_micro INTEGER NOT NULL,
        low_micro INTEGER NOT NULL, high_micro INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    """,
    # Nothing wrote orders and fills before this version.
    """
    DROP TABLE orders;
    CREATE TABLE orders (
        cloid TEXT PRIMARY KEY, symbol TEXT NOT NULL, side TEXT NOT NULL CHECK (side IN ('bid', 'ask')),
        px INTEGER NOT NULL, size INTEGER NOT NULL, left INTEGER NOT NULL, state TEXT NOT NULL,
        reason TEXT NOT NULL, oid INTEGER, reduce_only INTEGER NOT NULL,
        sent_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX orders_time ON orders (updated_ns);
    CREATE TABLE order_changes (
        cloid TEXT NOT NULL, ts_ns INTEGER NOT NULL, state TEXT NOT NULL, left INTEGER NOT NULL,
        reason TEXT NOT NULL, PRIMARY KEY (cloid, state, left)
    ) STRICT, WITHOUT ROWID;
    DROP TABLE fills;
    CREATE TABLE fills (
        tid INTEGER PRIMARY KEY, symbol TEXT NOT NULL, cloid TEXT, oid INTEGER NOT NULL,
        side TEXT NOT NULL CHECK (side IN ('bid', 'ask')), px INTEGER NOT NULL, size INTEGER NOT NULL,
        before INTEGER NOT NULL, fee_micro INTEGER NOT NULL, closed_pnl_micro INTEGER NOT NULL,
        maker INTEGER NOT NULL, venue_ms INTEGER NOT NULL, recv_ns INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX fills_time ON fills (venue_ms);
    CREATE TABLE buckets (
        day TEXT NOT NULL, symbol TEXT NOT NULL, placed INTEGER NOT NULL, quoted_ns INTEGER NOT NULL,
        maker_fills INTEGER NOT NULL, taker_fills INTEGER NOT NULL, volume_micro INTEGER NOT NULL,
        gross_half_micro INTEGER NOT NULL, fees_micro INTEGER NOT NULL,
        funding_micro INTEGER NOT NULL, PRIMARY KEY (day, symbol)
    ) STRICT, WITHOUT ROWID;
    """,
)
