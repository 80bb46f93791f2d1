"""Output — the folder of a run: report, summary, tables of fills, orders and equity, manifest.

The folder appears complete or not at all: it is written beside its place and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botmm import __version__
from botmm.errors import UsageError
from botmm.report.analysis import Parts, analyse
from botmm.report.formats import duration
from botmm.report.sheet import Sheet, Trial, answer, tier_text, warnings
from botmm.research.replay import Variant, queue_rank
from botmm.units import SECOND_NS, day_of

if TYPE_CHECKING:
    import pyarrow as pa

    from botmm.research.plan import Plan
    from botmm.research.replay import ReplayRun

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
UNRESOLVED = -(2**63)


def make_sheet(run: ReplayRun, variants: list[Variant]) -> Sheet:
    """Return the report of a run before it is drawn."""
    from botmm.core import __version__ as core_version

    plan = run.plan
    figures = analyse(run.fills, run.orders, run.equity, run.summary, plan.settings.replay.seed)
    rows = run.summary["symbols"]
    return Sheet(
        figures=figures,
        venue=", ".join(sorted({t.venue for group in plan.tapes.values() for t in group})),
        since=min(int(row["first_ts"]) for row in rows),
        until=max(int(row["last_ts"]) for row in rows),
        partial=run.partial,
        synthetic=any(
            tape.venue.startswith("synth") or tape.meta.get("source_format", "") == "synth"
            for group in plan.tapes.values()
            for tape in group
        ),
        trials=_trials(run, figures.parts, variants),
        assumptions=_assumptions(run),
        fees=plan.fees,
        config=_config(plan),
        versions={
            "botmm": __version__,
            "core": core_version,
            "python": platform.python_version(),
            "configuration digest": plan.settings.digest(),
            "seed": str(plan.settings.replay.seed),
        },
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


def _assumptions(run: ReplayRun) -> list[tuple[str, str]]:
    """Return what the simulation takes for granted, in words."""
    sim, play = run.plan.settings.sim, run.plan.settings.replay
    maker, taker = run.plan.fees
    latency = {
        "constant": f"constant: {sim.entry_ms:g} ms to the venue, {sim.response_ms:g} ms back",
        "feed": "as the delay of the recorded feed",
        "file": f"recorded: {sim.latency_file}",
    }[sim.latency_model]
    fills = "by the traded size" if sim.partial_fills else "of whole orders only"
    through = "by its volume" if sim.through_fill == "volume" else "in full"
    longest = f"up to {play.max_gap_s:g} s are played over"
    return [
        ("Capital", f"${run.plan.settings.account.capital_usd:,.0f}"),
        ("Fees of notional", f"maker {maker * 1e4:g} bps, taker {taker * 1e4:g} bps"),
        ("Queue model", sim.queue),
        ("Latency", latency),
        ("Block clock of the venue", f"{sim.block_ms:g} ms" if sim.block_ms else "off"),
        ("Fills", fills),
        ("Price going through an order", f"fills it {through}"),
        ("The market", "does not react to our orders"),
        ("Funding", "hourly, where the tape has it"),
        ("Quotes reconsidered", f"every {play.step_ms:g} ms"),
        ("Warm-up before the first quote", duration(run.plan.warmup_ns / SECOND_NS)),
        ("Silences", "longer ones are bridged" if play.bridge_gaps else longest),
    ]


def _config(plan: Plan) -> dict[str, Any]:
    """Return every value by its dotted key."""
    tree = plan.settings.model_dump(mode="json", exclude={"strategy", "symbols", "schema_version"})
    flat = {f"{name}.{key}": value for name, part in tree.items() for key, value in part.items()}
    for symbol in plan.symbols:
        flat |= {f"{symbol}.{key}": value for key, value in plan.settings.params(symbol).items()}
    return flat


def summary(sheet: Sheet, run: ReplayRun) -> dict[str, Any]:
    """Return summary.json: the figures of the report, and the core's own summary."""
    figures, interval = sheet.figures, sheet.figures.net_interval
    parts = figures.parts
    return {
        "schema_version": SCHEMA_VERSION,
        "answer": answer(sheet),
        "partial": sheet.partial,
        "synthetic": sheet.synthetic,
        "venue": sheet.venue,
        "symbols": [own.symbol for own in figures.symbols],
        "first_ts": sheet.since,
        "last_ts": sheet.until,
        "data_seconds": figures.seconds,
        "verdict": figures.verdict,
        "data_tier": tier_text(figures.tiers),
        **_parts(parts),
        "net_usd_95": None if interval is None else [interval.low, interval.high],
        "drawdown_usd": figures.drawdown_usd,
        "residual": figures.residual,
        "maker_fee": sheet.fees[0],
        "taker_fee": sheet.fees[1],
        "warnings": warnings(sheet),
        "by_symbol": {own.symbol: _parts(own.parts) | _extra(own) for own in figures.symbols},
        "by_day": {day.day: _parts(day.parts) for day in figures.days},
        "trials": [
            {
                "kind": trial.kind,
                "label": trial.label,
                "net_usd": trial.net_usd,
                "net_bps": trial.net_bps,
                "fills": trial.fills,
            }
            for trial in sheet.trials
        ],
        "assumptions": dict(sheet.assumptions),
        "rows": run.rows,
        "core": run.summary,
    }


