"""How well curves under token caps predict four times the largest cap they saw.

    python benchmarks/curves.py DATA

DATA holds epoch_samples.parquet (Epoch AI benchmarking hub, CC BY 4.0): all runs with recorded lengths, open and closed. Fitted to
the caps up to a quarter of the largest at which something still ends; error and interval are judged at the largest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb
import numpy as np

from advisor.accuracy.fit import candidates, fit_curve

CAPS = 512.0 * 2 ** np.arange(9)
QUERY = """
    select list(correct order by epoch), list(output_tokens order by epoch) from read_parquet($file) where valid = 1
    group by model, benchmark, run_id, question_id having count(*) = count(output_tokens) order by model, benchmark, run_id, question_id
"""
RUNS = "select run_id, count(distinct question_id) from read_parquet($file) where valid = 1 group by model, benchmark, run_id order by model, benchmark, run_id"


def runs(data: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """(correct, finished) of shape (questions, caps) for every run whose lengths are recorded for 95 % of its questions."""
    file = str(data / "epoch_samples.parquet")
    connection = duckdb.connect()
    totals = connection.execute(RUNS, {"file": file}).fetchall()
    found = []
    for run_id, questions in totals:
        rows = connection.execute(QUERY.replace("valid = 1", "valid = 1 and run_id = $run"), {"file": file, "run": run_id}).fetchall()
        if len(rows) >= 0.95 * questions:
            ended = [np.array(tokens)[:, None] <= CAPS for _, tokens in rows]
            right = [np.array(correct)[:, None] * e for (correct, _), e in zip(rows, ended, strict=True)]
            found.append((np.array([r.mean(axis=0) for r in right]), np.array([e.mean(axis=0) for e in ended])))
    return found


def main() -> None:
    errors: dict[str, list[float]] = {}
    held = []
    for correct, finished in runs(Path(sys.argv[1])):
        ended = finished.mean(axis=0)
        kept = [i for i in range(len(CAPS)) if ended[i] > 0.005 and (i == 0 or ended[i - 1] < 0.97)]
        seen = [i for i in kept if CAPS[i] <= CAPS[kept[-1]] / 4]
        if len(kept) < 5 or len(seen) < 3:
            continue
        truth, largest = correct[:, kept[-1]].mean(), np.array([CAPS[kept[-1]]])
        curve = fit_curve(CAPS[seen], correct[:, seen], finished[:, seen])
        errors.setdefault("chosen", []).append(abs(curve.at_4x.value - truth))
        held.append(curve.at_4x.low <= truth <= curve.at_4x.high)
        errors.setdefault("last value", []).append(abs(correct[:, seen[-1]].mean() - truth))
        for family, shapes in candidates(CAPS[seen], correct[:, seen].mean(axis=0)[None]).items():
            errors.setdefault(family, []).append(abs(float(shapes[0].at(largest)[0]) - truth))
    for name, values in errors.items():
        print(f"{name:12s} {len(values)} runs: mean error {100 * np.mean(values):.1f} points, median {100 * np.median(values):.1f}")
    print(f"90 % intervals that hold: {np.mean(held):.0%}")


if __name__ == "__main__":
    main()
