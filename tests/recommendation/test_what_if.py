"""Where the pick turns: said at the price and the speed at which it really does."""

import math

import pytest

import advisor
from tests.recommendation.made import MODEL, point, workspace

BIG = "Qwen/Qwen3-32B"
BOTH = {"task": "mine", "gpu": ["h100-sxm", "h200-sxm"]}


def prices(h100, h200=3.5):
    return [f"h100-sxm={h100}usd/h", f"h200-sxm={h200}usd/h"]


def turn_of(found, kind, gpu="h100-sxm"):
    return next(turn for turn in found.turns if (turn.kind, turn.gpu) == (kind, gpu))


def test_the_pick_turns_within_half_a_percent_of_the_price_that_is_said(tmp_path):
    ws = workspace(tmp_path, point())
    found = advisor.recommend(ws, **BOTH, price=prices(1.0))
    assert found.recommended.gpu == "h100-sxm"
    turn = turn_of(found, "price")
    stated = turn.usd_per_hour / found.recommended.gpu_count
    assert stated == pytest.approx(turn.factor)
    assert advisor.recommend(ws, **BOTH, price=prices(1.001 * stated)).recommended.gpu == turn.winner_gpu == "h200-sxm"
    assert advisor.recommend(ws, **BOTH, price=prices(0.994 * stated)).recommended.gpu == "h100-sxm"


def test_a_rival_turns_it_within_half_a_percent_of_the_price_that_is_said(tmp_path):
    ws = workspace(tmp_path, point())
    turn = turn_of(advisor.recommend(ws, **BOTH, price=prices(1.0)), "price", "h200-sxm")
    stated = turn.usd_per_hour / turn.winner_gpu_count
    assert stated == pytest.approx(3.5 * turn.factor)
    assert advisor.recommend(ws, **BOTH, price=prices(1.0, 0.999 * stated)).recommended.gpu == "h200-sxm"
    assert advisor.recommend(ws, **BOTH, price=prices(1.0, 1.006 * stated)).recommended.gpu == "h100-sxm"


def test_the_price_that_is_said_is_that_of_one_replica(tmp_path):
    found = advisor.recommend(workspace(tmp_path, point()), **BOTH, price=prices(1.0), qps=200)
    c, turn = found.recommended, turn_of(found, "price")
    assert c.replicas > 3
    assert turn.usd_per_hour == pytest.approx(c.usd_per_hour / c.replicas * turn.factor)


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
    turn = turn_of(found, "accuracy")
    assert turn.model == BIG
    (other,) = found.alternatives
    doublings = math.log2(other.energy_j * other.spread / (found.recommended.energy_j * found.recommended.spread))
    assert turn.factor == pytest.approx(0.9 - 0.88 + 0.01 * doublings, abs=0.0051)  # a point more for each of them


def test_owned_gpus_that_a_slower_pick_would_need_are_not_there(tmp_path):
    ws = workspace(tmp_path, point())
    found = advisor.recommend(ws, task="mine", have="1xh100-sxm", qps=4)
    turn = turn_of(found, "speed")
    assert turn.model is None
    assert turn.factor == pytest.approx(found.recommended.questions_per_s / 4, rel=0.006)
    rented = advisor.recommend(ws, task="mine", gpu="h100-sxm", qps=4)
    assert not [turn for turn in rented.turns if turn.kind == "speed"]
