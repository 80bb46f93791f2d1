"""Data compact — what the recorder wrote, as tapes."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from botmm.cli.data_import import refuse, show, store_folder
from botmm.cli.options import examples, json_option, output_options, store_options
from botmm.cli.terminal import terminal


@click.command(
    "compact",
    epilog=examples("botmm data compact", "botmm data compact --venue hyperliquid --json"),
)
@output_options
@store_options
@click.option("--force", is_flag=True, help="Make the tapes of all days anew.")
@json_option
def compact_command(*, store: str | None, venue: str | None, force: bool, as_json: bool) -> None:
    """Turn closed segments of STORE/capture into tapes.

    Only days with new segments are made, so that it may run at any time, beside the recorder, too.
    What a killed recorder left open is sealed first; a segment that is corrupt is set apart.
    """
    from botmm.data.capture.walk import Damage
    from botmm.data.compact import compact, seal_left
    from botmm.data.ingest import Outcome
    from botmm.errors import UsageError
    from botmm.observe.progress import progress
    from botmm.record.lock import locked

    folder, shown = store_folder(store), terminal()
    outcome, damaged = Outcome(), list[Damage]()
    for place in captures(folder, venue):
        try:
            with locked(place):
                damaged += seal_left(place)
        except UsageError:
            shown.say(f"{place}: a recorder runs; its open segment is left for later")
        with progress(f"compact {place.name}", unit="rows", enabled=shown.progress) as tracker:
            made = compact(place, folder, tracker, force=force)
        outcome.written += made.written
        outcome.kept += made.kept
        outcome.failed += made.failed
    for text in outcome.kept:
        shown.say(text)
    for one in damaged:
        shown.say(f"{one.segment}: {one.sort} at byte {one.offset}: {one.words}")
    if as_json:
        shown.json(
            {
                "written": [tape.as_dict() for tape in outcome.written],
                "kept": outcome.kept,
                "damage": [f"{one.segment}: {one.sort} at {one.offset}" for one in damaged],
                "failed": [{"error": e.message, "cure": e.cure} for e in outcome.failed],
            }
        )
    else:
        show(outcome)
    refuse(outcome)


def captures(store: Path, venue: str | None) -> list[Path]:
    """Return the folders of recordings, of one venue where it is named.

    Raises:
        DataError: there are none.
    """
    from botmm.errors import DataError

    root = store / "capture"
    found = sorted(p for p in root.iterdir() if p.is_dir()) if root.is_dir() else []
    found = [place for place in found if venue is None or place.name == venue]
    if not found:
        what = root if venue is None else root / venue
        raise DataError(f"{what}: nothing was recorded there", cure="run `botmm record` first")
    return found
