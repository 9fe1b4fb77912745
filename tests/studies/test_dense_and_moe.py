"""Dense models against mixtures: known worlds, verdicts that turn, nothing known, and what ships."""

import dataclasses
import math
import re

import numpy as np
import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.accuracy.resampling import DRAWS
from advisor.provenance import Provenance
from advisor.studies.adjusted import Cells, differences, interval
from advisor.studies.kinds_claims import claims_of
from advisor.studies.kinds_dominance import Compared, dominance, dominance_claim, robust
from advisor.studies.kinds_observed import observed
from advisor.studies.kinds_tables import ALL_TASKS, Difference, TaskFront
from advisor.studies.matched_pairs import Loss
from advisor.studies.single_answers import years
from advisor.studies.study import Verdict
from tests.known import SHIPPED, spec_of
from tests.studies.scored_models import alone, scored

MIXTURES = (
    "Qwen/Qwen3-30B-A3B",
    "openai/gpt-oss-20b",
    "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "Qwen/Qwen3.5-35B-A3B",
    "baidu/ERNIE-4.5-21B-A3B-PT",
)
DENSE = (
    "Qwen/Qwen3-8B",
    "Qwen/Qwen3-32B",
    "google/gemma-3-27b-it",
    "meta-llama/Llama-3.1-70B-Instruct",
    "microsoft/phi-4",
)


def flops(model, tokens):
    return spec_of(model).trace_flops(200, tokens)


def world(per_flop):
    """Accuracy follows FLOPs; a mixture's as if it had spent `per_flop` times as many."""
    points = []
    for at, model in enumerate((*MIXTURES, *DENSE)):
        for task, tokens in (("a", 400 + 150 * at), ("b", 3000 - 200 * at)):
            spent = flops(model, tokens) * (per_flop if model in MIXTURES else 1.0)
            logit = 1.2 * (math.log(spent) - math.log(3e13)) + (0.4 if task == "a" else -0.4)
            points.append(scored(model, 1 / (1 + math.exp(-logit)), tokens, task=task))
    return points


def pooled(found, equal, figure, *, dated=False):
    return next(
        row
        for row in found.differences
        if (row.equal, row.figure, row.task, row.dated) == (equal, figure, ALL_TASKS, dated)
    )


@pytest.fixture(scope="module")
def leading(tmp_path_factory):
    return advisor.dense_and_moe(alone(tmp_path_factory.mktemp("leading"), *world(4.0)))


@pytest.fixture(scope="module")
def shipped():
    return advisor.dense_and_moe(SHIPPED)


def test_a_known_advantage_comes_out(leading):
    """A quarter of the FLOPs at equal accuracy; shrinkage of the accuracies leaves it within a fifth."""
    row = pooled(leading, "accuracy", "flops")
    assert row.value.value == pytest.approx(0.25, rel=0.2)
    assert row.value.low < 0.25 < row.value.high
    assert (row.moe, row.dense, row.tasks, row.points, row.imputed) == (5, 5, 2, 20, 0)
    assert pooled(leading, "FLOPs", "accuracy").value.low > 0
    assert leading.claims[0].verdict is Verdict.CONFIRMED


def test_points_at_equal_flops_are_those_of_the_log_odds(leading, tmp_path):
    """Four times the FLOPs are 1.2·log 4 in log odds, around the mean of both tasks."""
    points = observed(alone(tmp_path, *world(4.0)))
    means = [np.mean([p.logits[0] for p in points if p.task == task]) for task in "ab"]
    at, half = float(np.mean(means)), 0.6 * math.log(4)
    expected = 100 * (1 / (1 + math.exp(-at - half)) - 1 / (1 + math.exp(-at + half)))
    row = pooled(leading, "FLOPs", "accuracy")
    assert row.value.value == pytest.approx(expected, rel=0.15)


def test_fronts_are_what_every_pair_says(leading, tmp_path):
    points = [p for p in observed(alone(tmp_path, *world(4.0))) if p.task == "a"]

    def beaten(one):
        return any(
            other.costs["flops"] <= one.costs["flops"] and other.logits[0] >= one.logits[0]
            for other in points
            if other is not one
        )

    front = leading.fronts[0]
    assert front.moe_on_front == sum(not beaten(p) for p in points if p.is_moe)
    assert front.dense_on_front == sum(not beaten(p) for p in points if not p.is_moe)
    assert front.moe_inside.value == pytest.approx(1 - front.moe_on_front / 5)
    assert front.dense_inside.value == pytest.approx(1 - front.dense_on_front / 5)
    for row in leading.fronts:
        assert row.more_dense_inside.value == pytest.approx(row.dense_inside.value - row.moe_inside.value)


