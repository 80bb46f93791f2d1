"""Documents — Markdown files are named alike, and MODULES.md lists every module once."""

import re
from pathlib import Path

from tests.architecture.sources import ROOT, files, name_of, package_files

MODULES = ROOT / "docs" / "MODULES.md"
RUST_SOURCES = ROOT / "crates" / "mm_core" / "src"
ENTRY = re.compile(r"^- `([^`]+)` — \S.*\.$", re.MULTILINE)
REQUIRED = """
    README.md DECISIONS.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE deploy/README.md
    docs/ARCHITECTURE.md docs/MODULES.md docs/HOW_IT_EARNS.md docs/PERFORMANCE.md
    docs/RELIABILITY.md docs/RUNBOOK.md docs/studies/CROSS_CHECK.md
"""


def rust_modules(source: Path) -> set[str]:
    """Return the top modules of the core: a file, or a folder with its `mod.rs`."""
    alone = {f"mm_core::{p.stem}" for p in source.glob("*.rs") if p.stem != "lib"}
    folders = {f"mm_core::{p.parent.name}" for p in source.glob("*/mod.rs")}
    return alone | folders


def python_modules() -> set[str]:
    """Return the dotted names of the package's modules."""
    names = set()
    for path in package_files():
        parts = path.relative_to(ROOT / "python").with_suffix("").parts
        names.add(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


def test_markdown_names_are_upper_case() -> None:
    wrong = [name_of(p) for p in files(".md") if p.stem != p.stem.upper()]
    assert not wrong, f"Markdown files are UPPER CASE: {wrong}"


def test_the_documents_are_there() -> None:
    missing = [name for name in REQUIRED.split() if not (ROOT / name).is_file()]
    assert not missing, f"missing documents: {missing}"


def test_every_module_has_one_entry() -> None:
    listed = ENTRY.findall(MODULES.read_text(encoding="utf-8"))
    exist = rust_modules(RUST_SOURCES) | python_modules()
    assert len(exist) > 15
    twice = sorted({name for name in listed if listed.count(name) > 1})
    assert not twice, f"listed twice in docs/MODULES.md: {twice}"
    missing = sorted(exist - set(listed))
    assert not missing, f"no entry '- `name` — purpose.' in docs/MODULES.md: {missing}"
    stale = sorted(set(listed) - exist)
    assert not stale, f"entries of docs/MODULES.md that do not exist: {stale}"


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
    broken = [
        f"{name_of(path)}: {target}"
        for path in files(".md")
        for target in link.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert not broken, f"links to files that do not exist: {broken}"
