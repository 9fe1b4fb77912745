"""Two frontiers as staircases: which model leads where."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import advisor
from advisor.accuracy.estimators import Interval
from advisor.recommendation.overtaking import SURE, Reached, overtakes, standings
from tests.recommendation.made import candidate


def frontier(model, *steps, half_width=0.05):
    """Candidates at (cost, accuracy), whose draws lie evenly around the accuracy."""
    spread = np.linspace(-half_width, half_width, 301)
    return [
        Reached(candidate(model=model, usd=float(cost), accuracy=Interval(a, a - 0.05, a + 0.05)), a + spread)
        for cost, a in steps
    ]


def test_the_lead_changes_where_a_step_passes_the_other():
    found = standings(frontier("A", (1, 0.5), (4, 0.55)), frontier("B", (2, 0.45), (8, 0.8)), "usd")
    assert [(s.budget, s.more_accurate, s.chance) for s in found] == [
        (1, "A", 1.0),
        (2, "A", 1.0),
        (4, "A", 1.0),
        (8, "B", 1.0),
    ]
    assert [(s.budget, s.more_accurate_from_there, s.only_one) for s in overtakes(found)] == [
        (1, "A", True),
        (2, "A", False),
        (8, "B", False),
    ]


def test_a_lead_that_becomes_sure_or_doubtful_is_said():
    a = frontier("A", (1, 0.50), (3, 0.53), (4, 0.60), half_width=0.0)
    found = overtakes(standings(a, frontier("B", (1, 0.49), (5, 0.59)), "usd"))
    assert [(lead.budget, lead.more_accurate_from_there, lead.chance < SURE) for lead in found] == [
        (1, "A", True),
        (4, "A", False),
        (5, "A", True),
    ]


def test_nobody_leads_a_tie():
    found = standings(frontier("A", (1, 0.5)), frontier("B", (1, 0.5), (2, 0.6)), "usd")
    assert [(s.more_accurate, s.chance) for s in found] == [(None, 0.5), ("B", 1.0)]
    assert [s.budget for s in overtakes(found)] == [2]


def test_a_lead_is_as_sure_as_the_draws_that_both_share():
    """Draws that go up and down together leave a small lead sure, those that go apart do not."""
    a, b = frontier("A", (1, 0.50)), frontier("B", (1, 0.52))
    (paired,) = standings(a, b, "usd")
    (apart,) = standings(a, [Reached(b[0].candidate, b[0].draws[::-1])], "usd")
    assert (paired.more_accurate, paired.chance) == ("B", 1.0)
    assert (paired.difference.value, paired.difference.low) == pytest.approx((0.02, 0.02))
    # evenly spread from −0.08 to 0.12 a difference is above zero in 0.6 of the draws
    assert apart.chance == pytest.approx(0.6, abs=0.01)
    assert (apart.difference.low, apart.difference.high) == pytest.approx((0.02 - 0.09, 0.02 + 0.09))


def test_equal_draws_count_half():
    flat = [Reached(each.candidate, np.full(4, 0.5)) for each in frontier("A", (1, 0.5))]
    other = [Reached(each.candidate, np.array([0.5, 0.5, 0.6, 0.4])) for each in frontier("B", (1, 0.51))]
    (found,) = standings(flat, other, "usd")
    assert (found.more_accurate, found.chance) == ("B", 0.5)


def steps(model):
    drawn = st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=1, max_size=6)
    return drawn.map(
        lambda pairs: frontier(
            model, *zip(sorted({c for c, _ in pairs}), sorted(a / 20 for _, a in pairs), strict=False)
        )
    )


@given(steps("A"), steps("B"))
def test_each_standing_is_the_best_that_the_budget_buys(first, second):
    for s in standings(first, second, "usd"):
        for rows, best in zip((first, second), s.each, strict=True):
            affordable = [each.candidate.accuracy.value for each in rows if each.candidate.usd <= s.budget]
            assert (best and best.accuracy.value) == (max(affordable) if affordable else None)


WS = advisor.Workspace()


def test_compare_names_both_models_and_where_one_overtakes():
    found = advisor.compare(WS, models=("gpt-oss-120b", "s1-32b"), task="gpqa-diamond")
    assert found.models == ("openai/gpt-oss-120b", "simplescaling/s1-32B")
    assert [s.budget for s in found.budgets] == sorted(s.budget for s in found.budgets)
    assert {lead.more_accurate_from_there for lead in found.overtakes} <= set(found.models)
    assert found.overtakes[-1].more_accurate_from_there == "openai/gpt-oss-120b"


def test_measured_evidence_alone_leaves_published_models_out():
    both = ("gpt-oss-120b", "s1-32b")
    with pytest.raises(advisor.NoAnswer, match="evidence"):
        advisor.compare(WS, models=both, task="gpqa-diamond", evidence="measured")


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (("gpt-oss-120b", "openai/gpt-oss-120b"), "is compared with itself"),
        (("gpt-oss-120b",), "takes two models"),
        ("gpt-oss-120b", "takes a list"),
    ],
)
def test_two_different_models_are_compared(models, message):
    for verb in (advisor.compare, advisor.compare_speed):
        with pytest.raises(advisor.AdvisorError, match=message):
            verb(WS, models=models)


def test_speeds_cross_where_the_figures_do():
    found = advisor.compare_speed(WS, models=("qwen3-30b-a3b", "qwen3-8b"), gpu="h200-sxm", input_tokens=1024)
    moe, dense = found.models
    assert (moe.is_moe, dense.is_moe) == (True, False)
    crossing = next(c for c in found.crossings if c.figure == "tpot_s")
    before = [p for p in found.points if p.concurrency < crossing.concurrency and all(p.each)]
    after = [p for p in found.points if p.concurrency > crossing.concurrency and all(p.each)]
    smaller = [moe.model, dense.model].index(crossing.smaller_from_there)
    assert all(p.each[smaller].tpot_s > p.each[1 - smaller].tpot_s for p in before)
    assert all(p.each[smaller].tpot_s < p.each[1 - smaller].tpot_s for p in after)


def test_a_model_too_large_for_the_gpu_is_no_contender():
    with pytest.raises(advisor.NoAnswer, match=r"cannot start: .* per GPU can be used"):
        advisor.compare_speed(WS, models=("deepseek-v3", "qwen3-8b"), gpu="l4", gpu_count=1)


def test_contexts_beyond_a_model_have_no_figures():
    found = advisor.compare_speed(
        WS, models=("meta-llama/Llama-2-7b-hf", "qwen3-8b"), input_tokens=[1024, 8192], output_tokens=1024
    )
    assert {p.context_tokens for p in found.points if p.each[0]} == {1024}
    assert {p.context_tokens for p in found.points if p.each[1]} == {1024, 8192}
