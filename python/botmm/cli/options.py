"""Options — the spellings that every command shares.

@click.command(epilog=examples("botmm data ls --symbols BTC ETH"))
@output_options
@json_option
@store_options
@symbols_option
def ls(as_json: bool, store: str | None, venue: str | None, symbols: tuple[str, ...]) -> None: ...
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from botmm.cli.terminal import terminal
from botmm.errors import UsageError

if TYPE_CHECKING:
    from botmm.config import Loaded, Settings

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Span(click.FloatRange):
    """A number between bounds; nan, which no bound refuses, and infinity are none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


def _venue(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Return the venue; it names a folder of the store, and must not lead out of it."""
    if value is not None and re.fullmatch(r"[a-z0-9_-]+", value) is None:
        raise UsageError(
            f"--venue {value!r}: not a venue",
            cure="write it in small letters, digits, _ and -, as hyperliquid",
        )
    return value


def store_options(command: _Command) -> _Command:
    """Add --store and --venue as `store: str | None, venue: str | None`."""
    command = click.option(
        "--venue", metavar="NAME", callback=_venue, help="Venue. [default: hyperliquid]"
    )(command)
    return click.option("--store", metavar="DIR", help="Folder of the data. [default: data]")(
        command
    )


def range_options(command: _Command) -> _Command:
    """Add --date, --from, --to and --days."""
    command = click.option(
        "--days", type=click.IntRange(1), metavar="N", help="Number of days of the range."
    )(command)
    command = click.option(
        "--to", "until", metavar="TIME", help="End of the range; a bare day is included."
    )(command)
    command = click.option(
        "--from", "since", metavar="TIME", help="Start: 2026-02-10 or 2026-02-10T08:30 (UTC)."
    )(command)
    return click.option("--date", metavar="DAY", help="One UTC day, as 2026-02-12.")(command)


def config_options(command: _Command) -> _Command:
    """Add --config and --set as `config: tuple[Path, ...], overrides: tuple[str, ...]`."""
    command = click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="One value, as order_size_usd=100 or sim.entry_ms=200. Repeatable.",
    )(command)
    return click.option(
        "--config",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="TOML file; later ones win. Repeatable. [default: botmm.toml]",
    )(command)


def json_option(command: _Command) -> _Command:
    """Add --json as `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(
        command
    )


def output_options(command: _Command) -> _Command:
    """Add -q, -v, --no-color and --no-progress; they reach `terminal()`, not the function.

    They come last in the help, whatever the order of the decorators.
    """
    flags = (
        ("--quiet", "-q", "Show the result only."),
        ("--verbose", "-v", "Show logs, and tracebacks of errors."),
        ("--no-color", "", "Use no colours; NO_COLOR does the same."),
        ("--no-progress", "", "Show no progress."),
    )
    own = [
        click.RichOption(
            [flag for flag in (long, short) if flag],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_remember(long[2:].replace("-", "_")),
            help=text,
        )
        for long, short, text in reversed(flags)
    ]
    memo = command.__dict__.setdefault("__click_params__", [])
    memo[:0] = own  # click reads this list from its end
    return command


def _remember(field: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Return a callback that keeps a flag in the terminal of the command."""

    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        """Keep the flag where it is set."""
        if value:
            if field == "no_color":
                os.environ["NO_COLOR"] = "1"
                return
            with ctx.scope(cleanup=False):
                setattr(terminal(), field, True)

    return keep


def examples(*lines: str) -> str:
    """Return an epilog with one example a line."""
    return "\n\n".join(["Examples:", *(f"$ {line}" for line in lines)])


def load_config(
    config: Sequence[Path],
    overrides: Sequence[str],
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Loaded:
    """Load settings for a command; `options` are those with a spelling of their own, by name.

    Raises:
        ConfigError: see `botmm.config.load`.
        UsageError: an option and `--set` name the same key.
    """
    from botmm.config import Layer, load

    layers = [
        Layer(origin=name, values={key: v for key, v in values.items() if v is not None})
        for name, values in (options or {}).items()
    ]
    for text in overrides:
        key = text.partition("=")[0].strip()
        for layer in layers:
            if key in layer.values:
                raise UsageError(f"--set {text} contradicts {layer.origin}")
    return load(config, overrides, options=layers)


def play_options(command: _Command) -> _Command:
    """Add what a replay and a sweep are told of venue, fees, capital and warm-up."""
    for option in (
        click.option(
            "--bridge-gaps", is_flag=True, help="Play over long gaps; the report lists them."
        ),
        click.option("--seed", type=int, help="Seed of what is drawn at random. [default: 1]"),
        click.option(
            "--warmup",
            metavar="FILE|auto",
            help="Earlier tape, 1m candles, or signals.bin of an earlier run, for the signals.",
        ),
        click.option(
            "--capital", type=float, metavar="USD", help="Capital; sizes scale with it / 1000."
        ),
        click.option(
            "--maker-fee", type=float, metavar="RATE", help="Fraction; 0.00015 is 1.5 bps paid."
        ),
        click.option(
            "--latency",
            metavar="MODEL",
            help="ENTRY/RESPONSE in ms as 300/150, feed, or a file (`botmm data latency`).",
        ),
        click.option(
            "--queue",
            metavar="MODEL",
            help="qpn (by order counts), risk-averse, pow1:N … pow3:N, log1:U, log2:U.",
        ),
    ):
        command = option(command)
    return command


def play_settings(options: Mapping[str, Any]) -> Settings:
    """Return the settings of the files with the options laid over them."""
    own = {
        "--venue": {"account.venue": options["venue"]},
        "--capital": {"account.capital_usd": options["capital"]},
        "--store": {"store.dir": options["store"]},
        "--queue": {"sim.queue": options["queue"]},
        "--latency": _latency(options["latency"]),
        "--maker-fee": {"sim.maker_fee": options["maker_fee"]},
        "--seed": {"replay.seed": options["seed"]},
        "--bridge-gaps": {"replay.bridge_gaps": options["bridge_gaps"] or None},
    }
    return load_config(options["config"], options["overrides"], own).settings


def _latency(text: str | None) -> dict[str, Any]:
    """Return the settings that a --latency stands for."""
    if text is None:
        return {}
    if text == "feed":
        return {"sim.latency_model": "feed"}
    if text.startswith("file:") or Path(text).is_file():
        return {"sim.latency_model": "file", "sim.latency_file": text.removeprefix("file:")}
    entry, sign, response = text.partition("/")
    try:
        times = float(entry), float(response) if sign else float(entry)
    except ValueError:
        raise UsageError(
            f"--latency {text!r}: not a latency",
            cure="write entry/response in ms as 300/150, or feed, or the path of a file that is there",
        ) from None
    return {
        "sim.latency_model": "constant",
        "sim.entry_ms": times[0],
        "sim.response_ms": times[1],
    }
