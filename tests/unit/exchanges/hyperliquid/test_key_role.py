"""Key role tests — only a key that the venue lists for this account, and in time, may trade."""

from __future__ import annotations

from typing import Any

import pytest

from botmm.errors import ConfigError
from botmm.exchanges.hyperliquid.fields import ReplyError
from botmm.exchanges.hyperliquid.key_role import KeyRole, judge, read_listing

ACCOUNT, AGENT, OTHER = ("0x" + digit * 40 for digit in "abc")
NOW_MS = 1_790_000_000_000


def read(role: Any, listed: Any = (), *, agent: str = AGENT) -> KeyRole:
    found = read_listing(role, list(listed), agent=agent)
    return judge(found, account=ACCOUNT, agent=agent, now_ms=NOW_MS)


def of(user: str) -> dict[str, Any]:
    return {"role": "agent", "data": {"user": user}}


def row(until: int | None) -> dict[str, Any]:
    return {"name": "daemon", "address": AGENT.upper().replace("0X", "0x"), "validUntil": until}


def test_an_agent_of_the_account_may_trade_until_its_end() -> None:
    assert read(of(ACCOUNT)).valid_until_ms is None
    found = read(of(ACCOUNT.upper().replace("0X", "0x")), [row(NOW_MS + 1)])
    assert (found.name, found.valid_until_ms, found.master) == ("daemon", NOW_MS + 1, False)


def test_the_accounts_own_key_is_told_as_such() -> None:
    assert read({"role": "user"}, agent=ACCOUNT).master
    assert read({"role": "missing"}, agent=ACCOUNT).master


@pytest.mark.parametrize(
    ("role", "listed", "why"),
    [
        ({"role": "missing"}, [], "knows no agent"),
        ({"role": "user"}, [], "knows no agent"),
        (of(OTHER), [], f"trades for {OTHER}"),
        (of(ACCOUNT), [row(NOW_MS)], "has expired"),
    ],
)
def test_another_key_is_refused(role: Any, listed: Any, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        read(role, listed)


@pytest.mark.parametrize(
    ("role", "listed"),
    [
        (None, []),
        ({}, []),
        ({"role": "agent"}, []),
        ({"role": "agent", "data": {"user": 7}}, []),
        (of(ACCOUNT), None),
        (of(ACCOUNT), [{"name": "daemon"}]),
        (of(ACCOUNT), [row(True)]),
    ],
)
def test_what_cannot_be_read_proves_nothing(role: Any, listed: Any) -> None:
    with pytest.raises(ReplyError):
        read_listing(role, listed, agent=AGENT)
