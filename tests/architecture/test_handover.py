"""Handover — files of scripts/ and backtest/ hold no logic: they call the package's commands."""

import ast

from tests.architecture.sources import ROOT, name_of, tree_of

LOGIC = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.For,
    ast.While,
    ast.Try,
    ast.With,
    ast.Lambda,
    ast.ListComp,
    ast.DictComp,
)


def holds_logic(tree: ast.Module) -> bool:
    """Whether a file does more than import a command and call it."""
    return any(isinstance(node, LOGIC) for node in ast.walk(tree))


def test_scripts_hand_over() -> None:
    paths = sorted([*(ROOT / "scripts").glob("*.py"), *(ROOT / "backtest").glob("*.py")])
    wrong = [name_of(path) for path in paths if holds_logic(tree_of(path))]
    assert not wrong, f"these hold logic that belongs into the package: {wrong}"


def test_logic_is_recognised() -> None:
    call = 'if __name__ == "__main__":\n    main(["replay"])\n'
    assert not holds_logic(ast.parse(f"from botmm.cli import main\n\n{call}"))
    assert holds_logic(ast.parse(f"def load(path):\n    return open(path)\n\n{call}"))
    assert holds_logic(ast.parse("for day in days:\n    run(day)\n"))
