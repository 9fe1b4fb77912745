"""Whether runs differ by more than chance: against textbook tests, by enumeration, and on simulated runs."""

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy import stats

from advisor.accuracy.agreement import LEVEL, _exact, differ, p_value

RNG_SEED = 7


def run_of(right, n=1):
    """A run with `right` of n answers right to questions 0, 1, …"""
    return {f"q{q}": (int(r), n) for q, r in enumerate(right)}


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (9, 1), (12, 0), (5, 5), (3, 14)])
def test_one_answer_each_is_mcnemars_exact_test(only_first, only_second):
    tables = [((1, 1), (0, 1))] * only_first + [((0, 1), (1, 1))] * only_second + [((1, 1), (1, 1))] * 7
    n = only_first + only_second
    expected = min(1.0, 2 * stats.binom.cdf(min(only_first, only_second), n, 0.5))
    assert _exact(tables) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("first", "second"), [((3, 10), (9, 10)), ((1, 1), (2, 8)), ((0, 5), (40, 40))])
def test_one_question_is_fishers_exact_test(first, second):
    (a, n), (b, m) = first, second
    each = stats.hypergeom(n + m, a + b, n)
    expected = min(1.0, 2 * min(each.cdf(a), each.sf(a - 1)))
    assert _exact([(first, second)]) == pytest.approx(expected, rel=1e-9)


def test_several_questions_by_enumeration():
    tables = [((2, 3), (1, 2)), ((1, 1), (3, 4)), ((4, 4), (0, 3))]
    below = above = 0.0
    shapes = [(n, m, a + b) for (a, n), (b, m) in tables]
    for drawn in product(*(range(n + 1) for n, _, _ in shapes)):
        pairs = list(zip(drawn, shapes, strict=True))
        chance = np.prod([comb(n, k) * comb(m, c - k) / comb(n + m, c) if k <= c else 0 for k, (n, m, c) in pairs])
        below += chance * (sum(drawn) <= 7)
        above += chance * (sum(drawn) >= 7)
    assert _exact(tables) == pytest.approx(min(1.0, 2 * min(below, above)))


def test_the_same_answers_are_no_difference():
    run = run_of([0, 3, 4, 1], 4)
    assert p_value(run, run) == 1
    assert not differ([run, dict(run)])
    assert not differ([run])
    assert not differ([])


def test_order_does_not_matter():
    first, second = run_of([0, 3, 4, 1, 2] * 4, 4), run_of([4, 4, 4, 2, 2] * 4, 4)
    assert p_value(first, second) == pytest.approx(p_value(second, first))


def test_only_shared_questions_are_compared():
    first, second = run_of([1, 0] * 20), run_of([1, 0] * 20)
    second |= {f"other{q}": (1, 1) for q in range(500)}
    assert p_value(first, second) == 1


def test_one_shared_question_tells_nothing():
    assert p_value({"q": (0, 100)}, {"q": (100, 100)}) == 1


def simulated(rng, difficulty, n):
    return {f"q{q}": (int(rng.binomial(n, p)), n) for q, p in enumerate(difficulty)}


EQUAL = {
    "as hard": (lambda rng: np.full(40, 0.5), 4, 4),
    "of every difficulty": (lambda rng: rng.beta(0.5, 0.5, 60), 1, 1),
    "more of one": (lambda rng: np.full(20, 0.1), 1, 8),
    "few": (lambda rng: rng.uniform(0, 1, 6), 8, 8),
}


@pytest.mark.parametrize("kind", EQUAL)
def test_equal_runs_are_hardly_ever_told_apart(kind):
    """At a level of 5 % no more than 5 % of 600 pairs, with three standard errors; at 0.1 % next to none."""
    population, n, other_n = EQUAL[kind]
    rng = np.random.default_rng(RNG_SEED)
    found = []
    for _ in range(600):
        difficulty = population(rng)
        found.append(p_value(simulated(rng, difficulty, n), simulated(rng, difficulty, other_n)))
    assert np.mean(np.array(found) < 0.05) <= 0.05 + 3 * (0.05 * 0.95 / 600) ** 0.5
    assert np.sum(np.array(found) < LEVEL) <= 4  # of more the chance is 1 in 3,000


def test_copies_of_one_answer_are_not_taken_for_many():
    """At temperature 0 all answers of a run to a question are the same; one question in ten goes either way."""
    rng, told_apart = np.random.default_rng(RNG_SEED), 0
    for _ in range(300):
        certain = rng.random(100) < 0.5
        runs = [np.where(rng.random(100) < 0.1, rng.random(100) < 0.5, certain) for _ in range(2)]
        told_apart += p_value(*(run_of(8 * run, 8) for run in runs)) < 0.01
    assert told_apart <= 10


def test_samples_of_other_questions():
    rng = np.random.default_rng(RNG_SEED)
    found = []
    for _ in range(600):
        first, second = (simulated(rng, rng.beta(0.5, 0.5, 50), 4) for _ in range(2))
        found.append(p_value(first, {f"other {q}": tally for q, tally in second.items()}))
    assert np.mean(np.array(found) < 0.05) <= 0.05 + 3 * (0.05 * 0.95 / 600) ** 0.5
    few = {"a": (4, 4), "b": (4, 4), "c": (4, 4)}, {"d": (0, 4), "e": (0, 4), "f": (0, 4)}
    assert p_value(*few) == pytest.approx(0.1)  # two in twenty ways to share out three right ones


@pytest.mark.parametrize(("n_questions", "n", "shared"), [(12, 4, True), (60, 1, True), (60, 4, True), (60, 1, False)])
def test_thirty_against_eighty_percent(n_questions, n, shared):
    rng, told_apart = np.random.default_rng(RNG_SEED), 0
    for _ in range(100):
        ease = rng.normal(0, 0.5, n_questions)
        low, high = (1 / (1 + np.exp(-(ease + shift))) for shift in (-0.9, 1.5))
        first, second = simulated(rng, low, n), simulated(rng, high, n)
        told_apart += differ([first, second if shared else {f"other {q}": t for q, t in second.items()}])
    assert told_apart >= 80


def test_pairs_share_the_level():
    alike = run_of([1, 0] * 10)
    other = run_of([1] * 10 + [1, 0] * 5)  # p-value of the pair: 2/2⁵ by the exact test
    level = 1.01 * p_value(alike, other)
    assert differ([alike, other], level)
    assert not differ([alike, alike, other], level)  # three pairs
