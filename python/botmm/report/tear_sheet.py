"""Tear sheet — one self-contained HTML file that works offline."""

from __future__ import annotations

from botmm.report import charts, formats, page
from botmm.report.charts import Chart
from botmm.report.page import card
from botmm.report.sheet import (
    Sheet,
    answer,
    gap_rows,
    order_rows,
    parts_rows,
    reason,
    tier_text,
    trip_rows,
    warnings,
)


def render(sheet: Sheet) -> str:
    """Return the HTML of a report."""
    return page.render(
        "tear_sheet.html",
        _charts(sheet),
        sheet=sheet,
        figures=sheet.figures,
        parts=sheet.figures.parts,
        cards=_cards(sheet),
        answer=answer(sheet),
        reason=reason(sheet.figures.parts),
        warnings=warnings(sheet),
        tier=tier_text(sheet.figures.tiers),
        length=formats.duration(sheet.figures.seconds),
        parts_rows=parts_rows(sheet.figures.parts),
        symbols=[
            {
                "name": figures.symbol,
                "orders": order_rows(figures),
                "trips": trip_rows(figures),
                "gaps": gap_rows(figures),
                "figures": figures,
            }
            for figures in sheet.figures.symbols
        ],
    )


def _cards(sheet: Sheet) -> list[dict[str, str]]:
    """Return the figures at the top: name, value, note and colour."""
    figures, parts = sheet.figures, sheet.figures.parts
    maker, taker = sheet.fees
    net_bps = formats.bps(parts.bps(parts.net_usd))
    gross_bps = formats.bps(parts.bps(parts.gross_usd))
    rates = f"maker {maker * 1e4:g} bps, taker {taker * 1e4:g} bps"
    capital = float(sheet.config["account.capital_usd"])
    fall = formats.percent(figures.drawdown_usd / capital, 2)
    return [
        card("Net result", formats.usd(parts.net_usd, signed=True), net_bps, parts.net_usd),
        card("Before fees", formats.usd(parts.gross_usd, signed=True), gross_bps, parts.gross_usd),
        card("Fees", formats.usd(parts.fees_usd), rates),
        card("Funding", formats.usd(parts.funding_usd, signed=True), "positive is received"),
        card("Deepest drawdown", formats.usd(figures.drawdown_usd), f"{fall} of capital"),
        card(
            "Volume",
            formats.usd(parts.volume_usd, whole=True),
            f"{formats.count(parts.fills)} fills",
        ),
    ]


def _charts(sheet: Sheet) -> dict[str, Chart]:
    """Return every chart by the id of its place."""
    curve, silences = sheet.figures.curve, sheet.figures.silences
    found = {"equity": charts.equity(curve, silences), "parts": charts.waterfall(sheet.figures)}
    for number, figures in enumerate(sheet.figures.symbols):
        found[f"market-{number}"] = charts.market(figures)
        found[f"markouts-{number}"] = charts.markouts(figures, sheet.fees[0] * 1e4)
    return found
