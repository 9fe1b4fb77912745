"""The odds of candidates, where they can be counted by hand."""

import numpy as np
import pytest

from advisor.accuracy.resampling import DRAWS
from advisor.recommendation.odds import cost_draws, odds
from advisor.recommendation.undecided import almost, undecided

NO_LIMIT = dict.fromkeys(("usd", "flops", "s", "J", "tokens", "max_ttft", "max_tpot", "min_accuracy"))
HALF = np.arange(DRAWS) % 2


def rows(n=2, **changed):
    usual = {
        "point_id": np.arange(1, n + 1),
        "model": np.array([f"m{i}" for i in range(n)]),
        "gpu": np.array(["l4"] * n),
        "gpu_count": np.ones(n, dtype=int),
        "precision": np.array(["bf16"] * n),
        "accuracy": np.full(n, 0.5),
        **{name: np.ones(n) for name in ("spread", "ttft_spread")},
        **{
            name: np.ones(n)
            for name in ("tokens_spread", "bill_tokens_spread", "questions_per_s", "replicas", "replicas_power")
        },
        "qps": np.full(n, np.inf),
        **{
            name: np.ones(n)
            for name in ("usd", "flops", "s", "J", "tokens", "ttft_s", "tpot_s", "limited_ttft_s", "limited_tpot_s")
        },
    }
    return usual | {name: np.array(values) for name, values in changed.items()}


def draws(*of_points):
    return np.array([np.broadcast_to(each, DRAWS).astype(float) for each in of_points])


def test_the_more_accurate_is_best_as_often_as_it_is():
    found = odds(rows(), draws(0.5, 0.4 + 0.2 * HALF), NO_LIMIT, "usd")
    assert found.best == pytest.approx([0.5, 0.5])
    assert found.within_limits == pytest.approx([1, 1])
    assert found.expected_regret == pytest.approx(0.05)


def test_of_equals_the_cheaper_is_best():
    assert odds(rows(usd=[2.0, 1.0]), draws(0.5, 0.5), NO_LIMIT, "usd").best == pytest.approx([0, 1])
    assert odds(rows(usd=[2.0, 1.0], J=[1.0, 2.0]), draws(0.5, 0.5), NO_LIMIT, "J").best == pytest.approx([1, 0])


def test_rows_of_one_model_share_its_chance():
    found = odds(rows(3, model=["m", "m", "n"]), draws(0.5, 0.6 * HALF, 0.55), NO_LIMIT, "usd")
    assert found.best == pytest.approx([0.5, 0.5, 0.5])


def test_what_breaks_a_limit_is_not_best():
    found = odds(rows(usd=[1.0, 3.0]), draws(0.5, 0.9), NO_LIMIT | {"usd": 2.0}, "usd")
    assert found.best == pytest.approx([1, 0])
    assert found.within_limits == pytest.approx([1, 0])
    assert found.expected_regret == 0
    assert odds(rows(), draws(0.5, 0.9), NO_LIMIT | {"usd": 0.5}, "usd").best == pytest.approx([0, 0])


@pytest.mark.parametrize(
    ("limit", "column"), [("s", "s"), ("J", "J"), ("max_ttft", "limited_ttft_s"), ("max_tpot", "limited_tpot_s")]
)
def test_an_uncertain_speed_holds_a_limit_at_its_edge_half_of_the_time(limit, column):
    """And one below the upper end of its 90 % interval in one of twenty cases; TTFT has an interval of its own."""
    spread, ends = {"ttft_spread" if column == "limited_ttft_s" else "spread": [1.6, 1.0]}, [1.6, 1.0]
    found = odds(rows(**spread), draws(0.9, 0.5), NO_LIMIT | {limit: 1.0}, "usd")
    assert found.within_limits[0] == pytest.approx(0.5, abs=0.1)
    assert found.best[0] == found.within_limits[0]
    slower = odds(rows(**spread, **{column: ends}), draws(0.9, 0.5), NO_LIMIT | {limit: 1.0}, "usd")
    assert slower.within_limits[0] == pytest.approx(0.05, abs=0.04)


