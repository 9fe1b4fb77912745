"""Killed at any moment and run again: nothing that was drawn is drawn again, and the result is the same."""

import asyncio
import json
import os

import duckdb
import pytest

from advisor.calibration.draws import completion_of, scored_of
from advisor.calibration.run import Engines, How, draw
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import Completion, Sampling, Scored, Served
from advisor.errors import AdvisorError
from advisor.tasks.task import load
from tests.strategies.scripted import Oracle, Policy

TASK = load("arithmetic", n_questions=8)
SAMPLING = Sampling(seed=3, max_tokens=200)
BUDGETS = {
    "majority": 6,
    "best-of-n": 6,
    "rebase": 6,
    "mcts": 4,
    "thinking-budget": 30,
    "adaptive-majority": 8,
    "greedy": 1,
}
RATED = {"best-of-n", "rebase", "mcts"}


class Killed(KeyboardInterrupt):
    """As good as kill -9."""


class Counted(Policy):
    """Dies at the call number `dies_at`, before it is answered; one call at a time."""

    def __init__(self, dies_at=None):
        super().__init__(0.2)
        self.dies_at, self.tokens = dies_at, 0

    async def generate(self, prompt, partial, sampling):
        if self.calls == self.dies_at:
            raise Killed
        drawn = await super().generate(prompt, partial, sampling)
        self.tokens += drawn.generated_tokens
        return drawn


def run(folder, strategy, policy, **changed):
    reward = {"reward_model": "prm"} if strategy in RATED else {}
    options = {"budget": BUDGETS[strategy], "sampling": SAMPLING}
    plan = Plan("Qwen/Qwen3-0.6B", strategy, **options | reward | changed)
    engines = Engines(policy, Oracle() if strategy in RATED else None, Served("scripted", "1", "completions"))
    return asyncio.run(draw(plan, TASK, engines, folder, How(in_flight=1)))


def rows(path):
    return duckdb.connect().execute(f"from '{path}' order by question_id, sample_index").fetchall()