def test_ages_by_hand(leading):
    models = SHIPPED.models
    moe, dense = ([years(models[model].released) for model in names] for names in (MIXTURES, DENSE))
    (row,) = leading.ages  # the tasks have the same models
    assert row.moe_released == pytest.approx(np.median(moe))
    assert row.dense_released == pytest.approx(np.median(dense))
    assert (row.near, row.moe) == (sum(min(abs(year - other) for other in dense) <= 0.5 for year in moe), 5)
    assert row.near not in (0, 5)
    kinds = [1] * len(moe) + [0] * len(dense)
    assert row.correlation == pytest.approx(np.corrcoef([*moe, *dense], kinds)[0, 1])


def test_no_advantage_is_none(tmp_path):
    found = advisor.dense_and_moe(alone(tmp_path, *world(1.0)))
    row = pooled(found, "accuracy", "flops")
    assert row.value.low < 1 < row.value.high
    assert row.value.value == pytest.approx(1, rel=0.2)


def test_a_disadvantage_turns_the_verdict(tmp_path):
    found = advisor.dense_and_moe(alone(tmp_path, *world(0.1)))
    assert pooled(found, "accuracy", "flops").value.low > 1
    assert found.claims[0].verdict is Verdict.CONTRADICTED


def test_mixtures_take_more_memory_and_fewer_flops_of_it(leading):
    row = pooled(leading, "bytes of weights", "flops")
    assert row.value.high < 1


def test_observed_costs_and_weights(tmp_path):
    points = observed(alone(tmp_path, scored("openai/gpt-oss-20b", 0.5, 1000), scored(DENSE[0], 0.5, 1000)))
    four_bit, half = sorted(points, key=lambda point: point.weight_bytes * point.is_moe, reverse=True)
    assert half.weight_bytes == pytest.approx(2 * spec_of(DENSE[0]).total_parameters, rel=0.01)
    assert four_bit.weight_bytes < 0.9 * spec_of("openai/gpt-oss-20b").total_parameters
    assert half.costs["flops"] == flops(DENSE[0], 1000)
    assert half.costs["tokens"] == 1200
    assert half.released == 2025.25
    assert all(half.costs[cost] > 0 for cost in ("usd", "s", "J"))


def test_the_cheapest_deployment_of_each_cost_counts(tmp_path):
    workspace = alone(tmp_path, scored(DENSE[0], 0.5, 1000))
    (point,) = observed(workspace)
    for cost in ("usd", "J"):
        frontier = advisor.frontier(workspace, task="mine", cost=cost).frontier
        assert point.costs[cost] == pytest.approx(min(c.cost(cost) for c in frontier))


def test_an_imputed_length_moves_costs_in_the_draws(tmp_path):
    imputed = {"tokens_provenance": Provenance.IMPUTED, "tokens_spread": 2.0}
    (point,) = observed(alone(tmp_path, scored(DENSE[0], 0.5, 1000, **imputed)))
    assert point.log_costs("flops")[0] == pytest.approx(math.log(flops(DENSE[0], 1000)))
    assert point.log_costs("flops")[1:] - math.log(flops(DENSE[0], 1000)) == pytest.approx(
        np.log(point.answer.token_factors)
    )
    assert point.log_costs("flops")[1:].std() == pytest.approx(math.log(2) / 1.645, rel=0.15)


def test_what_counted_lengths_alone_say_is_a_note(tmp_path):
    imputed = {"tokens_provenance": Provenance.IMPUTED, "tokens_spread": 1.5}
    points = [dataclasses.replace(p, **imputed) if p.task == "b" else p for p in world(4.0)]
    found = advisor.dense_and_moe(alone(tmp_path / "some", *points))
    (note,) = [note for note in found.notes if "imputed" in note]
    assert note.startswith("10 of 20 lengths are imputed")
    factor = float(re.search(r"mixtures take (\S+) × ", note)[1])
    assert factor == pytest.approx(0.25, rel=0.3)
    none = advisor.dense_and_moe(alone(tmp_path / "all", *(dataclasses.replace(p, **imputed) for p in points)))
    assert any("too few to compare" in note for note in none.notes)


def test_only_one_kind_is_said(tmp_path):
    found = advisor.dense_and_moe(alone(tmp_path, *(scored(model, 0.5, 900) for model in DENSE)))
    assert not found.differences
    assert not found.pairs
    assert {claim.verdict for claim in found.claims[:2]} == {Verdict.OPEN}
    assert any(
        "two architectures" in claim.ours or "architectures of each kind" in claim.ours for claim in found.claims
    )


def test_nothing_known_is_said(tmp_path):
    found = advisor.dense_and_moe(alone(tmp_path, without=("prices.csv", "models.csv", "models")))
    assert {claim.verdict for claim in found.claims} == {Verdict.OPEN}
    assert "no accuracy" in found.notes[0]
    assert [*found.differences, *found.fronts, *found.pairs, *found.losses, *found.advantages] == []


