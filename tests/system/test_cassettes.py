"""Cassettes — recorded questions of the SDK's own tests, asked of the local exchange."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from eth_account import Account
from hyperliquid.exchange import Exchange

from botmm.exchanges.emulator import test_account
from tests.fakes.emulator_thread import RunningEmulator, running

ONE = test_account(0)
# Fields of replies of 2023 that the venue has given up since.
_GONE = {"maxTradeSzs"}
_EMPTY_HERE = {
    "delegatorHistory",
    "userVaultEquities",
    "userTwapSliceFills",
    "fundingHistory",
    "userFunding",
}


@pytest.fixture(scope="module")
def local() -> Iterator[RunningEmulator]:
    with running() as emulator:
        client = Exchange(Account.from_key(ONE.key), emulator.url)
        alo = {"limit": {"tif": "Alo"}}
        px = round(float(client.info.all_mids()["BTC"]) * 0.97)
        client.order("BTC", True, 0.001, px, alo)
        client.market_open("BTC", True, 0.01)
        client.approve_agent("named")
        client.usd_transfer(1.0, test_account(1).address)
        yield emulator


def interactions(folder: Path) -> list[tuple[str, dict[str, Any], Any]]:
    """Return file, question and answer of each recorded exchange of the SDK's tests."""
    yaml = pytest.importorskip("yaml")
    found = []
    for path in sorted((folder / "hyperliquid-cassettes").glob("*.yaml")):
        recorded = yaml.safe_load(path.read_text(encoding="utf-8"))
        for row in recorded["interactions"]:
            answer = json.loads(row["response"]["body"]["string"])
            found.append((path.name, json.loads(row["request"]["body"]), answer))
    return found


def here(question: dict[str, Any]) -> dict[str, Any]:
    """Return a recorded question with our user and coin, over all of our time."""
    asked = json.loads(json.dumps(question))
    inner = asked.get("req", asked)
    if "user" in asked:
        asked["user"] = ONE.address
    if "coin" in inner:
        inner["coin"] = "BTC"
    if "startTime" in inner:
        inner["startTime"] = 0
    if inner.get("endTime") is not None:
        inner["endTime"] = 2**53
    return asked


def differences(recorded: Any, ours: Any, where: str = "") -> list[str]:
    """Return where our answer lacks a field of the recorded one, or has another type in it."""
    if recorded is None or ours is None:
        return []
    if type(recorded) is not type(ours):
        return [f"{where}: {type(recorded).__name__} is {type(ours).__name__} here"]
    if isinstance(recorded, list):
        return differences(recorded[0], ours[0], f"{where}[]") if recorded and ours else []
    if not isinstance(recorded, dict):
        return []
    wrong = []
    for key, value in recorded.items():
        if key in ours:
            wrong += differences(value, ours[key], f"{where}.{key}")
        elif key not in _GONE:
            wrong.append(f"{where}.{key} is missing")
    return wrong


def test_recorded_questions_are_answered_in_the_recorded_shapes(
    local: RunningEmulator, recordings: Path
) -> None:
    rows = interactions(recordings)
    if not rows:
        pytest.skip("no cassettes among the recordings")
    wrong, compared = {}, set()
    for name, question, recorded in rows:
        reply = requests.post(f"{local.url}/info", json=here(question), timeout=10)
        assert reply.status_code == 200, (name, question, reply.text)
        ours = reply.json()
        if ours or question["type"] not in _EMPTY_HERE:
            assert ours not in ([], None), (name, question)
            compared.add(question["type"])
        if question["type"] == "allMids":  # its keys are the coins of the day
            recorded = {"BTC": recorded["BTC"]}
        found = differences(recorded, ours)
        if found:
            wrong[name] = found
    assert not wrong
    assert len(compared) >= 12


def test_a_missing_field_and_another_type_are_seen() -> None:
    assert differences({"a": "1"}, {}) == [".a is missing"]
    assert differences([{"a": "1"}], [{"a": 1}]) == ["[].a: str is int here"]
    assert differences({"a": "1"}, {"a": "2"}) == []
