"""Tests of encoding — exact texts, the venue's price rules, batches by class."""

from __future__ import annotations

import copy

import pytest
from hyperliquid.utils.signing import float_to_wire
from hypothesis import given
from hypothesis import strategies as st

from botmm.errors import ConfigError, UsageError
from botmm.exchanges.hyperliquid import encode
from botmm.exchanges.hyperliquid.encode import Universe, batches, decimal_text, price_fault
from botmm.exchanges.hyperliquid.fields import ReplyError
from botmm.units import to_units
from tests.unit.exchanges.hyperliquid.listing import LISTING, META, cancel, cloid, instrument, place


def test_a_position_in_the_universe_is_the_asset_even_behind_delisted_ones() -> None:
    universe = Universe(META)
    assert [i.asset for i in universe.instruments] == [0, 1, 2, 3]
    assert universe.instruments[1].delisted
    assert universe.resolve("eth").asset == 2
    assert universe.by_name["kPEPE"].only_isolated


@pytest.mark.parametrize(
    "text", ["BTC", "btc", "BTCUSDT", "BTC-USD", "BTC-PERP", "BTC/USDC", " BTC "]
)
def test_a_symbol_is_found_however_it_is_written(text: str) -> None:
    assert Universe(META).resolve(text).name == "BTC"


def test_a_symbol_that_is_not_there_is_refused_with_a_near_one() -> None:
    with pytest.raises(ConfigError) as refused:
        Universe(META).resolve("BTTC")
    assert refused.value.cure == "did you mean BTC?"
    with pytest.raises(ConfigError, match="delisted"):
        Universe(META).resolve("MATIC")


@pytest.mark.parametrize("key", ["szDecimals", "name", "maxLeverage"])
def test_metadata_without_a_field_are_refused(key: str) -> None:
    meta = copy.deepcopy(META)
    del meta["universe"][0][key]
    with pytest.raises(ReplyError, match=key):
        Universe(meta)


@given(st.integers(1, 10**12), st.integers(0, 8))
def test_a_decimal_text_reads_back_exactly_and_has_no_zeros_at_its_end(
    units: int, decimals: int
) -> None:
    text = decimal_text(units, decimals)
    assert to_units(text, decimals) == units
    assert "." not in text or text[-1] not in "0."


@given(st.integers(1, 10**9), st.integers(0, 6))
def test_a_decimal_text_is_the_one_that_the_sdk_hashes(units: int, decimals: int) -> None:
    assert decimal_text(units, decimals) == float_to_wire(units / 10**decimals)


@pytest.mark.parametrize(
    ("size_decimals", "text", "fine"),
    [
        (2, "1234.5", True), (2, "1234.56", False), (0, "0.001234", True), (1, "0.01234", True),
        (5, "123456", True), (5, "123456.5", False), (5, "12345", True), (5, "12345.6", False),
        (5, "9999.5", True), (5, "105055", True),
    ],
)  # fmt: skip
def test_prices_are_checked_as_the_venue_does(size_decimals: int, text: str, fine: bool) -> None:
    one = instrument(size_decimals=size_decimals)
    assert (price_fault(to_units(text, one.px_decimals), one) is None) is fine


def test_an_order_has_the_keys_in_the_order_that_is_hashed() -> None:
    entry = encode.order(place(7, px=500_010, size=123_400), LISTING[0])
    assert list(entry) == ["a", "b", "p", "s", "r", "t", "c"]
    assert (entry["p"], entry["s"], entry["c"]) == ("50001", "1.234", cloid(7))


@pytest.mark.parametrize("wrong", [{"px": 0}, {"px": 500_011}, {"size": 0}, {"cloid": "0xAB"}])
def test_an_order_that_the_venue_would_refuse_is_not_encoded(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        encode.order(place(**wrong), LISTING[0])


def test_cancels_go_first_and_takers_apart_from_makers() -> None:
    commands = [place(1, tif="ioc"), place(2), cancel(3), place(4, tif="gtc")]
    made = batches(commands, LISTING)
    assert [batch.action["type"] for batch in made] == ["cancelByCloid", "order", "order"]
    assert [[c.cloid for c in batch.commands] for batch in made[1:]] == [
        [cloid(2)],
        [cloid(1), cloid(4)],
    ]


def test_no_batch_weighs_more_than_one() -> None:
    sizes = [len(batch.commands) for batch in batches([place(n) for n in range(90)], LISTING)]
    assert sizes == [39, 39, 12]


def test_leverage_stays_within_what_the_instrument_has() -> None:
    universe = Universe(META)
    made = encode.update_leverage(universe.resolve("BTC"), leverage=5, cross=True)
    assert list(made) == ["type", "asset", "isCross", "leverage"]
    with pytest.raises(UsageError):
        encode.update_leverage(universe.resolve("BTC"), leverage=41, cross=True)
    with pytest.raises(UsageError, match="isolated"):
        encode.update_leverage(universe.resolve("kPEPE"), leverage=5, cross=True)


def test_a_dead_mans_switch_has_no_time_when_it_is_taken_off() -> None:
    assert encode.schedule_cancel(None) == {"type": "scheduleCancel"}
    assert encode.schedule_cancel(5)["time"] == 5
