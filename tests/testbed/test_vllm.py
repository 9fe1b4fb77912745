"""Every strategy on real vLLM with tiny models trained by train.py, and the whole chain."""

import asyncio

import pytest

import advisor
from advisor.engines.protocol import EngineFailure, Sampling
from advisor.errors import MissingAbility
from advisor.strategies.adaptive import adaptive_majority
from advisor.strategies.mcts import mcts
from advisor.strategies.rebase import Steps, rebase
from advisor.strategies.sample import sample
from advisor.strategies.selection import REWARDS, SELECTIONS
from advisor.strategies.thinking_budget import thinking_budget
from advisor.tasks.answers import arithmetic as answer_of
from advisor.tasks.arithmetic import questions
from tests.testbed.conftest import MODELS, SETTINGS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),
]
pytest.importorskip("vllm")

QUESTIONS = questions(60)
SAMPLING = Sampling(seed=1, max_tokens=96)
STEPS = Steps("\n", lambda text: answer_of(text) is not None)


def test_counts_and_stops(loop, small):
    prompt = QUESTIONS[0].prompt
    whole = loop(small.generate(prompt, "", Sampling(temperature=0, max_tokens=96)))
    assert whole.finish_reason == "stop"
    assert whole.generated_tokens == len(whole.text) + 1  # a token is a character, and one ends the text
    assert whole.prompt_tokens + whole.cached_tokens == len(prompt)
    line = loop(small.generate(prompt, "", Sampling(temperature=0, max_tokens=96, stop=("\n",))))
    assert line.text == whole.text[: whole.text.index("\n") + 1]
    assert line.stopped_at == "\n"
    rest = loop(small.generate(prompt, line.text, Sampling(temperature=0, max_tokens=96)))
    assert line.text + rest.text == whole.text
    assert loop(small.generate(prompt, "", Sampling(temperature=0, max_tokens=3))).finish_reason == "length"


def test_a_long_prefix_comes_from_the_cache(loop, small):
    prompt = QUESTIONS[0].prompt + "1+1=2\n" * 20
    loop(small.generate(prompt, "", Sampling(max_tokens=1)))
    assert loop(small.generate(prompt, "", Sampling(max_tokens=1))).cached_tokens >= 96


def test_a_prompt_beyond_the_context_fails_alone(loop, small):
    with pytest.raises(EngineFailure):
        loop(small.generate("1" * 300, "", SAMPLING))
    assert loop(small.generate(QUESTIONS[0].prompt, "", SAMPLING)).text


def test_rewards_one_a_step_and_higher_for_right_lines(loop, reward):
    good, bad = [], []
    for q in QUESTIONS[:30]:
        first = q.prompt[2:].strip()
        cut = next(i for i, c in enumerate(first[1:], 1) if c in "+-*")
        operator, rest = first[cut], first[cut + 1 :]
        operand = rest[: next((i for i, c in enumerate(rest) if c in "+-*"), len(rest))]
        value, other = int(first[:cut]), int(operand)
        right = {"+": value + other, "-": value - other, "*": value * other}[operator] % 100
        for result, kept in ((right, good), ((right + 7) % 100, bad)):
            scored = loop(reward.score(q.prompt, f"{value}{operator}{other}={result}\n"))
            assert len(scored.rewards) == 1
            assert 0 <= scored.rewards[0] <= 1
            kept.append(scored.rewards[0])
    assert sum(good) / len(good) > sum(bad) / len(bad) + 0.1


