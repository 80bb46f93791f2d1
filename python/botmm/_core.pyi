"""Core module — the compiled core: what crosses, in which types, units and shapes.

Columns are dicts of contiguous numpy arrays of one length, named as the fields of rows:
`ts_exch i64, ts_recv i64, seq u64, stream u8, kind u8, side i8, px i64, qty i64, n u32, flags u8,
id u64`. Times are Unix nanoseconds, prices and sizes integers in the decimals of their symbol.
Arrays are contiguous, of the dtype that is named and of one dimension (n,) unless another shape is;
anything else is a TypeError: nothing is converted or copied in silence. They are borrowed and must
not be written to during a call; work above 100 µs detaches from the interpreter. Errors of content
are subclasses of CoreException.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "CANDLE_FEATURES",
    "TICK_FEATURES",
    "TREES_SCHEMA",
    "VENUE_TIME_NS_MAX",
    "ArgumentError",
    "Assembler",
    "CoreException",
    "DecimalError",
    "Desk",
    "Exchange",
    "GapError",
    "Latency",
    "ModelError",
    "NotionalOverflowError",
    "OnStepError",
    "OrderStateError",
    "PayloadError",
    "QpnFit",
    "QpnOrder",
    "QueueTruth",
    "Replay",
    "Sweep",
    "Synth",
    "TapeError",
    "TapeWriter",
    "Toxicity",
    "Trees",
    "Tuner",
    "UnsupportedError",
    "View",
    "__version__",
    "ahead_on_arrival",
    "as_finite",
    "as_stationary",
    "average_true_range",
    "bar_volatility",
    "base_fees",
    "block_race",
    "bulk_buy_share",
    "candle_features",
    "classify",
    "count_rows",
    "decayed_skew",
    "decimals_to_ints",
    "decode_frame",
    "depth_imbalance",
    "depth_weighted_mid",
    "directional_bias",
    "distance_imbalance",
    "drawdown",
    "ewma_volatility",
    "expected_max_sharpe",
    "fee_tier",
    "fill_probability",
    "fit_geometric",
    "fit_intensity",
    "fit_micro_price",
    "fit_probe",
    "floats_to_ints",
    "floor_size",
    "flow_imbalance",
    "flow_imbalance_decayed",
    "glft",
    "glft_exact",
    "inventory_ages",
    "kalman_bias",
    "kalman_level",
    "kalman_trend",
    "maker_rate",
    "markouts",
    "max_decimals",
    "noise_by_likelihood",
    "noise_by_moments",
    "order_flow_levels",
    "overfitting",
    "param_table",
    "pnl_parts",
    "price_grid",
    "probability_scores",
    "px_decimals",
    "qqe",
    "qqe_bias",
    "queue_advance",
    "queue_share",
    "quote",
    "read_tape",
    "regimes",
    "replay_case",
    "round_trips",
    "scan_lines",
    "scan_scales",
    "sharpe",
    "sharpe_lo",
    "sharpe_probability",
    "sharpe_shape",
    "signals_info",
    "size_factors",
    "sortino",
    "stake_discount",
    "stake_step",
    "tape_info",
    "touches",
    "toxicity_multiplier",
    "toxicity_score",
    "track_record",
    "vpin",
    "weighted_mid",
]

__version__: str
# A venue time further than this from its receive time, before or after, is none.
VENUE_TIME_NS_MAX: int
CANDLE_FEATURES: list[str]
TICK_FEATURES: list[str]
TREES_SCHEMA: str

_F64: TypeAlias = npt.NDArray[np.float64]
_I64: TypeAlias = npt.NDArray[np.int64]
_I8: TypeAlias = npt.NDArray[np.int8]
_U64: TypeAlias = npt.NDArray[np.uint64]
_U32: TypeAlias = npt.NDArray[np.uint32]
_U8: TypeAlias = npt.NDArray[np.uint8]
_Columns: TypeAlias = dict[str, npt.NDArray[Any]]

class CoreException(Exception):
    """Base of every error of the core."""

class NotionalOverflowError(CoreException):
    """A notional does not fit."""

class DecimalError(CoreException):
    """A text is not a plain decimal, or has more decimals than its scale."""

class PayloadError(CoreException):
    """A payload is malformed; the text names the line."""

class ArgumentError(CoreException):
    """An argument is outside its domain."""

class TapeError(CoreException):
    """A tape file is unusable; the text names file, row and value."""

class OnStepError(CoreException):
    """A strategy raised or returned what cannot be; the text names step and value."""

class GapError(CoreException):
    """A recorded silence is longer than accepted."""

class UnsupportedError(CoreException):
    """Not tradable or replayable here: inverse contracts."""

class ModelError(CoreException):
    """A file of model weights is unusable; the text names file, place and value."""

class OrderStateError(CoreException):
    """An order or fill event contradicts what is known."""

class _ParamRow(TypedDict):
    name: str
    unit: str
    live: bool
    doc: str
    default: float | int | bool | str
    min: float
    max: float
    choices: list[str]

class _TapeInfo(TypedDict):
    path: str
    meta: dict[str, str]
    rows: int
    row_groups: list[tuple[int, int, int]]
    first_ts_recv: int | None
    last_ts_recv: int | None

class _TapeSummary(TypedDict):
    rows: int
    bytes: int
    first_ts_recv: int | None
    last_ts_recv: int | None
    first_ts_exch: int | None
    last_ts_exch: int | None
    disorder_ns: int
    sha256: str

class _Progress(TypedDict):
    rows: int
    ts: int
    done: bool
    fills: int
    net_usd: float

class _Drained(TypedDict):
    fills: _Columns
    orders: _Columns
    equity: _Columns

class _Result(_Drained):
    summary: str

def param_table() -> list[_ParamRow]:
    """Return the parameters of `[strategy]`, in the order of the documentation.

    `min` and `max` bound the value in the parameter's own unit; of choices, by their place; both
    are 0 for texts.
    """

def signals_info(path: str) -> list[tuple[str, str, int]]:
    """Return whose signals a file holds: symbol, venue, and when the market was last heard (ns).

    Raises:
        ArgumentError: the file is missing, damaged or of another form.
    """

def base_fees(venue: str) -> tuple[float, float]:
    """Return maker and taker rates of a venue's base tier; fractions of notional, positive is paid.

    A venue that is none of hyperliquid, binance and bybit has the rates of `other`.
    """

@final
class View:
    """What a strategy sees at a step: what the maker heard by then, and nothing else.

    Prices are integers in price units (10^-px_decimals), sizes in lots (10^-size_decimals), times
    Unix ns. Each reading of an array makes a new one, i64 of shape (n,); read it once a step.

    Attributes:
        time, heard: the step, and when the market was last heard of.
        bid, ask, bid_lots, ask_lots: the touch.
        mid, micro: the mid and the mid weighted by the touch's sizes, in price units.
        tick: the grid's step at the bid, in price units.
        mark: the venue's mark price, None where it publishes none.
        funding: hourly rate as a fraction, positive where longs pay; 0 where unknown.
        position: lots, negative where short.
        may_buy, may_sell: what the risk gate allows; a side that it does not is not quoted.
        caution: how much wider than usual the gate asks quotes to be (`mmp_widen`); 1 is as usual.
        bought, sold: lots that takers bought and sold in the market since the last call.
        px_decimals, size_decimals, lot_step: the instrument's scales, and the lots of a step.
        bid_px, bid_size, ask_px, ask_size: levels from the best outward, at most `depth`.
        order_side (+1 buys), order_px, order_left (lots), order_state (0 sent, 1 resting,
            2 cancel sent, 3 unknown): own orders that are not over.
        fill_time, fill_side, fill_px, fill_size: own fills heard of since the last call.
        trade_time, trade_side (+1 a taker bought), trade_px, trade_size: the market's trades
            heard of since the last call.
    """

    time: int
    heard: int
    bid: int
    ask: int
    bid_lots: int
    ask_lots: int
    mid: float
    micro: float
    tick: int
    mark: int | None
    funding: float
    position: int
    may_buy: bool
    may_sell: bool
    caution: float
    bought: int
    sold: int
    px_decimals: int
    size_decimals: int
    lot_step: int
    bid_px: _I64
    bid_size: _I64
    ask_px: _I64
    ask_size: _I64
    order_side: _I64
    order_px: _I64
    order_left: _I64
    order_state: _I64
    fill_time: _I64
    fill_side: _I64
    fill_px: _I64
    fill_size: _I64
    trade_time: _I64
    trade_side: _I64
    trade_px: _I64
    trade_size: _I64

    def floor(self, px: float) -> int:
        """Return the greatest price of the venue's grid not above `px`, in price units.

        Raises:
            ValueError: `px` is not finite, or no price is left below it.
        """

    def ceil(self, px: float) -> int:
        """Return the least price of the venue's grid not below `px`, in price units.

        Raises:
            ValueError: `px` is not finite or not positive.
        """

class _OnStep(Protocol):
    depth: int
    symbol: str

    def on_step(self, view: View) -> Any: ...

@final
class Replay:
    """A run over tapes, described by JSON as `botmm.research.replay.spec` writes it.

    Raises:
        ArgumentError, TapeError, GapError, UnsupportedError, ModelError: before anything is
            played; ArgumentError for another number of strategies than symbols.
    """

    def __new__(
        cls,
        spec_json: str,
        strategies: Sequence[_OnStep] | None = None,
        saved: bytes | None = None,
    ) -> Self:
        """Open the tapes; `strategies`, one a symbol, quote in place of the shipped maker.

        Each is called at every step at which quotes may stand, attached to the interpreter. Where
        `saved` is what `save` gave in a run of the same, this one goes on from there.
        """

    def run(self, max_rows: int) -> _Progress:
        """Play about so many more rows; detached.

        Returns:
            Rows and fills so far, the run's clock `ts` (Unix ns), the net result in dollars.

        Raises:
            TapeError, GapError: a tape is damaged, or silent for longer than accepted.
            OnStepError: a strategy raised (its error is the cause) or returned what cannot be;
                what is no Exception, as KeyboardInterrupt, comes out as it is.
        """

    def drain(self) -> _Drained:
        """Move out the settled fills, the orders that have ended and the equity samples since the
        last call. A fill is settled when its last markout is known, 300 s later.

        `orders`, a row an order, shape (n,): symbol u16, cloid_seq u64, side i8, level u8, px
        i64, qty i64, filled i64 (lots), ts_sent, ts_venue, ts_done i64 ns (0: never), status u8
        (0 working, 1 filled, 2 cancelled, 3 would match, 4 rejected, 5 unknown), ahead f64 lots.
        `equity`, a row a symbol and sample: symbol u16, ts i64 ns, mid2 i64 (twice the mid),
        position i64 lots, capture2, inventory2 i64 (half cash units), fees (positive is paid),
        funding (positive is received) i64 cash units, bid, ask, own_bid, own_ask i64 (0: none).
        """

    def save(self) -> bytes:
        """Return the run as it stands, what was not moved out of it included, for this version.

        Raises:
            ArgumentError: a strategy leads, whose memory is its own.
        """

    def signals(self) -> bytes:
        """Return what the signals know now, as the file that `signals` of another spec names."""

    def why(self, ts: int) -> str:
        """Play every step up to and at a time (Unix ns); how the quotes came about then, as JSON.

        Prices are integers with the symbol's decimals; the terms of a quote have ten decimals and
        add up to its price.

        Raises:
            TapeError, GapError: as `run`.
        """

    def result(self) -> _Result:
        """Close the run where it is and move out everything not moved out before.

        `fills`, a row a fill, shape (n,): symbol u16, ts_exch, ts_recv i64 ns, side i8, px i64,
        qty i64 lots, fee i64 cash units (positive is paid), liquidity u8 (0 maker, 1 taker),
        cloid_seq u64, level u8, why u8 (0 queue, 1 traded through, 2 book crossed, 3 taker),
        mid2 i64, position i64 lots, markout_0 to markout_5 i64 (twice the mid 0.1, 1, 5, 30, 60
        and 300 s later, -2^63 where the data ends before). `summary` is JSON.
        """

@final
class TapeWriter:
    """Writes one tape through a temporary file and a rename; leaving `with` early aborts.

    Args:
        path: where the tape will be.
        meta: needs `px_decimals`, `size_decimals` and `window`, all as text.
        after: the writer of the tape before, whose book and effort this one continues.
        quick: write fast and larger; for what can be made again.

    Raises:
        TapeError: metadata is missing, or the file cannot be made.
    """

    def __new__(
        cls,
        path: str,
        meta: dict[str, str],
        after: TapeWriter | None = None,
        *,
        quick: bool = False,
    ) -> Self: ...
    def append(self, columns: _Columns) -> None:
        """Append rows of all eleven columns, in order of `ts_recv`; what was given is copied.

        Raises:
            TapeError: rows out of order or invalid, with row and value; the writer is then of
                no further use.
            ArgumentError: a column is missing, of another dtype or length.
        """

    def set_meta(self, key: str, value: str) -> None:
        """Set a key of the metadata that `close` writes."""

    def close(self) -> _TapeSummary:
        """Write what is left and give the file its name.

        Times are None without rows; `disorder_ns` is how far venue time ran back at most.

        Raises:
            TapeError: the disk refuses; the temporary file is removed.
        """
    def abort(self) -> None:
        """Remove the temporary file; nothing after `close`."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None: ...

