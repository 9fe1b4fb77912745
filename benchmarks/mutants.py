"""Small changes that make a program wrong: what benchmarks/mutation.py tries on the tests.

Python is changed in its text at the places that its syntax tree names: a number, an operator, a boundary, a condition,
a term or a guard dropped, min for max, a default, an entry of a table, what is returned. SQL is changed token by token.
Texts, annotations, imports and error messages stay as they are.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path

AROUND = 70
"""Characters shown on both sides of a change."""
COUNTS = 64
"""Larger whole numbers are doubled, smaller ones moved by one."""
GUARD = 1e-6
"""Positive numbers up to this one only keep divisions from zero."""

OPERATORS = {
    "**": "*", "//": "*", "<=": "<", ">=": ">", "==": "!=", "!=": "==", "is not": "is", "not in": "in", "is": "is not",
    "in": "not in", "and": "or", "or": "and", "+": "-", "-": "+", "*": "/", "/": "*", "%": "+", "<": "<=", ">": ">=",
    "&": "|", "|": "&",
}  # fmt: skip
OPERATOR = re.compile("|".join(re.escape(operator) for operator in OPERATORS))
NAMES = {"min": "max", "minimum": "maximum", "floor": "ceil", "any": "all", "argmin": "argmax", "zeros": "ones"}
NAMES |= {"startswith": "endswith", **{other: name for name, other in NAMES.items()}}
GUARDS = {"min", "max", "minimum", "maximum", "clip"}

QUIET = {"AdvisorError", "NoAnswer", "unknown", "cast", "NewType", "TypeVar"}
"""Calls whose arguments only explain."""
SKIPPED = (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom, ast.JoinedStr, ast.arg)
HARMLESS = ("strict", "dtype")
"""Keywords that change nothing on sound input."""

SQL = {
    r"<=": "<", r">=": ">", r"(?<![<>=!])<(?![=>])": "<=", r"(?<![<>=!-])>(?!=)": ">=",
    r"(?<= )=(?= (?!true|false|'|\{))": "!=", r" and ": " or ", r" or ": " and ", r"\bnot (?!materialized)": "",
    r"\bmin\(": "max(", r"\bmax\(": "min(", r"\bgreatest\(": "least(", r"\bleast\(": "greatest(",
    r"\barg_min\(": "arg_max(", r"\barg_max\(": "arg_min(", r"\bavg\(": "sum(", r"\bsum\(": "avg(",
    r"\bceil(ing)?\(": "floor(", r"\bfloor\(": "ceil(", r" desc\b": "", r"\bdistinct ": "", r"\bleft join": "join",
    r"(?<= )\+(?= )": "-", r"(?<= )-(?= )": "+", r"(?<= )\*(?= )": "/", r"(?<= )/(?= )": "*",
    r"\bcoalesce\((\w[\w.]*), (\w[\w.]*)\)": r"coalesce(\2, \1)", r"(?<![\w.])\d+(?![\w.])": "7",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A file, relative to the tree, whose bytes from start to end are replaced."""

    path: Path
    start: int
    end: int
    new: bytes

    def source(self, old: bytes) -> bytes:
        """The file with the change."""
        return old[: self.start] + self.new + old[self.end :]

    def shown(self, old: bytes) -> tuple[int, str, str]:
        """The line's number, and the changed lines before and after without the far ends of what they share."""
        first = old.rfind(b"\n", 0, self.start) + 1
        last = old.find(b"\n", self.end) % (len(old) + 1)
        texts = old[first:last], old[first : self.start] + self.new + old[self.end : last]
        before, after = (" ".join(text.decode().split()) for text in texts)
        start, end = (max(shared - AROUND, 0) for shared in shared_ends(before, after))
        return old.count(b"\n", 0, self.start) + 1, before[start : len(before) - end], after[start : len(after) - end]


def shared_ends(one: str, other: str) -> tuple[int, int]:
    """Lengths of the beginning and of the rest's end that two texts share."""
    shortest = min(len(one), len(other))
    head = next((i for i in range(shortest) if one[i] != other[i]), shortest)
    tail = next((i for i in range(shortest - head) if one[-1 - i] != other[-1 - i]), shortest - head)
    return head, tail


def mutants_of(file: Path, path: Path) -> Iterator[Mutant]:
    """Every mutant of a Python or SQL file, called `path` in its tree."""
    source = file.read_bytes()
    yield from Python(path, source).mutants() if file.suffix == ".py" else sql_mutants(path, source)


def sql_mutants(path: Path, source: bytes) -> Iterator[Mutant]:
    """Token by token, outside of comments."""
    text = re.sub(r"--.*", lambda m: " " * len(m[0]), source.decode())
    for old, new in SQL.items():
        for match in re.finditer(old, text, re.IGNORECASE):
            start, end = (len(source.decode()[:place].encode()) for place in match.span())
            yield Mutant(path, start, end, match.expand(new).encode())


