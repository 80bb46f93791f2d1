"""Checkup tests — folders, keys, latches and alerts, each in order and each broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from botmm.clock import ManualClock, SystemClock
from botmm.config import Live
from botmm.exchanges.hyperliquid.sign import address_of
from botmm.exchanges.public_accounts import is_test_address, test_account
from botmm.live import checkup
from botmm.live.arm import write_arm
from botmm.live.heartbeat import Heartbeat
from botmm.live.latches import STATE_FILE, Latches
from botmm.observe.findings import Finding, Level, guarded
from botmm.store.state import StateStore

# Keys of nobody: they must not be public test keys.
AGENT_KEY, GUARD_KEY, MASTER_KEY = ("0123456789abcdef" * 4, "fedcba9876543210" * 4, "7" * 64)
AGENT, GUARD, MASTER = (address_of(key) for key in (AGENT_KEY, GUARD_KEY, MASTER_KEY))
TEST = test_account(3)


def ring(tmp_path: Path, **environ: str) -> checkup.Keyring:
    return checkup.Keyring(
        environ=environ,
        dotenv=tmp_path / ".env",
        address_of=address_of,
        is_public=is_test_address,
    )


def live(**values: Any) -> Live:
    return Live(**{"mode": "testnet", "account": MASTER, "agent": AGENT} | values)


def keys(
    tmp_path: Path, settings: Live, guard_agent: str | None = None, **environ: str
) -> tuple[dict[str, Finding], dict[str, str]]:
    findings, addresses = checkup.keys(settings, ring(tmp_path, **environ), guard_agent)
    return {finding.name: finding for finding in findings}, addresses


def test_keys_in_order_name_the_addresses_to_ask_about(tmp_path: Path) -> None:
    given = {"BOTMM_AGENT_KEY": AGENT_KEY, "BOTMM_GUARD_KEY": f"0x{GUARD_KEY}"}
    rows, addresses = keys(tmp_path, live(), **given)
    assert {row.level for row in rows.values()} == {Level.OK}
    assert addresses == {"agent": AGENT, "guard agent": GUARD}
    assert not any(key in str(rows) for key in (AGENT_KEY, GUARD_KEY))


def test_paper_needs_no_keys(tmp_path: Path) -> None:
    rows, addresses = keys(tmp_path, Live())
    assert rows["keys"].level is Level.SKIPPED
    assert addresses == {}


@pytest.mark.parametrize(
    ("settings", "key", "said"),
    [
        ({}, None, "BOTMM_AGENT_KEY is nowhere"),
        ({}, "123", "malformed"),
        ({}, GUARD_KEY, f"it belongs to {GUARD}"),
        ({}, MASTER_KEY, "the account's own key, which can withdraw"),
        ({"agent": ""}, AGENT_KEY, "not set: live.agent"),
        ({"agent": TEST.address}, TEST.key, "a public test key"),
        ({"account": TEST.address}, AGENT_KEY, "a public test key"),
    ],
)
def test_a_wrong_agent_key_fails_and_is_not_shown(
    settings: dict[str, Any], key: str | None, said: str, tmp_path: Path
) -> None:
    given = {} if key is None else {"BOTMM_AGENT_KEY": key}
    rows, _ = keys(tmp_path, live(**settings), **given)
    row = next(iter(rows.values()))
    assert row.level is Level.FAIL
    assert said in row.found
    assert row.cure
    assert key is None or len(key) < 64 or key not in f"{row}"


@pytest.mark.parametrize(
    ("settings", "key", "agent", "level", "said"),
    [
        ({}, AGENT_KEY, None, Level.FAIL, "the daemon's or the account's own"),
        ({}, GUARD_KEY, MASTER, Level.FAIL, "not to BOTMM_GUARD_AGENT"),
        ({}, TEST.key, None, Level.FAIL, "public test key"),
        ({}, "x", None, Level.FAIL, "malformed"),
        ({}, None, None, Level.LOOK, "none here"),
        ({}, None, GUARD, Level.SKIPPED, "not here"),
        ({"guard": False}, None, None, Level.LOOK, "no guard is asked for"),
    ],
)
def test_the_guards_key_is_another_one(
    settings: dict[str, Any],
    key: str | None,
    agent: str | None,
    level: Level,
    said: str,
    tmp_path: Path,
) -> None:
    given = {"BOTMM_AGENT_KEY": AGENT_KEY} | ({} if key is None else {"BOTMM_GUARD_KEY": key})
    row = keys(tmp_path, live(**settings), agent, **given)[0]["guard key"]
    assert row.level is level
    assert said in row.found


def test_a_dotenv_that_others_can_read_fails(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert checkup.dotenv_mode(path).level is Level.SKIPPED
    path.write_text(f"BOTMM_AGENT_KEY={AGENT_KEY}\n")
    path.chmod(0o644)
    assert checkup.dotenv_mode(path).level is Level.FAIL
    assert keys(tmp_path, live())[0]["agent key"].cure == f"chmod 600 {path}"
    path.chmod(0o600)
    assert checkup.dotenv_mode(path).level is Level.OK
    assert keys(tmp_path, live())[0]["agent key"].level is Level.OK


def test_the_state_folder_is_ours_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    assert checkup.state_folder(folder).level is Level.OK
    folder.mkdir(mode=0o755)
    assert checkup.state_folder(folder).cure == f"chmod 700 {folder}"
    folder.chmod(0o700)
    assert checkup.state_folder(folder).level is Level.OK
    (tmp_path / "file").write_text("")
    assert checkup.state_folder(tmp_path / "file").level is Level.FAIL


def test_latches_and_the_file_kill_keep_from_starting(tmp_path: Path) -> None:
    clock = SystemClock()
    assert "no daemon runs" in checkup.daemon(tmp_path, clock).found
    (tmp_path / "KILL").touch()
    assert checkup.daemon(tmp_path, clock).level is Level.FAIL
    (tmp_path / "KILL").unlink()
    Heartbeat(tmp_path / "heartbeat", clock)
    assert "a daemon runs" in checkup.daemon(tmp_path, clock).found
    store = StateStore(tmp_path / STATE_FILE)
    Latches(store, clock).set("KILLED", "a test", who="operator")
    store.close()
    row = guarded("latches", lambda: checkup.daemon(tmp_path, clock))
    assert row.level is Level.FAIL
    assert "lift KILLED" in row.cure


def test_the_guards_life_is_looked_at_where_it_is_asked_for(tmp_path: Path) -> None:
    clock = SystemClock()
    assert checkup.guard_life(Live(), tmp_path, clock).level is Level.SKIPPED
    assert checkup.guard_life(live(), tmp_path, clock).level is Level.LOOK
    Heartbeat(tmp_path / "guard.beat", clock)
    assert checkup.guard_life(live(), tmp_path, clock).level is Level.OK


def test_arming_is_told_and_never_a_failure(tmp_path: Path) -> None:
    clock, real = ManualClock(10**18), live(mode="mainnet")
    assert checkup.arming(live(), tmp_path, clock).level is Level.SKIPPED
    assert checkup.arming(real, tmp_path, clock).level is Level.LOOK
    write_arm(tmp_path / "arm.json", MASTER, typed=MASTER, hours=1, clock=clock)
    assert checkup.arming(real, tmp_path, clock).level is Level.OK


@pytest.mark.parametrize(
    ("url", "level"),
    [("discord://1234567890/abcdefghij", Level.OK), ("nonsense", Level.FAIL), (None, Level.LOOK)],
)
def test_alerts_need_an_address_that_is_one(url: str | None, level: Level, tmp_path: Path) -> None:
    given = {} if url is None else {"BOTMM_ALERT_URL": url}
    row = checkup.alerts(live(), ring(tmp_path, **given))
    assert row.level is level
    assert url is None or url not in row.found + row.cure


def test_the_time_service_is_asked_of_the_kernel() -> None:
    assert checkup.time_service().level in (Level.OK, Level.LOOK, Level.SKIPPED)
