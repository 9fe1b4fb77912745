"""Both counts of FLOPs: by hand, and where they put models in another order."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.models.recurrent import Recurrent
from advisor.provenance import Provenance
from advisor.studies.counted_twice import ATTENTION, HEAD, REST, count, counted, front_changes, fronts, order_changes
from advisor.studies.single_answers import single_answers
from tests.known import catalog, spec_of
from tests.studies.scored_models import alone, scored

DENSE, WINDOWED, MIXTURE = "Qwen/Qwen3-8B", "google/gemma-3-27b-it", "Qwen/Qwen3-30B-A3B"


def test_the_simple_count_by_hand():
    found = count(spec_of(DENSE), 200, 1000)
    assert found.simple == 2 * 7_568_405_504 * 1200
    assert found.factor == pytest.approx(1.834e13 / found.simple, rel=1e-3)
    assert found.attention == pytest.approx(36 * 4 * 32 * 128 * 1200 * 1201 / 2 / 1.834e13, rel=1e-3)


def test_what_the_simple_count_has_beyond_by_hand():
    """The head on 200 tokens of prompt, and norms on all 1,200."""
    found = count(spec_of(DENSE), 200, 1000)
    assert found.excess[HEAD] == pytest.approx(-2 * 151_936 * 4096 * 200 / found.simple)
    norms = 36 * (2 * 4096 + 2 * 128) + 4096
    assert found.excess[REST] == pytest.approx(-2 * norms * 1200 / found.simple)


@given(st.sampled_from(sorted(catalog())), st.integers(0, 2000), st.integers(1, 60_000))
@settings(max_examples=60, deadline=None)
def test_what_makes_the_difference_adds_up(model, prompt, generated):
    found = count(spec_of(model), prompt, generated)
    assert 1 + sum(found.excess.values()) == pytest.approx(found.factor)
    assert found.excess[ATTENTION] >= 0 >= found.excess[HEAD]


def test_without_prompt_and_attention_the_counts_agree_but_for_norms():
    for model in (DENSE, MIXTURE):
        found = count(spec_of(model), 0, 1)
        assert found.factor == pytest.approx(1, rel=1e-3)


def test_attention_grows_with_the_answer_where_no_window_bounds_it():
    for model in catalog():
        spec = spec_of(model)
        if spec.max_context < 17_000 or all(isinstance(layer.mixer, Recurrent) for layer in spec.layers if layer.mixer):
            continue
        factors = [count(spec, 200, n).factor for n in (1000, 4000, 16_000)]
        assert factors == sorted(factors), model


@pytest.fixture
def long(tmp_path):
    """At these lengths the windowed model is dearer by weights alone, and cheaper with what attention reads."""
    points = (scored(WINDOWED, 0.5, 10_000), scored(DENSE, 0.5, 34_000), scored(MIXTURE, 0.7, 20_000))
    return counted(single_answers(alone(tmp_path, *points)))


def test_a_pair_changes_its_order(long):
    (change,) = [c for c in order_changes(long) if WINDOWED in (c.cheaper, c.dearer) and DENSE in (c.cheaper, c.dearer)]
    assert (change.cheaper, change.dearer, change.reason) == (WINDOWED, DENSE, ATTENTION)
    windowed, dense = spec_of(WINDOWED), spec_of(DENSE)
    assert change.factor == pytest.approx(dense.trace_flops(200, 34_000) / windowed.trace_flops(200, 10_000))
    simple = dense.active_parameters * 34_200 / (windowed.active_parameters * 10_200)
    assert change.simple_factor == pytest.approx(simple)
    assert change.simple_factor < 1 < change.factor
    assert change.size == min(change.factor, 1 / change.simple_factor)
    assert change.attention[0] < 0.05 < 0.35 < change.attention[1]


def test_order_changes_are_those_that_every_pair_says(long):
    expected = set()
    for a, b in combinations(long, 2):
        full, simple = a.count.parts.total - b.count.parts.total, a.count.simple - b.count.simple
        if full * simple < 0:
            cheaper, dearer = (a, b) if full < 0 else (b, a)
            expected.add((cheaper.answer.point.model, dearer.answer.point.model))
    assert {(c.cheaper, c.dearer) for c in order_changes(long)} == expected
    assert {(c.cheaper, c.dearer) for c in order_changes(long[::-1])} == expected


def test_a_point_enters_the_front(tmp_path):
    """As accurate, the dense model beats the windowed one by the simple count, and the other way round by the full."""
    points = counted(single_answers(alone(tmp_path, scored(WINDOWED, 0.5, 10_000), scored(DENSE, 0.5, 34_000))))
    full, simple = fronts(points)
    assert full.tolist() == [p.answer.point.model == WINDOWED for p in points]
    assert simple.tolist() == [p.answer.point.model == DENSE for p in points]
    found = {c.model: c for c in front_changes(points)}
    assert found[WINDOWED].enters
    assert not found[DENSE].enters
    assert (found[WINDOWED].beaten_by, found[DENSE].beaten_by) == (DENSE, WINDOWED)
    assert found[DENSE].counted


def test_a_more_accurate_point_stays_on_the_front(tmp_path):
    points = counted(single_answers(alone(tmp_path, scored(WINDOWED, 0.5, 10_000), scored(DENSE, 0.9, 34_000))))
    assert {c.model for c in front_changes(points)} == {WINDOWED}


def test_imputed_lengths_are_marked(tmp_path):
    imputed = scored(DENSE, 0.5, 34_000, tokens_provenance=Provenance.IMPUTED, tokens_spread=2.0)
    points = counted(single_answers(alone(tmp_path, scored(WINDOWED, 0.5, 10_000), imputed)))
    assert [change.counted for change in order_changes(points)] == [False]
    assert [change.counted for change in front_changes(points)] == [False, False]
