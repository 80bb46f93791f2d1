"""Arm — trading with money needs a file that a person made, for one account on one host, for a time."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from botmm.clock import Clock
from botmm.errors import RiskStopError, UsageError
from botmm.observe.logging import logger

HOURS_MAX = 24 * 7

_log = logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What a person allowed."""

    account: str
    host: str
    expires_ns: int


def write_arm(path: Path, account: str, *, typed: str, hours: float, clock: Clock) -> Arm:
    """Allow an account to trade from this host for some hours.

    Raises:
        UsageError: the account was typed differently, or the time is out of range.
    """
    if typed != account:
        raise UsageError("not armed", cure=f"type the account exactly: {account}")
    if not 0 < hours <= HOURS_MAX:
        raise UsageError(f"{hours} hours", cure=f"choose more than 0, at most {HOURS_MAX}")
    expires = int(clock.now()) + round(hours * 3600e9)
    arm = Arm(account=account, host=socket.gethostname(), expires_ns=expires)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(fd, "w") as file:
        json.dump(asdict(arm), file)
        file.flush()
        os.fsync(fd)
    fresh.replace(path)
    return arm


def check_arm(path: Path, account: str, clock: Clock) -> Arm:
    """Return what allows this account to trade from here, now.

    Raises:
        RiskStopError: nothing does.
    """
    cure = f"run `botmm arm` on this host and type {account}"
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise RiskStopError(f"not armed: {path}: {error.strerror}", cure=cure) from error
    with os.fdopen(fd, encoding="utf-8") as file:
        found = os.fstat(fd)
        if found.st_mode & 0o077 or found.st_uid != os.geteuid():
            raise RiskStopError(f"not armed: {path} is open to other users", cure=cure)
        try:
            raw = json.load(file)
            arm = Arm(
                account=str(raw["account"]),
                host=str(raw["host"]),
                expires_ns=int(raw["expires_ns"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise RiskStopError(f"not armed: {path} is malformed", cure=cure) from error
    if arm.account != account:
        raise RiskStopError(f"armed for {arm.account}, not for {account}", cure=cure)
    if arm.host != socket.gethostname():
        raise RiskStopError(f"armed on {arm.host}, not here", cure=cure)
    if arm.expires_ns <= int(clock.now()):
        raise RiskStopError("the arming has expired", cure=cure)
    return arm


def disarm(path: Path) -> bool:
    """Void the arming, as every halt does; False where the disk refused and it still stands."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # a halt goes on; whoever asked for this alone is told
        _log.error("the arming still stands", why=str(error))
        return False
    return True
