"""Names — the venue's own names of symbols as people write them, with a hint where one is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from botmm.errors import ConfigError


def named(
    wanted: Sequence[str], listed: Collection[str], *, quote: str = "USDT"
) -> tuple[str, ...]:
    """Return the listed names of symbols: BTCUSDT, btcusdt, BTC, BTC-USDT.

    Raises:
        ConfigError: a name that is not listed; the cure suggests one that is.
    """
    found = []
    for text in wanted:
        bare = text.strip().upper().replace("-", "").replace("/", "")
        name = next((one for one in (bare, bare + quote) if one in listed), None)
        if name is None:
            near = difflib.get_close_matches(bare, listed, n=1, cutoff=0.5)
            cure = f"did you mean {near[0]}?" if near else "look the symbol up at the venue"
            raise ConfigError(f"{text}: the venue lists no such perpetual", cure=cure)
        found.append(name)
    return tuple(dict.fromkeys(found))
