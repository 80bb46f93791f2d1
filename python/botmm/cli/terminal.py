"""Terminal — what the user allowed on the screen: results on stdout, the rest on stderr."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import rich_click as click

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


@dataclass(slots=True, kw_only=True)
class Terminal:
    """Wishes of the user about output; `-q` and `--json` leave stdout to the result."""

    quiet: bool = False
    verbose: bool = False
    no_progress: bool = False

    @property
    def color(self) -> bool:
        """Whether colours are allowed; `--no-color` sets the variable too, so that all see it."""
        return not os.environ.get("NO_COLOR")

    @property
    def progress(self) -> bool:
        """Whether progress may be shown."""
        return not self.no_progress and not self.quiet

    def out(self) -> Console:
        """Return the console of results."""
        from rich.console import Console

        class Pipe(Console):
            """A console whose reader may leave: what it wanted to see, it saw."""

            def on_broken_pipe(self) -> None:
                """Let the top of the process answer."""
                raise BrokenPipeError

        width = None if sys.stdout.isatty() else 120
        return Pipe(no_color=not self.color, highlight=False, width=width)

    def say(self, text: str) -> None:
        """Print a remark on stderr, unless quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    def json(self, value: Any) -> None:
        """Print a result as JSON on stdout."""
        click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def follow(draw: Callable[[], RenderableType], every_s: float) -> NoReturn:
    """Keep the screen up to date with what `draw` returns, until interrupted."""
    from rich.live import Live

    with Live(draw(), console=terminal().out(), auto_refresh=False) as live:
        while True:
            time.sleep(every_s)
            live.update(draw(), refresh=True)


def terminal() -> Terminal:
    """Return the terminal of the command that runs."""
    context = click.get_current_context()
    assert context is not None, "invariant: commands run inside a click context"
    root = context.find_root()
    if not isinstance(root.obj, Terminal):
        root.obj = Terminal()
    return root.obj
