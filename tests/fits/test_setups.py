"""Answers drawn in several ways: each set-up by itself, each draw once, runs that differ apart."""

import random

import duckdb
import numpy as np
import pytest

from advisor.accuracy.estimators import majority_at_all_k, votes
from advisor.fits.costs import point_flops, policy_flops, read_again
from advisor.fits.curve import curve, lines
from advisor.fits.fit import fit
from advisor.fits.stored_answers import draws, questions_of
from advisor.store.samples import SETUP, Sample
from advisor.store.workspace import Workspace
from advisor.tables import columns
from advisor.work import pass_flops
from tests.fits.stored import MODEL, sample, workspace
from tests.known import SHIPPED, spec_of

TWO_VALUES = {"varchar": ("one", "another"), "double": (0.2, 0.9), "bigint": (5, 50)}
KINDS = {c.name: c.sql_type for c in columns(Sample)}


def own_points(ws, strategy=None, task="mine"):
    return [p for p in ws.fits.points if p.task == task and strategy in (None, p.strategy)]


def fitted(folder, *files):
    """A workspace with these files of answers, fitted, and its notes."""
    for number, rows in enumerate(files):
        ws = workspace(folder, rows, name=f"file{number}")
    return ws, fit(ws).notes


def answers(run, right, n=4, questions=10, **others):
    """`right(q, i)` says which answers of a run are right."""
    return [sample(q, i, right(q, i), 500, run_id=run, **others) for q in range(questions) for i in range(n)]


@pytest.mark.parametrize("name", SETUP)
@pytest.mark.parametrize("recorded", [True, False])
def test_answers_of_different_set_ups_are_never_averaged(tmp_path, name, recorded):
    """Whichever column tells them apart, also where one of the two does not say."""
    one, other = TWO_VALUES[KINDS[name]]
    rows = answers("a", lambda q, i: i % 2 == 0, 8, **{name: one})
    rows += answers("b", lambda q, i: True, **{name: other if recorded else None})
    found = {each.runs: each for each in draws(workspace(tmp_path, rows).samples.connect()) if each.task == "mine"}
    assert set(found) == {("a",), ("b",)}
    assert found["a",].setup != ""
    assert (found["b",].setup == "") == (not recorded)
    assert found["a",].setup != found["b",].setup


def test_every_set_up_has_points_of_its_own(tmp_path):
    rows = answers("a", lambda q, i: i % 2 == 0, 8, top_p=0.5) + answers("b", lambda q, i: True, top_p=1.0)
    ws, notes = fitted(tmp_path, rows)
    found = {(p.setup, p.n_samples): p.accuracy for p in own_points(ws, "majority")}
    assert found["top_p 0.5", 1] == 0.5
    assert set(found) == {("top_p 0.5", 1), ("top_p 0.5", 4), ("top_p 0.5", 8), ("top_p 1", 1), ("top_p 1", 4)}
    assert found["top_p 1", 1] == found["top_p 1", 4] == 1.0
    assert notes == ()


def test_names_are_the_same_when_fitted_again_and_files_lie_in_another_order(tmp_path):
    hot, cold = (answers(run, lambda q, i: i > 0, temperature=t) for run, t in (("a", 1.0), ("b", 0.2)))
    first, second = fitted(tmp_path / "1", hot, cold)[0], fitted(tmp_path / "2", cold, hot)[0]
    assert own_points(first) == own_points(second)
    fit(first)
    assert own_points(Workspace(tmp_path / "1")) == own_points(second)


def test_one_set_up_has_no_name_whatever_the_strategy(tmp_path):
    rows = answers("a", lambda q, i: i > 0, temperature=0.7)
    rows += answers("b", lambda q, i: True, 1, strategy="greedy", temperature=0.0)
    ws, _ = fitted(tmp_path, rows)
    assert {(p.strategy, p.setup) for p in own_points(ws)} >= {("majority", ""), ("greedy", "")}
    assert {p.setup for p in own_points(ws)} == {""}


