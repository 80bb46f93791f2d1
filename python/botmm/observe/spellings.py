"""Spellings — what every program of ours understands alike on its command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import rich_click as click

_Command = TypeVar("_Command", bound=Callable[..., Any])


class SymbolsOption(click.Option):
    """`--symbols BTC ETH`, `--symbols BTC,ETH` and `--symbol BTC --symbol ETH` are the same."""

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Let the option swallow the words after it, up to the next option."""
        super().add_to_parser(parser, ctx)
        names = [*self.opts, *self.secondary_opts]
        for name in names:
            option = parser._long_opt.get(name)
            if option is None:
                continue
            process = option.process

            def take(value: str, state: Any, process: Callable[..., None] = process) -> None:
                process(value, state)
                while state.rargs and _is_symbol(state.rargs[0]):
                    process(state.rargs.pop(0), state)

            option.process = take


def _is_symbol(word: str) -> bool:
    """Whether a word after `--symbols` is one more symbol rather than a path or an option."""
    return not word.startswith("-") and "/" not in word and "." not in word


def _split(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the symbols once each, in the order given."""
    words = [word for text in value for word in text.replace(",", " ").split()]
    return tuple(dict.fromkeys(words))


def symbols_option(command: _Command) -> _Command:
    """Add --symbol and --symbols as `symbols: tuple[str, ...]`."""
    return click.option(
        "--symbol",
        "--symbols",
        "symbols",
        cls=SymbolsOption,
        multiple=True,
        metavar="SYMBOL...",
        callback=_split,
        help="One or more symbols, separated by spaces or commas.",
    )(command)
