"""Logging — structured records on stderr: readable on a terminal, JSON for machines."""

from __future__ import annotations

import logging
import sys
from typing import Any


def set_up(*, level: str = "warning", as_json: bool = False, color: bool = True) -> None:
    """Send every record of the process to stderr, in one form.

    Args:
        level: the least severe level that is shown: debug, info, warning or error.
        as_json: one JSON object a line, for log shippers.
        color: whether a terminal may be coloured.
    """
    import structlog

    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = structlog.dev.ConsoleRenderer(colors=color and sys.stderr.isatty())
    if as_json:
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=number, stream=sys.stderr, format="%(levelname)s %(message)s")


def logger(name: str) -> Any:
    """Return a logger that carries its name."""
    import structlog

    return structlog.get_logger(name)
