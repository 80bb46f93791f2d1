"""Faults — what goes wrong on purpose: by count, by chance, at a time; from a plan or on demand.

A plan is a TOML file. Times are seconds of the emulator's clock since its start.

    seed = 7
    [[fault]]
    kind = "lose_reply"
    probability = 0.02
    only = "order"
    [[event]]
    at_s = 60
    do = "freeze"
    seconds = 5
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from botmm.errors import UsageError
from botmm.units import SECOND_NS

RequestKind = Literal[
    "lose_request",
    "lose_reply",
    "late_request",
    "late_reply",
    "drip_reply",
    "status",
    "truncate",
    "empty_body",
    "short_list",
]
FrameKind = Literal["dup_user", "reorder_user", "drop_user", "mute", "garble"]
SocketKind = Literal["refuse_socket", "drop_on_open"]


class Fault(BaseModel):
    """One thing that goes wrong.

    Requests: `lose_request` (never arrives), `lose_reply` (carried out, nobody hears of it),
    `late_request` (arrives after `delay_ms`), `late_reply` (answered after it), `drip_reply` (a
    byte each `delay_ms`, over HTTP), `status` (HTTP `status` with `body`, 200 being any reply in
    place of the true one; carried out if `executed`), `truncate`, `empty_body`, `short_list` (one
    entry missing from the reply).
    User frames: `dup_user`, `reorder_user` (after the next one), `drop_user`. Any frame: `mute`,
    `garble` (cut in the middle). Sockets: `refuse_socket` (handshake gets `status`), `drop_on_open`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: RequestKind | FrameKind | SocketKind
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    # How often it strikes; None is without end.
    count: Annotated[int, Field(ge=1)] | None = None
    # Type of the action, request or channel it strikes; None is all.
    only: str | None = None
    # Which way requests come: None is both.
    way: Literal["rest", "ws"] | None = None
    delay_ms: Annotated[int, Field(ge=0)] = 1_000
    status: Annotated[int, Field(ge=200, le=599)] = 502
    body: str = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    executed: bool = True
    # A lost request or reply: the connection hangs or is reset.
    how: Literal["hang", "reset"] = "hang"
    after_s: float = 0.0
    until_s: float | None = None


class Timed(BaseModel):
    """Something that is done at a time; the other keys are those of the control endpoint."""

    model_config = ConfigDict(extra="allow", frozen=True)

    at_s: Annotated[float, Field(ge=0)]


class FaultPlan(BaseModel):
    """What a plan file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    fault: tuple[Fault, ...] = ()
    event: tuple[Timed, ...] = ()


class Faults:
    """The faults in force, and the chance that decides about each."""

    def __init__(self, plan: FaultPlan, *, start: int) -> None:
        """Take a plan whose seconds begin at a time."""
        self._random = np.random.default_rng(plan.seed)
        self._start = start
        self._rules: list[tuple[Fault, list[int | None]]] = []
        self._events = sorted(plan.event, key=lambda event: event.at_s)
        self.struck: dict[str, int] = {}
        for fault in plan.fault:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._rules.append((fault, [fault.count]))

    def clear(self) -> None:
        """Let nothing go wrong any more; planned events still happen."""
        self._rules.clear()

    def draw(
        self, kinds: tuple[str, ...], subject: str, now: int, way: str | None = None
    ) -> Fault | None:
        """Return the first fault of some kinds that strikes a subject now."""
        seconds = (now - self._start) / SECOND_NS
        for fault, left in self._rules:
            if fault.kind not in kinds or left[0] == 0:
                continue
            if fault.only not in (None, subject) or (fault.way and way and fault.way != way):
                continue
            if seconds < fault.after_s or (fault.until_s is not None and seconds >= fault.until_s):
                continue
            if fault.probability < 1.0 and self._random.random() >= fault.probability:
                continue
            if left[0] is not None:
                left[0] -= 1
            self.struck[fault.kind] = self.struck.get(fault.kind, 0) + 1
            return fault
        return None

    def due(self, now: int) -> list[dict[str, Any]]:
        """Return the control requests whose time has come, and forget them."""
        found: list[dict[str, Any]] = []
        while self._events and self._events[0].at_s * SECOND_NS <= now - self._start:
            found.append(self._events.pop(0).model_dump(exclude={"at_s"}))
        return found


REQUEST_KINDS: tuple[str, ...] = get_args(RequestKind)
USER_FRAME_KINDS: tuple[str, ...] = get_args(FrameKind)
FRAME_KINDS: tuple[str, ...] = ("mute", "garble")
SOCKET_KINDS: tuple[str, ...] = get_args(SocketKind)


def read_plan(path: Path) -> FaultPlan:
    """Return the plan of a file.

    Raises:
        UsageError: the file is no TOML, or no plan; the text names the place.
    """
    try:
        return FaultPlan.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: {where}: {first['msg']}") from None
