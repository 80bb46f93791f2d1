"""Guard main tests — keys that everybody knows guard nothing that is worth money."""

from __future__ import annotations

from pathlib import Path

import pytest

from botmm.errors import ConfigError
from botmm.exchanges.emulator.accounts import test_account as public_account
from botmm.live.guard_main import guard

OWN = "0x" + "ab" * 20
PUBLIC = public_account(1).address


@pytest.mark.parametrize("mode", ["testnet", "mainnet"])
@pytest.mark.parametrize(("account", "agent"), [(OWN, PUBLIC), (PUBLIC, OWN)])
def test_public_test_keys_guard_nothing_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, account: str, agent: str
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--agent", agent]
    for one in (f"live.mode={mode}", f'live.account="{account}"', f'live.state_dir="{tmp_path}"'):
        words += ["--set", one]
    with pytest.raises(ConfigError, match="public test key"):
        guard.main(words, standalone_mode=False)
