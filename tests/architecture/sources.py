"""Sources — the files of the project that the architecture tests look at."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", "target", "dist", "data", "state", "runs", "demo", "__pycache__"}


def files(suffix: str, *tops: str) -> list[Path]:
    """Return the project's files with this suffix below the named folders, or below all."""
    starts = [ROOT / top for top in tops] or [ROOT]
    found = (p for start in starts for p in start.rglob(f"*{suffix}"))
    return sorted(p for p in found if p.is_file() and not _skipped(p))


def _skipped(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    hidden = any(part.startswith(".") and part != ".ci" for part in parts)
    # Only top folders hold what programs wrote; `python/botmm/data` is a package of ours.
    return hidden or parts[0] in NOT_OURS or "__pycache__" in parts


def python_files() -> list[Path]:
    """Return every Python file of the project."""
    return files(".py", "python", "backtest", "scripts", "tests")


def package_files() -> list[Path]:
    """Return the Python files of the package itself."""
    return files(".py", "python")


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.Module) -> Iterator[Function]:
    """Yield every function of a file, nested ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of(node: Function) -> int:
    """Return how many lines a function takes, decorators and docstring apart."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


def name_of(path: Path) -> str:
    """Return a path as messages show it."""
    return path.relative_to(ROOT).as_posix()
