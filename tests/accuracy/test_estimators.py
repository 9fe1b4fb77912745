from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from advisor.accuracy.estimators import (
    ORDERS,
    best_of_n_at_all_k,
    majority_at_all_k,
    over_questions,
    pass_at_k,
    votes,
    voting_limit,
    weighted_at_all_k,
    wilson,
    within_cap,
)

answers = st.lists(st.sampled_from(["right", "a", "b", "c", None]), min_size=1, max_size=8)


def brute_majority(drawn: list[str | None], k: int) -> float:
    total = 0.0
    for subset in combinations(drawn, k):
        counts = {a: subset.count(a) for a in subset if a is not None}
        top = [a for a, c in counts.items() if c == max(counts.values())] if counts else []
        total += ("right" in top) / len(top) if top else 0
    return total / comb(len(drawn), k)


@given(answers)
@settings(max_examples=150)
def test_majority_equals_enumeration(drawn):
    right, wrong, abstained = votes(drawn, [a == "right" for a in drawn])
    exact = majority_at_all_k(right, wrong, abstained)
    assert exact == pytest.approx([brute_majority(drawn, k) for k in range(1, len(drawn) + 1)])


def test_votes_are_counted_by_answer_and_the_right_ones_together():
    answers = ["4", "a", "b", "b", None, "four", None]
    assert votes(answers, [True, False, False, False, False, True, False]) == (2, (2, 1), 2)
    assert votes([], []) == (0, (), 0)


def test_majority_equals_monte_carlo_within_its_error():
    right, wrong = 20, (15, 9, 9, 5, 3, 1, 1, 1)
    labels = np.repeat(np.arange(len(wrong) + 1), (right, *wrong))
    rng, k, draws = np.random.default_rng(1), 16, 4000
    hits = []
    for _ in range(draws):
        counts = np.bincount(rng.choice(labels, k, replace=False), minlength=len(wrong) + 1)
        hits.append((counts[0] == counts.max()) / (counts == counts.max()).sum())
    assert majority_at_all_k(right, wrong)[k - 1] == pytest.approx(np.mean(hits), abs=4 * np.std(hits) / draws**0.5)


def test_voting_hurts_where_the_wrong_answer_leads():
    """p = .4 against .6, published check values .4 .352 .2131 (with replacement; here from a large pool)."""
    curve = majority_at_all_k(400, (600,))
    assert [curve[k - 1] for k in (1, 4, 16)] == pytest.approx([0.4, 0.352, 0.2131], abs=0.004)
    assert voting_limit(curve) == pytest.approx(0, abs=1e-6)


@given(st.integers(1, 8).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_equals_enumeration(case):
    n, c, k = case
    drawn = [1] * c + [0] * (n - c)
    assert pass_at_k(n, c, k) == pytest.approx(np.mean([max(s) for s in combinations(drawn, k)]))


def test_too_few_answers_is_not_a_number():
    assert np.isnan(pass_at_k(3, 1, 4))


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans()), min_size=1, max_size=7))
def test_best_of_n_equals_enumeration(pairs):
    exact = best_of_n_at_all_k([s for s, _ in pairs], [c for _, c in pairs])
    for k in range(1, len(pairs) + 1):
        outcomes = []
        for subset in combinations(pairs, k):
            best = [c for s, c in subset if s == max(s for s, _ in subset)]
            outcomes.append(np.mean(best))
        assert exact[k - 1] == pytest.approx(np.mean(outcomes), abs=1e-9)


