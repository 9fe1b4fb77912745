"""Differences of two kinds at equal controls: known truths, brute force, and how sure they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.accuracy.resampling import DRAWS
from advisor.studies.adjusted import Cells, architecture_weights, differences, interval, pooled, widened


def columns(values):
    """Figures without noise of their own, as draws."""
    return np.tile(np.asarray(values, dtype=float)[:, None], (1, DRAWS + 1))


def world(n_tasks=3, n=6, effect=0.7, slope=1.3, noise=0.0, seed=0, gap=1.0):
    """Models of two kinds on tasks with levels of their own; the kind has `gap` more of the control."""
    rng = np.random.default_rng(seed)
    rows = []
    for task in range(n_tasks):
        for m in range(2 * n):
            kind = m < n
            x = rng.normal() + gap * kind
            rows.append(
                (f"t{task}", f"m{task}-{m}", kind, x, 5.0 * task + slope * x + effect * kind + noise * rng.normal())
            )
    tasks, models, kinds, x, y = zip(*rows, strict=True)
    return Cells(tasks, models, kinds, models), np.array(y), np.array(x)


def test_a_known_difference_comes_out_exactly_without_noise():
    cells, y, x = world()
    found = differences(cells, columns(y), [columns(x)])
    assert found.pooled == pytest.approx(0.7)
    assert set(found.by_group) == {"t0", "t1", "t2"}
    assert all(draws == pytest.approx(0.7) for draws in found.by_group.values())


def test_without_its_control_the_difference_is_another():
    cells, y, x = world(gap=2.0)
    found = differences(cells, columns(y), [columns(np.zeros_like(x))])
    assert found.pooled[0] == pytest.approx(0.7 + 1.3 * 2.0, abs=0.6)


def test_a_date_that_explains_everything_leaves_nothing():
    """Newer models are better, and most of the kind are new: at equal date there is no difference."""
    cells, _, x = world(effect=0.0, gap=1.5)
    y = 2.0 * x
    assert differences(cells, columns(y), [columns(np.sin(np.arange(len(x))))]).pooled[0] > 1
    assert differences(cells, columns(y), [columns(x)]).pooled == pytest.approx(0.0, abs=1e-9)


def test_the_estimate_is_that_of_least_squares():
    cells, y, x = world(n_tasks=2, noise=0.5, seed=3)
    found = differences(cells, columns(y), [columns(x)])
    names = sorted(set(zip(cells.tasks, cells.kind, strict=True)))
    at = [names.index(cell) for cell in zip(cells.tasks, cells.kind, strict=True)]
    design = np.column_stack([np.eye(len(names))[at], x])
    fitted = np.linalg.lstsq(design, y, rcond=None)[0]
    for task in ("t0", "t1"):
        expected = fitted[names.index((task, True))] - fitted[names.index((task, False))]
        assert found.by_group[task][0] == pytest.approx(expected)


def test_intervals_hold_what_they_promise():
    """Over worlds with noise; between 80 and 100 % of the intervals hold the truth, and they are not endless."""
    held, widths = 0, []
    for seed in range(60):
        cells, y, x = world(n_tasks=3, n=5, noise=0.6, seed=seed)
        found = interval(differences(cells, columns(y), [columns(x)]).pooled)
        held += found.low <= 0.7 <= found.high
        widths.append(found.high - found.low)
    assert 0.8 <= held / 60 <= 1.0
    assert np.median(widths) < 1.5


def test_tasks_with_too_few_architectures_show_no_difference():
    tasks, models, kinds = ("a",) * 5, tuple("uvxyz"), (True, True, False, False, False)
    y = columns([1.0, 2.0, 3.0, 4.0, 5.0])
    tuned = Cells(tasks, models, kinds, ("p", "p", "q", "r", "s"))
    assert differences(tuned, y, [columns([0.0, 1, 2, 3, 4])]) is None
    own = Cells(tasks, models, kinds, ("p", "o", "q", "r", "s"))
    assert differences(own, y, [columns([0.0, 1, 2, 3, 4])]) is not None
    assert own.comparable == {"a": 2}


def test_tasks_with_the_very_same_models_count_as_one():
    """A task is repeated ten times under other names: neither estimate nor interval changes."""
    cells, y, x = world(n_tasks=2, n=4, noise=0.5, seed=1)
    again = [i for i, task in enumerate(cells.tasks) if task == "t1"]
    tasks = cells.tasks + tuple(f"t1 again {k}" for k in range(10) for _ in again)
    models, kinds = (c + tuple(c[i] for _ in range(10) for i in again) for c in (cells.models, cells.kind))
    order = [*range(len(y)), *(again * 10)]
    longer = Cells(tasks, models, kinds, models)
    once = differences(cells, columns(y), [columns(x)])
    often = differences(longer, columns(y[order]), [columns(x[order])])
    assert set(often.by_group) == {"t0", "t1"}
    assert often.pooled == pytest.approx(once.pooled, abs=1e-9)


def test_models_tuned_from_one_are_no_more_models():
    """Four architectures of each kind, five models tuned from each: taken for twenty, intervals hold too little."""
    held = {"tuned": 0, "apart": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        own = np.repeat(rng.normal(size=8), 5)
        kinds = tuple(np.repeat([True, False], 20).tolist())
        x, names = rng.normal(size=40), tuple(f"m{i}" for i in range(40))
        y = own + 0.1 * rng.normal(size=40)
        architectures = tuple(f"a{i // 5}" for i in range(40))
        for how, whose in (("tuned", architectures), ("apart", names)):
            found = interval(differences(Cells(("t",) * 40, names, kinds, whose), columns(y), [columns(x)]).pooled)
            held[how] += found.low <= 0 <= found.high
    assert held["tuned"] >= 48
    assert held["apart"] < 42


def interval_ends(draws):
    found = interval(draws)
    return [found.low, found.high]


def test_noise_of_figures_widens():
    cells, y, x = world(noise=0.1, seed=4)
    noisy = columns(y)
    noisy[:, 1:] += np.random.default_rng(0).normal(size=(len(y), DRAWS))
    plain, wide = (interval_ends(differences(cells, each, [columns(x)]).pooled) for each in (columns(y), noisy))
    assert np.ptp(wide) > 2 * np.ptp(plain)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_mean_over_groups_lies_among_them(values):
    rng = np.random.default_rng(5)
    groups = [np.concatenate([[v], v + 0.2 * rng.normal(size=DRAWS)]) for v in values]
    assert min(values) - 1e-9 <= pooled(groups)[0] <= max(values) + 1e-9


def test_groups_that_differ_make_their_mean_less_sure():
    rng = np.random.default_rng(6)
    alike, apart = (
        [np.concatenate([[v], v + 0.1 * rng.normal(size=DRAWS)]) for v in values]
        for values in ([1.0, 1.0, 1.0], [-2.0, 1.0, 4.0])
    )
    assert pooled(apart)[0] == pytest.approx(1.0, abs=0.05)
    assert np.std(pooled(apart)[1:]) > 5 * np.std(pooled(alike)[1:])


def test_groups_that_differ_count_alike_however_sure_each_is():
    rng = np.random.default_rng(7)
    sure, unsure = (np.concatenate([[v], v + e * rng.normal(size=DRAWS)]) for v, e in ((0.0, 0.01), (10.0, 1.0)))
    assert pooled([sure, unsure])[0] == pytest.approx(5, abs=0.5)
    near = np.concatenate([[0.5], 0.5 + rng.normal(size=DRAWS)])
    assert pooled([sure, near])[0] == pytest.approx(0, abs=0.01)


def test_few_models_widen_by_the_known_factor():
    draws = np.concatenate([[1.0], np.linspace(-1, 1, DRAWS)])
    found = widened(draws, 2)
    assert found[0] == 1.0
    assert found[1:].mean() == pytest.approx(1.0)
    assert np.ptp(found[1:]) == pytest.approx(2 * 3**0.5 * 1.926)
    assert np.ptp(widened(draws, 1000)[1:]) == pytest.approx(2, rel=0.01)


def test_an_architecture_has_the_same_weights_everywhere():
    assert np.array_equal(architecture_weights("a"), architecture_weights("a"))
    assert not np.array_equal(architecture_weights("a"), architecture_weights("b"))
    assert architecture_weights("a")[0] == 1.0
    assert architecture_weights("a")[1:].mean() == pytest.approx(1.0, abs=0.2)
