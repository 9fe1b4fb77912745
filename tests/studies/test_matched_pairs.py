"""Which models are paired, and how far the advantage of one goes."""

import math

import pytest

from advisor.recommendation.compare_speed import compare_speed
from advisor.studies.kinds_observed import observed
from advisor.studies.matched_pairs import (
    ACCURACY,
    LONG,
    ORIGIN,
    SHORT,
    SIZE,
    AlikePair,
    advantages,
    alike_pairs,
    flops_advantage,
    loss,
    matched_pairs,
    siblings,
    usual_gpu,
)
from tests.known import SHIPPED, spec_of
from tests.studies.scored_models import alone, scored

MOE, DENSE, SMALL, LARGE = "Qwen/Qwen3-30B-A3B", "Qwen/Qwen3-8B", "Qwen/Qwen3-1.7B", "Qwen/Qwen3-32B"


def points_of(folder, *points, **options):
    workspace = alone(folder, *points, **options)
    return workspace, observed(workspace)


def test_a_mixture_goes_with_the_dense_model_of_closest_accuracy(tmp_path):
    _, points = points_of(tmp_path, scored(MOE, 0.70, 1000), scored(DENSE, 0.68, 2000), scored(LARGE, 0.78, 1000))
    (pair,) = matched_pairs(points)
    assert (pair.moe, pair.dense, pair.tasks) == (MOE, DENSE, 1)
    assert pair.flops == pytest.approx(spec_of(MOE).trace_flops(200, 1000) / spec_of(DENSE).trace_flops(200, 2000))
    assert pair.difference.value == pytest.approx(0.02, abs=0.01)
    assert pair.difference.low < pair.difference.value < pair.difference.high


def test_over_tasks_costs_are_geometric_means(tmp_path):
    scores = [
        scored(m, 0.6, n, task=t) for t, m, n in (("a", MOE, 900), ("b", MOE, 90), ("a", DENSE, 300), ("b", DENSE, 30))
    ]
    _, points = points_of(tmp_path, *scores)
    (pair,) = matched_pairs(points)
    moe, dense = spec_of(MOE), spec_of(DENSE)
    ratios = [moe.trace_flops(200, 3 * n) / dense.trace_flops(200, n) for n in (300, 30)]
    assert pair.flops == pytest.approx(math.sqrt(ratios[0] * ratios[1]))
    assert pair.tasks == 2


def test_models_far_apart_or_without_a_common_task_are_no_pair(tmp_path):
    _, points = points_of(
        tmp_path, scored(MOE, 0.8, 1000), scored(DENSE, 0.5, 1000), scored(LARGE, 0.8, 1000, task="b")
    )
    assert matched_pairs(points) == []


def test_what_they_cost_in_usd_is_known_where_a_gpu_has_a_price(tmp_path):
    scores = scored(MOE, 0.7, 1000), scored(DENSE, 0.7, 1000)
    _, points = points_of(tmp_path / "priced", *scores)
    assert matched_pairs(points)[0].usd > 0
    _, points = points_of(tmp_path / "not", *scores, without=("prices.csv",))
    assert matched_pairs(points)[0].usd is None
    assert all(math.isnan(point.costs["usd"]) for point in points)


def test_siblings_are_of_one_publisher_and_month_and_of_like_size():
    models = SHIPPED.models
    pairs = siblings(SHIPPED)
    assert (MOE, LARGE) in pairs
    for moe, dense in pairs:
        assert models.spec(moe).is_moe
        assert not models.spec(dense).is_moe
        assert moe.split("/")[0] == dense.split("/")[0]
        assert models[moe].released == models[dense].released
        assert 1 / 2.5 <= models.spec(moe).total_parameters / models.spec(dense).total_parameters <= 2.5
    shapes = [(models.spec(moe).layers, models.spec(dense).layers) for moe, dense in pairs]
    assert len(set(shapes)) == len(shapes)


def test_pairs_alike_in_accuracy_size_and_origin_closest_first(tmp_path):
    scores = (scored(MOE, 0.7, 1000), scored(DENSE, 0.7, 2000), scored(LARGE, 0.9, 1000), scored(SMALL, 0.2, 1000))
    workspace, points = points_of(tmp_path, *scores)
    found = alike_pairs(workspace, points, matched_pairs(points))
    assert found[0] == AlikePair(ACCURACY, MOE, DENSE)
    assert found[1] == AlikePair(SIZE, MOE, LARGE)
    assert AlikePair(ORIGIN, MOE, LARGE) not in found  # they are of one origin too, and stand there already
    assert {pair.alike for pair in found[2:]} == {ORIGIN}
    assert len({(pair.moe, pair.dense) for pair in found}) == len(found)


def test_of_own_answers_alone_only_their_models_are_paired(tmp_path):
    scores = (scored(MOE, 0.9, 1000), scored(LARGE, 0.5, 1000), scored(SMALL, 0.2, 1000))
    workspace, points = points_of(tmp_path, *scores)
    every = alike_pairs(workspace, points, [])
    workspace.profiles = (*SHIPPED.profiles, *workspace.profiles)
    own = alike_pairs(workspace, points, [])
    assert {model for pair in own for model in (pair.moe, pair.dense)} <= {MOE, LARGE, SMALL}
    assert own == [AlikePair(SIZE, MOE, LARGE)]
    assert len(every) > len(own)


