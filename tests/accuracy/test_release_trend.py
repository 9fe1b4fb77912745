"""The regression of accuracy on compute and date, in worlds whose slopes are known."""

import numpy as np
import pytest

from advisor.accuracy.dominance import unbeaten
from advisor.accuracy.release_trend import (
    UNKNOWN,
    Over,
    Releases,
    fits,
    logits,
    points,
    release_trend,
    release_weights,
    why_not,
)

PER_DECADE, PER_YEAR = 0.9, 0.6


def share(eta, floor=0.0):
    return floor + (1 - floor) / (1 + np.exp(-eta))


def releases(years, flops, accuracies, draws=None, floor=0.0, groups=None, questions=200.0):
    draws = np.tile(accuracies[:, None], 40) if draws is None else draws
    beside = years[None, :] <= years[:, None]
    costs = np.tile(flops[:, None], draws.shape[1])
    return Releases(
        years=years,
        flops=flops,
        accuracies=accuracies,
        draws=draws,
        questions=np.full(len(years), questions),
        groups=groups or [str(i) for i in range(len(years))],
        leads=unbeaten(flops[:, None], accuracies[:, None], beside)[:, 0],
        leads_draws=unbeaten(costs, draws, beside),
        floor=floor,
    )


def world(seed, n=30, per_decade=PER_DECADE, per_year=PER_YEAR, spread=0.3, questions=198, floor=0.0):
    """Models whose logits lie around a plane, and as many questions, drawn anew for all of them together."""
    rng = np.random.default_rng(seed)
    years = np.round(12 * rng.uniform(2023, 2025.5, n)) / 12
    powers = rng.uniform(13, 15.3, n) + 0.2 * (years - 2024)
    eta = per_decade * (powers - 14) + per_year * (years - 2024.25) + rng.normal(0, spread, n)
    correct = rng.random((n, questions)) < share(eta, floor)[:, None]
    weights = rng.exponential(size=(questions, 100))
    accuracies = correct.mean(axis=1)
    draws = correct @ weights / weights.sum(axis=0)
    draws = np.clip(accuracies[:, None] + draws - draws.mean(axis=1, keepdims=True), 0, 1)
    return releases(years, 10**powers, accuracies, draws, floor)


def with_a_lucky_one(r, flops):
    """And a model that is always right at these FLOPs, so unsure that it weighs nothing."""
    accuracies = np.append(r.accuracies, 1.0)
    draws = np.tile(accuracies[:, None], 40)
    draws[-1, ::2] = 0.0
    return releases(np.append(r.years, 2023), np.append(r.flops, flops), accuracies, draws, r.floor, questions=1e9)


def exact(per_decade=PER_DECADE, per_year=PER_YEAR, floor=0.0):
    """Models exactly on the plane, asked so many questions that none of them counts."""
    years, powers = (each.ravel() for each in np.meshgrid(2023 + np.arange(4) / 2, np.arange(13, 15.1, 0.5)))
    eta = per_decade * (powers - 14) + per_year * (years - years.max())
    return releases(years, 10**powers, share(eta, floor), floor=floor, questions=1e9)


@pytest.mark.parametrize("over", [Over.ALL, Over.UPPER])
@pytest.mark.parametrize("floor", [0.0, 0.25])
def test_what_lies_on_the_plane_is_found_exactly(over, floor):
    found = release_trend(with_a_lucky_one(exact(floor=floor), 1e13), over, target=share(0.3, floor), seed=1)
    assert found.per_decade.value == pytest.approx(PER_DECADE, abs=1e-4)
    assert found.per_year.value == pytest.approx(PER_YEAR, abs=1e-4)
    assert found.gain.value == pytest.approx(10 ** (PER_YEAR / PER_DECADE), rel=1e-3)
    assert found.halving.value == pytest.approx(12 * np.log10(2) * PER_DECADE / PER_YEAR, rel=1e-3)
    assert found.needed.value == pytest.approx(10 ** (14 + 0.3 / PER_DECADE), rel=1e-3)
    assert found.residual < 0.01


