"""What a picture of a frontier shows."""

import math
from dataclasses import replace

import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.provenance import Provenance
from advisor.reports.frontier_view import accuracy_ends, amount, cost_ticks, of_frontier, of_recommendation
from tests.known import SHIPPED
from tests.recommendation.made import point, workspace
from tests.reports.pictured import mark, view


@pytest.fixture
def made(tmp_path):
    cheap = point(accuracy=0.5, low=0.45, high=0.55)
    dear = point(model="openai/gpt-oss-120b", accuracy=0.9, low=0.85, high=0.95, generated_tokens=20_000.0)
    beaten = point(model="Qwen/Qwen3-32B", accuracy=0.3, low=0.25, high=0.35, provenance=Provenance.PUBLISHED)
    return workspace(tmp_path, cheap, dear, beaten)


def test_what_is_beaten_or_above_the_budget_does_not_lead(made):
    all_of_it = of_frontier(advisor.frontier(made, task="mine"))
    assert [(m.label, m.leads) for m in all_of_it.marks] == [
        ("Qwen3-8B", True),
        ("gpt-oss-120b", True),
        ("Qwen3-32B", False),
    ]
    assert [m.evidence.value for m in all_of_it.marks] == ["measured", "measured", "published"]
    assert all_of_it.budget is None
    budget = 0.99 * max(m.cost for m in all_of_it.marks)
    within = of_recommendation(advisor.recommend(made, task="mine", budget=f"{budget!r}usd"))
    others = [m for m in within.marks if m.label != "Qwen3-8B"]  # its own point, where another deployment is picked
    assert [(m.label, m.leads, m.picked) for m in others] == [
        ("Qwen3-8B, the pick", True, True),
        ("Qwen3-32B", False, False),
        ("gpt-oss-120b", False, False),
    ]
    assert within.budget == budget
    assert within.steps == all_of_it.steps


def test_the_pick_stands_for_its_model_where_it_is_as_good_at_about_the_same_cost(made):
    found = advisor.recommend(made, task="mine")
    own = next(m for m in found.models if m.model == found.recommended.model)
    for factor, shown in ((1.2, 0), (1.3, 1), (1 / 1.3, 1)):
        moved = replace(found, recommended=replace(found.recommended, usd=factor * own.cost))
        labels = [m.label for m in of_recommendation(moved).marks]
        assert labels.count("gpt-oss-120b") == shown
        assert labels[0] == "gpt-oss-120b, the pick"


def test_a_pick_that_is_not_its_models_own_point_is_drawn_beside_it():
    drawn = of_recommendation(advisor.recommend(SHIPPED, budget="60s", task="gpqa-diamond", model="gpt-oss-120b"))
    (pick,) = (m for m in drawn.marks if m.picked)
    others = [m for m in drawn.marks if m.label == pick.label.removesuffix(", the pick")]
    assert pick.cost <= 60
    assert pick.leads
    assert [m.cost > 60 for m in others] == [True]
    assert drawn.marks[0] == pick


@pytest.mark.parametrize(
    ("options", "title", "budget"),
    [
        ({"budget": "0.02usd"}, "USD per question, log scale", "budget 0.02 USD"),
        ({"budget": "5e14flops"}, "FLOPs per question, log scale", "budget 5e14 FLOPs"),
        (
            {"budget": "120s", "percentile": 50},
            "seconds to an answer (50 % of the questions), log scale",
            "budget 120 s",
        ),
        ({"budget": "1e6J"}, "joules per question, log scale", "budget 1e06 J"),
        ({"budget": "4000tokens"}, "tokens per question, log scale", "budget 4,000 tokens"),
        ({}, "USD per question, log scale", ""),
    ],
)
def test_the_axis_says_its_unit_in_words(options, title, budget):
    drawn = of_recommendation(advisor.recommend(SHIPPED, task="gpqa-diamond", **options))
    assert (drawn.cost_title, drawn.budget_text) == (title, budget)


def test_a_budget_far_away_does_not_stretch_the_axis():
    low, high = view(mark("a", 1.0, 0.5), mark("b", 10.0, 0.6), budget=99.0).cost_range()
    assert low < 1
    assert high > 99
    assert view(mark("a", 1.0, 0.5), mark("b", 10.0, 0.6), budget=101.0).cost_range()[1] < 20
    assert view(mark("a", 1.0, 0.5), mark("b", 10.0, 0.6), budget=0.09).cost_range()[0] > 0.5


def test_one_cost_alone_is_in_the_middle():
    low, high = view(mark("a", 100.0, 0.5)).cost_range()
    assert math.sqrt(low * high) == pytest.approx(100)
    assert high / low == pytest.approx(10**0.6)


def test_what_costs_nothing_has_no_place_on_a_logarithmic_axis():
    free = of_frontier(advisor.frontier(SHIPPED, task="gpqa-diamond", cost="usd", have="2xh100-sxm"))
    assert (free.marks, free.steps) == ((), ())


@pytest.mark.parametrize(
    ("low", "high", "ends"),
    [
        (0.41, 0.87, (40, 90)),
        (0.4, 0.9, (40, 90)),
        (0.97, 0.99, (80, 100)),
        (0.0, 0.01, (0, 20)),
        (0.5, 0.51, (40, 60)),
    ],
)
def test_the_accuracy_axis_ends_at_tens_around_all_intervals(low, high, ends):
    assert accuracy_ends([Interval((low + high) / 2, low, high)]) == ends


def test_ticks_are_round():
    assert cost_ticks(0.9, 30) == [1, 2, 5, 10, 20]
    assert cost_ticks(0.9, 300) == [1, 10, 100]
    assert [amount(v) for v in (0.002, 60.0, 4000.0, 5e14, 1e-05, 0.0001, 1.0)] == [
        "0.002",
        "60",
        "4,000",
        "5e14",
        "1e-05",
        "0.0001",
        "1",
    ]
