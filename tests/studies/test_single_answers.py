"""Which points studies of models compare."""

import numpy as np
import pytest

from advisor.provenance import Provenance
from advisor.studies.single_answers import one_a_model, single_answers, years
from tests.studies.scored_models import alone, scored

DENSE, OTHER = "Qwen/Qwen3-8B", "Qwen/Qwen3-32B"


def test_only_single_answers_with_a_length_of_known_models(tmp_path):
    kept = scored(DENSE, 0.5, 1000)
    left_out = (
        scored(DENSE, 0.6, 4000, n_samples=4),
        scored(DENSE, 0.4, 500, token_budget=500),
        scored(OTHER, 0.4, 500, weak=True),
        scored("nobody/knows", 0.4, 500),
        scored("Qwen/Qwen3-14B", 0.4, 0),
    )
    found = single_answers(alone(tmp_path, kept, *left_out))
    assert [(each.point.model, each.generated_tokens) for each in found] == [(DENSE, 1000)]
    assert found[0].spec.name == DENSE
    assert found[0].released == "2025-04"


def test_a_prompt_that_nobody_recorded_is_a_typical_one(tmp_path):
    known, unknown = single_answers(
        alone(tmp_path, scored(DENSE, 0.5, 1000, prompt_tokens=321.0), scored(OTHER, 0.5, 1000, prompt_tokens=None))
    )[::-1]
    assert (known.prompt_tokens, known.prompt_from) == (321, Provenance.MEASURED)
    assert (unknown.prompt_tokens, unknown.prompt_from) == (200, Provenance.IMPUTED)
    assert known.parts == known.spec.trace_parts(321, 1000)


def test_an_answer_has_at_least_one_token(tmp_path):
    (found,) = single_answers(alone(tmp_path, scored(DENSE, 0.5, 0.2)))
    assert found.generated_tokens == 1


def test_of_a_model_one_answer_counts_that_ends_by_itself_before_others_then_the_most_accurate(tmp_path):
    points = (
        scored(DENSE, 0.5, 1000, setup="short"),
        scored(DENSE, 0.6, 3000, setup="long"),
        scored(DENSE, 0.9, 9000, strategy="thinking-budget"),
        scored(OTHER, 0.3, 100, strategy="thinking-budget"),
        scored(OTHER, 0.4, 400, strategy="thinking-budget"),
    )
    found = one_a_model(single_answers(alone(tmp_path, *points)))
    assert {each.point.model: each.generated_tokens for each in found} == {DENSE: 3000, OTHER: 400}


def test_an_imputed_length_is_uncertain_by_its_spread_on_all_tasks_alike(tmp_path):
    imputed = {"tokens_provenance": Provenance.IMPUTED, "tokens_spread": 2.0}
    points = [scored(DENSE, 0.5, 1000, task=task, **imputed) for task in ("a", "b")]
    a, b, counted = single_answers(alone(tmp_path, *points, scored(OTHER, 0.5, 1000, task="c")))
    assert np.array_equal(a.token_factors, b.token_factors)
    assert np.quantile(a.token_factors, 0.95) == pytest.approx(2.0, rel=0.25)
    assert np.median(a.token_factors) == pytest.approx(1.0, rel=0.1)
    assert set(counted.token_factors) == {1.0}


def test_models_of_equal_layers_are_of_one_architecture(tmp_path):
    names = ("meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Llama-3.3-70B-Instruct", DENSE)
    found = {
        e.point.model: e.architecture for e in single_answers(alone(tmp_path, *(scored(n, 0.5, 9) for n in names)))
    }
    assert found[names[0]] == found[names[1]] != found[names[2]]


@pytest.mark.parametrize(("text", "expected"), [("2025-01", 2025.0), ("2024-12", 2024 + 11 / 12), ("soon", None)])
def test_dates_in_years(text, expected):
    assert years(text) == expected
