"""Work adds up, and its FLOPs against sums over single tokens and figures by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.work import Work, answer_flops, pass_flops, simple_flops
from tests.known import load_model

works = st.builds(Work, *[st.integers(0, 10**6)] * 5)

LLAMA_8B_BODY = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336)  # q and o, k and v, feed-forward; 32 layers
LLAMA_8B_HEAD = 128_256 * 4096
LLAMA_8B_PAIR = 32 * 4 * 4096  # two products over 4 096 channels a layer, for each token and each one it sees


def test_no_work_is_nothing():
    assert Work(10, 20, 30, 40, 50) + Work() == Work(10, 20, 30, 40, 50)


def test_tokens_add_up_and_the_longest_chain_stays():
    one, other = Work(10, 20, 30, 40, 50), Work(1, 2, 3, 4, 500)
    assert one + other == other + one == Work(11, 22, 33, 44, 500)


@given(st.lists(works, max_size=5))
def test_merging_in_any_order_is_the_same(parts):
    whole = sum(parts, Work())
    assert whole == sum(reversed(parts), Work())
    assert whole.depth_tokens == max((p.depth_tokens for p in parts), default=0)
    assert whole.scored_tokens == sum(p.scored_tokens for p in parts)


def test_one_more_answer_costs_its_own_tokens_alone():
    """One token after 8 192 cached, by the published table of tests/models: the prompt is not computed again."""
    model = load_model("Qwen3-8B")
    costs = [answer_flops(model, 8192, 1, n) for n in (1, 2, 5)]
    assert costs[1] - costs[0] == 19_968_622_592
    assert costs[2] - costs[0] == 4 * 19_968_622_592


def test_answers_to_a_prompt_by_hand():
    """Three prompt tokens see 1 + 2 + 3, the two generated ones 4 + 5 and pass the LM head."""
    model = load_model("Llama-3.1-8B-Instruct")
    prompt = 3 * 2 * LLAMA_8B_BODY + 6 * LLAMA_8B_PAIR
    answer = 2 * 2 * (LLAMA_8B_BODY + LLAMA_8B_HEAD) + 9 * LLAMA_8B_PAIR
    assert answer_flops(model, 3, 2) == prompt + answer
    assert answer_flops(model, 3, 2, 7) == prompt + 7 * answer


def test_cached_tokens_are_not_computed_again():
    """The first 150 tokens of a prompt of 200 cost what a prompt of 150 would, once for all answers."""
    llama = load_model("Llama-3.1-8B-Instruct")
    for n in (1, 4):
        saved = answer_flops(llama, 200, 50, n) - answer_flops(llama, 200, 50, n, cached_tokens=150)
        assert saved == 150 * llama.linear_flops_per_token() + llama.attention_flops(1, 150)
    assert answer_flops(llama, 200, 50, 4, cached_tokens=0) == answer_flops(llama, 200, 50, 4)


def test_a_reward_model_passes_every_token_it_scores():
    """A pass of 100 tokens multiplies the body's weights a hundred times, and the tokens see 1 + … + 100 = 5 050."""
    model = load_model("Llama-3.1-8B-Instruct")
    one_pass = 100 * 2 * LLAMA_8B_BODY + 5050 * LLAMA_8B_PAIR
    assert pass_flops(model, 100, 100) == pytest.approx(one_pass)
    assert pass_flops(model, 250, 99.6) == pytest.approx(2.5 * one_pass)
    assert pass_flops(model, 0, 100) == 0


@pytest.mark.parametrize("pass_tokens", [0, 0.3, 1])
def test_the_shortest_pass_is_one_token(pass_tokens):
    one_token = 2 * LLAMA_8B_BODY + LLAMA_8B_PAIR
    assert pass_flops(load_model("Llama-3.1-8B-Instruct"), 3, pass_tokens) == pytest.approx(3 * one_token)


def test_the_simple_count_is_two_flops_a_weight_and_token():
    """8 030 261 248 parameters less the look-up table of 128 256 × 4 096."""
    assert simple_flops(load_model("Llama-3.1-8B-Instruct"), 1000) == 2 * 7_504_924_672 * 1000
