"""Checkpoint — what a run needs to go on after a stop or a kill, in a folder beside its own.

Now and then the core's state is written, and the files of the rows that had left it by then are
finished; `at.json`, which names the last state, comes last and by a rename. A later run of the
same takes the rows and the state, and gives the same bytes as one that was never stopped.
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from botmm import core
from botmm.clock import SystemClock
from botmm.data.leftovers import write_whole
from botmm.errors import UsageError
from botmm.research.identity import identity
from botmm.research.output import file_digest
from botmm.research.tables import KEPT, Columns, Tables, rows_of

if TYPE_CHECKING:
    from botmm.research.plan import Plan

EVERY_S = 20.0
AT, OWNER = "at.json", "owner.lock"
_ROWS = "|".join(KEPT)
_OURS = re.compile(rf"at\.json(\.tmp-\d+)?|owner\.lock|state-\d+\.bin|({_ROWS})-\d+\.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run was saved: the number of its state, its clock and rows, the seconds it took.

    `files` are those it needs, with their check sums.
    """

    key: str
    number: int
    ts: int
    rows: int
    seconds: float
    files: dict[str, int]


class Checkpoint:
    """The saved places of one run; claimed by one process at a time."""

    def __init__(self, run_folder: Path, plan: Plan) -> None:
        """Look at the folder beside a run's; nothing is read or changed yet."""
        self.folder = run_folder.with_name(f"{run_folder.name}.unfinished")
        self.plan = plan
        self.key = identity(plan, file_digest(core.BUILD))  # states are of one build
        self.place: Place | None = None
        # What is to be said of what was found there.
        self.note = ""
        self._lock: IO[bytes] | None = None
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
        made = cls(run_folder, plan)
        made._check()
        made.folder.mkdir(parents=True, exist_ok=True)
        if not made._own():
            return None
        if not restart:
            made.place = made._found()
        if made.place is None:
            # First, so that what is half removed is no place.
            (made.folder / AT).unlink(missing_ok=True)
        made._tidy()
        return made

    def state(self) -> bytes:
        """Return the core's state at the place; there must be one."""
        assert self.place is not None, "invariant: asked for at a place only"
        return self._state(self.place.number).read_bytes()

    def rows(self) -> Iterator[tuple[str, Columns]]:
        """Yield the rows that had left the core by the place: a table's name, and some of them."""
        for number in range(1, self._number + 1):
            for name in KEPT:
                path = self._part(number).path(name)
                yield from ((name, columns) for columns in rows_of(path, self.plan))

    def add(self, moved: Mapping[str, Any]) -> None:
        """Take in the rows of each table that left the core."""
        if self._tables is None:
            self._tables = self._part(self._number + 1)
        for name in KEPT:
            self._tables.add(name, moved[name])

    def is_due(self) -> bool:
        """Whether the last place is so old that another is worth its time."""
        return self._clock.monotonic() - self._saved_at >= EVERY_S

    def save(self, state: bytes, *, ts: int, rows: int, seconds: float) -> None:
        """Make the present the place to go on from; `add` was called since the last."""
        assert self._tables is not None, "invariant: rows came before"
        self._tables.close()
        number = self._number + 1
        fresh = [self._state(number), *(self._tables.path(name) for name in KEPT)]
        fresh[0].write_bytes(state)
        before = self._state(number - 1)
        files = {} if self.place is None else dict(self.place.files)
        files.pop(before.name, None)
        files |= {path.name: _sum(path) for path in fresh}
        place = Place(key=self.key, number=number, ts=ts, rows=rows, seconds=seconds, files=files)
        self._tables, self.place = None, place
        write_whole(self.folder / AT, json.dumps(asdict(place)))
        before.unlink(missing_ok=True)
        self._saved_at = self._clock.monotonic()

    def finish(self) -> None:
        """Forget everything: the results stand."""
        self.place = None

    def release(self) -> None:
        """Let go of the folder, and remove it where nothing is to go on from."""
        if self._tables is not None:
            self._tables.abandon()
        if self.place is None:
            (self.folder / AT).unlink(missing_ok=True)
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    @property
    def _number(self) -> int:
        return 0 if self.place is None else self.place.number

    def _state(self, number: int) -> Path:
        return self.folder / f"state-{number:05}.bin"

    def _part(self, number: int) -> Tables:
        """Return the files of the rows that left the core before a place."""
        return Tables(self.folder, self.plan, f"-{number:05}")

    def _own(self) -> bool:
        """Take the folder for this process, until it ends; False where another one has it."""
        self._lock = (self.folder / OWNER).open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            return False
        return True

    def _found(self) -> Place | None:
        """Return the place of an earlier run of the same, if there is a sound one."""
        path = self.folder / AT
        if not path.is_file():
            return None
        try:
            place = Place(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            self.note = f"{path} is damaged: the run begins anew"
            return None
        if place.key != self.key:
            self.note = (
                f"what a run of other settings, data or version saved in {self.folder} is discarded"
            )
            return None
        for name, crc in place.files.items():
            file = self.folder / name
            if not file.is_file() or _sum(file) != crc:
                self.note = f"{file} is missing or damaged: the run begins anew"
                return None
        return place

    def _check(self) -> None:
        """Refuse a folder that holds anything of somebody else: it is going to be removed."""
        others = self.folder.iterdir() if self.folder.exists() else ()
        if other := next((path.name for path in others if not _OURS.fullmatch(path.name)), None):
            raise UsageError(
                f"{self.folder} holds something else than an unfinished run: {other}",
                cure="name another --out",
            )

    def _tidy(self) -> None:
        """Remove what is not of the place."""
        needed = {AT, OWNER} | set(() if self.place is None else self.place.files)
        for path in self.folder.iterdir():
            if path.name not in needed:
                path.unlink()


def _sum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            crc = zlib.crc32(piece, crc)
    return crc