@pytest.mark.parametrize("over", [Over.ALL, Over.UPPER])
def test_intervals_hold_the_truth(over):
    held = {"gain": 0, "per_decade": 0, "per_year": 0}
    worlds = 25
    for seed in range(worlds):
        found = release_trend(world(seed), over, target=0.6, seed=seed)
        gain = 10 ** (PER_YEAR / PER_DECADE)
        held["gain"] += (found.gain.low or 0) <= gain <= (found.gain.high or np.inf)
        held["per_decade"] += found.per_decade.low <= PER_DECADE <= found.per_decade.high
        held["per_year"] += found.per_year.low <= PER_YEAR <= found.per_year.high
    assert min(held.values()) >= 20  # 90 % of 25 and three standard errors below


def test_intervals_tell_something():
    found = release_trend(world(1, n=60), Over.ALL, target=0.6)
    assert found.per_decade.high - found.per_decade.low < 0.8
    assert found.gain.low > 1
    assert found.gain.high < 30


def test_models_that_led_are_chosen_by_their_luck_and_the_upper_edge_is_not():
    """Where all models are alike and compute buys nothing, the lucky ones lead."""
    biased, edge = [], []
    for seed in range(12):
        r = world(seed, n=50, per_decade=0.0, per_year=0.0, spread=0.6)
        if not why_not(r, Over.FRONTIER):
            biased.append(release_trend(r, Over.FRONTIER, 0.6).per_decade.value)
        edge.append(release_trend(r, Over.UPPER, 0.6).per_decade.value)
    assert abs(np.mean(edge)) < 0.15
    assert np.mean(biased) > 0.25


def test_where_compute_does_not_help_the_gain_is_open_and_never_a_number():
    found = release_trend(world(3, per_decade=0.0, per_year=0.8), Over.ALL, target=0.6)
    assert found.gain.high is None
    assert found.halving.low is None
    assert found.untold > 0.05


def test_without_any_trend_in_compute_or_date_nothing_is_told():
    found = release_trend(world(5, per_decade=0.0, per_year=0.0), Over.ALL, target=0.6)
    assert found.gain == UNKNOWN
    assert found.halving == UNKNOWN


def test_where_later_models_are_worse_compute_never_halves():
    found = release_trend(world(2, n=60, per_year=-1.2), Over.ALL, target=0.6)
    assert found.gain.high < 1
    assert found.halving == UNKNOWN


def test_a_target_outside_what_was_measured_is_no_number():
    low, high = (release_trend(exact(), Over.ALL, target=t).needed for t in (0.01, 0.999))
    assert low.value is None
    assert high == UNKNOWN  # no model reached it


def test_a_needed_compute_is_never_below_what_was_measured_to_reach_the_target():
    target = share(0.3)
    assert release_trend(exact(), Over.ALL, target).needed == UNKNOWN  # 2.15e14, and 3.16e14 was the least that did
    lucky = with_a_lucky_one(exact(), 2e14)
    assert release_trend(lucky, Over.ALL, target).needed.value == pytest.approx(10 ** (14 + 0.3 / PER_DECADE), rel=1e-3)
    for seed in range(6):
        r = world(seed)
        needed = release_trend(r, Over.ALL, 0.6).needed
        least = r.flops[r.accuracies >= 0.6].min()
        assert all(each is None or each >= least for each in (needed.value, needed.low, needed.high))


def test_models_that_came_out_together_are_one_piece_of_evidence():
    one = world(4, n=24)
    twins = ["a" if i < 12 else str(i) for i in range(24)]
    together = releases(one.years, one.flops, one.accuracies, one.draws, groups=twins)
    alone, shared = (release_trend(each, Over.ALL, 0.6) for each in (one, together))
    assert shared.n_releases == 13
    assert shared.per_decade.value == alone.per_decade.value
    width = [each.per_decade.high - each.per_decade.low for each in (alone, shared)]
    assert width[1] > width[0]


