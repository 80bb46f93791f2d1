"""Key role — whether the venue lets a key trade for an account, asked before anything is signed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botmm.errors import ConfigError
from botmm.exchanges.hyperliquid.fields import ReplyError, optional, required

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How the venue lists an address: as what, whose agent, under which name and until when."""

    kind: str
    owner: str = ""
    name: str = ""
    valid_until_ms: int | None = None


async def listing(ask: Ask, *, account: str, agent: str) -> Listing:
    """Ask how an address is listed; the two questions weigh 80.

    Raises:
        VenueError: no answer that can be trusted; nothing follows from that.
    """
    role = await ask({"type": "userRole", "user": agent.lower()})
    listed = await ask({"type": "extraAgents", "user": account.lower()})
    return read_listing(role, listed, agent=agent.lower())


def read_listing(role: Any, listed: Any, *, agent: str) -> Listing:
    """Read the replies to `userRole` of the agent and `extraAgents` of the account.

    Raises:
        ReplyError: a field is missing or malformed.
    """
    kind = required(role, "role", str)
    if kind != "agent":
        return Listing(kind=kind)
    owner = required(required(role, "data", dict), "user", str).lower()
    if not isinstance(listed, list):
        raise ReplyError(f"extraAgents is no list: {listed!r:.80}")
    for row in listed:
        if required(row, "address", str).lower() == agent:
            name, until = required(row, "name", str), optional(row, "validUntil", int)
            return Listing(kind=kind, owner=owner, name=name, valid_until_ms=until)
    return Listing(kind=kind, owner=owner)


async def key_role(ask: Ask, *, account: str, agent: str, now_ms: int) -> KeyRole:
    """Ask what a key may do; its questions weigh 80.

    Raises:
        ConfigError: the venue does not let this key trade for this account.
        VenueError: no answer that can be trusted; nothing follows from that.
    """
    account, agent = account.lower(), agent.lower()
    found = await listing(ask, account=account, agent=agent)
    return judge(found, account=account, agent=agent, now_ms=now_ms)


def judge(found: Listing, *, account: str, agent: str, now_ms: int) -> KeyRole:
    """Return what a key may do.

    Raises:
        ConfigError: the venue does not let it trade for this account.
    """
    if agent == account and found.kind != "agent":
        # An account that holds nothing yet is missing, its key its own all the same.
        return KeyRole(account=account, agent=agent, master=True, name="", valid_until_ms=None)
    if found.kind != "agent":
        raise ConfigError(f"the venue knows no agent {agent}: it is {found.kind!r}", cure=_CURE)
    if found.owner != account:
        raise ConfigError(f"agent {agent} trades for {found.owner}, not for {account}", cure=_CURE)
    name, until = found.name, found.valid_until_ms
    if until is not None and until <= now_ms:
        raise ConfigError(
            f"agent {agent} has expired", cure="approve a new agent; an old one is never used again"
        )
    return KeyRole(account=account, agent=agent, master=False, name=name, valid_until_ms=until)
