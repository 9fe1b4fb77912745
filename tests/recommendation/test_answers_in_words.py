"""Why the pick, why not the others, and what to change where nothing is left."""

import pytest

import advisor
from tests.recommendation.made import MODEL, point, workspace

BIG = "Qwen/Qwen3-32B"
GPU = {"task": "mine", "gpu": "h100-sxm", "price": "h100-sxm=2usd/h"}


def small_and_big(folder, big=0.9, low=0.85, small=0.5):
    return workspace(
        folder,
        point(accuracy=small, low=small - 0.05, high=small + 0.05),
        point(model=BIG, accuracy=big, low=low, high=big + 0.02),
    )


def test_the_most_accurate_wins_where_its_interval_excludes_the_rest(tmp_path):
    pick = advisor.recommend(small_and_big(tmp_path), **GPU)
    assert pick.recommended.model == BIG
    assert (
        pick.reason
        == "the most accurate on mine within the limits, at the lowest cost (costs compared at the upper ends of"
        " their 90 % intervals)"
    )
    (other,) = pick.alternatives
    assert other.model == MODEL
    assert other.why_not.startswith("40.0 points less for ")
    assert " × the cost; best below " in other.why_not


def test_among_equals_a_doubling_of_the_cost_has_to_buy_a_point(tmp_path):
    pick = advisor.recommend(small_and_big(tmp_path, big=0.51, low=0.42), **GPU)
    assert pick.recommended.model == MODEL
    assert pick.reason == (
        f"as accurate on mine as the best within the limits ({BIG}, 51.0 %) as far as its 90 % interval can show, "
        "and a dearer one would gain less than 1 % a doubling of its cost"
    )
    (other,) = pick.alternatives
    assert other.why_not.endswith("× the cost for 1.0 points more, which its interval cannot confirm")
    assert float(other.why_not.split()[0]) == pytest.approx(other.usd / pick.recommended.usd, rel=0.01)


def test_an_accuracy_at_the_lower_end_of_the_best_still_counts_as_equal(tmp_path):
    pick = advisor.recommend(small_and_big(tmp_path, big=0.9, low=0.895, small=0.895), **GPU)
    assert pick.recommended.model == MODEL


def test_a_worse_and_dearer_one_is_named_as_both(tmp_path):
    ws = workspace(
        tmp_path,
        point(accuracy=0.9, low=0.88, high=0.92),
        point(model=BIG, accuracy=0.5, low=0.45, high=0.55),
    )
    (other,) = advisor.recommend(ws, **GPU).alternatives
    assert other.why_not.startswith("40.0 points less for ")
    assert other.why_not.endswith(" × the cost")


def test_with_a_target_the_cheapest_that_reaches_it_wins(tmp_path):
    ws = small_and_big(tmp_path, small=0.6)
    pick = advisor.recommend(ws, **GPU, min_accuracy=0.5)
    assert pick.recommended.model == MODEL
    assert (
        pick.reason
        == "the cheapest that reaches 50.0 % on mine (costs compared at the upper ends of their 90 % intervals)"
    )
    assert advisor.recommend(ws, **GPU, min_accuracy=0.5, qps=1.0).reason == "the cheapest that reaches 50.0 % on mine"
    assert advisor.recommend(ws, **GPU, min_accuracy=0.59).recommended.model == BIG


def test_five_runners_up_at_most_one_a_model_and_strategy(tmp_path):
    models = [m for m in advisor.Workspace().models if m.startswith("Qwen/Qwen2.5-")][:8]
    points = [point(model=m, accuracy=0.5 + i / 100) for i, m in enumerate(models)]
    pick = advisor.recommend(workspace(tmp_path, *points, point(model=models[0], n_samples=4)), **GPU)
    chosen = [(c.model, c.strategy) for c in (pick.recommended, *pick.alternatives)]
    assert len(chosen) == len(set(chosen)) == 6
    assert len(pick.to_frame()) == 6