def test_a_run_that_holds_two_set_ups_gives_the_points_of_both(tmp_path):
    rows = [sample(q, i, i < 4, 500, temperature=0.2 if i < 4 else 1.0) for q in range(10) for i in range(8)]
    ws, _ = fitted(tmp_path, rows)
    found = {(p.setup, p.n_samples): p.accuracy for p in own_points(ws, "majority")}
    assert found == {(f"temperature {t}", n): right for t, right in (("0.2", 1.0), ("1", 0.0)) for n in (1, 4)}
    drawn_with = {row.setup: row.recorded for row in ws.fits.setups.values()}
    assert drawn_with == {"temperature 0.2": {"temperature": 0.2}, "temperature 1": {"temperature": 1.0}}


def test_curves_of_two_temperatures_and_two_templates(tmp_path):
    rows = [
        row
        for temperature in (0.2, 1.0)
        for template, bonus in (("Just answer: {question}", 0), ("Think: {question}", 1))
        for row in answers(
            f"t{temperature}-{bonus}",
            lambda q, i, t=temperature, b=bonus: (q + i) % 4 < 1 + b + (t < 1),
            16,
            temperature=temperature,
            template=template,
        )
    ]
    ws, _ = fitted(tmp_path, rows)
    found = curve(ws, model="qwen3-8b", task="mine", strategy="majority")
    by_name = {each.setup: each for each in (found, *found.others)}
    assert set(by_name) == {f"temperature {t}, template “{w}:”" for t in ("0.2", "1") for w in ("Just answer", "Think")}
    for name, each in by_name.items():
        assert [p.n_samples for p in each.points] == [1, 4, 8, 16]
        expected = (1 + ("Think" in name) + ("0.2" in name)) / 4
        assert each.points[0].accuracy == pytest.approx(expected)
    for line in lines(ws, "qwen3-8b", "mine", "majority"):
        assert line.own_end.setup == line.setup


def drawn(run, seed, scored=None, n=4, questions=6, **others):
    """The answers of a seeded run, the same for the same seed; `scored`: what scored them."""
    judged = {} if scored is None else {"score": 0.5, "reward_model": scored, "search_scored_tokens": 100 * n}
    rng = random.Random(seed)
    return [
        sample(q, i, rng.random() < 0.6, 300 + 10 * i, run_id=run, seed=seed, **judged | others)
        for q in range(questions)
        for i in range(n)
    ]


def test_majority_of_16_and_then_weighted_16_is_16(tmp_path):
    """Both commands record the same draws: no majority of 32."""
    plain = drawn("majority-16", 0, n=16)
    ws, notes = fitted(tmp_path, plain, drawn("weighted-16", 0, "judge", n=16))
    alone, _ = fitted(tmp_path / "alone", plain)
    votes_, of_one = own_points(ws, "majority"), own_points(alone, "majority")
    assert [p.n_samples for p in votes_] == [1, 4, 8, 16]
    assert [(p.accuracy, p.low, p.high) for p in votes_] == [(p.accuracy, p.low, p.high) for p in of_one]
    assert max(p.n_samples for p in own_points(ws, "weighted-majority")) == 16
    assert {p.scored_tokens for p in own_points(ws, "best-of-n") if p.n_samples == 16} == {1600}
    assert notes == ()


def test_more_samples_of_the_same_seed_hold_the_fewer(tmp_path):
    ws, _ = fitted(tmp_path, drawn("eight", 0, n=8), drawn("four", 0, n=4))
    assert max(p.n_samples for p in own_points(ws, "majority")) == 8


@pytest.mark.parametrize(
    ("changed", "deepest"),
    [
        ({"seed": 1}, 8),
        ({"seed": None}, 8),  # draws of its own
        ({"engine": "sglang"}, 8),  # another generator of random numbers
        ({"engine": "vllm"}, 4),
        ({"engine": "vllm", "engine_version": "0.31"}, 4),
    ],
)
def test_what_is_the_same_draw(tmp_path, changed, deepest):
    rows = drawn("a", 0, engine="vllm", engine_version="0.30", temperature=0.7)
    again = [row | {"run_id": "b"} | changed for row in rows]
    ws, _ = fitted(tmp_path, rows, again)
    assert max(p.n_samples for p in own_points(ws, "majority")) == deepest


