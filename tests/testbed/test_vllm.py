"""Every strategy on real vLLM with tiny models trained by train.py, and the whole chain as a user types it."""

import asyncio
import json

import pytest

from advisor.engines.protocol import EngineFailure, Sampling
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


def test_the_whole_chain_as_typed(advisor, tmp_path):
    engine = [word for name, value in SETTINGS.items() for word in ("--engine-option", f"{name}={value}")]
    common = ["--task", "arithmetic", "--workspace", tmp_path]
    sampled = ["calibrate", MODELS / "small", *common, "--questions", 30, "--samples", 8, "--max-tokens", 96, *engine]
    rewarded = ["--reward-model", MODELS / "reward"]
    code, out, err = advisor(*sampled, "--strategy", "weighted-majority", *rewarded, "--json")
    assert code == 0, err
    assert json.loads(out)["failed"] == 0
    assert advisor(*sampled, "--strategy", "rebase", *rewarded)[0] == 0
    assert advisor("fit", "--workspace", tmp_path)[0] == 0
    curve = json.loads(advisor("curve", "small", *common, "--strategy", "majority", "--json")[1])
    assert [p["n_samples"] for p in curve["points"]] == [1, 4, 8]
    assert curve["voting_limit"]["value"] >= 0
    frontier = json.loads(advisor("frontier", *common, "--cost", "flops", "--json")[1])["frontier"]
    assert {row["model"] for row in frontier} == {"small"}
    pick = json.loads(advisor("recommend", *common, "--budget", "1usd", "--json")[1])
    rows = [pick["recommended"], *pick["alternatives"]]
    assert {"majority", "rebase", "weighted-majority"} <= {row["strategy"] for row in rows}
    searched = next(row for row in rows if row["strategy"] == "rebase")
    assert searched["flops"] > searched["policy_flops"] > 0
    assert str(MODELS / "reward") in searched["reward_command"]


def test_over_http_as_typed(advisor, servers, tmp_path):
    policy, rewards = servers
    over_http = [
        "--url",
        policy.url,
        "--reward-url",
        rewards.url,
        "--served-model",
        "small",
        "--reward-model",
        "reward",
        "--max-tokens",
        96,
    ]
    asked = [
        "calibrate",
        MODELS / "small",
        "--task",
        "arithmetic",
        "--questions",
        10,
        "--samples",
        4,
        "--workspace",
        tmp_path,
        *over_http,
    ]
    assert advisor("import", "model", MODELS / "reward", "--workspace", tmp_path)[0] == 0
    code, out, err = advisor(*asked, "--strategy", "rebase", "--json")
    assert code == 0, err
    assert json.loads(out)["failed"] == 0
    code, _, err = advisor(*asked, "--strategy", "rebase", "--step-mark", "=", "--delimiter", "==")
    assert code == 0, err
    code, _, err = advisor(*asked, "--strategy", "mcts", "--step-mark", "<extra>")
    assert code == 3
    assert "no single token" in err
    code, _, err = advisor(*asked, "--strategy", "mcts", "--reward-url", policy.url, "--reward-model", "small")
    assert code == 0
    assert "failed" in err
