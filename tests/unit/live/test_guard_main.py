"""Guard main tests — keys that everybody knows guard nothing that is worth money."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_account import Account

from botmm.errors import ConfigError
from botmm.exchanges.public_accounts import test_account as public_account
from botmm.live import top
from botmm.live.guard_main import guard

KEY = "0x" + "5b" * 32
AGENT = str(Account.from_key(KEY).address)
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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--max-loss", "nan"], "--max-loss nan"),
        (["--max-loss", "inf"], "--max-loss inf"),
        (["--max-loss", "0"], "--max-loss 0.0"),
        (["--after", "nan"], "--after nan"),
        (["--after", "0.5"], "not in the range"),
        (["--nonsense"], "No such option"),
    ],
)
def test_a_limit_that_would_never_act_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--agent", OWN, "--set", f'live.account="{OWN}"', *words]
    assert top.run(lambda: guard, "botmm-guard", words) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert says in said
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_made_is_told_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOTMM_GUARD_KEY", KEY)
    (tmp_path / "file").touch()
    words = ["--agent", AGENT]
    for one in (f'live.account="{OWN}"', f'live.state_dir="{tmp_path}/file/state"'):
        words += ["--set", one]
    assert top.run(lambda: guard, "botmm-guard", words) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}/file/state: Not a directory")
