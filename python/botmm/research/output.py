"""Output — the folder of a run: report, summary, tables of fills, orders and equity, manifest.

The folder appears complete or not at all: it is written beside its place and renamed. Rows of the
tables go to their files while the run goes on, so that months of them need no memory. What a
killed run left beside the place is removed by the next one.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from botmm import core
from botmm.data.leftovers import left_in, sweep
from botmm.errors import UsageError
from botmm.report.analysis import Parts
from botmm.report.sheet import Sheet, answer, tier_text, warnings
from botmm.research.tables import SCHEMA_VERSION, Columns, Tables, fills_of
from botmm.units import DAY_NS, day_of, time_text

if TYPE_CHECKING:
    from botmm.research.plan import Plan
    from botmm.research.replay import ReplayRun

MANIFEST = "manifest.json"
FILES = {
    "report.html",
    "summary.json",
    "fills.parquet",
    "orders.parquet",
    "equity.parquet",
    "keyframes.parquet",
    "signals.bin",
    MANIFEST,
}
BPS_DECIMALS = 4
RATIO_DECIMALS = 9  # of fees, shares and seconds: billionths, as the core has them


class RunFolder:
    """The folder of one run while it is being written; an earlier run in its place is replaced."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        """Take the place; raises UsageError where it holds something else than a run."""
        _check(folder)
        if plan.signals is not None and plan.signals.resolve().parent == folder.resolve():
            raise UsageError(
                f"{plan.signals} would be replaced by this run's", cure="name another --out"
            )
        self.folder = folder
        self.plan = plan
        self.fresh = folder.with_name(f"{folder.name}.tmp-{os.getpid()}")
        self.tables = Tables(self.fresh, plan)

    @property
    def report(self) -> Path:
        """Return where the report will be."""
        return self.folder / "report.html"

    def __enter__(self) -> RunFolder:
        """Make the folder beside its place."""
        self._put_back()
        sweep(self.folder.parent, self.folder.name)
        self.fresh.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Leave nothing behind that is not complete."""
        self.tables.abandon()
        shutil.rmtree(self.fresh, ignore_errors=True)

    def _put_back(self) -> None:
        """Put an earlier run in its place again, where a kill came between two renames."""
        moved = [
            left
            for left in left_in(self.folder.parent, self.folder.name)
            if left.name.endswith("-1")
        ]
        if moved and not self.folder.exists():
            moved[0].rename(self.folder)

    def add(self, name: str, columns: Mapping[str, Any]) -> None:
        """Write the rows of a table that came since the last call."""
        self.tables.add(name, columns)

    def fills_of(self, ix: int) -> Columns:
        """Return the fills of a symbol, once all rows were added."""
        self.tables.close()
        return fills_of(self.tables.path("fills"), self.plan, self.plan.symbols[ix])

    def finish(self, run: ReplayRun, sheet: Sheet) -> None:
        """Write everything else and put the folder in its place."""
        from botmm.report.tear_sheet import render

        self.tables.close()
        (self.fresh / "signals.bin").write_bytes(run.signals)
        (self.fresh / "report.html").write_text(render(sheet), encoding="utf-8")
        _write_json(self.fresh / "summary.json", summary(sheet, run))
        _write_json(self.fresh / MANIFEST, _manifest(run, sheet, self.fresh))
        earlier = self.fresh.with_name(f"{self.fresh.name}-1")
        if self.folder.exists():
            self.folder.rename(earlier)  # a kill must not leave half of it in its place
        self.fresh.rename(self.folder)
        shutil.rmtree(earlier, ignore_errors=True)