def test_uncertain_costs_count_where_the_bill_follows_the_speed():
    limits = NO_LIMIT | {"usd": 1.0}
    found = odds(rows(spread=[1.6, 1.0]), draws(0.9, 0.5), limits, "usd")
    assert found.within_limits == pytest.approx([0.5, 1], abs=0.1)


def test_at_a_rate_a_slower_speed_takes_more_replicas_and_a_faster_one_fewer():
    """Of ten questions a second one replica takes eleven, or three just fifteen: too few when a tenth, or any slower,
    one too many when a third faster."""
    of_draws, limits = draws(0.9, 0.9), NO_LIMIT | {"usd": 1.0}
    at_rate = {"qps": [10.0, 15.0], "questions_per_s": [11.0, 5.0], "replicas": [1, 3]}
    found = odds(rows(spread=[1.6, 1.6], **at_rate), of_draws, limits, "usd")
    assert found.within_limits == pytest.approx([0.63, 0.5], abs=0.08)  # Φ(1.645 · ln 1.1 / ln 1.6), Φ(0)
    costs = cost_draws(rows(spread=[1.6, 1.6], **at_rate))["usd"]
    assert set(np.round(costs[1], 6)) >= {round(2 / 3, 6), 1.0, round(4 / 3, 6)}
    assert costs[0].min() == 1.0


def test_imputed_lengths_make_everything_uncertain_that_follows_from_them():
    longer = {"spread": [1.6, 1.0], "tokens_spread": [1.6, 1.0]}
    for limit in ("s", "J", "flops", "tokens"):
        found = odds(rows(**longer), draws(0.9, 0.5), NO_LIMIT | {limit: 1.0}, "usd")
        assert found.within_limits[0] == pytest.approx(0.5, abs=0.1)
    assert odds(rows(**longer), draws(0.9, 0.5), NO_LIMIT | {"max_tpot": 1.0}, "usd").within_limits[0] == 1
    assert odds(rows(**longer), draws(0.9, 0.5), NO_LIMIT | {"usd": 1.0}, "usd").within_limits[0] == 1
    billed = longer | {"bill_tokens_spread": [1.6, 1.0]}
    assert odds(rows(**billed), draws(0.9, 0.5), NO_LIMIT | {"usd": 1.0}, "usd").within_limits[0] < 0.7


def test_with_a_target_the_cheapest_that_reaches_it_is_best():
    limits = NO_LIMIT | {"min_accuracy": 0.45}
    found = odds(rows(usd=[1.0, 2.0]), draws(0.4 + 0.2 * HALF, 0.9), limits, "usd")
    assert found.best == pytest.approx([0.5, 0.5])
    assert found.reaches == pytest.approx([0.5, 1])
    neither = odds(rows(usd=[1.0, 2.0]), draws(0.4, 0.3), limits, "usd")
    assert neither.best == pytest.approx([1, 0])  # none reaches it: the most accurate


def table(n_questions=100.0, provenance="measured"):
    return {
        "model": np.array(["m0", "m1"]),
        "provenance": np.array(["measured", provenance]),
        "n_questions": np.array([n_questions, 200.0]),
    }


def rival(of_draws, changed=None, points=None):
    made = rows(**(changed or {}))
    return undecided(made, points or table(), of_draws, odds(made, of_draws, NO_LIMIT, "usd"), ["mine"])


def test_a_rival_is_named_with_what_would_decide():
    spread = np.linspace(-0.06, 0.1, DRAWS)  # 90 %: −5.2 to +9.2 points, mean 2
    found = rival(draws(0.5 + spread, 0.5), {"usd": [0.01, 0.03]})
    assert found.rival == "m1"
    assert found.difference.value == pytest.approx(0.02)
    assert found.questions == pytest.approx(100 * (0.072 / 0.02) ** 2, rel=0.01)
    assert found.usd == pytest.approx(0.04 * found.questions)
    assert found.n_questions == 100
    assert found.measure == ()


