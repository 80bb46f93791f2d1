"""Documents — Markdown files are named alike, and MODULES.md lists every module once."""

import re

from tests.architecture import parameters
from tests.architecture.modules import DOCUMENT, python_modules, rust_modules
from tests.architecture.sources import ROOT, files, name_of

ENTRY = re.compile(r"^- `([^`]+)` — \S.*\.$", re.MULTILINE)
REQUIRED = """
    README.md DECISIONS.md CHANGELOG.md CONTRIBUTING.md SECURITY.md LICENSE deploy/README.md
    docs/ARCHITECTURE.md docs/MODULES.md docs/HOW_IT_EARNS.md docs/PERFORMANCE.md
    docs/RELIABILITY.md docs/RUNBOOK.md docs/STATUS.md docs/studies/CROSS_CHECK.md
"""


def test_markdown_names_are_upper_case() -> None:
    wrong = [name_of(p) for p in files(".md") if p.stem != p.stem.upper()]
    assert not wrong, f"Markdown files are UPPER CASE: {wrong}"


def test_the_documents_are_there() -> None:
    missing = [name for name in REQUIRED.split() if not (ROOT / name).is_file()]
    assert not missing, f"missing documents: {missing}"


def test_every_module_has_one_entry() -> None:
    listed = ENTRY.findall(DOCUMENT.read_text(encoding="utf-8"))
    exist = {f"mm_core::{name}" for name in rust_modules()} | set(python_modules())
    assert len(exist) > 15
    assert len(listed) == len(set(listed)), "a module is listed twice in docs/MODULES.md"
    missing, stale = sorted(exist - set(listed)), sorted(set(listed) - exist)
    cure = "run: .venv/bin/python -m tests.architecture.modules"
    assert not missing, f"no entry in docs/MODULES.md: {missing}; {cure}"
    assert not stale, f"entries of docs/MODULES.md that do not exist: {stale}; {cure}"


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
    broken = [
        f"{name_of(path)}: {target}"
        for path in files(".md")
        for target in link.findall(path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]
    assert not broken, f"links to files that do not exist: {broken}"


def test_the_parameters_document_is_the_table() -> None:
    cure = "run: .venv/bin/python -m tests.architecture.parameters"
    assert parameters.DOCUMENT.read_text(encoding="utf-8") == parameters.document(), cure
