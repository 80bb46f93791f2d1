"""Told — what was told already, kept over runs, so that a state is news once and then each hour."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from botmm.observe.notifier import Severity
from botmm.ops.monitor import HOUR_NS, Finding


@dataclass(slots=True)
class Told:
    """When each condition was told last; gone where it is not true."""

    file: Path
    last_ns: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Told:
        """Return what a file holds; a damaged one is as good as none, and all is told again."""
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return cls(file, {str(name): int(ns) for name, ns in found.items()})
        except (OSError, ValueError, AttributeError, TypeError):
            return cls(file)

    def news(self, findings: Iterable[Finding], now_ns: int) -> list[Finding]:
        """Return what is to be told now: what began, what lasts for an hour, what ended."""
        fresh = []
        for one in findings:
            last = self.last_ns.get(one.name)
            if one.words and (last is None or not last <= now_ns < last + HOUR_NS):
                fresh.append(one)
            elif not one.words and last is not None:
                fresh.append(Finding(one.name, Severity.P3, f"{one.name} is in order again"))
        return fresh

    def keep(self, findings: Iterable[Finding], news: Iterable[Finding], now_ns: int) -> None:
        """Note what was told, and forget what ended."""
        names = {one.name for one in news}
        self.last_ns = {
            one.name: now_ns if one.name in names else self.last_ns[one.name]
            for one in findings
            if one.words
        }
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(self.last_ns), encoding="utf-8")
        os.replace(fresh, self.file)
