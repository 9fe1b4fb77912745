"""Offsets of sources: what overlapping models show, and how far sources differ where none overlap."""

from dataclasses import replace

import pytest

from advisor.accuracy.estimators import wilson
from advisor.fits.draws import believed, draws_of
from advisor.fits.joint_draws import with_draws
from advisor.fits.points import published_points
from advisor.fits.sources import of_source, offsets
from advisor.store.published import Published
from tests.recommendation.made import point

LEVELS = (0.3, 0.45, 0.5, 0.6, 0.7, 0.8)


def here(model, accuracy, n=400, task="mine"):
    low, high = wilson(accuracy, n)
    return point(model=model, task=task, accuracy=accuracy, low=low, high=high, n_questions=n, runs=f"run-{model}")


def reported(model, accuracy, source, n=400, task="mine", quality=""):
    origin = "; ".join(part for part in (source, quality) if part)
    return Published(model, task, "majority", 1, n, accuracy, None, None, origin, weak=False, source=source)


def test_a_source_that_is_always_higher_has_that_offset():
    measured = [here(f"m{i}", a) for i, a in enumerate(LEVELS)]
    found = offsets(measured, [reported(f"m{i}", a + 0.08, "paper") for i, a in enumerate(LEVELS)]).of("mine", "paper")
    assert found.value == pytest.approx(0.08, abs=0.02)
    assert 0.005 < found.error < 0.03


def test_a_source_that_agrees_has_none():
    measured = [here(f"m{i}", a) for i, a in enumerate(LEVELS)]
    found = offsets(measured, [reported(f"m{i}", a, "paper") for i, a in enumerate(LEVELS)])
    assert found.of("mine", "paper").value == pytest.approx(0, abs=0.003)
    assert found.of("mine", "paper").error < 0.02


def test_a_source_that_shares_no_model_differs_as_sources_do():
    measured = [here(f"m{i}", a) for i, a in enumerate(LEVELS)]
    wild = [reported(f"m{i}", a, s) for s, shift in (("a", 0.1), ("b", -0.1), ("c", 0.12)) for i, a in
            enumerate(level + shift for level in LEVELS)]  # fmt: skip
    tame = [reported(f"m{i}", a, s) for s in "abc" for i, a in enumerate(LEVELS)]
    spreads = [offsets(measured, rows).of("mine", "other").error for rows in (wild, tame)]
    assert spreads[0] > 0.06 > 0.04 > spreads[1]
    assert offsets(measured, wild).of("mine", "other").value == 0


def test_a_source_over_a_third_one_is_linked_to_the_measurements():
    measured = [here(f"m{i}", a) for i, a in enumerate(LEVELS)]
    first = [reported(f"m{i}", a + 0.06, "a") for i, a in enumerate(LEVELS)]
    first += [reported(f"n{i}", a + 0.06, "a") for i, a in enumerate(LEVELS)]
    second = [reported(f"n{i}", a - 0.04, "b") for i, a in enumerate(LEVELS)]
    found = offsets(measured, [*first, *second])
    assert found.of("mine", "a").value == pytest.approx(0.06, abs=0.02)
    assert found.of("mine", "b").value == pytest.approx(-0.04, abs=0.03)
    assert found.of("mine", "b").error > found.of("mine", "a").error


def test_a_report_of_the_runs_that_are_stored_is_no_other_source():
    measured = [replace(here("m0", 0.5), runs="hub-abc")]
    found = offsets(measured, [reported("m0", 0.5, "hub", quality="run abc"), reported("m1", 0.7, "hub")])
    assert (found.of("mine", "hub").value, found.of("mine", "hub").error) == (0, 0)


def test_a_run_id_that_is_a_word_of_the_remark_is_no_run_of_it():
    measured = [replace(here("m0", 0.5), runs="paper"), replace(here("m1", 0.5), runs="the")]
    found = offsets(measured, [reported("m0", 0.6, "a paper", quality="as in the paper, run the usual way")])
    assert found.of("mine", "a paper").error > 0


def test_what_is_believed_is_without_the_offset_and_errs_with_the_source():
    measured = [here(f"m{i}", a) for i, a in enumerate(LEVELS)]
    rows = [reported(f"m{i}", a + 0.08, "paper") for i, a in enumerate(LEVELS)]
    rows += [reported("new", 0.93, "paper"), reported("newer", 0.6, "paper")]
    known = offsets(measured, rows)
    published = [of_source(p, known) for p in published_points(rows, measured)]
    new, newer = with_draws([], published, measured)
    assert believed(new).accuracy == pytest.approx(0.85, abs=0.03)
    assert new.accuracy == 0.93
    alone = with_draws([], [of_source(p, offsets([], [])) for p in published_points(rows, measured)], measured)
    assert believed(alone[0]).high - believed(alone[0]).low > believed(new).high - believed(new).low
    assert draws_of(newer).std() > published[1].source_error
