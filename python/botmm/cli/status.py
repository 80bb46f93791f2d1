"""Status — what the daemon does now: a live screen, once, or as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.control import state_folder, state_option
from botmm.cli.options import config_options, examples, json_option, output_options
from botmm.cli.terminal import follow, terminal

if TYPE_CHECKING:
    from rich.console import Group

EVERY_S = 0.5
_COLUMNS = ("symbol", "state", "position", "bid", "ask", "quotes", "age", "net", "fees", "fills")


@click.command(epilog=examples("botmm status", "botmm status --once", "botmm status --json"))
@output_options
@json_option
@config_options
@state_option
@click.option("--once", is_flag=True, help="Print once instead of keeping the screen up to date.")
def status(
    *,
    once: bool,
    state: str | None,
    config: tuple[Path, ...],
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show positions, quotes, money, fills and health of the running daemon."""
    from botmm.live.control import ask

    folder, shown = state_folder(state, config, overrides), terminal()
    found = ask(folder, "status")
    console = shown.out()
    if as_json:
        shown.json(found)
    elif once or not console.is_terminal:
        console.print(screen(found))
    else:
        follow(lambda: screen(ask(folder, "status")), EVERY_S)


def screen(found: dict[str, Any]) -> Group:
    """Return the screen of one answer; what the daemon left out shows as a dash."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold")
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in {"symbol", "state", "quotes"} else "right")
    for row in found.get("symbols", []):
        table.add_row(*(Text(cell) for cell in _cells(row)))
    return Group(*(Text(line) for line in _head(found)), table)


def _head(found: dict[str, Any]) -> list[str]:
    answer = found.get("answer_ms") or {}
    holds = ", ".join(found.get("holds") or ()) or "none"
    lines = [
        f"{_text(found.get('state'))}  {_text(found.get('mode'))}  {_text(found.get('account'))}"
        f"  holds: {holds}  signals from: {_text(found.get('signals_from'))}",
        f"equity {_usd(found.get('equity_usd'))}  net {_usd(found.get('net_usd'))}"
        f"  ledger difference {_usd(found.get('ledger_difference_usd'))}",
        f"budget {_text(found.get('budget_left'))}  reconnects {_text(found.get('reconnects'))}"
        f"  unknown orders {_text(found.get('unknown_orders'))}"
        f"  answers p50 {_ms(answer.get('p50'))} p99 {_ms(answer.get('p99'))}"
        f"  loop lag {_ms(found.get('loop_lag_ms'))}",
    ]
    lines += [f"latch {words}" for words in found.get("latches") or ()]
    lines += [_today(row) for row in found.get("today", [])]
    if found.get("complaint"):
        lines.append(f"complaint: {found['complaint']}")
    return lines


def _today(row: dict[str, Any]) -> str:
    return (
        f"today {row['symbol']}: {row['fills']} fills, volume {_usd(row['volume_usd'])}"
        f"  gross {_usd(row['gross_usd'])}  fees {_usd(row['fees_usd'])}"
        f"  funding {_usd(row['funding_usd'])}  net {_usd(row['net_usd'])}"
        f"  maker {_share(row['maker_share'])}  fills an hour {_usd(row['fills_per_hour'])}"
    )


def _cells(row: dict[str, Any]) -> list[str]:
    quotes = "  ".join(filter(None, (_side(row, "bid"), _side(row, "ask"))))
    age = row.get("age_s")
    return [
        _text(row.get("symbol")),
        _text(row.get("state")),
        _text(row.get("position")),
        _text(row.get("bid")),
        _text(row.get("ask")),
        quotes or "-",
        "-" if age is None else f"{age:.1f} s",
        _usd(row.get("net_usd")),
        _usd(row.get("fees_usd")),
        _text(row.get("fills")),
    ]


def _side(row: dict[str, Any], side: str) -> str:
    """Return the prices of one side, nearest to the touch first; unsure ones with a mark."""
    quotes = [quote for quote in row.get("quotes", []) if quote["side"] == side]
    quotes.sort(key=lambda quote: float(quote["px"]), reverse=side == "bid")
    marks = {"unknown": "?", "placing": "+", "canceling": "-"}
    prices = [quote["px"] + marks.get(quote["state"], "") for quote in quotes]
    return f"{side} {' '.join(prices)}" if prices else ""


def _text(value: Any) -> str:
    return "-" if value is None else str(value)


def _usd(value: float | None) -> str:
    return "-" if value is None else f"{value:z,.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"