def test_where_no_accuracy_is_known_nothing_is_paired():
    assert alike_pairs(SHIPPED, [], []) == []


def test_the_fewer_experts_the_larger_the_advantage_and_it_falls_with_length():
    advantage = [flops_advantage(spec_of(MOE), spec_of(DENSE), tokens) for tokens in (SHORT, 8000, LONG)]
    assert advantage == sorted(advantage, reverse=True)
    assert advantage[0] == pytest.approx(2.35, abs=0.1)
    assert advantage[-1] == pytest.approx(1.3, abs=0.05)


def test_loads_are_compared_on_the_same_gpus():
    rows = advantages(SHIPPED, AlikePair(ORIGIN, MOE, LARGE), "h100-sxm", (1024, 8192))
    assert {row.gpu_count for row in rows} == {rows[0].gpu_count}
    assert {row.answer_tokens for row in rows} == {1024, 8192}
    alone_in_flight = next(row for row in rows if row.concurrency == 1 and row.answer_tokens == 1024)
    assert alone_in_flight.tpot.value > 1.2  # a tenth of the weights is read, beside overheads
    assert alone_in_flight.usd.value == pytest.approx(alone_in_flight.tpot.value, rel=0.05)
    assert alone_in_flight.tpot.low < alone_in_flight.tpot.value < alone_in_flight.tpot.high
    assert alone_in_flight.flops == flops_advantage(spec_of(MOE), spec_of(LARGE), 1024)


def test_both_lie_on_as_many_gpus_as_the_larger_one_needs():
    large = "meta-llama/Llama-3.1-70B-Instruct"
    own = compare_speed(SHIPPED, models=(MOE, large), gpu="h100-sxm", input_tokens=200, output_tokens=8192)
    counts = [contender.gpu_count for contender in own.models]
    assert counts[0] < counts[1]
    rows = advantages(SHIPPED, AlikePair(SIZE, MOE, large), "h100-sxm", (1024,))
    assert {row.gpu_count for row in rows} == {counts[1]}


def test_intervals_have_the_spread_of_both_speeds():
    rows = advantages(SHIPPED, AlikePair(SIZE, MOE, LARGE), "h100-sxm", (1024,))
    compared = compare_speed(
        SHIPPED, models=(MOE, LARGE), gpu="h100-sxm", gpu_count=rows[0].gpu_count, input_tokens=200, output_tokens=1024
    )
    for row, point in zip(rows, compared.points, strict=True):
        moe, dense = point.each
        if row.tpot:
            spread = math.exp((math.log(moe.spread) ** 2 + math.log(dense.spread) ** 2) ** 0.5)
            assert row.tpot.value == pytest.approx(dense.tpot_s / moe.tpot_s)
            assert row.tpot.high / row.tpot.value == pytest.approx(spread)
            assert row.tpot.value / row.tpot.low == pytest.approx(spread)


def test_the_other_way_round_the_advantage_is_the_inverse():
    one, other = (
        advantages(SHIPPED, AlikePair(SIZE, *pair), "h200-sxm", (1024,)) for pair in ((MOE, LARGE), (LARGE, MOE))
    )
    assert [row.tpot.value for row in one if row.tpot] == pytest.approx([1 / r.tpot.value for r in other if r.tpot])


def test_a_length_past_a_context_is_left_out():
    rows = advantages(SHIPPED, AlikePair(ORIGIN, MOE, LARGE), "h200-sxm", (1024, 65_536))
    assert {row.answer_tokens for row in rows} == {1024}


def test_what_fits_on_no_such_gpus_has_no_advantage():
    assert advantages(SHIPPED, AlikePair(SIZE, "moonshotai/Kimi-K2-Thinking", LARGE), "l4", (1024,)) == []
    lost = loss(SHIPPED, AlikePair(SIZE, "moonshotai/Kimi-K2-Thinking", LARGE), "l4")
    assert (lost.usd_few, lost.usd_many, lost.usd_most) == (None, None, None)
    assert lost.flops_short > 0


def test_a_batch_takes_advantage_away():
    lost = loss(SHIPPED, AlikePair(ORIGIN, MOE, LARGE), "h100-sxm")
    rows = advantages(SHIPPED, AlikePair(ORIGIN, MOE, LARGE), "h100-sxm", (SHORT,))
    at = {row.concurrency: row.usd.value for row in rows if row.usd}
    assert (lost.usd_few, lost.usd_many, lost.usd_most) == (at[1], at[64], at.get(512))
    assert lost.usd_many < lost.usd_few
    assert lost.flops_long < lost.flops_short


def test_the_usual_gpu_has_a_price_and_most_models_measured(tmp_path):
    gpu = usual_gpu(SHIPPED)
    priced = {offer.gpu for offer in SHIPPED.prices.offers}
    measured = [row.gpu for row in SHIPPED.fits.corrections]
    assert gpu in priced
    assert measured.count(gpu) == max(measured.count(each) for each in priced)
    assert usual_gpu(alone(tmp_path, without=("prices.csv",))) is None
