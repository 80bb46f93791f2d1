"""Record — a venue's public streams, verbatim, until told to stop."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click

from botmm.cli.options import Span, examples, output_options, store_options
from botmm.cli.terminal import Terminal, terminal
from botmm.errors import StoppedError, UsageError
from botmm.observe.spellings import symbols_option

if TYPE_CHECKING:
    from botmm.clock import Clock
    from botmm.record.recorder import Line

LOG_EVERY_S = 60.0
MIB = 1024**2
_VENUES = ("hyperliquid", "binance", "bybit")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def _duration(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """Return seconds from 30s, 5m, 12h or 7d."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", value.strip())
    if found is None or float(found[1]) <= 0.0:
        raise UsageError(
            f"--for {value!r}: not a length of time", cure="write it as 30s, 5m or 12h"
        )
    return float(found[1]) * _SECONDS[found[2]]


@click.command(
    epilog=examples(
        "botmm record --symbols BTC ETH SOL --for 5m",
        "botmm record --symbols BTC --redundant --poll-book 1 --keep-days 14",
        "botmm record --symbols BTC --url http://127.0.0.1:3001 --for 30s",
        "botmm record --venue binance --symbols BTCUSDT",
        "botmm data watch",
        "botmm data compact && botmm replay --symbol BTC",
    )
)
@symbols_option
@click.option(
    "--levels",
    type=click.Choice(["5", "20"]),
    default="20",
    show_default=True,
    help="Levels a side: 5 twice a second alone, or those of 20 as well.",
)
@click.option(
    "--for",
    "for_s",
    metavar="TIME",
    callback=_duration,
    help="Stop after 30s, 5m, 12h. [until told]",
)
@click.option("--redundant", is_flag=True, help="Hear the quick streams over a second connection.")
@click.option(
    "--poll-book",
    type=Span(0.5, 3600),
    metavar="SECONDS",
    help="Ask for the 20 levels over HTTP, too, so often.",
)
@store_options
@click.option("--url", metavar="URL", help="Server. [default: the venue's]")
@click.option(
    "--keep-days",
    type=Span(0.1),
    metavar="DAYS",
    help="Remove recordings that are older. [keep all]",
)
@click.option(
    "--keep-free",
    type=click.IntRange(0),
    default=512,
    show_default=True,
    metavar="MB",
    help="Free space to leave: below it depth stops, below half the touch, a quarter all.",
)
@click.option(
    "--metrics-port", type=click.IntRange(0, 65_535), metavar="N", help="Answer Prometheus here."
)
@output_options
def record(**options: Any) -> int:
    """Record a venue's public streams as they come, around the clock.

    Frames are kept verbatim in STORE/capture/VENUE, in files that a kill, a torn write or a full
    disk cannot quietly damage; what is missed is a gap record with its cause. Ctrl-C ends it.
    """
    from botmm.observe import logging

    shown = terminal()
    on_screen = sys.stderr.isatty()
    level = "info" if shown.verbose or not (on_screen or shown.quiet) else "warning"
    logging.set_up(level=level, as_json=not on_screen, color=shown.color)
    if not options["symbols"]:
        raise UsageError("nothing to record", cure="name symbols, as --symbols BTC ETH SOL")
    venue = options["venue"] or "hyperliquid"
    if venue not in _VENUES:
        raise UsageError(f"--venue {venue}: is not recorded", cure=f"choose {', '.join(_VENUES)}")
    store = options["store"]
    if store is None:
        code, store = _configured_store()
        if code != 0:
            return code
    _run(_record(venue, Path(store), options, shown))
    return 0


