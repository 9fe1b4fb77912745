"""What wrong answers cost, by hand."""

import numpy as np
import pytest

from advisor.fits.costs import policy_flops
from advisor.studies.answer_sets import answer_sets
from advisor.studies.token_prices import TokenPrice
from advisor.studies.wrong_costs import answer_costs
from tests.known import SHIPPED
from tests.studies.stored_answers import MODELS, alone, answer

PRICE = TokenPrice(2e-6, "l4", 1, "one l4")


def costs(folder, answers, price=PRICE):
    [of] = answer_sets(alone(folder, answers))
    return answer_costs(of, *of.timed(), SHIPPED.models, price)


def test_a_question_counts_the_same_however_many_answers_it_has(tmp_path):
    # q0: right 100, wrong 300 and 500; q1: right 200 twice; over questions: half of q1's weight is q0's right third
    answers = [
        answer(0, 0, 1, 100),
        answer(0, 1, 0, 300),
        answer(0, 2, 0, 500),
        *(answer(1, i, 1, 200) for i in (0, 1)),
    ]
    row, drawn = costs(tmp_path, answers)
    right = (100 / 3 + 200) / (1 / 3 + 1)
    wrong = 400
    assert (row.right_tokens, row.wrong_tokens) == pytest.approx((right, wrong))
    assert row.ratio.value == pytest.approx(wrong / right) == drawn.ratio[0]
    assert row.wrong_share.value == pytest.approx((800 / 3) / (900 / 3 + 200))
    assert (row.n_questions, row.n_answers, row.n_wrong, row.n_mixed) == (2, 5, 2, 1)


def test_usd_and_flops_are_those_of_each_answer(tmp_path):
    answers = [answer(q, 0, q < 3, 1000 * 10**q, prompt_tokens=50) for q in range(5)]
    row, _ = costs(tmp_path, answers)
    flops = [policy_flops(SHIPPED.models, MODELS[0], 50, 1000 * 10**q, 1) for q in range(5)]
    assert row.right_flops == pytest.approx(np.mean(flops[:3]))
    assert row.wrong_flops == pytest.approx(np.mean(flops[3:]))
    assert row.wrong_flops_share == pytest.approx(sum(flops[3:]) / sum(flops))
    assert row.wrong_flops_share > row.wrong_share.value  # attention grows with the length
    assert (row.usd_per_million_tokens, row.rent) == (2.0, "one l4")
    assert row.wrong_usd == pytest.approx(2e-6 * np.mean([1e6, 1e7]))
    unpriced, _ = costs(tmp_path / "unpriced", [answer(q, 0, q, 9, model="my/own") for q in range(2)], price=None)
    assert (unpriced.right_usd, unpriced.rent, unpriced.right_flops) == (None, None, None)


def test_within_a_question_difficulty_does_not_count(tmp_path):
    # hard questions take ten times as long and are mostly wrong; on each, wrong answers take as long as right ones
    answers = [
        answer(q, i, i < (1 if q % 2 else 3), (2000 if q % 2 else 200) + 10 * q) for q in range(12) for i in range(4)
    ]
    row, drawn = costs(tmp_path, answers)
    assert row.ratio.low > 1.5
    assert row.n_mixed == 12
    assert (row.within_ratio.value, row.within_ratio.low, row.within_ratio.high) == pytest.approx((1, 1, 1))
    assert drawn.within == pytest.approx(1)


def test_within_a_question_longer_wrong_answers_do(tmp_path):
    answers = [answer(q, i, i < 2, (100 if i < 2 else 300) * (q + 1)) for q in range(6) for i in range(3)]
    row, _ = costs(tmp_path, answers)
    assert row.within_ratio.value == pytest.approx(3)
    few, _ = costs(tmp_path / "few", answers[:12])  # four questions
    assert (few.n_mixed, few.within_ratio) == (4, None)


def test_answers_that_were_cut_or_looped_are_kept_apart(tmp_path):
    answers = [answer(q, 0, 1, 100, finish_reason="stop") for q in range(4)]
    answers += [answer(4, 0, 0, 200, finish_reason="stop"), answer(5, 0, 0, 1000, finish_reason="length")]
    answers += [answer(6, 0, 0, 4000, finish_reason="loop")]
    row, _ = costs(tmp_path, answers)
    assert (row.cut, row.looping) == pytest.approx((1 / 7, 1 / 7))
    assert row.ratio.value == pytest.approx((5200 / 3) / 100)
    assert row.ended_ratio.value == pytest.approx(2)


def test_the_longest_tenth_is_that_of_all_answers_and_its_questions_count_the_same(tmp_path):
    # of forty answers the four longest are of two questions: q9's three, one of them right, and q8's one, wrong
    answers = [answer(q, i, 1, 100 + 4 * q + i) for q in range(8) for i in range(4)]
    answers += [answer(8, i, i, 1000 if i == 0 else 50) for i in range(4)]
    answers += [answer(9, i, i in (2, 3), 1000 + i if i < 3 else 60) for i in range(4)]
    row, drawn = costs(tmp_path, answers)
    assert row.long_wrong.value == pytest.approx((1 + 2 / 3) / 2) == drawn.long_wrong[0]
    assert row.long_wrong.low < row.long_wrong.value


def test_what_was_not_recorded_or_is_not_there_is_not_told(tmp_path):
    row, drawn = costs(tmp_path, [answer(q, 0, 1, 100) for q in range(4)])
    assert (row.cut, row.looping, row.ended_ratio) == (None, None, None)
    assert (row.ratio, row.wrong_tokens, row.wrong_usd, row.wrong_share.value) == (None, None, None, 0.0)
    assert np.isnan(drawn.ratio).all()


def test_an_interval_holds_the_truth_as_often_as_it_says(tmp_path):
    rng = np.random.default_rng(0)
    answers = [
        answer(q, i, correct, int(rng.exponential(1000 if correct else 2000)) + 1, task=f"t{trial}")
        for trial in range(60)
        for q in range(40)
        for i in range(2)
        for correct in [rng.random() < 0.6]
    ]
    rows = [answer_costs(of, *of.timed(), SHIPPED.models, None)[0] for of in answer_sets(alone(tmp_path, answers))]
    assert len(rows) == 60
    assert 0.78 <= np.mean([row.ratio.low <= 2 <= row.ratio.high for row in rows]) <= 0.99
