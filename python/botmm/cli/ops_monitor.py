"""Ops monitor — look once, tell what is news, end with 7 where something is wrong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from botmm.cli.options import examples, json_option, output_options
from botmm.cli.terminal import terminal
from botmm.errors import CheckError, FileSystemError

if TYPE_CHECKING:
    from botmm.clock import Clock

CLOCK_MS_MAX = 5_000.0


@click.command(
    epilog=examples(
        "botmm ops monitor --capture data/capture",
        "botmm ops monitor --capture data/capture --age-s 60 --free-percent 30 --json",
    )
)
@output_options
@json_option
@click.option(
    "--capture",
    required=True,
    envvar="BOTMM_CAPTURE",
    type=click.Path(path_type=Path),
    help="The recorder's folder (BOTMM_CAPTURE).",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that remembers what was told; without it every run tells all.",
)
@click.option("--api", default="https://api.hyperliquid.xyz", show_default=True, metavar="URL")
@click.option("--free-percent", default=20.0, show_default=True, help="Least free share of disk.")
@click.option("--inodes-percent", default=10.0, show_default=True, help="Least free inodes.")
@click.option("--age-s", default=120.0, show_default=True, help="Greatest age of the last record.")
@click.option("--memory-mb", default=80.0, show_default=True, help="Least memory available.")
@click.option("--gaps-an-hour", default=6, show_default=True, help="Most gaps in an hour.")
@click.option("--meminfo", default="/proc/meminfo", hidden=True, type=click.Path(path_type=Path))
def monitor(
    *,
    capture: Path,
    state: Path | None,
    api: str,
    meminfo: Path,
    as_json: bool,
    **limits: float,
) -> None:
    """Look at disk, freshness, API, memory and gaps; tell what began, lasts or ended.

    A condition is told when it begins, each hour that it lasts, and when it ends. Alerts go to the
    target of BOTMM_ALERT_URL.
    """
    from botmm.clock import SystemClock
    from botmm.ops.alert import alert
    from botmm.ops.monitor import Limits, look
    from botmm.ops.told import Told

    clock, shown = SystemClock(), terminal()
    now = int(clock.now())
    set_limits = Limits(**limits)  # type: ignore[arg-type]
    found = look(capture, set_limits, now, lambda: probe(api, clock), meminfo)
    if as_json:
        shown.json([{"check": f.name, "ok": not f.words, "found": f.words} for f in found])
    else:
        for one in found:
            shown.out().print(f"{'FAIL' if one.words else 'ok':<4} {one.name:<9} {one.words}")
    told = Told.read(state / "monitor.json") if state is not None else Told(Path())
    news = told.news(found, now)
    alert(news, clock)
    if state is not None:
        try:
            told.keep(found, news, now)
        except OSError as error:  # a full disk was told above, and will be told again
            raise FileSystemError(f"{told.file}: {error.strerror}", cure="make room") from error
    wrong = [one.name for one in found if one.words]
    if wrong:
        raise CheckError(f"not in order: {', '.join(wrong)}", cure="see docs/RUNBOOK.md")


def probe(url: str, clock: Clock) -> str:
    """Return what is wrong with the venue's answer; an empty text for nothing.

    Its time has to lie between question and answer, so that a slow network is no wrong clock.
    """
    from botmm.exchanges.hyperliquid.hosts import host_of
    from botmm.exchanges.hyperliquid.rest import Rest

    async def ask() -> str:
        """Ask once, within a deadline."""
        asked = int(clock.now()) / 1e6
        async with Rest(host_of(url), deadline_s=10.0) as rest:
            reply = await rest.post("/info", b'{"type":"exchangeStatus"}')
        if reply.body is None or reply.status != 200:
            return f"{url} does not answer: {reply.why or f'status {reply.status}'}"
        try:
            there = json.loads(reply.body)["time"]
            late = there - min(max(there, asked), int(clock.now()) / 1e6)
        except (ValueError, KeyError, TypeError):
            return f"{url} answers what cannot be read"
        return f"the clocks differ by {late / 1e3:+.0f} s" if abs(late) > CLOCK_MS_MAX else ""

    return asyncio.run(ask())
