"""Sweep page — the report of a sweep, one self-contained HTML file that works offline."""

from __future__ import annotations

from botmm.report import formats, page, sweep_charts
from botmm.report.analysis import verdict_of
from botmm.report.page import card
from botmm.report.sheet import tier_text
from botmm.report.sweep_sheet import (
    Axis,
    Row,
    SweepSheet,
    answer,
    axes,
    constants,
    failed,
    label,
    median,
    net_bps,
    ranked,
    warnings,
)

BEST, WORST = 10, 3
FAILED_SHOWN = 50
MARKOUTS = ("1", "5", "60")


def render(sheet: SweepSheet) -> str:
    """Return the HTML of a sweep's report, the same for the same sheet."""
    order, found = ranked(sheet.rows), axes(sheet.rows, sheet.names)
    names = [axis.name for axis in found]
    over = sweep_charts.over_axes(order, found) if order else {}
    drawn = dict(over)
    if order:
        drawn["cloud"] = sweep_charts.against_drawdown(order, names)
    if days := sweep_charts.by_day(order, sheet.until):
        drawn["days"] = days
    verdict, verdict_text = verdict_of(sheet.seconds)
    stopped = failed(sheet.rows)
    return page.render(
        "sweep.html",
        drawn,
        sheet=sheet,
        order=order,
        cards=_cards(order),
        answer_tone=_tone(order),
        fees=[f"{fee * 1e4:g}".replace("-", "−") for fee in sheet.fees],
        answer=answer(sheet.rows),
        warnings=warnings(sheet),
        tier=tier_text(sheet.tiers),
        length=formats.duration(sheet.seconds),
        verdict=verdict,
        verdict_text=verdict_text,
        names=names,
        constants=constants(sheet.rows, sheet.names),
        over=list(zip(over, names, strict=False)),
        map_note=_map_note(order, found),
        by_day="days" in drawn,
        best=order[:BEST],
        worst=order[BEST:][-WORST:],
        failed=stopped[:FAILED_SHOWN],
        failed_more=len(stopped[FAILED_SHOWN:]),
        label=label,
        net_bps=net_bps,
        markouts=MARKOUTS,
    )


def _tone(order: list[Row]) -> str:
    """Return the colour of the answer: green needs half of the sets, red is for none."""
    if not order or order[0]["net_usd"] <= 0:
        return "bad"
    return "good" if median(order)["net_usd"] > 0 else ""


def _map_note(order: list[Row], found: list[Axis]) -> str:
    """Return what the cells of a map of two axes do not say by themselves."""
    if len(found) != 2:
        return ""
    pairs = {tuple(label(row, axis.name) for axis in found) for row in order}
    cells = len(found[0].labels) * len(found[1].labels)
    notes = ["Sets that share both values stand as their mean."] if len(pairs) < len(order) else []
    notes += ["A pair without a result is left empty."] if len(pairs) < cells else []
    return " ".join(notes)


def _cards(order: list[Row]) -> list[dict[str, str]]:
    """Return the figures at the top: how many earn, and best, median and worst."""
    if not order:
        return []
    earning = sum(row["net_usd"] > 0 for row in order)
    losing = sum(row["net_usd"] < 0 for row in order)
    still = len(order) - earning - losing
    note = f"{losing:,} lose" + (f", {still:,} neither" if still else "")
    return [
        card("Sets that earn after fees", f"{earning:,} of {len(order):,}", note),
        *(
            card(
                f"{name}, set {row['set']}",
                formats.usd(row["net_usd"], signed=True),
                f"{formats.bps(net_bps(row))}, {formats.count(row['fills'])} fills",
                row["net_usd"],
            )
            for name, row in (("Best", order[0]), ("Median", median(order)), ("Worst", order[-1]))
        ),
    ]
