"""Sweep page — its figures are those of the table; losses, failures and chance are said."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from botmm.report.sweep_page import render
from botmm.report.sweep_sheet import answer, axes, chance_sharpe, median, ranked, warnings
from tests.fakes.sweep_rows import DAY_NS, FIRST_DAY, START, row, sheet

Rows = list[dict[str, Any]]


def grid(**values: list[Any]) -> Rows:
    """Return a set for each combination; the first earns most, the last loses most."""
    sets = list(itertools.product(*values.values()))
    return [
        row(at, dict(zip(values, own, strict=True)), (len(sets) // 2 - at) * 1.25)
        for at, own in enumerate(sets)
    ]


def charts(html: str) -> dict[str, Any]:
    line = next(line for line in html.splitlines() if line.startswith("const charts = "))
    found: dict[str, Any] = json.loads(line.removeprefix("const charts = ").removesuffix(";"))
    assert set(found) == set(re.findall(r'class="chart" id="([^"]+)"', html))
    return found


def cells(html: str) -> list[list[str]]:
    """Return the cells of the table of sets, a list a set."""
    table = html.split("<th>Drawdown</th>")[1].split("</table>")[0]
    lines = re.findall(r"<tr>(.*?)</tr>", table, flags=re.DOTALL)
    return [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in lines if "colspan" not in line]


def said(html: str) -> str:
    """Return the page without its scripts."""
    return re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)


def test_figures_are_those_of_the_rows_best_first_and_worst_last() -> None:
    rows = grid(base_spread_bps=[1, 2.5, 4, 8], num_levels=[1, 2, 3, 4])
    shown = cells(render(sheet(rows)))
    assert [line[0] for line in shown] == [str(at) for at in (*range(10), 13, 14, 15)]
    best, worst = shown[0], shown[-1]
    assert best[1:9] == ["+$10.00", "+50.00", "1", "1", "+$10.30", "$0.30", "120", "20.0"]
    assert worst[1:9] == ["−$8.75", "−43.75", "8", "4", "−$8.45", "$0.30", "135", "−17.5"]
    assert best[9:] == ["$3.00", "0.00", "0.00", "0.00"], "a markout of nothing has no sign"


def test_one_axis_is_a_line_of_all_sets() -> None:
    rows = grid(base_spread_bps=[8, 1, 4])
    found = charts(render(sheet(rows)))
    gross, net = found["axis"]["data"]
    assert net["x"] == [1, 4, 8]
    assert net["y"] == [0.0, -1.25, 1.25]
    assert gross["y"] == [0.3, -0.95, 1.55]


def test_two_axes_are_a_map_with_each_set_in_its_cell() -> None:
    rows = grid(strategy=["basic", "adaptive"], base_spread_bps=[4, 1, 10])
    html = render(sheet(rows))
    drawn = charts(html)["map"]["data"][0]
    assert drawn["x"] == ["1", "4", "10"], "numbers in their order"
    assert drawn["y"] == ["basic", "adaptive"], "words as they came"
    for one in rows:
        x, y = drawn["x"].index(str(one["base_spread_bps"])), drawn["y"].index(one["strategy"])
        assert drawn["z"][y][x] == one["net_usd"]
    assert "left empty" not in html
    assert "their mean" not in html
    twice = rows[0] | {"set": 6, "net_usd": rows[0]["net_usd"] - 4.0}
    html = render(sheet([*rows[:-1], twice]))
    assert "Sets that share both values stand as their mean. A pair without a result" in html
    again = charts(html)["map"]["data"][0]
    assert again["z"][0][again["x"].index("4")] == rows[0]["net_usd"] - 2.0
    assert (drawn["zmin"], drawn["zmax"]) == (-3.75, 3.75), "no result is neither red nor green"


def test_a_map_of_losses_has_no_green() -> None:
    rows = grid(a=[1, 2], b=[1, 2])
    for one in rows:
        one["net_usd"] -= 100.0
    colors = [color for _, color in charts(render(sheet(rows)))["map"]["data"][0]["colorscale"]]
    for color in colors:
        red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
        assert red > max(green, blue)


def test_three_axes_have_their_spread_each() -> None:
    rows = grid(a=[1, 2], b=[True, False], c=["x", "y", "z"])
    html = render(sheet(rows))
    found = charts(html)
    assert {"axis-0", "axis-1", "axis-2"} < set(found)
    box = found["axis-2"]["data"][0]
    for at, word in enumerate(box["x"]):
        nets = [one["net_usd"] for one in rows if one["c"] == word]
        assert box["median"][at] == pytest.approx(np.median(nets))
        assert box["mean"][at] == pytest.approx(np.mean(nets))
        assert (box["lowerfence"][at], box["upperfence"][at]) == (min(nets), max(nets))
    assert found["axis-1"]["data"][0]["x"] == ["true", "false"]


def test_a_parameter_that_is_the_same_in_all_sets_is_no_axis() -> None:
    rows = grid(a=[1, 2], b=[7])
    assert [axis.name for axis in axes(rows, ["a", "b"])] == ["a"]
    assert "The same in all sets: b 7." in said(render(sheet(rows)))


def test_the_answer_counts_and_calls_a_loss_a_loss() -> None:
    rows = grid(a=[1, 2, 3, 4])
    assert answer(rows) == (
        "2 of 4 sets earn money after fees: the best +$2.50 (+12.50 bps of volume), "
        "the median $0.00 (0.00 bps), the worst −$1.25 (−6.25 bps)."
    )
    lost = [one | {"net_usd": one["net_usd"] - 9} for one in rows]
    assert answer(lost).startswith("None of 4 sets earns money after fees: the best −$6.50")
    html = render(sheet(lost))
    assert '<section class="answer bad">' in html
    assert "0 of 4" in html
    assert answer(rows[:1]) == "The set earned $2.50 after fees (+12.50 bps of volume)."
    still = row(0, {}, 0.0, fills=0, volume_usd=0.0)
    assert answer([still]) == "The set had no fills, so it neither earned nor lost."


def test_of_two_sets_in_the_middle_the_worse_is_the_median() -> None:
    assert median(ranked(grid(a=[1, 2, 3, 4])))["set"] == 2


def test_what_rounds_to_nothing_has_no_sign() -> None:
    html = render(sheet([row(0, {"a": 1}, -0.001), row(1, {"a": 2}, -0.004, gross_usd=-0.0)]))
    assert "−$0.00" not in html
    assert "-0.00" not in said(html)
    assert "-0.0," not in json.dumps(charts(html))


def test_a_set_that_failed_is_named_and_in_no_figure() -> None:
    rows = grid(a=[1, 2, 3])
    rows[0] |= {"error": "notional <overflow> at 7", "net_usd": 1e6}
    html = said(render(sheet(rows)))
    assert "notional &lt;overflow&gt; at 7" in html
    assert "1 set failed" in html
    assert "1,000,000" not in html
    assert "None of 2 sets" in html
    rows[1]["error"] = "no"
    assert answer(rows).startswith("The set that did not fail lost $1.25")
    rows[2]["error"] = "no"
    assert "No set was played to its end: 3 sets failed." in render(sheet(rows, command=None))


def test_what_makes_the_best_doubtful_is_said() -> None:
    rows = [*grid(a=[1, 2]), row(2, {"a": 3}, 0.0, orders=901, fills=121)]
    text = "\n".join(warnings(sheet(rows, synthetic=True, wanted=9)))
    for part in ("3 of 9 sets are played", "synthetic", "after the fact", "2 different results"):
        assert part in text
    few = "\n".join(warnings(sheet([row(0, {}, 5.0, fills=7)])))
    assert "only 7 fills" in few
    none = "\n".join(warnings(sheet([row(0, {}, 0.0, fills=0)])))
    assert "best by not trading" in none


def test_chance_is_weighed_where_the_data_is_long_enough() -> None:
    rows = grid(a=list(range(8)))
    chance = chance_sharpe(ranked(rows))
    assert chance is not None
    # The highest of eight normal draws lies 1.42 standard deviations up, on average.
    assert chance == pytest.approx(1.42 * np.std([one["sharpe"] for one in rows], ddof=1), rel=0.05)
    (long,) = (text for text in warnings(sheet(rows)) if "chosen after the fact" in text)
    assert f"expected at {chance:.1f}; here it is 10.0, more than that" in long
    rows[0]["sharpe"] = 6.0
    (less,) = (text for text in warnings(sheet(rows)) if "chosen after the fact" in text)
    assert "no more than chance would give" in less
    (short,) = (t for t in warnings(sheet(rows, seconds=3_600.0)) if "chosen after the fact" in t)
    assert "chance alone" not in short


def test_days_add_up_to_the_net_result() -> None:
    rows = grid(a=[1, 2, 3])
    best, middle, worst = charts(render(sheet(rows)))["days"]["data"]
    assert best["x"] == ["2026-02-12", "2026-02-13", "2026-02-14"]
    for line, net in ((best, 1.25), (middle, 0.0), (worst, -1.25)):
        assert line["y"][-1] == pytest.approx(net, abs=1e-3)


def test_what_is_booked_at_the_end_of_a_day_makes_no_second_day() -> None:
    rows = grid(a=[1, 2])
    for one in rows:
        one["days"] = [[FIRST_DAY, one["net_usd"] - 0.1], [FIRST_DAY + 1, 0.1]]
    assert "days" not in charts(render(sheet(rows, until=START + DAY_NS)))


def test_the_page_needs_no_network_and_is_the_same_twice(tmp_path: Path) -> None:
    told = sheet(grid(a=[1, 2, 3], b=["<b>x</b>", "y"]))
    html = render(told)
    assert render(told) == html
    assert "http" not in said(html)
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", said(html))
    assert html.count("plotly.js v") == 1
    assert "<b>x</b>" not in said(html)


def test_ten_thousand_sets_make_no_large_file() -> None:
    rows = grid(a=list(range(100)), b=list(range(100)))
    line = next(
        line for line in render(sheet(rows)).splitlines() if line.startswith("const charts")
    )
    assert len(line) < 2_500_000
