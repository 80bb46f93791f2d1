"""Checkpoint — what a run needs to go on after a stop or a kill, in a folder beside its own.

Now and then the core's state is written, and the files of the rows that had left it by then are
finished; `at.json`, which names the last state, comes last and by a rename. A later run of the
same takes the rows and the state, and gives the same bytes as one that was never stopped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botmm.clock import SystemClock
from botmm.data.leftovers import is_running, write_whole
from botmm.errors import UsageError
from botmm.research.identity import identity
from botmm.research.tables import TABLES, Columns, Tables, rows_of

if TYPE_CHECKING:
    from botmm.research.plan import Plan

EVERY_S = 20.0
AT, OWNER = "at.json", "owner.json"
_ROWS = "|".join(TABLES)
_OURS = re.compile(rf"(at|owner)\.json(\.tmp-\d+)?|state-\d+\.bin|({_ROWS})-\d+\.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run was saved: the number of its state, its clock, its rows, the seconds it took."""

    key: str
    number: int
    ts: int
    rows: int
    seconds: float


class Checkpoint:
    """The saved places of one run; claimed by one process at a time."""

    def __init__(self, run_folder: Path, plan: Plan) -> None:
        """Look at what an earlier run of the same left; what another one left is removed."""
        self.folder = run_folder.with_name(f"{run_folder.name}.unfinished")
        self.plan = plan
        self.key = identity(plan)
        self.place = self._found()
        self._clock = SystemClock()
        self._saved_at = self._clock.monotonic()
        self._tables: Tables | None = None

    @classmethod
    def claim(cls, run_folder: Path, plan: Plan, *, restart: bool = False) -> Checkpoint | None:
        """Return the checkpoint of a run; None where another process works on the same.

        Args:
            run_folder: where the run's results go.
            plan: what is run.
            restart: begin anew, whatever is there.

        Raises:
            UsageError: the folder holds something else than a checkpoint.
        """
        owner = run_folder.with_name(f"{run_folder.name}.unfinished") / OWNER
        if owner.is_file():
            pid = int(json.loads(owner.read_text(encoding="utf-8"))["pid"])
            if pid != os.getpid() and is_running(pid):
                return None
        made = cls(run_folder, plan)
        made._check()
        if restart or made.place is None:
            made.place = None
            shutil.rmtree(made.folder, ignore_errors=True)
        made.folder.mkdir(parents=True, exist_ok=True)
        made._tidy()
        write_whole(made.folder / OWNER, json.dumps({"pid": os.getpid()}))
        return made

    def state(self) -> bytes:
        """Return the core's state at the place; there must be one."""
        assert self.place is not None, "invariant: asked for at a place only"
        return self._state(self.place.number).read_bytes()

    def rows(self) -> Iterator[tuple[str, Columns]]:
        """Yield the rows that had left the core by the place: a table's name, and some of them."""
        for number in range(1, self._number + 1):
            for name in TABLES:
                path = Tables(self.folder, self.plan, f"-{number:05}").path(name)
                if path.is_file():
                    yield from ((name, columns) for columns in rows_of(path, self.plan))

    def add(self, moved: Mapping[str, Any]) -> None:
        """Take in the rows of each table that left the core."""
        if self._tables is None:
            self._tables = Tables(self.folder, self.plan, f"-{self._number + 1:05}")
        for name in TABLES:
            self._tables.add(name, moved[name])

    def is_due(self) -> bool:
        """Whether the last place is so old that another is worth its time."""
        return self._clock.monotonic() - self._saved_at >= EVERY_S

    def save(self, state: bytes, *, ts: int, rows: int, seconds: float) -> None:
        """Make the present the place to go on from."""
        if self._tables is not None:
            self._tables.close()
            self._tables = None
        number = self._number + 1
        self._state(number).write_bytes(state)
        place = Place(key=self.key, number=number, ts=ts, rows=rows, seconds=seconds)
        write_whole(self.folder / AT, json.dumps(asdict(place)))
        self._state(number - 1).unlink(missing_ok=True)
        self.place = place
        self._saved_at = self._clock.monotonic()

    def finish(self) -> None:
        """Forget everything: the results stand."""
        self.place = None

    def release(self) -> None:
        """Let go of the folder, and remove it where nothing is to go on from."""
        if self._tables is not None:
            self._tables.abandon()
        if self.place is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            (self.folder / OWNER).unlink(missing_ok=True)

    @property
    def _number(self) -> int:
        return 0 if self.place is None else self.place.number

    def _state(self, number: int) -> Path:
        return self.folder / f"state-{number:05}.bin"

    def _found(self) -> Place | None:
        """Return the place of an earlier run of the same, if there is one."""
        path = self.folder / AT
        if not path.is_file():
            return None
        tree = json.loads(path.read_text(encoding="utf-8"))
        if tree.get("key") != self.key:
            return None
        place = Place(**tree)
        return place if self._state(place.number).is_file() else None

    def _check(self) -> None:
        """Refuse a folder that holds anything of somebody else: it is going to be removed."""
        others = self.folder.iterdir() if self.folder.exists() else ()
        if other := next((path.name for path in others if not _OURS.fullmatch(path.name)), None):
            raise UsageError(
                f"{self.folder} holds something else than an unfinished run: {other}",
                cure="name another --out",
            )

    def _tidy(self) -> None:
        """Remove what came after the place."""
        for path in self.folder.iterdir():
            _, _, number = path.stem.rpartition("-")
            if number.isdigit() and int(number) > self._number:
                path.unlink()