@pytest.mark.parametrize(
    ("limit", "flag"),
    [
        ({"budget": "1e-9usd"}, "--budget "),
        ({"budget": "0.001s"}, "--budget "),
        ({"budget": "10tokens"}, "--budget "),
        ({"max_ttft": "1ms"}, "--max-ttft "),
        ({"max_tpot": "0.1ms"}, "--max-tpot "),
        ({"min_accuracy": 0.99}, "--min-accuracy "),
    ],
)
def test_the_limit_at_fault_is_named_with_the_nearest_that_would_do(tmp_path, limit, flag):
    ws = small_and_big(tmp_path)
    with pytest.raises(advisor.NoAnswer) as caught:
        advisor.recommend(ws, **GPU, **limit)
    text = str(caught.value)
    assert "nothing known on mine meets all limits; nearest feasible, changing one: " in text
    nearest = text.split(flag)[1].split(" or ")[0]
    name = next(iter(limit))
    eased = {name: float(nearest) if name == "min_accuracy" else nearest}
    assert advisor.recommend(ws, **GPU, **eased)
    assert caught.value.answer.reason == text
    assert caught.value.answer.task == "mine"


def test_of_two_limits_either_can_be_the_one_to_ease(tmp_path):
    with pytest.raises(advisor.NoAnswer) as caught:
        advisor.recommend(small_and_big(tmp_path), **GPU, budget="1e-9usd", max_tpot="0.1ms")
    assert "changing a single one would not help; loosen two of them" in str(caught.value)
    ws = small_and_big(tmp_path)
    cheap = advisor.recommend(ws, **GPU, min_accuracy=0.4).recommended.usd
    with pytest.raises(advisor.NoAnswer) as caught:
        advisor.recommend(ws, **GPU, min_accuracy=0.8, budget=f"{cheap * 1.1}usd")
    assert " --budget " in str(caught.value)
    assert " or --min-accuracy 0.4" in str(caught.value)  # what half of the questions have with 90 %


def test_models_too_large_for_the_gpus_are_the_reason(tmp_path):
    with pytest.raises(advisor.NoAnswer, match="no model with a known accuracy on mine can start on these GPUs"):
        advisor.recommend(workspace(tmp_path, point(model="deepseek-ai/DeepSeek-V3")), task="mine", gpu="t4")


def test_models_without_tokens_or_config_are_the_reason(tmp_path):
    with pytest.raises(advisor.NoAnswer, match=r"1 model with an accuracy on mine .* nobody counted"):
        advisor.recommend(workspace(tmp_path / "a", point(generated_tokens=None)), task="mine")
    with pytest.raises(advisor.NoAnswer, match=f"advisor calibrate {MODEL} --task mine.jsonl"):
        advisor.recommend(workspace(tmp_path / "a", point(generated_tokens=None)), task="mine", model=MODEL)
    with pytest.raises(advisor.NoAnswer, match="no accuracy of google/gemma-3-27b-it is known on mine"):
        advisor.recommend(workspace(tmp_path / "a", point()), task="mine", model="gemma-3-27b-it")
    with pytest.raises(advisor.NoAnswer, match="a cap stops most of their answers"):
        advisor.recommend(workspace(tmp_path / "c", point(token_budget=64, cut=0.9)), task="mine")
    with pytest.raises(advisor.NoAnswer, match="the cost of my/own cannot be counted without a config"):
        advisor.recommend(workspace(tmp_path / "b", point(model="my/own")), task="mine")
    ws = workspace(tmp_path / "c", point(), point(model="my/own"))
    assert advisor.recommend(ws, task="mine").recommended.model == MODEL


def test_gpus_that_nobody_rents_by_the_hour_only_count_where_they_are_named(tmp_path):
    ws = workspace(tmp_path, point())
    by_the_hour = {offer.gpu for offer in ws.prices.offers if offer.kind == "on-demand"}
    found = {c.gpu for c in advisor.frontier(ws, task="mine", cost="s").frontier}
    assert found <= by_the_hour
    named = advisor.recommend(ws, task="mine", gpu="b300-sxm", price_kind="reserved-3yr")
    assert (named.recommended.gpu, named.recommended.rent.kind) == ("b300-sxm", "reserved-3yr")


