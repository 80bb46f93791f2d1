"""Sweep — many parameter sets over the same tapes in one pass, group by group, resumable.

The core reads the tapes once for a group of sets. A group that ended is a file of its own, so
that a sweep that was stopped or killed goes on with the next one and gives the same table.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botmm.data.leftovers import sweep as sweep_leftovers
from botmm.data.leftovers import write_whole
from botmm.errors import DataError, UsageError
from botmm.research import grids, output
from botmm.research.identity import identity
from botmm.research.replay import spec
from botmm.units import SECOND_NS

if TYPE_CHECKING:
    from botmm.report.sweep_sheet import SweepSheet
    from botmm.research.grids import ParameterSet
    from botmm.research.plan import Plan

# Rows of the tapes between two looks at the progress.
CHUNK_ROWS = 50_000  # within a stretch of the core: with many sets each takes a second or more
HORIZONS_S = (0.1, 1.0, 5.0, 30.0, 60.0, 300.0)
MONEY = ("net_usd", "gross_usd", "fees_usd", "funding_usd", "volume_usd")
COUNTS = ("fills", "orders", "cancels", "rejects", "breakers")
SCORES = ("sharpe", "drawdown_usd", "inventory_mean_usd", "inventory_max_usd")
PARTS, TABLE, DAYS, MANIFEST = "parts", "sweep.parquet", "days.parquet", "manifest.json"
REPORT = "report.html"

Row = dict[str, Any]
# Told the share done, rows played and the best net result; returns whether to stop.
OnChunk = Callable[[float, int, float | None], bool]


def play(
    plan: Plan,
    sets: Sequence[ParameterSet],
    *,
    threads: int = 0,
    first: int = 0,
    on_chunk: OnChunk | None = None,
) -> list[Row] | None:
    """Play sets in one pass and return a row a set; None where `on_chunk` stopped it.

    Args:
        plan: tapes, range, settings; what a set does not say is as there.
        sets: values by parameter name.
        threads: 0 takes every core. The rows are the same for any number.
        first: the number of the first set.
        on_chunk: called after each stretch that all sets traded in, some 65,000 rows of the tapes.

    Returns:
        Rows with `set`, `net_usd` and the other columns of `columns`, and `days`: pairs of the
        UTC day since 1970 and its net result. A set that failed has `error`.
    """
    from botmm.core import Sweep

    changes = grids.checked(sets, plan.symbols)
    told = {
        "run": spec(plan),
        "sets": [{"params": [own[symbol] for symbol in plan.symbols]} for own in changes],
        "threads": threads,
    }
    begin, end = plan.span
    core = Sweep(json.dumps(told))
    done = False
    while not done:
        at = core.run(CHUNK_ROWS)
        done = bool(at["done"])
        share = 1.0 if done else (int(at["ts"]) - begin) / max(end - begin, 1)
        best = at["best"][1] if at["best"] else None
        if on_chunk is not None and on_chunk(min(max(share, 0.0), 1.0), int(at["rows"]), best):
            return None
    figures = json.loads(core.results())
    return [
        _row(first + number, own, one)
        for number, (own, one) in enumerate(zip(sets, figures, strict=True))
    ]


def _row(number: int, own: ParameterSet, figures: Mapping[str, Any]) -> Row:
    """Return one row of the table."""
    row: Row = {"set": number, **own}
    row |= {name: figures[name] for name in (*MONEY, *COUNTS)}
    row |= {name: figures["score"][name] for name in SCORES}
    row |= _markouts(figures["symbols"])
    row["error"] = figures.get("error")
    row["days"] = figures["score"]["days"]
    return row


def _markouts(symbols: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return markouts against the fill price in basis points, weighted by the symbols' volume."""
    found: dict[str, float | None] = {}
    for place, seconds in enumerate(HORIZONS_S):
        known = [
            (one["markout_bps"][place], one["volume_usd"])
            for one in symbols
            if one["markout_bps"][place] is not None
        ]
        volume = sum(weight for _, weight in known)
        mean = sum(bps * weight for bps, weight in known) / volume if volume else None
        found[f"markout_{seconds:g}s_bps"] = mean
    return found


def sweep(
    tape: str | Path | Sequence[str | Path] | Plan,
    configs: Sequence[ParameterSet],
    *,
    threads: int = 0,
) -> list[Row]:
    """Play parameter sets over tapes in one pass; a dict a set.

    Args:
        tape: tapes of one or more symbols, or a plan.
        configs: values by parameter name; `symbols.BTC.NAME` for one symbol alone. What is not
            named is as in the user's configuration.
        threads: 0 takes every core; the result does not depend on it.

    Returns:
        Rows as `botmm.research.sweep.play` describes them, in the order of `configs`.

    Raises:
        ConfigError: an unknown parameter or a bad value, with the number of the set.
        DataError: the tapes cannot be played.

    Example:
        >>> rows = botmm.sweep("BTC.parquet", [{"base_spread_bps": b} for b in (1, 2, 4)])
        >>> max(rows, key=lambda row: row["net_usd"])["base_spread_bps"]
    """
    from botmm.research.plan import Plan

    rows = play(tape if isinstance(tape, Plan) else _plan(tape), configs, threads=threads)
    assert rows is not None, "invariant: nobody stops it"
    return rows


def _plan(tape: str | Path | Sequence[str | Path]) -> Plan:
    """Return a plan over whole tapes with the user's configuration."""
    from botmm.config import load
    from botmm.research.plan import whole_tapes

    return whole_tapes(tape, load([], []).settings)


