"""Data verify — every checksum of recordings, and what is lost, exactly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from botmm.cli.data_compact import captures
from botmm.cli.data_import import size_text, store_folder
from botmm.cli.options import examples, json_option, output_options, store_options
from botmm.cli.terminal import terminal
from botmm.units import SECOND_NS

if TYPE_CHECKING:
    from botmm.data.capture.blocks import Gap
    from botmm.data.capture.check import Report


@click.command(
    "verify",
    epilog=examples(
        "botmm data verify", "botmm data verify state/journal", "botmm data verify --json"
    ),
)
@output_options
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@store_options
@json_option
def verify_command(
    *, folders: tuple[Path, ...], store: str | None, venue: str | None, as_json: bool
) -> None:
    """Read every segment of recordings, or of other folders such as a daemon's journal.

    Checked are the sums of each block, their chain, the digest of each file, and that every second
    has a record or lies in a gap record. A torn end is what a kill leaves: all before it is whole.
    Exit code 3 where something is corrupt or missing.
    """
    from botmm.data.capture.check import check
    from botmm.errors import DataError

    shown = terminal()
    places = list(folders) or captures(store_folder(store), venue)
    reports = {place: check(place) for place in places}
    if as_json:
        shown.json([_as_dict(place, report) for place, report in reports.items()])
    else:
        for place, report in reports.items():
            for line in _lines(place, report):
                shown.out().print(line, soft_wrap=True, markup=False)
    bad = [place for place, report in reports.items() if not report.sound]
    if bad:
        raise DataError(
            f"{', '.join(map(str, bad))}: damaged",
            cure="what stands before a damage is whole and used; fetch the files named from a copy",
        )


def _lines(place: Path, report: Report) -> list[str]:
    from botmm.units import time_text

    lines = [
        f"{place}: {report.records:,} records in {report.segments} "
        f"segment{'s' * (report.segments != 1)}, {size_text(report.size)}"
    ]
    if report.records:
        lines.append(f"  from {time_text(report.first_ns)} to {time_text(report.last_ns)} UTC")
    if report.seconds:
        rest = report.seconds - report.heard - report.in_gaps
        lines.append(
            f"  {report.seconds:,} seconds: {report.heard:,} heard, {report.in_gaps:,} in gap "
            f"records, {rest:,} without either"
        )
    for start, end in report.unexplained:
        lines.append(f"  silent for {(end - start) / SECOND_NS:.0f} s from {time_text(start)}")
    told = [gap for gap in report.gaps if _matters(gap)]
    lines += [_gap_line(gap) for gap in told]
    # Until the first frame came, a recording that begins has missed nothing that it could have heard.
    if short := sum(gap.cause != "start" for gap in report.gaps if gap not in told):
        lines.append(f"  {short:,} shorter than a second; --json has them all")
    lines += [
        f"  {one.sort}: {one.segment} at byte {one.offset:,}: {one.words}; "
        f"{one.records:,} records before it are whole, the last is number {one.last_seq:,}"
        for one in report.damage
    ]
    lines += [f"  set apart as corrupt: {name}" for name in report.set_apart]
    return lines


def _matters(gap: Gap) -> bool:
    """Whether a gap is long, of unknown length, or lost records."""
    return gap.wall_ns - gap.since_ns >= SECOND_NS or gap.next_seq > gap.last_seq + 1


def _gap_line(gap: Gap) -> str:
    from botmm.units import time_text

    long = f"{(gap.wall_ns - gap.since_ns) / SECOND_NS:.1f} s" if gap.since_ns else "?"
    what = f" of {gap.what}" if gap.what else ""
    missing = max(gap.next_seq - gap.last_seq - 1, 0)
    count = f", {missing:,} records lost" if missing else ""
    return f"  gap{what}: {long} until {time_text(gap.wall_ns)}, {gap.cause}{count}"


def _as_dict(place: Path, report: Report) -> dict[str, Any]:
    from dataclasses import asdict

    return {"folder": str(place), "sound": report.sound, **asdict(report)}