def test_the_limit_of_votes_is_less_biased_than_the_plurality():
    """Three answers, the right one's chance spread evenly: the limit is how often it is the most probable."""
    rng = np.random.default_rng(0)
    chances = rng.dirichlet(np.ones(3), 4000)
    truth = np.mean(chances[:, 0] == chances.max(axis=1))
    for n in (8, 32):
        curves = [
            majority_at_all_k(int(c[0]), tuple(sorted((int(x) for x in c[1:]), reverse=True)))
            for c in (rng.multinomial(n, p) for p in chances)
        ]
        limit, plurality = np.mean([voting_limit(c) for c in curves]), np.mean([c[-1] for c in curves])
        assert abs(limit - truth) < 0.02
        assert limit == pytest.approx(2 * plurality - np.mean([c[n // 2 - 1] for c in curves]))
    assert voting_limit([0.25]) == 0.25


def test_the_limit_of_votes_by_hand():
    """Twice the plurality of all answers, less that of half of them, rounded down; of one answer nothing can be said
    but itself."""
    assert voting_limit([0.5, 0.6, 0.7, 0.8]) == pytest.approx(2 * 0.8 - 0.6)
    assert voting_limit([0.5, 0.6, 0.7, 0.8, 0.9]) == pytest.approx(2 * 0.9 - 0.6)
    assert voting_limit([0.5, 0.6]) == pytest.approx(2 * 0.6 - 0.5)
    assert voting_limit([0.25]) == 0.25


def test_an_answer_as_long_as_the_cap_has_ended():
    correct, tokens = within_cap(np.ones(3), np.array([19.0, 20.0, 21.0]), 20)
    assert correct.tolist() == [1, 1, 0]
    assert tokens.tolist() == [19, 20, 20]


def test_a_cap_turns_long_answers_wrong_and_cheaper():
    correct, tokens = within_cap(np.array([1.0, 1.0, 0.0]), np.array([10.0, 30.0, 50.0]), 20)
    assert correct.tolist() == [1, 0, 0]
    assert tokens.tolist() == [10, 20, 20]


def test_intervals_cover_at_their_level():
    rng, covered = np.random.default_rng(0), 0
    for trial in range(300):
        truth = 0.7
        p = rng.beta(7 * 0.5, 3 * 0.5, size=100)
        interval = over_questions(rng.binomial(8, p) / 8, seed=trial, draws=600)
        covered += interval.low <= truth <= interval.high
    assert 0.85 <= covered / 300 <= 0.95


def test_ten_questions_have_the_interval_of_students_t():
    """Evenly spread values, whose mean is nearly normal: nine degrees of freedom, not the normal distribution."""
    values = np.linspace(0.05, 0.95, 10)
    low, high = t.interval(0.9, 9, values.mean(), values.std(ddof=1) / 10**0.5)
    found = over_questions(values, draws=100_000)
    assert found.value == pytest.approx(0.5)
    assert found.high - found.low == pytest.approx(high - low, rel=0.025)
    assert found.low + found.high == pytest.approx(1, abs=0.01)


def test_an_interval_stays_within_the_possible_and_holds_its_value():
    """Estimates of single questions may lie outside [0, 1] (a limit of votes does); their mean is no accuracy there."""
    for values, mean in (([1.2, 1.1, 1.2], 1), ([-0.2, -0.1, 0.1], 0), ([1.4, 0.2, -0.1], 0.5)):
        found = over_questions(np.array(values))
        assert found.value == pytest.approx(mean)
        assert 0 <= found.low <= found.value <= found.high <= 1


@pytest.mark.parametrize(("right", "n"), [(0, 30), (7, 10), (30, 30), (1, 3), (150, 198)])
def test_wilson_equals_scipy(right, n):
    known = binomtest(right, n).proportion_ci(0.9, method="wilson")
    assert wilson(right / n, n) == pytest.approx((known.low, known.high), abs=1e-4)


def test_all_right_and_all_wrong_are_not_certainty():
    """Wilson: (1.6449²)/(30 + 1.6449²) of doubt."""
    right, wrong = over_questions(np.ones(30)), over_questions(np.zeros(30))
    assert (right.value, right.high, wrong.value, wrong.low) == (1, 1, 0, 0)
    assert right.low == pytest.approx(1 - 0.08273, abs=1e-4)
    assert wrong.high == pytest.approx(0.08273, abs=1e-4)


def test_one_question_is_an_answer_too():
    found = over_questions(np.array([1.0]))
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(wilson(1, 1)[0])


def test_nearly_all_right_is_no_surer_than_wilson_says():
    """Half a point wrong in thirty; resampling alone would say that 1 is as good as reached."""
    found = over_questions(np.array([1.0] * 29 + [0.5]))
    assert found.low <= wilson(29.5 / 30, 30)[0]
    two_wrong = over_questions(np.array([1.0] * 28 + [0.0] * 2), draws=20_000)
    assert two_wrong.low > wilson(28 / 30, 30)[0]
    assert two_wrong.low == pytest.approx(28 / 30 - 2 / 30, abs=0.025)


@given(
    st.lists(
        st.tuples(st.sampled_from(["right", "a", "b", None]), st.sampled_from([0.1, 0.5, 0.9])), min_size=1, max_size=6
    )
)
@settings(max_examples=40, deadline=None)
def test_weighted_votes_equal_enumeration(drawn):
    found, error = weighted_at_all_k([a for a, _ in drawn], [a == "right" for a, _ in drawn], [s for _, s in drawn])
    assert not error.any()
    for k in range(1, len(drawn) + 1):
        outcomes = []
        for subset in combinations(drawn, k):
            sums = {}
            for answer, score in subset:
                if answer is not None:
                    sums[answer] = sums.get(answer, 0) + score
            top = [a for a, s in sums.items() if s > max(sums.values()) - 1e-9]
            outcomes.append(("right" in top) / len(top) if top else 0)
        assert found[k - 1] == pytest.approx(np.mean(outcomes))


def test_a_heavy_vote_outweighs_two_light_ones():
    """All three: 0.9 beats 0.4 + 0.4. Pairs: right in two of three. One: one third."""
    light = weighted_at_all_k(["right", "a", "a"], [True, False, False], [0.9, 0.4, 0.4])[0]
    assert light == pytest.approx([1 / 3, 2 / 3, 1])
    assert weighted_at_all_k(["right", "a", "a"], [True, False, False], [0.9, 0.5, 0.5])[0][2] == 0
    assert weighted_at_all_k(["right", "a", "b"], [True, False, False], [0.5, 0.5, 0.2])[0][2] == 0.5
    assert weighted_at_all_k([None, None], [False, False], [0.5, 0.5])[0].tolist() == [0, 0]


MANY = (["right", "a", "a", "b", None] * 5, [True, False, False, False, False] * 5, [0.9, 0.4, 0.45, 0.3, 0.2] * 5)


def test_of_many_answers_random_orders_are_read_and_their_error_is_known():
    found, error = weighted_at_all_k(*MANY)
    assert (found == weighted_at_all_k(*MANY)[0]).all()
    assert found[0] == pytest.approx(0.2, abs=4 * 0.02)
    assert error[0] == pytest.approx((0.2 * 0.8 / ORDERS) ** 0.5, rel=0.2)
    others = np.array([weighted_at_all_k(*MANY, seed=seed)[0] for seed in range(1, 40)])
    assert others.std(axis=0)[:10] == pytest.approx(error[:10], rel=0.4)
    assert error[-1] == 0  # all of them vote


def test_equal_weights_are_majority_votes():
    drawn = ["right", "right", "a", "a", "b", None, "right"]
    right, wrong, abstained = votes(drawn, [a == "right" for a in drawn])
    found = weighted_at_all_k(drawn, [a == "right" for a in drawn], [0.7] * len(drawn))[0]
    assert found == pytest.approx(majority_at_all_k(right, wrong, abstained))


def test_many_different_wrong_answers_stay_within_memory():
    """Six hundred answers, two hundred of them different: block after block, and still the shares of one draw."""
    curve = majority_at_all_k(300, (5,) * 20 + (1,) * 200)
    assert curve[0] == pytest.approx(0.5)
    assert curve[-1] == pytest.approx(1)


def test_scores_below_zero_still_vote():
    assert weighted_at_all_k(["right", "a"], [True, False], [-1.0, -3.0])[0] == pytest.approx([0.5, 1.0])


@pytest.mark.parametrize("power", [0.3, 1.0, 6.0])
def test_many_different_questions_have_the_interval_of_their_resampled_mean(power):
    """Skewed ones too: beside the bootstrap that draws each question by itself."""
    values = np.random.default_rng(3).random(600) ** power
    found = over_questions(values)
    drawn = values[np.random.default_rng(4).integers(0, 600, (20_000, 600))].mean(axis=1)
    low, high = found.value + (np.quantile(drawn, [0.05, 0.95]) - found.value) * (600 / 599) ** 0.5 * (1 + 0.926 / 599)
    assert (found.low, found.high) == (pytest.approx(low, abs=3e-4), pytest.approx(high, abs=3e-4))
    assert found.value - found.low != pytest.approx(found.high - found.value, rel=1e-3) or power == 1.0
