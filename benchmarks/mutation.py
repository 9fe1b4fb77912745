"""Do the tests notice when the code is wrong? Random mutants of each room, and the share that the room's tests kill.

    python benchmarks/mutation.py                            # every room, 200 mutants each
    python benchmarks/mutation.py --room accuracy --sample 100 --seed 3 --survivors survivors.md

A mutant is the code with one small change: a number, an operator, a boundary, a condition, a term or a guard dropped, min for max, a
default, an entry of a table, what is returned; in SQL files a token. Texts, annotations, imports and error messages stay. Everything
happens in a copy of the tree; needs Linux (fork) and pytest with hypothesis, nothing else.

Why not a library: mutmut 3.8 leaves out what stands outside of functions, where our tables and defaults are, and its commonest mutants
(an argument becomes None) crash, which flatters the tests; cosmic-ray 8.7 knows no dropped terms, guards or min/max, adds 1 to 1e12, and
brings a database and a web client. Both start pytest anew for every mutant or write into the tree.
"""

from __future__ import annotations

import argparse
import ast
import csv
import importlib
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("units", "work", "models", "performance", "strategies", "accuracy", "recommend", "fits")
COPIED = ("advisor", "tests", "profiles", "measurements", "pyproject.toml")
ALSO = {"recommend": ("tests/report",)}
"""Tests of a room beside tests/<room>/, tests/test_<room>.py and its doctests."""

EXAMPLES = 50
AROUND = 70
"""Characters shown on both sides of a change."""
MEMORY_BYTES = 24 * 2**30
LEAST_TIMEOUT_S = 20.0

COUNTS = 64
"""Larger whole numbers are doubled, smaller ones also moved by one."""
GUARD = 1e-6
"""Positive numbers up to this one only keep divisions from zero."""

SWAPS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "+"),
    ast.Pow: ("**", "*"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.And: ("and", "or"), ast.Or: ("or", "and"),
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
}  # fmt: skip
NAMES = {
    "min": "max",
    "minimum": "maximum",
    "floor": "ceil",
    "any": "all",
    "argmin": "argmax",
    "zeros": "ones",
    "startswith": "endswith",
}
NAMES |= {other: name for name, other in NAMES.items()}
GUARDS = {"min", "max", "minimum", "maximum", "clip"}
QUIET = {"AdvisorError", "NoAnswer", "unknown", "cast", "NewType", "TypeVar"}
SKIPPED = (ast.Raise, ast.Assert, ast.Import, ast.ImportFrom, ast.JoinedStr, ast.arg)
SQL = [
    (r"<=", "<"), (r">=", ">"), (r"(?<![<>=!])<(?![=>])", "<="), (r"(?<![<>=!-])>(?!=)", ">="), (r"(?<![<>!=])=(?!=)", "!="),
    (r"\bmin\(", "max("), (r"\bmax\(", "min("), (r"(?<= )\+(?= )", "-"), (r"(?<= )-(?= )", "+"), (r"(?<= )\*(?= )", "/"), (r"(?<= )/(?= )", "*"),
    (r" desc\b", ""), (r"\bceil(ing)?\(", "floor("), (r"\bfloor\(", "ceil("), (r"\bgreatest\(", "least("), (r"\bleast\(", "greatest("),
    (r"\barg_min\(", "arg_max("), (r"\barg_max\(", "arg_min("), (r"\bavg\(", "sum("), (r"\bsum\(", "avg("), (r"\bdistinct ", ""),
    (r"\bcoalesce\((\w[\w.]*), (\w[\w.]*)\)", r"coalesce(\2, \1)"), (r" and ", " or "), (r" or ", " and "), (r"\bnot ", ""),
    (r"\bis not null", "is null"), (r"\bleft join", "join"), (r"(?<![\w.])\d+(?![\w.])", "7"),
]  # fmt: skip


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
        """The line's number and the changed lines before and after, on one line each."""
        first = old.rfind(b"\n", 0, self.start) + 1
        last = old.find(b"\n", self.end) % (len(old) + 1)
        before, after = old[first:last], old[first : self.start] + self.new + old[self.end : last]
        return old.count(b"\n", 0, self.start) + 1, *difference(
            *(" ".join(t.decode().split()) for t in (before, after))
        )


