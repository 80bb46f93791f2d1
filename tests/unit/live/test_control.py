"""Control tests — a person reaches the daemon by socket, signal and file, and nobody else does."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from botmm.errors import UsageError, VenueError
from botmm.live.control import ControlServer, ask


class Calls:
    """Controls that remember."""

    def __init__(self) -> None:
        self.made: list[tuple[str, ...]] = []
        self.fails = 0

    def status(self) -> Mapping[str, Any]:
        return {"state": "quoting"}

    def pause(self, *, who: str) -> None:
        self.made.append(("pause", who))

    def resume(self, *, who: str, typed: Sequence[str]) -> None:
        if "lift KILLED" not in typed:
            raise UsageError("KILLED stays", cure="type it")
        self.made.append(("resume", who))

    def kill(self, reason: str, *, who: str) -> None:
        if self.fails:
            self.fails -= 1
            if self.fails:
                raise sqlite3.OperationalError("database or disk is full")
            raise RuntimeError("the task group is over")
        self.made.append(("kill", reason, who))

    def flatten(self, *, who: str) -> None:
        self.made.append(("flatten", who))


async def until(calls: Calls, count: int) -> None:
    async with asyncio.timeout(5):
        while len(calls.made) < count:
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_each_command_arrives_and_refusals_come_back(tmp_path: Path) -> None:
    calls = Calls()
    async with ControlServer(tmp_path, calls) as server:
        assert server.path.stat().st_mode & 0o777 == 0o600
        assert await asyncio.to_thread(ask, tmp_path, "status") == {"state": "quoting"}
        await asyncio.to_thread(ask, tmp_path, "pause", who="ann")
        with pytest.raises(UsageError, match="stays"):
            await asyncio.to_thread(ask, tmp_path, "resume", typed=["please"])
        await asyncio.to_thread(ask, tmp_path, "resume", who="ann", typed=["lift KILLED"])
        await asyncio.to_thread(ask, tmp_path, "kill", who="ann", reason="odd")
        await asyncio.to_thread(ask, tmp_path, "flatten", who="ann")
    assert calls.made == [
        ("pause", "ann"), ("resume", "ann"), ("kill", "odd", "ann"), ("flatten", "ann"),
    ]  # fmt: skip
    with pytest.raises(VenueError, match="no daemon answers"):
        ask(tmp_path, "status")


@pytest.mark.asyncio
async def test_nonsense_does_not_end_the_server(tmp_path: Path) -> None:
    def shout(data: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(str(tmp_path / "control.sock"))
            try:
                sock.sendall(data)
                return sock.recv(1000)
            except ConnectionError:
                return b""

    async with ControlServer(tmp_path, Calls()):
        for data in (b"\n", b"[]\n", b'{"do":"sell"}\n', b"[" * 60_000 + b"\n", b"\xff\xfe\n"):
            assert b'"ok": false' in await asyncio.to_thread(shout, data)
        await asyncio.to_thread(shout, b"x" * 1_000_000)
        assert await asyncio.to_thread(ask, tmp_path, "status")


@pytest.mark.asyncio
async def test_the_signal_and_the_file_kill(tmp_path: Path) -> None:
    calls = Calls()
    async with ControlServer(tmp_path, calls):
        os.kill(os.getpid(), signal.SIGUSR1)
        await until(calls, 1)
        (tmp_path / "KILL").touch()
        await until(calls, 2)
    assert [call[2] for call in calls.made] == ["signal", "file"]


@pytest.mark.asyncio
async def test_a_signal_of_after_the_end_kills_the_next_start(tmp_path: Path) -> None:
    async with ControlServer(tmp_path, Calls()):
        pass
    assert not (tmp_path / "KILL").exists()
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.05)
    calls = Calls()
    async with ControlServer(tmp_path, calls):
        await until(calls, 1)


@pytest.mark.asyncio
@pytest.mark.parametrize("by", ["command", "signal", "file"])
async def test_a_kill_that_fails_is_tried_until_it_holds(tmp_path: Path, by: str) -> None:
    calls = Calls()
    calls.fails = 3
    async with ControlServer(tmp_path, calls):
        if by == "command":
            with pytest.raises(UsageError, match="tried again until it holds"):
                await asyncio.to_thread(ask, tmp_path, "kill", who="command", reason="odd")
        elif by == "signal":
            os.kill(os.getpid(), signal.SIGUSR1)
        else:
            (tmp_path / "KILL").touch()
        await until(calls, 1)
        assert await asyncio.to_thread(ask, tmp_path, "status")
    assert [call[2] for call in calls.made] == [by]


@pytest.mark.asyncio
async def test_the_file_kills_each_time_it_appears(tmp_path: Path) -> None:
    calls = Calls()
    async with ControlServer(tmp_path, calls, signals=False):
        for count in (1, 2):
            (tmp_path / "KILL").touch()
            await until(calls, count)
            (tmp_path / "KILL").unlink()
            await asyncio.sleep(0.3)  # more than one look
    assert len(calls.made) == 2
