"""Every strategy on every engine: the same suite, and a blind reward model as negative control."""

import asyncio
import random

import pytest

from advisor.calibration.rows import answers, columns_of_run
from advisor.calibration.run import search
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import Sampling, Scored, Served
from advisor.strategies import STRATEGIES
from advisor.strategies.rebase import Steps, rebase
from advisor.strategies.sample import sample
from advisor.strategies.selection import REWARDS, SELECTIONS
from advisor.tasks.answers import arithmetic as answer_of
from advisor.tasks.arithmetic import questions
from advisor.tasks.task import load
from tests.strategies.scripted import Oracle, Policy

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

TASK = load("arithmetic", n_questions=12)
QUESTIONS = TASK.questions
SAMPLING = Sampling(seed=1, max_tokens=96)
STEPS = Steps("\n", TASK.is_final)
BUDGETS = {"greedy": 1, "mcts": 2, "thinking-budget": 12, "adaptive-majority": 6}


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
    """As `calibrate` runs it: its searches, and the rows it makes of them."""
    generate, score = engines
    score = score if STRATEGIES[strategy].needs_rewards else None
    plan = Plan("small", strategy, BUDGETS.get(strategy, 4), SAMPLING, reward_model="reward" if score else None)
    columns = columns_of_run(plan, TASK, Served(), "run")

    async def everything():
        return await asyncio.gather(*(search(plan, TASK, q, generate, score) for q in QUESTIONS))

    found = loop(everything())
    rewarded = score is not None
    assert any(answer_of(t.text) is not None for searched in found for t in searched.traces)
    for question, searched in zip(QUESTIONS, found, strict=True):
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
        rows = answers(columns, TASK, question, searched, 8)
        assert [row.answer for row in rows][: len(searched.traces)] == [answer_of(t.text) for t in searched.traces]
        assert all((row.score is not None) == rewarded for row in rows if searched.traces)
        assert {row.search_generated_tokens for row in rows} == {work.generated_tokens}
    if STRATEGIES[strategy].search == "sampling":
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
