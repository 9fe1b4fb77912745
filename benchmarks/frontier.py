"""Frontier, pick, odds and models over ten million generated candidates, against pandas and a Pareto package on them.

    python benchmarks/frontier.py [ROWS]

paretoset is compared where it is installed. Costs are log-normal and accuracy rises with cost under noise, so a few
hundred rows survive. Runs in one process, each figure the best of three; the last line is the peak of resident memory.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import duckdb
import numpy as np

from advisor.accuracy.resampling import DRAWS
from advisor.recommendation.candidates import PACKAGE, feasible, rows
from advisor.recommendation.model_points import WORTH
from advisor.recommendation.odds import odds
from advisor.store.sql import statement
from advisor.units import COSTS

POINTS = 500
LIMITS = {
    **dict.fromkeys(COSTS),
    "max_ttft": None,
    "max_tpot": None,
    "min_accuracy": None,
    "cost": "usd",
    "worth": WORTH,
    "usd": 0.01,
}


def generate(connection: duckdb.DuckDBPyConnection, n: int) -> None:
    rng = np.random.default_rng(0)
    usd = np.exp(rng.normal(-6, 2, n))
    accuracy = np.clip(0.6 + 0.08 * np.log10(usd / 0.002) + rng.normal(0, 0.08, n), 0, 0.99)
    seconds = np.exp(rng.normal(2, 1, n))
    connection.register("generated", {"usd": usd, "accuracy": accuracy, "s": seconds})
    connection.execute("""
        create table candidates as
        select
            row_number() over () as candidate_id,
            candidate_id % 500 + 1 as point_id,
            'task' as task,
            'model-' || (candidate_id % 100) as model,
            'majority' as strategy,
            candidate_id % 500 as n_samples,
            null::bigint as token_budget,
            'h100-sxm' as gpu,
            8 as gpu_count,
            'fp8' as precision,
            '' as reward_model,
            '' as setup,
            1000 as generated_tokens,
            'measured' as accuracy_provenance,
            accuracy,
            accuracy - 0.03 as low,
            accuracy + 0.03 as high,
            accuracy - 0.02 as assured,
            usd,
            usd * 1e17 as flops,
            s,
            usd * 3e5 as "J",
            usd * 1e6 as tokens,
            s / 10 as ttft_s,
            s / 1000 as tpot_s,
            1 / s as questions_per_s,
            1.2::double as spread,
            1.7::double as ttft_spread,
            1.2::double as usd_spread,
            1.0::double as tokens_spread,
            1.0::double as bill_tokens_spread,
            'infinity'::double as qps,
            1 as replicas,
            1.2::double as slow_usd_spread,
            'infinity'::double as scenario,
            usd * 3600 as usd_per_hour,
            usd * 3600 * 730 as usd_per_month,
            {'provider': 'p' || (candidate_id % 7), 'kind': 'on-demand', 'region': '', 'gpu': 'h100-sxm', 'gpus': 8,
             'instances': 1, 'gpus_per_instance': 8, 'usd_per_hour': usd * 3600, 'as_of': '', 'age_days': 1} as rent
        from generated
    """)
    numbers = f"(from range({POINTS})) as a(point_id), (from range({POINTS})) as b(other_id)"
    halves = "point_id + 1 as point_id, other_id + 1 as other_id, 0.03::double as half_width"
    connection.execute(f"create table ties as select {halves} from {numbers}")


def best_of(n: int, work: Callable[[], object]) -> tuple[float, object]:
    times = []
    for _ in range(n):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return min(times), result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=lambda text: int(float(text)), nargs="?", default=10_000_000)
    n = parser.parse_args().rows
    rng = np.random.default_rng(1)
    connection = duckdb.connect()
    connection.execute("set threads = 2; set memory_limit = '3GB'")
    generate(connection, n)
    frontier_s, front = best_of(
        3, lambda: connection.execute(statement(PACKAGE, "frontier"), {"cost": "usd"}).fetchall()
    )
    best_pick = feasible(statement(PACKAGE, "pick"))
    pick_s, _ = best_of(3, lambda: connection.execute(best_pick, LIMITS).fetchall())
    winner = connection.execute(f"select candidate_id from ({best_pick}) where place = 1", LIMITS).fetchall()[0][0]
    contenders = feasible(statement(PACKAGE, "contenders"))
    parameters = {**LIMITS, "usd": None, "chosen": [winner]}
    parameters.pop("worth")
    draws = rng.normal(0.6, 0.03, (POINTS, DRAWS))

    def chances() -> object:
        found = rows(connection.execute(contenders, parameters))
        return odds({name: np.array([row[name] for row in found]) for name in found[0]}, draws, LIMITS, "usd")

    odds_s, _ = best_of(3, chances)
    connection.execute(f"create temp table front as {statement(PACKAGE, 'frontier')}", {"cost": "usd"})
    by_model = {"cost": "usd", "worth": WORTH}
    models_s, models = best_of(3, lambda: connection.execute(statement(PACKAGE, "models"), by_model).fetchall())
    times = f"frontier {frontier_s:.2f} s, pick {pick_s:.2f} s, odds {odds_s:.2f} s, models {models_s:.2f} s"
    print(f"{n:,} candidates, {len(front)} on the frontier, {len(models)} models; {times}")
    print(f"together {frontier_s + pick_s + odds_s + models_s:.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    frame = connection.execute("select usd, accuracy from candidates").df()

    def scan() -> int:
        ordered = frame.sort_values(["usd", "accuracy"], ascending=[True, False])
        before = ordered["accuracy"].cummax().shift(fill_value=-1.0)
        return int((ordered["accuracy"] > before).sum())

    pandas_s, count = best_of(3, scan)
    assert count == len(front)
    print(f"pandas sort-and-scan of the frontier alone: {pandas_s:.2f} s, {pandas_s / frontier_s:.1f} × ours")
    try:
        from paretoset import paretoset
    except ImportError:
        print("paretoset is not installed")
    else:
        pareto_s, mask = best_of(1, lambda: paretoset(frame, sense=["min", "max"]))
        print(f"paretoset: {pareto_s:.2f} s, {pareto_s / frontier_s:.1f} × ours, {int(np.sum(mask))} rows kept")
    print(f"peak resident memory of generating, frontier, pick and models: {peak:.2f} GB")


if __name__ == "__main__":
    main()