def read_tape(path: str, from_recv: int | None = None, to_recv: int | None = None) -> _Columns:
    """Return the rows of one tape received in [from_recv, to_recv), Unix ns; None is open.

    Raises:
        TapeError: the file is missing, damaged or of another schema.
    """

def count_rows(path: str) -> int:
    """Return the rows of one tape, decoded as replay does: what reading alone takes.

    Raises:
        TapeError: the file is missing, damaged or of another schema.
    """

def tape_info(path: str) -> _TapeInfo:
    """Return what a tape says of itself; row groups are (rows, first, last receive time in ns).

    Raises:
        TapeError: the file is missing, damaged or of another schema.
    """

def touches(kind: _U8, side: _I8, px: _I64) -> tuple[_I64, _I64]:
    """Return best bid and best ask after each row in price units, 0 where there is none.

    All columns, in and out, have shape (n,).

    Raises:
        ArgumentError: the columns differ in length.
    """

def scan_lines(format: str, data: bytes, first_line: int = 1) -> dict[str, tuple[int, int, int]]:
    """Return price decimals, size decimals and messages of each symbol in verbatim frames.

    Args:
        format: hl_ws, hl_archive, binance, bybit, cryptofeed_binance, cryptofeed_bybit or
            cryptofeed_hyperliquid.
        data: whole lines, a frame each.
        first_line: number of the first of them, for messages.

    Raises:
        ArgumentError: no such format.
        PayloadError: a line cannot be read; the text names it.
    """

