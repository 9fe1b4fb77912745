"""What would change the pick, against asking again with the changed prices and points."""

import pytest

import advisor
from advisor.recommendation.what_if import LESS
from tests.known import SHIPPED
from tests.recommendation.made import MODEL, machine, point, workspace

BIG = "Qwen/Qwen3-32B"
GPUS = ("h100-sxm", "l40s")
RENTS = {"h100-sxm": 3.0, "l40s": 1.2}


STEP = 1.013
"""Of the price or time, at most, between what is said and what still leaves the pick."""


def before(steps, step):
    """The step before one; 1 before the first."""
    at = min(range(len(steps)), key=lambda i: abs(steps[i] - step))
    return steps[at - 1] if at else 1.0


def asked(folder, *, rents=None, less=0.0, **options):
    """Two models whose intervals overlap, on two kinds of GPU rented one by one."""
    folder.mkdir(exist_ok=True)
    ws = workspace(
        folder,
        point(accuracy=0.6 - less, low=0.55 - less, high=0.65),
        point(model=BIG, accuracy=0.62, low=0.58, high=0.66),
        prices=[machine(usd, 1, gpu) for gpu, usd in (RENTS | (rents or {})).items()],
    )
    return advisor.recommend(ws, task="mine", gpu=list(GPUS), **options)


def of_kind(found, kind, gpu=None):
    return next((turn for turn in found.turns if turn.kind == kind and gpu in (None, turn.gpu)), None)


@pytest.mark.parametrize("gpu", GPUS)
def test_a_price_turns_the_pick_where_asking_again_does(tmp_path, gpu):
    found = asked(tmp_path / "a")
    turn, pick = of_kind(found, "price", gpu), found.recommended
    assert (turn.factor > 1) == (gpu == pick.gpu)
    moved = asked(tmp_path / "b", rents={gpu: RENTS[gpu] * turn.factor}).recommended
    assert (moved.model, moved.gpu, moved.gpu_count) == (turn.model, turn.winner_gpu, turn.winner_gpu_count)
    assert (moved.model, moved.gpu) != (pick.model, pick.gpu)
    less = turn.factor / STEP if turn.factor > 1 else turn.factor * STEP
    still = asked(tmp_path / "c", rents={gpu: RENTS[gpu] * less}).recommended
    assert (still.model, still.gpu) == (pick.model, pick.gpu)
    assert turn.usd_per_gpu_hour == pytest.approx(RENTS[gpu] * turn.factor)


def test_an_accuracy_turns_the_pick_where_asking_again_does(tmp_path):
    found = asked(tmp_path / "a")
    turn = of_kind(found, "accuracy")
    assert turn.factor in LESS
    assert turn.interval == pytest.approx(0.05)
    assert asked(tmp_path / "b", less=turn.factor).recommended.model == turn.model == BIG
    assert (
        asked(tmp_path / "c", less=before(LESS, turn.factor) if turn.factor > LESS[0] else 0.0).recommended.model
        == MODEL
    )


def test_half_the_speed_turns_the_pick_no_later_than_twice_the_price(tmp_path):
    """A slower pick loses to its own model on the other GPU too, a dearer GPU makes all models on it dearer."""
    found = asked(tmp_path / "a")
    speed, price = of_kind(found, "speed"), of_kind(found, "price", found.recommended.gpu)
    assert speed.factor <= price.factor
    assert speed.interval == found.recommended.spread
    assert speed.usd_per_gpu_hour is None


def test_a_limit_on_time_is_missed_by_a_slower_pick(tmp_path):
    asked(tmp_path / "a")
    alone = [f"{gpu}:1" for gpu in GPUS]
    fastest = advisor.frontier(advisor.Workspace(tmp_path / "a"), task="mine", cost="s", gpu=alone, model=MODEL)
    seconds = min(each.latency_s for each in fastest.frontier)
    found = asked(tmp_path / "b", budget=f"{seconds * 1.001}s", model=MODEL)
    slower = of_kind(found, "speed")
    assert slower.model is None  # on neither GPU anything is left within the time
    assert of_kind(asked(tmp_path / "c", model=MODEL), "speed").model == MODEL


def test_where_nothing_else_is_left_that_is_said(tmp_path):
    found = advisor.recommend(
        workspace(tmp_path, point()), task="mine", gpu="h100-sxm", price="h100-sxm=2usd/h", budget="0.0001usd"
    )
    gone = of_kind(found, "price")
    assert gone.model is None
    assert found.recommended.usd * gone.factor > 0.0001
    assert found.recommended.usd * gone.factor / STEP <= 0.0001


