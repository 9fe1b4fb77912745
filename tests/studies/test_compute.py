"""FLOPs a query: what the study says of answers written by hand, of nothing, and of what ships."""

import dataclasses

import pytest

import advisor
from advisor.provenance import Provenance
from advisor.studies.compute import LENGTHS, PROMPT
from advisor.studies.compute_claims import claims_of, draft_flops
from advisor.studies.counted_twice import counted, front_changes
from advisor.studies.single_answers import single_answers
from advisor.studies.study import Verdict
from tests.known import SHIPPED, spec_of
from tests.studies.scored_models import alone, scored

DENSE, MIXTURE, WINDOWED = "Qwen/Qwen3-8B", "Qwen/Qwen3-30B-A3B", "google/gemma-3-27b-it"
SHORT = [scored(model, 0.5, 300) for model in (DENSE, MIXTURE, "meta-llama/Llama-3.1-8B-Instruct")]


@pytest.fixture(scope="module")
def shipped():
    return advisor.compute_per_query(SHIPPED)


def test_a_question_by_component(tmp_path):
    found = advisor.compute_per_query(alone(tmp_path, scored(MIXTURE, 0.5, 1000)))
    (query,) = found.queries
    parts = spec_of(MIXTURE).trace_parts(200, 1000)
    assert query.flops == parts.total
    assert query.simple_flops == 2 * spec_of(MIXTURE).active_parameters * 1200
    assert query.factor == query.flops / query.simple_flops
    assert query.shares.router == pytest.approx(parts.router / parts.total)
    assert sum(dataclasses.asdict(query.shares).values()) == pytest.approx(1)
    assert (query.tokens_from, query.is_moe, query.on_front) == (Provenance.MEASURED, True, True)
    assert query.accuracy.low < query.accuracy.value < query.accuracy.high


def test_a_model_over_lengths(tmp_path):
    (row,) = advisor.compute_per_query(alone(tmp_path, scored(DENSE, 0.5, 1000))).models
    whole = spec_of(DENSE).trace_parts(PROMPT, 8192)
    assert (row.model, row.is_moe) == (DENSE, False)
    assert row.attention[LENGTHS.index(8192)] == pytest.approx(whole.attention_core / whole.total)
    assert row.factors[LENGTHS.index(65_536)] is None  # its context is 40,960
    assert row.half_tokens is None


def test_where_attention_takes_half(tmp_path):
    found = advisor.compute_per_query(alone(tmp_path, scored(MIXTURE, 0.5, 1000), scored(WINDOWED, 0.5, 1000)))
    half = {row.model: row.half_tokens for row in found.models}
    for tokens, expected in ((half[MIXTURE], True), (half[MIXTURE] - 1, False)):
        parts = spec_of(MIXTURE).trace_parts(PROMPT, tokens)
        assert (2 * parts.attention_core >= parts.total) is expected
    assert half[WINDOWED] is None


def test_tasks_count_what_changes(tmp_path):
    points = (scored(WINDOWED, 0.5, 10_000), scored(DENSE, 0.5, 34_000), scored(MIXTURE, 0.4, 100, task="other"))
    found = advisor.compute_per_query(alone(tmp_path, *points))
    task = next(row for row in found.tasks if row.task == "mine")
    assert (task.points, task.counted, task.pairs, task.reordered, task.counted_reordered) == (2, 2, 1, 1, 1)
    assert (task.entering, task.leaving) == (1, 1)
    assert task.factor is None  # of two models
    assert {(c.model, c.enters) for c in found.fronts} == {(WINDOWED, True), (DENSE, False)}


def test_nothing_known_is_said(tmp_path):
    found = advisor.compute_per_query(alone(tmp_path))
    assert not found.queries
    assert {claim.verdict for claim in found.claims} == {Verdict.OPEN}
    assert "no accuracy" in found.notes[0]
    assert found.queries.to_frame().empty


def verdicts(folder, *points):
    answers = counted(single_answers(alone(folder, *points)))
    return [claim.verdict for claim in claims_of(answers, front_changes(answers))]


def test_of_short_answers_both_counts_agree_which_says_nothing_of_long_ones(tmp_path):
    assert verdicts(tmp_path, *SHORT)[:2] == [Verdict.OPEN, Verdict.CONFIRMED]


def test_of_long_answers_they_do_not(tmp_path):
    names = (MIXTURE, "Qwen/Qwen3-235B-A22B-Thinking-2507", "deepseek-ai/DeepSeek-R1")
    by_component, a_weight, _ = verdicts(tmp_path, *(scored(name, 0.5, 30_000) for name in names))
    assert (by_component, a_weight) == (Verdict.CONFIRMED, Verdict.OPEN)  # none is short


def test_where_some_answers_are_long_the_claim_is_refined(tmp_path):
    names = (MIXTURE, "Qwen/Qwen3-235B-A22B-Thinking-2507", "deepseek-ai/DeepSeek-R1")
    long = [scored(name, 0.6, 30_000, task="long") for name in names]
    assert verdicts(tmp_path / "one", *SHORT, long[0])[0] is Verdict.OPEN
    more = [scored(name, 0.5, 400, task=task) for name in names for task in ("a", "b", "c")]
    assert verdicts(tmp_path / "three", *SHORT, *more, *long)[0] is Verdict.REFINED


def test_two_models_are_too_few(tmp_path):
    assert set(verdicts(tmp_path, *SHORT[:2])) == {Verdict.OPEN}


@pytest.mark.parametrize(
    ("generated", "attention", "anchor"),
    [
        (1000, 8.695e11 + 4.662e12, 9.60e12),
        (8000, 8.695e11 + 5.197e13, 6.56e13),
        (32000, 8.695e11 + 4.092e14, 2.576e14),
    ],
)
def test_the_count_of_the_draft(generated, attention, anchor):
    """For L 32, d 4,096, N 8e9 and prompts of 200 tokens, as its formulas give by hand."""
    spec = spec_of("meta-llama/Llama-3.1-8B-Instruct")
    assert (spec.n_layers, spec.hidden) == (32, 4096)
    counted_ = draft_flops(spec, 200, generated) - spec.total_parameters * (200 + generated)
    assert counted_ == pytest.approx(attention, rel=1e-3)
    assert spec.total_parameters * (200 + generated) == pytest.approx(anchor, rel=0.005)


def test_what_ships_says_something_of_every_task(shipped):
    assert len(shipped.queries) == sum(row.points for row in shipped.tasks)
    assert len(shipped.reordered) == sum(row.reordered for row in shipped.tasks)
    assert len(shipped.fronts) == sum(row.entering + row.leaving for row in shipped.tasks)
    assert [c.size for c in shipped.reordered] == sorted((c.size for c in shipped.reordered), reverse=True)
    assert {row.model for row in shipped.models} == {row.model for row in shipped.queries}
    assert all(row.factor >= 1 for row in shipped.lengths)


def test_it_is_the_same_each_time(tmp_path):
    one, other = (advisor.compute_per_query(alone(tmp_path / name, *SHORT)) for name in ("one", "other"))
    assert one == other