@pytest.fixture(scope="module")
def accuracies(loop, small, reward):
    """Accuracy and generated tokens of every strategy on the same questions."""
    searches = {
        "one": (lambda p: sample(small, None, p, SAMPLING, 1), "first"),
        "majority": (lambda p: sample(small, None, p, SAMPLING, 16), "majority"),
        "weighted": (lambda p: sample(small, reward, p, SAMPLING, 16), "weighted"),
        "rebase": (lambda p: rebase(small, reward, p, SAMPLING, 16, STEPS), "weighted"),
        "mcts": (lambda p: mcts(small, reward, p, SAMPLING, 6, STEPS), "weighted"),
        "thinking-budget": (lambda p: thinking_budget(small, p, SAMPLING, 24, "\nA "), "first"),
        "adaptive": (lambda p: adaptive_majority(small, p, SAMPLING, 16, answer_of), "majority"),
    }

    async def everything(search):
        return await asyncio.gather(*(search(q.prompt) for q in QUESTIONS))

    found = {}
    for name, (search, selection) in searches.items():
        results = loop(everything(search))
        right = 0
        for q, searched in zip(QUESTIONS, results, strict=True):
            assert searched.work.generated_tokens > 0
            answers = [answer_of(t.text) for t in searched.traces]
            right += (
                SELECTIONS[selection](answers, [REWARDS["last"](t.rewards) for t in searched.traces]) == q.reference
            )
        found[name] = (right / len(QUESTIONS), sum(r.work.generated_tokens for r in results))
    return found


def test_what_the_paper_says_holds_here(accuracies):
    print(accuracies)
    assert accuracies["majority"][0] > accuracies["one"][0]
    assert accuracies["weighted"][0] >= accuracies["majority"][0] - 0.05
    assert accuracies["rebase"][0] > accuracies["one"][0]
    assert accuracies["adaptive"][1] < accuracies["majority"][1]


ENGINE = [f"{name}={value}" for name, value in SETTINGS.items()]


def test_the_whole_chain(tmp_path):
    ws = advisor.Workspace(tmp_path)
    common = {"model": str(MODELS / "small"), "task": "arithmetic", "questions": 30, "samples": 8, "max_tokens": 96}
    rewarded = {"reward_model": str(MODELS / "reward"), "engine_option": ENGINE}
    done = advisor.calibrate(ws, strategy="weighted-majority", **common, **rewarded)
    assert (done.failed, done.answers) == (0, 240)
    assert advisor.calibrate(ws, strategy="rebase", **common, **rewarded).scored_tokens > 0
    advisor.fit(ws)
    curve = advisor.curve(ws, model="small", task="arithmetic", strategy="majority")
    assert [p.n_samples for p in curve.points] == [1, 4, 8]
    weighted = [p.accuracy for p in ws.fits.points if (p.strategy, p.n_samples) == ("weighted-majority", 8)]
    assert weighted == [pytest.approx(done.accuracy, abs=0.05)]  # equal sums of rewards are a coin there
    assert curve.voting_limit.value >= 0
    frontier = advisor.frontier(ws, task="arithmetic", cost="flops").frontier
    assert {row.model for row in frontier} == {"small"}
    pick = advisor.recommend(ws, task="arithmetic", budget="1usd")
    assert {"majority", "rebase", "weighted-majority"} <= {p.strategy for p in ws.fits.points if p.model == "small"}
    searched = pick.recommended
    assert searched.strategy == "rebase"
    assert searched.flops > searched.policy_flops > 0
    assert str(MODELS / "reward") in searched.reward_command


def test_over_http(servers, tmp_path):
    ws = advisor.Workspace(tmp_path)
    policy, rewards = servers
    advisor.import_model(ws, MODELS / "reward")

    def drawn(**others):
        options = {
            "model": str(MODELS / "small"),
            "task": "arithmetic",
            "questions": 10,
            "samples": 4,
            "url": policy.url,
            "reward_url": rewards.url,
            "served_model": "small",
            "reward_model": "reward",
            "max_tokens": 96,
        }
        return advisor.calibrate(ws, **options | others)

    assert drawn(strategy="rebase").failed == 0
    assert drawn(strategy="rebase", step_mark="=", delimiter="==").failed == 0
    with pytest.raises(MissingAbility, match="no single token"):
        drawn(strategy="mcts", step_mark="<extra>")
    with pytest.raises(MissingAbility, match="does not rate texts"):
        drawn(strategy="mcts", reward_url=policy.url, reward_model="small")
