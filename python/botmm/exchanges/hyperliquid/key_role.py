"""Key role — whether the venue lets a key trade for an account, asked before anything is signed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botmm.errors import ConfigError
from botmm.exchanges.hyperliquid.fields import ReplyError, optional, required
from botmm.exchanges.hyperliquid.rest import Rest
from botmm.exchanges.hyperliquid.standing import document

Ask = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""Returns the JSON of the answer to a question; raises VenueError where there is none."""

_CURE = "approve this agent for this account on the venue's page, or correct live.agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRole:
    """What the venue says of a key; an agent without a name is not listed and shows no end."""

    account: str
    agent: str
    master: bool
    """Whether it is the account's own key, which can move its money."""
    name: str
    valid_until_ms: int | None


def asking(rest: Rest) -> Ask:
    """Return what asks by REST alone."""

    async def ask(question: Mapping[str, Any]) -> Any:
        reply = await rest.post("/info", json.dumps(question).encode())
        return document(str(question["type"]), reply)

    return ask


async def key_role(ask: Ask, *, account: str, agent: str, now_ms: int) -> KeyRole:
    """Ask what a key may do; its questions weigh 80.

    Raises:
        ConfigError: the venue does not let this key trade for this account.
        VenueError: no answer that can be trusted; nothing follows from that.
    """
    account, agent = account.lower(), agent.lower()
    role = await ask({"type": "userRole", "user": agent})
    listed = await ask({"type": "extraAgents", "user": account})
    return read_key_role(role, listed, account=account, agent=agent, now_ms=now_ms)


def read_key_role(role: Any, listed: Any, *, account: str, agent: str, now_ms: int) -> KeyRole:
    """Read the replies to `userRole` of the agent and `extraAgents` of the account.

    Raises:
        ConfigError: the venue does not let this key trade for this account.
        ReplyError: a field is missing or malformed.
    """
    kind = required(role, "role", str)
    if agent == account and kind != "agent":
        # An account that holds nothing yet is missing, its key its own all the same.
        return KeyRole(account=account, agent=agent, master=True, name="", valid_until_ms=None)
    if kind != "agent":
        raise ConfigError(f"the venue knows no agent {agent}: it is {kind!r}", cure=_CURE)
    owner = required(required(role, "data", dict), "user", str).lower()
    if owner != account:
        raise ConfigError(f"agent {agent} trades for {owner}, not for {account}", cure=_CURE)
    name, until = _listed(listed, agent)
    if until is not None and until <= now_ms:
        raise ConfigError(
            f"agent {agent} has expired", cure="approve a new agent; an old one is never used again"
        )
    return KeyRole(account=account, agent=agent, master=False, name=name, valid_until_ms=until)


def _listed(listed: Any, agent: str) -> tuple[str, int | None]:
    """Return an agent's name and its end, where the account's list has it."""
    if not isinstance(listed, list):
        raise ReplyError(f"extraAgents is no list: {listed!r:.80}")
    for row in listed:
        if required(row, "address", str).lower() == agent:
            return required(row, "name", str), optional(row, "validUntil", int)
    return "", None
