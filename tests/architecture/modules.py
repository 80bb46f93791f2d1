"""Modules — docs/MODULES.md as the sources say it; `python -m tests.architecture.modules` writes it."""

import ast
from pathlib import Path

from tests.architecture.sources import ROOT, package_files, tree_of

DOCUMENT = ROOT / "docs" / "MODULES.md"
RUST_SOURCES = ROOT / "crates" / "mm_core" / "src"
# Lowest layer first, as in the architecture document.
RUST_ORDER = """
    units arrays error instrument fees event command wire book account stats tape queue signal sim quote risk order
    strategy engine replay live python
""".split()
HEAD = """# MODULES

One entry a module, in the words of its own first line; a test holds this list equal to what exists
(`.venv/bin/python -m tests.architecture.modules` writes it anew).

## The core: crates/mm_core, lowest layer first

"""
PACKAGE = """
## The package: python/botmm

"""


def rust_modules() -> dict[str, str]:
    """Return the purpose of each top module of the core, by name."""
    found = {}
    for path in sorted(RUST_SOURCES.glob("*.rs")):
        if path.stem != "lib":
            found[path.stem] = rust_purpose(path)
    for path in sorted(RUST_SOURCES.glob("*/mod.rs")):
        found[path.parent.name] = rust_purpose(path)
    order = {name: at for at, name in enumerate(RUST_ORDER)}
    return {name: found[name] for name in sorted(found, key=lambda n: (order.get(n, 99), n))}


def rust_purpose(path: Path) -> str:
    """Return the first sentence of a Rust file's documentation, without the file's name."""
    text = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("//!") or line == "//!":
            break
        text.append(line.removeprefix("//!").strip())
    return purpose(" ".join(text))


def python_modules() -> dict[str, str]:
    """Return the purpose of each module of the package, by dotted name."""
    found = {}
    for path in package_files():
        parts = path.relative_to(ROOT / "python").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = purpose((ast.get_docstring(tree_of(path)) or "").split("\n\n")[0])
    return dict(sorted(found.items()))


def purpose(text: str) -> str:
    """Return what stands after the dash, its first sentence, ending in a full stop."""
    said = " ".join(text.split()).partition(" — ")[2] or text
    return said.split(". ")[0].rstrip(".") + "."


def document() -> str:
    """Return the text of docs/MODULES.md."""
    core = "".join(f"- `mm_core::{name}` — {said}\n" for name, said in rust_modules().items())
    package = "".join(f"- `{name}` — {said}\n" for name, said in python_modules().items())
    return HEAD + core + PACKAGE + package


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
