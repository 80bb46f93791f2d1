"""Doctor — check the installation; each finding comes with its cure."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import rich_click as click

from botmm import __version__
from botmm.cli.options import config_options, examples, json_option, load_config, output_options
from botmm.cli.terminal import terminal
from botmm.errors import BotmmError, CheckError

FREE_BYTES_MIN = 2 * 1024**3
Finding = tuple[str, bool, str, str]


@click.command(epilog=examples("botmm doctor", "botmm doctor --config my.toml --json"))
@output_options
@json_option
@config_options
def doctor(*, config: tuple[Path, ...], overrides: tuple[str, ...], as_json: bool) -> None:
    """Check the installation, the configuration and the store, each line with its cure."""
    findings = [_guarded("core", _core)]
    findings.append(_guarded("config", lambda: _config(config, overrides)))
    store = _store_folder(config, overrides)
    findings.append(_guarded("store", lambda: _store(store)))
    findings.append(_guarded("disk", lambda: _disk(store)))
    if as_json:
        names = ("check", "ok", "found", "cure")
        terminal().json([dict(zip(names, row, strict=True)) for row in findings])
    else:
        for name, ok, found, cure in findings:
            mark = "[green]ok[/]  " if ok else "[red]FAIL[/]"
            terminal().out().print(
                f"{mark} {name:<7} {found}" + ("" if ok else f"\n             → {cure}")
            )
    failed = [name for name, ok, _, _ in findings if not ok]
    if failed:
        raise CheckError(f"failed: {', '.join(failed)}", cure="see the arrows above")


def _guarded(name: str, check: Callable[[], str]) -> Finding:
    """Return what a check found, or what stopped it with the cure."""
    try:
        return name, True, check(), ""
    except BotmmError as error:
        return name, False, error.message, error.cure
    except OSError as error:
        return name, False, str(error), "check the path and its permissions"


def _core() -> str:
    """Check that the compiled core loads and is of this version."""
    from botmm.core import __version__ as core_version

    if core_version != __version__:
        raise CheckError(
            f"the core is version {core_version}, the package {__version__}",
            cure="build both from one commit: `make build`, or install one wheel",
        )
    return f"package and core are version {__version__}"


def _config(config: tuple[Path, ...], overrides: tuple[str, ...]) -> str:
    """Check that the configuration loads."""
    settings = load_config(config, overrides).settings
    return f"valid, capital {settings.account.capital_usd:,.0f} USD on {settings.account.venue}"


def _store_folder(config: tuple[Path, ...], overrides: tuple[str, ...]) -> Path:
    """Return the store of the configuration, or the default where that does not load."""
    try:
        return Path(load_config(config, overrides).settings.store.dir)
    except BotmmError:
        return Path("data")


def _store(store: Path) -> str:
    """Check that the store, or the folder it will be made in, can be written to."""
    place = _existing(store)
    with tempfile.TemporaryFile(dir=place):
        pass
    tapes = sum(1 for _ in (store / "tape").glob("*/*/*.parquet"))
    return f"{store} is writable, {tapes} tapes"


def _disk(store: Path) -> str:
    """Check that there is room."""
    free = shutil.disk_usage(_existing(store)).free
    text = f"{free / 1024**3:.1f} GiB free at {os.path.abspath(store)}"
    if free < FREE_BYTES_MIN:
        raise CheckError(text, cure="free some space, or move the store with store.dir")
    return text


def _existing(path: Path) -> Path:
    """Return the nearest folder above that exists."""
    for folder in (path.absolute(), *path.absolute().parents):
        if folder.is_dir():
            return folder
    return Path("/")
