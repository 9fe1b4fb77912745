"""What the tables from before a GPU was measured predict of it, beside what was measured.

    python benchmarks/predicted_before.py predict RUN_ID...    # of the loads of runs that no fit has seen yet
    python benchmarks/predicted_before.py compare              # writes its part of docs/validation.md

`predict` is for tables that were fitted before these runs were there: the file it adds to, predicted_before.csv, ships.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from validation_page import put, table

from advisor.recommendation.estimate import estimate
from advisor.store.runs import Run
from advisor.store.workspace import Workspace
from advisor.tables import read_rows

FILE = Path(__file__).with_suffix(".csv")
SHIPPED = Workspace()


@dataclass(frozen=True, slots=True)
class Predicted:
    """One load of a run and what was predicted of it; the times hold within a factor `spread` in nine of ten loads."""

    run_id: str
    prompt_tokens: int
    generated_tokens: int
    concurrency: int
    tpot_s: float
    ttft_s: float
    spread: float
    weights_bytes: float


def measured(run_ids: set[str]) -> list[Run]:
    """Their answered loads."""
    frame = SHIPPED.runs.to_frame()
    names = [field.name for field in fields(Run) if field.name in frame]
    rows = frame.loc[frame.run_id.isin(run_ids) & (frame.status == "ok"), names].astype(object)
    return [Run(**row) for row in rows.where(rows.notna(), None).to_dict("records")]


def predicted(run: Run) -> Predicted:
    """By the tables as they are."""
    prompt, generated, concurrency = int(run.prompt_tokens), int(run.generated_tokens), int(run.concurrency)
    found = estimate(
        SHIPPED,
        model=run.model,
        gpu=run.gpu,
        parallelism=run.parallelism,
        precision=run.precision,
        engine=run.engine,
        input_tokens=prompt,
        output_tokens=generated,
        concurrency=concurrency,
    )
    times = found.tpot_s, found.ttft_s, found.spread
    return Predicted(run.run_id, prompt, generated, concurrency, *times, found.memory.weights_bytes)


def predict(run_ids: list[str]) -> None:
    """Add them to the file."""
    before = read_rows(FILE, Predicted, hint="make it anew") if FILE.exists() else ()
    rows = dict.fromkeys([*before, *map(predicted, measured(set(run_ids)))])
    with FILE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Predicted))
        writer.writerows([getattr(row, field.name) for field in fields(Predicted)] for row in rows)


def line(name: str, loads: list[tuple[Run, Predicted]]) -> list[str]:
    """Errors of these loads."""
    tpot, ttft = (np.array([getattr(p, which) / getattr(r, which) for r, p in loads]) for which in ("tpot_s", "ttft_s"))
    spread = np.array([p.spread for _, p in loads])
    weights = [abs(p.weights_bytes / r.weights_bytes - 1) for r, p in loads if r.weights_bytes]
    off = np.abs(tpot - 1)
    return [
        name,
        f"{len(loads)}",
        f"{np.median(off):.1%}",
        f"{np.quantile(off, 0.9):.1%}",
        f"{np.sum(np.abs(np.log(tpot)) <= np.log(spread))} of {len(loads)}",
        f"{np.median(ttft):.1f}",
        f"{max(weights):.1%}" if weights else "–",
    ]


COLUMNS = [
    "",
    "loads",
    "TPOT median",
    "TPOT p90",
    "in its 90 % interval",
    "TTFT predicted / measured, median",
    "weights off by at most",
]


def compare() -> None:
    """Write the table."""
    of = {
        (p.run_id, p.prompt_tokens, p.generated_tokens, p.concurrency): p
        for p in read_rows(FILE, Predicted, hint="make it anew")
    }
    runs = measured({key[0] for key in of})
    pairs = [(r, of[r.run_id, int(r.prompt_tokens), int(r.generated_tokens), int(r.concurrency)]) for r in runs]
    groups = {f"{r.model} ({r.precision}) on {r.gpu}": r.run_id for r, _ in pairs}
    lines = [line(name, [(r, p) for r, p in pairs if r.run_id == run_id]) for name, run_id in sorted(groups.items())]
    put(
        "By tables from before it was measured",
        "Models that no run of ours had been of, on H200s: what `advisor estimate` says of each load with the tables\n"
        "that shipped before it was measured (predicted_before.csv; those of gpt-oss-20b are newer ones), beside what\n"
        "vLLM 0.26 in process took. There is no server, so TTFT is far below what is predicted of served ones, unless\n"
        "a kernel was compiled meanwhile. The interval of gpt-oss-20b was that of gpt-oss-120b alone, and too narrow\n"
        "for another model: now no combination of fewer than three models has a narrower one than all runs have.\n"
        "Predicted by `python benchmarks/predicted_before.py predict RUN_ID...`, compared by `... compare`.\n\n"
        f"{table([*lines, line('all', pairs)], COLUMNS)}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["predict", "compare"])
    parser.add_argument("run_id", nargs="*")
    given = parser.parse_args()
    predict(given.run_id) if given.what == "predict" else compare()


if __name__ == "__main__":
    main()