def test_a_file_that_lies_there_twice_counts_once(tmp_path):
    rows = answers("a", lambda q, i: i > 0)
    ws, _ = fitted(tmp_path, rows, rows)
    assert max(p.n_samples for p in own_points(ws, "majority")) == 4


def test_reward_models_aggregations_and_delimiters_are_told_apart(tmp_path):
    def judged(run, reward, delimiter, best):
        rows = drawn(run, 0, "judge", reward=reward, step_delimiter=delimiter)
        return [row | {"score": float(row["correct"] == best)} for row in rows]

    files = [judged("a", "last", "\n", True), judged("b", "min", "\n", False), judged("c", "min", "\n\n", True)]
    ws, _ = fitted(tmp_path, *files)
    found = {p.setup: p for p in own_points(ws, "best-of-n")}
    names = [
        'reward last, steps end with "\\n"',
        'reward min, steps end with "\\n"',
        'reward min, steps end with "\\n\\n"',
    ]
    assert sorted(found) == names
    assert ws.fits.recorded_of(found[names[1]]) == {"reward": "min", "step_delimiter": "\n"}
    good, bad, also_good = (found[name].accuracy for name in names)
    assert good == also_good > bad
    assert max(p.n_samples for p in own_points(ws, "majority")) == 4
    assert {p.setup for p in own_points(ws, "majority")} == {""}
    end = {line.setup: line.own_end for line in lines(ws, "qwen3-8b", "mine") if line.strategy == "majority"}
    assert end[""].n_samples == 1


def test_searches_of_two_aggregations_are_no_points_of_one_curve(tmp_path):
    rows = [
        sample(q, i, q % 4 < right, 100, strategy="rebase", budget=width, run_id=run, reward_model="j", reward=reward)
        | {"score": 0.5}
        for run, width, reward, right in (("a", 4, "last", 1), ("b", 4, "min", 3), ("c", 8, "min", 3))
        for q in range(20)
        for i in range(width)
    ]
    ws, _ = fitted(tmp_path, rows)
    found = {(p.setup, p.n_samples): p.accuracy for p in own_points(ws, "rebase")}
    assert found == {("reward last", 4): 0.25, ("reward min", 4): 0.75, ("reward min", 8): 0.75}
    assert [c.setup for c in ws.fits.curves if c.task == "mine" and c.strategy == "rebase"] == ["reward min"]


def test_the_sql_counts_what_python_counts(tmp_path):
    """Random runs over few set-ups, seeds and files, against the definitions in a loop."""
    rng = random.Random(3)
    rows = []
    for number in range(14):
        setup = {"temperature": rng.choice([None, 0.5]), "chat_options": rng.choice(["", '{"a": 1}'])}
        seed, engine = rng.choice([None, 0, 1]), rng.choice(["vllm", "sglang", None])
        judge = {"reward_model": rng.choice([None, "one", "two"]), "reward": rng.choice([None, "min"])}
        rows += [
            sample(q, i, rng.random() < 0.5, rng.choice([None, 100]), run_id=f"r{number:02}", seed=seed, engine=engine)
            | setup
            | judge
            | {"score": rng.random() if judge["reward_model"] else None}
            | {"finish_reason": rng.choice(["stop", "stop", "unchecked"]), "prompt_tokens": rng.choice([None, 7])}
            for q in rng.sample(range(4), 3)
            for i in range(rng.choice([1, 3]))
        ]
    ws = workspace(tmp_path, rows)
    connection = ws.samples.connect()
    found = [each for each in draws(connection) if each.task == "mine"]
    assert len(found) == len({(row["temperature"], row["chat_options"]) for row in rows})
    for each in found:
        own = [row for row in rows if all(row.get(name) == each.recorded[name] for name in SETUP)]
        for judge in (None, *each.judges):
            got = questions_of(connection, each, each.runs, judge)
            assert {key: sorted(map(str, zip(q.answers, q.correct, q.scores, q.prompts, strict=True)))
                    for key, q in got.items()} == brute(own, judge)  # fmt: skip


