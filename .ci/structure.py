"""Print the sizes that keep the code readable, and exit 1 where one is past its limit.

python .ci/structure.py
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE_LINES, MEDIAN_MODULE_LINES = 400, 130
FUNCTION_LINES, MEDIAN_FUNCTION_LINES = 60, 12
PARAMETERS = 6
COLUMNS = 120
TESTS_TO_CODE = 0.7

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(file: Path) -> Iterator[Function]:
    """Every function and method of a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """Lines without signature and docstring: a verb's options are its documentation, not its complexity."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def by_position(function: Function) -> int:
    """Parameters that can be given without their name, self apart."""
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    return len([name for name in names if name not in {"self", "cls"}])


def lines_of(files: list[Path]) -> list[str]:
    return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def main() -> int:
    code, tests = sorted(ROOT.glob("advisor/**/*.py")), sorted(ROOT.glob("tests/**/*.py"))
    everything = [*code, *tests, *ROOT.glob("benchmarks/*.py"), *ROOT.glob("docs/*.py"), *ROOT.glob("*/make_*.py")]
    modules = {file: len(lines_of([file])) for file in code if file.name != "__init__.py"}
    outside_cli = [(file, f) for file in code for f in functions(file) if "cli" not in file.parts]
    sizes = [body_lines(f) for _, f in outside_cli]
    queries = [file for room in ("advisor", "benchmarks", "measurements") for file in ROOT.glob(f"{room}/**/*.sql")]
    wide = [file for file in (*everything, *queries) for line in lines_of([file]) if len(line) > COLUMNS]
    ratio = len(lines_of(tests)) / len(lines_of(code))
    figures = (
        ("largest module, lines", max(modules.values()), MODULE_LINES),
        ("median module, lines", statistics.median(modules.values()), MEDIAN_MODULE_LINES),
        ("largest function body, lines", max(sizes), FUNCTION_LINES),
        ("median function body, lines", statistics.median(sizes), MEDIAN_FUNCTION_LINES),
        ("most parameters by position", max(by_position(f) for _, f in outside_cli), PARAMETERS),
        (f"lines past {COLUMNS} columns", len(wide), 0),
        ("lines of code to lines of tests", 1 / ratio, 1 / TESTS_TO_CODE),
    )
    for name, value, limit in figures:
        print(f"{name:34s} {value:8.4g}   at most {limit:.4g}{'' if value <= limit else '   TOO MUCH'}")
    for file in dict.fromkeys(wide):
        print(f"  {file.relative_to(ROOT)}: a line past {COLUMNS} columns")
    for file, f in outside_cli:
        if body_lines(f) > FUNCTION_LINES or by_position(f) > PARAMETERS:
            print(f"  {file.relative_to(ROOT)}: {f.name}: {body_lines(f)} lines, {by_position(f)} parameters")
    return int(any(value > limit for _, value, limit in figures))


if __name__ == "__main__":
    sys.exit(main())
