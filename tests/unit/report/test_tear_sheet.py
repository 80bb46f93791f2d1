"""Tear sheet — one file, complete, offline; a loss is called a loss."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from botmm.report.analysis import analyse
from botmm.report.charts import POINTS, medians, thin
from botmm.report.sheet import Sheet, Trial, answer, warnings
from botmm.report.tally import OrderTally
from botmm.report.tear_sheet import render
from tests.fakes.fake_replay import FakeReplay
from tests.fakes.specs import START, spec


def make_sheet(*, symbols: int = 1, days: float = 3.0) -> Sheet:
    told = spec(days=days, symbols=symbols)
    result = FakeReplay.played(told)
    tally = OrderTally()
    tally.add(result["orders"])
    figures = analyse(result["fills"], result["equity"], tally, result["summary"])
    parts = figures.parts
    trial = Trial(
        kind="latency",
        label="1× (this run)",
        net_usd=parts.net_usd,
        volume_usd=parts.volume_usd,
        fills=parts.fills,
        main=True,
    )
    return Sheet(
        figures=figures,
        venue="hyperliquid",
        since=START,
        until=told["to"],
        partial=False,
        synthetic=False,
        trials=[trial, replace(trial, kind="queue", label="risk-averse (this run)")],
        assumptions=[("Queue model", "risk-averse")],
        breakers=[("2026-02-12 00:33:20", "BTC", "price jump", "reducing")],
        quality={own.symbol: {"crossed": 5} for own in figures.symbols},
        fees=(0.00015, 0.00045),
        config={"account.capital_usd": 1000.0, "replay.max_gap_s": 30.0},
        versions={"botmm": "0.1.0"},
    )


@pytest.fixture(scope="module")
def html() -> str:
    return render(make_sheet(symbols=2))


def test_nothing_is_fetched_from_anywhere(html: str) -> None:
    page = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert "http" not in page
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page)
    assert html.count("plotly.js v") == 1


def test_every_chart_has_its_place(html: str) -> None:
    line = next(line for line in html.splitlines() if line.startswith("const charts = "))
    charts = json.loads(line.removeprefix("const charts = ").removesuffix(";"))
    assert set(charts) == set(re.findall(r'class="chart" id="([^"]+)"', html))
    assert {"equity", "parts", "market-1", "markouts-1"} < set(charts)
    assert len(line) < 1_500_000


def test_every_section_is_there(html: str) -> None:
    for text in (
        "Verdict by length: indicative",
        "Data tier D",
        "Drawdown",
        "Spread captured",
        "exact",
        "Day by day",
        "95 %",
        "Latency",
        "Queue model",
        "Signals never ready",
        "Risk breakers",
        "Gaps, bridged",
        "Own share of traded volume",
        "maker 1.5 bps, taker 4.5 bps",
        "Configuration and versions",
    ):
        assert text in html, text


def test_a_loss_is_called_a_loss() -> None:
    sheet = make_sheet()
    assert sheet.figures.parts.net_usd < 0
    assert answer(sheet).startswith("The maker lost $")


def test_names_from_outside_are_escaped() -> None:
    sheet = replace(make_sheet(days=0.1), venue="<script>alert(1)</script>")
    assert "<script>alert(1)" not in render(sheet)


def test_what_makes_a_result_doubtful_is_said() -> None:
    sheet = make_sheet(days=0.05)
    own = sheet.figures.symbols[0]
    assert "crossed or locked" not in "\n".join(warnings(sheet))
    spread_bps = np.where(np.arange(len(own.spread_bps)) % 4 == 0, -12.0, own.spread_bps)
    own = replace(own, volume_share=0.031, residual=7, spread_bps=spread_bps)
    doubtful = replace(
        sheet, partial=True, synthetic=True, figures=replace(sheet.figures, symbols=[own])
    )
    text = "\n".join(warnings(doubtful))
    for said in (
        "Stopped before",
        "synthetic",
        "7 half",
        "Only ",
        "3.1 %",
        "never ready",
        "breakers",
        "crossed or locked 25",
    ):
        assert said in text


def test_levels_that_wait_for_a_cancel_are_said() -> None:
    sheet = make_sheet(days=0.05)
    own = sheet.figures.symbols[0]
    for refused, said in ((90, False), (110, True)):
        summary = {**own.summary, "orders": 1_000, "refusals": {"position": refused}}
        figures = replace(sheet.figures, symbols=[replace(own, summary=summary)])
        text = "\n".join(warnings(replace(sheet, figures=figures)))
        assert (f"{refused} wishes for an order" in text) == said
        assert ("counts until the venue confirms" in text) == said


def test_thinning_keeps_extremes_and_ends() -> None:
    ts = np.arange(100_000)
    values = np.sin(ts / 50.0)
    values[4321], values[98_765] = 9.0, -9.0
    kept_ts, kept = thin(ts, values)
    assert len(kept_ts) <= POINTS + 2
    assert (kept.max(), kept.min()) == (9.0, -9.0)
    assert (kept_ts[0], kept_ts[-1]) == (0, 99_999)
    assert np.all(np.diff(kept_ts) > 0)


def test_medians_leave_out_what_is_missing() -> None:
    values = np.full(10_000, 2.0)
    values[::3] = np.nan
    values[1::30] = 500.0
    _, shown = medians(np.arange(10_000), values)
    assert set(shown.tolist()) == {2.0}
    assert len(medians(np.arange(3), np.full(3, np.nan))[0]) == 0