def brute(rows, judge):
    """The draws of every question, each once: the scored row first, then that of the first run."""
    found = {}
    for row in sorted(rows, key=lambda r: (r["score"] is None, r["run_id"])):
        whose = (row["reward_model"], row["reward"], row.get("step_delimiter"))
        judged = judge is None or (
            whose == (judge.reward_model, judge.reward, judge.step_delimiter)
            and (row["reward_model"] or row["score"] is not None)
        )
        if row["finish_reason"] == "unchecked" or not judged:
            continue
        source = ("run", row["run_id"]) if row["seed"] is None else (row["seed"], row["engine"])
        draw = (row["sample_index"], source)
        found.setdefault(row["question_id"], {}).setdefault(draw, row)
    names = ("answer", "correct", "score", "prompt_tokens")
    return {key: sorted(str(tuple(r[n] for n in names)) for r in own.values()) for key, own in found.items()}


def test_votes_of_a_set_up_are_those_of_its_draws(tmp_path):
    rows = drawn("a", 0, n=8, temperature=0.5) + drawn("b", 0, n=8, temperature=0.9)
    ws, _ = fitted(tmp_path, rows, drawn("c", 0, "judge", n=8, temperature=0.5))
    for temperature, run in ((0.5, "a"), (0.9, "b")):
        own = [row for row in rows if row["run_id"] == run]
        by_question = [[r for r in own if r["question_id"] == q] for q in {r["question_id"] for r in own}]
        expected = np.mean(
            [majority_at_all_k(*votes([r["answer"] for r in q], [r["correct"] for r in q]))[7] for q in by_question]
        )
        (point,) = (
            p for p in own_points(ws, "majority") if p.setup == f"temperature {temperature}" and p.n_samples == 8
        )
        assert point.accuracy == pytest.approx(expected, abs=1e-5)


# imported runs that say nothing of how they were drawn


def shot(run, share, questions=range(50), **others):
    rng = random.Random(run)
    return [sample(q, i, rng.random() < share, 200, run_id=run, **others) for q in questions for i in range(2)]


def test_zero_shot_and_chain_of_thought_are_no_one_point(tmp_path):
    ws, (note,) = fitted(tmp_path, shot("zero-shot", 0.3), shot("cot", 0.8))
    found = {p.setup: p for p in own_points(ws, "majority") if p.n_samples == 1}
    assert set(found) == {"run zero-shot", "run cot"}
    assert found["run zero-shot"].accuracy == pytest.approx(0.3, abs=0.12)
    assert found["run cot"].accuracy == pytest.approx(0.8, abs=0.12)
    assert found["run cot"].runs == "cot"
    for part in ("zero-shot", "cot", "%", "Qwen/Qwen3-8B on mine", "not recorded", "endpoint", "formats.md"):
        assert part in note
    assert note.index("cot") < note.index("zero-shot")  # the most accurate first


def test_runs_that_agree_are_counted_together(tmp_path):
    ws, notes = fitted(tmp_path, shot("one", 0.5), shot("two", 0.5))
    assert [(p.n_samples, p.setup, p.runs) for p in own_points(ws, "majority")] == [
        (1, "", "one two"),
        (4, "", "one two"),
    ]
    assert notes == ()


def test_engines_are_asked_where_the_set_up_is_the_same(tmp_path):
    usual = {"temperature": 0.6, "seed": 0}
    slow, broken = shot("a", 0.8, engine="vllm", **usual), shot("b", 0.2, engine="sglang", **usual)
    ws, (note,) = fitted(tmp_path, slow, broken)
    assert {p.setup for p in own_points(ws, "majority")} == {"run a", "run b"}
    assert "several engines" in note
    assert {row.setup for row in ws.fits.setups.values()} == {"run a", "run b"}
    same, notes = fitted(tmp_path / "same", slow, [row | {"engine": "vllm", "seed": 1} for row in broken])
    assert {p.setup for p in own_points(same, "majority")} == {""}  # one engine, one set-up
    assert notes == ()


