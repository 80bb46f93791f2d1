"""Judge — what happened by the exchange's own records; nothing that the daemon computes is used.

It listens to the exchange's core: orders as they are accepted, executions, payments.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from botmm.exchanges.emulator import Emulator
from tests.campaign.bot import Life

SLACK = 1.01
"""A price may move between a decision and its block: what is worth the limit then is worth more."""
MS_NS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What executions come to."""

    count: int = 0
    lots: int = 0
    volume: int = 0
    cash: int = 0
    fees: int = 0

    def more(self, lots: int, px: int, fee: int) -> Sums:
        """Return the sums with one more execution."""
        return Sums(
            count=self.count + 1,
            lots=self.lots + lots,
            volume=self.volume + abs(lots) * px,
            cash=self.cash - lots * px,
            fees=self.fees + fee,
        )


class GuiltyError(AssertionError):
    """Something that no fault may break was broken."""


@dataclass
class Judge:
    """The records of one account."""

    emulator: Emulator
    user: str
    limit_micro: int
    accepted: dict[str, set[int]] = field(default_factory=dict)
    """Venue ids of the orders that rested or traded under a client's id."""
    fills: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    """Time, signed lots, price, fee, trade of every execution since `forget`."""
    executions: int = 0
    _px: int = 0
    """Of the last execution."""
    fundings: list[tuple[int, int]] = field(default_factory=list)
    position: int = 0
    worst: float = 0.0
    """The largest share of the limit that could have been held."""
    orders: int = 0
    resting: int = 0
    guilt: str = ""
    """The first thing that no fault may break, and that was broken."""
    _forgotten: Sums = field(default_factory=Sums)
    _life: Life | None = None
    """Whose executions those were."""

    def listen(self) -> None:
        """Hear everything from now on."""
        self.emulator.desk.listeners.append(self._hear)

    def _hear(self, events: list[dict[str, Any]]) -> None:
        mine = [event for event in events if event.get("user") == self.user]
        for event in mine:
            if event["e"] == "fill":
                lots = event["size"] if event["side"] == "bid" else -event["size"]
                self.position += lots
                self.executions += 1
                self._px = event["px"]
                self.fills.append((event["at"], lots, event["px"], event["fee"], event["tid"]))
            elif event["e"] == "funding":
                self.fundings.append((event["at"], event["received"]))
        orders = [event for event in mine if event["e"] == "order"]
        if orders:
            self._ordered(orders)

    def _ordered(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            if event["status"] in ("open", "filled") and event["cloid"]:
                oids = self.accepted.setdefault(event["cloid"], set())
                if event["oid"] not in oids:
                    oids.add(event["oid"])
                    self.orders += 1
                if len(oids) > 1:
                    self._blame(f"order {event['cloid']} was accepted as {sorted(oids)}")
        self._weigh(self.emulator.desk.rows("orders", self.user))

    def _weigh(self, resting: list[dict[str, Any]]) -> None:
        """Weigh what could be held if everything of one side that rests were executed."""
        self.resting = len(resting)
        if not resting:
            return
        for side, sign in (("bid", 1), ("ask", -1)):
            rows = [row for row in resting if row["side"] == side and not row["reduce_only"]]
            if not rows:
                continue
            lots = sign * self.position + sum(row["left"] for row in rows)
            share = lots * max(row["px"] for row in rows) / self.limit_micro
            self.worst = max(self.worst, share)
            if share > SLACK:
                self._blame(f"{share:.3f} of the limit could be held: {rows}")

    def _blame(self, words: str) -> None:
        self.guilt = self.guilt or words

    def require_innocence(self) -> None:
        """Raise what was seen, where the campaign can hear it.

        Raises:
            GuiltyError: something was broken.
        """
        if self.guilt:
            raise GuiltyError(self.guilt)

    def forget(self, life: Life | None) -> None:
        """Let go of orders that ended and of a run's executions; what they come to is kept."""
        if life is not None:
            self._forgotten, self._life = self._sums(life), life
        self.fills.clear()
        rest = {row["cloid"] for row in self.emulator.desk.rows("orders", self.user)}
        self.accepted = {key: oids for key, oids in self.accepted.items() if key in rest}

    def _sums(self, life: Life) -> Sums:
        """Return what a run's own executions come to."""
        assert life.baseline is not None
        sums = self._forgotten if life is self._life else Sums()
        # What the position was told to include is not the run's; a lie shows in the position.
        told, since = frozenset(life.baseline["trades"]), life.baseline["since"]
        for at, lots, px, fee, trade in self.fills:
            if at // MS_NS >= since // MS_NS and trade not in told:
                sums = sums.more(lots, px, fee)
        return sums

    def books(self, life: Life) -> str:
        """Compare a run's books with the records, at a time when no position is held.

        Returns what differs; nothing where all is equal to the micro-dollar.
        """
        begin = life.baseline
        if begin is None:
            return "the run never began"
        row = life.daemon.runner.report()["symbols"][0]
        mine = self._sums(life)
        paid = sum(got for at, got in self.fundings if at // MS_NS >= life.since_ms)
        earned2, held = 2 * mine.cash, begin["position"]
        if held != 0:
            # It was taken over at one price of its time, for no fee, and is no execution.
            flow2 = earned2 - 2 * mine.fees + 2 * paid
            price, rest = divmod(flow2 - row["flow2"], 2 * held)
            if rest != 0 or not 0.8 < price / self._px < 1.25:
                return f"{held} lots were taken over at {price} and {rest} / {2 * held}"
            earned2 -= 2 * held * price
        equal = {
            "proven": (row["proven"], self.position),
            "position": (row["position"], held + mine.lots),
            "fills": (row["maker_fills"] + row["taker_fills"], mine.count),
            "volume": (row["volume"], mine.volume),
            "fees2": (row["fees2"], 2 * mine.fees),
            "funding2": (row["funding2"], 2 * paid),
            "earned2": (row["capture2"] + row["inventory2"], earned2),
        }
        wrong = [
            f"{what} {ours}, truly {true}" for what, (ours, true) in equal.items() if ours != true
        ]
        if self.position != 0:
            wrong.append(f"a position of {self.position} is held")
        return "; ".join(wrong)

    def audit(self) -> dict[str, Any]:
        """Judge the exchange's own count of the whole run.

        Raises:
            GuiltyError: it does not stand.
        """
        self.require_innocence()
        found: dict[str, Any] = json.loads(self.emulator.desk.core.audit(self.user))
        if found["doubled"]:
            raise GuiltyError(f"accepted twice: {found['doubled'][:3]}")
        if found["ledger_sum"] != 0:
            raise GuiltyError(f"the exchange's own ledger is {found['ledger_sum']} apart")
        if found["fills"] != self.executions:
            raise GuiltyError(f"{self.executions} executions heard of {found['fills']}")
        return found
