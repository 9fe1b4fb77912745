"""Cold start of the commands, and exact maj@k at full size.

    python benchmarks/cold_start.py

Whole processes, best and median of ten; the last column is the ratio to a process that only imports the libraries of
the base install, because machines differ.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

import numpy as np

from advisor.accuracy.estimators import majority_at_all_k

COMMANDS = {
    "imports alone (numpy, duckdb, typer, rich)": ["-c", "import numpy, duckdb, typer, rich.console"],
    "import advisor": ["-c", "import advisor"],
    "advisor --help": ["-m", "advisor", "--help"],
    "advisor estimate": ["-m", "advisor", "estimate", "qwen3-8b", "--gpu", "h100-sxm"],
    "advisor recommend": ["-m", "advisor", "recommend", "--budget", "0.01usd"],
    "advisor curve": ["-m", "advisor", "curve", "gpt-oss-120b"],
}


def timed(arguments: list[str], runs: int = 10) -> list[float]:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return sorted(times)


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    reference = None
    for name, arguments in COMMANDS.items():
        times = timed(arguments)
        reference = reference or times[0]
        best, median = times[0], times[len(times) // 2]
        print(f"{name:45s} best {best:.2f} s, median {median:.2f} s, {best / reference:.2f} × imports alone")
    rng = np.random.default_rng(0)
    questions = []
    for _ in range(500):
        counts = rng.multinomial(64, rng.dirichlet(np.full(8, 0.7)))
        questions.append((int(counts[0]), tuple(sorted((int(c) for c in counts[1:] if c), reverse=True))))
    start = time.perf_counter()
    for right, wrong in questions:
        majority_at_all_k(right, wrong)
    print(f"exact maj@k, 500 questions × 64 answers × all k: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