def _configured_store() -> tuple[int, str]:
    """Return an exit code and the store that the configuration names, as a child reads it.

    What reads and checks a configuration takes 15 MB, which a recorder would hold for months.
    """
    import json
    import subprocess

    ask = "from botmm.cli import hand_over; hand_over('config', 'show', '--json')"
    done = subprocess.run([sys.executable, "-c", ask], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        return done.returncode, ""
    return 0, json.loads(done.stdout)["store.dir"]["value"]


def _run(work: Any) -> None:
    if sys.platform == "win32":
        asyncio.run(work)
    else:
        import uvloop

        uvloop.run(work)


async def _record(venue: str, store: Path, options: dict[str, Any], shown: Terminal) -> None:
    """Record until a signal comes or the time is over."""
    from botmm import __version__
    from botmm.clock import SystemClock
    from botmm.data.capture import Writer
    from botmm.record.lock import locked
    from botmm.record.recorder import Recorder, about
    from botmm.record.run import Wish
    from botmm.record.run import record as run

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    clock, folder = SystemClock(), store / "capture" / venue
    asked = asyncio.create_task(_lines(venue, options, clock))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({asked, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not asked.done():
        asked.cancel()
        raise StoppedError("stopped before the venue answered", exit_code=130)
    url, names, lines = asked.result()
    what = about(venue, url, names, __version__)
    with locked(folder):
        writer = Writer(folder, clock, about=what, sealed=True)
        recorder = Recorder(lines, writer, clock, folder, options["keep_free"] * MIB)
        wish = Wish(
            folder=folder,
            about=dict(what),
            for_s=options["for_s"],
            keep_days=options["keep_days"],
            metrics_port=options["metrics_port"],
            shown=_Screen(shown, names).show,
        )
        shown.say(f"recording {' '.join(names)} of {url} into {folder}; Ctrl-C ends it")
        await run(recorder, wish, clock, stop)
    _told(recorder.status(), folder, names, shown)


async def _lines(
    venue: str, options: dict[str, Any], clock: Clock
) -> tuple[str, tuple[str, ...], list[Line]]:
    """Return the server, the venue's own names of the symbols, and the connections to be kept.

    Raises:
        UsageError: an option that the venue does not have.
    """
    wanted, url = options["symbols"], options["url"]
    if venue == "hyperliquid":
        from hyperliquid.utils.constants import MAINNET_API_URL

        from botmm.exchanges.hyperliquid.hosts import host_of
        from botmm.record import hyperliquid

        host = host_of(url or MAINNET_API_URL)
        names = await hyperliquid.listed(host, wanted)
        lines = hyperliquid.lines(
            host,
            names,
            clock,
            deep=options["levels"] == "20",
            redundant=options["redundant"],
            poll_s=options["poll_book"],
        )
        return host.base, names, lines
    if options["redundant"] or options["poll_book"] is not None:
        raise UsageError(
            f"--redundant and --poll-book are for hyperliquid; {venue} sends its book as changes",
            cure="leave them out",
        )
    from botmm.record import binance, bybit

    place = binance if venue == "binance" else bybit
    rest = (url or place.REST).rstrip("/")
    socket = place.SOCKET if url is None else rest.replace("http", "ws", 1)
    names = await place.listed(rest, wanted)
    return rest, names, place.lines(rest, socket, names, clock)


class _Screen:
    """A line that is kept up to date on a terminal, a record a minute elsewhere."""

    def __init__(self, shown: Terminal, names: tuple[str, ...]) -> None:
        from botmm.observe.logging import logger

        self._line = shown.progress and sys.stderr.isatty()
        self._names = " ".join(names)
        self._log = logger(__name__)
        self._logged = float("-inf")

    def show(self, status: dict[str, Any]) -> None:
        """Show a status."""
        if self._line:
            click.echo(f"\r\x1b[2K{_line(status)}", err=True, nl=False)
        elif status["ran_s"] - self._logged >= LOG_EVERY_S:
            self._logged = status["ran_s"]
            self._log.info(
                "recording",
                symbols=self._names,
                records=status["records"],
                bytes_a_day=status["bytes_a_day"],
                gaps=status["gaps"],
                not_heard=status["not_heard"],
                not_recorded=status["not_recorded"],
                failure=status["failure"],
            )


def _line(status: dict[str, Any]) -> str:
    from botmm.cli.data_import import size_text

    rate = sum(row["rate"] for row in status["streams"])
    ages = [row["age_s"] for row in status["streams"]]
    minutes, seconds = divmod(round(status["ran_s"]), 60)
    parts = [
        f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}",
        f"{rate:.0f} frames/s",
        f"{size_text(status['bytes_a_day'])} a day{'' if status['packed'] else ' before packing'}",
        f"{status['gaps']} gaps",
        f"youngest {min(ages):.1f} s" if ages else "nothing heard yet",
    ]
    parts += [f"not heard: {', '.join(status['not_heard'])}"] if status["not_heard"] else []
    parts += (
        [f"not recorded: {', '.join(status['not_recorded'])}"] if status["not_recorded"] else []
    )
    parts += [status["failure"]] if status["failure"] else []
    return " · ".join(parts)


def _told(status: dict[str, Any], folder: Path, names: tuple[str, ...], shown: Terminal) -> None:
    """Say what was recorded and what to do with it."""
    from botmm.cli.data_import import size_text

    if shown.progress and sys.stderr.isatty():
        click.echo("\r\x1b[2K", err=True, nl=False)
    shown.say(
        f"{status['records']:,} records, {size_text(status['written_bytes'])}, "
        f"{status['gaps']} gaps, into {folder}\n"
        f"next: botmm data compact && botmm replay --symbol {names[0]}"
    )


def main() -> NoReturn:
    """Entry of the `botmm-record` command."""
    from botmm.cli import hand_over

    hand_over("record", *sys.argv[1:])
