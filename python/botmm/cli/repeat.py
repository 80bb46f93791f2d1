"""Repeat — the command that plays one set of a sweep by itself."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botmm.report.formats import plain
from botmm.units import day_of

if TYPE_CHECKING:
    from botmm.research.grids import ParameterSet

# Options that a sweep and a replay share, by the name of their value.
_SHARED = {
    "date": "--date",
    "since": "--from",
    "until": "--to",
    "days": "--days",
    "store": "--store",
    "venue": "--venue",
    "warmup": "--warmup",
    "capital": "--capital",
    "maker_fee": "--maker-fee",
    "latency": "--latency",
    "queue": "--queue",
    "seed": "--seed",
}
# Words that TOML reads as something else than text, where they stand without quotes.
_NO_TEXT = {"true", "false", "inf", "nan"}


def replay_command(options: Mapping[str, Any], own: ParameterSet, *, until: int | None) -> str:
    """Return the line for a shell that replays a set as the sweep with these options played it.

    Args:
        options: what the sweep was told, as click gives it to the command.
        own: values of the set by parameter name.
        until: end of the range in Unix nanoseconds; it keeps `--days` in its place when more
            data comes.
    """
    words = ["botmm", "replay", *map(str, options["tapes"])]
    if options["symbols"]:
        words += ["--symbols", *options["symbols"]]
    told = {name: options[name] for name in _SHARED}
    if told["days"] is not None and told["since"] is None and told["until"] is None:
        told["until"] = None if until is None else day_of(until - 1).isoformat()
    for name, value in told.items():
        if value is not None:
            words += [_SHARED[name], plain(value)]
    words += ["--bridge-gaps"] if options["bridge_gaps"] else []
    for path in options["config"]:
        words += ["--config", str(path)]
    for text in (*_kept(options["overrides"], own), *map(_setting, own.items())):
        words += ["--set", text]
    return shlex.join(words)


def _kept(overrides: Sequence[str], own: ParameterSet) -> list[str]:
    """Return the values that the sweep was told and that the set does not take the place of."""
    changed = {name.removeprefix("strategy.") for name in own}

    def stays(text: str) -> bool:
        key = text.partition("=")[0].strip().removeprefix("strategy.")
        of_all = key.rpartition(".")[2] if key.startswith("symbols.") else key
        return not {key, of_all} & changed

    return [text for text in overrides if stays(text)]


def _setting(item: tuple[str, Any]) -> str:
    """Return one value as `--set` reads it back."""
    name, value = item
    if isinstance(value, str) and (value in _NO_TEXT or not re.fullmatch(r"[A-Za-z_]+", value)):
        value = json.dumps(value, ensure_ascii=False)
    return f"{name}={plain(value)}"
