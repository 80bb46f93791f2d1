"""Config — frozen settings from defaults, presets, TOML files, environment and `--set`.

Later layers win: defaults < presets of symbols < files < `.env` and BOTMM__SECTION__KEY < --set. Within one
layer `[symbols.X]` beats `[strategy]`; across layers the later one wins, so that
`--set strategy.order_size_usd=50` also beats a symbol's preset. Every value knows where it came from.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from botmm.errors import ConfigError

SCHEMA_VERSION = 1
ENV_PREFIX = "BOTMM__"
DEFAULT_FILE = "botmm.toml"

Value = bool | int | float | str


class _Section(BaseModel):
    """Frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Account(_Section):
    """Whose money, and where."""

    capital_usd: Annotated[float, Field(ge=10, le=100_000_000)] = Field(
        default=1000.0, description="Working capital; sizes and limits scale with it / 1000."
    )
    venue: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")] = Field(
        default="hyperliquid", description="Venue of the symbols, as in the store's folders."
    )


class Sim(_Section):
    """The simulated venue."""

    queue: Annotated[
        str,
        Field(
            pattern=r"^(risk-averse|qpn|(pow[123]|log[12]):([0-9]*[1-9][0-9]*(\.[0-9]+)?|0+\.[0-9]*[1-9][0-9]*))$"
        ),
    ] = Field(
        default="qpn",
        description="Queue model: qpn (by order counts), risk-averse, pow1:N, pow2:N, pow3:N, log1:U,"
        " log2:U; N and U above 0.",
    )
    latency_model: Literal["constant", "feed", "file"] = Field(
        default="constant",
        description="constant, feed (from the recording) or file (latency_file).",
    )
    latency_file: str = Field(
        default="", description="CSV or Parquet of request, exchange and response times in ns."
    )
    entry_ms: Annotated[float, Field(ge=0, le=60_000)] = Field(
        default=300.0, description="From sending an order to the venue's book."
    )
    response_ms: Annotated[float, Field(ge=0, le=60_000)] = Field(
        default=150.0, description="From the venue's book back to us."
    )
    block_ms: Annotated[float, Field(ge=0, le=10_000)] = Field(
        default=0.0, description="Block clock of the venue; 0 is off, about 70 on Hyperliquid."
    )
    partial_fills: bool = Field(
        default=True, description="Fill by the traded size; false fills whole orders only."
    )
    through_fill: Literal["volume", "full"] = Field(
        default="volume",
        description="When the price trades through an order: fill by volume, or in full.",
    )
    arrival: Literal["shared", "last"] = Field(
        default="shared",
        description="What is ahead of an order between two snapshots: also its share of what"
        " comes until the next, or the last snapshot alone.",
    )
    maker_fee: Annotated[float, Field(ge=-0.001, le=0.01)] | None = Field(
        default=None, description="Fraction of notional, positive is paid; unset: the venue's rate."
    )
    taker_fee: Annotated[float, Field(ge=-0.001, le=0.01)] | None = Field(
        default=None, description="Fraction of notional, positive is paid; unset: the venue's rate."
    )


class Replay(_Section):
    """How recorded data is played back."""

    max_gap_s: Annotated[float, Field(ge=0.001, le=86_400)] = Field(
        default=30.0, description="A longer silence in the recording is refused, or bridged."
    )
    bridge_gaps: bool = Field(
        default=False, description="Play over longer gaps and list them in the report."
    )
    step_ms: Annotated[float, Field(ge=1, le=60_000)] = Field(
        default=100.0, description="How often the maker reconsiders its quotes."
    )
    equity_interval_s: Annotated[float, Field(ge=0.1, le=3600)] = Field(
        default=10.0, description="Greatest distance of the rows of equity.parquet."
    )
    warmup_s: Annotated[float, Field(ge=0, le=604_800)] = Field(
        default=5400.0,
        description="Earlier data that `--warmup auto` plays without quoting; the bias needs 4440.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        default=1, description="Seed of everything drawn at random."
    )


class Store(_Section):
    """Where data lies."""

    dir: str = Field(default="data", description="Folder of captures and tapes.")


