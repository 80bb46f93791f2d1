"""Processes — a local exchange, the daemon and its guard as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import requests
from eth_account import Account
from hyperliquid.exchange import Exchange as Client

from botmm.clock import SystemClock
from botmm.errors import BotmmError
from botmm.exchanges.emulator import test_account
from botmm.live.control import ask
from tests.conftest import ROOT
from tests.fakes.signed import signed

ACCOUNT = test_account(0)
SECONDS = 60.0
QUICK = ("mode=fixed", "toxicity=false", "bias_strength=0.0", "live.reconcile_s=2")


class Process(Protocol):
    """What drills need of a process."""

    def poll(self) -> int | None: ...

    def send_signal(self, sig: int) -> None: ...

    def kill(self) -> None: ...

    def wait(self, timeout: float = ...) -> int: ...

    def communicate(self, *, timeout: float = ...) -> tuple[str, str]: ...


class Start(Protocol):
    """Starts Python code in a process of its own."""

    def __call__(
        self, code: str, *arguments: str, env: dict[str, str] | None = None
    ) -> Process: ...


def python(code: str, *arguments: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """Start Python code in a process of its own, in no folder that holds a configuration."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}", **(env or {})},
    )


def wait_until(condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Return the first true value of a condition."""
    clock, pause = SystemClock(), threading.Event()
    end = clock.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert clock.monotonic() < end, f"after {seconds} s still not: {what}"
        pause.wait(0.01)


class Exchange:
    """A local exchange behind its address."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, **request: Any) -> dict[str, Any]:
        reply = requests.post(f"{self.url}/control", json=request, timeout=5)
        assert reply.ok, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def info(self, kind: str) -> Any:
        asked = {"type": kind, "user": ACCOUNT.address}
        return requests.post(f"{self.url}/info", json=asked, timeout=5).json()

    def send(self, action: dict[str, Any], **more: Any) -> Any:
        """Send an action as the account's owner; more as for `signed`."""
        body = signed(ACCOUNT.key, action, **more)
        return requests.post(f"{self.url}/exchange", json=body, timeout=5).json()

    def audit(self) -> dict[str, Any]:
        return self.control(do="audit", user=ACCOUNT.address)

    def position(self) -> int:
        """Return the account's lots of BTC, by the exchange's own audit."""
        rows = self.audit()["exposure"]
        return next((int(row["size"]) for row in rows if row["coin"] == 0), 0)


UNLIMITED = """
import asyncio, json, os, uvloop
from botmm.exchanges.emulator import Emulator, EmulatorConfig, LimitNumbers

async def serve():
    most = 10**9
    limits = LimitNumbers(weight_per_minute=most, messages_per_minute=most)
    config = EmulatorConfig(symbols=("BTC",), limits=limits, warm_up_s=5)
    async with Emulator(config) as there:
        print(json.dumps({"url": there.url}), flush=True)
        await asyncio.Event().wait()

os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
os.nice(10)
uvloop.run(serve())
"""
"""An exchange that counts no requests, as code for `exchange`, and that yields to its clients,
whatever their priority: a real one takes none of this machine's time."""


@contextmanager
def exchange(code: str | None = None) -> Iterator[Exchange]:
    """Run a local exchange on a free port: that of the command, or of code that says its address."""
    command = "from botmm.cli import main; main()"
    options = ("emulate", "--port", "0", "--symbol", "BTC", "--json") if code is None else ()
    process = python(command if code is None else code, *options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Exchange(json.loads(line)["url"])
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


@dataclass
class Trader:
    """A daemon and its state folder."""

    process: Any
    folder: Path

    def status(self) -> dict[str, Any]:
        """Return what the daemon says of itself, or nothing where it does not answer."""
        try:
            return ask(self.folder, "status")
        except BotmmError:
            return {}

    def quoting(self) -> dict[str, Any]:
        """Wait until it quotes."""

        def state() -> dict[str, Any] | None:
            assert self.process.poll() is None, self.process.communicate()
            found = self.status()
            return found if found.get("state") == "quoting" else None

        try:
            found: dict[str, Any] = wait_until(state, "quoting")
        except AssertionError:
            raise AssertionError(f"not quoting: {self.status()}") from None
        return found

    def end(self, number: int) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=SECONDS)


def settings(url: str, folder: Path, more: Sequence[str] = ()) -> list[str]:
    """Return the options that name an exchange and a state folder."""
    words = [f'live.url="{url}"', "live.symbols=BTC", f'live.state_dir="{folder}"', *more]
    return [part for word in words for part in ("--set", word)]


AGENT = """
import os
import botmm.live.__main__ as entry
from botmm.live import top
from botmm.exchanges.hyperliquid.sign import Signer

key, agent, account = (os.environ[name] for name in ("DRILL_KEY", "DRILL_AGENT", "DRILL_ACCOUNT"))
entry._identity = lambda settings, host: (account, Signer(key, agent=agent, host=host))
top.daemon()
"""
"""The daemon on paper under an agent's key in place of the account's own."""


DAEMON = "from botmm.live.top import daemon; daemon()"


@contextmanager
def trader(
    there: Exchange,
    folder: Path,
    start: Start = python,
    agent: str | None = None,
    code: str = DAEMON,
) -> Iterator[Trader]:
    """Run a daemon; it is killed at the end where it still runs.

    Args:
        agent: an agent's name; it is approved, and its key signs in place of the account's own.
        code: what the process runs.
    """
    env = {}
    if agent is not None:
        code, key = AGENT, approve(there, agent)
        env = {"DRILL_KEY": key, "DRILL_AGENT": Account.from_key(key).address}
        env["DRILL_ACCOUNT"] = ACCOUNT.address
    process = start(code, "--paper", *settings(there.url, folder, QUICK), env=env)
    try:
        yield Trader(process, folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SECONDS)


def approve(there: Exchange, name: str) -> str:
    """Approve an agent of the account; return its key."""
    reply, key = Client(Account.from_key(ACCOUNT.key), there.url).approve_agent(name)
    assert reply["status"] == "ok"
    return str(key)


def guards_key(there: Exchange, name: str = "guard") -> dict[str, str]:
    """Approve a key for guards; return the environment that hands it to them.

    A second key of one name takes the place of the first.
    """
    key = approve(there, name)
    return {"BOTMM_GUARD_KEY": key, "BOTMM_GUARD_AGENT": Account.from_key(key).address}


@dataclass(frozen=True)
class Guarding:
    """A guard; called, it waits until it watches."""

    process: Process
    wait: Callable[[], object]

    def __call__(self) -> None:
        self.wait()


@contextmanager
def guard(
    there: Exchange, folder: Path, env: dict[str, str], start: Start = python, *words: str
) -> Iterator[Guarding]:
    """Run a guard with a key of its own; what is yielded waits until it watches."""
    account = f'live.account="{ACCOUNT.address}"'
    process = start(
        "from botmm.live.guard import main; main()",
        *settings(there.url, folder, [account]),
        *words,
        env=env,
    )
    try:

        def beats() -> bool:
            assert process.poll() is None, process.communicate()
            return (folder / "guard.beat").exists()

        yield Guarding(process, lambda: wait_until(beats, "the guard watches"))
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)
