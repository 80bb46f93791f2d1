"""Alert — send messages from a command that ends: to the target of `BOTMM_ALERT_URL`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from botmm.clock import Clock
from botmm.errors import VenueError
from botmm.live.secrets import secret_text
from botmm.observe.notifier import Notifier
from botmm.ops.monitor import Finding

ALERT_URL = "BOTMM_ALERT_URL"
SEND_S = 30.0


def alert(findings: Iterable[Finding], clock: Clock) -> None:
    """Tell findings and wait until they are sent; without a target they are only logged.

    Raises:
        VenueError: a message could not be sent.
    """
    url = secret_text(ALERT_URL, environ=os.environ, dotenv=Path(".env"))
    notifier = Notifier(clock, [url] if url else [])
    asked = sum(notifier.tell(one.severity, one.name, one.words) for one in findings)
    notifier.close(timeout_s=SEND_S)
    if url and notifier.sent < asked:
        raise VenueError(
            f"{asked - notifier.sent} of {asked} alerts were not sent",
            cure=f"check {ALERT_URL} and the network",
        )
