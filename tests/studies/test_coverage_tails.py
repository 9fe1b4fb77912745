"""How coverage grows, and how well a part of the answers tells the rest."""

import numpy as np
import pytest

from advisor.studies.coverage_tails import coverage_by_task, coverage_forecasts, spread
from advisor.studies.coverage_tails import coverage_tails as tails_of
from advisor.studies.size_families import Counts


def counts(right, drawn):
    names = tuple(f"q{q}" for q in range(len(right)))
    return Counts("m", "t", "made", names, np.array(right, dtype=float), np.full(len(right), float(drawn)), None)


def coverage_tails(several):
    return tails_of(coverage_forecasts(several))


CHANCES = np.random.default_rng(0).beta(0.3, 3.0, 300)
DRAWN = np.random.default_rng(1).binomial(4096, CHANCES)


def test_the_tail_of_known_chances():
    (found,) = coverage_tails([counts(DRAWN, 4096)])
    assert found.alpha == pytest.approx(0.3, rel=0.2)
    assert found.one.value == pytest.approx((DRAWN / 4096).mean())
    assert found.all.value == pytest.approx((DRAWN > 0).mean())
    assert found.exponent.low < found.exponent.value < found.exponent.high
    # −log coverage falls as k^−α where nearly all is covered, more slowly before
    assert 0.2 < found.exponent.value < 0.4
    assert found.predicted_by_tail == pytest.approx(found.all.value, abs=0.03)


def test_where_nothing_is_right_no_law_is_found():
    (found,) = coverage_tails([counts([0] * 20, 100)])
    assert (found.exponent, found.r_squared, found.predicted_by_power_law) == (None, None, None)
    assert found.all.value == 0


def test_few_answers_say_nothing():
    assert not coverage_tails([counts([1] * 20, 63)])


def test_numbers_of_answers_at_equal_ratios():
    assert spread(1).tolist() == [1]
    assert spread(1000)[[0, -1]].tolist() == [1, 1000]
    assert (np.diff(spread(50)) >= 1).all()


def test_misses_of_a_task_over_models_that_share_its_questions():
    other = np.random.default_rng(2).binomial(4096, CHANCES**0.5)
    tails = coverage_tails([counts(DRAWN, 4096)])
    (one,) = coverage_by_task(coverage_forecasts([counts(DRAWN, 4096)]))
    assert (one.task, one.n_models, one.n_questions) == ("t", 1, 300)
    found = one.predictions
    assert found.tail.low <= found.tail.value <= found.tail.high < 0.06
    assert found.law.value == pytest.approx(abs(tails[0].law_miss.value), abs=0.01)
    assert found.closer.value == pytest.approx(found.law.value - found.tail.value)
    assert one.fit.value == pytest.approx(tails[0].fit_miss)
    assert 0 < one.fit.value < 0.02
    (two,) = coverage_by_task(coverage_forecasts([counts(DRAWN, 4096), counts(other, 4096)]))
    assert (two.n_models, two.left_out, two.predictions.n_models) == (2, 0, 2)
    assert not coverage_by_task(coverage_forecasts([counts([0] * 20, 100)]))


def test_a_prediction_takes_right_answers_in_the_part():
    """Of one in a hundred right, every 16th of 128 answers holds 8 for 100 questions."""
    few = np.random.default_rng(3).binomial(128, 0.01, 100)
    (task,) = coverage_by_task(coverage_forecasts([counts(few, 128), counts([0] * 100, 128)]))
    assert (task.n_models, task.left_out, task.predictions) == (1, 1, None)
    (tail, _) = coverage_tails([counts(few, 128), counts([0] * 100, 128)])
    assert tail.right_in_part == pytest.approx(few.sum() / 16)
