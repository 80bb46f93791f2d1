"""Cover — which groups of streams are heard, and since when one is not: what gap records tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from botmm.data.capture.segment import Stamps

START = "start"
Told = Callable[[str, Stamps, str], None]
"""What takes a gap: its cause, when it began, what it is about."""


@dataclass(slots=True)
class _Group:
    """The lines that carry the same streams: while one of them speaks, nothing is missed."""

    up: set[int]
    heard: Stamps
    cause: str = START


class Cover:
    """Follows lines in groups; a gap is told when it ends, or when the recorder does."""

    def __init__(self, groups: Mapping[int, str], began: Stamps, told: Told) -> None:
        """Take the group of each line; none is heard yet."""
        self._of = dict(groups)
        self._groups = {name: _Group(set(), began) for name in groups.values()}
        self._told = told

    def heard(self, line: int, at: Stamps) -> None:
        """Take that a line carried data."""
        group = self._groups[self._of[line]]
        if not group.up:
            self._told(group.cause, group.heard, self._of[line])
        group.up.add(line)
        group.heard = at

    def lost(self, line: int, why: str) -> None:
        """Take that a line is down; its group misses something where it was the last one."""
        group = self._groups[self._of[line]]
        if line in group.up:
            group.up.discard(line)
            group.cause = why

    def end(self, cause: str) -> None:
        """Tell of what is not heard at the end."""
        for name, group in self._groups.items():
            if not group.up:
                self._told(cause, group.heard, name)

    def down(self) -> list[str]:
        """Return the groups that are not heard."""
        return [name for name, group in self._groups.items() if not group.up]