def test_a_release_has_one_weight_a_draw():
    weights = release_weights(["b", "a", "b", "c"], 500, seed=1)
    assert np.array_equal(weights[:, 0], weights[:, 2])
    assert abs(np.corrcoef(weights[:, 0], weights[:, 1])[0, 1]) < 0.15
    assert weights.mean() == pytest.approx(1.0, abs=0.1)
    assert np.array_equal(release_weights(["d", "b"], 500, seed=1)[:, 1], weights[:, 0])


def test_a_noisy_accuracy_counts_less():
    r = exact()
    accuracies = r.accuracies.copy()
    accuracies[0] = 0.9
    rng = np.random.default_rng(0)
    draws = np.tile(accuracies[:, None], 100)
    sure = release_trend(releases(r.years, r.flops, accuracies, draws, questions=1e9), Over.ALL, 0.6)
    draws[0] = share(rng.normal(logits(accuracies[:1], np.array([1e9]))[0], 3.0, 100))
    unsure = release_trend(releases(r.years, r.flops, accuracies, draws, questions=1e9), Over.ALL, 0.6)
    off = [abs(each.per_decade.value - PER_DECADE) for each in (sure, unsure)]
    assert off[1] < off[0] / 2


def test_why_there_is_no_fit():
    r = exact()
    few = releases(r.years[:5], r.flops[:5], r.accuracies[:5])
    assert why_not(few, Over.ALL) == "5 answers of 5 releases; it takes 8 answers of 6"
    together = releases(r.years, r.flops, r.accuracies, groups=["one"] * len(r.years))
    assert "of 1 release;" in why_not(together, Over.ALL)
    assert "dates span 0 months" in why_not(releases(0 * r.years + 2024, r.flops, r.accuracies), Over.ALL)
    assert "compute spans a factor 1" in why_not(releases(r.years, 0 * r.flops + 1e14, r.accuracies), Over.ALL)
    even = releases(r.years, 10 ** (14 + r.years - 2023), r.accuracies)
    assert "cannot be told apart" in why_not(even, Over.ALL)
    assert why_not(r, Over.ALL) == ""


def test_accuracies_of_one_and_none_are_finite_logits_and_symmetric():
    found = logits(np.array([0.0, 0.5, 1.0]), np.array([10.0, 10.0, 10.0]))
    assert found.tolist() == pytest.approx([-np.log(21), 0.0, np.log(21)])
    assert logits(np.array([0.25, 0.625]), np.array([1e9, 1e9]), 0.25)[1] == pytest.approx(0.0)


def test_a_slope_in_points_is_the_derivative():
    for floor in (0.0, 0.25):
        accuracy, step = share(0.4, floor), 1e-6
        risen = share(0.4 + step * 2.0, floor)
        assert points(2.0, accuracy, floor) == pytest.approx((risen - accuracy) / step, rel=1e-3)


def test_an_expectile_leaves_as_many_weighted_deviations_above_as_below():
    rng = np.random.default_rng(0)
    features = np.column_stack([np.ones(200), rng.normal(size=200)])
    y = features @ [1.0, 2.0] + rng.normal(size=200)
    (found,) = fits(features, y[None], np.ones((1, 200)), 0.9)
    rest = y - features @ found
    assert 0.9 * rest[rest > 0].sum() == pytest.approx(-0.1 * rest[rest < 0].sum())
    (middle,) = fits(features, y[None], np.ones((1, 200)), 0.5)
    assert middle.tolist() == pytest.approx(np.linalg.lstsq(features, y, rcond=None)[0].tolist())


def test_a_fit_without_a_solution_is_not_a_number():
    features = np.column_stack([np.ones(4), np.arange(4.0)])
    weights = np.array([[1.0, 1, 1, 1], [1.0, 0, 0, 0], [0.0, 0, 0, 0]])
    found = fits(features, np.tile(np.arange(4.0), (3, 1)), weights, 0.5)
    assert np.isfinite(found).all(axis=1).tolist() == [True, False, False]