class Live(_Section):
    """The daemon: where it trades, and how it is watched."""

    mode: Literal["paper", "testnet", "mainnet"] = Field(
        default="paper",
        description="paper (the local exchange), testnet or mainnet; mainnet needs `botmm arm`.",
    )
    symbols: str = Field(
        default="BTC ETH SOL", description="What is quoted, separated by spaces or commas."
    )
    account: Annotated[str, Field(pattern=r"^(0x[0-9a-fA-F]{40})?$")] = Field(
        default="", description="Address of the account that is traded; its key stays elsewhere."
    )
    agent: Annotated[str, Field(pattern=r"^(0x[0-9a-fA-F]{40})?$")] = Field(
        default="", description="Address of the agent whose key signs; it cannot withdraw."
    )
    url: Annotated[str, Field(pattern=r"^(https?://[^/ ]+)?$")] = Field(
        default="", description="Another address of the venue; unset: the mode's own."
    )
    state_dir: str = Field(
        default="state", description="Folder of state, journal, latches and the control socket."
    )
    leverage: Annotated[int, Field(ge=1, le=10)] = Field(
        default=3, description="Leverage that is set at the venue for each symbol at the start."
    )
    reconcile_s: Annotated[float, Field(ge=1, le=300)] = Field(
        default=10.0, description="How often own records are compared with the venue's."
    )
    foreign_orders: Literal["cancel", "halt"] = Field(
        default="halt",
        description="An order that we did not send: cancel it, or halt our quotes until it is gone.",
    )
    guard: bool = Field(
        default=True,
        description="Whether quotes stand only while botmm-guard watches; not asked on paper.",
    )
    params_file: str = Field(
        default="live_params.json",
        description="Parameters by symbol that are taken over while running, where it is there.",
    )
    allocations_file: str = Field(
        default="allocations.json",
        description="Shares of the capital by symbol, taken over while running, where it is there.",
    )
    reload_s: Annotated[float, Field(ge=0.1, le=60)] = Field(
        default=5.0, description="How often both files are looked at."
    )
    keep_days: Annotated[int, Field(ge=0, le=3_650)] = Field(
        default=14, description="Days that journal and orders are kept; 0 keeps all."
    )
    disk_free_gb: Annotated[float, Field(ge=0, le=100_000)] = Field(
        default=5.0,
        description="Below so many free GB, or a fifth of the disk, an alarm is raised.",
    )
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] = Field(
        default=9109, description="Prometheus metrics on the loopback; 0 switches them off."
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Return what is quoted, one by one."""
        return tuple(self.symbols.replace(",", " ").split())


class Settings(BaseSettings):
    """Everything a run is told; frozen after loading."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    account: Account = Account()
    sim: Sim = Sim()
    replay: Replay = Replay()
    store: Store = Store()
    live: Live = Live()
    strategy: dict[str, Value] = {}
    symbols: dict[str, dict[str, Value]] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from `load` alone, which knows their origins."""
        return (init_settings,)

    def params(self, symbol: str) -> dict[str, Value]:
        """Return every parameter of the maker of a symbol."""
        defaults = {name: row.default for name, row in param_table().items()}
        return defaults | self.strategy | self.symbols.get(symbol, {})

    def digest(self) -> str:
        """Return the SHA-256 of all values but the daemon's: the same for equal runs."""
        text = json.dumps(self.model_dump(mode="json", exclude={"live"}), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


SECTIONS: dict[str, type[_Section]] = {
    "account": Account,
    "sim": Sim,
    "replay": Replay,
    "store": Store,
    "live": Live,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One row of the core's parameter table."""

    name: str
    default: Value
    low: float
    high: float
    choices: tuple[str, ...]
    doc: str
    unit: str
    live: bool

    @property
    def bounds(self) -> str:
        """Return what a value may be, as people read it; empty for texts."""
        if self.choices:
            return ", ".join(self.choices)
        if isinstance(self.default, bool):
            return "true, false"
        return "" if isinstance(self.default, str) else f"{self.low:g} to {self.high:g}"

    def check(self, value: Any) -> Value:
        """Return the value in the parameter's type.

        Raises:
            ValueError: wrong type, out of range, or the unit is evidently another one.
        """
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise ValueError("must be true or false")
            return value
        if isinstance(self.default, str):
            if self.choices and value not in self.choices:
                raise ValueError(f"must be one of {', '.join(self.choices)}")
            if not isinstance(value, str):
                raise ValueError("must be text")
            return str(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError("must be a number")
        if isinstance(self.default, int):
            if value != int(value):
                raise ValueError("must be a whole number")
            value = int(value)
        if self.name.endswith("_bps") and 0 < abs(value) < 0.01:
            raise ValueError(
                f"looks like a fraction, but the unit is basis points; {value} of notional is "
                f"written {value * 1e4:g}"
            )
        if not self.low <= value <= self.high:
            raise ValueError(f"must be between {self.low:g} and {self.high:g}")
        return value if isinstance(self.default, int) else float(value)


@cache
def param_table() -> dict[str, Param]:
    """Return the parameters of the maker, by name, as the core defines them."""
    from botmm.core import param_table as rows

    return {
        row["name"]: Param(
            name=row["name"],
            default=row["default"],
            low=row["min"],
            high=row["max"],
            choices=tuple(row.get("choices") or ()),
            doc=row["doc"],
            unit=row["unit"],
            live=row["live"],
        )
        for row in rows()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Values of one source, by dotted key."""

    origin: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings, and the origin of every key that is not a default."""

    settings: Settings
    origins: Mapping[str, str]

    def origin(self, key: str) -> str:
        """Return where the value of a dotted key came from."""
        section, _, rest = key.partition(".")
        if section == "symbols" and key not in self.origins:
            return self.origins.get(f"strategy.{rest.partition('.')[2]}", "default")
        return self.origins.get(key, "default")


def load(
    files: Sequence[Path] = (),
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    options: Sequence[Layer] = (),
) -> Loaded:
    """Read every layer and return what they amount to.

    Args:
        files: TOML files, later ones win; none given: `botmm.toml` where there is one.
        overrides: `key=value` as of `--set`; a bare parameter name means `strategy.name`.
        environ: variables; the process's own and those of `.env` by default.
        options: values that have an option of their own, a layer each.

    Raises:
        ConfigError: a file is missing or not TOML, a key is unknown, a value out of range.
    """
    if not files and Path(DEFAULT_FILE).is_file():
        files = (Path(DEFAULT_FILE),)
    layers = [*_presets(), *(_file(path) for path in files)]
    layers.append(_environment(_variables() if environ is None else environ))
    layers += [_overrides(overrides), *options]
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        _check_names(layer)
        for key, value in sorted(layer.values.items(), key=_strategy_first):
            _apply(key, value, layer, merged, origins)
    return Loaded(settings=_validated(merged, origins), origins=origins)


def _strategy_first(item: tuple[str, Any]) -> bool:
    """Order of one layer's keys: symbols speak after the strategy they refine."""
    return not item[0].startswith("strategy.")


def _apply(
    key: str, value: Any, layer: Layer, merged: dict[str, Any], origins: dict[str, str]
) -> None:
    """Set one value; a strategy value takes away what earlier layers said of single symbols."""
    section, _, name = key.partition(".")
    if section == "strategy":
        for other in [k for k in merged if k.startswith("symbols.") and k.endswith(f".{name}")]:
            if other not in layer.values:
                del merged[other], origins[other]
    merged[key] = value
    origins[key] = layer.origin


def _presets() -> list[Layer]:
    """Return the shipped layers, one a symbol."""
    folder = resources.files("botmm") / "presets"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return [
        Layer(origin=f"preset {f.name}", values=_flat(tomllib.loads(f.read_text("utf-8"))))
        for f in files
    ]


def _file(path: Path) -> Layer:
    """Read a TOML file."""
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{path}: no such file", cure="write one with `botmm init`, or correct --config"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not readable as TOML: {error}") from None
    version = tree.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        said = "is missing" if version is None else f"is {version!r}"
        raise ConfigError(
            f"{path}: schema_version {said}, this program reads {SCHEMA_VERSION}",
            cure=f"put `schema_version = {SCHEMA_VERSION}` at the top of a file of this version",
        )
    return Layer(origin=str(path), values=_flat(tree))


def _variables() -> dict[str, str]:
    """Return `.env` of the working folder under the variables of the process."""
    from dotenv import dotenv_values

    env = {key: value for key, value in dotenv_values(".env").items() if value is not None}
    return env | dict(os.environ)


def _environment(environ: Mapping[str, str]) -> Layer:
    """Read BOTMM__SECTION__KEY variables; symbols keep their case, the rest is lower case."""
    values: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(ENV_PREFIX):
            continue
        parts = name.removeprefix(ENV_PREFIX).split("__")
        is_symbol = parts[0].lower() == "symbols" and len(parts) == 3
        key = [p if is_symbol and i == 1 else p.lower() for i, p in enumerate(parts)]
        values[".".join(key)] = _parsed(environ[name])
    return Layer(origin="environment", values=values)


def _overrides(overrides: Sequence[str]) -> Layer:
    """Read `key=value` pairs."""
    values: dict[str, Any] = {}
    for text in overrides:
        key, sign, value = text.partition("=")
        key = key.strip()
        if not sign or not key:
            raise ConfigError(f"--set {text!r}: not of the form key=value")
        if "." not in key and key in param_table():
            key = f"strategy.{key}"
        values[key] = _parsed(value.strip())
    return Layer(origin="--set", values=values)


def _parsed(text: str) -> Any:
    """Return a TOML value, or the text itself where it is none; addresses are no numbers."""
    if text.startswith("0x"):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _check_names(layer: Layer) -> None:
    """Refuse a key that nobody reads, and suggest the nearest one that somebody does."""
    fixed = {f"{name}.{field}" for name, kind in SECTIONS.items() for field in kind.model_fields}
    fixed |= {f"strategy.{name}" for name in param_table()}
    for key in layer.values:
        parts = key.split(".")
        if parts[0] == "symbols" and len(parts) == 3:
            prefix = f"symbols.{parts[1]}."
            known: Iterable[str] = [prefix + name for name in param_table()]
        else:
            known = fixed
        if key not in known:
            raise ConfigError(f"{layer.origin}: unknown key {key}", cure=suggestion(key, known))


def suggestion(key: str, known: Iterable[str]) -> str:
    """Return the cure for a name that is not known."""
    names = sorted(known)
    near = difflib.get_close_matches(key, names, n=1, cutoff=0.6)
    if not near:
        tails = {name.rpartition(".")[2]: name for name in names}
        close = difflib.get_close_matches(key.rpartition(".")[2], list(tails), n=1, cutoff=0.6)
        near = [tails[close[0]]] if close else []
    if near:
        return f"did you mean {near[0]}?"
    return "`botmm config show` lists every key"


def _validated(merged: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    """Build the settings; the first bad value is named with its origin."""
    tree: dict[str, Any] = {"schema_version": SCHEMA_VERSION}
    for key, value in merged.items():
        section, *rest = key.split(".")
        if section in {"strategy", "symbols"}:
            value = _param_value(key, value, origins[key])
        node = tree.setdefault(section, {})
        for part in rest[:-1]:
            node = node.setdefault(part, {})
        node[rest[-1]] = value
    try:
        return Settings(**tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"][:2])
        raise ConfigError(
            f"{origins.get(key, 'default')}: {key} = {merged.get(key)!r}: {_complaint(first)}",
            cure=_field_doc(key),
        ) from None


def _complaint(error: Mapping[str, Any]) -> str:
    """Return what a field has against its value, without the pattern that it must match."""
    if error["type"] == "string_pattern_mismatch":
        return "not of a form that is known"
    return str(error["msg"])


def _param_value(key: str, value: Any, origin: str) -> Value:
    """Return a checked parameter."""
    row = param_table()[key.rpartition(".")[2]]
    try:
        return row.check(value)
    except ValueError as error:
        raise ConfigError(f"{origin}: {key} = {value!r}: {error}", cure=row.doc) from None


def _field_doc(key: str) -> str:
    """Return the description of a fixed key."""
    section, _, name = key.partition(".")
    kind = SECTIONS.get(section)
    field = kind.model_fields.get(name) if kind is not None else None
    return (field.description or "") if field is not None else ""


def template(capital_usd: float) -> str:
    """Return a commented file: every key with its default and its meaning.

    Raises:
        ConfigError: the capital is out of range.
    """
    key = "account.capital_usd"
    _validated({key: capital_usd}, {key: "--capital"})
    lines = [
        "# BotMM configuration. Lines that are commented out show the default.",
        "# Later sources win: this file < BOTMM__SECTION__KEY variables < --set key=value.",
        f"schema_version = {SCHEMA_VERSION}",
    ]
    for name, kind in SECTIONS.items():
        lines += ["", f"[{name}]"]
        for field, info in kind.model_fields.items():
            lines.append(f"# {info.description}")
            if field == "capital_usd":
                lines.append(f"capital_usd = {capital_usd}")
            else:
                lines.append(f"# {field} = {_toml(info.default)}")
    lines += [
        "",
        "# The maker; all symbols. BTC, ETH, SOL and XRP have shipped presets.",
        "[strategy]",
    ]
    for row in param_table().values():
        lines += [f"# {row.doc}", f"# {row.name} = {_toml(row.default)}"]
    lines += [
        "",
        "# One symbol; any key of [strategy].",
        "# [symbols.BTC]",
        "# order_size_usd = 100.0",
    ]
    return "\n".join(lines) + "\n"


def _toml(value: Value | None) -> str:
    """Return a value as TOML writes it; what has no default is said to be unset."""
    return "(unset)" if value is None else json.dumps(value)