class SweepFolder:
    """The folder of a sweep: parts while it runs, the table when it is complete."""

    def __init__(self, folder: Path, plan: Plan, sets: Sequence[ParameterSet], group: int) -> None:
        """Take or go on with a folder.

        Raises:
            UsageError: it holds another sweep, or something else.
        """
        self.folder, self.plan, self.sets, self.group = folder, plan, sets, group
        self.key = _key(plan, sets, group)
        if folder.exists():
            self._check()
        (folder / PARTS).mkdir(parents=True, exist_ok=True)
        for place in (folder, folder / PARTS):
            sweep_leftovers(place)
        write_whole(folder / PARTS / "key.json", json.dumps({"key": self.key}))

    def _check(self) -> None:
        """Refuse a folder of something else."""
        known = self.folder / PARTS / "key.json"
        others = [path.name for path in self.folder.iterdir() if path.name != PARTS]
        if not known.is_file():
            if others or (self.folder / PARTS).exists():
                raise UsageError(
                    f"{self.folder} holds something else than a sweep", cure="name another --out"
                )
            return
        if json.loads(known.read_text(encoding="utf-8")).get("key") != self.key:
            raise UsageError(
                f"{self.folder} holds a sweep of other sets, data, settings or version",
                cure="name another --out, or remove the folder",
            )

    def groups(self) -> list[tuple[int, Sequence[ParameterSet], Path]]:
        """Return each group: its first set, its sets, and its part."""
        starts = range(0, len(self.sets), self.group)
        return [
            (at, self.sets[at : at + self.group], self.folder / PARTS / f"{at:06}.json")
            for at in starts
        ]

    def keep(self, part: Path, rows: Sequence[Row]) -> None:
        """Write the rows of a group that ended, whole or not at all."""
        write_whole(part, json.dumps(list(rows)))

    def rows(self) -> list[Row]:
        """Return the rows of the groups that ended."""
        parts = [part for _, _, part in self.groups() if part.exists()]
        return [row for part in parts for row in json.loads(part.read_text(encoding="utf-8"))]

    def report(self, command: Callable[[ParameterSet], str]) -> SweepSheet:
        """Write the report of the groups that ended, at least one; return what it says.

        Args:
            command: what replays one set, as a line for a shell.
        """
        from botmm.report.sweep_page import render
        from botmm.research.describe_sweep import make_sheet

        sheet = make_sheet(self.plan, self.sets, self.rows(), command)
        write_whole(self.folder / REPORT, render(sheet))
        return sheet

    def finish(self) -> list[Row]:
        """Put the parts together: the table, its days and the manifest; return the rows."""
        from pyarrow import parquet

        rows = self.rows()
        for name, made in ((TABLE, table(rows, self.sets)), (DAYS, days_table(rows))):
            fresh = self.folder / f"{name}.tmp-{os.getpid()}"
            parquet.write_table(made, fresh, compression="zstd")
            fresh.replace(self.folder / name)
        write_whole(self.folder / MANIFEST, json.dumps(self._manifest()))
        return rows

    def _manifest(self) -> dict[str, Any]:
        """Return what is needed to repeat the sweep."""
        return {
            "schema_version": 1,
            "key": self.key,
            "versions": output.versions(),
            "config_digest": self.plan.settings.digest(),
            "spec": spec(self.plan),
            "sets": list(self.sets),
            "data": output.tape_digests(self.plan),
        }


def table(rows: Sequence[Row], sets: Sequence[ParameterSet]) -> Any:
    """Return the rows as an Arrow table, without their days."""
    import pyarrow as pa

    own = grids.columns(sets)
    fixed = [*MONEY, *COUNTS, *SCORES, *(f"markout_{s:g}s_bps" for s in HORIZONS_S), "error"]
    made = {"set": pa.array([row["set"] for row in rows], pa.int64())}
    made |= {name: pa.array([row.get(name) for row in rows]) for name in own}
    for name in fixed:
        kind = pa.int64() if name in COUNTS else pa.string() if name == "error" else pa.float64()
        made[name] = pa.array([row[name] for row in rows], kind)
    return pa.table(made)


def days_table(rows: Sequence[Row]) -> Any:
    """Return the net result of each set and UTC day as an Arrow table."""
    import pyarrow as pa

    flat = [(row["set"], day, usd) for row in rows for day, usd in row["days"]]
    epoch = date(1970, 1, 1).toordinal()
    return pa.table(
        {
            "set": pa.array([one[0] for one in flat], pa.int64()),
            "day": pa.array([date.fromordinal(epoch + one[1]) for one in flat], pa.date32()),
            "net_usd": pa.array([one[2] for one in flat], pa.float64()),
        }
    )


def default_folder(plan: Plan, sets: Sequence[ParameterSet], group: int) -> Path:
    """Return where a sweep goes unless told otherwise: the same sweep, the same folder."""
    return Path("runs") / f"sweep_{output.span_name(plan)}_{_key(plan, sets, group)[:8]}"


def _key(plan: Plan, sets: Sequence[ParameterSet], group: int) -> str:
    """Return a digest of everything that the table depends on."""
    return identity(plan, list(sets), group, params=sets)


def days_of(plan: Plan) -> float:
    """Return the length of what is played, in days."""
    first, last = plan.span
    if last <= first:
        raise DataError("no rows in the range", cure="`botmm data ls` shows what is there")
    return (last - first) / (86_400 * SECOND_NS)
