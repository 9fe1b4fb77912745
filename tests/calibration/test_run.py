"""Sampling runs on a scripted engine: stored, resumed, repeated, and called the same by every version."""

import asyncio
from dataclasses import fields, replace

import duckdb
import pytest

from advisor.calibration.run import Engines, How, draw
from advisor.calibration.sampling_plan import Plan
from advisor.engines.protocol import Sampling
from advisor.errors import AdvisorError, MissingAbility
from advisor.store.journal import Journal
from advisor.store.samples import Sample
from advisor.strategies import STRATEGIES
from advisor.strategies.dispatch import SEARCHES
from advisor.tables import columns
from advisor.tasks.task import load
from tests.calibration.serving import journaled
from tests.strategies.scripted import Oracle, Policy

TASK = load("arithmetic", n_questions=20)
SAMPLING = Sampling(seed=3, max_tokens=400)


def run(folder, strategy="majority", budget=8, policy=None, score=None, **how):
    plan = Plan("Qwen/Qwen3-0.6B", strategy, budget, SAMPLING)
    return asyncio.run(draw(plan, TASK, Engines(policy or Policy(0.15), score), folder, How(**how)))


def rows(path):
    return (
        duckdb.connect()
        .execute(
            "select question_id, sample_index, answer, correct, generated_tokens, finish_reason from read_parquet($p)",
            {"p": str(path)},
        )
        .fetchall()
    )


@pytest.mark.parametrize(
    ("strategy", "budget", "scored"),
    [
        ("greedy", 1, 0),
        ("majority", 4, 0),
        ("best-of-n", 4, 1),
        ("rebase", 4, 1),
        ("mcts", 3, 1),
        ("thinking-budget", 30, 0),
        ("adaptive-majority", 8, 0),
    ],
)
def test_every_strategy_is_recorded_whole(tmp_path, strategy, budget, scored):
    path, counts = run(tmp_path, strategy, budget, score=Oracle() if scored else None)
    assert counts.done == len(TASK.questions)
    assert {row[0] for row in rows(path)} == {q.question_id for q in TASK.questions}
    assert [p.name for p in (tmp_path / "samples").iterdir()] == [path.name]
    found = duckdb.sql(f"from '{path}'")
    assert found.columns == [c.name for c in columns(Sample)]
    recorded = "sampling" if strategy in {"majority", "best-of-n"} else strategy
    assert set(duckdb.sql(f"select strategy, budget, model, run_id from '{path}'").fetchall()) == {
        (recorded, budget, "Qwen/Qwen3-0.6B", path.stem)
    }


def test_every_strategy_has_a_search():
    assert {strategy.search for strategy in STRATEGIES.values()} == set(SEARCHES)


def test_what_a_row_says(tmp_path):
    """Against the scripted policy asked by hand: lengths are characters, the prompt is paid for by every draw."""
    path, counts = run(tmp_path, "best-of-n", 3, score=Oracle())
    names = "question_id, generated_tokens, prompt_tokens, score, search_generated_tokens, search_scored_tokens"
    found = duckdb.sql(f"select {names}, temperature, max_tokens from '{path}' order by all").fetchall()
    by_question = {q.question_id: [row for row in found if row[0] == q.question_id] for q in TASK.questions}
    for question in TASK.questions:
        three = by_question[question.question_id]
        assert len(three) == 3
        assert {row[2] for row in three} == {len(question.prompt)}
        assert {row[4] for row in three} == {sum(row[1] for row in three)} == {three[0][5]}
        assert all(0 <= row[3] <= 1 for row in three)
    assert {row[6:] for row in found} == {(1.0, 400)}
    assert counts.work.generated_tokens == sum(row[1] for row in found)
    best = "select arg_max(correct, (score, -sample_index)) as chosen from '{}' group by question_id"
    ((accuracy,),) = duckdb.sql(f"select avg(chosen::int) from ({best.format(path)})").fetchall()
    assert counts.accuracy == pytest.approx(accuracy)


def test_runs_repeat(tmp_path):
    first, _ = run(tmp_path / "a")
    second, _ = run(tmp_path / "b")
    assert rows(first) == rows(second)


class Dies(Policy):
    """Works for a while, then the process is as good as gone."""

    async def generate(self, prompt, partial, sampling):
        if self.calls >= 60:
            raise KeyboardInterrupt
        return await super().generate(prompt, partial, sampling)


def test_a_killed_run_resumes_without_redrawing(tmp_path):
    whole, _ = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", policy=Dies(0.15), in_flight=2)
    (journal,) = (tmp_path / "cut" / "samples").iterdir()
    kept = len(journaled(journal))
    assert 0 < kept < len(TASK.questions)
    drawn = journal.read_text().count('"part"')
    assert 60 - 2 * 8 <= drawn <= 60
    with journal.open("a") as file:
        file.write('{"question_id": "arith')  # killed while writing
    policy = Policy(0.15)
    path, counts = run(tmp_path / "cut", policy=policy)
    assert policy.calls == 8 * len(TASK.questions) - drawn
    assert counts.done == len(TASK.questions)
    assert counts.work.generated_tokens == sum(row[4] for row in rows(whole))
    assert counts.fresh_tokens < counts.work.generated_tokens
    assert rows(path) == rows(whole)


