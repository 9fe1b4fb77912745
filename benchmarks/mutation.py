"""Do the tests notice when the code is wrong? Random mutants of each room, and the share that the room's tests kill.

    python benchmarks/mutation.py                                      every room, 200 mutants each
    python benchmarks/mutation.py --room accuracy --sample 100 --seed 3 --survivors survivors.md

Mutants are made by benchmarks/mutants.py and tried in a copy of the tree, one after another, up to the first test that
fails; what runs far longer than the tests do is killed too. Hypothesis draws the same few examples every time. Needs
Linux (fork), pytest and hypothesis.

Not a library, because mutmut 3.8 changes functions only, not the tables and defaults that stand outside of them, and
many of its mutants (an argument becomes None) crash, which flatters the tests; cosmic-ray 8.7 writes into the tree,
starts pytest anew for each mutant, adds 1 to 1e12, and knows no dropped term or guard and no min for max.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from mutants import Mutant, mutants_of

ROOT = Path(__file__).parent.parent
ROOMS = (
    "units",
    "work",
    "prices",
    "rents",
    "models",
    "performance",
    "strategies",
    "accuracy",
    "recommendation",
    "fits",
)
COPIED = ("advisor", "tests", "profiles", "measurements", "pyproject.toml")
ALSO = {
    "recommendation": ("tests/reports", "tests/cli/test_chains.py"),
    "rents": ("tests/recommendation/test_bills.py",),
}
"""Tests of a room beside tests/<room>/, tests/test_<room>.py and its own doctests."""

EXAMPLES = 50
MEMORY_BYTES = 24 * 2**30
LEAST_TIMEOUT_S = 20.0


def room_mutants(room: str, skip: list[str]) -> list[Mutant]:
    """Every mutant of a room, in order."""
    place = ROOT / "advisor" / room
    files = sorted([*place.rglob("*.py"), *place.rglob("*.sql")]) or [place.with_suffix(".py")]
    paths = [file.relative_to(ROOT) for file in files]
    return [mutant for path in paths if str(path) not in skip for mutant in mutants_of(ROOT / path, path)]


class Tests:
    """A room's tests on a copy of the tree, in forks of this process, which holds all packages except ours."""

    def __init__(self, tree: Path, room: str) -> None:
        own = (f"tests/{room}", f"tests/test_{room}.py", f"advisor/{room}", f"advisor/{room}.py")
        self.tree, self.tests = tree, [p for p in (*own, *ALSO.get(room, ())) if (ROOT / p).exists()]
        self.timeout_s, self.writes = 600.0, 0
        os.environ |= {"PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"}
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        started = time.monotonic()
        if not self.succeed():
            raise SystemExit(f"the tests of {room} fail on the code as it is: pytest {' '.join(self.tests)}")
        self.timeout_s = max(LEAST_TIMEOUT_S, 3 * (time.monotonic() - started))
        for name in (tree / "imported").read_text().split():
            try:
                importlib.import_module(name)
            except Exception:  # an optional part of a package
                sys.modules.pop(name, None)

    def survives(self, mutant: Mutant) -> bool:
        """Whether all tests pass on the mutant."""
        path = self.tree / mutant.path
        old = path.read_bytes()
        try:
            self.write(path, mutant.source(old))
            return self.succeed()
        finally:
            self.write(path, old)

    def write(self, path: Path, source: bytes) -> None:
        self.writes += 1
        path.write_bytes(source)
        os.utime(path, (self.writes, self.writes))  # no two versions share a compiled file

    def succeed(self) -> bool:
        """Whether all tests pass in time."""
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
    """In the child: quick tests, then slow ones, up to the first that fails. Ends the process."""
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
        ends = (pytest.main([*options, "-m", kind, *tests]) for kind in ("not slow", "slow"))
        code = int(any(end not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) for end in ends))
        listed = tree / "imported"
        if not listed.exists():
            packages = (n for n, m in sys.modules.items() if "site-packages" in (getattr(m, "__file__", None) or ""))
            listed.write_text("\n".join(packages))
    finally:
        os._exit(code)


def measure(room: str, size: int, seed: int, skip: list[str]) -> tuple[int, list[Mutant]]:
    """How many mutants of a room were tried, and those that no test noticed."""
    everything, survivors = room_mutants(room, skip), []
    sample = random.Random(seed).sample(everything, min(size, len(everything)))
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, tree)
        tests = Tests(tree, room)
        for i, mutant in enumerate(sample, 1):
            if tests.survives(mutant):
                survivors.append(mutant)
                line, before, after = mutant.shown((ROOT / mutant.path).read_bytes())
                print(f"{mutant.path}:{line}: {before} → {after}", file=sys.stderr)
            print(f"{room}: {i} of {len(sample)} mutants, {len(survivors)} survive", end="\r", file=sys.stderr)
        os.chdir(ROOT)
    print(file=sys.stderr)
    return len(sample), survivors


def write_survivors(path: Path, survivors: list[Mutant]) -> None:
    """A table of the survivors: CSV, or Markdown where the name ends so."""
    rows = [("file", "line", "before", "after")]
    rows += [(str(m.path), *map(str, m.shown((ROOT / m.path).read_bytes()))) for m in survivors]
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix != ".md":
            csv.writer(file).writerows(rows)
            return
        for i, row in enumerate(rows):
            cells = [cell.replace("|", r"\|") for cell in row]
            file.write(f"| {' | '.join(cells[:2] + [f'`{c}`' if i else c for c in cells[2:]])} |\n")
            file.write("| --- | ---: | --- | --- |\n" if i == 0 else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--room", action="append", help=f"one of {' '.join(ROOMS)}; all without it")
    parser.add_argument("--sample", type=int, default=200, metavar="N", help="mutants of each room")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--skip", action="append", default=[], metavar="PATH", help="leave advisor/….py as it is")
    parser.add_argument("--survivors", type=Path, metavar="PATH", help="where to list them: .csv or .md")
    options = parser.parse_args()
    rooms = options.room or ROOMS
    places = {room: (ROOT / "advisor" / room, ROOT / f"advisor/{room}.py") for room in rooms}
    if missing := [room for room, (folder, file) in places.items() if not (folder.is_dir() or file.exists())]:
        parser.error(f"no such room: {', '.join(missing)}")
    survivors: list[Mutant] = []
    table = [f"{'room':<14}{'mutants':>8}{'killed':>8}{'survived':>9}{'killed %':>9}"]
    for room in rooms:
        tried, alive = measure(room, options.sample, options.seed, options.skip)
        survivors += alive
        killed = tried - len(alive)
        table.append(f"{room:<14}{tried:>8}{killed:>8}{len(alive):>9}{100 * killed / max(tried, 1):>9.1f}")
    if options.survivors:
        write_survivors(options.survivors.resolve(), survivors)
    print("\n".join(table))


if __name__ == "__main__":
    main()
