"""Checkup — what this machine says before a run: folders, keys, clock, latches, arming, alerts."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from botmm.clock import Clock
from botmm.config import Live
from botmm.errors import BotmmError
from botmm.live import heartbeat
from botmm.live.arm import check_arm
from botmm.live.heartbeat import Life
from botmm.live.latches import ALIVE_S, STATE_FILE, Latches
from botmm.live.secrets import Secret, agent_key, secret_text
from botmm.observe.findings import Finding, fail, guarded, look, ok, skipped
from botmm.store.state import StateStore
from botmm.units import time_text

AGENT_KEY, GUARD_KEY, ALERT_URL = "BOTMM_AGENT_KEY", "BOTMM_GUARD_KEY", "BOTMM_ALERT_URL"
FREE_BYTES_MIN = 2 * 1024**3
_STA_UNSYNC = 0x40
_STATUS_AT = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """Where secrets are looked for, and how the address of a key is found."""

    environ: Mapping[str, str]
    dotenv: Path
    address_of: Callable[[str], str]
    is_public: Callable[[str], bool]

    def key(self, name: str) -> Secret:
        """Return a key; see `agent_key`."""
        return agent_key(name, environ=self.environ, dotenv=self.dotenv)

    def text(self, name: str) -> str | None:
        """Return another secret, where there is one."""
        return secret_text(name, environ=self.environ, dotenv=self.dotenv)


def time_service() -> Finding:
    """Say whether something keeps the machine's clock, as the kernel tells it."""
    name = "time"
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_long) != 8:
        return skipped(name, "the kernel of this system is not asked for it")
    words = ctypes.create_string_buffer(512)  # struct timex, all zero: it only reads
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "adjtimex") or libc.adjtimex(words) < 0:
        return skipped(name, "the kernel does not say whether the clock is kept")
    status = ctypes.c_int.from_buffer(words, _STATUS_AT).value
    if status & _STA_UNSYNC:
        cure = "`timedatectl set-ntp true`, or install chrony"
        return look(name, "no time service keeps this machine's clock", cure)
    return ok(name, "a time service keeps this machine's clock")


def state_folder(folder: Path) -> Finding:
    """Say whether the state folder can be used, and by nobody else."""
    name = "state"
    if not folder.exists():
        place = nearest(folder)
        if not os.access(place, os.W_OK):
            return fail(name, f"{folder} cannot be made in {place}", "name another: live.state_dir")
        return ok(name, f"{folder} is made at the first start")
    if not folder.is_dir():
        return fail(name, f"{folder} is no folder", "name another: live.state_dir")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return fail(name, f"{folder} is open to other users ({mode:o})", f"chmod 700 {folder}")
    if not os.access(folder, os.W_OK):
        return fail(name, f"{folder} cannot be written to", f"chown it, or chmod 700 {folder}")
    return ok(name, f"{folder} is ours alone")


def disk(folder: Path) -> Finding:
    """Say how much room is left."""
    free = shutil.disk_usage(nearest(folder)).free
    text = f"{free / 1024**3:.1f} GiB free at {folder}"
    if free < FREE_BYTES_MIN:
        return fail("disk", text, "free some space, or name another place")
    return ok("disk", text)


def nearest(path: Path) -> Path:
    """Return the nearest folder above that exists."""
    for folder in (path.absolute(), *path.absolute().parents):
        if folder.is_dir():
            return folder
    return Path("/")


def daemon(folder: Path, clock: Clock) -> Finding:
    """Say whether a daemon runs there, and what keeps the next one from starting."""
    path = folder / STATE_FILE
    if path.is_file():
        with contextlib.closing(StateStore(path)) as store:
            Latches(store, clock).require_clear()
    if (folder / "KILL").exists():
        return fail("latches", f"{folder / 'KILL'} is there", "remove it when its cause is gone")
    beat = heartbeat.read(folder / "heartbeat")
    if beat is not None and beat.life is Life.RUNNING and beat.age_s(clock) < ALIVE_S:
        return ok("latches", f"none; a daemon runs (process {beat.pid})")
    return ok("latches", "none; no daemon runs")


def keys(
    live: Live, ring: Keyring, guard_agent: str | None
) -> tuple[list[Finding], dict[str, str]]:
    """Return what there is to say of keys, and the addresses to ask the venue about."""
    if live.mode == "paper":
        return [skipped("keys", "none needed: paper signs with a public test key")], {}
    if not live.account or not live.agent:
        missing = ", ".join(f"live.{n}" for n in ("account", "agent") if not getattr(live, n))
        cure = "set the addresses, as docs/RUNBOOK.md shows"
        return [fail("keys", f"not set: {missing}", cure)], {}
    if ring.is_public(live.agent) or ring.is_public(live.account):
        cure = "make an account and an agent of your own"
        return [fail("keys", "a public test key, with which everybody can sign", cure)], {}
    agent = guarded("agent key", lambda: _agent(live, ring))
    guard, guard_address = _guard(live, ring, guard_agent)
    addresses = {"agent": live.agent}
    if guard_address:
        addresses["guard agent"] = guard_address
    return [agent, guard], addresses