class Python:
    """The changes of a module."""

    def __init__(self, path: Path, source: bytes) -> None:
        self.path, self.source, self.tree = path, source, ast.parse(source)
        self.lines = [0]
        for line in source.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def mutants(self) -> Iterator[Mutant]:
        """Those that are other code, and code at all."""
        same = ast.dump(self.tree)
        for node in visited(self.tree):
            for start, end, new in self.edits(node):
                mutant = Mutant(self.path, start, end, new.encode())
                try:
                    if ast.dump(ast.parse(mutant.source(self.source))) != same:
                        yield mutant
                except SyntaxError:
                    continue

    def span(self, node: ast.AST) -> tuple[int, int]:
        return self.lines[node.lineno - 1] + node.col_offset, self.lines[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def joined(self, between: str, nodes: list[ast.expr]) -> str:
        return between.join(f"({self.text(n)})" for n in nodes)

    def edits(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        """(start, end, new text) of every change of this node itself."""
        for new in chain(numbers(node), self.dropped(node), self.calls(node), self.tables(node)):
            yield *self.span(node), new
        match node:
            case ast.BinOp(left=a, right=b):
                yield self.exchanged(a, b)
            case ast.BoolOp(values=operands):
                yield from (self.exchanged(a, b) for a, b in pairwise(operands))
            case ast.Compare(left=first, comparators=others):
                yield from (self.exchanged(a, b) for a, b in pairwise([first, *others]))
            case ast.If(test=test) | ast.IfExp(test=test) | ast.comprehension(ifs=[test]):
                yield from ((*self.span(test), new) for new in ("True", "False"))
            case ast.Attribute(attr=name) if name in NAMES:
                yield self.span(node)[1] - len(name), self.span(node)[1], NAMES[name]

    def exchanged(self, a: ast.AST, b: ast.AST) -> tuple[int, int, str]:
        """Another operator between two operands."""
        start, end = self.span(a)[1], self.span(b)[0]
        return start, end, OPERATOR.sub(lambda m: OPERATORS[m[0]], self.source[start:end].decode(), count=1)

    def dropped(self, node: ast.AST) -> Iterator[str]:
        """An operand, an operator, a statement or what a function returns left out."""
        match node:
            case ast.BinOp(left=a, op=op, right=b) if not (is_text(a) or is_text(b)):
                yield f"({self.text(a)})"
                if isinstance(op, ast.Add | ast.Mult | ast.BitAnd | ast.BitOr):
                    yield f"({self.text(b)})"
            case ast.BoolOp(op=op, values=values):
                word = " and " if isinstance(op, ast.And) else " or "
                yield from (self.joined(word, values[:i] + values[i + 1 :]) for i in range(len(values)))
            case ast.UnaryOp(operand=operand):
                yield f"({self.text(operand)})"
            case ast.Return(value=ast.expr()):
                yield "return None"
            case ast.AugAssign() | ast.Expr(value=ast.Call() | ast.Await()) | ast.Break() | ast.Continue():
                yield "pass"

    def calls(self, node: ast.AST) -> Iterator[str]:
        """Another function, a guard's bare argument, or a keyword left at its default."""
        match node:
            case ast.Call(func=ast.Name(id=name) as function, args=[_, *_]) if name in NAMES:
                yield NAMES[name] + self.text(node)[len(self.text(function)) :]
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, second, *_]) if (
                name in GUARDS
            ):
                yield from (f"({self.text(a)})" for a in ([first] if name == "clip" else [first, second]))
        match node:
            case ast.Call(func=function, args=arguments, keywords=keywords):
                for keyword in (k for k in keywords if k.arg not in HARMLESS):
                    kept = [self.text(a) for a in (*arguments, *keywords) if a is not keyword]
                    yield f"{self.text(function)}({', '.join(kept)})"

    def tables(self, node: ast.AST) -> Iterator[str]:
        """An entry left out of a display of constants."""
        match node:
            case ast.Dict(keys=[_, _, *_] as keys, values=values) if all(keys):
                pairs = [f"{self.text(k)}: {self.text(v)}" for k, v in zip(keys, values, strict=True)]
                yield from (f"{{{', '.join(pairs[:i] + pairs[i + 1 :])}}}" for i in range(len(pairs)))
            case (
                ast.Tuple(elts=[_, _, _, *_] as items)
                | ast.List(elts=[_, _, *_] as items)
                | ast.Set(elts=[_, _, *_] as items)
            ):
                left, right = self.text(node)[0], self.text(node)[-1]
                if all(is_fact(item) for item in items) and left in "([{":
                    yield from (
                        f"{left}{self.joined(', ', items[:i] + items[i + 1 :])},{right}" for i in range(len(items))
                    )


def numbers(node: ast.AST) -> Iterator[str]:
    """Another truth value or number in place of a constant."""
    match node:
        case ast.Constant(value=bool() as value):
            yield str(not value)
        case ast.Constant(value=int() as value):
            yield from (str(value + 1), str(value - 1)) if value <= COUNTS else [str(2 * value)]
        case ast.Constant(value=float() as value) if not 0 < value <= GUARD:
            yield repr(2 * value or 1.0)


def visited(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes worth changing."""
    match node:
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Call(func=ast.Name(id=name)) if name in QUIET:
            return
        case ast.keyword(arg=name) if name in HARMLESS:
            return
        case ast.Assign(value=ast.BinOp(op=ast.BitOr())) if node.col_offset == 0:
            return  # a union of types
    yield node
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns", "decorator_list", "bases"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not isinstance(child, SKIPPED):
                    yield from visited(child)


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def is_fact(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | int | float)