def test_an_unknown_gpu_is_named():
    with pytest.raises(advisor.AdvisorError, match="h1000"):
        advisor.dense_and_moe(SHIPPED, gpu="h1000")


def difference(low, high, *, dated=True, architectures=5):
    value = Interval((low + high) / 2, low, high)
    return Difference("FLOPs", "accuracy", ALL_TASKS, 3, dated, 7, 9, architectures, 6, 42, 7, value)


@pytest.mark.parametrize(
    ("dated", "counted", "verdict", "said"),
    [
        ((1, 7), (1, 9), Verdict.CONFIRMED, "bears out its sign"),
        ((1, 7), (-1, 9), Verdict.REFINED, "alone is not sure of its sign"),
        ((1, 7), (-9, 1), Verdict.OPEN, "alone is not sure"),
        ((1, 7), (-9, -1), Verdict.OPEN, "-5.0 points"),
        ((1, 7), None, Verdict.OPEN, "with counted lengths alone too few models to say"),
        ((-1, 7), (1, 9), Verdict.OPEN, "bears out"),
        ((-7, -1), (-9, -1), Verdict.CONTRADICTED, "bears out"),
        ((-7, -1), (-9, 1), Verdict.OPEN, "not sure"),
    ],
)
def test_whether_mixtures_dominate_follows_at_equal_date_and_from_counted_lengths(dated, counted, verdict, said):
    rows = [difference(20, 30, dated=False), difference(*dated)]
    alone = difference(*counted) if counted else None
    claim = dominance_claim(rows, alone, ())
    assert claim.verdict is verdict
    assert said in claim.ours
    assert "7 mixtures of 5 architectures, 9 dense models of 6, 7 of 42 lengths imputed" in claim.ours
    assert dominance_claim(rows[:1], alone, ()).verdict is Verdict.OPEN


def test_many_models_of_few_architectures_do_not_bear_it_out():
    rows = [difference(20, 30, dated=False), difference(1, 7)]
    claim = dominance_claim(rows, difference(1, 9, architectures=4), ())
    assert claim.verdict is Verdict.REFINED
    assert "too few to bear it out, which takes 5 architectures of each" in claim.ours


def test_a_verdict_that_hangs_on_one_architecture_is_refined():
    rows = [difference(20, 30, dated=False), difference(1, 7)]
    same = Compared(difference(1, 7), difference(1, 9, architectures=4))
    other = Compared(difference(-1, 7), difference(1, 9))
    assert dominance_claim(rows, difference(1, 9), [same] * 11).verdict is Verdict.CONFIRMED
    claim = dominance_claim(rows, difference(1, 9), [*[same] * 10, other])
    assert claim.verdict is Verdict.REFINED
    assert "confirmed with 10 of 11 architectures left out in turn" in claim.ours
    assert robust(Verdict.CONTRADICTED, whichever_is_left_out=False) is Verdict.REFINED
    assert robust(Verdict.OPEN, whichever_is_left_out=False) is Verdict.OPEN


def test_the_claim_says_how_many_of_each_kind_and_which_are_left_out(leading):
    ours = leading.claims[0].ours
    assert "5 mixtures of 5 architectures, 5 dense models of 5" in ours
    assert "confirmed with 10 of 10 architectures left out in turn" in ours


def test_an_end_within_the_bootstraps_own_error_of_zero_is_not_sure():
    rows = [difference(20, 30, dated=False), difference(0.3, 15)]
    assert dominance_claim(rows, difference(1, 9), ()).verdict is Verdict.OPEN
    assert dominance_claim([rows[0], difference(1, 7)], difference(0.3, 15), ()).verdict is Verdict.REFINED


