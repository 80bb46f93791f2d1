"""Sizes — files and functions stay small enough to be read at once."""

from pathlib import Path

from tests.architecture.sources import files, functions, lines_of, name_of, python_files, tree_of

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


def test_files_stay_small() -> None:
    paths = python_files() + files(".rs", "crates")
    assert len(paths) > 20
    long = {name_of(p): n for p in paths if (n := _lines(p)) > FILE_LINES_MAX}
    assert not long, f"files over {FILE_LINES_MAX} lines: {long}"


def test_functions_stay_small() -> None:
    long = [
        f"{name_of(path)}:{node.lineno}: {node.name} ({lines_of(node)} lines)"
        for path in files(".py", "python", "backtest", "scripts")
        for node in functions(tree_of(path))
        if lines_of(node) > FUNCTION_LINES_MAX
    ]
    assert not long, f"functions over {FUNCTION_LINES_MAX} lines: {long}"


def test_modules_have_telling_names() -> None:
    vague = [name_of(p) for p in python_files() + files(".rs", "crates") if p.stem in VAGUE_NAMES]
    assert not vague, f"name the thing, not the drawer: {vague}"


def _lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")
