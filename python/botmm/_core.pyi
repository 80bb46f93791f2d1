"""Core module — the compiled core: what crosses, in which types, units and shapes.

Columns are dicts of contiguous numpy arrays of one length, named as the fields of rows:
`ts_exch i64, ts_recv i64, seq u64, stream u8, kind u8, side i8, px i64, qty i64, n u32, flags u8,
id u64`. Times are Unix nanoseconds, prices and sizes integers in the decimals of their symbol.
Inputs are borrowed and must not be written to during a call; work above 100 µs detaches from the
interpreter. Errors are subclasses of CoreException.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "CANDLE_FEATURES",
    "TICK_FEATURES",
    "TREES_SCHEMA",
    "ArgumentError",
    "Assembler",
    "CoreException",
    "DecimalError",
    "GapError",
    "Latency",
    "ModelError",
    "NotionalOverflowError",
    "OrderStateError",
    "PayloadError",
    "QpnFit",
    "QpnOrder",
    "QueueTruth",
    "Replay",
    "Synth",
    "TapeError",
    "TapeWriter",
    "Toxicity",
    "Trees",
    "Tuner",
    "UnsupportedError",
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
    "measure_clock_offset",
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
    orders: _Columns
    equity: _Columns

class _Result(_Drained):
    fills: _Columns
    summary: str

def param_table() -> list[_ParamRow]:
    """Return the parameters of `[strategy]`, in the order of the documentation."""

def base_fees(venue: str) -> tuple[float, float]:
    """Return maker and taker rates of a venue's base tier; fractions, positive is paid."""

@final
class Replay:
    """A run over tapes, described by JSON as `botmm.research.replay.spec` writes it.

    Raises:
        ArgumentError, TapeError, GapError, UnsupportedError: before anything is played.
    """

    def __new__(cls, spec_json: str) -> Self: ...
    def run(self, max_rows: int) -> _Progress:
        """Play about so many more rows; `ts` is the run's clock."""

    def drain(self) -> _Drained:
        """Move out the orders that have ended and the equity samples since the last call."""

    def why(self, ts: int) -> str:
        """Play every step up to and at a time; how the quotes came about then, as JSON.

        Prices are integers with the symbol's decimals; the terms of a quote have ten decimals and
        add up to its price.
        """

    def result(self) -> _Result:
        """Close the run where it is and move out everything not moved out before."""

