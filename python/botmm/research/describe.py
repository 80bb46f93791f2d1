"""Describe — a finished run as the sheet that reports draw: trials, assumptions, breakers, origins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botmm.report.analysis import FillsOf, Parts, analyse
from botmm.report.formats import duration
from botmm.report.sheet import Sheet, Trial
from botmm.research.output import versions
from botmm.research.replay import ReplayRun, Variant, queue_rank
from botmm.units import SECOND_NS, time_text

if TYPE_CHECKING:
    from botmm.data.catalogue import Tape
    from botmm.research.plan import Plan


def make_sheet(run: ReplayRun, variants: list[Variant], fills_of: FillsOf | None = None) -> Sheet:
    """Return the report of a run before it is drawn; `fills_of` where the run holds no fills."""
    plan = run.plan
    figures = analyse(
        fills_of or run.fills,
        run.equity,
        run.orders,
        run.summary,
        warmup_ns=plan.warmup_ns,
        seed=plan.settings.replay.seed,
    )
    return Sheet(
        figures=figures,
        venue=venues(plan),
        since=int(run.summary["first_ts"]) + plan.warmup_ns,
        until=int(run.summary["last_ts"]),
        partial=run.partial,
        synthetic=is_synthetic(plan),
        trials=_trials(run, figures.parts, variants),
        assumptions=assumptions(plan, _queue(run)),
        breakers=_breakers(run),
        quality={symbol: _quality(group) for symbol, group in plan.tapes.items()},
        fees=plan.fees,
        config=config_of(plan),
        versions=origins(plan),
    )


def _trials(run: ReplayRun, parts: Parts, variants: list[Variant]) -> list[Trial]:
    """Return the run among its variants, each kind in the order of its assumption."""
    queue = run.plan.settings.sim.queue
    ranked: list[tuple[float, Trial]] = [
        (
            rank,
            Trial(
                kind=kind,
                label=f"{label} (this run)",
                net_usd=parts.net_usd,
                volume_usd=parts.volume_usd,
                fills=parts.fills,
                main=True,
            ),
        )
        for kind, label, rank in (("latency", "1×", 1.0), ("queue", queue, queue_rank(queue)))
    ]
    ranked += [
        (
            v.rank,
            Trial(
                kind=v.kind,
                label=v.label,
                net_usd=v.net_usd,
                volume_usd=v.volume_usd,
                fills=v.fills,
            ),
        )
        for v in variants
    ]
    return [trial for _, trial in sorted(ranked, key=lambda pair: (pair[1].kind, pair[0]))]


def assumptions(plan: Plan, queue: str) -> list[tuple[str, str]]:
    """Return what the simulation takes for granted, in words; `queue` says its queue model."""
    sim, play = plan.settings.sim, plan.settings.replay
    maker, taker = plan.fees
    latency = {
        "constant": f"constant: {sim.entry_ms:g} ms to the venue, {sim.response_ms:g} ms back",
        "feed": "as the delay of the recorded feed",
        "file": f"recorded: {sim.latency_file}",
    }[sim.latency_model]
    fills = "by the traded size" if sim.partial_fills else "of whole orders only"
    through = "by its volume" if sim.through_fill == "volume" else "in full"
    behind = "what stood there, and its share of what came until the next"
    arrival = behind if sim.arrival == "shared" else "what the last snapshot showed"
    longest = f"up to {play.max_gap_s:g} s are played over"
    return [
        ("Quotes", _quotes(plan)),
        ("Capital", f"${plan.settings.account.capital_usd:,.0f}"),
        ("Fees of notional", f"maker {maker * 1e4:g} bps, taker {taker * 1e4:g} bps"),
        ("Queue model", queue),
        ("Latency", latency),
        ("Block clock of the venue", f"{sim.block_ms:g} ms" if sim.block_ms else "off"),
        ("Ahead of an order between two snapshots", arrival),
        ("Fills", fills),
        ("Price going through an order", f"fills it {through}"),
        ("The market", "does not react to our orders"),
        ("Funding", "hourly, where the tape has it"),
        ("Quotes reconsidered", f"every {play.step_ms:g} ms"),
        ("Warm-up before the first quote", _warmup(plan)),
        ("Silences", "longer ones are bridged" if play.bridge_gaps else longest),
    ]


def _quotes(plan: Plan) -> str:
    """Return whose quotes were played."""
    if plan.strategy is None:
        return "of the shipped maker"
    own = plan.strategy
    code = f", {own['file']}, sha256 {own['sha256'][:12]}" if own["file"] and own["sha256"] else ""
    return f"of the strategy {own['name']}{code}; parameters of the shipped quotes do not apply"


def _queue(run: ReplayRun) -> str:
    """Return the queue model, and how much of it lacked the order counts that it asks for."""
    queue, rows = run.plan.settings.sim.queue, run.summary["symbols"]
    without = sum(int(row["uncounted_orders"]) for row in rows)
    if without == 0:
        return queue
    orders = sum(int(row["orders"]) for row in rows)
    return f"{queue}; {without:,} of {orders:,} orders without order counts: as pow3:3"


def _warmup(plan: Plan) -> str:
    """Return what the signals saw before the first quote."""
    if plan.signals is not None:
        return f"signals of {plan.signals}"
    candles = sum(len(rows) for rows in plan.candles.values())
    return f"{candles:,} candles" if candles else duration(plan.warmup_ns / SECOND_NS)


def config_of(plan: Plan) -> dict[str, Any]:
    """Return every value by its dotted key."""
    tree = plan.settings.model_dump(
        mode="json", exclude={"strategy", "symbols", "live", "schema_version"}
    )
    flat = {f"{name}.{key}": value for name, part in tree.items() for key, value in part.items()}
    for symbol in plan.symbols:
        flat |= {f"{symbol}.{key}": value for key, value in plan.settings.params(symbol).items()}
    return flat


def origins(plan: Plan) -> dict[str, str]:
    """Return what made a result: versions, digest of the settings, seed."""
    return {
        **versions(),
        "configuration digest": plan.settings.digest(),
        "seed": str(plan.settings.replay.seed),
    }


def venues(plan: Plan) -> str:
    """Return the venues of the tapes as one text."""
    return ", ".join(sorted({tape.venue for group in plan.tapes.values() for tape in group}))


def is_synthetic(plan: Plan) -> bool:
    """Whether any tape of a plan says that it was simulated."""
    return any(
        tape.meta.get(key, "").strip('"').startswith("synth")
        for group in plan.tapes.values()
        for tape in group
        for key in ("source", "source_format")
    )


def _breakers(run: ReplayRun) -> list[tuple[str, str, str, str]]:
    """Return the changes of the risk breakers: time, symbol, cause, state."""
    names = run.plan.symbols
    return [
        (
            time_text(int(event["ts"])),
            "account" if event["symbol"] is None else names[int(event["symbol"])],
            str(event["cause"]),
            str(event["state"]).lower(),
        )
        for event in run.summary["breakers"]
    ]


def _quality(tapes: Sequence[Tape]) -> dict[str, int]:
    """Return the counters of what importing found wrong, summed over tapes; zeros are left out."""
    sums: dict[str, int] = {}
    for tape in tapes:
        for name, number in tape.defects.items():
            sums[name] = sums.get(name, 0) + number
    return sums