def difference(before: str, after: str) -> tuple[str, str]:
    """Both texts, without the far ends of what they share."""
    head, tail = (len(os.path.commonprefix(pair)) for pair in ((before, after), (before[::-1], after[::-1])))
    start, end = max(head - AROUND, 0), max(min(tail, len(before) - head, len(after) - head) - AROUND, 0)
    return before[start : len(before) - end], after[start : len(after) - end]


class Python:
    """The changes of a module, found in its syntax tree and made in its text."""

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

    def edits(self, node: ast.AST) -> Iterator[tuple[int, int, str]]:
        """(start, end, new text) of every change of this node itself."""
        for new in self.replacements(node):
            yield *self.span(node), new
        match node:
            case ast.BinOp(left=a, op=op, right=b):
                yield from self.between(a, op, b)
            case ast.BoolOp(op=op, values=values):
                for a, b in zip(values, values[1:], strict=False):
                    yield from self.between(a, op, b)
            case ast.Compare(left=first, ops=ops, comparators=others):
                for a, op, b in zip([first, *others], ops, others, strict=False):
                    yield from self.between(a, op, b)
            case ast.If(test=test) | ast.IfExp(test=test) | ast.comprehension(ifs=[test]):
                yield *self.span(test), "True"
                yield *self.span(test), "False"
            case ast.Call(func=ast.Attribute() as f) if f.attr in NAMES:
                yield self.span(f)[1] - len(f.attr), self.span(f)[1], NAMES[f.attr]

    def between(self, a: ast.AST, op: ast.AST, b: ast.AST) -> Iterator[tuple[int, int, str]]:
        """The operator between two operands, exchanged."""
        old, new = SWAPS.get(type(op), ("", ""))
        start, end = self.span(a)[1], self.span(b)[0]
        if old:
            yield start, end, self.source[start:end].decode().replace(old, new, 1)

    def replacements(self, node: ast.AST) -> Iterator[str]:
        """What may stand in place of the whole node."""
        match node:
            case ast.Constant(value=bool() as value):
                yield str(not value)
            case ast.Constant(value=int() as value):
                yield from (str(value + 1), str(value - 1)) if value <= COUNTS else [str(2 * value)]
            case ast.Constant(value=float() as value) if not 0 < value <= GUARD:
                yield repr(2 * value or 1.0)
            case ast.BinOp(left=a, op=op, right=b) if not (is_text(a) or is_text(b)):
                yield f"({self.text(a)})"
                if isinstance(op, ast.Add | ast.Mult | ast.BitAnd | ast.BitOr):
                    yield f"({self.text(b)})"
            case ast.BoolOp(op=op, values=values):
                for i in range(len(values)):
                    yield self.joined(f" {SWAPS[type(op)][0]} ", values[:i] + values[i + 1 :])
            case ast.UnaryOp(operand=operand):
                yield f"({self.text(operand)})"
            case ast.Return(value=ast.expr()):
                yield "return None"
            case ast.AugAssign() | ast.Expr(value=ast.Call() | ast.Await()) | ast.Break() | ast.Continue():
                yield "pass"
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[_, *_]):
                yield from self.calls(node, name)
            case ast.Dict(keys=[_, _, *_]) if all(node.keys):
                pairs = [f"{self.text(k)}: {self.text(v)}" for k, v in zip(node.keys, node.values, strict=True)]
                yield from (f"{{{', '.join(pairs[:i] + pairs[i + 1 :])}}}" for i in range(len(pairs)))
            case ast.Tuple(elts=[_, _, _, *_]) | ast.List(elts=[_, _, *_]) | ast.Set(elts=[_, _, *_]) if all(
                map(is_fact, node.elts)
            ):
                left, right = {ast.Tuple: "()", ast.List: "[]", ast.Set: "{}"}[type(node)]
                for i in range(len(node.elts)):
                    yield f"{left}{self.joined(', ', node.elts[:i] + node.elts[i + 1 :])},{right}"

    def calls(self, node: ast.Call, name: str) -> Iterator[str]:
        if isinstance(node.func, ast.Name) and name in NAMES:
            yield f"{NAMES[name]}{self.text(node)[len(name) :]}"
        if name in GUARDS and len(node.args) > 1:
            yield from (f"({self.text(a)})" for a in node.args[: 1 if name == "clip" else 2])
        for keyword in (k for k in node.keywords if k.arg not in ("strict", "dtype")):
            kept = [a for a in (*node.args, *node.keywords) if a is not keyword]
            yield f"{self.text(node.func)}({', '.join(map(self.text, kept))})"

    def joined(self, between: str, nodes: list[ast.expr]) -> str:
        return between.join(f"({self.text(n)})" for n in nodes)


