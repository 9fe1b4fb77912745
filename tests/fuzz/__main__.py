"""Run seeds and print what came of them as a table; exit 1 where one ended as it should not.

python -m tests.fuzz --seeds 20000
python -m tests.fuzz --seeds 500 --suite config.json --first 10000
"""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.seeds import SUITES, counted

HEAD = ("input", "seeds", "exit 0", "exit 1", "exit 2", "exit 3", "exit 70 or stuck", "not one line", "other faults")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=500, help="of each suite")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--suite", action="append", choices=list(SUITES), help="only this one; repeatable")
    given = parser.parse_args()
    print("| " + " | ".join(HEAD) + " |")
    print("| --- |" + " ---: |" * (len(HEAD) - 1))
    n_faults = 0
    for suite in given.suite or SUITES:
        counts = counted(suite, range(given.first, given.first + given.seeds))
        codes = [counts.codes[code] for code in (0, 1, 2, 3)]
        others = len(counts.faults) - counts.tracebacks - counts.not_one_line
        cells = [suite, counts.seeds, *codes, counts.tracebacks, counts.not_one_line, others]
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)
        print("\n".join(map(str, counts.faults[:10])), file=sys.stderr, end="\n" if counts.faults else "")
        n_faults += len(counts.faults)
    return int(n_faults > 0)


if __name__ == "__main__":
    sys.exit(main())