def test_owned_gpus_that_are_free_have_no_price_to_move(tmp_path):
    found = advisor.recommend(workspace(tmp_path, point(), point(model=BIG)), task="mine", have="1xh100-sxm")
    assert {turn.kind for turn in found.turns} <= {"speed", "accuracy"}


@pytest.mark.parametrize("unit", ["usd", "s", "tokens"])
def test_the_next_step_up_is_the_cheapest_that_gets_a_point_more_right(unit):
    pick = advisor.recommend(SHIPPED, budget={"usd": "0.001usd", "s": "60s", "tokens": "3000tokens"}[unit])
    step, request = pick.step_up, pick.request
    assert step.accuracy >= pick.recommended.accuracy.value + 0.01
    assert step.cost_ratio == pytest.approx(step.cost / pick.recommended.cost(unit))
    within = advisor.frontier(SHIPPED, cost=unit).frontier
    cheapest = min(c.cost(unit) for c in within if c.accuracy.value >= pick.recommended.accuracy.value + 0.01)
    assert step.cost == pytest.approx(cheapest)
    (found,) = (c for c in within if c.model == step.model and c.cost(unit) == pytest.approx(step.cost))
    assert step.cost * found.tokens_spread > request.budgets[0].amount


def test_a_step_down_costs_less_than_half_for_a_few_points(tmp_path):
    ws = workspace(
        tmp_path,
        point(accuracy=0.6, low=0.59, high=0.61),
        point(n_samples=16, generated_tokens=16_000.0, accuracy=0.64, low=0.63, high=0.65),
    )
    found = advisor.recommend(ws, task="mine", gpu="h100-sxm")
    assert found.recommended.n_samples == 16
    down = found.step_down
    assert (down.n_samples, down.accuracy) == (1, 0.6)
    assert down.cost_ratio == pytest.approx(down.cost / found.recommended.usd)
    assert down.cost_ratio < 0.5
    assert advisor.recommend(ws, task="mine", gpu="h100-sxm", min_accuracy=0.61).step_down is None


def test_of_the_most_accurate_there_is_no_step_up(tmp_path):
    assert asked(tmp_path / "a", model=BIG).step_up is None


def test_other_choices_are_other_models_or_the_same_on_another_gpu():
    found = advisor.recommend(SHIPPED, budget="0.02usd")
    choices = [(c.model, c.gpu) for c in found.alternatives]
    models = [model for model, _ in choices]
    assert len(set(choices)) == len(choices)
    assert all(models.count(model) == 1 for model in models)
    assert (found.recommended.model, found.recommended.gpu) not in choices
    assert all(c.accuracy.value >= 0.5 * found.recommended.accuracy.value for c in found.alternatives)


def test_a_choice_on_the_frontier_says_below_which_budget_it_is_the_most_accurate():
    found = advisor.recommend(SHIPPED, budget="0.01usd")
    said = [c for c in found.alternatives if "best below" in c.why_not]
    assert said
    for c in said:
        bound = float(c.why_not.split("best below ")[1].removesuffix(" USD"))
        last = max(i for i, each in enumerate(found.frontier) if each.model == c.model)
        assert found.frontier[last + 1].usd == pytest.approx(bound, rel=0.005)  # it has three digits


def test_owned_gpus_that_a_slower_pick_would_need_are_not_there(tmp_path):
    ws = workspace(tmp_path, point())
    found = advisor.recommend(ws, task="mine", have="1xh100-sxm", qps=4)
    turn = of_kind(found, "speed")
    room = found.recommended.questions_per_s / 4
    assert turn.model is None
    assert turn.factor / STEP <= room < turn.factor
    rented = advisor.recommend(ws, task="mine", gpu="h100-sxm", qps=4)
    assert of_kind(rented, "speed") is None


def test_thinking_held_to_several_mean_lengths_leaves_each_of_them_a_rival(tmp_path):
    long, short = ({"model": BIG, "strategy": "thinking-budget", "generated_tokens": t} for t in (4000.0, 1000.0))
    ws = workspace(
        tmp_path,
        point(accuracy=0.9, low=0.85, high=0.95),
        point(**short, accuracy=0.5, low=0.45, high=0.55),
        point(**long, accuracy=0.88, low=0.83, high=0.93),
    )
    found = advisor.recommend(ws, task="mine", have="2xh100-sxm", qps=0.1)
    assert found.recommended.model == MODEL
    assert of_kind(found, "accuracy").model == BIG