class _SweepProgress(TypedDict):
    rows: int
    ts: int
    done: bool
    fills: int
    followed: int
    best: tuple[int, float] | None

@final
class Sweep:
    """Many parameter sets over the same tapes in one pass, from JSON: `run` as for `Replay`, `sets`
    (each `params`, a dict a symbol in the order of the run, and `sim` where it has its own),
    `threads` (0: every core), `keep_fills`. Every set ends as it would alone, to the last bit.

    Raises:
        ArgumentError: what is wrong, with the number of the set; otherwise as `Replay`.
    """

    def __new__(cls, spec_json: str) -> Self: ...
    def run(self, max_rows: int) -> _SweepProgress:
        """Go on for about so many more rows of the tapes; detached.

        Returns:
            Rows read once for all sets, the clock `ts` (Unix ns), fills of all sets, decisions of
            all sets that another had made alike (`followed`: taken over, not made again), and the
            best set so far with its net result in dollars.

        Raises:
            TapeError, GapError: a tape is damaged. A set that fails stops, and its row says why.
        """

    def results(self) -> str:
        """The figures of every set, a JSON list: net_usd, gross_usd, fees_usd (positive is paid),
        funding_usd (positive is received), volume_usd, fills, orders, cancels, rejects, breakers,
        `score` (sharpe of hours over a year, drawdown_usd, inventory_mean_usd, inventory_max_usd,
        days as pairs of the UTC day since 1970 and dollars), `symbols` (the same money and counts,
        position in lots, markout_bps at 0.1, 1, 5, 30, 60 and 300 s against the fill price), and
        `error` where a set stopped.
        """

    def fills(self, set: int) -> dict[str, Any]:
        """Move out the fills of a set, columns as of `Replay.result`; with `keep_fills` only."""

@final
class Assembler:
    """Collects recorded tables of one symbol and merges them into rows in order of delivery.

    Columns of a table have shape (n,), a row each; times are Unix ns, prices and sizes integers
    in the decimals given here. `venue` is hyperliquid, binance or bybit, whose habits the
    streams have.

    Every `add_…` raises ArgumentError where columns differ in length or a side, kind or cause is
    none; nothing of that table is taken in then.
    """

    def __new__(
        cls,
        px_decimals: int,
        size_decimals: int,
        venue: str | None = None,
    ) -> Self: ...
    def add_snapshots(
        self,
        ts_exch: _I64,
        ts_recv: _I64,
        bid_px: _I64,
        bid_qty: _I64,
        bid_n: _U32 | None,
        ask_px: _I64,
        ask_qty: _I64,
        ask_n: _U32 | None,
        depth: int,
        stream: int = ...,
        seq: _U64 | None = None,
    ) -> None:
        """Take in frames, prices and sizes of shape (n, levels), best first, 0 where a level is
        absent.

        Args:
            bid_n, ask_n: orders at each level, same shape; None where unknown.
            depth: levels a side that the stream shows at most, 65535 for the whole book.
            stream: 1 book, 2 fast.
            seq: the last sequence that each frame contains, shape (n,).
        """

    def add_bbo(
        self,
        ts_exch: _I64,
        ts_recv: _I64,
        bid_px: _I64,
        bid_qty: _I64,
        bid_n: _U32 | None,
        ask_px: _I64,
        ask_qty: _I64,
        ask_n: _U32 | None = None,
    ) -> None:
        """Take in touches, shape (n,); price 0 is an empty side, -1 one that did not change."""
    def add_deltas(
        self,
        ts_exch: _I64,
        ts_recv: _I64,
        seq: _U64,
        prev_seq: _U64,
        first_seq: _U64,
        offsets: _I64,
        side: _I8,
        px: _I64,
        qty: _I64,
    ) -> None:
        """Take in messages; message i owns the levels `offsets[i]:offsets[i + 1]`, size 0 deletes.

        `offsets` has shape (n + 1,), side, px and qty shape (levels,); sequences are 0 where the
        venue sends none.
        """

    def add_trades(
        self, ts_exch: _I64, ts_recv: _I64, side: _I8, px: _I64, qty: _I64, id: _U64
    ) -> None:
        """Take in trades; side +1 where a buyer was the aggressor, else -1; ids 0 where unknown."""
    def add_context(self, ts_exch: _I64, ts_recv: _I64, kind: _U64, value: _I64) -> None:
        """Take in context values: 1 oracle, 2 mark, 3 mid (1e-8), 4 hourly funding rate (1e-12),
        5 open interest (1e-8 coins), 6 next funding (Unix ns)."""
    def add_gaps(self, start: _I64, end: _I64, cause: _U64) -> None:
        """Take in silences from `start` to `end`, Unix ns: 1 recorder away, 2 sequence broken,
        3 connected anew."""
    def add_lines(
        self,
        format: str,
        symbol: str,
        data: bytes,
        first_line: int = 1,
        clock_offset_ns: int = 0,
    ) -> tuple[_I64, _I64, _U8]:
        """Take in verbatim frames, a line each, and return the venue times (0 for none), receive
        times (with the offset) and streams of their messages, shape (messages,).

        Raises:
            ArgumentError: no such format; `scan_lines` has their names.
            PayloadError: a line cannot be read; the text names it.
        """

    def begin(self, at_recv: int, venue: str) -> None:
        """Begin anew at a receive time (Unix ns), with a venue's habits: no book of before is
        carried on."""

    def drain(self, until_recv: int | None = None) -> _Columns:
        """Return the rows received before a time (Unix ns), None for all; each row is returned
        once.

        Raises:
            PayloadError: messages that cannot be merged.
        """

    def counts(self) -> dict[str, int]:
        """Return the counters of what was merged, dropped and found wrong so far, by name."""

def decimals_to_ints(
    data: bytes | _U8, offsets: _I64, decimals: int, *, exponents: bool = True
) -> _I64:
    """Return decimal texts as integers of `10^-decimals`, exactly; text i is
    `data[offsets[i]:offsets[i + 1]]`, so that n texts have n + 1 offsets.

    Args:
        exponents: whether `1e-05` is a decimal.

    Raises:
        DecimalError: a text is none, or has more decimals; the text names the row.
        ArgumentError: offsets outside of the data.
    """

def floats_to_ints(values: _F64, decimals: int) -> _I64:
    """Return floats as integers of `10^-decimals`, each by its shortest decimal; shape (n,).

    Raises:
        DecimalError: not a number, too large, or with more decimals; the text names the row.
    """

def max_decimals(data: bytes | _U8, offsets: _I64) -> int:
    """Return the most decimals that any text needs; trailing zeros do not count, 0 for no texts.

    Raises:
        DecimalError, ArgumentError: as `decimals_to_ints`.
    """

