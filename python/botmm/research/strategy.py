"""Strategy — a quoting rule of one's own in Python, on the same replay as the shipped maker.

The rule says which quotes it wants; orders, risk gate, simulated venue, queue, fees and ledger are
those of the shipped maker. docs/YOUR_OWN_STRATEGY.md shows how to write one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

from botmm.errors import BotmmError, StrategyError, UsageError
from botmm.research.replay import Engine, EngineFactory, ReplayRun, run

if TYPE_CHECKING:
    import numpy.typing as npt

    from botmm.core import View
    from botmm.research.plan import Plan

    # One side: nothing, (price, lots), rows of these, or an array of shape (2,) or (n, 2).
    Side: TypeAlias = (
        tuple[float, float] | Sequence[Sequence[float]] | npt.NDArray[Any] | tuple[()] | None
    )
    Quotes: TypeAlias = tuple[Side, Side]

DEPTH_MAX = 1_000
# The core is asked for so many rows at a time, until so many seconds have passed: a slow rule must
# not keep Ctrl-C waiting.
LOOK_ROWS = 2_000
LOOK_SECONDS = 0.2


class Strategy:
    """A quoting rule of one symbol: derive from it and write `on_step`.

    Attributes:
        depth: levels a side in `view.bid_px` and its like, 0 to 1,000; a class says its own.
        symbol: the symbol that this object quotes; set before the first step.
    """

    depth: int = 5
    symbol: str = ""

    def on_step(self, view: View) -> Quotes:
        """Return the quotes that are wanted from now on.

        It is called at every step (`replay.step_ms`) at which the book may be quoted on. At the
        others nothing is wanted: warm-up, a gap, a crossed or one-sided book, a market not heard of
        for `stale_ms`, a stop of the risk gate.

        Args:
            view: what was heard by the step; the object is the same at each, its arrays are new.

        Returns:
            `(bids, asks)`. A side is None for no quote, `(price, lots)`, or up to 8 of these from
            the best outward, also as an array of shape (2,) or (n, 2), int64 or float64. Prices
            are integers in price units on the venue's grid (`view.floor`, `view.ceil`), sizes
            in lots; whole floats count as integers, a size of 0 wants nothing there.

        Raises:
            Exception: whatever it raises ends the run as a StrategyError.
        """
        raise NotImplementedError(f"{type(self).__name__} needs an on_step(view)")


@dataclass(slots=True)
class Source:
    """Where the strategies of a run come from; each symbol of each run gets one of its own."""

    name: str
    make: Callable[[], Strategy]
    file: Path | None = None
    _made: list[Strategy] = field(default_factory=list)

    def about(self) -> dict[str, str | None]:
        """Return name, file and SHA-256 of the file, for the manifest."""
        if self.file is None:
            return {"name": self.name, "file": None, "sha256": None}
        file, digest = str(self.file), hashlib.sha256(self.file.read_bytes()).hexdigest()
        return {"name": self.name, "file": file, "sha256": digest}

    def engine(self, symbols: Sequence[str]) -> EngineFactory:
        """Return what makes the core of a run of these symbols."""

        def made(spec_json: str) -> Engine:
            from botmm.core import Replay

            return StrategyEngine(Replay(spec_json, [self._of(symbol) for symbol in symbols]))

        return made

    def _of(self, symbol: str) -> Strategy:
        """Return a strategy of a symbol.

        Raises:
            UsageError: it is none, or the one that another symbol or run has.
            StrategyError: it cannot be made.
        """
        try:
            own = self.make()
        except BotmmError:
            raise
        except Exception as error:
            raise StrategyError(
                f"{self.name} cannot be made: {type(error).__name__}: {error}", cure=_place(error)
            ) from error
        if not isinstance(own, Strategy):
            raise UsageError(
                f"{self.name} makes a {type(own).__name__}, not a botmm.Strategy",
                cure="derive the class from botmm.Strategy",
            )
        if any(own is other for other in self._made):
            raise UsageError(
                f"{self.name} is one object for several symbols or runs: they would share its state",
                cure="hand over the class, or a function that makes a new one",
            )
        if own.depth not in range(DEPTH_MAX + 1):
            raise UsageError(f"{self.name}: depth is {own.depth!r}, not 0 to {DEPTH_MAX}")
        self._made.append(own)
        own.symbol = symbol
        return own


class StrategyEngine:
    """The core's replay with strategies in Python: looks up often, and names their errors."""

    def __init__(self, core: Engine) -> None:
        """Take the core."""
        self.core = core

    def run(self, max_rows: int) -> Mapping[str, Any]:
        """Play at most so many rows, or about 0.2 s.

        Raises:
            StrategyError: `on_step` raised or returned what cannot be.
        """
        from botmm.clock import SystemClock

        clock = SystemClock()
        until = clock.monotonic() + LOOK_SECONDS
        at = self._run(min(LOOK_ROWS, max_rows))
        start = int(at["rows"])
        while not at["done"] and clock.monotonic() < until and int(at["rows"]) - start < max_rows:
            at = self._run(LOOK_ROWS)
        return at

    def _run(self, rows: int) -> Mapping[str, Any]:
        from botmm.core import OnStepError

        try:
            return self.core.run(rows)
        except OnStepError as error:
            cause = error.__cause__
            if isinstance(cause, BotmmError):
                raise cause from None
            raise StrategyError(str(error), cure=_place(cause)) from cause

    def drain(self) -> Mapping[str, Any]:
        """Move out what has ended, as the core does."""
        return self.core.drain()

    def save(self) -> bytes:
        """Refuse: what a strategy remembers is its own."""
        return self.core.save()

    def signals(self) -> bytes:
        """Return what the signals know, as the core does."""
        return self.core.signals()

    def result(self) -> Mapping[str, Any]:
        """Return the columns and the summary of what was played."""
        return self.core.result()


