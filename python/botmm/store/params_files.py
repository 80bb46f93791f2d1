"""Params files — live_params.json and allocations.json: the one place that reads and writes them.

{"schema_version": 1, "symbols": {"BTC": {"order_size_usd": 50.0}}}
{"schema_version": 1, "weights": {"BTC": 0.6, "ETH": 0.4}}
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botmm.config import Value, param_table, suggestion
from botmm.errors import ConfigError

SCHEMA_VERSION = 1
BYTES_MAX = 1 << 20
_REMAKE = "write it again with the job that makes it, or remove it: the configuration then stands"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParams:
    """Parameters of each symbol that lie over the configuration while the daemon runs."""

    symbols: Mapping[str, Mapping[str, Value]]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocations:
    """Each symbol's share of the capital; at most 1 together."""

    weights: Mapping[str, float]
    digest: str


def read_live_params(path: Path) -> LiveParams:
    """Read and check a file of parameters.

    Raises:
        ConfigError: malformed, of another version, or a name or value that the table refuses.
    """
    data = _bytes(path)
    document = _document(path, data, "symbols")
    checked = {
        symbol: _params(path, symbol, values) for symbol, values in document["symbols"].items()
    }
    return LiveParams(symbols=checked, digest=_digest(data))


def write_live_params(path: Path, symbols: Mapping[str, Mapping[str, Value]]) -> LiveParams:
    """Check parameters and put them in place at once; a reader sees the old file or the new one.

    Raises:
        ConfigError: a name or value that the table refuses; the file stays as it was.
    """
    checked = {symbol: _params(path, symbol, values) for symbol, values in symbols.items()}
    return LiveParams(symbols=checked, digest=_write(path, "symbols", checked))


def read_allocations(path: Path) -> Allocations:
    """Read and check a file of shares.

    Raises:
        ConfigError: malformed, of another version, or shares that cannot be.
    """
    data = _bytes(path)
    weights = _weights(path, _document(path, data, "weights")["weights"])
    return Allocations(weights=weights, digest=_digest(data))


def write_allocations(path: Path, weights: Mapping[str, float]) -> Allocations:
    """Check shares and put them in place at once.

    Raises:
        ConfigError: shares that cannot be; the file stays as it was.
    """
    checked = _weights(path, weights)
    return Allocations(weights=checked, digest=_write(path, "weights", checked))


def _params(path: Path, symbol: str, values: Any) -> dict[str, Value]:
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path}: {symbol} is not an object", cure=_REMAKE)
    table = param_table()
    names = [name for name, param in table.items() if param.live]
    checked: dict[str, Value] = {}
    for name, value in values.items():
        if name not in table:
            raise ConfigError(
                f"{path}: {symbol}: unknown parameter {name}", cure=suggestion(name, names)
            )
        if not table[name].live:
            raise ConfigError(
                f"{path}: {symbol}: {name} does not change while the daemon runs",
                cure="set it in the configuration and start the daemon again",
            )
        try:
            checked[name] = table[name].check(value)
        except (ValueError, OverflowError) as error:
            raise ConfigError(
                f"{path}: {symbol}: {name} = {value}: {error}", cure=table[name].doc
            ) from error
    return checked


def _weights(path: Path, weights: Any) -> dict[str, float]:
    checked: dict[str, float] = {}
    for symbol, weight in weights.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not 0 <= weight <= 1:
            raise ConfigError(f"{path}: {symbol} has share {weight}", cure="give 0 to 1")
        checked[symbol] = float(weight)
    if math.fsum(checked.values()) > 1 + 1e-9:
        total = math.fsum(checked.values())
        raise ConfigError(f"{path}: the shares sum to {total:g}", cure="let them sum to 1 or less")
    return checked


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise ConfigError(f"{path} is longer than {BYTES_MAX} bytes", cure=_REMAKE)
    return data


def _document(path: Path, data: bytes, body: str) -> dict[str, Any]:
    try:
        document = json.loads(data, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}: {error}", cure=_REMAKE) from error
    if not isinstance(document, dict) or set(document) != {"schema_version", body}:
        raise ConfigError(f"{path}: not exactly schema_version and {body}", cure=_REMAKE)
    if document["schema_version"] != SCHEMA_VERSION:
        raise ConfigError(
            f"{path}: version {document['schema_version']}, this program knows {SCHEMA_VERSION}",
            cure=_REMAKE,
        )
    if not isinstance(document[body], dict):
        raise ConfigError(f"{path}: {body} is not an object", cure=_REMAKE)
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write(path: Path, body: str, content: Mapping[str, Any]) -> str:
    document = {"schema_version": SCHEMA_VERSION, body: content}
    data = json.dumps(document, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return _digest(data)