def summary(sheet: Sheet, run: ReplayRun) -> dict[str, Any]:
    """Return summary.json: the figures of the report, and the core's own summary."""
    figures, interval = sheet.figures, sheet.figures.net_interval
    parts = figures.parts
    tree = {
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
    # Mids are in half price units, so that parts of the result end in half a cash unit.
    half_unit = 1 + max(int(row["cash_decimals"]) for row in run.summary["symbols"])
    result: dict[str, Any] = rounded(tree, half_unit)
    return result


def rounded(value: Any, usd_decimals: int, decimals: int = RATIO_DECIMALS) -> Any:
    """Return a tree of JSON with its floats rounded, each as the unit in its key asks.

    Args:
        value: the tree; integers and texts in it stay as they are.
        usd_decimals: decimals of money.
        decimals: decimals of what stands under keys without a unit.
    """
    if isinstance(value, dict):
        return {
            key: rounded(inner, usd_decimals, _decimals(key, usd_decimals) or decimals)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [rounded(inner, usd_decimals, decimals) for inner in value]
    return round(value, decimals) + 0.0 if isinstance(value, float) else value  # never -0.0


def _decimals(key: str, usd_decimals: int) -> int | None:
    """Return the decimals of a unit in a key; None where it has none."""
    if key.endswith(("_usd", "_usd_95")):
        return usd_decimals
    return BPS_DECIMALS if key.endswith("_bps") else None


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
    led = "" if plan.strategy is None else f"{plan.strategy['name']}_"
    return Path("runs") / f"{span_name(plan)}_{led}{plan.settings.digest()[:8]}"


def span_name(plan: Plan) -> str:
    """Return symbols and range of a plan as a part of a folder's name."""
    first, last = plan.span
    name = "-".join(plan.symbols[:4]) + ("-etc" if len(plan.symbols) > 4 else "")
    begin, end = first + plan.warmup_ns, max(last - 1, first)
    return f"{name}_{_edge(begin, plan.range.since)}_{_edge(end, plan.range.until)}"


def _edge(ts: int, asked: int | None) -> str:
    """Return the day of a time, and the time of day that was asked for where it is not midnight."""
    if asked is None or asked % DAY_NS == 0:
        return f"{day_of(ts)}"
    clock = time_text(asked).split()[1].replace(":", "").removesuffix("00")
    return f"{day_of(ts)}T{clock}"


def _check(folder: Path) -> None:
    """Refuse a folder that holds anything but an earlier run, before the work starts.

    Raises:
        UsageError: the place is taken.
    """
    if folder.name in {"", ".."}:
        raise UsageError(f"{folder}: a run takes a folder of its own", cure="name it by --out")
    if not folder.exists():
        return
    others = sorted({path.name for path in folder.iterdir()} - FILES)
    if others:
        raise UsageError(
            f"{folder} holds something else than a run: {others[0]}", cure="name another --out"
        )


def _manifest(run: ReplayRun, sheet: Sheet, folder: Path) -> dict[str, Any]:
    """Return what is needed to repeat the run and to prove that it is the same."""
    return {
        "schema_version": SCHEMA_VERSION,
        "versions": dict(sheet.versions),
        "build": file_digest(core.BUILD),
        "platform": platform.platform(),
        "seed": run.plan.settings.replay.seed,
        "config": dict(sheet.config),
        "config_digest": run.plan.settings.digest(),
        "spec": run.spec,
        "strategy": None if run.plan.strategy is None else dict(run.plan.strategy),
        "data": tape_digests(run.plan),
        "files": {path.name: file_digest(path) for path in sorted(folder.iterdir())},
    }


def versions() -> dict[str, str]:
    """Return the versions of what made a result."""
    from botmm import __version__
    from botmm.core import __version__ as core_version

    return {
        "botmm": __version__,
        "core": core_version,
        "python": platform.python_version(),
    }


def tape_digests(plan: Plan) -> list[dict[str, Any]]:
    """Return path, symbol, rows and SHA-256 of each tape of a plan."""
    return [
        {
            "path": str(tape.path),
            "symbol": tape.symbol,
            "rows": tape.rows,
            "first_ts": int(tape.first_ts),
            "last_ts": int(tape.last_ts),
            "sha256": file_digest(tape.path),
        }
        for group in plan.tapes.values()
        for tape in group
    ]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_json(path: Path, value: Any) -> None:
    """Write JSON that people can read."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
