"""Recognise — which reader a file is for, by its content; names only break ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from botmm.data.importers import opening
from botmm.data.importers.base import Source, UnknownFormatError
from botmm.data.importers.capture import FORMAT, CaptureSource, is_capture
from botmm.data.importers.frames import FORMATS, FrameSource
from botmm.data.importers.mapping import Mapping, Table, shipped
from botmm.data.importers.neutral import NeutralSource, is_neutral
from botmm.data.importers.tables import TableSource, csv_columns
from botmm.errors import DataError, UsageError

_NOT_DATA = {".md", ".txt", ".toml", ".tmp", ".py", ".checksum"}
_TAPE_COLUMNS = {"ts_exch", "ts_recv", "seq", "stream", "kind", "side", "px", "qty", "flags"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user told about the files: format, venue, symbol, a mapping."""

    format: str | None = None
    venue: str | None = None
    symbols: tuple[str, ...] = ()
    mapping: Mapping | None = None

    @property
    def symbol(self) -> str | None:
        """Return the symbol where exactly one was named."""
        return self.symbols[0] if len(self.symbols) == 1 else None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that holds nothing for a tape, and why."""

    path: Path
    reason: str


def formats() -> dict[str, str]:
    """Return the names that `--format` takes, each with a line of explanation."""
    frames = {kind.name: kind.about for kind in FORMATS}
    tables = {mapping.name: mapping.about for mapping in shipped()}
    own = {FORMAT: "segments of `botmm record`"}
    return {
        **own,
        **frames,
        **tables,
        "neutral": "event Parquet: ts_exch, ts_local, kind, side, px, qty",
    }


def files(paths: Sequence[Path]) -> list[tuple[Path, bool]]:
    """Return the files of paths and folders, and whether each was named itself.

    Raises:
        DataError: a path that is not there.
    """
    found: list[tuple[Path, bool]] = []
    for path in paths:
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if p.is_file())
            found += [(p, False) for p in inside if _may_hold_data(p)]
        elif path.is_file():
            found.append((path, True))
        else:
            raise DataError(f"{path}: no such file or folder", cure="check the path")
    if not found:
        raise DataError(f"no files in {', '.join(map(str, paths))}", cure="check the path")
    return list(dict.fromkeys(found))


def _may_hold_data(path: Path) -> bool:
    return path.suffix.lower() not in _NOT_DATA and not path.name.startswith(".")


def recognise(path: Path, wish: Wish) -> Source | Skipped:
    """Return the reader of a file.

    Raises:
        DataError: no reader knows it, or its columns are not those of its format.
        UsageError: `--format` names no format.
    """
    wanted = _named(wish)
    if is_capture(opening.magic(path)):
        if path.suffix == ".open":
            return Skipped(
                path, "is still being written; `botmm data compact` takes what is closed"
            )
        return CaptureSource(path, wish.venue)
    if opening.magic(path).startswith(opening.PARQUET):
        return _columns(path, _parquet_columns(path), wish, wanted)
    with opening.Opened(path) as opened:
        head = opened.read(4096).lstrip(b"\xef\xbb\xbf \r\n")
    for kind in FORMATS:
        if wanted in (None, kind.name) and kind.first_line.match(head):
            return FrameSource(path, kind, wish.venue)
    first_line = head.split(b"\n", 1)[0].rstrip()
    shown = first_line[:60].decode("utf-8", "replace")
    if wanted in {kind.name for kind in FORMATS}:
        raise DataError(f"{path}: not {wanted}: its first line is {shown!r}", cure="drop --format")
    if head[:1] in b"{[" or b"," not in first_line or not shown.isprintable():
        opening.check_promise(path)
        raise UnknownFormatError(
            f"{path}: not a format we know; it begins with {shown!r}", cure=_known()
        )
    return _columns(path, csv_columns(path), wish, wanted)


def _known() -> str:
    names = ", ".join(formats())
    return f"known formats: {names}; other tables can be mapped by --map"


def _named(wish: Wish) -> str | None:
    """Return the format asked for; `hl_ws_csv` and `hl_ws_parquet` are one."""
    if wish.format is None:
        return None
    known = formats()
    short = wish.format.removesuffix("_csv").removesuffix("_parquet")
    for name in (wish.format, short):
        if name in known:
            return name
    raise UsageError(f"no such format: {wish.format}", cure=f"there are: {', '.join(known)}")


def _parquet_columns(path: Path) -> tuple[str, ...]:
    from pyarrow import parquet

    with opening.reading_parquet(path):
        return tuple(parquet.read_schema(path).names)


def _columns(
    path: Path, names: tuple[str, ...], wish: Wish, wanted: str | None
) -> Source | Skipped:
    """Choose by columns: a mapping that was given, the neutral format, the shipped mappings."""
    if set(names) >= _TAPE_COLUMNS:
        raise DataError(f"{path}: is a tape already", cure="copy it into the store as it is")
    if wanted == "neutral" or (wanted is None and wish.mapping is None and is_neutral(names)):
        return NeutralSource(path, wish.symbol, wish.venue)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnknownFormatError(
            f"{path}: not a format we know; its header names {_listed(twice)} twice", cure=_known()
        )
    found = _closest(names, wish, wanted)
    if found is None:
        raise UnknownFormatError(
            f"{path}: not a format we know; its columns are {_listed(names)}", cure=_known()
        )
    mapping, table = found
    unknown = table.unknown(names)
    if unknown:
        raise DataError(
            f"{path}: columns that {mapping.name} does not know: {_listed(unknown)}",
            cure="copy the mapping, list them under `ignore`, and give it by --map",
        )
    if table.kind == "skip":
        return Skipped(path, table.reason)
    source = TableSource(path, mapping, table, wish.symbol, wish.venue)
    return Skipped(path, "no rows") if source.is_empty() else source


def _closest(
    names: tuple[str, ...], wish: Wish, wanted: str | None
) -> tuple[Mapping, Table] | None:
    mappings = (wish.mapping,) if wish.mapping is not None else shipped()
    fitting = [
        (mapping, table)
        for mapping in mappings
        if wish.mapping is not None or wanted in (None, mapping.name)
        if (table := mapping.of(names)) is not None
    ]
    return min(fitting, key=lambda pair: len(pair[1].unknown(names)), default=None)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