def _place(error: BaseException | None) -> str:
    """Return the line in which an error was raised, as a cure."""
    frames = traceback.extract_tb(error.__traceback__) if error is not None else []
    if not frames:
        return "docs/YOUR_OWN_STRATEGY.md says what on_step returns"
    last = frames[-1]
    return f"look at {last.filename}, line {last.lineno}, in {last.name}: {last.line}"


Given: TypeAlias = "Source | Strategy | Callable[[], Strategy] | str | Path"


def source(given: Given) -> Source:
    """Return where strategies come from.

    Args:
        given: a class, a function that makes a strategy, an object for one run of one symbol, or
            `FILE.py` or `FILE.py:Class`.

    Raises:
        UsageError: it is none of these; the file or class is not there, or not the only one.
        StrategyError: the file raises when it is loaded.
    """
    if isinstance(given, Source):
        return given
    if isinstance(given, str | Path):
        return load(str(given))
    if isinstance(given, Strategy):
        return Source(type(given).__name__, lambda: given)
    if callable(given):
        return Source(getattr(given, "__name__", type(given).__name__), given)
    raise UsageError(f"{given!r} is no strategy", cure="derive a class from botmm.Strategy")


def load(text: str) -> Source:
    """Return the strategy of a Python file, given as `FILE.py` or `FILE.py:Class`.

    The file is run, with its folder first among those that it imports from.

    Raises:
        UsageError: no such file or class, or none or several without one being named.
        StrategyError: the file raises when it is loaded.
    """
    name, _, wanted = text.partition(":") if ".py:" in text else (text, "", "")
    path = Path(name)
    if path.suffix != ".py" or not path.is_file():
        raise UsageError(f"{name}: no such Python file", cure="write --strategy FILE.py[:Class]")
    module = _loaded(path)
    own = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Strategy)
        and value.__module__ == module.__name__
    }
    if wanted and wanted not in own:
        raise UsageError(
            f"{path}: no strategy {wanted}", cure=f"it has {', '.join(own) or 'none at all'}"
        )
    if not wanted and len(own) != 1:
        raise UsageError(
            f"{path} has {len(own) or 'no'} strategies: {', '.join(own)}".rstrip(": "),
            cure=f"name one, as {path}:Class" if own else "derive a class from botmm.Strategy",
        )
    chosen = wanted or next(iter(own))
    return Source(chosen, own[chosen], path)


def _loaded(path: Path) -> ModuleType:
    """Run a Python file as a module of its own."""
    found = importlib.util.spec_from_file_location(f"botmm_strategy_{path.stem}", path)
    assert found is not None, "invariant: it is a Python file"
    assert found.loader is not None, "invariant: Python files have a loader"
    module = importlib.util.module_from_spec(found)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        found.loader.exec_module(module)
    except Exception as error:
        raise StrategyError(
            f"{path} cannot be loaded: {type(error).__name__}: {error}", cure=_place(error)
        ) from error
    return module


def replay(
    tape: str | Path | Sequence[str | Path] | Plan,
    strategy: Given | None = None,
    *,
    step_ms: float | None = None,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
) -> ReplayRun:
    """Play tapes with a strategy of one's own, or with the shipped maker.

    Args:
        tape: tapes of one or more symbols, or a plan.
        strategy: a class derived from `Strategy`, a function that makes one, one object (for one
            symbol), or `FILE.py[:Class]`; None is the shipped maker.
        step_ms: milliseconds between two steps; None is as configured (100).
        overrides: values as of `--set`, as `sim.queue=pow3:3`; what is not named is as in the
            user's configuration. Limits of the risk gate and of requoting count for a strategy too.
        out: folder for what `botmm replay` writes; None writes nothing.

    Returns:
        Columns of fills and equity as the core returns them, and the summary.

    Raises:
        StrategyError: `on_step` raised or returned what cannot be, with step and value.
        ConfigError, UsageError, DataError: settings, arguments or tapes that cannot be played.

    Example:
        >>> run = botmm.replay("BTC.parquet", MyStrategy, step_ms=100)
        >>> len(run.fills["px"]), run.summary["symbols"][0]["position"]
    """
    from botmm.core import Replay
    from botmm.research.output import RunFolder
    from botmm.research.plan import Plan

    if isinstance(tape, Plan):
        if overrides or step_ms is not None:
            raise UsageError("a plan has its settings: no step_ms and overrides beside it")
        plan = tape
    else:
        own = [] if step_ms is None else [f"replay.step_ms={step_ms}"]
        plan = _plan(tape, [*overrides, *own])
    engine: EngineFactory = Replay
    if strategy is not None:
        given = source(strategy)
        plan, engine = with_strategy(plan, given), given.engine(plan.symbols)
    if out is None:
        return run(plan, engine, _go_on)
    from botmm.research.describe import make_sheet

    with RunFolder(Path(out), plan) as folder:
        done = run(plan, engine, _go_on, keep=folder.add)
        folder.finish(done, make_sheet(done, []))
    return done


def with_strategy(plan: Plan, given: Source) -> Plan:
    """Return the plan that says whose quotes it plays."""
    from dataclasses import replace

    return replace(plan, strategy=given.about())


def _plan(tape: str | Path | Sequence[str | Path], overrides: Sequence[str]) -> Plan:
    """Return a plan over whole tapes with the user's configuration."""
    from botmm.config import load as load_settings
    from botmm.research.plan import whole_tapes

    return whole_tapes(tape, load_settings([], overrides).settings)


def _go_on(share: float, rows: int) -> bool:
    """Never ask a run to stop."""
    return False