def verdict_of_a_world(seed, per_mixture):
    """Of 8 mixtures, mostly later ones, and 16 dense models on 3 tasks, where each year is worth 0.8 logits."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(24) < 8
    years, powers = rng.uniform(0, 2, 24) + 0.7 * kinds, rng.uniform(13, 15, 24) - 0.3 * kinds
    own = 0.8 * years + 0.9 * (powers - 14) + per_mixture * kinds + rng.normal(0, 0.4, 24)
    there = [(task, i) for task in "abc" for i in range(24) if rng.random() < 0.8]
    logits = np.array([own[i] + rng.normal(0, 0.3) for _, i in there])[:, None] + np.zeros((1, DRAWS + 1))
    logits[:, 1:] += rng.normal(0, 0.15, (len(there), DRAWS))
    controls = [np.array([np.full(DRAWS + 1, of[i]) for _, i in there]) for of in (powers, years)]
    is_counted = np.array([rng.random() < 0.6 for _ in there])

    def shown(chosen):
        some = [each for each, keep in zip(there, chosen, strict=True) if keep]
        cells = Cells(*zip(*((task, f"m{i}", bool(kinds[i]), f"m{i}") for task, i in some), strict=True))
        found = interval(differences(cells, logits[chosen], [each[chosen] for each in controls]).pooled)
        return difference(found.low, found.high)

    return dominance(Compared(shown(np.ones(len(there), dtype=bool)), shown(is_counted)))


def test_later_mixtures_that_are_no_better_at_equal_date_seldom_dominate():
    verdicts = [verdict_of_a_world(seed, 0.0) for seed in range(60)]
    assert sum(verdict is not Verdict.OPEN for verdict in verdicts) <= 6  # 10 %


def test_mixtures_that_are_better_at_equal_date_dominate():
    assert {verdict_of_a_world(seed, 2.0) for seed in range(5)} == {Verdict.CONFIRMED}
    assert {verdict_of_a_world(seed, -2.0) for seed in range(5)} == {Verdict.CONTRADICTED}


@pytest.mark.parametrize(
    ("dense", "more", "verdict"),
    [
        ((0.6, 0.9), (0.1, 0.5), Verdict.CONFIRMED),
        ((0.6, 0.9), (-0.1, 0.5), Verdict.REFINED),
        ((0.4, 0.9), (0.1, 0.5), Verdict.OPEN),
        ((0.1, 0.4), (-0.5, 0.1), Verdict.CONTRADICTED),
    ],
)
def test_whether_dense_models_lie_inside_follows_from_their_share(dense, more, verdict):
    inside = [Interval(sum(ends) / 2, *ends) for ends in ((0.2, 0.6), dense, more)]
    rows = [TaskFront(ALL_TASKS, 5, 9, 3, 2, *inside)]
    assert claims_of(rows, ())[0].verdict is verdict


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((0.5, 0.6, 0.7, 0.6), Verdict.CONFIRMED),
        ((0.5, 0.6, 0.7, 0.6, 0.5, 0.6, 0.6, 1.1), Verdict.REFINED),
        ((0.5, 0.6, 1.4, 1.5), Verdict.OPEN),
        ((1.5, 1.6, 1.7, 1.8), Verdict.CONTRADICTED),
        ((0.5, 0.6), Verdict.OPEN),
    ],
)
def test_what_length_and_load_take_away_follows_from_the_pairs(ratios, verdict):
    rows = [Loss("accuracy", f"m{i}", "d", 2.0, 2.0 * ratio, 3.0, 3.0 * ratio, None) for i, ratio in enumerate(ratios)]
    assert [claim.verdict for claim in claims_of((), rows)[1:]] == [verdict, verdict]


@pytest.mark.parametrize(("most", "verdict"), [(1.4, Verdict.CONFIRMED), (1.8, Verdict.REFINED)])
def test_what_a_larger_batch_wins_back_refines_it(most, verdict):
    rows = [Loss("accuracy", f"m{i}", "d", 2.0, 1.0, 3.0, 1.5, most) for i in range(4)]
    load = claims_of((), rows)[2]
    assert load.verdict is verdict
    assert f"with 512 in flight {most / 1.5:.2f} times that with 64 (4 pairs fit)" in load.ours


def test_a_pair_without_a_price_counts_for_length_alone():
    rows = [Loss("accuracy", f"m{i}", "d", 2.0, 1.0, None, None, None) for i in range(4)]
    length, load = claims_of((), rows)[1:]
    assert (length.verdict, load.verdict) == (Verdict.CONFIRMED, Verdict.OPEN)


def test_what_ships_is_compared_on_several_tasks(shipped):
    assert {row.equal for row in shipped.differences} == {"accuracy", "FLOPs", "active parameters", "bytes of weights"}
    assert len({row.task for row in shipped.differences}) > 3
    assert {row.dated for row in shipped.differences} == {False, True}
    for row in shipped.differences:
        assert row.value.low <= row.value.value <= row.value.high
        assert row.figure == "accuracy" or row.value.low > 0
    assert {row.alike for row in shipped.advantages} >= {"accuracy", "total size"}
    over = shipped.fronts[-1]
    assert over.task == ALL_TASKS
    assert over.moe_on_front == sum(row.moe_on_front for row in shipped.fronts[:-1])


def test_mixtures_and_dates_go_together_where_it_is_said(shipped):
    together = max(row.correlation for row in shipped.ages)
    assert any("release date" in note for note in shipped.notes) is (together > 0.3)
    assert all(0 <= row.near <= row.moe for row in shipped.ages)


def test_it_is_the_same_each_time(leading, tmp_path):
    assert advisor.dense_and_moe(alone(tmp_path, *world(4.0))) == leading
