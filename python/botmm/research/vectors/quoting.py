"""Quoting — the price grid, the quoting function and its models under the vectors."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np

from botmm import core
from botmm.research.vectors.case import Case, Key, Table, array, each
from botmm.units import to_text, to_units


def _fine(text: str, decimals: int) -> tuple[int, int]:
    """Return a decimal in units finer than the scale, and by how many decimals finer."""
    plain = format(Decimal(text), "f")  # the files also write 1e-6
    extra = max(0, len(plain.partition(".")[2]) - decimals)
    return to_units(plain, decimals + extra), extra


def _plain(units: int | None, decimals: int) -> str | None:
    """Return units as the wire spells them: no trailing zeros."""
    if units is None:
        return None
    text = to_text(units, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _prices(key: Key) -> Iterator[Case]:
    for _, row in each(key.value):
        spot, size_decimals = row["market"] == "spot", row["sz_decimals"]
        decimals = core.px_decimals(size_decimals, spot=spot)
        value, extra = _fine(row["price"], decimals)
        grid = core.price_grid(value, extra, size_decimals, spot=spot)
        got = {
            name: units if name == "valid" else _plain(units, decimals)
            for name, units in grid.items()
        }
        wanted = {name: row[name] for name in grid}
        yield Case(f"{row['price']} at {size_decimals} {row['market']}", got, wanted)


def _sizes(key: Key) -> Iterator[Case]:
    for _, row in each(key.value):
        decimals = row["sz_decimals"]
        value, extra = _fine(row["size"], decimals)
        got = _plain(core.floor_size(value, extra, decimals), decimals)
        yield Case(f"{row['size']} at {decimals}", got, row["floor"])


def _integer_form(key: Key) -> Iterator[Case]:
    for _, row in each(key.value):
        decimals = core.px_decimals(row["sz_decimals"])
        units, _ = _fine(row["price"], decimals)
        step = core.price_grid(units, 0, row["sz_decimals"])["step"]
        got = {"units": units, "step_units": step, "wire": _plain(units, decimals)}
        yield Case(row["price"], got, {name: row[name] for name in got})


def _as_params(given: Any) -> dict[str, float]:
    return {"mid": given["s"], **{name: given[name] for name in ("q", "gamma", "sigma", "k")}}


def _as_finite(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        given = row["in"]
        yield Case(name, core.as_finite(_as_params(given), given["T_minus_t"]), row["out"])


def _as_stationary(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        given = row["in"]
        yield Case(name, core.as_stationary(_as_params(given), given["q_max"]), row["out"])


def _glft(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        given = row["in"]
        params = {own: given[own] for own in ("gamma", "xi", "delta", "k")}
        got = core.glft(params | {"a": given["A"]}, given["q"], given["sigma"])
        yield Case(name, got, row["out"])


def _glft_exact(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        given = row["in"]
        params = {"gamma": given["gamma"], "xi": given["gamma"], "delta": 1.0}
        params |= {"a": given["A"], "k": given["k"]}
        yield Case(name, core.glft_exact(params, given["sigma"], given["q_max"]), row["out"])


def _fit_intensity(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        fit = core.fit_intensity(array(row["deltas"]), array(row["counts"]), row["T"])
        status, points, plain, weighted = fit
        got: dict[str, Any] = {"status": status, "n_points": points}
        for kind, line in (("ols", plain), ("wls", weighted)):
            if line is not None:
                got |= {f"A_{kind}": line[0], f"k_{kind}": line[1], f"r2_{kind}": line[2]}
        yield Case(name, got, row["out"])


def _fit_geometric(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        depths = np.ascontiguousarray(row["depths"], dtype=np.int64)
        status, events, estimate = core.fit_geometric(depths, row["d0"], row["T"])
        got = {"status": status, "n": events, **(estimate or {})}
        if "a" in got:
            got["A"] = got.pop("a")
        yield Case(name, got, row["out"])


def _fit_probe(key: Key) -> Iterator[Case]:
    rows = zip(key.value["fills"], key.value["exposure"], key.value["out"], strict=True)
    for at, (fills, exposure, wanted) in enumerate(rows):
        rate, error = core.fit_probe(fills, exposure)
        yield Case(f"#{at}", {"lambda": rate, "se_log": error}, wanted)


def _quotes(key: Key) -> Iterator[Case]:
    for name, row in each(key.value):
        params = row["params"]
        decimals = core.px_decimals(params["sz_decimals"])
        state = _state(row["state"], params["sz_decimals"], decimals)
        made = core.quote(params["sz_decimals"], params, state)
        got: dict[str, Any] = {"reason": made["reason"], "diag": {}}
        for side in ("bids", "asks"):
            got[side] = [
                {
                    "level": level,
                    "px": _plain(px, decimals),
                    "sz": _plain(size, params["sz_decimals"]),
                    "px_units": px,
                    "sz_lots": size,
                }
                for level, px, size in made[side]
            ]
        if made["reason"] is None:
            diag = made["diag"]
            got["diag"] = {**diag, "S_bps": diag["spread_bps"]}
        yield Case(name, got, row["expect"])


def _state(given: Any, size_decimals: int, decimals: int) -> dict[str, Any]:
    """Return the state of a case in units; not-a-number is spelled out in the file."""
    lots = given["q"] * 10**size_decimals
    if abs(lots - round(lots)) > 1e-6:
        raise ValueError(f"position {given['q']} is not in whole lots")

    def number(name: str) -> float | None:
        return None if given[name] is None else float(given[name])

    def units(name: str) -> int | None:
        return None if given[name] is None else to_units(given[name], decimals)

    return {
        "best_bid": units("best_bid"),
        "best_ask": units("best_ask"),
        "fair": number("fair"),
        "sigma": number("sigma"),
        "position": round(lots),
        "bias": given["bias"],
        "m_bid": given["m_bid"],
        "m_ask": given["m_ask"],
        "m_spread": given["M_spread"],
        "m_size": given["M_size"],
        "m_maxpos": given["M_maxpos"],
    }


QUOTING: Table = (
    ("rounding", "prices", _prices),
    ("rounding", "sizes", _sizes),
    ("rounding", "integer_form", _integer_form),
    ("as_glft", "as_finite", _as_finite),
    ("as_glft", "as_stationary", _as_stationary),
    ("as_glft", "glft", _glft),
    ("as_glft", "glft_exact", _glft_exact),
    ("as_glft", "fit_intensity", _fit_intensity),
    ("as_glft", "fit_geometric", _fit_geometric),
    ("as_glft", "fit_probe", _fit_probe),
    ("quoting", "cases", _quotes),
)
