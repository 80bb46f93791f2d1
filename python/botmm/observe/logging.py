"""Logging — structured records on stderr: readable on a terminal, JSON for machines."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(r"key$|secret|token|password|signature|webhook|credential", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"(?<![0-9a-fA-F])(?:0x)?[0-9a-fA-F]{64,}(?![0-9a-fA-F])"  # keys, and what looks like one
    r"|[a-z]+://[^\s/@]+:[^\s/@]+@\S+"  # user and password in a URL
    r"|https?://\S*/webhooks?/\S+|(?:discord|slack|tgram|mailtos?|jsons?)://\S+"
)
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_CONTROL |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029, *range(0x202A, 0x202F))}


def set_up(*, level: str = "warning", as_json: bool | None = None, color: bool = True) -> None:
    """Send every record of the process to stderr, in one form.

    Args:
        level: the least severe level that is shown: debug, info, warning or error.
        as_json: one JSON object a line, for log shippers; unset: where systemd takes stderr.
        color: whether a terminal may be coloured.
    """
    import structlog

    if as_json is None:
        as_json = "JOURNAL_STREAM" in os.environ and not sys.stderr.isatty()
    number = logging.getLevelNamesMapping()[level.upper()]
    sink: Any = _Stderr()
    renderer: Any = structlog.dev.ConsoleRenderer(colors=color and sys.stderr.isatty())
    if as_json:
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            cleaned,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sink),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=number, stream=sink, format="%(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(_clean_record)


class _Stderr:
    """Stderr as it is now; a full disk or a reader that left loses the record and ends nothing."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def logger(name: str) -> Any:
    """Return a logger that carries its name."""
    import structlog

    return structlog.get_logger(name)


def cleaned(wrapped: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide secrets and escape control bytes in a record, so that one record is one line."""
    for name in list(event):
        if name == "exception":  # its lines are ours
            event[name] = "\n".join(clean_text(part) for part in str(event[name]).split("\n"))
        else:
            event[name] = _clean(event[name], name)
    return event


def clean_text(text: str) -> str:
    """Return a text without secrets, and with its control bytes escaped."""
    return _SECRET_TEXT.sub(HIDDEN, text).translate(_CONTROL)


def _clean(value: Any, name: str) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return HIDDEN if isinstance(value, int) and abs(value) >> 128 else value
    if isinstance(value, bytes | bytearray | memoryview) or _SECRET_NAME.search(name):
        return HIDDEN
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _clean(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item, "") for item in value]
    return clean_text(str(value))


def _clean_record(record: logging.LogRecord) -> bool:
    """Clean what libraries log; every record passes."""
    record.msg, record.args = clean_text(record.getMessage()), ()
    return True
