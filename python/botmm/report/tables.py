"""Tables — the result of a run on one screen of a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botmm.report.analysis import SymbolFigures
from botmm.report.formats import NONE, bps, count, duration, percent, usd
from botmm.report.sheet import Sheet, answer, parts_rows, reason, tier_text, warnings

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def print_run(console: Console, sheet: Sheet, *, report: str) -> None:
    """Print the result: the answer, its parts, markouts, symbols, trials and warnings."""
    figures, parts = sheet.figures, sheet.figures.parts
    tone = "green" if parts.net_usd > 0 else "red" if parts.net_usd < 0 else "bold"
    console.print(f"[bold]{sheet.symbols}[/] on {sheet.venue}, {sheet.range}")
    console.print(
        f"{duration(figures.seconds)} of data: {figures.verdict} · data tier {tier_text(figures.tiers)}"
    )
    console.print(f"[bold {tone}]{answer(sheet)}[/]")
    if text := reason(parts):
        console.print(text)
    console.print()
    console.print(_parts_table(sheet))
    console.print()
    console.print(_symbol_table(sheet))
    if len(sheet.trials) > 2:
        console.print()
        console.print(_trial_table(sheet))
    for text in warnings(sheet):
        console.print(f"[yellow]![/] {text}", soft_wrap=not console.is_terminal)
    console.print(f"\nReport: [bold]{report}[/]")


def _table(*columns: str) -> Table:
    """Return a plain table: names on the left, numbers on the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _parts_table(sheet: Sheet) -> Table:
    """Return the parts of the result."""
    table = _table("part", "USD", "of volume")
    rows = parts_rows(sheet.figures.parts)
    for name, value, share in rows:
        style = "bold" if name == "Net" else ""
        table.add_row(name, usd(value, signed=True), bps(share), style=style)
    capital = float(sheet.config["account.capital_usd"])
    fall = sheet.figures.drawdown_usd
    table.add_row("Drawdown", usd(fall), f"{percent(fall / capital, 2)} of capital", style="dim")
    return table


def _symbol_table(sheet: Sheet) -> Table:
    """Return a row a symbol: volume, fills, and markouts after buys and sells."""
    table = _table("symbol", "net", "volume", "fills", "share", "markout 1 s", "60 s, buy/sell")
    for own in sheet.figures.symbols:
        table.add_row(
            own.symbol,
            usd(own.parts.net_usd, signed=True),
            usd(own.parts.volume_usd, whole=True),
            count(own.parts.fills),
            percent(own.volume_share, 2),
            *(_markout_pair(own, horizon) for horizon in (1.0, 60.0)),
        )
    return table


def _markout_pair(own: SymbolFigures, horizon: float) -> str:
    """Return the markouts in bps of both sides at a horizon."""
    texts = [
        next((f"{p.mean:+.2f}" for p in own.markouts[side] if p.horizon_s == horizon), NONE)
        for side in ("buy", "sell")
    ]
    return "/".join(texts).replace("-", "−")


def _trial_table(sheet: Sheet) -> Table:
    """Return the result under other assumptions."""
    table = _table("if", "net", "of volume", "fills")
    for trial in sheet.trials:
        if trial.main and sum(t.kind == trial.kind for t in sheet.trials) < 2:
            continue
        label = f"{trial.kind} {trial.label}"
        style = "bold" if trial.main else ""
        net = usd(trial.net_usd, signed=True)
        table.add_row(label, net, bps(trial.net_bps), count(trial.fills), style=style)
    return table
