"""Asking — the fields of a question, read as strictly as the venue does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from botmm.exchanges.emulator.desk import Desk
from botmm.exchanges.emulator.purse import Purse
from botmm.exchanges.emulator.wire import ms

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_U64_MAX = 2**64 - 1


class MalformedAskError(Exception):
    """A question that does not parse; it answers 422."""


class NullFiveHundredError(Exception):
    """A question that the venue answers with 500 and `null`, for ever."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, with what it is answered from."""

    fields: dict[str, Any]
    desk: Desk
    purse: Purse
    fees: dict[str, float]

    def text(self, name: str) -> str:
        """Return a field that is a text."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise MalformedAskError(name)
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a field that is a text, None where it is absent or null."""
        return None if self.fields.get(name) is None else self.text(name)

    def whole(self, name: str) -> int:
        """Return a field that is a whole number, not negative."""
        value = self.fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _U64_MAX:
            raise MalformedAskError(name)
        return value

    def optional_whole(self, name: str) -> int | None:
        """Return a field that is a whole number, None where it is absent or null."""
        return None if self.fields.get(name) is None else self.whole(name)

    def flag(self, name: str) -> bool:
        """Return a field that is true or false, false where it is absent or null."""
        value = self.fields.get(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise MalformedAskError(name)
        return value

    def user(self, name: str = "user") -> str:
        """Return a field that is an address, in lower case."""
        value = self.text(name)
        if _ADDRESS.fullmatch(value) is None:
            raise MalformedAskError(name)
        return value.lower()

    def inner(self, name: str) -> Asked:
        """Return the question inside a field."""
        value = self.fields.get(name)
        if not isinstance(value, dict):
            raise MalformedAskError(name)
        return Asked(value, self.desk, self.purse, self.fees)

    def span(self) -> tuple[int, int]:
        """Return `startTime` and `endTime` in ms; the end is now where it is absent."""
        end = self.optional_whole("endTime")
        return self.whole("startTime"), ms(self.desk.now) if end is None else end
