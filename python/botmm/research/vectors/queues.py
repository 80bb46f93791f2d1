"""Queues — queue models, the simulated venue, latency and blocks under the vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from botmm import core
from botmm.research.vectors.case import Case, Key, Table, array, each

MS = 1_000_000
# What a replay case gives; all else in it is a queue rule with its wanted outcome.
_REPLAY_GIVEN = frozenset({"name", "order", "events", "depth"})


class _Level:
    """The level of one case as it goes through its steps, in lots."""

    def __init__(self, file: Any, insert: Any) -> None:
        """Take the unit of the file and the level at the insert."""
        self.lot: float = file["qpn"]["lot"]
        self.quantity, self.count = self.lots(insert["Q"]), float(insert["n"])
        self.rest = self.lots(insert["size"])

    def lots(self, quantity: float) -> float:
        """Return a quantity in whole lots."""
        return float(round(quantity / self.lot))

    def step(self, row: Any) -> dict[str, float]:
        """Return the interval of a step and move on to its end."""
        interval = {
            "q0": self.quantity,
            "n0": self.count,
            "traded": self.lots(row["V"]),
            "exhausted": float(row["f"]),
            "q1": self.lots(row["Q"]),
            "n1": float(row["n"]),
            "dt": row["dt"],
        }
        self.quantity, self.count = interval["q1"], interval["n1"]
        return interval

    def fill(self, ahead: float, traded: float) -> float:
        """Return what a trade leaves for us beyond the queue, and book it."""
        filled = min(self.rest, max(0.0, traded - ahead))
        self.rest -= filled
        return filled * self.lot


def _model(name: str, unit_lots: float) -> str:
    """Return the shipped name of a rule of the files."""
    if name in ("log1", "log2"):
        return f"{name}:{unit_lots:g}"
    return name.replace("risk_averse", "risk-averse").replace("_", ":")


def _classical(key: Key, name: str, insert: Any, steps: Any) -> list[dict[str, float]]:
    """Run a classical rule through the steps of a case."""
    level = _Level(key.file, insert)
    rule = _model(name, key.file["log_unit"] / level.lot)
    ahead, rows = level.quantity, []
    for step in steps:
        at = level.step(step)
        fill = level.fill(ahead, at["traded"])
        ahead = core.queue_advance(rule, ahead, at["q0"], at["traded"], at["q1"])
        rows.append({"ahead": ahead * level.lot, "fill": fill})
    return rows


def _counted(key: Key, insert: Any, steps: Any) -> tuple[list[dict[str, Any]], Any]:
    """Run the order-count model through the steps of a case; return its order too."""
    level, given = _Level(key.file, insert), key.file["qpn"]
    config = {
        "edges": given["edges"],
        "rates": given["rates"],
        "age0_s": given["age0"],
        "pmf": {int(lots): share for lots, share in given["pmf_lots"].items()},
        "pmf_floor": given["p_floor"],
    }
    order = core.QpnOrder(config, level.quantity, level.count)
    rows: list[dict[str, Any]] = []
    for step in steps:
        at = level.step(step)
        fill = level.fill(order.ahead, at["traded"])
        posterior = order.step(at)
        row = {"ahead": order.ahead * level.lot, "n_ahead": order.n_ahead, "fill": fill}
        groups = [[size * level.lot, *rest] for size, *rest in order.groups]
        rows.append(row | {"p_ahead_of_cancel": posterior, "groups": groups})
    return rows, order


def _cases(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        for model, wanted in row["models"].items():
            if model == "qpn":
                got: Any = _counted(key, row["insert"], row["steps"])[0]
            else:
                got = _classical(key, model, row["insert"], row["steps"])
            yield Case(f"{name} {model}", got, wanted)


def _simulated(key: Key) -> Iterator[Case]:
    for at, row in enumerate(key.value):
        name = f"#{at} {row['seed_world']}"
        steps = row["steps"]
        counted, order = _counted(key, row["insert"], steps)
        got = [[s["ahead"], s["n_ahead"], s["fill"], s["p_ahead_of_cancel"]] for s in counted]
        wanted = [[s["qpn_ahead"], s["qpn_n"], s["qpn_fill"], s["qpn_p"]] for s in steps]
        yield Case(f"{name} qpn", got, wanted)
        bins = {"exposure_per_bin": order.exposure, "cancels_per_bin": order.cancels}
        yield Case(f"{name} bins", bins, {bin_: row[bin_] for bin_ in bins})
        others = {s.removesuffix("_ahead") for s in steps[0] if s.endswith("_ahead")}
        for model in sorted(others - {"true", "qpn"}):
            run = _classical(key, model, row["insert"], steps)
            rows = [{k: s[f"{model}_{k}"] for k in ("ahead", "fill")} for s in steps]
            yield Case(f"{name} {model}", run, rows)


def _ahead_share(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        for model, wanted in row["out"].items():
            got = core.queue_share(_model(model, row["u"]), row["A"], row["B"])
            yield Case(f"{name} {model}", got, wanted)


def _initial_ahead(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        given = (row[k] for k in ("Qk", "Qk1", "V_before", "V_total", "frac"))
        yield Case(name, core.ahead_on_arrival(*given), row["out"])


def _classify(key: Key) -> Iterator[Case]:
    lot = key.file["qpn"]["lot"]
    for _, row in each(key.value):
        got = list(core.classify(row["N"], row["Z"] / lot))
        yield Case(f"N={row['N']} Z={row['Z']}", got, row["out"])


def _fill_probability(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        flow = (row["rate"], row["m1"], row["m2"])
        yield Case(name, core.fill_probability(flow, row["A"], row["x"], row["h"]), row["out"])


def _scoring(key: Key) -> Iterator[Case]:
    hit = np.ascontiguousarray(key.value["y"], dtype=np.bool_)
    for name, got in core.probability_scores(array(key.value["p"]), hit).items():
        yield Case(name, got, key.value[name])


def _in_ms(times: tuple[int | None, int]) -> list[float | None]:
    """Return times in milliseconds; whole ones as integers, so that a rest shows."""
    return [None if t is None else (t // MS if t % MS == 0 else t / MS) for t in times]


def _constant(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        latency = core.Latency.constant(row["entry"] * MS, row["resp"] * MS, 1.0)
        yield Case(name, _in_ms(latency.times(row["t"] * MS, 0)), row["out"])


def _feed_derived(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        entry, response = (
            (row[f"a_{way}"], float(row[f"b_{way}"] * MS)) for way in ("entry", "resp")
        )
        latency = core.Latency.feed(entry, response, 1.0)
        known = [local - exchange for exchange, local in key.file["feed"] if local <= row["t"]]
        last = known[-1] if known else row["default"]
        yield Case(name, _in_ms(latency.times(row["t"] * MS, last * MS)), row["out"])


def _recorded(key: Key) -> Iterator[Case]:
    rows = [tuple(t * MS for t in row) for row in key.file["recorded_rows"]]
    latency = core.Latency.recorded(rows, 1.0)
    for name, row in each(key.value):
        yield Case(name, _in_ms(latency.times(row["t"] * MS, 0)), row["out"])


def _race(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        given = (row[k] for k in ("place_arrival", "cancel_arrival", "taker_blocks"))
        got = core.block_race(key.file["blocks"], *given)
        yield Case(name, got, {k: row[k] for k in got})


def _replay(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        given = {k: row[k] for k in _REPLAY_GIVEN}
        for model, queue in (("risk_averse", "risk-averse"), ("pow3_2", "pow3:2")):
            got = json.loads(core.replay_case(json.dumps({**given, "queue": queue})))
            yield Case(f"{name} {model}", got, row[model])


QUEUES: Table = (
    ("queue", "cases", _cases),
    ("queue", "simulated", _simulated),
    ("queue", "ahead_share", _ahead_share),
    ("queue", "initial_ahead", _initial_ahead),
    ("queue", "classify", _classify),
    ("queue", "fill_prob_gamma", _fill_probability),
    ("queue", "scoring", _scoring),
    ("latency", "constant", _constant),
    ("latency", "feed_derived", _feed_derived),
    ("latency", "recorded", _recorded),
    ("latency", "race", _race),
    ("replay", "cases", _replay),
)
