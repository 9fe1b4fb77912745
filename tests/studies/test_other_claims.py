"""Further claims on what ships, on nothing, and turned by other figures."""

import numpy as np
import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.store.published import Published
from advisor.studies.inference_scaling_evidence import clearly, over_sets
from advisor.studies.other_claims import _adaptive, _first_three, _first_to_end, _longer_thinking, _shortest
from advisor.studies.repeated_answers import AdaptiveVote, ShortAnswers
from advisor.studies.size_costs import SizeCost, equivalent_flops, memory_claim, size_costs
from advisor.studies.study import Verdict
from advisor.studies.untested_claims import UNTESTED
from tests.known import SHIPPED


def around(value, half):
    return Interval(value, value - half, value + half)


def test_the_published_figures_of_the_formula_withmemory_claim():
    large, small = (SHIPPED.models.spec(f"Qwen/Qwen3-{size}B") for size in ("8", "0.6"))
    assert equivalent_flops(large, 200, 32_000) / equivalent_flops(small, 200, 32_000) == pytest.approx(1.30, abs=0.01)
    assert equivalent_flops(large, 200, 1000) == pytest.approx(16.8e12 + 58.1e12, rel=0.03)
    assert equivalent_flops(large, 200, 32_000) == pytest.approx(829.9e12 + 42_998e12, rel=0.01)


def test_an_empty_workspace_tells_nothing(monkeypatch, tmp_path):
    ws = advisor.Workspace(tmp_path)
    monkeypatch.setattr(ws, "roots", (tmp_path,))
    found = advisor.other_claims(ws)
    assert not found.votes
    assert not found.short
    assert {claim.verdict for claim in found.claims[:5]} == {Verdict.OPEN}


def test_what_no_data_can_tell_says_so_and_is_published():
    assert all(c.ours.startswith("no data here: ") and c.verdict is Verdict.OPEN for c in UNTESTED)
    assert all(c.published for c in UNTESTED)


def adaptive(gain, saving, n=40):
    return _adaptive([AdaptiveVote("m", "t", 100, n, 10.0, around(saving, 0.5), gain)]).verdict


def test_a_vote_that_stops_early():
    assert adaptive(around(0, 0.0005), 8) is Verdict.CONFIRMED
    assert adaptive(around(0, 0.0005), 2) is Verdict.REFINED
    assert adaptive(around(0, 0.0005), 8, n=8) is Verdict.REFINED
    assert adaptive(around(-0.005, 0.001), 8) is Verdict.CONTRADICTED
    assert adaptive(around(0, 0.005), 8) is Verdict.OPEN


def short(over_longest, over_vote):
    return ShortAnswers("m", "t", 100, 8, over_longest, over_vote, 0.6, over_vote, 0.7)


def test_the_first_three_are_judged_by_what_they_lose():
    assert _first_three([short(around(0, 0), around(0, 0.005))]).verdict is Verdict.CONFIRMED
    assert _first_three([short(around(0, 0), around(-0.05, 0.005))]).verdict is Verdict.CONTRADICTED
    assert "after 70 % of the time" in _first_three([short(around(0, 0), around(0, 0.05))]).ours


def test_one_set_unlike_the_others_does_not_decide():
    same, less = around(0, 0.03), around(-0.05, 0.03)
    assert _first_three([short(same, less), short(same, around(-0.015, 0.025))]).verdict is Verdict.OPEN
    assert _first_three([short(same, less)]).verdict is Verdict.CONTRADICTED
    two = over_sets([around(0.1, 0.02), around(0.2, 0.04)])
    assert (two.value, two.low, two.high) == pytest.approx((0.15, 0.12, 0.18))
    apart = over_sets([around(value, 0.01) for value in (-0.2, 0.0, 0.2)])
    assert apart.high == pytest.approx(2.92 * 0.2 / 3**0.5, rel=0.01)
    assert over_sets([]) is None


def test_many_figures_of_nothing_seldom_say_anything():
    """Of eight models without a difference some verdict in at most one world of ten; of one that is clear, one."""
    rng = np.random.default_rng(0)
    worlds = [[short(around(rng.normal(0, 0.02), 1.645 * 0.02), around(0, 0)) for _ in range(8)] for _ in range(400)]
    assert np.mean([_shortest(world).verdict is not Verdict.OPEN for world in worlds]) <= 0.12
    assert clearly([around(0.02, 0.019), *[around(0, 0.02)] * 7], 1) == 0
    assert clearly([around(0.09, 0.019), *[around(0, 0.02)] * 7], 1) == 1
    assert clearly([around(-0.09, 0.019), around(0.03, 0.019)], -1) == 1
    assert clearly([around(-0.02, 0.005)], -1, -0.01) == clearly([around(-0.02, 0.005)], 1, -0.03) == 1


def test_windows_bound_what_is_read():
    windowed, full = (SHIPPED.models.spec(model) for model in ("google/gemma-3-27b-it", "Qwen/Qwen3-8B"))
    whole = (2 * 200 + 32_000) * 32_000 * windowed.kv_elements_per_token * 562.5
    assert equivalent_flops(windowed) < 0.5 * whole
    assert equivalent_flops(full) > (2 * 200 + 32_000) * 32_000 * full.kv_elements_per_token * 562.5


def test_the_pair_that_the_claim_names_is_worked_out():
    named = next(each for each in size_costs(SHIPPED.models) if each.larger == "Qwen/Qwen3-8B")
    assert named.cost_ratio == pytest.approx(1.30, abs=0.01)
    claim = memory_claim([named, SizeCost("a", "b", 10, 2)])
    assert claim.ours.startswith("Qwen/Qwen3-8B costs 1.30 times as much as Qwen/Qwen3-0.6B")
    assert "our own" in claim.source


def test_short_answers_by_sign_and_by_loss():
    assert _shortest([short(around(0.1, 0.05), around(0, 0))]).verdict is Verdict.CONFIRMED
    assert _shortest([short(around(-0.1, 0.05), around(0, 0))]).verdict is Verdict.CONTRADICTED
    assert _first_to_end([short(around(0, 0), around(0, 0.005))]).verdict is Verdict.CONFIRMED
    assert _first_to_end([short(around(0, 0), around(-0.05, 0.005))]).verdict is Verdict.CONTRADICTED
    assert _first_to_end([short(around(0, 0), around(0, 0.05))]).verdict is Verdict.OPEN


def published(strategy, accuracy, n, tokens):
    return Published("m", "t", strategy, 1, n, accuracy, None, tokens, "made", False, "made")


@pytest.mark.parametrize(
    ("best", "n", "expected"),
    [(0.57, 30, Verdict.OPEN), (0.57, 30_000, Verdict.CONFIRMED), (0.45, 30_000, Verdict.CONTRADICTED)],
)
def test_longer_thinking_against_its_own_end(best, n, expected):
    rows = [published("thinking-budget", a, n, 100.0) for a in (0.3, best)] + [published("majority", 0.5, n, 90.0)]
    assert _longer_thinking(rows).verdict is expected
    assert _longer_thinking(rows[:2]).verdict is Verdict.OPEN


def test_sizes_nearer_than_their_parameters():
    assert memory_claim([SizeCost("a", "b", 10, 2)]).verdict is Verdict.CONFIRMED
    assert memory_claim([SizeCost("a", "b", 10, 9)]).verdict is Verdict.CONTRADICTED
    assert memory_claim([SizeCost("a", "b", 10, 9), SizeCost("a", "b", 10, 2)]).verdict is Verdict.REFINED