def _agent(live: Live, ring: Keyring) -> Finding:
    name = "agent key"
    address = ring.address_of(ring.key(AGENT_KEY).reveal())
    if address == live.account.lower():
        cure = "take it off this machine now; make an agent on the venue's page (API)"
        return fail(name, f"{AGENT_KEY} is the account's own key, which can withdraw", cure)
    if address != live.agent.lower():
        cure = "give the key of the configured agent, or configure the other address"
        return fail(name, f"it belongs to {address}, not to live.agent {live.agent}", cure)
    return ok(name, f"{address}, 64 hex digits, private")


def _guard(live: Live, ring: Keyring, guard_agent: str | None) -> tuple[Finding, str]:
    """Say whether the guard's key is another one; its address, where there is one."""
    name = "guard key"
    if not live.guard:
        cure = "live.guard = true: quotes then stand only while it watches"
        return look(name, "no guard is asked for", cure), ""
    try:
        if ring.text(GUARD_KEY) is None:
            if guard_agent:
                return skipped(name, f"not here; the guard's agent is {guard_agent}"), guard_agent
            cure = f"make a second agent; {GUARD_KEY} where the guard runs, BOTMM_GUARD_AGENT here"
            return look(name, "none here, and no BOTMM_GUARD_AGENT", cure), ""
        address = ring.address_of(ring.key(GUARD_KEY).reveal())
    except BotmmError as error:
        return fail(name, error.message, error.cure), ""
    if address in (live.agent.lower(), live.account.lower()):
        cure = "make a second agent: one that is revoked or blocked must not take the guard with it"
        return fail(name, "it is the daemon's or the account's own", cure), ""
    if guard_agent and address != guard_agent.lower():
        cure = "correct BOTMM_GUARD_AGENT, or give its key"
        return fail(
            name, f"it belongs to {address}, not to BOTMM_GUARD_AGENT {guard_agent}", cure
        ), ""
    if ring.is_public(address):
        return fail(name, "a public test key", "make an agent of your own"), ""
    return ok(name, f"{address}, another than the daemon's"), address


def guard_life(live: Live, folder: Path, clock: Clock) -> Finding:
    """Say whether the guard runs."""
    if live.mode == "paper" or not live.guard:
        return skipped("guard", "not asked for")
    beat = heartbeat.read(folder / "guard.beat")
    if beat is None or beat.life is not Life.RUNNING or beat.age_s(clock) > ALIVE_S:
        return look("guard", "it does not run", "start `botmm-guard` before `botmm-live`")
    return ok("guard", f"runs (process {beat.pid})")


def arming(live: Live, folder: Path, clock: Clock) -> Finding:
    """Say until when mainnet is allowed; never a failure, for arming asks the other checks first."""
    if live.mode != "mainnet":
        return skipped("arming", f"not needed for {live.mode}")
    if not live.account:
        return skipped("arming", "not asked: no account is configured")
    try:
        arm = check_arm(folder / "arm.json", live.account, clock)
    except BotmmError as error:
        return look("arming", error.message, error.cure)
    return ok("arming", f"until {time_text(arm.expires_ns)} UTC")


def alerts(live: Live, ring: Keyring) -> Finding:
    """Say whether alerts reach somebody; the address is not shown."""
    name = "alerts"
    url = ring.text(ALERT_URL)
    if url is None:
        cure = f"put {ALERT_URL}=discord://… into .env (https://github.com/caronc/apprise)"
        if live.mode == "paper":
            return skipped(name, "nobody is told: fine for paper", cure)
        return look(name, "nobody is told when something needs a person", cure)
    import apprise

    if not apprise.Apprise().add(url):
        cure = "write it as https://github.com/caronc/apprise shows, such as discord://ID/TOKEN"
        return fail(name, f"{ALERT_URL} is not an address that apprise knows", cure)
    return ok(name, f"{ALERT_URL} is set")


def dotenv_mode(path: Path) -> Finding:
    """Say whether `.env` is closed to others, whatever is in it."""
    if not path.is_file():
        return skipped("secrets", f"no {path} here")
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        return fail("secrets", f"{path} is open to other users ({mode:o})", f"chmod 600 {path}")
    if found.st_uid not in {os.geteuid(), 0}:
        return fail("secrets", f"{path} is not ours", f"chown it and chmod 600 {path}")
    return ok("secrets", f"{path} is closed to others")