def test_a_run_of_the_users_own_that_differs_from_what_ships_leaves_that_alone(tmp_path):
    single = [p for p in SHIPPED.fits.points if p.provenance == "measured" and p.strategy == "majority"]
    shipped = max((p for p in single if p.n_samples == 1), key=lambda p: p.accuracy)
    (file,) = (f for f in SHIPPED.samples.files if f.stem == shipped.runs)
    questions = duckdb.connect().execute("select distinct question_id from read_parquet(?)", [str(file)]).fetchall()
    own = [
        sample(0, 0, False, 100, question_id=q, run_id="wrong", model=shipped.model, task=shipped.task)
        for (q,) in questions
    ]
    ws, (note, levels) = fitted(tmp_path, own)
    assert "points less often than what ships says of the same 1 model" in levels
    key = (shipped.model, shipped.task, "majority", 1)
    found = {p.setup: p for p in ws.fits.points if (p.model, p.task, p.strategy, p.n_samples) == key}
    assert found[""] == shipped
    assert found["run wrong"].accuracy == 0
    assert shipped.runs in note


# what a search reads


def searched(**work):
    drawn = {"strategy": "rebase", "run_id": "r4", "budget": 4, "reward_model": "Qwen/Qwen3-4B", "score": 0.5}
    work = {"search_generated_tokens": 900, "search_scored_tokens": 1200, "search_depth_tokens": 300} | work
    return [sample(q, i, q % 4 < 2, 100, **drawn | work) for q in range(20) for i in range(4)]


def test_a_search_carries_the_prompt_tokens_that_it_computed(tmp_path):
    ws, _ = fitted(tmp_path, searched(prompt_tokens=250, search_prompt_tokens=1000, search_cached_tokens=9000))
    (point,) = own_points(ws, "rebase")
    assert (point.prompt_tokens, point.search_prompt_tokens, read_again(point)) == (250, 1000, 750)
    spec = spec_of(MODEL)
    once = policy_flops(SHIPPED.models, MODEL, 250, 900, 4)
    assert point_flops(SHIPPED.models, point) == pytest.approx(once + pass_flops(spec, 750, 250 + 225))
    assert point_flops(SHIPPED.models, point) > once + 750 * spec.linear_flops_per_token()
    (line,) = lines(fitted(tmp_path / "two", two_widths())[0], "qwen3-8b", "mine", "rebase")
    assert [line.flops_at(x) for x in (4, 8)] == pytest.approx([p.policy_flops for p in line.points])


def two_widths():
    small = searched(prompt_tokens=250, search_prompt_tokens=1000)
    more = {"budget": 8, "run_id": "r8", "search_generated_tokens": 2000, "search_prompt_tokens": 3000}
    return small + [row | more for row in small]


def test_a_prompt_in_the_cache_still_counts_once(tmp_path):
    """As that of plain samples does: prefixes that questions share are in the cache for them as well."""
    ws, _ = fitted(tmp_path, searched(prompt_tokens=250, search_prompt_tokens=10))
    (point,) = own_points(ws, "rebase")
    assert read_again(point) == 0
    assert point_flops(SHIPPED.models, point) == policy_flops(SHIPPED.models, MODEL, 250, 900, 4)


def test_where_not_all_questions_say_what_was_read_it_is_not_known(tmp_path):
    rows = searched(search_prompt_tokens=1000)
    ws, _ = fitted(
        tmp_path, [row | ({"search_prompt_tokens": None} if row["question_id"] == "q0" else {}) for row in rows]
    )
    (point,) = own_points(ws, "rebase")
    assert (point.prompt_tokens, point.search_prompt_tokens) == (None, None)