def visited(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes worth changing: no texts, annotations, decorators, imports, error messages."""
    match node:
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.Call(func=ast.Name(id=name)) if name in QUIET:
            return
        case ast.Assign(value=ast.BinOp(op=ast.BitOr())) if node.col_offset == 0:
            return  # a union of types
        case ast.keyword(arg="strict" | "dtype"):
            return
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


def sql_mutants(path: Path, source: bytes) -> Iterator[Mutant]:
    """Token swaps outside of comments."""
    text = re.sub(r"--.*", lambda m: " " * len(m[0].encode()), source.decode())
    for old, new in SQL:
        for match in re.finditer(old, text, re.IGNORECASE):
            start = len(text[: match.start()].encode())
            yield Mutant(path, start, start + len(match[0].encode()), match.expand(new).encode())


def mutants_of(room: str, skip: list[str]) -> list[Mutant]:
    """Every mutant of a room, in order."""
    found: list[Mutant] = []
    place = ROOT / "advisor" / room
    for path in sorted([*place.rglob("*.py"), *place.rglob("*.sql")]) or [place.with_suffix(".py")]:
        relative = path.relative_to(ROOT)
        if str(relative) not in skip:
            source = path.read_bytes()
            found += Python(relative, source).mutants() if path.suffix == ".py" else sql_mutants(relative, source)
    return found


def tests_of(room: str) -> list[str]:
    """The room's tests; its own code has doctests."""
    own = (f"tests/{room}", f"tests/test_{room}.py", f"advisor/{room}", f"advisor/{room}.py", *ALSO.get(room, ()))
    return [path for path in own if (ROOT / path).exists()]


class Tests:
    """Runs a room's tests in forks of this process, which holds every package they import except ours."""

    def __init__(self, tree: Path, room: str) -> None:
        self.tree, self.tests, self.timeout_s, self.runs = tree, tests_of(room), 600.0, 0
        os.environ |= {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        started = time.monotonic()
        if not self.pass_():
            raise SystemExit(f"the tests of {room} fail on the code as it is: pytest {' '.join(self.tests)}")
        for name in (tree / "imported").read_text().split():
            try:
                importlib.import_module(name)
            except Exception:  # optional parts of packages
                sys.modules.pop(name, None)
        self.timeout_s = max(LEAST_TIMEOUT_S, 3 * (time.monotonic() - started))

    def survives(self, mutant: Mutant) -> bool:
        """Whether all tests pass on the mutant; one that never ends does not."""
        path = self.tree / mutant.path
        old = path.read_bytes()
        try:
            self.write(path, mutant.source(old))
            return self.pass_()
        finally:
            self.write(path, old)

    def write(self, path: Path, source: bytes) -> None:
        self.runs += 1
        path.write_bytes(source)
        os.utime(path, (self.runs, self.runs))  # no two versions share a compiled file

    def pass_(self) -> bool:
        child = os.fork()
        if child == 0:
            run_tests(self.tree, self.tests)
        ends = time.monotonic() + self.timeout_s
        while time.monotonic() < ends:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return status == 0
            time.sleep(0.01)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False


def run_tests(tree: Path, tests: list[str]) -> None:
    """In the child: quick tests, then slow ones, up to the first that fails; ends the process."""
    code = 1
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        import hypothesis
        import pytest

        hypothesis.settings.register_profile("m", derandomize=True, max_examples=EXAMPLES, deadline=None, database=None)
        hypothesis.settings.load_profile("m")
        options = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
        code = int(
            any(pytest.main([*options, "-m", kind, *tests]) not in (0, 5) for kind in ("not slow", "slow"))
        )  # 5: no such test
        listed = tree / "imported"
        if not listed.exists():
            packages = (n for n, m in sys.modules.items() if "site-packages" in (getattr(m, "__file__", None) or ""))
            listed.write_text("\n".join(packages))
    finally:
        os._exit(code)


def survivors_of(room: str, tests: Tests, sample: list[Mutant]) -> list[Mutant]:
    """The mutants that no test notices, told as they are found."""
    found = []
    for i, mutant in enumerate(sample, 1):
        if tests.survives(mutant):
            found.append(mutant)
            line, before, after = mutant.shown((ROOT / mutant.path).read_bytes())
            print(f"{mutant.path}:{line}\n  - {before}\n  + {after}", file=sys.stderr)
        print(f"{room}: {i} of {len(sample)}, {len(found)} survive", end="\r", file=sys.stderr)
    return found


def write_survivors(path: Path, survivors: list[Mutant]) -> None:
    """A table of the survivors: CSV, or Markdown where the name ends so."""
    rows = [(m.path, *m.shown((ROOT / m.path).read_bytes())) for m in survivors]
    header = ("file", "line", "before", "after")
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix != ".md":
            csv.writer(file).writerows([header, *rows])
            return
        for row in (header, ("---", "--:", "---", "---"), *((p, n, f"`{a}`", f"`{b}`") for p, n, a, b in rows)):
            file.write(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |\n")


def measure(room: str, size: int, seed: int, skip: list[str]) -> tuple[int, list[Mutant]]:
    """How many mutants of a room were tried, and those that survived."""
    everything = mutants_of(room, skip)
    sample = random.Random(seed).sample(everything, min(size, len(everything)))
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            tree.mkdir(exist_ok=True)
            copy(ROOT / name, tree / name)
        return len(sample), survivors_of(room, Tests(tree, room), sample)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--room", action="append", help=f"one of {' '.join(ROOMS)}; all without it")
    parser.add_argument("--sample", type=int, default=200, help="mutants of each room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--skip", action="append", default=[], metavar="PATH", help="a file to leave as it is, e.g. advisor/work.py"
    )
    parser.add_argument("--survivors", type=Path, metavar="PATH", help="where to list the survivors: .csv or .md")
    options = parser.parse_args()
    rooms = options.room or ROOMS
    if missing := [r for r in rooms if not ((ROOT / "advisor" / r).is_dir() or (ROOT / f"advisor/{r}.py").exists())]:
        parser.error(f"no such room: {', '.join(missing)}")
    survivors: list[Mutant] = []
    table = [f"{'room':<14}{'mutants':>8}{'killed':>8}{'survived':>9}{'killed %':>9}"]
    for room in rooms:
        tried, alive = measure(room, options.sample, options.seed, options.skip)
        survivors += alive
        killed = tried - len(alive)
        table.append(f"{room:<14}{tried:>8}{killed:>8}{len(alive):>9}{100 * killed / max(tried, 1):>8.1f}%")
    if options.survivors:
        write_survivors(options.survivors, survivors)
    print("\n".join(table))


if __name__ == "__main__":
    main()
