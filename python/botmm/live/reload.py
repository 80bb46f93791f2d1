"""Reload — live_params.json and allocations.json, taken over while the daemon runs.

Each file is checked whole before any of it is used, and what follows are events, so that a journal
plays again without the files. Hard limits stand in the configuration: what would loosen one is
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from botmm.config import Settings, Value
from botmm.errors import ConfigError
from botmm.observe.logging import logger
from botmm.ports import Event
from botmm.store.params_files import read_allocations, read_live_params

Overlay = Mapping[str, Mapping[str, Value]]
_CEILINGS = ("max_position_usd", "stale_ms")
"""Parameters that are limits themselves: they only fall below the configured value."""

_log = logger(__name__)


def overlay(settings: Settings) -> Overlay:
    """Return the parameters that lie over the configuration's, where their file is there.

    Raises:
        ConfigError: the file is refused, naming the key.
    """
    path = Path(settings.live.params_file)
    found = read_live_params(path).symbols if path.exists() else {}
    for symbol, values in found.items():
        _require_within(f"{path}: {symbol}", values, settings.params(symbol))
    return found


def scales(settings: Settings, names: Sequence[str]) -> dict[str, float] | None:
    """Return each symbol's sizes as a multiple of the configured ones; None without a file.

    The configured sizes are those of equal shares; a symbol that is not given is not traded.

    Raises:
        ConfigError: the file is refused, naming the key.
    """
    path = Path(settings.live.allocations_file)
    if not path.exists():
        return None
    weights = read_allocations(path).weights
    found = {name: weights.get(name, 0.0) * len(names) for name in names}
    for name, scale in found.items():
        most = _number(settings.params(name), "order_value_factor")
        if scale > most:
            raise ConfigError(
                f"{path}: {name} = {weights[name]:g} makes orders {scale:g} times the configured",
                cure=f"give {most / len(names):g} or less: order_value_factor is {most:g}",
            )
    return found


def within_limits(params: Mapping[str, Value], values: Mapping[str, Value]) -> dict[str, Value]:
    """Return configured parameters under others, the largest order as it was configured."""
    size, factor = _number(params, "order_size_usd"), _number(params, "order_value_factor")
    made = dict(params) | dict(values)
    made["order_value_factor"] = min(10.0, size * factor / _number(made, "order_size_usd"))
    return made


def _require_within(where: str, values: Mapping[str, Value], params: Mapping[str, Value]) -> None:
    ceilings = {name: _number(params, name) for name in _CEILINGS}
    largest = _number(params, "order_value_factor") * _number(params, "order_size_usd")
    ceilings["order_size_usd"] = largest
    for name in ceilings.keys() & values.keys():
        if _number(values, name) > ceilings[name]:
            raise ConfigError(
                f"{where}: {name} = {values[name]} would loosen a hard limit",
                cure=f"give {ceilings[name]:g} or less, or raise the limit in the configuration",
            )


def _number(values: Mapping[str, Value], name: str) -> float:
    return float(values[name])


class Reload:
    """Follows both files; a bad one changes nothing and is told once."""

    def __init__(
        self,
        settings: Settings,
        names: Sequence[str],
        tell: Callable[[Event], None],
        alarm: Callable[[str, str], object],
    ) -> None:
        """Begin from the overlay that the run began with; shares are told at the first look."""
        self._settings, self._names = settings, names
        self._tell, self._alarm = tell, alarm
        self._params = {name: dict(overlay(settings).get(name, {})) for name in names}
        self._scales: dict[str, float] = {}
        self._said: dict[str, str] = {}

    def look(self) -> None:
        """Take over what changed."""
        for take in (self._take_params, self._take_scales):
            words = ""
            try:
                take()
            except ConfigError as error:
                words = f"{error.message}; {error.cure}"
            except OSError as error:
                words = f"{error.filename}: {error.strerror}"
            if words and words != self._said.get(take.__name__):
                self._alarm("params", words)
            self._said[take.__name__] = words

    def _take_params(self) -> None:
        if not Path(self._settings.live.params_file).exists():
            return
        found = overlay(self._settings)
        for number, name in enumerate(self._names):
            values, before = dict(found.get(name, {})), self._params[name]
            if values != before:
                # What no longer stands in the file is again as configured.
                configured = self._settings.params(name)
                back = {key: configured[key] for key in before if key not in values}
                self._tell({"kind": "params", "symbol": number, "params": back | values})
                self._params[name] = values
                _log.info("parameters taken over", symbol=name, **values)

    def _take_scales(self) -> None:
        found = scales(self._settings, self._names)
        for number, name in enumerate(self._names):
            if found is not None and found[name] != self._scales.get(name, 1.0):
                self._tell({"kind": "scale", "symbol": number, "scale": found[name]})
                self._scales[name] = found[name]
                _log.info("share taken over", symbol=name, scale=found[name])