def _parts(parts: Parts) -> dict[str, Any]:
    """Return the parts of a result as JSON."""
    return {
        "net_usd": parts.net_usd,
        "net_bps": parts.bps(parts.net_usd),
        "gross_usd": parts.gross_usd,
        "capture_usd": parts.capture_usd,
        "inventory_usd": parts.inventory_usd,
        "fees_usd": parts.fees_usd,
        "funding_usd": parts.funding_usd,
        "volume_usd": parts.volume_usd,
        "fills": parts.fills,
    }


def _extra(own: Any) -> dict[str, Any]:
    """Return what is known of one symbol only."""
    return {
        "volume_share": own.volume_share,
        "crossed_share": own.crossed_share,
        "round_trips": own.trips.closing_fills,
        "markouts_bps": {
            side: {f"{p.horizon_s:g}": [p.mean, p.low, p.high] for p in points}
            for side, points in own.markouts.items()
        },
    }


def default_folder(plan: Plan) -> Path:
    """Return where a run goes unless told otherwise: the same run, the same folder."""
    first, last = plan.span
    name = "-".join(plan.symbols[:4]) + ("-etc" if len(plan.symbols) > 4 else "")
    days = f"{day_of(first + plan.warmup_ns)}_{day_of(max(last - 1, first))}"
    return Path("runs") / f"{name}_{days}_{plan.settings.digest()[:8]}"


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier run, before the work starts.

    Raises:
        UsageError: the place is taken.
    """
    if not folder.exists():
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).is_file()):
        raise UsageError(f"{folder} holds something else than a run", cure="name another --out")


def write(run: ReplayRun, sheet: Sheet, folder: Path) -> None:
    """Write the folder of a run; an earlier run in its place is replaced.

    Raises:
        UsageError: the place holds something else than a run.
    """
    from pyarrow import parquet

    from botmm.report.tear_sheet import render

    check_folder(folder)
    fresh = folder.with_name(f"{folder.name}.tmp-{os.getpid()}")
    fresh.mkdir(parents=True)
    try:
        (fresh / "report.html").write_text(render(sheet), encoding="utf-8")
        _write_json(fresh / "summary.json", summary(sheet, run))
        rows = run.summary["symbols"]
        for name, columns in (("fills", run.fills), ("orders", run.orders), ("equity", run.equity)):
            table = _table(columns, rows)
            parquet.write_table(table, fresh / f"{name}.parquet", compression="zstd")
        _write_json(fresh / MANIFEST, _manifest(run, sheet, fresh))
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def _table(columns: Mapping[str, Any], rows: list[dict[str, Any]]) -> pa.Table:
    """Return columns as they are, with symbols by name; scales stand in the metadata."""
    import numpy as np
    import pyarrow as pa

    names = [str(row["symbol"]) for row in rows]
    data: dict[str, Any] = {}
    for name, column in columns.items():
        if name == "symbol":
            data[name] = pa.array(np.array(names, dtype=object)[column], pa.string())
        elif name.startswith("markout_"):
            data[name] = pa.array(column, mask=np.asarray(column) == UNRESOLVED)
        else:
            data[name] = pa.array(column)
    scales = {
        str(row["symbol"]): {key: row[key] for key in row if key.endswith("_decimals")}
        for row in rows
    }
    meta = {"botmm.schema_version": str(SCHEMA_VERSION), "botmm.scales": json.dumps(scales)}
    return pa.table(data).replace_schema_metadata(meta)


def _manifest(run: ReplayRun, sheet: Sheet, folder: Path) -> dict[str, Any]:
    """Return what is needed to repeat the run and to prove that it is the same."""
    return {
        "schema_version": SCHEMA_VERSION,
        "versions": dict(sheet.versions),
        "platform": platform.platform(),
        "seed": run.plan.settings.replay.seed,
        "config": dict(sheet.config),
        "config_digest": run.plan.settings.digest(),
        "spec": run.spec,
        "data": [
            {
                "path": str(tape.path),
                "symbol": tape.symbol,
                "rows": tape.rows,
                "sha256": _file_digest(tape.path),
            }
            for group in run.plan.tapes.values()
            for tape in group
        ],
        "files": {path.name: _file_digest(path) for path in sorted(folder.iterdir())},
    }


def _file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, value: Any) -> None:
    """Write JSON that people can read."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