@pytest.mark.parametrize("strategy", BUDGETS)
def test_a_killed_run_goes_on_where_it_was(tmp_path, strategy):
    untouched = Counted()
    path, _ = run(tmp_path / "whole", strategy, untouched)
    moments = sorted({1, untouched.calls // 3, untouched.calls // 2, untouched.calls - 1})
    spent, calls = 0, 0
    for moment in moments:
        policy = Counted(moment - calls)
        with pytest.raises(Killed):
            run(tmp_path / "cut", strategy, policy)
        spent, calls = spent + policy.tokens, calls + policy.calls
    last = Counted()
    again, counts = run(tmp_path / "cut", strategy, last)
    wide = {"majority", "best-of-n", "rebase", "mcts"}  # calls in flight with the one that dies are lost
    lost = 4 * (6 if strategy in wide else 0)
    assert untouched.calls <= calls + last.calls <= untouched.calls + lost
    assert rows(again) == rows(path)
    assert counts.work.generated_tokens == untouched.tokens
    assert counts.fresh_tokens == last.tokens


def test_what_a_journal_cannot_mean_is_drawn_again():
    good = {"text": "a", "generated_tokens": 1, "prompt_tokens": 2, "cached_tokens": 0, "finish_reason": "stop"}
    assert completion_of(good) == Completion("a", 1, 2, 0, "stop")
    assert completion_of({k: v for k, v in good.items() if k != "text"}).text == ""
    for wrong in (
        {"generated_tokens": -1},
        {"generated_tokens": True},
        {"generated_tokens": 1.5},
        {"text": None},
        {"finish_reason": "tool"},
        {"colour": "red"},
    ):
        assert completion_of(good | wrong) is None
    assert completion_of(None) is completion_of([1]) is completion_of({}) is None
    assert scored_of({"rewards": [0, 0.5], "tokens": 3}) == Scored((0.0, 0.5), 3)
    for wrong in ({"rewards": [1.5]}, {"rewards": [None]}, {"rewards": 1}, {"tokens": -1}, {"tokens": "3"}, {"x": 1}):
        assert scored_of({"rewards": [0.5], "tokens": 3} | wrong) is None


def texts(folder):
    (file,) = (folder / "texts").iterdir()
    return duckdb.connect().execute(f"select question_id, sample_index, text, rewards from '{file}'").fetchall()


def test_texts_are_kept_beside_the_answers(tmp_path):
    path, _ = run(tmp_path, "rebase", Counted())
    kept = texts(tmp_path)
    assert {row[:2] for row in kept} == set(
        duckdb.connect().execute(f"select question_id, sample_index from '{path}'").fetchall()
    )
    answer_of = TASK.answer_of
    found = {
        (question, index): (answer, score)
        for question, index, answer, score in duckdb.connect()
        .execute(f"select question_id, sample_index, answer, score from '{path}'")
        .fetchall()
    }
    for question, index, text, rewards in kept:
        assert found[question, index] == (answer_of(text), json.loads(rewards)[-1])


def test_more_samples_draw_only_what_is_missing(tmp_path):
    first = Counted()
    run(tmp_path, "majority", first)
    more = Counted()
    path, counts = run(tmp_path, "majority", more, budget=9)
    assert (first.calls, more.calls) == (6 * 8, 3 * 8)
    fresh = Counted()
    whole, _ = run(tmp_path / "fresh", "majority", fresh, budget=9)
    names = "question_id, sample_index, answer, correct, generated_tokens, finish_reason, prompt_tokens, run_id"
    query = f"select {names} from '{{}}' order by all"
    assert duckdb.sql(query.format(path)).fetchall() == duckdb.sql(query.format(whole)).fetchall()
    assert counts.work.generated_tokens == fresh.tokens
    assert counts.fresh_tokens == more.tokens
    prompts = sum(len(question.prompt) for question in TASK.questions)
    assert (counts.work.prompt_tokens, counts.work.cached_tokens) == (4 * prompts, 5 * prompts)


def test_a_reward_model_scores_answers_that_were_drawn_before(tmp_path):
    run(tmp_path, "majority", Counted())
    none = Counted(dies_at=0)
    path, _ = run(tmp_path, "best-of-n", none)
    assert none.calls == 0
    assert duckdb.sql(f"select count(score) from '{path}'").fetchall() == [(48,)]


@pytest.mark.parametrize(
    "other",
    [
        {"sampling": Sampling(seed=4, max_tokens=200)},
        {"sampling": Sampling(seed=3, max_tokens=201)},
        {"sampling": Sampling(seed=3, max_tokens=200, top_k=4)},
        {"system_prompt": "Think."},
        {"few_shot": (("1+1", "2"),)},
        {"chat_options": (("enable_thinking", False),)},
    ],
)
def test_answers_of_another_set_up_are_drawn_anew(tmp_path, other):
    run(tmp_path, "majority", Counted())
    policy = Counted()
    run(tmp_path, "majority", policy, **other)
    assert policy.calls == 48


@pytest.mark.parametrize(
    "served",
    [
        Served("scripted", "1", "chat"),
        Served("scripted", "2", "completions"),
        Served("other", "1", "completions"),
        Served("scripted", "1", "completions", unsent=("top_k",)),
    ],
)
def test_answers_of_another_engine_are_drawn_anew(tmp_path, served):
    run(tmp_path, "majority", Counted())
    policy = Counted()
    plan = Plan("Qwen/Qwen3-0.6B", "majority", 7, SAMPLING)
    asyncio.run(draw(plan, TASK, Engines(policy, None, served), tmp_path))
    assert policy.calls == 7 * 8


def test_without_texts_nothing_is_kept_of_them(tmp_path):
    plan = Plan("Qwen/Qwen3-0.6B", "majority", 2, SAMPLING)
    path, _ = asyncio.run(draw(plan, TASK, Engines(Counted()), tmp_path, How(keep_texts=False)))
    assert path.exists()
    assert not (tmp_path / "texts").exists()


class SlowlyWatched(Policy):
    """Starts the same run a second time in the midst of it."""

    def __init__(self, second):
        super().__init__(0.2)
        self.second, self.refused = second, None

    async def generate(self, prompt, partial, sampling):
        if self.calls == 5:
            with pytest.raises(AdvisorError) as raised:
                await self.second()
            self.refused = raised.value
        return await super().generate(prompt, partial, sampling)


def test_a_second_process_is_refused_and_the_first_goes_on(tmp_path):
    plan = Plan("Qwen/Qwen3-0.6B", "majority", 4, SAMPLING)
    policy = SlowlyWatched(lambda: draw(plan, TASK, Engines(Policy(0.2)), tmp_path))
    path, _ = asyncio.run(draw(plan, TASK, Engines(policy), tmp_path))
    assert f"already running, pid {os.getpid()}" in str(policy.refused)
    assert duckdb.sql(f"select count(*) from '{path}'").fetchall() == [(32,)]
    assert [file.name for file in (tmp_path / "samples").iterdir()] == [path.name]


def test_a_damaged_text_is_named_before_anything_is_drawn(tmp_path):
    run(tmp_path, "majority", Counted())
    (text,) = (tmp_path / "texts").iterdir()
    text.write_bytes(b"PAR1")
    policy = Counted()
    with pytest.raises(AdvisorError, match=f"{text.name}: cannot be read"):
        run(tmp_path, "majority", policy, budget=9)
    assert policy.calls == 0


def test_a_run_is_not_gone_on_with_on_another_engine(tmp_path):
    plan = Plan("Qwen/Qwen3-0.6B", "majority", 6, SAMPLING)

    def begun(policy, served):
        return asyncio.run(draw(plan, TASK, Engines(policy, None, served), tmp_path, How(in_flight=1)))

    with pytest.raises(Killed):
        begun(Counted(3), Served("vllm", "1", "completions"))  # nothing finished yet: drawn anew
    with pytest.raises(Killed):
        begun(Counted(20), Served("sglang", "1", "completions"))
    for other in (Served("vllm", "1", "completions"), Served("sglang", "1", "chat")):
        with pytest.raises(AdvisorError, match=r"was begun on .*, not on .*another --seed"):
            begun(Counted(), other)
    path, _ = begun(Counted(), Served("sglang", "2", "completions"))
    found = duckdb.sql(f"select distinct engine, endpoint from '{path}'").fetchall()
    assert found == [("sglang", "completions")]