def decode_frame(venue: str, frame: bytes, px_decimals: int, size_decimals: int) -> dict[str, Any]:
    """Return what one frame of hyperliquid, binance or bybit says; `kind` tells which: book,
    trades, context, orders, fills, pong, subscribed, refused or ignored. Numbers are integers of
    the scales.

    Raises:
        ArgumentError: no such venue.
        PayloadError, DecimalError: the frame is malformed.
    """

def scan_scales(venue: str, data: bytes) -> dict[str, tuple[int, int]]:
    """Return price and size decimals of each symbol in lines of frames.

    Raises:
        ArgumentError: no such venue.
        PayloadError: a line is malformed; the text names it, from 0.
    """

@final
class Synth:
    """A synthetic market described by JSON; the same seed gives the same rows.

    The JSON needs symbol, seed, start (Unix ns) and streams; model is `orders` (order by order) or
    `plain` (levels; the UTC day that `start` is in); price, sigma_bps, impact_bps, latency_ms,
    ghost_every_ms, ghost_horizon_ms and ghost_behind replace the symbol's preset.

    Raises:
        ArgumentError: a key that is missing or unknown, or a value outside its domain.
    """

    def __new__(cls, config_json: str) -> Self: ...
    @property
    def px_decimals(self) -> int:
        """Decimals of prices."""
    @property
    def size_decimals(self) -> int:
        """Decimals of sizes."""
    def step_until(self, until: int) -> _Columns:
        """Simulate to a time (Unix ns) and return what was received by then, as rows; detached."""

    def take_truth(self) -> QueueTruth:
        """Move out the truth about hypothetical orders since the last call."""

@final
class Exchange:
    """A perpetuals exchange of many accounts on one block clock; JSON texts in and out.

    Times are Unix nanoseconds, prices in units of 10^-(6 - size_decimals), sizes in lots, money in
    micro-dollars, addresses lower-case texts, a cloid `0x` and 32 hex digits. Coins are numbered
    from 0 as in the specification. Calls may come from several threads; one at a time works.

    The specification: `start_ns`; `block_ns` (70 ms); `seed` (1); `queue` (a queue model);
    `through_fill` (`volume` or `full`); `fees` {maker, taker} fractions; `rules`
    {schedule_cancel_volume_usd, schedule_cancel_ahead_ns, schedule_cancel_fires, budget_free,
    budget_slot_ns, open_orders_max, min_notional, price_band, nonces_kept}; `coins`, each {name,
    size_decimals, max_leverage, only_isolated, source}. A source has a `kind`: `synthetic` {preset,
    seed, price, sigma_bps, impact_bps, takers_per_s, adds_per_s}, `tape` {paths} or `pushed`.

    Raises:
        ArgumentError: a key that is missing or unknown, or a value outside its domain.
        TapeError: a tape that cannot be read.
    """

    def __new__(cls, spec: str) -> Self: ...
    def now(self) -> int:
        """Return the time of the last block."""

    def advance(self, until_ns: int) -> None:
        """Make every block until a time, detached: actions by class, the market, funding."""

    def freeze(self, until_ns: int) -> None:
        """Make no block before a time, at most a day ahead."""

    def push_frame(self, coin: int, recv_ns: int, frame: bytes) -> None:
        """Take in a frame of Hyperliquid's public feed for a coin whose source is `pushed`.

        Raises:
            PayloadError: a malformed frame.
            UnsupportedError: the coin has another source.
        """

    def inject(self, coin: int, rows: str) -> None:
        """Let rows happen in the next block.

        Args:
            coin: its number.
            rows: list of {kind: `trade` or `level`, side: `bid` or `ask`, px, qty}; the side of a
                trade is its aggressor's, a level of 0 lots is gone.
        """

    def shock(self, coin: int, bps: float) -> None:
        """Move what a synthetic market is worth, in basis points; its makers follow with a lag."""

    def deposit(self, user: str, amount: int) -> None:
        """Bring money from outside to an account, which comes to be; below zero, take it out."""

    def transfer(self, source: str, target: str, amount: int) -> str:
        """Move money; return an empty text, or the refusal as JSON {code, ...}."""

    def sub_account(self, user: str, address: str, name: str) -> str:
        """Make an account that is a part of another; return as `transfer`."""

    def approve_agent(
        self, user: str, agent: str, name: str, valid_until_ns: int | None = None
    ) -> str:
        """Let an address act for an account; a name again replaces its agent. As `transfer`."""

    def revoke_agent(self, user: str, which: str) -> bool:
        """Take away what an address or name may do; return whether there was one."""

    def owner(self, signer: str) -> str | None:
        """Return the account that an address acts for: itself, or its master's; None if neither."""

    def use_nonce(self, signer: str, nonce: int) -> str:
        """Use up a nonce, for signed requests that are no actions. As `transfer`."""

    def set_limits(self, user: str, patch: str) -> None:
        """Set `cum_volume` (micro-dollars) and `requests_used` of an account, for tests."""

    def end_orders(self, user: str, coin: int, status: str) -> int:
        """End an account's open orders of a coin as the venue does; return how many there were.

        Raises:
            ArgumentError: an unknown account, or a word that is no cancel of the venue's.
        """

    def set_fees(self, maker: float, taker: float) -> None:
        """Take other fees from now on, as fractions of notional; 0.01 at most either way."""

    def submit(
        self,
        signer: str,
        vault: str | None,
        action: str,
        nonce: int,
        expires_ns: int | None = None,
    ) -> int:
        """Take in an action; return its ticket. It is checked and done when its block comes.

        Args:
            signer: the address that signed.
            vault: the part of the signer's account that it acts for.
            action: {type, ...}. `order` {orders: [O]}; `cancel` {cancels: [{coin, oid or cloid}]};
                `modify` {modifies: [{oid or cloid, order: O}], always_place}; `schedule_cancel`
                {at: ns or null}; `noop`; `update_leverage` {coin, cross, leverage};
                `update_isolated_margin` {coin, amount}; `reserve_weight` {weight}. O is {coin,
                side: `bid` or `ask`, px, size, tif: `alo`, `ioc` or `gtc`, reduce_only, cloid or
                null, trigger: null or {px, is_market, kind: `tp` or `sl`}} and may have a `flaw`
                (`tick`, `bad_size`, `bad_price`, `unsupported`) where its text is no number.
            nonce: Unix milliseconds by custom.
            expires_ns: the block after this refuses it.

        Raises:
            ArgumentError: a text that is no action.
        """

    def replies(self) -> str:
        """Move out answers since the last call: list of {ticket, ok | done | err}."""

    def events(self) -> str:
        """Move out what happened since the last call, in order: list of {e, ...}."""

    def book(self, coin: int, depth: int) -> str:
        """Return {time, bids, asks}, levels [px, lots, orders], the accounts' orders among them."""

    def context(self, coin: int) -> str:
        """Return oracle, mark, mid, bid, ask, last_px, prev_day_px (1e-8), funding_rate (1e-12),
        open_interest (1e-8), day_volume and day_lots; null is what was never said.
        """

    def account(self, user: str) -> str:
        """Return money, margin and positions of an account."""

    def orders(self, user: str) -> str:
        """Return open orders, the newest first."""

    def order(self, user: str, oid: int | None = None, cloid: str | None = None) -> str:
        """Return the last state of an order, or `null`."""

    def fills(self, user: str, since_ns: int, limit: int) -> str:
        """Return the latest fills since a time, the oldest first; 10,000 are kept."""

    def history(self, user: str, limit: int) -> str:
        """Return orders, open or not, the newest first; 2,000 that ended are kept."""

    def fundings(self, user: str, since_ns: int) -> str:
        """Return funding payments since a time, the oldest first."""

    def ledger(self, user: str, since_ns: int) -> str:
        """Return deposits, withdrawals and transfers since a time, the oldest first."""

    def limits(self, user: str) -> str:
        """Return cum_volume, requests_used, requests_cap, open_orders_max, schedule_cancel."""

    def agents(self, user: str) -> str:
        """Return {agents: [{address, name, valid_until}], parts: [{user, name}]}."""

    def users(self) -> list[str]:
        """Return the addresses of all accounts, in the order in which they came."""

    def audit(self, user: str) -> str:
        """Return the truth for judges: counts, greatest exposure, sums; `ledger_sum` is 0."""

    def accepted(self, user: str, cloid: str) -> int:
        """Return how often an order with a client's id was accepted.

        One that was accepted once is forgotten with the last 2,000 orders that ended.
        """

    def save(self) -> bytes:
        """Return the whole state but replies and events that were not moved out."""

    @staticmethod
    def restore(data: bytes) -> Exchange:
        """Return the exchange of a state; tapes are opened again where they were.

        Raises:
            ArgumentError: bytes that are no state of this version.
        """

