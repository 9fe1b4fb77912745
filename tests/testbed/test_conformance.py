"""Every strategy on every engine: the same suite, and a blind reward model as negative control."""

import asyncio
import random

import pytest

from advisor.engines.protocol import Sampling, Scored
from advisor.strategies.adaptive import adaptive_majority
from advisor.strategies.mcts import mcts
from advisor.strategies.rebase import Steps, rebase
from advisor.strategies.sample import sample
from advisor.strategies.selection import REWARDS, SELECTIONS
from advisor.strategies.thinking_budget import thinking_budget
from advisor.tasks.answers import arithmetic as answer_of
from advisor.tasks.arithmetic import questions
from tests.strategies.scripted import Oracle, Policy

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

QUESTIONS = questions(12)
SAMPLING = Sampling(seed=1, max_tokens=96)
STEPS = Steps("\n", lambda text: answer_of(text) is not None)
STRATEGIES = {
    "greedy": lambda g, s, p: sample(g, None, p, Sampling(temperature=0, max_tokens=96), 1),
    "majority": lambda g, s, p: sample(g, None, p, SAMPLING, 4),
    "weighted-majority": lambda g, s, p: sample(g, s, p, SAMPLING, 4),
    "rebase": lambda g, s, p: rebase(g, s, p, SAMPLING, 4, STEPS),
    "mcts": lambda g, s, p: mcts(g, s, p, SAMPLING, 2, STEPS),
    "thinking-budget": lambda g, s, p: thinking_budget(g, p, SAMPLING, 12, "\nA "),
    "adaptive-majority": lambda g, s, p: adaptive_majority(g, p, SAMPLING, 6, answer_of),
}


@pytest.fixture(params=["scripted", "vllm", "server"])
def engines(request):
    """(policy, reward model)."""
    if request.param == "scripted":
        return Policy(0.2), Oracle()
    if request.param == "server":
        return request.getfixturevalue("clients")
    return request.getfixturevalue("small"), request.getfixturevalue("reward")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_on_every_engine(loop, engines, strategy):
    generate, score = engines

    async def everything():
        return await asyncio.gather(*(STRATEGIES[strategy](generate, score, q.prompt) for q in QUESTIONS))

    found = loop(everything())
    rewarded = strategy in {"weighted-majority", "rebase", "mcts"}
    assert any(answer_of(t.text) is not None for searched in found for t in searched.traces)
    for searched in found:
        work = searched.work
        assert work.generated_tokens > 0
        assert work.prompt_tokens + work.cached_tokens > 0
        assert 0 < work.depth_tokens <= work.generated_tokens
        assert (work.scored_tokens > 0) == rewarded
        for trace in searched.traces:
            assert trace.finish_reason in {"stop", "length", "loop", "forced"}
            assert 0 < trace.generated_tokens <= work.generated_tokens
            assert all(0 <= r <= 1 for r in trace.rewards)
            if rewarded and "\n" in trace.text:
                assert len(trace.rewards) == trace.text.count("\n")
    if strategy in {"majority", "weighted-majority"}:
        assert {len(searched.traces) for searched in found} == {4}


def test_both_engines_give_the_same_rewards_and_greedy_answers(loop, small, reward, clients):
    generate, score = clients
    for q in QUESTIONS:
        greedy = Sampling(temperature=0, max_tokens=96)
        here, there = loop(small.generate(q.prompt, "", greedy)), loop(generate.generate(q.prompt, "", greedy))
        assert (here.text, here.generated_tokens, here.finish_reason) == (
            there.text,
            there.generated_tokens,
            there.finish_reason,
        )
        ours, theirs = loop(reward.score(q.prompt, here.text)), loop(score.score(q.prompt, here.text))
        assert ours.rewards == pytest.approx(theirs.rewards, abs=1e-4)
        assert ours.tokens == theirs.tokens


class Blind:
    """Rewards that say nothing."""

    async def score(self, prompt, partial):
        rng = random.Random(f"{prompt}|{partial}")
        return Scored(tuple(rng.random() for line in partial.splitlines() if line), len(partial))


def test_blind_rewards_do_not_beat_sampling(loop, small):
    asked = questions(80, seed=5)

    async def everything(search):
        return await asyncio.gather(*(search(q.prompt) for q in asked))

    def right(found, selection):
        kept = [
            SELECTIONS[selection]([answer_of(t.text) for t in f.traces], [REWARDS["last"](t.rewards) for t in f.traces])
            for f in found
        ]
        return [answer == q.reference for answer, q in zip(kept, asked, strict=True)]

    sampled = loop(everything(lambda p: sample(small, Blind(), p, SAMPLING, 8)))
    searched = loop(everything(lambda p: rebase(small, Blind(), p, SAMPLING, 8, STEPS)))
    voted = right(sampled, "majority")
    for rewarded in (right(sampled, "weighted"), right(sampled, "best"), right(searched, "weighted")):
        better = sum(r > v for r, v in zip(rewarded, voted, strict=True))
        worse = sum(r < v for r, v in zip(rewarded, voted, strict=True))
        assert better - worse <= 2.6 * max(better + worse, 1) ** 0.5  # a sign test at 0.5 %
