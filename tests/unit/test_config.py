"""Config — later layers win, every value knows its origin, slips are refused with a cure."""

import re
from pathlib import Path

import pytest

from botmm.config import load, param_table, template
from botmm.errors import ConfigError


def write(folder: Path, text: str, name: str = "botmm.toml") -> Path:
    path = folder / name
    path.write_text(f"schema_version = 1\n{text}", encoding="utf-8")
    return path


def test_defaults_are_those_of_the_core() -> None:
    settings = load([], environ={}).settings
    assert settings.account.capital_usd == 1000.0
    assert settings.params("NEW") == {name: row.default for name, row in param_table().items()}


@pytest.mark.parametrize(
    ("symbol", "spread", "skew", "bias", "compound"),
    [
        ("BTC", 2.0, 0.3, 0.2, True),
        ("ETH", 1.5, 0.3, 0.2, True),
        ("SOL", 1.5, 0.5, 0.0, False),
        ("XRP", 1.5, 0.5, 0.2, False),
    ],
)
def test_presets(symbol: str, spread: float, skew: float, bias: float, compound: bool) -> None:
    params = load([], environ={}).settings.params(symbol)
    assert params["base_spread_bps"] == spread
    assert params["inventory_skew_factor"] == skew
    assert params["bias_strength"] == bias
    assert params["compound"] is compound
    assert params["order_size_usd"] == 150.0
    assert params["num_levels"] == 2


def test_later_layers_win_and_say_so(tmp_path: Path) -> None:
    path = write(tmp_path, "[sim]\nentry_ms = 100\nresponse_ms = 90\nblock_ms = 70\n")
    env = {"BOTMM__SIM__RESPONSE_MS": "80", "BOTMM__SIM__BLOCK_MS": "60", "HOME": "/"}
    loaded = load([path], ["sim.block_ms=50"], env)
    sim = loaded.settings.sim
    assert (sim.entry_ms, sim.response_ms, sim.block_ms) == (100.0, 80.0, 50.0)
    origins = [
        loaded.origin(f"sim.{key}") for key in ("entry_ms", "response_ms", "block_ms", "queue")
    ]
    assert origins == [str(path), "environment", "--set", "default"]


def test_a_later_strategy_value_beats_an_earlier_symbol_value(tmp_path: Path) -> None:
    loaded = load([], ["order_size_usd=50"], {})
    assert loaded.settings.params("SOL")["order_size_usd"] == 50.0
    assert loaded.origin("symbols.SOL.order_size_usd") == "--set"
    assert loaded.settings.params("SOL")["bias_strength"] == 0.0
    path = write(tmp_path, "[strategy]\norder_size_usd = 50\n[symbols.SOL]\norder_size_usd = 60\n")
    settings = load([path], environ={}).settings
    assert settings.params("SOL")["order_size_usd"] == 60.0
    assert settings.params("BTC")["order_size_usd"] == 50.0


def test_symbols_in_the_environment_keep_their_case() -> None:
    loaded = load([], environ={"BOTMM__SYMBOLS__kPEPE__NUM_LEVELS": "3"})
    assert loaded.settings.params("kPEPE")["num_levels"] == 3


@pytest.mark.parametrize(
    ("text", "said", "cure"),
    [
        ("[sim]\nentry_sm = 100\n", "unknown key sim.entry_sm", "sim.entry_ms"),
        ("[strategy]\nbase_spread = 2\n", "unknown key strategy.base_spread", "base_spread_bps"),
        ("[symbols.BTC]\nnum_level = 2\n", "unknown key symbols.BTC.num_level", "num_levels"),
        ("capital_usd = 5\n", "unknown key capital_usd", "account.capital_usd"),
        ("[strategy]\nbase_spread_bps = 0.0002\n", "looks like a fraction", ""),
        ("[strategy]\nbase_spread_bps = true\n", "must be a number", ""),
        ("[strategy]\nnum_levels = 2.5\n", "must be a whole number", ""),
        ("[strategy]\nnum_levels = 99\n", "must be between", ""),
        ("[strategy]\nfee_floor = 1\n", "must be true or false", ""),
        ("[strategy]\nmode = 'magic'\n", "must be one of", ""),
        ("[sim]\nmaker_fee = 1.5\n", "sim.maker_fee = 1.5", "Fraction"),
        ("[sim]\nqueue = 'pow4:2'\n", "sim.queue = 'pow4:2'", "risk-averse"),
        ("[account]\ncapital_usd = nan\n", "account.capital_usd", "capital"),
        ("[sim]\nentry_ms = -1\n", "sim.entry_ms = -1", ""),
        ("[strategy]\nbase_spread_bps = nan\n", "must be between", ""),
    ],
)
def test_slips_are_refused_with_file_key_and_cure(
    tmp_path: Path, text: str, said: str, cure: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load([path], environ={})
    assert str(path) in caught.value.message
    assert said in caught.value.message
    assert cure in caught.value.cure


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("schema_version = ", encoding="utf-8")
    for path, said in ((tmp_path / "none.toml", "no such file"), (broken, "not readable as TOML")):
        with pytest.raises(ConfigError, match=said):
            load([path], environ={})


def test_other_schema_versions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.toml"
    for text, said in (("", "is missing"), ("schema_version = 9\n", "is 9")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match=f"schema_version {said}"):
            load([path], environ={})


def test_set_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="not of the form key=value"):
        load([], ["order_size_usd"], {})


def test_the_template_is_valid_and_uncommented_it_is_the_default(tmp_path: Path) -> None:
    text = template(2500.0)
    path = tmp_path / "botmm.toml"
    path.write_text(text, encoding="utf-8")
    assert load([path], environ={}).settings.account.capital_usd == 2500.0
    shown = re.sub(
        r"^# (\w+ = [^(].*)$", r"\1", text.partition("# One symbol")[0], flags=re.MULTILINE
    )
    path.write_text(shown, encoding="utf-8")
    assert "\nentry_ms = 300.0" in shown
    full, plain = load([path], environ={}).settings, load([], environ={}).settings
    assert full.sim == plain.sim
    assert full.replay == plain.replay
    assert full.params("NEW") == plain.params("NEW")


def test_equal_settings_have_equal_digests() -> None:
    one = load([], ["order_size_usd=50", "replay.seed=2"], {}).settings.digest()
    two = load([], ["replay.seed=2", "order_size_usd=50.0"], {}).settings.digest()
    assert one == two
    assert one != load([], ["order_size_usd=51", "replay.seed=2"], {}).settings.digest()


def test_an_address_on_the_command_line_is_no_number() -> None:
    address = "0x" + "1" * 40
    assert load((), [f"live.account={address}"], environ={}).settings.live.account == address
    assert load((), (), environ={"BOTMM__LIVE__AGENT": address}).settings.live.agent == address