@final
class QueueTruth:
    """True queue positions and fills of hypothetical orders."""

    @staticmethod
    def recorded(
        columns: _Columns, plan_ms: tuple[int, int, int], window: tuple[int, int, int]
    ) -> tuple[QueueTruth, int]:
        """Follow hypothetical orders through an order-by-order recording.

        Args:
            columns: `ts` i64 ns, `action` u8 (1 add, 2 cut, 3 trade, 4 the next cut is a trade,
                5 change of price or size, 6 clear), `id` u64, `side` i8, `tick` i64, `qty` i64,
                `last` u8 (1 where the book is whole); shape (n,), in venue order.
            plan_ms: an order so often, followed so long, up to so many ticks behind the touch.
            window: orders join from this time, until this one, with so many lots.

        Returns:
            The truth, and how many messages were about orders that were never shown.

        Raises:
            ArgumentError: columns of unequal length, or an unknown action.
        """

    def ghosts(self) -> _Columns:
        """Return the orders that have ended, a row each, shape (n,).

        id u64, ts i64 ns, side i8, px i64, size i64 lots, ahead i64 lots and n u32 orders at first,
        filled i64 ns (0: not), fate u8 (0 open, 1 traded, 2 crossed), ended i64 ns.
        """

    def samples(self) -> _Columns:
        """Return their true queues over time, by `id`, shape (n,).

        id u64, ts i64 ns, ahead i64 lots, qty i64 and n u32 of the level, traded i64 lots at the
        price and exhausted u32 orders since the sample before, beyond i64 lots at worse prices,
        behind i64 ticks from the touch.
        """

    def estimate(
        self, model: str, views_ms: tuple[int, int, int], fitted: QpnFit | None = None
    ) -> _Columns:
        """Return how a queue model would have judged each ended order, shape (orders,).

        Args:
            model: risk-averse, pow1:N, pow2:N, pow3:N, log1:U, log2:U or qpn.
            views_ms: time between views (0: every block), horizon, and the age at which `ahead`
                is noted.
            fitted: for qpn; None knows nothing, every age cancels alike.

        Returns:
            error, bias f64 (shares of the first queue, NaN where that was 0), filled i64 ns (0:
            not), ahead f64 lots (NaN where filled before).

        Raises:
            ArgumentError: no such model.
        """

    def calibrate(self, views_ms: tuple[int, int, int]) -> QpnFit:
        """Return the order-count model fitted to these orders; `views_ms` as for `estimate`."""

@final
class QpnFit:
    """A calibrated order-count model: cancel rates by age."""

    def __new__(cls, edges: list[float], rates: list[float]) -> QpnFit:
        """Rates by age, for all sizes alike; twice as many give the orders ahead their own.

        Raises:
            ArgumentError: the rates do not fit the ages.
        """

    @staticmethod
    def shipped() -> QpnFit:
        """Return what replay uses."""

    @property
    def edges(self) -> list[float]:
        """Upper edges of the ages, in seconds."""
    @property
    def rates(self) -> list[float]:
        """Relative rates of cancels by age, behind us and then ahead where they differ."""

def sharpe(returns: _F64) -> float | None:
    """Mean over sample deviation per period; None for fewer than 2 returns or none that differ."""

def sharpe_lo(returns: _F64, periods: float) -> float | None:
    """Sharpe ratio over `periods` periods, corrected for autocorrelation at up to ten lags; None as
    `sharpe`."""

def sortino(returns: _F64) -> float | None:
    """Mean over downside deviation per period; None without a negative return."""

def drawdown(equity: _F64) -> dict[str, Any]:
    """The deepest fall of an equity curve: max_dd (share of the peak), peak and trough (places),
    longest (most observations in a row below a peak); zeros for an empty one."""

def sharpe_shape(returns: _F64) -> dict[str, Any] | None:
    """n, sharpe, skew and kurtosis (3 is normal) of returns; None where `sharpe` is."""

def sharpe_probability(shape: Mapping[str, Any], than: float) -> float:
    """Probability that the true Sharpe ratio exceeds `than`; `shape` as of `sharpe_shape`.

    Raises:
        KeyError: the shape lacks a key.
    """

def track_record(shape: Mapping[str, Any], than: float, confidence: float) -> float | None:
    """Returns needed before a Sharpe ratio exceeds `than` with this confidence (0 to 1); None where
    it does not exceed it at all.

    Raises:
        KeyError: the shape lacks a key.
    """

def expected_max_sharpe(trials: float, variance: float) -> float:
    """Sharpe ratio that the best of worthless trials is expected to show; `variance` of their
    ratios."""

def overfitting(trials: _F64, blocks: int) -> dict[str, Any]:
    """Probability of backtest overfitting of trials, shape (trials, rows), over equal blocks of
    rows.

    Returns:
        pbo, n_comb (halves looked at), median_logit, mean_is and mean_oos (Sharpe ratio of the
        winner in and out of sample), p_oos_loss.

    Raises:
        ArgumentError: fewer than 2 trials, an odd or unreasonable number of blocks, or too few
            rows.
    """

def pnl_parts(
    fills: Sequence[tuple[float, float, float, float, float]],
    marks: Sequence[tuple[float, float]],
    funding: Sequence[tuple[float, float, float]],
    fee_rate: float,
) -> dict[str, Any]:
    """The parts of a result from rows of fills (t, side, px, qty, mid), marks (t, mid) and funding
    (t, rate, oracle); at equal times marks come first, then fills, then funding.

    Returns:
        total, spread, inventory, fees (positive is paid), funding, gross, net, residual in the
        currency of prices, and the last position.
    """

