"""FLOPs of strategy points."""

from dataclasses import replace

import pytest

from advisor.fits.costs import TYPICAL_PROMPT_TOKENS, pass_tokens, policy_flops, verifier_flops
from advisor.provenance import Provenance
from advisor.store.beliefs import Point
from tests.known import SHIPPED, spec_of

MODELS = SHIPPED.models
JUDGE = "Qwen/Qwen3-4B"
POINT = Point(
    model="Qwen/Qwen3-8B",
    task="mine",
    strategy="best-of-n",
    n_samples=4,
    n_questions=10,
    accuracy=0.5,
    low=0.4,
    high=0.6,
    prompt_tokens=100.0,
    generated_tokens=4000.0,
    provenance=Provenance.MEASURED,
    runs="r",
    reward_model=JUDGE,
    scored_tokens=4400.0,
)


def test_samples_share_their_prompt():
    one, four = (policy_flops(MODELS, POINT.model, 100, n * 1000, n) for n in (1, 4))
    spec = spec_of(POINT.model)
    assert one == spec.trace_flops(100, 1000)
    assert 4 * one - four == pytest.approx(3 * 2 * spec.active_parameters * 100, rel=0.15)


def test_a_prompt_that_was_not_recorded_is_a_typical_one():
    assert policy_flops(MODELS, POINT.model, None, 1000, 1) == policy_flops(
        MODELS, POINT.model, TYPICAL_PROMPT_TOKENS, 1000, 1
    )
    assert pass_tokens(replace(POINT, prompt_tokens=None)) == TYPICAL_PROMPT_TOKENS + 1000


def test_a_pass_is_the_prompt_and_one_whole_answer():
    assert pass_tokens(POINT) == 1100


def test_what_a_reward_model_costs():
    found = verifier_flops(MODELS, POINT)
    assert found == pytest.approx(2 * spec_of(JUDGE).active_parameters * 4400, rel=0.2)
    assert verifier_flops(MODELS, replace(POINT, scored_tokens=8800.0)) == pytest.approx(2 * found)


@pytest.mark.parametrize("unknown", [{"scored_tokens": None}, {"reward_model": None}, {"reward_model": "nobody/knows"}])
def test_what_it_costs_may_not_be_known(unknown):
    assert verifier_flops(MODELS, replace(POINT, **unknown)) is None


def test_without_rewards_there_is_nothing_to_pay():
    assert verifier_flops(MODELS, replace(POINT, strategy="majority")) == 0
    assert verifier_flops(MODELS, replace(POINT, strategy="their-own", reward_model=None)) == 0
    assert verifier_flops(MODELS, replace(POINT, strategy="their-own")) > 0