@final
class TapeWriter:
    """Writes one tape through a temporary file and a rename; leaving `with` early aborts.

    Args:
        after: the writer of the tape before, whose book and effort this one continues.
        quick: write fast and larger; for what can be made again.

    Raises:
        TapeError: rows out of order or invalid, or the file cannot be written.
    """

    def __new__(
        cls,
        path: str,
        meta: dict[str, str],
        after: TapeWriter | None = None,
        *,
        quick: bool = False,
    ) -> Self: ...
    def append(self, columns: _Columns) -> None: ...
    def set_meta(self, key: str, value: str) -> None:
        """Set a key of the metadata that `close` writes."""

    def close(self) -> _TapeSummary: ...
    def abort(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None: ...

def read_tape(path: str, from_recv: int | None = None, to_recv: int | None = None) -> _Columns:
    """Return the rows of one tape received in [from_recv, to_recv)."""

def count_rows(path: str) -> int:
    """Return the rows of one tape, decoded as replay does: what reading alone takes.

    Raises:
        TapeError: the file is missing, damaged or of another schema.
    """

def tape_info(path: str) -> _TapeInfo:
    """Return what a tape says of itself; row groups are (rows, first, last receive time)."""

def touches(kind: _U8, side: _I8, px: _I64) -> tuple[_I64, _I64]:
    """Return best bid and best ask after each row, 0 where there is none; shape (n,)."""

def measure_clock_offset(ts_exch: _I64, ts_recv: _I64) -> int:
    """Return what to add to receive times so that none is before its venue time."""

def scan_lines(format: str, data: bytes, first_line: int = 1) -> dict[str, tuple[int, int, int]]:
    """Return price decimals, size decimals and messages of each symbol in verbatim frames."""

@final
class Assembler:
    """Collects recorded tables of one symbol and merges them into rows in order of delivery.

    Prices and sizes of shape (n, levels) hold 0 where a level is absent; a touch price of -1 means
    that its side did not change.
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
        """Take in frames; `seq` is the last sequence that each frame contains."""

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
    ) -> None: ...
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
        """Take in messages; message i owns the levels `offsets[i]:offsets[i + 1]`."""

    def add_trades(
        self, ts_exch: _I64, ts_recv: _I64, side: _I8, px: _I64, qty: _I64, id: _U64
    ) -> None: ...
    def add_context(self, ts_exch: _I64, ts_recv: _I64, kind: _U64, value: _I64) -> None: ...
    def add_gaps(self, start: _I64, end: _I64, cause: _U64) -> None: ...
    def add_neutral(
        self,
        ts_exch: _I64,
        ts_local: _I64,
        kind: _U8,
        side: _I8,
        px: _I64,
        qty: _I64,
        depth: int = ...,
    ) -> None: ...
    def add_lines(
        self,
        format: str,
        symbol: str,
        data: bytes,
        first_line: int = 1,
        clock_offset_ns: int = 0,
    ) -> tuple[_I64, _I64, _U8]:
        """Take in verbatim frames, a line each, and return the venue times (0 for none), receive
        times (with the offset) and streams of their messages; errors name the line."""

    def begin(self, at_recv: int, venue: str) -> None:
        """Begin anew at a receive time, with a venue's habits: no book of before is carried on."""

    def drain(self, until_recv: int | None = None) -> _Columns:
        """Return the rows received before a time."""

    def counts(self) -> dict[str, int]:
        """Return the counters of what was merged, dropped and found wrong."""

def decimals_to_ints(
    data: bytes | _U8, offsets: _I64, decimals: int, *, exponents: bool = True
) -> _I64:
    """Return decimal texts as integers of `10^-decimals`, exactly; text i is
    `data[offsets[i]:offsets[i + 1]]`."""

def floats_to_ints(values: _F64, decimals: int) -> _I64:
    """Return floats as integers of `10^-decimals`, each by its shortest decimal."""

def max_decimals(data: bytes | _U8, offsets: _I64) -> int:
    """Return the most decimals that any text needs; trailing zeros do not count."""

def decode_frame(venue: str, frame: bytes, px_decimals: int, size_decimals: int) -> dict[str, Any]:
    """Return what one frame of a venue says; the key `kind` tells which."""

def scan_scales(venue: str, data: bytes) -> dict[str, tuple[int, int]]:
    """Return price and size decimals of each symbol in lines of frames."""

@final
class Synth:
    """A synthetic market described by JSON; the same seed gives the same rows.

    `model` is `orders` (order by order) or `plain` (levels; the UTC day that `start` is in).
    """

    def __new__(cls, config_json: str) -> Self: ...
    @property
    def px_decimals(self) -> int: ...
    @property
    def size_decimals(self) -> int: ...
    def step_until(self, until: int) -> _Columns:
        """Simulate to a time and return what was received by then."""

    def take_truth(self) -> QueueTruth:
        """Move out the truth about hypothetical orders since the last call."""

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
        """Return the orders that have ended, a row each."""

    def samples(self) -> _Columns:
        """Return their true queues over time, by `id`."""

    def estimate(
        self, model: str, views_ms: tuple[int, int, int], fitted: QpnFit | None = None
    ) -> dict[str, _F64]:
        """Return errors of a queue model; views are interval, horizon and probe distance."""

    def calibrate(self, views_ms: tuple[int, int, int]) -> QpnFit:
        """Return the order-count model fitted to these orders."""

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
    def edges(self) -> list[float]: ...
    @property
    def rates(self) -> list[float]: ...

def sharpe(returns: _F64) -> float | None:
    """Mean over sample deviation per period."""

def sharpe_lo(returns: _F64, periods: float) -> float | None:
    """Sharpe ratio over `periods` periods, corrected for autocorrelation."""

def sortino(returns: _F64) -> float | None:
    """Mean over downside deviation per period."""

def drawdown(equity: _F64) -> dict[str, Any]:
    """The deepest fall of an equity curve."""

def sharpe_shape(returns: _F64) -> dict[str, Any] | None:
    """Number, Sharpe ratio, skewness and kurtosis of returns."""

def sharpe_probability(shape: Mapping[str, Any], than: float) -> float:
    """Probability that the true Sharpe ratio exceeds `than`."""

def track_record(shape: Mapping[str, Any], than: float, confidence: float) -> float | None:
    """Returns needed before a Sharpe ratio exceeds `than` with this confidence."""

def expected_max_sharpe(trials: float, variance: float) -> float:
    """Sharpe ratio that the best of worthless trials is expected to show."""

def overfitting(trials: _F64, blocks: int) -> dict[str, Any]:
    """Probability of backtest overfitting of trials, shape (trials, rows)."""

def pnl_parts(
    fills: Sequence[tuple[float, float, float, float, float]],
    marks: Sequence[tuple[float, float]],
    funding: Sequence[tuple[float, float, float]],
    fee_rate: float,
) -> dict[str, Any]:
    """The parts of a result from rows of fills (t, side, px, qty, mid), marks (t, mid) and funding
    (t, rate, oracle); at equal times marks come first, then fills, then funding.
    """

def round_trips(fills: Sequence[tuple[float, float, float]]) -> dict[str, Any]:
    """First-in first-out round trips of (side, px, qty) fills."""

def markouts(
    mids: tuple[_I64, _F64],
    fills: Sequence[tuple[int, float, float]],
    horizons_ns: Sequence[int],
    fee_bps: float,
) -> list[dict[str, Any]]:
    """Markouts in bps of (ts, side, px) fills at horizons in nanoseconds; `mids` is (times, mids)."""

def fee_tier(volume_usd: float) -> tuple[float, float]:
    """Hyperliquid's (taker, maker) rates at a 14-day volume in dollars."""

def stake_discount(hype: float) -> float:
    """Share of positive fees saved by staking HYPE."""

def maker_rate(volume_usd: float, hype: float, maker_share: float) -> float:
    """Maker rate at a volume, a stake and a share of the venue's maker volume."""

def stake_step(step: Mapping[str, Any]) -> dict[str, Any]:
    """Whether a step of staking pays."""

def queue_share(model: str, ahead: float, behind: float) -> float:
    """The share of a cancel that leaves from ahead, by model name."""

def queue_advance(model: str, ahead: float, q0: float, traded: float, q1: float) -> float:
    """Lots ahead after an interval in which the level went from `q0` to `q1` and `traded` traded."""

def ahead_on_arrival(
    start: float,
    end: float,
    before: float,
    total: float,
    elapsed: float,
) -> float:
    """Lots ahead of an order that arrives when `elapsed` (0 to 1) of an interval has passed."""

def classify(n: int, z: float) -> tuple[int, int]:
    """The smallest (cancels, adds) that explains a change of `n` orders and `z` lots."""

def fill_probability(
    flow: tuple[float, float, float],
    ahead: float,
    size: float,
    horizon_s: float,
) -> float:
    """Chance that `ahead + size` lots trade within the horizon; `flow` is (rate, m1, m2)."""

def probability_scores(p: _F64, hit: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Brier score, log loss, calibration error over ten bins and AUC of probabilities."""

def block_race(
    blocks: Sequence[int],
    placed: int,
    cancelled: int | None,
    takers: Sequence[int],
) -> dict[str, Any]:
    """From which block an order rests and is gone, and for the takers of which blocks it rests."""

def px_decimals(size_decimals: int, *, spot: bool = ...) -> int:
    """Decimals of a price on Hyperliquid."""

def price_grid(value: int, extra: int, size_decimals: int, *, spot: bool = ...) -> dict[str, Any]:
    """What Hyperliquid's grid makes of a price of `value` in units of 10^-(px_decimals + extra);
    the results are in units of 10^-px_decimals.
    """

def floor_size(value: int, extra: int, size_decimals: int) -> int:
    """A size of `value` in units of 10^-(size_decimals + extra), floored to whole lots."""

def as_finite(params: Mapping[str, Any], horizon: float) -> dict[str, Any]:
    """Avellaneda-Stoikov quotes with a horizon; `params` has mid, q, gamma, sigma and k."""

def as_stationary(params: Mapping[str, Any], q_max: float) -> dict[str, Any]:
    """Avellaneda-Stoikov quotes without a horizon, the inventory held within `q_max`."""

def glft(params: Mapping[str, Any], q: float, sigma: float) -> dict[str, Any]:
    """GLFT quotes in closed form; `params` has gamma, xi, delta, a and k."""

def glft_exact(params: Mapping[str, Any], sigma: float, q_max: int) -> dict[str, Any]:
    """GLFT's exact steady state by inventory from -q_max to q_max."""

def fit_intensity(
    deltas: _F64,
    counts: _F64,
    seconds: float,
) -> tuple[str, int, tuple[float, float, float] | None, tuple[float, float, float] | None]:
    """Fit fill intensity by regression: (status, points, plain, weighted), lines as (A, k, R2)."""

def fit_geometric(depths: _I64, d0: int, seconds: float) -> tuple[str, int, dict[str, Any] | None]:
    """Fit fill intensity by the geometric tail of depths: (status, events, estimate)."""

def fit_probe(fills: int, exposure_s: float) -> tuple[float, float | None]:
    """Fill intensity of a probe and the standard error of its logarithm."""

def weighted_mid(bid: tuple[float, float], ask: tuple[float, float]) -> float:
    """The mid weighted by the sizes opposite; each side as (price, size)."""

def depth_weighted_mid(
    bids: Sequence[tuple[float, float]],
    asks: Sequence[tuple[float, float]],
    depth: int,
    decay: float,
) -> float | None:
    """The same with sizes summed over `depth` levels, weighted exp(-decay rank)."""

def depth_imbalance(
    bids: Sequence[tuple[float, float]],
    asks: Sequence[tuple[float, float]],
    depth: int,
    decay: float,
) -> float:
    """Balance of the first `depth` levels, -1 to 1."""

def distance_imbalance(
    bids: Sequence[tuple[float, float]],
    asks: Sequence[tuple[float, float]],
    width_bps: float,
    decay_bps: float,
) -> float:
    """Balance of the levels within `width_bps` of the mid, -1 to 1."""

def order_flow_levels(
    looks: Sequence[tuple[Sequence[tuple[float, float]], Sequence[tuple[float, float]]]],
    ranks: int,
) -> dict[str, Any]:
    """Order flow by level rank over consecutive (bids, asks)."""

def flow_imbalance(trades: Sequence[tuple[float, float, float]], start: float, end: float) -> float:
    """Balance of (time, side, size) trades after `start` and up to `end`."""

def flow_imbalance_decayed(
    trades: Sequence[tuple[float, float, float]],
    now: float,
    half_life: float,
) -> float:
    """Balance of trades up to `now`, halved in weight each `half_life`."""

def fit_micro_price(
    rows: _F64,
    grid: tuple[int, int, float],
    symmetric: bool,
) -> dict[str, Any] | None:
    """Fit the micro-price to rows of (bid, ask, bid size, ask size); `grid` is (n_imb, n_spread,
    tick).
    """

def bar_volatility(open: _F64, high: _F64, low: _F64, close: _F64) -> dict[str, Any]:
    """Volatility per bar by five estimators; columns of one length."""

def ewma_volatility(closes: _F64, half_life: float, seed: int) -> list[float]:
    """Volatility after each return, seeded by the first `seed` of them."""

def replay_case(json: str) -> str:
    """Run one resting order against a list of events, JSON in and out."""

@final
class QpnOrder:
    """One resting order under the order-count model, in lots."""

    def __new__(cls, config: Mapping[str, Any], ahead: float, n_ahead: float) -> Self: ...
    def step(self, level: Mapping[str, Any]) -> float | None:
        """Apply an interval; the chance that its one cancel was ahead, if there was one."""

    @property
    def ahead(self) -> float:
        """Lots ahead."""

    @property
    def n_ahead(self) -> float:
        """Orders ahead."""

    @property
    def groups(self) -> list[tuple[float, float, float, bool]]:
        """Orders behind as (size, count, born, exact)."""

    @property
    def exposure(self) -> list[float]:
        """Order-seconds at risk by age bin."""

    @property
    def cancels(self) -> list[float]:
        """Expected cancels by age bin."""

@final
class Latency:
    """How long requests and answers travel."""

    @staticmethod
    def constant(entry_ns: int, response_ns: int, scale: float) -> Latency:
        """Always the same."""

    @staticmethod
    def feed(entry: tuple[float, float], response: tuple[float, float], scale: float) -> Latency:
        """Lines, as (slope, offset in nanoseconds), in the latency of market data."""

    @staticmethod
    def recorded(rows: Sequence[tuple[int, int, int]], scale: float) -> Latency:
        """Interpolated between recorded (request, exchange, response) times in nanoseconds."""

    def times(self, now: int, feed_ns: int) -> tuple[int | None, int]:
        """When a request reaches the venue, `None` if never, and when we know."""

def quote(
    size_decimals: int, params: Mapping[str, Any], state: Mapping[str, Any]
) -> dict[str, Any]:
    """The wanted quotes on Hyperliquid's grid: rows of (level, price units, lots), and why."""

def kalman_level(values: _F64, q: float, r: float) -> dict[str, Any]:
    """The local level filter over values, a column a result; the log-likelihood leaves out the first."""

def kalman_trend(values: _F64, noise: tuple[float, float, float], dt: float) -> dict[str, Any]:
    """The local linear trend over values `dt` apart; `noise` is (q_level, q_slope, r)."""

def noise_by_moments(values: _F64) -> dict[str, float] | None:
    """Noise of the local level from the autocovariances of the differences: g0, g1, q, r."""

def noise_by_likelihood(values: _F64) -> dict[str, float] | None:
    """The most likely noise of the local level: log10_ratio, q, r, log_likelihood."""

def qqe(closes: _F64, rsi_n: int, smoothing: int, factor: float) -> dict[str, Any]:
    """QQE after each close: rsi_ma, reach, line (None until there is one), trend, ready."""

def kalman_bias(slope: float, variance: float) -> float:
    """The slope in its own deviations, -1 to 1."""

def qqe_bias(rsi_ma: float, trend: int) -> float:
    """How far QQE's index is beyond its middle, the way of its trend (+1, -1 or 0)."""

def directional_bias(kalman: float, qqe: float) -> float:
    """Both together, -1 to 1; 0 where they disagree."""

def average_true_range(high: _F64, low: _F64, close: _F64) -> list[float | None]:
    """Average true range over fourteen bars, after each bar, in price."""

def toxicity_score(side: int, px: float, later: float, atr: float) -> float:
    """How toxic a fill was at one horizon, 0 to 1."""

def toxicity_multiplier(score: float, fills: int) -> float:
    """What multiplies the half spread of a side with this score after so many scored fills."""

@final
class Toxicity:
    """Scores of our fills by side: tick by tick, or bar by bar where a length of bars is given.

    Fills and mids come in order of time, in Unix nanoseconds; a side is +1 or -1.
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
    """VPIN after each bucket that (side, size) trades fill, once there are `n`."""

def bulk_buy_share(change: float, sigma: float) -> float:
    """Share of a bar's volume that was buying, from its price change."""

def regimes(ratios: _F64) -> list[str | None]:
    """The regime after each ratio of fast to slow volatility: low, normal, high or extreme."""

def size_factors(inputs: Mapping[str, Any]) -> dict[str, float]:
    """What multiplies the order size, and what it is made of; drawdowns are integers of one unit."""

@final
class Tuner:
    """Spread multiplier and skew factor as the days go."""

    def __new__(cls, spread_mult: float, skew: float) -> Self: ...
    def step(
        self,
        sharpe: float | None,
        fill_rate: float | None,
        mean_rho: float | None,
        fills: int,
    ) -> list[str]:
        """One step by what the last day showed; the names of what it did."""

    @property
    def spread_mult(self) -> float:
        """What multiplies the spread."""

    @property
    def skew(self) -> float:
        """The skew factor."""

def inventory_ages(positions: Sequence[tuple[int, int]], until: int) -> tuple[list[float], float]:
    """Age in seconds of a position after each (time, lots), and at the end; times in nanoseconds."""

def decayed_skew(factor: float, age_s: float, kappa: float, half_life_s: float) -> float:
    """The skew factor of an inventory of this age."""

def candle_features(
    open_ns: _I64,
    candles: tuple[_F64, _F64, _F64, _F64, _F64],
    quotes: Sequence[tuple[int, int, float]],
) -> _F64:
    """Candle features, shape (quotes, 15), named by CANDLE_FEATURES.

    `candles` are open, high, low, close and volume; a quote is (candle after whose close it is
    placed, side, price), candles not falling.
    """

@final
class Trees:
    """A classifier of gradient-boosted trees, from the text of its file."""

    def __new__(cls, file: str, text: str, features: Sequence[str]) -> Self: ...
    @property
    def features(self) -> list[str]:
        """Names of the features, in order."""

    @property
    def sha256(self) -> str:
        """Digest of the model."""

    def probabilities(self, rows: _F64) -> _F64:
        """Chance of the positive class for rows of shape (n, features)."""
