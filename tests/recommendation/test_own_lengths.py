"""Own prompts and answers: what changes at a point, by hand."""

import pytest

from advisor.errors import AdvisorError
from advisor.provenance import Provenance
from advisor.recommendation.own_lengths import Lengths, at_lengths, can_be_so_long, checked_lengths, single_answers
from advisor.recommendation.waiting import Waiting
from tests.recommendation.made import point

WAITS = Waiting(800.0, 2000.0, 3000.0, 4000.0)


def four(w):
    return w.p50, w.p95, w.p99, w.longest


def test_without_any_nothing_changes():
    assert at_lengths(point(), WAITS, Lengths()) == (point(), WAITS)


def test_prompts_alone_leave_answers_as_recorded():
    p, waits = at_lengths(point(), WAITS, Lengths(input_tokens=30_000))
    assert (p.prompt_tokens, p.generated_tokens, p.depth_tokens) == (30_000, 1000, 1000)
    assert waits == WAITS


def test_answers_take_the_mean_and_keep_the_shape():
    p, waits = at_lengths(point(), WAITS, Lengths(output_tokens=250))
    assert (p.prompt_tokens, p.generated_tokens, p.depth_tokens) == (200, 250, 250)
    assert four(waits) == pytest.approx((200, 500, 750, 1000))
    assert waits.provenance is Provenance.IMPUTED


def test_every_answer_of_a_vote_has_the_mean():
    """Of eight answers of 1,000 the longest has 1,600 on average: at half the mean 800, and eight times 500 in all."""
    votes = point(n_samples=8, generated_tokens=8000.0, depth_tokens=1600.0)
    p, waits = at_lengths(votes, WAITS, Lengths(output_tokens=500))
    assert (p.generated_tokens, p.depth_tokens) == (4000, 800)
    assert four(waits) == pytest.approx((400, 1000, 1500, 2000))


def test_a_cap_stops_longer_answers():
    p, waits = at_lengths(point(token_budget=2500), WAITS, Lengths(output_tokens=2000))
    assert p.generated_tokens == 2000
    assert four(waits) == (1600, 2500, 2500, 2500)


def test_votes_that_end_early_are_scaled_by_one_answer():
    """At most 16 answers of 1,000 tokens, 5 on average: with answers of 100 they are 500 tokens, not 1,600."""
    early = point(strategy="adaptive-majority", n_samples=16, generated_tokens=5000.0, depth_tokens=5000.0)
    p, _ = at_lengths(early, WAITS, Lengths(output_tokens=100), answer_tokens=1000.0)
    assert p.generated_tokens == p.depth_tokens == pytest.approx(500)


def test_what_a_reward_model_reads_grows_with_the_text():
    """Eight texts of 200 and 1,000 tokens, each read once; then of 2,200 and 1,000, then of 2,200 and 500."""
    scored = point(strategy="best-of-n", n_samples=8, generated_tokens=8000.0, scored_tokens=9600.0)
    assert at_lengths(scored, WAITS, Lengths(2200))[0].scored_tokens == pytest.approx(8 * 3200)
    assert at_lengths(scored, WAITS, Lengths(2200, 500))[0].scored_tokens == pytest.approx(8 * 2700)
    assert at_lengths(point(), WAITS, Lengths(2200, 500))[0].scored_tokens is None


def test_points_that_are_not_so_long():
    asked = Lengths(output_tokens=2000)
    assert can_be_so_long(point(), asked)
    assert can_be_so_long(point(token_budget=2000), asked)
    assert not can_be_so_long(point(token_budget=1999), asked)
    held = point(strategy="thinking-budget")
    assert not can_be_so_long(held, asked)  # its accuracy is that at its own mean length
    assert can_be_so_long(held, Lengths(input_tokens=2000))


def test_single_answers_are_those_without_a_cap():
    points = [point(), point(n_samples=4, generated_tokens=3.0), point(token_budget=9, generated_tokens=5.0)]
    points += [point(setup="temperature 1", generated_tokens=7.0)]
    assert single_answers(points) == {
        ("Qwen/Qwen3-8B", "mine", ""): 1000.0,
        ("Qwen/Qwen3-8B", "mine", "temperature 1"): 7,
    }


def test_in_words():
    assert Lengths().texts == ()
    assert Lengths(30_000, 500, 20_000).texts == ("prompts of 30,000 tokens (20,000 cached)", "answers of 500 tokens")


@pytest.mark.parametrize(
    ("given", "where", "message"),
    [
        ((0, None, None), "--input-tokens", "0 is no number of tokens"),
        ((-5, None, None), "--input-tokens", "give a whole number from 1 to 10,000,000"),
        ((10_000_001, None, None), "--input-tokens", "10,000,001 is no number of tokens"),
        ((None, 0, None), "--output-tokens", "0 is no number of tokens"),
        ((10, None, -1), "--cached-prompt-tokens", "give a whole number from 0"),
        ((None, None, 10), "--cached-prompt-tokens", "is a part of --input-tokens, which is not given"),
        ((100, None, 100), "--cached-prompt-tokens", "100 cached tokens leave nothing new of a prompt of 100"),
        ((100, None, 101), "--cached-prompt-tokens", "leave nothing new"),
    ],
)
def test_lengths_that_cannot_be(given, where, message):
    with pytest.raises(AdvisorError, match=message) as caught:
        checked_lengths(*given)
    assert caught.value.where == where


def test_the_largest_and_least_that_can_be():
    assert checked_lengths(100, 1, 99) == Lengths(100, 1, 99)
    assert checked_lengths(10_000_000, 10_000_000, 0).cached_prompt_tokens == 0
