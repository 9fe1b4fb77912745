"""Bins of difficulty by other models, with a saturation point and accuracies of their own."""

import numpy as np
import pytest

from advisor.accuracy.estimators import over_questions
from advisor.fits.costs import policy_flops
from advisor.fits.curve_priors import read_learned
from advisor.studies.answer_sets import answer_sets
from advisor.studies.difficulty import Difficulty, by_difficulty
from tests.known import SHIPPED
from tests.studies.stored_answers import MODELS, alone, answer

ENDINGS = read_learned(SHIPPED).endings
N = 24


def solved(question, model):
    """Other models solve none of the first third of the questions, one of three of the second, all of the last."""
    return question >= 2 * N // 3 or (question >= N // 3 and model == MODELS[1])


def tokens(question, index, rng):
    """Answers to harder questions are four times as long a third."""
    return int((4 ** (2 - question * 3 // N)) * rng.integers(200, 401))


def made(n_others=3):
    rng = np.random.default_rng(0)
    answers = [answer(q, i, rng.random() < 0.8, tokens(q, i, rng)) for q in range(N) for i in range(6)]
    answers += [answer(q, 0, solved(q, m), None, model=m) for m in MODELS[1 : 1 + n_others] for q in range(N)]
    return answers


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    sets = answer_sets(alone(tmp_path_factory.mktemp("made"), made()))
    few = [each for each in by_difficulty(sets, ENDINGS, 0.005, SHIPPED.models).bins if each.model == MODELS[0]]
    assert all(each.saturation is None for each in few)  # eight questions are too few for a curve
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("advisor.studies.difficulty.QUESTIONS_NEEDED", 8)
        return by_difficulty(sets, ENDINGS, 0.005, SHIPPED.models)


def test_questions_are_binned_by_the_other_models_alone(found):
    own = [each for each in found.bins if each.model == MODELS[0]]
    assert [each.difficulty for each in own] == list(Difficulty)
    assert [(each.n_questions, each.n_answers, each.n_models) for each in own] == [(N // 3, 2 * N, 3)] * 3


def test_harder_questions_with_longer_answers_saturate_later(found):
    hard, middle, easy = (each for each in found.bins if each.model == MODELS[0])
    assert hard.saturation.value > 3 * middle.saturation.value > 9 * easy.saturation.value
    assert 200 < easy.saturation.value <= 400
    spent = [min(row["generated_tokens"], easy.saturation.value) for row in rows_of(2)]
    flops = policy_flops(SHIPPED.models, MODELS[0], None, np.mean(spent), 1)
    assert easy.flops.value == pytest.approx(flops, rel=0.01)
    assert easy.flops.high < middle.flops.low < middle.flops.high < hard.flops.low
    assert found.shift.saturation.value == pytest.approx(4, abs=0.4)  # doublings: sixteen times as long
    assert found.shift.lengths.value == pytest.approx(4, abs=0.2)
    assert (found.shift.n_pairs, found.shift.tasks) == (1, ("mine",))
    # an eighth of the questions each: the mean length errs
    assert found.shift.lengths.low < found.shift.lengths.value < found.shift.lengths.high


def rows_of(third):
    """The model's answers to a third of the questions."""
    rows = [each for each in made() if each["model"] == MODELS[0]]
    return [each for each in rows if int(each["question_id"][1:]) * 3 // N == third]


def test_the_accuracy_under_a_cap_is_that_of_the_answers_of_the_bin_that_end_and_are_right(found):
    checked = 0
    for point in found.points:
        if point.model != MODELS[0]:
            continue
        third = list(Difficulty).index(point.difficulty)
        own = rows_of(third)
        cap = point.token_cap or 10**9
        right = [
            np.mean([e["correct"] and e["generated_tokens"] <= cap for e in own if e["question_id"] == f"q{q}"])
            for q in range(N)
            if q * 3 // N == third
        ]
        assert point.accuracy == over_questions(np.array(right))
        assert point.tokens == pytest.approx(np.mean([min(e["generated_tokens"], cap) for e in own]))
        checked += 1
    assert checked >= 5


def test_with_two_other_models_difficulty_is_not_told(tmp_path):
    sets = answer_sets(alone(tmp_path, made(n_others=2)))
    known = by_difficulty(sets, ENDINGS, 0.005, SHIPPED.models)
    assert (known.bins, known.points, known.shift.n_pairs, known.shift.saturation) == ((), (), 0, None)