def round_trips(fills: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    """First-in first-out round trips of (side, px, qty) fills.

    Returns:
        matches, closing_fills, episodes (times the position was closed), realised (before fees),
        matched_qty, open (signed quantity).
    """

def markouts(
    mids: tuple[_I64, _F64],
    fills: Sequence[tuple[int, float, float]],
    horizons_ns: Sequence[int],
    fee_bps: float,
) -> list[dict[str, Any]]:
    """Markouts in bps of (ts, side, px) fills at horizons in nanoseconds; `mids` is (times, mids),
    both of shape (n,), times in Unix ns, ascending.

    Returns:
        A row a fill: effective (half spread at the fill), and by horizon markout, impact and net
        (less `fee_bps`); None where the mids do not reach.

    Raises:
        ArgumentError: mids and times differ in length, or times fall.
    """

def fee_tier(volume_usd: float) -> tuple[float, float]:
    """Hyperliquid's (taker, maker) rates at a 14-day volume in dollars; fractions of notional."""

def stake_discount(hype: float) -> float:
    """Share of positive fees saved by staking so much HYPE, 0 to 1."""

def maker_rate(volume_usd: float, hype: float, maker_share: float) -> float:
    """Maker rate at a volume in dollars, a stake in HYPE and a share (0 to 1) of the venue's maker
    volume; a fraction of notional, negative is a rebate."""

def stake_step(step: Mapping[str, Any]) -> dict[str, Any]:
    """Whether a step of staking pays; `step` has fees_usd, capital_usd, bot_return, stake_yield,
    stake_usd and discount, returns and discount as fractions.

    Returns:
        stake_usd, saved, forgone, net (dollars), break_even_capital, break_even_return.

    Raises:
        KeyError: the step lacks a key.
    """

def queue_share(model: str, ahead: float, behind: float) -> float:
    """The share of a cancel that leaves from ahead, 0 to 1; sizes in lots.

    Raises:
        ArgumentError: no such model; `QueueTruth.estimate` has their names.
    """

def queue_advance(model: str, ahead: float, q0: float, traded: float, q1: float) -> float:
    """Lots ahead after an interval in which the level went from `q0` to `q1` and `traded` traded.

    Raises:
        ArgumentError: no such model.
    """

def ahead_on_arrival(
    start: float,
    end: float,
    before: float,
    total: float,
    elapsed: float,
) -> float:
    """Lots ahead of an order that arrives when `elapsed` (0 to 1) of an interval has passed.

    `start` and `end` are the level's lots, `before` and `total` those traded by then and in all.
    """

def classify(n: int, z: float) -> tuple[int, int]:
    """The smallest (cancels, adds) that explains a change of `n` orders and `z` lots."""

def fill_probability(
    flow: tuple[float, float, float],
    ahead: float,
    size: float,
    horizon_s: float,
) -> float:
    """Chance that `ahead + size` lots trade within the horizon in seconds; `flow` is (trades a
    second, mean and mean square of their sizes)."""

def probability_scores(p: _F64, hit: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """brier, logloss, ece10 (calibration error over ten bins) and auc of probabilities, shape (n,);
    auc is None unless both outcomes occur.

    Raises:
        ArgumentError: lengths differ, or a probability is NaN.
    """

def block_race(
    blocks: Sequence[int],
    placed: int,
    cancelled: int | None,
    takers: Sequence[int],
) -> dict[str, Any]:
    """From which block an order rests and is gone, and for the takers of which blocks it rests.

    Args:
        blocks: times of the blocks, ascending; placed, cancelled: arrivals, in the same unit.
        takers: places of the blocks that takers are in.

    Returns:
        live_from, dead_from (None: after the last), eligible (of `takers`).

    Raises:
        ArgumentError: times fall, or a block is not there.
    """

def px_decimals(size_decimals: int, *, spot: bool = ...) -> int:
    """Decimals of a price on Hyperliquid.

    Raises:
        ArgumentError: more than 8 size decimals.
    """

def price_grid(value: int, extra: int, size_decimals: int, *, spot: bool = ...) -> dict[str, Any]:
    """What Hyperliquid's grid makes of a price of `value` in units of 10^-(px_decimals + extra).

    Returns:
        valid, step, floor, ceil, nearest, next, prev in units of 10^-px_decimals; None where there
        is no such price above 0.

    Raises:
        ArgumentError: the value is not above 0, `extra` above 18, or more than 8 size decimals.
    """

def floor_size(value: int, extra: int, size_decimals: int) -> int:
    """A size of `value` in units of 10^-(size_decimals + extra), floored to whole lots; its sign is
    dropped.

    Raises:
        ArgumentError: too large, or more than 8 size decimals.
    """

def as_finite(params: Mapping[str, Any], horizon: float) -> dict[str, Any]:
    """Avellaneda-Stoikov quotes with a horizon; `params` has mid, q (clips), gamma, sigma (of the
    price, per root of the horizon's unit) and k.

    Returns:
        reservation, spread, bid, ask in the unit of mid.

    Raises:
        KeyError: a parameter is missing.
    """

def as_stationary(params: Mapping[str, Any], q_max: float) -> dict[str, Any]:
    """Avellaneda-Stoikov quotes without a horizon, the inventory held within `q_max` clips.

    Returns:
        omega, and r_ask, r_bid, reservation, ask, bid; None where the limit forbids that side.

    Raises:
        KeyError: a parameter is missing; they are those of `as_finite`.
    """

def glft(params: Mapping[str, Any], q: float, sigma: float) -> dict[str, Any]:
    """GLFT quotes in closed form; `params` has gamma, xi, delta (order size), a and k.

    Returns:
        c1, c2, delta_bid, delta_ask, half_spread (distances from the mid), skew_per_unit.

    Raises:
        KeyError: a parameter is missing.
    """

def glft_exact(params: Mapping[str, Any], sigma: float, q_max: int) -> dict[str, Any]:
    """GLFT's exact steady state by inventory from -q_max to q_max: eigenvalue, delta_bid and
    delta_ask (2 q_max + 1 distances each, None where the limit forbids that side).

    Raises:
        ArgumentError: `q_max` above 1000. KeyError: a parameter is missing.
    """

def fit_intensity(
    deltas: _F64,
    counts: _F64,
    seconds: float,
) -> tuple[str, int, tuple[float, float, float] | None, tuple[float, float, float] | None]:
    """Fit fill intensity by regression: `counts[j]` windows of at least `deltas[j]` ticks in
    `seconds`.

    Returns:
        status (ok, too_few_points, non_positive_k, poor_fit), usable points, then the plain and
        the weighted line as (A per second, k per tick, R2), None with too few points.

    Raises:
        ArgumentError: the columns differ in length.
    """

def fit_geometric(depths: _I64, d0: int, seconds: float) -> tuple[str, int, dict[str, Any] | None]:
    """Fit fill intensity by the tail of depths (whole ticks, a window each) beyond `d0`.

    Returns:
        status (ok, too_few_events, degenerate), events, and mean_excess, a, k, se_k; None unless
        ok.
    """

def fit_probe(fills: int, exposure_s: float) -> tuple[float, float | None]:
    """Fill intensity of a probe per second and the standard error of its logarithm, None without
    fills."""

def weighted_mid(bid: tuple[float, float], ask: tuple[float, float]) -> float:
    """Mid weighted by the sizes opposite; each side as (price, size); plain where both are 0."""

def depth_weighted_mid(
    bids: Sequence[tuple[float, float]],
    asks: Sequence[tuple[float, float]],
    depth: int,
    decay: float,
) -> float | None:
    """The same with sizes summed over `depth` levels, best first, weighted exp(-decay rank); None
    where a side is empty."""

def depth_imbalance(
    bids: Sequence[tuple[float, float]],
    asks: Sequence[tuple[float, float]],
    depth: int,
    decay: float,
) -> float:
    """Balance of the first `depth` levels, weighted exp(-decay rank): -1 to 1, positive is
    bid-heavy, 0 where nothing rests."""

def distance_imbalance(
    bids: Sequence[tuple[float, float]],
    asks: Sequence[tuple[float, float]],
    width_bps: float,
    decay_bps: float,
) -> float:
    """Balance of the levels within `width_bps` of the mid, weighted exp(-distance / decay_bps): -1
    to 1, 0 where a side is empty."""

def order_flow_levels(
    looks: Sequence[tuple[Sequence[tuple[float, float]], Sequence[tuple[float, float]]]],
    ranks: int,
) -> dict[str, Any]:
    """Order flow by level rank over consecutive (bids, asks), best first.

    Returns:
        sum by rank, mean_depth, normalised (sums over that mean); zeros where nothing rests.
    """

def flow_imbalance(trades: Sequence[tuple[float, float, float]], start: float, end: float) -> float:
    """Balance of (time, side, size) trades after `start` and up to `end`: -1 to 1, 0 without
    trades."""

def flow_imbalance_decayed(
    trades: Sequence[tuple[float, float, float]],
    now: float,
    half_life: float,
) -> float:
    """Balance of trades up to `now`, halved each `half_life`: -1 to 1, 0 without trades."""

def fit_micro_price(
    rows: _F64,
    grid: tuple[int, int, float],
    symmetric: bool,
) -> dict[str, Any] | None:
    """Fit the micro-price to rows of (bid, ask, bid size, ask size), shape (n, 4); `grid` is
    (n_imb, n_spread, tick).

    Returns:
        stay, moves, moved, first, next (matrices, flat by rows), adjustment (in price) and
        visits by state, residual, skipped; None where some states never lead to a move of the
        mid.

    Raises:
        ArgumentError: not 4 columns, or a grid that is not positive.
    """

def bar_volatility(open: _F64, high: _F64, low: _F64, close: _F64) -> dict[str, Any]:
    """Volatility per bar: close_to_close, parkinson, garman_klass, rogers_satchell, yang_zhang;
    None where there are too few bars. Columns of shape (n,).

    Raises:
        ArgumentError: the columns differ in length.
    """

def ewma_volatility(closes: _F64, half_life: float, seed: int) -> list[float]:
    """Volatility after each return from the `seed`-th on, which the mean square of those before
    starts; `half_life` in returns. Empty with fewer returns."""

def replay_case(json: str) -> str:
    """Run one resting order against a list of events, JSON in and out.

    Raises:
        ArgumentError: the JSON is no case.
    """

@final
class QpnOrder:
    """One resting order under the order-count model, in lots.

    Args:
        config: edges (s), rates (one more), age0_s, pmf (chance by lots), pmf_floor.
        ahead, n_ahead: lots and orders ahead at first.

    Raises:
        ArgumentError: rates do not fit the edges. KeyError: a key is missing.
    """

    def __new__(cls, config: Mapping[str, Any], ahead: float, n_ahead: float) -> Self: ...
    def step(self, level: Mapping[str, Any]) -> float | None:
        """Apply an interval (q0, n0, traded, exhausted, q1, n1, dt in seconds); the chance that its
        one cancel was ahead, None unless there was exactly one.

        Raises:
            KeyError: a key is missing.
        """

    @property
    def ahead(self) -> float:
        """Lots ahead."""

    @property
    def n_ahead(self) -> float:
        """Orders ahead."""

    @property
    def groups(self) -> list[tuple[float, float, float, bool]]:
        """Orders behind as (lots each, count, born in seconds, exact)."""

    @property
    def exposure(self) -> list[float]:
        """Order-seconds at risk by age bin."""

    @property
    def cancels(self) -> list[float]:
        """Expected cancels by age bin."""

@final
class Latency:
    """How long requests and answers travel; `scale` multiplies it.

    Every constructor raises ArgumentError for negative or disordered numbers, naming the row.
    """

    @staticmethod
    def constant(entry_ns: int, response_ns: int, scale: float) -> Latency:
        """Always the same."""

    @staticmethod
    def feed(entry: tuple[float, float], response: tuple[float, float], scale: float) -> Latency:
        """Lines, as (slope, offset in ns), in the latency of market data, rounded to ms."""

    @staticmethod
    def recorded(rows: Sequence[tuple[int, int, int]], scale: float) -> Latency:
        """Interpolated between recorded (request, exchange, response) times in nanoseconds, rounded
        to ms; an exchange time of 0 is a request that was lost."""

    def times(self, now: int, feed_ns: int) -> tuple[int | None, int]:
        """When a request at `now` (ns) reaches the venue, None if never, and when we know;
        `feed_ns` is the latency of the last market data."""

def quote(
    size_decimals: int, params: Mapping[str, Any], state: Mapping[str, Any]
) -> dict[str, Any]:
    """The wanted quotes on Hyperliquid's grid.

    Args:
        params: the strategy's quoting parameters by name, intensity as A and k.
        state: best_bid, best_ask (price units), fair, sigma, position (lots), bias, m_bid, m_ask,
            m_spread, m_size, m_maxpos.

    Returns:
        bids and asks as (level, price units, lots), reason (None, or why there are none), and diag.

    Raises:
        ArgumentError: no such mode, or more than 8 size decimals. KeyError: a key is missing.
    """

def kalman_level(values: _F64, q: float, r: float) -> dict[str, Any]:
    """The local level filter over values, shape (n,); `q` and `r` are variances.

    Returns:
        level, variance, innovation, innovation_variance, gain by value; log_likelihood of all but
        the first.

    Raises:
        ArgumentError: a value is not a number.
    """

def kalman_trend(values: _F64, noise: tuple[float, float, float], dt: float) -> dict[str, Any]:
    """The local linear trend over values `dt` apart; `noise` is (q_level, q_slope, r).

    Returns:
        level, slope, p11, p12, p22, innovation, innovation_variance, rejected by value;
        log_likelihood of all but the first.

    Raises:
        ArgumentError: a value is not a number, or `dt` not above 0.
    """

def noise_by_moments(values: _F64) -> dict[str, float] | None:
    """Noise of the local level from the autocovariances of the differences: g0, g1, q, r; None with
    fewer than 3 values."""

def noise_by_likelihood(values: _F64) -> dict[str, float] | None:
    """The most likely noise of the local level: log10_ratio, q, r, log_likelihood; None with fewer
    than 3 values or where they do not move."""

def qqe(closes: _F64, rsi_n: int, smoothing: int, factor: float) -> dict[str, Any]:
    """QQE after each close: rsi_ma, reach, line (None until there is one), trend (+1, -1, 0),
    ready.

    Raises:
        ArgumentError: a length outside 1 to 10000.
    """

def kalman_bias(slope: float, variance: float) -> float:
    """The slope in its own deviations, -1 to 1."""

def qqe_bias(rsi_ma: float, trend: int) -> float:
    """How far QQE's index is beyond its middle, the way of its trend (+1, -1 or 0)."""

def directional_bias(kalman: float, qqe: float) -> float:
    """Both together, -1 to 1; 0 where they disagree."""

def average_true_range(high: _F64, low: _F64, close: _F64) -> list[float | None]:
    """Average true range over fourteen bars, after each bar, in price; None until there are
    fourteen.

    Raises:
        ArgumentError: the columns differ in length.
    """

def toxicity_score(side: int, px: float, later: float, atr: float) -> float:
    """How toxic a fill was at one horizon, 0 to 1: the move to `later` against it, in true ranges.

    Raises:
        ArgumentError: the side is neither 1 nor -1.
    """

def toxicity_multiplier(score: float, fills: int) -> float:
    """What multiplies the half spread of a side with this score: 0.9 to 1.5, 1 below ten scored
    fills."""

@final
class Toxicity:
    """Scores of our fills by side: tick by tick, or bar by bar where a length of bars is given.

    Fills and mids come in order of time, in Unix nanoseconds; a side is +1 or -1, anything else is
    an ArgumentError, and so is a length of bars that is not above 0.
    """

    def __new__(cls, bar_ns: int | None = None) -> Self: ...
    def on_fill(self, ts: int, side: int, px: float, atr: float | None) -> None:
        """Take in one of our fills, with the average true range at that time, where known."""

    def on_mid(self, ts: int, mid: float) -> None:
        """Take in the mid from this time on."""

    def settle(self, ts: int) -> None:
        """No more mids come for this time or before it."""

    def on_gap(self) -> None:
        """Prices were not known for a while."""

    def side(self, side: int) -> dict[str, Any]:
        """Return value (None before the first), fills and multiplier of a side."""

    @property
    def skipped(self) -> int:
        """Fills that could not be scored."""

def vpin(trades: Sequence[tuple[int, float]], bucket: float, n: int) -> list[float]:
    """VPIN (0 to 1) after each bucket that (side, size) trades fill, once there are `n`; `bucket`
    is a volume, sizes that are not above 0 are left out.

    Raises:
        ArgumentError: a bucket that is not above 0, `n` outside 1 to 10000, a side that is none.
    """

def bulk_buy_share(change: float, sigma: float) -> float:
    """Share of a bar's volume that was buying, 0 to 1, from its price change; half without
    deviation."""

def regimes(ratios: _F64) -> list[str | None]:
    """The regime after each ratio of fast to slow volatility: low, normal, high or extreme; None
    before the first number."""

def size_factors(inputs: Mapping[str, Any]) -> dict[str, float]:
    """What multiplies the order size, and what it is made of; drawdowns are integers of one unit.

    Args:
        inputs: vol_ratio, fill_rate, toxicity (each may be None), rho (inventory, -1 to 1),
            drawdown, drawdown_max (0: none).

    Returns:
        volatility, fills, inventory, toxicity, drawdown, multiplier.

    Raises:
        KeyError: a key is missing.
    """

@final
class Tuner:
    """Spread multiplier and skew factor as the days go.

    Raises:
        ArgumentError: a base value below 0 or not a number.
    """

    def __new__(cls, spread_mult: float, skew: float) -> Self: ...
    def step(
        self,
        sharpe: float | None,
        fill_rate: float | None,
        mean_rho: float | None,
        fills: int,
    ) -> list[str]:
        """One step by what the last day showed, None where not known; the names of what it did:
        widen, tighten, skew_up, reset_spread, reset_skew."""

    @property
    def spread_mult(self) -> float:
        """What multiplies the spread."""

    @property
    def skew(self) -> float:
        """The skew factor."""

def inventory_ages(positions: Sequence[tuple[int, int]], until: int) -> tuple[list[float], float]:
    """Age in seconds of a position after each (time, lots), and at the end; times in ns."""

def decayed_skew(factor: float, age_s: float, kappa: float, half_life_s: float) -> float:
    """The skew factor of an inventory of this age, at most 1: `factor` grows by up to `kappa` of
    itself, half of that in `half_life_s`."""

def candle_features(
    open_ns: _I64,
    candles: tuple[_F64, _F64, _F64, _F64, _F64],
    quotes: Sequence[tuple[int, int, float]],
) -> _F64:
    """Candle features, shape (quotes, 15), named by CANDLE_FEATURES.

    Args:
        open_ns: when each candle opened, Unix ns, shape (n,).
        candles: open, high, low, close and volume, each of shape (n,).
        quotes: (candle after whose close it is placed, side, price), candles not falling.

    Raises:
        ArgumentError: lengths differ, a candle is not there or behind, no sound candle or price.
    """

@final
class Trees:
    """A classifier of gradient-boosted trees, from the text of its file.

    Args:
        file: names the file in messages.
        features: those that it will be fed, in order.

    Raises:
        ModelError: another schema or features, a digest that does not match, trees that are
            none.
    """

    def __new__(cls, file: str, text: str, features: Sequence[str]) -> Self: ...
    @property
    def features(self) -> list[str]:
        """Names of the features, in order."""

    @property
    def sha256(self) -> str:
        """Digest of the model, in hex."""

    @property
    def loss_bps(self) -> float | None:
        """What the positive class loses on the average, in basis points; None if not said."""

    def probabilities(self, rows: _F64) -> _F64:
        """Chance of the positive class for rows of shape (n, features); the result has shape (n,).

        Raises:
            ArgumentError: rows of another width.
        """

@final
class Desk:
    """Several symbols behind one gate: frames, events and times in, approved commands out.

    Raises:
        ArgumentError, UnsupportedError: naming the field of the JSON text that is wrong.
    """

    def __new__(cls, spec_json: str) -> Self:
        """Build from JSON: `symbols` (symbol, size_decimals, params, candles,
        retained: micro-USD that earlier runs earned), `capital_usd`, `fees` (maker, taker),
        `tag` (u64, what order ids begin with), `now` (ns), `signals` (a file in hex).
        """

    def frame(self, recv_ns: int, frame: bytes) -> tuple[str, int, str]:
        """Take in a frame of a socket as it came.

        Returns:
            What it was about (market, own, control, nothing), the symbol of a market or -1, and
            the venue's words where it refused something.

        Raises:
            PayloadError: it is malformed; nothing of it was taken in.
        """

    def event(self, now_ns: int, event_json: str) -> None:
        """Take in what reached us beside frames: answer, funding, baseline, agreed, hold, halt,
        flatten, patience, scale, params.

        Raises:
            ArgumentError: it is no event, or names a symbol or parameter that there is not.
        """

    def decide(self, now_ns: int, symbol: int | None = None) -> list[tuple[Any, ...]]:
        """Decide for one symbol, or for all.

        Returns:
            Commands that passed the gate: ("place", symbol, cloid, side, px, size, tif,
            reduce_only), ("cancel", symbol, cloid), ("cancel_all", symbol or None); px in price
            units, size in lots.
        """

    def report(self, now_ns: int) -> str:
        """Return the desk as it stands, as JSON: prices in price units, sizes in lots, money in
        micro-dollars, the parts of the profit (`...2`) in half micro-dollars.
        """

    def notices(self) -> list[tuple[str, int, int, bool]]:
        """Move out what should be known since the last call: kind (foreign_order, foreign_fill),
        symbol, venue id, whether an order rests.
        """

    def signals(self) -> bytes:
        """Return what the signals know now, as the file that another run begins with."""
