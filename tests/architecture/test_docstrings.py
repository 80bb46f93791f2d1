"""Docstrings — every file says what it is, every class and longer public function too."""

import ast
import re

from tests.architecture.sources import (
    functions,
    lines_of,
    name_of,
    package_files,
    python_files,
    tree_of,
)

PURPOSE = re.compile(r"^[A-Z][^\n]* — [^\n]+\.$")
LINES_WITHOUT_DOCSTRING_MAX = 3


def test_every_file_opens_with_its_name_and_purpose() -> None:
    paths = python_files()
    assert len(paths) > 5
    wrong = [
        name_of(path)
        for path in paths
        if not PURPOSE.match((ast.get_docstring(tree_of(path)) or "").split("\n")[0])
    ]
    assert not wrong, f"first line must read 'Module name — one-line purpose.': {wrong}"


def test_every_class_says_what_it_is() -> None:
    wrong = [
        f"{name_of(path)}: {node.name}"
        for path in package_files()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef) and ast.get_docstring(node) is None
    ]
    assert not wrong, f"classes without a docstring: {wrong}"


def test_longer_public_functions_have_a_docstring() -> None:
    wrong = [
        f"{name_of(path)}:{node.lineno}: {node.name}"
        for path in package_files()
        for node in functions(tree_of(path))
        if not node.name.startswith("_")
        and lines_of(node) > LINES_WITHOUT_DOCSTRING_MAX
        and ast.get_docstring(node) is None
    ]
    assert not wrong, f"public functions without a docstring: {wrong}"


def test_the_pattern_tells_good_from_bad() -> None:
    assert PURPOSE.match("Labels — what a fill was worth a moment later.")
    assert not PURPOSE.match("Labels: what a fill was worth.")
    assert not PURPOSE.match("labels — lower case.")
    assert not PURPOSE.match("Labels — no full stop")
