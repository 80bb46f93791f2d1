"""Ob loader — the document's name of `botmm data import`."""

import sys

from botmm.cli import hand_over

if __name__ == "__main__":
    hand_over("data", "import", *sys.argv[1:])