def test_tasks_are_counted(tmp_path):
    ws = workspace(
        tmp_path,
        point(),
        point(model=BIG, n_questions=250),
        point(model=BIG, n_samples=4),
        point(model="my/own", generated_tokens=None),
    )
    (mine,) = (t for t in advisor.known_tasks(ws) if t.task == "mine")
    assert (mine.models, mine.models_with_tokens, mine.points, mine.n_questions) == (3, 2, 4, 250)
    names = [t.task for t in advisor.known_tasks(ws)]
    assert names == sorted(names)


def test_every_answer_leaves_as_a_frame(tmp_path):
    ws = small_and_big(tmp_path)
    front = advisor.frontier(ws, task="mine", cost="flops")
    assert list(front.to_frame()["model"]) == [c.model for c in front.frontier]
    assert front.cost == "flops"
    duel = advisor.compare(ws, models=(MODEL, BIG), task="mine")
    assert list(duel.to_frame()["budget"]) == [s.budget for s in duel.budgets]
    speeds = advisor.compare_speed(ws, models=(MODEL, BIG), input_tokens=1024)
    assert list(speeds.to_frame()["concurrency"]) == [p.concurrency for p in speeds.points]


def test_the_frontier_costs_what_its_candidates_cost(tmp_path):
    ws = small_and_big(tmp_path)
    for cost in ("usd", "flops", "s", "J", "tokens"):
        front = advisor.frontier(ws, task="mine", cost=cost).frontier
        costs = [c.cost(cost) for c in front]
        assert costs == sorted(costs)
        everything = [c for c in advisor.recommend(ws, task="mine", budget=f"1e20{cost}").frontier]
        assert [c.cost(cost) for c in everything] == costs


def test_every_option_of_a_comparison_counts(tmp_path):
    ws = small_and_big(tmp_path)

    def budgets(**options):
        question = {"task": "mine", "gpu": "h100-sxm", "price": "h100-sxm=2usd/h"} | options
        return [s.budget for s in advisor.compare(ws, models=(MODEL, BIG), **question).budgets]

    usual = budgets()
    assert budgets(price="h100-sxm=4usd/h") == pytest.approx([2 * each for each in usual])
    for other in ({"precision": "fp8"}, {"engine": "sglang"}, {"gpu": "l40s", "price": "l40s=2usd/h"}, {"cost": "J"}):
        assert budgets(**other) != usual
    assert budgets(gpu="h100-sxm:1", price="h100-sxm=2usd/h")
    with pytest.raises(advisor.NoAnswer):
        budgets(price=None, price_kind="reserved-1yr")
    paid = budgets(gpu=None, price=None, have="8xh100-sxm", usd_per_kwh=0.3)
    assert budgets(gpu=None, price=None, have="8xh100-sxm", usd_per_kwh=0.6) == pytest.approx([2 * b for b in paid])


def test_of_deployments_that_cost_the_same_the_one_with_the_most_room_is_deployed(tmp_path):
    """An owned GPU is as cheap and as fast at half a question a second with 32 places as with all that fit."""
    found = advisor.recommend(workspace(tmp_path, point()), task="mine", have="1xh100-sxm", qps=0.5)
    c = found.recommended
    with pytest.raises(advisor.NoAnswer):
        advisor.recommend(workspace(tmp_path, point()), task="mine", have="1xh100-sxm", qps=1.01 * c.questions_per_s)


def test_a_runner_up_that_costs_more_than_its_bound_is_not_said_to_lead_below_it(tmp_path):
    """Its model leads with fewer votes, which the row does not show."""
    few = point(accuracy=0.5, low=0.45, high=0.55)
    many = point(accuracy=0.8, low=0.75, high=0.85, n_samples=64, generated_tokens=64_000.0)
    ws = workspace(tmp_path, few, many, point(model=BIG, accuracy=0.9, low=0.89, high=0.92))
    (other,) = advisor.recommend(ws, **GPU).alternatives
    assert other.n_samples == 64
    assert "best below" not in other.why_not
