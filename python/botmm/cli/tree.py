"""Tree — groups of commands that cost nothing until one of them is used."""

from __future__ import annotations

import difflib
import importlib
from typing import Any

import rich_click as click

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

# Name of a command, its module in `botmm.cli`, and its line in the help.
Lines = dict[str, tuple[str, str]]


class LazyGroup(click.RichGroup):
    """A group that imports a command's module when the command is used."""

    def __init__(self, *args: Any, lazy: Lines, **kwargs: Any) -> None:
        """Take command names with their modules in `botmm.cli` and their help lines."""
        super().__init__(*args, **kwargs)
        self.lazy = lazy
        self.listing = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command; for a listing, its name and line do."""
        if cmd_name not in self.lazy:
            return None
        module_name, line = self.lazy[cmd_name]
        if self.listing:
            return click.RichCommand(name=cmd_name, help=line)
        module = importlib.import_module(f"botmm.cli.{module_name}")
        for found in vars(module).values():
            if isinstance(found, click.Command) and found.name == cmd_name:
                return found
        raise AssertionError(f"invariant: botmm.cli.{module_name} has a command {cmd_name}")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was probably meant."""
        near = difflib.get_close_matches(args[0], self.lazy, n=1)
        if args[0] not in self.lazy and near:
            raise click.UsageError(f"No such command {args[0]!r}. Did you mean {near[0]!r}?", ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List the commands without importing them."""
        self.listing = True
        super().format_help(ctx, formatter)
        self.listing = False
