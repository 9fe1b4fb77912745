"""Sampling runs on a scripted engine: stored, resumed, repeated, and fitted afterwards."""

import asyncio
import json
from dataclasses import replace

import duckdb
import pytest

from advisor.calibration.run import Plan, calibrate
from advisor.engines.protocol import Sampling
from advisor.errors import AdvisorError, MissingAbility
from advisor.store.journal import Journal
from advisor.tasks.task import load
from tests.strategies.scripted import Oracle, Policy

TASK = load("arithmetic", kind=None, template=None, n_questions=20)
SAMPLING = Sampling(seed=3, max_tokens=400)


def run(folder, strategy="majority", budget=8, policy=None, score=None, **others):
    plan = Plan("Qwen/Qwen3-0.6B", strategy, budget, SAMPLING)
    return asyncio.run(calibrate(plan, TASK, policy or Policy(0.15), score, folder, **others))


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
    path, progress = run(tmp_path, strategy, budget, score=Oracle() if scored else None)
    assert progress.done == len(TASK.questions)
    assert {row[0] for row in rows(path)} == {q.question_id for q in TASK.questions}
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


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


def test_a_killed_run_goes_on_without_redrawing(tmp_path):
    whole, _ = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", policy=Dies(0.15), in_flight=2)
    (journal,) = (tmp_path / "cut").iterdir()
    kept = len(journal.read_text().splitlines())
    assert 0 < kept < len(TASK.questions)
    with journal.open("a") as file:
        file.write('{"question_id": "arith')  # killed while writing
    policy = Policy(0.15)
    path, _ = run(tmp_path / "cut", policy=policy)
    assert policy.calls == 8 * (len(TASK.questions) - kept)
    assert rows(path) == rows(whole)


def test_failures_are_recorded_and_tried_again(tmp_path):
    path, progress = run(tmp_path, policy=Policy(0.15, fail=0.05))
    assert 0 < progress.failed < len(TASK.questions)
    assert path.name.startswith(".")
    path, progress = run(tmp_path, policy=Policy(0.15))
    assert progress.failed == 0
    assert len(rows(path)) == 8 * len(TASK.questions)


def test_done_is_done(tmp_path):
    run(tmp_path)
    with pytest.raises(AdvisorError, match="recorded in full"):
        run(tmp_path)


def test_rewards_are_asked_for_where_needed(tmp_path):
    with pytest.raises(MissingAbility, match="needs rewards"):
        run(tmp_path, "rebase")


def test_a_journal_is_on_disk_line_by_line(tmp_path):
    with Journal(tmp_path, "r") as journal:
        journal.add("q1", [{"a": 1}])
        assert json.loads((tmp_path / ".r.jsonl").read_text()) == {"key": "q1", "rows": [{"a": 1}]}


def test_a_full_disk_is_one_clear_line_and_keeps_what_it_has(tmp_path, monkeypatch):
    written = []

    def full(_):
        written.append(1)
        if len(written) > 5:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("advisor.store.journal.os.fsync", full)
    with pytest.raises(AdvisorError, match="No space left on device"):
        run(tmp_path)
    (journal,) = tmp_path.iterdir()
    assert len(journal.read_text().splitlines()) == 5
    monkeypatch.undo()
    assert run(tmp_path)[1].done == len(TASK.questions)


def test_another_prompt_is_another_run():
    plan = Plan("m", "majority", 4, SAMPLING)
    asked = replace(TASK, questions=tuple(replace(q, prompt=f"Please. {q.prompt}") for q in TASK.questions))
    assert plan.run_id(TASK) != plan.run_id(asked)
    assert plan.run_id(TASK) == Plan("m", "best-of-n", 4, SAMPLING).run_id(TASK)
