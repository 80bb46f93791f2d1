"""Tests of the entry — paper, testnet and mainnet cannot be mixed up, and money needs an arm file."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from eth_account import Account

from botmm.clock import SystemClock
from botmm.config import Layer, load
from botmm.errors import BotmmError, ConfigError, RiskStopError
from botmm.exchanges.public_accounts import test_account as public_account
from botmm.live.__main__ import trade
from botmm.live.arm import write_arm

KEY = "0x" + "5b" * 32
AGENT = str(Account.from_key(KEY).address)
OWNER = "0x" + "ab" * 20
MAINNET = "https://api.hyperliquid.xyz"


def refusal(folder: Path, **live: str) -> BotmmError:
    """Return what keeps a start from trading."""
    values = {f"live.{key}": value for key, value in live.items()}
    values["live.state_dir"] = str(folder / "state")
    settings = load((), (), environ={}, options=[Layer(origin="test", values=values)]).settings
    with pytest.raises(BotmmError) as caught:
        asyncio.run(trade(settings))
    return caught.value


@pytest.mark.parametrize(
    ("mode", "url"),
    [
        ("paper", MAINNET),
        ("paper", "https://api.hyperliquid-testnet.xyz"),
        ("testnet", MAINNET),
        ("testnet", "http://127.0.0.1:1"),
        ("mainnet", "https://api.hyperliquid-testnet.xyz"),
        ("mainnet", "http://127.0.0.1:1"),
    ],
)
def test_a_mode_goes_with_its_own_servers_only(tmp_path: Path, mode: str, url: str) -> None:
    error = refusal(tmp_path, mode=mode, url=url, account=OWNER, agent=AGENT)
    assert isinstance(error, ConfigError)
    assert "does not go with" in error.message


def test_another_server_is_refused_whatever_the_mode(tmp_path: Path) -> None:
    error = refusal(tmp_path, mode="mainnet", url="https://api.hyperliquid.example")
    assert "not a server that orders may go to" in error.message


def test_public_test_keys_never_sign_for_real(tmp_path: Path) -> None:
    error = refusal(tmp_path, mode="mainnet", account=OWNER, agent=public_account(1).address)
    assert "public test key" in error.message


def test_money_needs_a_key_that_is_the_agents_and_a_file_that_a_person_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BOTMM_AGENT_KEY", raising=False)
    real = {"mode": "mainnet", "account": OWNER}
    assert "no key" in refusal(tmp_path, **real, agent=AGENT).message
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"BOTMM_AGENT_KEY={KEY}\n")
    dotenv.chmod(0o600)
    wrong = refusal(tmp_path, **real, agent="0x" + "cd" * 20)
    assert "belongs to" in wrong.message
    assert KEY[2:] not in str(wrong)
    unarmed = refusal(tmp_path, **real, agent=AGENT)
    assert isinstance(unarmed, RiskStopError)
    assert (unarmed.exit_code, "not armed" in unarmed.message) == (5, True)
    clock = SystemClock()
    other = "0x" + "ef" * 20
    write_arm(tmp_path / "state" / "arm.json", other, typed=other, hours=1, clock=clock)
    assert isinstance(refusal(tmp_path, **real, agent=AGENT), RiskStopError)


def test_no_local_exchange_is_loaded_where_none_is_started() -> None:
    code = (
        "import sys, botmm.live.__main__, botmm.live.guard_main;"
        "sys.exit('botmm.exchanges.emulator' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0
