"""Run ob backtest — the document's name of `botmm replay`."""

import sys

from botmm.cli import hand_over

if __name__ == "__main__":
    hand_over("replay", *sys.argv[1:])
