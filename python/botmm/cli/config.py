"""Config — show every value with its origin, or validate the files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import rich_click as click

from botmm.cli.options import (
    config_options,
    examples,
    json_option,
    load_config,
    output_options,
)
from botmm.cli.terminal import terminal
from botmm.cli.tree import CONTEXT
from botmm.errors import UsageError
from botmm.observe.spellings import symbols_option


@click.group(
    context_settings=CONTEXT,
    epilog=examples(
        "botmm config show --origin",
        "botmm config params spread",
        "botmm config validate --config my.toml",
    ),
)
@output_options
def config() -> None:
    """Show or validate the configuration."""


@config.command(
    epilog=examples(
        "botmm config show --symbols BTC ETH --origin",
        "BOTMM__SIM__ENTRY_MS=200 botmm config show --origin",
    )
)
@output_options
@json_option
@symbols_option
@config_options
@click.option("--origin", is_flag=True, help="Print where each value came from.")
def show(
    *,
    config: tuple[Path, ...],
    overrides: tuple[str, ...],
    symbols: tuple[str, ...],
    origin: bool,
    as_json: bool,
) -> None:
    """Print every value that a run would use."""
    rows = _rows(load_config(config, overrides), symbols)
    if as_json:
        entries = {key: {"value": value, "origin": where} for key, value, where in rows}
        terminal().json(entries)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("key")
    table.add_column("value", justify="right")
    if origin:
        table.add_column("origin", style="dim")
    for key, value, where in rows:
        text = "" if value is None else str(value).lower() if isinstance(value, bool) else value
        table.add_row(key, str(text), *([where] if origin else []))
    terminal().out().print(table)


@config.command(epilog=examples("botmm config params", "botmm config params spread skew"))
@output_options
@json_option
@click.argument("words", nargs=-1)
def params(*, words: tuple[str, ...], as_json: bool) -> None:
    """Print the maker's parameters: meaning, unit, default, bounds; those with a WORD, if named.

    They stand in `[strategy]`, and for one symbol in `[symbols.X]`. Those that are not live take
    effect at the next start.
    """
    from botmm.config import param_table

    found = [
        row
        for row in param_table().values()
        if not words or any(word.lower() in f"{row.name} {row.doc}".lower() for word in words)
    ]
    if not found:
        raise UsageError(
            f"no parameter has {' or '.join(words)} in its name or meaning",
            cure="`botmm config params` lists all",
        )
    if as_json:
        terminal().json([asdict(row) for row in found])
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("parameter", no_wrap=True)
    table.add_column("default", justify="right", no_wrap=True)
    for name in ("unit", "may be", "live", "meaning"):
        table.add_column(name)
    for row in found:
        default = str(row.default).lower() if isinstance(row.default, bool) else str(row.default)
        table.add_row(row.name, default, row.unit, row.bounds, "yes" if row.live else "", row.doc)
    terminal().out().print(table)


def _rows(loaded: Any, symbols: tuple[str, ...]) -> list[tuple[str, Any, str]]:
    """Return (key, value, origin) of the fixed sections, the strategy and the symbols."""
    from botmm.config import SECTIONS

    settings = loaded.settings
    rows = [
        (key := f"{section}.{name}", value, loaded.origin(key))
        for section in SECTIONS
        for name, value in getattr(settings, section).model_dump().items()
    ]
    strategy = settings.params("")
    rows += [
        (key := f"strategy.{name}", value, loaded.origin(key)) for name, value in strategy.items()
    ]
    for symbol in symbols or sorted(settings.symbols):
        own = settings.params(symbol) if symbols else settings.symbols[symbol]
        rows += [
            (key := f"symbols.{symbol}.{name}", value, loaded.origin(key))
            for name, value in own.items()
        ]
    return rows


@config.command(epilog=examples("botmm config validate", "botmm config validate --config my.toml"))
@output_options
@config_options
def validate(*, config: tuple[Path, ...], overrides: tuple[str, ...]) -> None:
    """Check the configuration; the first mistake is named with its cure."""
    loaded = load_config(config, overrides)
    terminal().out().print(f"valid, digest {loaded.settings.digest()[:16]}")
