"""Every search on a policy whose truth is known, with a blind reward model as negative control."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.engines.protocol import EngineFailure, Sampling
from advisor.strategies.adaptive import adaptive_majority
from advisor.strategies.mcts import mcts
from advisor.strategies.rebase import Steps, allocate, rebase
from advisor.strategies.sample import sample
from advisor.strategies.search import loops
from advisor.strategies.selection import REWARDS, SELECTIONS
from advisor.strategies.thinking_budget import thinking_budget
from advisor.tasks.answers import arithmetic as answer_of
from advisor.tasks.arithmetic import questions
from tests.strategies.scripted import Oracle, Policy

QUESTIONS = questions(60)
STEPS = Steps("\n", lambda text: answer_of(text) is not None)
SAMPLING = Sampling(seed=1, max_tokens=512)

# scores, width, temperature, what the published sequential ceiling allots (arXiv 2408.00724)
CASES = [
    ([0.9, 0.5, 0.1], 8, 0.2, [7, 1, 0]),
    ([0.9, 0.5, 0.1], 8, 0.1, [8, 0, 0]),
    ([0.9, 0.5, 0.1], 8, 1.0, [4, 3, 1]),
    ([0.9, 0.5, 0.1], 16, 0.2, [14, 2, 0]),
    ([0.95, 0.9, 0.85, 0.2], 16, 0.2, [7, 5, 4, 0]),
    ([0.6, 0.55, 0.5, 0.45, 0.4], 6, 0.2, [2, 2, 1, 1, 0]),
    ([0.5] * 5, 3, 0.2, [1, 1, 1, 0, 0]),
    ([0.9, 0.7, 0.5, 0.3], 16, 0.3, [9, 4, 2, 1]),
    ([0.9, 0.7, 0.5, 0.3], 16, 0.1, [14, 2, 0, 0]),
    ([0.99, 0.01], 16, 0.2, [16, 0]),
    ([0.9, 0.9, 0.1], 4, 0.2, [2, 2, 0]),
    ([0.8] * 4, 8, 0.2, [2, 2, 2, 2]),
    ([0.95] * 8, 32, 0.2, [4] * 8),
]


@pytest.mark.parametrize(("scores", "width", "temperature", "children"), CASES)
def test_allocation_equals_the_published_code(scores, width, temperature, children):
    assert allocate(scores, width, temperature) == children


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 64), st.floats(0.05, 5))
def test_allocation_spends_the_width_and_keeps_the_order(scores, width, temperature):
    children = allocate(scores, width, temperature)
    assert sum(children) == width
    for a, b in zip(scores, children, strict=True):
        for c, d in zip(scores, children, strict=True):
            assert a <= c + 1e-12 or b >= d - 1


def test_allocation_at_its_extremes():
    assert max(allocate([0.9, 0.5, 0.1], 12, 1e6)) - min(allocate([0.9, 0.5, 0.1], 12, 1e6)) <= 2
    assert allocate([0.9, 0.5, 0.1], 16) == allocate([-2.6, -3.0, -3.4], 16)
    assert allocate([0.9, 0.5, 0.1], 12, 0.01) == [12, 0, 0]
    assert allocate([], 4) == []


def test_equal_rewards_share_evenly_behind_a_better_one():
    """Of 16 the best takes ⌈16/(1 + 2·e^−2.5)⌉ = 14; rounding must not give both others to the first of them."""
    assert allocate([0.9, 0.4, 0.4], 16) == [14, 1, 1]


def test_rewards_far_from_zero_are_shared_out_by_their_differences():
    assert allocate([1e4, 1e4 - 0.2], 16) == allocate([-1e4, -1e4 - 0.2], 16) == allocate([0.2, 0.0], 16)
    assert allocate([1e4, 0.0], 16) == [16, 0]


def accuracy(search, selection="weighted"):
    """Share of QUESTIONS answered right, and the generated tokens."""

    async def all_of_them():
        return await asyncio.gather(*(search(q.prompt) for q in QUESTIONS))

    found = asyncio.run(all_of_them())
    right = 0
    for q, searched in zip(QUESTIONS, found, strict=True):
        answers = [answer_of(t.text) for t in searched.traces]
        right += SELECTIONS[selection](answers, [REWARDS["last"](t.rewards) for t in searched.traces]) == q.reference
    return right / len(QUESTIONS), sum(s.work.generated_tokens for s in found)


POLICY, ORACLE, BLIND = Policy(0.2), Oracle(), Oracle(blind=True)


def sampled(score, n):
    return lambda prompt: sample(POLICY, score, prompt, SAMPLING, n)


def test_more_compute_helps_and_rewards_help_more():
    one, _ = accuracy(sampled(None, 1), "first")
    voted, _ = accuracy(sampled(None, 16), "majority")
    weighted, _ = accuracy(sampled(ORACLE, 16))
    searched, _ = accuracy(lambda prompt: rebase(POLICY, ORACLE, prompt, SAMPLING, 16, STEPS))
    assert one < voted <= weighted + 0.03
    assert searched >= weighted - 0.03
    assert searched > 0.85


def test_blind_rewards_do_not_beat_sampling():
    voted, _ = accuracy(sampled(BLIND, 8), "majority")
    for search in (
        lambda p: rebase(POLICY, BLIND, p, SAMPLING, 8, STEPS),
        lambda p: mcts(POLICY, BLIND, p, SAMPLING, 4, STEPS),
    ):
        assert accuracy(search)[0] <= voted + 0.1


def test_mcts_beats_one_answer_with_good_rewards():
    one, _ = accuracy(sampled(None, 1), "first")
    searched, tokens = accuracy(lambda prompt: mcts(POLICY, ORACLE, prompt, SAMPLING, 6, STEPS))
    assert searched > one + 0.1
    assert tokens > 0


def test_a_budget_cuts_thinking_and_forces_an_answer():
    async def run(cap, force):
        return await thinking_budget(POLICY, QUESTIONS[1].prompt, SAMPLING, cap, force)

    cut = asyncio.run(run(5, "A "))
    assert cut.traces[0].finish_reason == "forced"
    assert cut.work.generated_tokens == cut.traces[0].generated_tokens > 5
    assert asyncio.run(run(5, "")).traces[0].finish_reason == "length"
    assert asyncio.run(run(500, "A ")).traces[0].finish_reason == "stop"


def test_adaptive_voting_stops_early_and_answers_alike():
    spent = {}
    for name, search in {
        "all": sampled(None, 24),
        "adaptive": lambda p: adaptive_majority(POLICY, p, SAMPLING, 24, answer_of),
    }.items():
        spent[name] = accuracy(search, "majority")
    assert spent["adaptive"][1] < 0.85 * spent["all"][1]
    assert spent["adaptive"][0] >= spent["all"][0] - 0.05


def test_runs_repeat_and_seeds_differ():
    async def texts():
        return [t.text for t in (await sample(POLICY, None, QUESTIONS[0].prompt, SAMPLING, 12)).traces]

    first = asyncio.run(texts())
    assert first == asyncio.run(texts())
    assert len(set(first)) > 1


def test_work_counts_discarded_branches():
    searched = asyncio.run(rebase(POLICY, ORACLE, QUESTIONS[0].prompt, SAMPLING, 8, STEPS))
    paths = sum(t.generated_tokens for t in searched.traces)
    assert searched.work.scored_tokens > 0
    assert searched.work.depth_tokens == max(t.generated_tokens for t in searched.traces)
    assert searched.work.generated_tokens <= paths  # shared prefixes are drawn once
    assert len(searched.traces) <= 8


@pytest.mark.parametrize(
    "search",
    [
        lambda p: sample(Policy(0.1, fail=1.0), None, p, SAMPLING, 2),
        lambda p: rebase(Policy(0.1, fail=1.0), ORACLE, p, SAMPLING, 4, STEPS),
    ],
)
def test_a_failed_request_fails_its_question(search):
    with pytest.raises(EngineFailure):
        asyncio.run(search(QUESTIONS[0].prompt))


def test_selections():
    answers, rewards = ["a", "b", None, "b", "a"], [0.9, 0.2, 1.0, 0.3, 0.1]
    published = ("first", "majority", "weighted", "best")
    assert [SELECTIONS[name](answers, rewards) for name in published] == ["a"] * 4
    assert SELECTIONS["weighted"](["a", "b", "b"], [0.5, 0.3, 0.3]) == "b"
    assert all(select([None], [1.0]) is None and select([], []) is None for select in SELECTIONS.values())
    assert [round(REWARDS[name]([0.5, 0.2, 0.8]), 3) for name in ("last", "min", "mean", "product")] == [
        0.8,
        0.2,
        0.5,
        0.08,
    ]
    assert REWARDS["last"]([]) == 0


def test_loops_are_seen():
    assert loops("and so on, " * 30)
    assert not loops("1+2=3\n3+4=7\n7+5=12\nA 12\n")