def test_failures_are_recorded_and_tried_again(tmp_path):
    path, counts = run(tmp_path, policy=Policy(0.15, fail=0.05))
    assert 0 < counts.failed < len(TASK.questions)
    assert counts.reasons == {"scripted": counts.failed}
    assert path.name.startswith(".")
    failed = [entry["rows"] for entry in journaled(path) if "reason" in entry["rows"][0]]
    assert {(len(r), r[0]["finish_reason"], r[0]["reason"], r[0]["answer"]) for r in failed} == {
        (1, "error", "scripted", None)
    }
    path, counts = run(tmp_path, policy=Policy(0.15))
    assert counts.failed == 0
    assert len(rows(path)) == 8 * len(TASK.questions)


def test_done_is_done(tmp_path):
    path, counts = run(tmp_path)
    again = run(tmp_path, policy=Policy(0.15, fail=1.0))
    assert again[0] == path
    assert (again[1].done, again[1].answers, again[1].loops) == (counts.done, counts.answers, counts.loops)
    assert again[1].accuracy == pytest.approx(counts.accuracy)
    path.write_bytes(b"PAR1")
    with pytest.raises(AdvisorError, match="is recorded already and cannot be read; move it away"):
        run(tmp_path)


def test_a_strategy_that_needs_rewards_says_so(tmp_path):
    with pytest.raises(MissingAbility, match="needs rewards"):
        run(tmp_path, "rebase")


def test_a_journal_is_on_disk_line_by_line(tmp_path):
    with Journal(tmp_path, "r") as journal:
        journal.add("q1", [{"a": 1}])
        (found,) = journaled(tmp_path / ".r.jsonl")
        assert (found["key"], found["rows"]) == ("q1", [{"a": 1}])


def test_a_full_disk_is_one_clear_line_and_keeps_what_it_has(tmp_path, monkeypatch):
    written = []

    def full(_):
        written.append(1)
        if len(written) > 5:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("advisor.store.journal.os.fsync", full)
    with pytest.raises(AdvisorError, match="No space left on device"):
        run(tmp_path)
    (journal,) = (tmp_path / "samples").iterdir()
    assert len(journaled(journal)) == 5
    monkeypatch.undo()
    assert run(tmp_path)[1].done == len(TASK.questions)


def test_names_of_runs_are_held_fixed():
    """Runs resume by this name: where it changes, raise VERSION in store/identity.py and draw everything anew."""
    assert (
        Plan("Qwen/Qwen3-0.6B", "majority", 8, SAMPLING).run_id(TASK) == "qwen3-0.6b-arithmetic-sampling-8-c29579a600e6"
    )
    options = {"delimiter": "\n\n", "reward_model": "prm", "reward": "min", "step_mark": "<e>", "plain": True}
    plan = Plan("m", "rebase", 4, Sampling(0.6, 0.95, 512, (), 0.1, 1), **options)
    assert plan.run_id(TASK) == "m-arithmetic-rebase-4-504fcc388c32"


OTHERS = {
    "model": "n",
    "budget": 5,
    "sampling": Sampling(seed=4, max_tokens=400),
    "delimiter": ".",
    "reward_model": "prm",
    "reward": "min",
    "step_mark": "<e>",
    "plain": True,
    "system_prompt": "Be brief.",
    "few_shot": (("1+1", "2"),),
    "chat_options": (("enable_thinking", False),),
    "force": "\nSo: ",
    "weights": "quantization=fp8",
}


def test_another_plan_or_prompt_is_another_run():
    plan = Plan("m", "majority", 4, SAMPLING)
    politely = replace(TASK, questions=tuple(replace(q, prompt=f"Please. {q.prompt}") for q in TASK.questions))
    names = {plan.run_id(TASK), plan.run_id(politely), plan.run_id(replace(TASK, kind="exact"))}
    names |= {replace(plan, **{field: value}).run_id(TASK) for field, value in OTHERS.items()}
    assert len(names) == 3 + len(OTHERS)
    assert set(OTHERS) == {f.name for f in fields(Plan)} - {"strategy"}
    assert plan.run_id(TASK) == replace(plan, strategy="best-of-n").run_id(TASK)


FORMER = "qwen3-0.6b-arithmetic-sampling-8-258f8276"
"""What version 0.1 called this run."""


def test_a_run_that_version_0_1_began_or_sealed_is_recognised(tmp_path):
    path, _ = run(tmp_path / "whole")
    sealed = tmp_path / "sealed" / "samples" / f"{FORMER}.parquet"
    sealed.parent.mkdir(parents=True)
    path.rename(sealed)
    assert run(tmp_path / "sealed")[0] == sealed
    (tmp_path / "begun" / "samples").mkdir(parents=True)
    (tmp_path / "begun" / "samples" / f".{FORMER}.jsonl").touch()
    assert run(tmp_path / "begun")[0].stem == FORMER
