"""Docstring openings: ``python -m tests.checks.docstrings [PATH …]``.

Lists docstrings that open with a question word instead of saying what the thing is or does.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("app.py", "core", "pages", "tests", "benchmarks", "examples")
LARGEST_SHARE = 0.01
_QUESTION_WORD = re.compile(r"(What|How|Which|Whether|Who|Whose|Where|When|Why)\b")
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """The docstrings of a module, its classes and its functions, each with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, _Documented) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, text


def python_files(paths: list[str]) -> list[Path]:
    """The Python files at and below the paths."""
    roots = [Path(path) for path in paths if Path(path).exists()]
    return sorted(file for root in roots for file in ([root] if root.is_file() else root.rglob("*.py")))


def main(paths: list[str]) -> int:
    """Print every docstring with a wrong opening; 1 if they are more than one in a hundred."""
    total = 0
    wrong = []
    for path in python_files(paths or list(FOLDERS)):
        for line, text in docstrings(path):
            total += 1
            if _QUESTION_WORD.match(text):
                wrong.append(f"{path}:{line}: {text.splitlines()[0]}")
    print(*wrong, sep="\n")
    share = len(wrong) / max(total, 1)
    print(f"{len(wrong)} of {total} docstrings open with a question word ({share:.1%}).")
    return int(share > LARGEST_SHARE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
