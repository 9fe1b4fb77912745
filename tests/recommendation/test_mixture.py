"""Strategy points over several tasks, against means computed by hand."""

import math
from itertools import pairwise

import pytest

from advisor.provenance import Provenance
from advisor.recommendation.mixture import Part, mix, mixed_waiting, mixes, share_within
from advisor.recommendation.task_weights import TaskWeight
from advisor.recommendation.waiting import Waiting
from tests.recommendation.made import point

SHORT = Waiting(800.0, 2000.0, 3000.0, 4000.0)
LONG = Waiting(8000.0, 20_000.0, 30_000.0, 40_000.0)
TASKS = (TaskWeight("easy", 0.75), TaskWeight("hard", 0.25))


def easy(**changed):
    usual = {"task": "easy", "accuracy": 0.9, "low": 0.86, "high": 0.93, "prompt_tokens": 100.0}
    return Part(0.75, point(**(usual | changed)), SHORT)


def hard(**changed):
    usual = {"task": "hard", "accuracy": 0.3, "low": 0.22, "high": 0.42, "prompt_tokens": 300.0}
    usual |= {"generated_tokens": 10_000.0, "depth_tokens": 10_000.0, "n_questions": 50, "runs": "others"}
    return Part(0.25, point(**(usual | changed)), LONG)


def test_means_are_weighted():
    p = mix([easy(), hard()]).point
    assert p.task == "easy:0.75+hard:0.25"
    assert p.accuracy == pytest.approx(0.75 * 0.9 + 0.25 * 0.3)
    assert p.prompt_tokens == pytest.approx(150)
    assert p.generated_tokens == p.depth_tokens == pytest.approx(0.75 * 1000 + 0.25 * 10_000)
    assert (p.n_questions, p.runs) == (150, "easy: made; hard: others")
    assert p.model == easy().point.model


def test_half_widths_add_in_quadrature_each_side_apart():
    p = mix([easy(), hard()]).point
    assert p.accuracy - p.low == pytest.approx(math.sqrt((0.75 * 0.04) ** 2 + (0.25 * 0.08) ** 2))
    assert p.high - p.accuracy == pytest.approx(math.sqrt((0.75 * 0.03) ** 2 + (0.25 * 0.12) ** 2))


def test_the_interval_stays_within_nothing_and_all():
    p = mix([easy(accuracy=1.0, low=0.9, high=1.0), hard(accuracy=0.99, low=0.1, high=1.5)]).point
    assert p.high == 1.0
    assert p.low >= 0


def test_what_one_task_does_not_say_is_not_known_of_the_mean():
    assert mix([easy(pass_at_k=0.9), hard()]).point.pass_at_k is None
    assert mix([easy(pass_at_k=0.9), hard(pass_at_k=0.5)]).point.pass_at_k == pytest.approx(0.8)


def test_one_source_is_named_once_and_mixed_provenance_is_published():
    same = mix([easy(), hard(runs="made")]).point
    assert (same.runs, same.provenance) == ("made", Provenance.MEASURED)
    assert mix([easy(), hard(provenance=Provenance.PUBLISHED)]).point.provenance is Provenance.PUBLISHED


def test_only_the_same_way_to_answer_on_all_tasks_is_a_point():
    parts = [
        easy(),
        easy(n_samples=4),
        easy(strategy="thinking-budget", token_budget=512),
        easy(model="Qwen/Qwen3-32B"),
        hard(),
        hard(n_samples=8),
        hard(strategy="thinking-budget", token_budget=1024),
    ]
    (found,) = mixes(parts, TASKS)
    assert (found.point.model, found.point.n_samples, found.point.strategy) == ("Qwen/Qwen3-8B", 1, "majority")
    assert found.parts == (parts[0], parts[4])


def test_thinking_held_to_a_mean_length_is_matched_with_nothing():
    parts = [made(strategy="thinking-budget", token_budget=None) for made in (easy, hard)]
    assert mixes(parts, TASKS) == []
    assert len(mixes([parts[0], easy()], TASKS[:1])) == 2  # of one task alone each stands for itself


def test_one_task_is_left_as_it_is():
    part = easy()
    (found,) = mixes([part], [TaskWeight("easy")])
    assert (found.point, found.waits, found.parts) == (part.point, part.waits, (part,))


def test_known_percentiles_are_read_back():
    assert [share_within(SHORT, t) for t in (800, 2000, 3000)] == pytest.approx([0.5, 0.95, 0.99])
    shares = [share_within(SHORT, t) for t in (100, 400, 800, 1500, 2000, 2500, 3000, 9000)]
    assert all(before < after for before, after in pairwise(shares))
    assert 0 < shares[0] < 0.01
    assert 0.9999 < shares[-1] < 1


def test_all_answers_that_a_cap_stops_are_within_it():
    capped = Waiting(500.0, 1000.0, 1000.0, 1000.0)
    assert share_within(capped, 999.9) == pytest.approx(0.95, abs=1e-3)
    assert share_within(capped, 1000.0) == 1.0
    assert share_within(Waiting(1000.0, 1000.0, 1000.0, 1000.0), 999.0) == 0.0


def test_tasks_alike_give_their_own_percentiles():
    alike = mixed_waiting([easy(), Part(0.25, hard().point, SHORT)])
    assert (alike.p50, alike.p95, alike.p99, alike.longest) == pytest.approx((800, 2000, 3000, 4000))


def test_percentiles_are_those_of_the_mixture():
    """A share of a quarter has ten times the lengths: half of all questions are two thirds of the short ones."""
    found = mixed_waiting([easy(), hard()])
    for share, tokens in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
        within = 0.75 * share_within(SHORT, tokens) + 0.25 * share_within(LONG, tokens)
        assert within == pytest.approx(share, abs=1e-6)
    assert 800 < found.p50 < 2000
    assert 0.8 < share_within(LONG, found.p95) < 0.81  # (0.95 − 0.75) / 0.25
    assert found.p50 < found.p95 < found.p99 < LONG.p99


def test_the_longest_answer_is_that_of_any_task():
    assert mixed_waiting([easy(), hard()]).longest == 40_000


def test_one_imputed_length_makes_the_mixture_imputed():
    imputed = Waiting(800.0, 2000.0, 3000.0, 4000.0, Provenance.IMPUTED)
    assert mixed_waiting([easy(), hard()]).provenance is Provenance.MEASURED
    assert mixed_waiting([Part(0.75, easy().point, imputed), hard()]).provenance is Provenance.IMPUTED
