"""Core module — the compiled core: what crosses, in which types, units and shapes.

Columns are dicts of contiguous numpy arrays of one length, named as the fields of rows:
`ts_exch i64, ts_recv i64, seq u64, stream u8, kind u8, side i8, px i64, qty i64, n u32, flags u8,
id u64`. Times are Unix nanoseconds, prices and sizes integers in the decimals of their symbol.
Inputs are borrowed and must not be written to during a call; work above 100 µs detaches from the
interpreter. Errors are subclasses of CoreException.
"""

from types import TracebackType
from typing import Any, Self, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

__all__ = [
    "ArgumentError",
    "Assembler",
    "CoreException",
    "DecimalError",
    "GapError",
    "NotionalOverflowError",
    "OrderStateError",
    "PayloadError",
    "QpnFit",
    "QueueTruth",
    "Replay",
    "Synth",
    "TapeError",
    "TapeWriter",
    "UnsupportedError",
    "__version__",
    "base_fees",
    "decimals_to_ints",
    "decode_frame",
    "floats_to_ints",
    "max_decimals",
    "measure_clock_offset",
    "param_table",
    "read_tape",
    "scan_lines",
    "scan_scales",
    "tape_info",
    "touches",
]

__version__: str

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

    def result(self) -> _Result:
        """Close the run where it is and move out everything not moved out before."""

@final
class TapeWriter:
    """Writes one tape through a temporary file and a rename; leaving `with` early aborts.

    Args:
        after: the writer of the tape before, whose book this one continues.

    Raises:
        TapeError: rows out of order or invalid, or the file cannot be written.
    """

    def __new__(cls, path: str, meta: dict[str, str], after: TapeWriter | None = None) -> Self: ...
    def append(self, columns: _Columns) -> None: ...
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
        clock_offset_ns: int = 0,
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
    ) -> None: ...
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
    def add_lines(self, format: str, symbol: str, data: bytes, first_line: int = 1) -> None:
        """Take in verbatim frames, a line each; errors name the line."""

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
    """A synthetic exchange, order by order, described by JSON; the same seed gives the same rows."""

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

    @property
    def edges(self) -> list[float]: ...
    @property
    def rates(self) -> list[float]: ...
