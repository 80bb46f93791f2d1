"""Parameters — docs/PARAMETERS.md as the core's table says it; `python -m tests.architecture.parameters` writes it."""

import json

from botmm.config import param_table
from tests.architecture.sources import ROOT

DOCUMENT = ROOT / "docs" / "PARAMETERS.md"
HEAD = """# PARAMETERS

The maker's parameters, from the one table of the core (`crates/mm_core/src/strategy/params.rs`) that also checks configurations. They stand in `[strategy]`,
for one symbol in `[symbols.X]`, or after `--set`; `botmm config params WORD` prints those with a word. A *live* one is read by a running maker when it changes,
the others take effect at the next start. A test holds this list equal to the table (`.venv/bin/python -m tests.architecture.parameters` writes it anew).

| parameter | default | unit | may be | live | meaning |
|---|---:|---|---|---|---|
"""


def document() -> str:
    """Return the text of docs/PARAMETERS.md."""
    rows = (
        f"| `{row.name}` | {json.dumps(row.default)} | {row.unit} | {row.bounds} | {'yes' if row.live else ''} | {row.doc} |\n"
        for row in param_table().values()
    )
    return HEAD + "".join(rows)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
