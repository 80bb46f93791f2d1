"""Run ob backtest — the document's name of `botmm replay`."""

import sys
from importlib.util import find_spec

if __name__ == "__main__":
    if find_spec("botmm") is None:
        sys.exit(
            f"botmm: {sys.executable} has no botmm; in the project folder run: "
            "make build && .venv/bin/python scripts/run_ob_backtest.py"
        )
    from botmm.cli import hand_over

    hand_over("replay", *sys.argv[1:])
