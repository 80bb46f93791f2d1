"""Verify — run vector files through the shipped functions and judge every key."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from botmm.cli.options import examples, json_option, output_options
from botmm.cli.terminal import terminal

if TYPE_CHECKING:
    from botmm.research.verify import KeyResult


@click.command(
    epilog=examples(
        "botmm verify tests/golden/vectors --allow-missing",
        "botmm verify /path/to/vectors --json",
    )
)
@output_options
@json_option
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--allow-missing", is_flag=True, help="Keys that this version cannot run are no failure."
)
def verify(*, folder: Path, allow_missing: bool, as_json: bool) -> None:
    """Run every vector file of DIR through the shipped functions, a line for each key.

    Exits with 7 on a mismatch, naming its case, what the code gives and what the file wants.
    """
    from botmm.errors import CheckError, DataError
    from botmm.research.verify import verify as judge

    if not folder.is_dir():
        raise DataError(f"no such folder: {folder}", cure="name a folder of vector files")
    results = judge(folder)
    if as_json:
        terminal().json([dataclasses.asdict(r) | {"ok": r.ok} for r in results])
    else:
        for result in results:
            click.echo(_line(result))
    wrong = [r for r in results if not r.ok and not r.missing]
    missing = [r for r in results if r.missing]
    terminal().say(
        f"{len(results) - len(wrong) - len(missing)} keys hold, {len(wrong)} do not, "
        f"{len(missing)} cannot be run yet"
    )
    if wrong:
        raise CheckError(
            f"{len(wrong)} of {len(results)} keys do not hold, first {wrong[0].file} {wrong[0].key}",
            cure="the lines above name case, got and wanted",
        )
    if missing and not allow_missing:
        raise CheckError(
            f"{len(missing)} keys cannot be run yet, first {missing[0].file} {missing[0].key}",
            cure="--allow-missing accepts that",
        )


def _line(result: KeyResult) -> str:
    """Return the verdict on a key as one line, with the first failure below it."""
    mark = "missing" if result.missing else "ok" if result.ok else "FAIL"
    counts = "" if result.missing else f"{result.passed}/{result.cases}"
    line = f"{mark:<8} {result.file:<18} {result.key:<22} {counts}".rstrip()
    if result.failure is None:
        return line
    where, got, wanted = result.failure.case, result.failure.got, result.failure.wanted
    return f"{line}\n         {where}: got {got}, wanted {wanted}"