def test_others_that_may_be_the_best_are_named_with_their_chances():
    """Each of the three leads in a share of the draws; the pick's own model is no rival of itself."""
    lead = np.arange(DRAWS) % 10
    of_draws = draws(0.5, 0.4 + 0.2 * (lead < 2), 0.4 + 0.2 * ((lead >= 2) & (lead < 6)), 0.4 + 0.2 * (lead == 6))
    names = {"model": np.array(["m0", "m1", "m2", "m3"]), "provenance": np.array(["measured"] * 4)}
    made, counts = rows(4), {"n_questions": np.full(4, 100.0)}
    found = undecided(made, names | counts, of_draws, odds(made, of_draws, NO_LIMIT, "usd"), [])
    assert (found.rival, found.best) == ("m2", pytest.approx(0.4))
    assert [(other.model, other.best) for other in found.others] == [
        ("m1", pytest.approx(0.2)),
        ("m3", pytest.approx(0.1)),
    ]


def test_a_rival_is_the_row_that_wins_and_not_another_of_its_model():
    """m1 is best in half of the draws by its accurate row, which breaks the limit; its other row never wins."""
    of_draws, limits = draws(0.5, 0.4, 0.6), NO_LIMIT | {"usd": 1.0}
    points = {"model": np.array(["m0", "m1", "m1"]), "provenance": np.array(["measured"] * 3)}
    points |= {"n_questions": np.full(3, 100.0)}
    far = {
        "model": ["m0", "m1", "m1"],
        "usd": [0.5, 0.5, 1.1],
        "spread": [1.0, 1.0, 2.0],
    }
    made = rows(3, **far)
    found = odds(made, of_draws, limits, "usd")
    assert found.best[1] == found.best[2] > 0.3
    assert (found.wins[1], found.within_limits[2]) == (0, pytest.approx(found.wins[2]))
    assert undecided(made, points, of_draws, found, []) is None
    near = rows(3, **far | {"usd": [0.5, 0.5, 0.9]})
    assert undecided(near, points, of_draws, odds(near, of_draws, limits, "usd"), []).difference.value == pytest.approx(
        -0.1
    )


def test_a_difference_below_a_point_need_not_be_told():
    found = rival(draws(0.5 + np.linspace(-0.08, 0.08, DRAWS), 0.5))
    assert found.questions == pytest.approx(100 * 7.2**2, rel=0.01)


def test_what_was_not_measured_is_measured_first():
    found = rival(draws(0.4 + 0.2 * HALF, 0.5), {"usd": [1.0, 0.02]}, table(provenance="published"))
    assert found.questions is None
    assert found.measure == ("advisor calibrate m1 --task mine.jsonl",)
    assert found.usd == pytest.approx(0.02 * 200)


def test_without_a_real_chance_there_is_no_rival():
    assert rival(draws(0.9, 0.5)) is None
    assert rival(draws(0.5, 0.4 + 0.2 * HALF), {"model": ["m", "m"]}) is None


def test_with_a_target_a_far_cheaper_one_that_may_reach_it_is_named():
    made = rows(3, usd=[1.0, 0.1, 0.9])
    limits = NO_LIMIT | {"min_accuracy": 0.45}
    of_draws = draws(0.9, 0.4 + 0.2 * (np.arange(DRAWS) % 5 > 0), 0.9)
    found = almost(made, odds(made, of_draws, limits, "usd"), "usd")
    assert (found.model, found.cost_ratio) == ("m1", pytest.approx(0.1))
    assert found.reaches == pytest.approx(0.8)
    unlikely = draws(0.9, 0.4 + 0.2 * (np.arange(DRAWS) % 5 == 0), 0.9)
    assert almost(made, odds(made, unlikely, limits, "usd"), "usd") is None
