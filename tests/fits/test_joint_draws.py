"""Joint draws of the accuracies on a task: paired, shrunk, and consistent with what was measured."""

import numpy as np
import pytest

from advisor.fits.draws import believed, draws_of, with_draws_of
from advisor.fits.fit import fit
from advisor.fits.joint_draws import with_draws
from advisor.provenance import Provenance
from tests.fits.stored import MODEL, sample, workspace
from tests.recommendation.made import point

OTHER = "Qwen/Qwen3-32B"


def answers(model, chances, *, seed, samples=4):
    """Plain answers to questions with these chances of a right one."""
    rng = np.random.default_rng(seed)
    return [
        sample(q, i, bool(rng.random() < chance), 100 + q, model=model, run_id=model.split("/")[-1])
        for q, chance in enumerate(chances)
        for i in range(samples)
    ]


def fitted(folder, samples, task="mine"):
    ws = workspace(folder, samples)
    fit(ws)
    return [p for p in ws.fits.points if p.task == task]


def single(points, model):
    (found,) = (p for p in points if (p.model, p.strategy, p.n_samples) == (model, "majority", 1))
    return found


def test_one_model_alone_is_believed_as_measured(tmp_path):
    points = fitted(tmp_path, answers(MODEL, np.linspace(0.1, 0.9, 80), seed=0))
    for p in points:
        assert believed(p).accuracy == pytest.approx(p.accuracy, abs=2e-5)
        assert believed(p).low == pytest.approx(p.low, abs=0.02)
        assert believed(p).high == pytest.approx(p.high, abs=0.02)


def test_two_models_are_paired_on_the_questions_they_share(tmp_path):
    chances = np.repeat([0.02, 0.98], 60)
    points = fitted(tmp_path, [*answers(MODEL, chances, seed=1), *answers(OTHER, chances, seed=2)])
    one, other = (draws_of(single(points, model)) for model in (MODEL, OTHER))
    assert np.corrcoef(one, other)[0, 1] > 0.7
    assert (one - other).std() < 0.6 * one.std()


def test_votes_of_the_same_answers_move_together(tmp_path):
    points = fitted(tmp_path, answers(MODEL, np.random.default_rng(3).random(100), seed=3, samples=8))
    one, vote = single(points, MODEL), next(p for p in points if p.n_samples == 8)
    assert (draws_of(vote) - draws_of(one)).std() < draws_of(one).std()


def test_equal_models_are_shrunk_and_far_ones_are_not(tmp_path):
    rng = np.random.default_rng(4)
    models = [f"own/m{i}" for i in range(8)]
    chances = rng.beta(2, 2, 60)
    near = [row for i, model in enumerate(models) for row in answers(model, chances, seed=i, samples=1)]
    points = fitted(tmp_path, [*near, *answers("own/far", np.full(60, 0.99), seed=9, samples=1)])
    seen = np.array([single(points, model).accuracy for model in models])
    claimed = np.array([believed(single(points, model)).accuracy for model in models])
    assert claimed.std() < 0.75 * seen.std()
    assert np.corrcoef(seen, claimed)[0, 1] > 0.9
    far = single(points, "own/far")
    assert believed(far).accuracy == pytest.approx(far.accuracy, abs=0.03)


def test_published_points_are_shrunk_with_the_measured_ones():
    published = [
        point(model=f"own/m{i}", provenance=Provenance.PUBLISHED, accuracy=a, low=a - 0.08, high=a + 0.08)
        for i, a in enumerate([0.5, 0.52, 0.48, 0.5, 0.51, 0.62])
    ]
    found = with_draws([], published)
    assert [p.accuracy for p in found] == [p.accuracy for p in published]
    assert believed(found[-1]).accuracy < 0.59


def test_points_that_ship_are_counted_beside_ones_own():
    own = point(provenance=Provenance.PUBLISHED, accuracy=0.62, low=0.54, high=0.70)
    known = [point(model=f"own/m{i}", accuracy=a, runs=str(i)) for i, a in enumerate([0.5, 0.52, 0.48, 0.5, 0.51])]
    ((alone,), (beside,)) = (with_draws([], [own]), with_draws([], [own], known))
    assert believed(alone).accuracy == pytest.approx(0.62, abs=1e-6)
    assert believed(beside).accuracy < 0.6


def test_where_all_answers_are_right_the_interval_is_still_that_of_few_questions(tmp_path):
    (p,) = (p for p in fitted(tmp_path, answers(MODEL, np.ones(20), seed=0, samples=1)) if p.strategy == "majority")
    assert believed(p).low == pytest.approx(p.low, abs=0.05)
    assert p.low < 0.9


def test_draws_are_read_as_they_were_written():
    draws = np.clip(0.5 + 0.1 * np.random.default_rng(0).standard_normal(300), 0, 1)
    stored = with_draws_of(point(), draws)
    assert draws_of(stored) == pytest.approx(draws, abs=1e-4)
    assert draws_of(stored).mean() == pytest.approx(draws.mean(), abs=1e-12)
    assert believed(stored).accuracy == pytest.approx(draws.mean())


def test_without_draws_the_interval_says_them():
    draws = draws_of(point())
    assert draws.mean() == pytest.approx(0.5)
    assert np.quantile(draws, 0.95) == pytest.approx(0.58, abs=0.01)
    assert believed(point()) == point()


def test_where_all_are_right_without_a_cap_a_cap_is_still_what_was_counted(tmp_path):
    rows = [sample(q, 0, True, 900 if q % 3 else 3000, model=m, run_id=m) for m in (MODEL, OTHER) for q in range(30)]
    points = fitted(tmp_path, rows)
    capped = [p for p in points if p.strategy == "thinking-budget" and p.token_budget in (1024, 2048)]
    assert capped
    for p in capped:
        assert believed(p).accuracy == pytest.approx(p.accuracy, abs=0.04)
        assert believed(p).high - believed(p).low < 0.4


def test_models_that_are_always_right_are_best_equally_often(tmp_path):
    rows = [sample(q, 0, True, 100, model=m, run_id=m) for m in (MODEL, OTHER) for q in range(30)]
    points = fitted(tmp_path, rows)
    one, other = (draws_of(single(points, model)) for model in (MODEL, OTHER))
    assert np.mean(one > other) == pytest.approx(0.5, abs=0.1)
    assert np.mean(one == other) < 0.1


def test_answers_far_from_what_ships_are_said_to_be(tmp_path):
    shipped = [p for p in fitted(tmp_path / "none", []) or workspace(tmp_path).fits.points if p.task == "gpqa-diamond"]
    model = next(p.model for p in shipped if p.strategy == "majority" and p.n_samples == 1 and p.accuracy > 0.6)
    rows = [sample(q, 0, q % 5 == 0, 100, model=model, run_id="own", task="gpqa-diamond") for q in range(100)]
    notes = fit(workspace(tmp_path / "ws", rows)).notes
    assert any("your answers to gpqa-diamond are right" in note and "less often" in note for note in notes)
