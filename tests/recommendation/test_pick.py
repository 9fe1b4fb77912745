"""The pick in SQL against the rule in plain Python."""

import math
from math import log2

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.recommendation.candidates import PACKAGE, feasible
from advisor.recommendation.model_points import WORTH
from advisor.store.sql import statement
from advisor.units import COSTS

cost = st.sampled_from([0.001, 0.002, 0.01, 0.5])
accuracy = st.sampled_from([0.2, 0.5, 0.52, 0.8, 0.81])
spread = st.sampled_from([1.0, 1.6])
rows = st.lists(
    st.tuples(st.sampled_from(["m", "n"]), st.sampled_from(["h100-sxm", "l4"]), accuracy, cost, spread),
    min_size=1,
    max_size=10,
)
OTHERS = ("flops", "s", "J", "tokens", "ttft_s", "tpot_s")
NUMBERS = ("point_id", "accuracy", "assured", "usd", "spread", *OTHERS, "scenario", "usd_spread", "slow_usd_spread")
NUMBERS += ("questions_per_s", "ttft_spread", "tokens_spread", "bill_tokens_spread")
COLUMNS = "candidate_id bigint, model varchar, gpu varchar, " + ", ".join(f'"{name}" double' for name in NUMBERS)


def picked(candidates, usd, min_accuracy):
    """The best row: equal to the best first, then accuracy less what its cost is worth, at its upper end."""
    allowed = [c for c in candidates if c[3] <= usd and (min_accuracy is None or c[2] - 0.02 >= min_accuracy)]
    if not allowed:
        return None
    bar = max(c[2] for c in allowed) - 0.03

    def merit(c):
        cheap = -log2(c[3] * c[4])
        if min_accuracy is not None:
            return (1, cheap + 1e-9 * c[2])
        return (1, c[2] + WORTH * cheap) if c[2] >= bar else (0, c[2] + 1e-9 * cheap)

    return max(merit(c) for c in allowed), merit


@given(rows, st.sampled_from([0.0015, 0.1, 1.0]), st.sampled_from([None, 0.5, 0.9]))
@settings(max_examples=120, deadline=None)
def test_the_pick_is_the_best_by_the_rule(candidates, usd, min_accuracy):
    connection = duckdb.connect()
    connection.execute(f"create table candidates ({COLUMNS})")
    numbers = "(from range(100)) as a(point_id), (from range(100)) as b(other_id)"
    connection.execute(f"create table ties as select *, 0.03::double as half_width from {numbers}")
    at_rates = {math.inf: candidates, 2.0: [(m, g, a, 3 * cost, spread) for m, g, a, cost, spread in candidates]}
    connection.executemany(
        "insert into candidates values"
        " ($1, $2, $3, round(100 * $4), $4, $4 - 0.02, $5, 9, 1, 1, 1, 1, 1, 1, $7, $6, 1, 1, 1, 1, 1)",
        [(i, *each, qps) for i, (qps, each) in enumerate((qps, c) for qps in at_rates for c in at_rates[qps])],
    )
    limits = {
        **dict.fromkeys(COSTS),
        "usd": usd,
        "max_ttft": None,
        "max_tpot": None,
        "min_accuracy": min_accuracy,
        "cost": "usd",
        "worth": WORTH,
    }
    picks = f"select model, gpu, accuracy, usd, usd_spread, scenario from ({feasible(statement(PACKAGE, 'pick'))})"
    all_rates = connection.execute(f"{picks} order by scenario, place", limits).fetchall()
    for qps, at_rate in at_rates.items():
        found, rule = [row[:-1] for row in all_rates if row[-1] == qps], picked(at_rate, usd, min_accuracy)
        if rule is None:
            assert found == []
            continue
        best, merit = rule
        assert merit(found[0])[0] == best[0]
        assert abs(merit(found[0])[1] - best[1]) < 1e-9
        assert len({row[:2] for row in found}) == len(found)
