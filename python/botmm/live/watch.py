"""Watch — what runs beside the trading: control, heartbeat, payments, files, guard, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from botmm.clock import Clock
from botmm.errors import ConfigError
from botmm.live import heartbeat
from botmm.live.daemon import Daemon
from botmm.live.heartbeat import Heartbeat
from botmm.live.insist import insist
from botmm.live.metadata import EVERY_S, Metadata
from botmm.live.operator import Operator
from botmm.live.reload import Reload
from botmm.live.upkeep import GB, Upkeep
from botmm.observe.logging import logger
from botmm.observe.metrics import Metrics
from botmm.observe.notifier import Notifier, Severity
from botmm.ports import Event, Incident

KEEP_S = 1.0
MEASURE_S = 1.0
GUARD = "guard"
KEY = "key"
GUARD_STALE_S = 3.0
URGENT = frozenset({"halt", "stop", "blind", "ledger", "position", "foreign_orders", "withdrawal"})
"""What a person has to look at now."""

_log = logger(__name__)
Alarm = Callable[[str, str], object]


def alarms(notifier: Notifier) -> Alarm:
    """Return what takes alarms and tells people, the urgent ones until they answer."""

    def tell(key: str, words: str) -> None:
        notifier.tell(Severity.P1 if key in URGENT else Severity.P2, key, words)

    return tell


async def beat(sign: Heartbeat) -> None:
    """Show life from the loop itself: where the loop stands still, the sign does, too."""
    while True:
        sign.beat()
        await asyncio.sleep(heartbeat.EVERY_S)


async def pay(daemon: Daemon, payments: AsyncIterator[Event]) -> None:
    """Put funding through the loop as the venue tells it."""
    async for event in payments:
        daemon.runner.event(event)


async def meet(
    daemon: Daemon, incidents: AsyncIterator[Incident], operator: Operator, alarm: Alarm
) -> None:
    """Answer what the venue does to the account: all but a transfer stops everything for good."""
    async for incident in incidents:
        if incident.kind != "transfer":
            operator.stop_for_good("HALTED", incident.words, who="the venue")
            continue
        daemon.transfer(incident.usd_micro)
        alarm("withdrawal" if incident.usd_micro < 0 else "transfer", incident.words)


class Watch:
    """Follows files, the guard and the state of a daemon that runs."""

    def __init__(self, daemon: Daemon, operator: Operator, clock: Clock, alarm: Alarm) -> None:
        """Take what is followed and who is told."""
        self._daemon, self._operator = daemon, operator
        self._clock, self._alarm = clock, alarm

    async def keep(self) -> None:
        """Put down the equity, and latch what the engine halted for good."""
        while True:
            await asyncio.sleep(KEEP_S)
            failure = self._daemon.keep()
            if failure:  # trading does not end for want of a disk
                self._alarm("state", failure)
            report = self._daemon.runner.report()
            if all(row["state"] != "halted" for row in report["symbols"]):
                continue
            causes = [row["cause"] for row in report["changes"] if row["state"] == "halted"]
            if causes and not self._operator.status()["latches"]:
                self._operator.stop_for_good("HALTED", causes[-1], who="engine")

    async def reload(self) -> None:
        """Take over parameters and shares when their files change; a bad file changes nothing."""
        settings = self._daemon.settings
        names = [one.name for one in self._daemon.venue.instruments]
        reload = Reload(settings, names, self._daemon.runner.event, self._alarm)
        while True:
            reload.look()
            await asyncio.sleep(settings.live.reload_s)

    async def listing(self, every_s: float = EVERY_S) -> None:
        """Withdraw what the venue lists otherwise than at the start."""
        daemon = self._daemon
        await Metadata(
            daemon.venue, daemon.runner.event, self._alarm, self._clock, every_s=every_s
        ).run()

    async def key(self) -> None:
        """End the run where the venue says that our key trades for this account no more.

        Raises:
            ConfigError: it says so. What rests is left to the guard, which has a key of its own.
        """
        venue, runner = self._daemon.venue, self._daemon.runner
        while True:
            await venue.disowned()
            runner.hold(KEY, on=True)
            try:
                await insist(venue.key_role, self._clock, lambda words: _log.warning(words))
            except ConfigError as error:
                self._alarm("stop", f"{error.message}: the guard's key withdraws what rests")
                raise
            runner.hold(KEY, on=False)

    async def upkeep(self) -> None:
        """Remove what is too old, and tell of a disk that fills."""
        live = self._daemon.settings.live
        upkeep = Upkeep(
            self._daemon.place.folder,
            self._clock,
            self._alarm,
            self._daemon.forget,
            keep_days=live.keep_days,
            floor=round(live.disk_free_gb * GB),
        )
        await upkeep.run()

    async def guard(self) -> None:
        """Let quotes stand only while the guard shows life, where one is asked for."""
        live, runner = self._daemon.settings.live, self._daemon.runner
        path = self._daemon.place.folder / "guard.beat"
        while live.guard and self._daemon.place.mode != "paper":
            sign = heartbeat.read(path)
            alive = sign is not None and sign.age_s(self._clock) < GUARD_STALE_S
            if not alive and GUARD not in runner.health.holds:
                self._alarm(GUARD, "botmm-guard shows no life: quotes are withdrawn")
            runner.hold(GUARD, on=not alive)
            await asyncio.sleep(0.5)

    async def measure(self) -> None:
        """Show metrics on the loopback."""
        port = self._daemon.settings.live.metrics_port
        if port == 0:
            return
        metrics = Metrics()
        self._daemon.runner.decided = metrics.decision_s.observe
        try:
            server = metrics.serve(port)
        except OSError as error:
            _log.warning("no metrics", port=port, why=error.strerror)
            return
        try:
            while True:
                metrics.update(self._operator.status())
                await asyncio.sleep(MEASURE_S)
        finally:
            server.close()
