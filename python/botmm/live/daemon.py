"""Daemon — one run from its folder to its last order: what is built, in which order it ends.

It is given a venue that is entered already; it does not know which.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from botmm.clock import Clock
from botmm.config import Settings, Value
from botmm.core import signals_info
from botmm.data.capture.writer import Writer
from botmm.errors import ConfigError, VenueError
from botmm.live.desk_spec import SIGNALS, Instrument, desk_spec
from botmm.live.engine import Engine
from botmm.live.insist import insist
from botmm.live.runner import Runner
from botmm.live.status import status_of
from botmm.live.tags import tag_of
from botmm.observe.logging import logger
from botmm.ports import Minute, Venue
from botmm.store.params_files import LiveParams, read_live_params
from botmm.units import SECOND_NS

JOURNAL = "journal"
LIMIT = "max_position_usd"
"""The parameter that is a limit as well."""
SAVE_S = 60.0
WARM_S = 600.0
"""Signals that are older than this say little of now; candles say more."""
WARM_MINUTES = 180

_log = logger(__name__)


class ListedVenue(Venue, Protocol):
    """A venue that lists what it trades."""

    @property
    def instruments(self) -> Sequence[Instrument]:
        """Return what is traded, in the order of the symbols."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run keeps its things, and what it says of itself."""

    folder: Path
    mode: str
    account: str
    url: str


class Daemon:
    """A run on a venue; `status` can be asked while it lasts."""

    def __init__(
        self,
        settings: Settings,
        venue: ListedVenue,
        place: Place,
        clock: Clock,
        *,
        alarm: Callable[[str, str], object],
    ) -> None:
        """Take what the run is made of; nothing is sent before `run`.

        Args:
            alarm: told of what a person should know: a key for repeats, and words.
        """
        self.settings, self.venue, self.place = settings, venue, place
        self._alarm = alarm
        self._clock = clock
        self._runner: Runner | None = None
        self._start_value = 0
        self.transferred = 0
        """Micro-dollars that came in since the start and are no profit; negative went out."""
        self._started = int(clock.now())

    @property
    def runner(self) -> Runner:
        """Return what drives the engine."""
        if self._runner is None:
            raise RuntimeError("invariant: the daemon runs")
        return self._runner

    def status(self) -> dict[str, Any]:
        """Return what a status screen shows."""
        about = {
            "mode": self.place.mode,
            "account": self.place.account,
            "url": self.place.url,
            "started_ns": self._started,
        }
        return status_of(self.runner, about, self._start_value + self.transferred)

    async def run(self, *others: Callable[[], Any]) -> None:
        """Trade until told to stop.

        Raises:
            BotmmError: what ended it; orders were withdrawn before, where that could be.
        """
        standing = await insist(
            self.venue.standing, self._clock, lambda words: self._alarm("start", words)
        )
        self._start_value = standing.account_value
        tag = tag_of(self._started)
        saved, minutes = self._saved(), []
        if saved is None:
            minutes = await self._minutes()
        spec = desk_spec(
            self.settings,
            self.venue.instruments,
            tag=tag,
            now=self._started,
            rates=(standing.maker_rate, standing.taker_rate),
            overlay=self._overlay(),
            signals=saved,
            minutes=minutes,
        )
        folder = self.place.folder / JOURNAL
        with contextlib.closing(Writer(folder, self._clock)) as journal:
            self._runner = Runner(
                Engine(spec),
                self.venue,
                journal,
                self._clock,
                tag=tag,
                reconcile_s=self.settings.live.reconcile_s,
                cancel_foreign=self.settings.live.foreign_orders == "cancel",
                alarm=self._alarm,
            )
            stop = self._runner.stopping.set
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
            try:
                await self._runner.run(self._save_forever, *others)
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.remove_signal_handler(number)
                self._save()

    def _overlay(self) -> Mapping[str, Mapping[str, Value]]:
        """Return the parameters that lie over the configuration's, where their file is there."""
        path = Path(self.settings.live.params_file)
        return self.read_params(path).symbols if path.exists() else {}

    def read_params(self, path: Path) -> LiveParams:
        """Read parameters that lie over the configuration's and loosen none of its limits.

        Raises:
            ConfigError: the file is malformed, or a limit of it passes the configuration's.
        """
        params = read_live_params(path)
        for symbol, values in params.symbols.items():
            most, wanted = self.settings.params(symbol)[LIMIT], values.get(LIMIT)
            if wanted is not None and float(wanted) > float(most):
                raise ConfigError(
                    f"{path}: {symbol}.{LIMIT} = {wanted} passes the configuration's {most}",
                    cure="limits are loosened in the configuration alone, at a start",
                )
        return params

    def _saved(self) -> Path | None:
        """Return the signals of an earlier run, where they are young enough and of these symbols."""
        place = self.place.folder / SIGNALS
        if not place.exists():
            return None
        age_s = self._started / SECOND_NS - place.stat().st_mtime
        names = {one.name for one in self.venue.instruments}
        known = {symbol for symbol, _, _ in signals_info(str(place))}
        return place if age_s < WARM_S and names <= known else None

    async def _minutes(self) -> list[list[Minute]]:
        """Return the last minutes of each symbol as the venue tells them; none where it does not."""
        found: list[list[Minute]] = []
        for symbol in range(len(self.venue.instruments)):
            try:
                found.append(await self.venue.minutes(symbol, WARM_MINUTES))
            except VenueError as error:
                _log.warning("no candles to begin with: " + error.message, symbol=symbol)
                return []
        return found

    async def _save_forever(self) -> None:
        """Keep what the signals know, so that the next start begins warm."""
        while True:
            await asyncio.sleep(SAVE_S)
            self._save()

    def _save(self) -> None:
        """Write what the signals know once all are ready; another run never sees half a file."""
        waiting = [one for row in self.runner.report()["symbols"] for one in row["not_ready"]]
        # Toxicity comes of own fills: it begins anew with every run.
        if any(not one.startswith("toxicity") for one in waiting):
            return
        place = self.place.folder / SIGNALS
        part = place.with_suffix(".part")
        with contextlib.suppress(OSError):
            part.write_bytes(self.runner.engine.desk.signals())
            part.rename(place)
