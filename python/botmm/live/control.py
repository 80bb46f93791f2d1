"""Control — a person's commands to the daemon: a unix socket, a signal and a file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Literal, Protocol

from botmm.errors import BotmmError, RiskStopError, UsageError, VenueError
from botmm.observe.logging import logger

Verb = Literal["status", "pause", "resume", "kill", "flatten"]
LINE_BYTES_MAX = 64 * 1024
REPLY_BYTES_MAX = 8 * 1024**2
ANSWER_S = 10.0
KILL_POLL_S = 0.1

_log = logger(__name__)


class Controls(Protocol):
    """What the daemon lets a person do; each is idempotent and works in every state."""

    def status(self) -> Mapping[str, Any]:
        """Return what `botmm status` shows."""
        ...

    def pause(self, *, who: str) -> None:
        """Cancel and stop quoting until `resume`."""
        ...

    def resume(self, *, who: str, typed: Sequence[str]) -> None:
        """Quote again; behind latches only with the phrase of each."""
        ...

    def kill(self, reason: str, *, who: str) -> None:
        """Cancel everything and latch KILLED."""
        ...

    def flatten(self, *, who: str) -> None:
        """Cancel everything and close positions, reduce-only."""
        ...


class ControlServer:
    """Answers commands on a socket that only the owner reaches; also kills by file and signal."""

    def __init__(self, state: Path, controls: Controls, *, signals: bool = True) -> None:
        """Serve `state/control.sock`, watch `state/KILL` and, in the main thread, SIGUSR1."""
        self.path = state / "control.sock"
        self._kill_file = state / "KILL"
        self._controls = controls
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None
        self._signals = signals
        self._owed: tuple[str, str] | None = None  # a kill that failed: reason and who

    async def start(self) -> None:
        """Begin to answer; needs the account's lock, since it replaces a socket left over.

        A signal that was blocked until now, as `top.daemon` does, is heard first.

        Raises:
            UsageError: the path is longer than a socket's may be.
        """
        if len(os.fsencode(self.path)) > 100:
            raise UsageError(
                f"{self.path}: too long for a socket", cure="use a shorter state folder"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        os.fchmod(
            sock.fileno(), 0o600
        )  # the name is born with this mode, before anyone can connect
        sock.bind(str(self.path))
        self.path.chmod(0o600)
        self._server = await asyncio.start_unix_server(self._serve, sock=sock, limit=LINE_BYTES_MAX)
        if self._signals:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGUSR1, self._kill, "signal SIGUSR1", "signal")
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        self._watch = asyncio.create_task(self._watch_kills(), name="kills")

    async def stop(self) -> None:
        """Stop answering and take the socket away."""
        if self._signals:
            # What ends ends as it would have; a kill that comes now is one of the next start.
            signal.signal(signal.SIGUSR1, self._kill_next)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self.path.unlink(missing_ok=True)

    async def __aenter__(self) -> ControlServer:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def _kill_next(self, number: int, frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            self._kill_file.touch(mode=0o600)

    def _kill(self, reason: str, who: str) -> bool:
        """Kill now; where that fails the watch tries again until it holds."""
        try:
            self._controls.kill(reason, who=who)
        except Exception as error:  # noqa: BLE001 — whatever failed, the kill is owed
            if self._owed is None:
                _log.error("a kill failed and is tried again", who=who, why=str(error))
            self._owed = (reason, who)
            return False
        self._owed = None
        return True

    async def _watch_kills(self) -> None:
        """Kill whenever the file appears; it stays, so that a restart is killed too."""
        was_there = False
        while True:
            there = self._kill_file.exists()
            if self._owed is not None:
                self._kill(*self._owed)
            elif there and not was_there:
                self._kill(f"{self._kill_file} exists", "file")
            was_there = there
            await asyncio.sleep(KILL_POLL_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                line = await reader.readline()
                writer.write(json.dumps(self._answer(line), default=str).encode() + b"\n")
                await writer.drain()
        except (ValueError, TimeoutError, ConnectionError):
            pass  # a line too long, or who asked left; the next one is answered
        finally:
            writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict):
                raise UsageError("not an object")
            return {"ok": True, "result": self._do(asked)}
        except BotmmError as error:
            return {"ok": False, "error": error.message, "cure": error.cure}
        except (OSError, sqlite3.Error) as error:
            return {"ok": False, "error": str(error), "cure": "check the disk of the state folder"}
        except (ValueError, RecursionError):
            return {"ok": False, "error": "not JSON", "cure": ""}

    def _do(self, asked: dict[str, Any]) -> Mapping[str, Any]:
        verb, who = asked.get("do"), str(asked.get("who", "control"))
        match verb:
            case "status":
                return self._controls.status()
            case "pause":
                self._controls.pause(who=who)
            case "resume":
                self._controls.resume(who=who, typed=_words(asked.get("typed", [])))
            case "kill":
                if not self._kill(str(asked.get("reason", "command")), who):
                    raise RiskStopError(
                        "the kill failed and is tried again until it holds",
                        cure="look at the daemon's log and at the venue's page",
                    )
            case "flatten":
                self._controls.flatten(who=who)
            case _:
                raise UsageError(f"{verb!r} is no command")
        return {}


def _words(typed: Any) -> list[str]:
    """Return the phrases that were typed."""
    if not isinstance(typed, list) or not all(isinstance(one, str) for one in typed):
        raise UsageError("typed is no list of phrases")
    return typed


def ask(state: Path, verb: Verb, **more: str | Sequence[str]) -> dict[str, Any]:
    """Send one command to the daemon of a state folder and return its answer.

    Raises:
        VenueError: nobody answers.
        UsageError: the daemon refused.
    """
    path = state / "control.sock"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(ANSWER_S)
            sock.connect(str(path))
            sock.sendall(json.dumps({"do": verb, **more}).encode() + b"\n")
            with sock.makefile("rb") as file:
                answer = json.loads(file.readline(REPLY_BYTES_MAX))
    except (OSError, ValueError) as error:
        raise VenueError(
            f"no daemon answers at {path}", cure="start it, or name its folder with --state"
        ) from error
    if not answer["ok"]:
        raise UsageError(answer["error"], cure=answer["cure"])
    result: dict[str, Any] = answer["result"]
    return result
