"""Searches on scripted engines: the order in which they ask, what they spend, and where they stop, all worked out by
hand."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from advisor.engines.protocol import Completion, EngineFailure, Sampling
from advisor.strategies import STRATEGIES
from advisor.strategies.adaptive import adaptive_majority, lead_probability, settled
from advisor.strategies.mcts import mcts
from advisor.strategies.rebase import Steps, rebase
from advisor.strategies.sample import sample, seeded
from advisor.strategies.search import finish, loops
from advisor.strategies.selection import REWARDS, SELECTIONS
from advisor.strategies.thinking_budget import thinking_budget
from tests.strategies.scripted import Ledger

SAMPLING = Sampling(seed=1, max_tokens=512)
STEPS = Steps("\n", lambda text: text.endswith("."))
PROMPT = "a prompt of thirty characters."


def letters(prompt, partial, sampling, number):
    """Steps are called a, b, c, d, … in turn; a whole answer ends with its number and a full stop."""
    return f"{'abcd'[number % 5 % 4]}\n" if sampling.stop else f"{number}."


def likes(first):
    """A reward model that rates what begins with this step 1 and the rest 0."""
    return lambda text: (float(text.startswith(first)),)


def searched(search, engine, *arguments, sampling=SAMPLING):
    return asyncio.run(search(engine, engine, PROMPT, sampling, *arguments))


# --- Monte Carlo tree search ---


def roll_outs(engine):
    """The step below the root from which each answer was completed."""
    return "".join(partial[0] for partial, sampling in engine.calls if not sampling.stop)


def test_mcts_goes_where_the_mean_reward_and_its_uncertainty_say():
    """The best of the first four steps, then each unvisited one; from then on mean + √2·√(ln N/n), by hand:

    N = 4 … 7: c has 1 + √(2·ln N/n) = 2.67, 2.27, 2.09, 1.99 against the others' √(2·ln N) = 1.67, 1.79, 1.89, 1.97;
    N = 8: c, visited five times, has 1.91 and the others 2.04; so a, b and d in turn, and at N = 11 c again (1.98
    against 1.55).
    """
    engine = Ledger(letters, likes("c"))
    searched(mcts, engine, 12, STEPS)
    assert roll_outs(engine) == "cabdcccc" + "abd" + "c"


def test_mcts_starts_from_the_best_of_four_steps_wherever_it_expands():
    engine = Ledger(letters, likes("d"))
    searched(mcts, engine, 1, STEPS)
    steps = [partial for partial, sampling in engine.calls if sampling.stop]
    assert (steps, roll_outs(engine)) == ([""] * 4, "d")
    searched(mcts, again := Ledger(letters, likes("d")), 2, STEPS)
    assert [partial for partial, sampling in again.calls if sampling.stop] == [""] * 4 + ["a\n"] * 4


def test_mcts_spends_what_the_engine_gave_out_and_waits_for_every_part():
    """Three iterations, each four steps of two tokens side by side and then a roll-out; nothing of it overlaps."""
    engine = Ledger(letters, likes("c"))
    found = searched(mcts, engine, 3, STEPS)
    completions = [len(t.text) - partial_length(engine, t.text) for t in found.traces]
    assert replace(found.work, depth_tokens=0) == engine.given
    assert found.work.depth_tokens == 3 * 2 + sum(completions)
    assert [t.generated_tokens for t in found.traces] == [len(t.text) for t in found.traces]


def partial_length(engine, text):
    return max(len(p) for p, s in engine.calls if not s.stop and text.startswith(p))


def test_mcts_waits_for_the_longest_of_the_steps_drawn_together():
    lengths = iter((3, 9, 4, 5))
    engine = Ledger(
        lambda p, partial, s, n: "x" * (next(lengths) - 1) + "\n" if s.stop else "1234.", lambda text: (len(text) / 99,)
    )
    found = searched(mcts, engine, 1, STEPS)
    assert found.work.depth_tokens == 9 + 5
    assert found.work.generated_tokens == 3 + 9 + 4 + 5 + 5


def test_an_answer_that_has_ended_is_neither_expanded_nor_completed_again():
    engine = Ledger(lambda p, partial, s, n: "42.")
    found = searched(mcts, engine, 6, STEPS)
    assert len(engine.calls) == 4
    assert [t.text for t in found.traces] == ["42."]  # drawn four times, it votes once
    assert (found.traces[0].finish_reason, found.traces[0].rewards, found.traces[0].generated_tokens) == (
        "stop",
        (0.5,),
        3,
    )
    assert found.work.depth_tokens == 3


def test_what_mcts_could_not_finish_does_not_vote():
    engine = Ledger(lambda p, partial, s, n: "and so on\n" if s.stop else "no end in sight " * 99)
    found = searched(mcts, engine, 2, STEPS)
    assert found.traces == ()
    assert found.work.generated_tokens == engine.given.generated_tokens > 1000


def test_mcts_completes_an_answer_within_the_longest_path():
    """512 tokens in all, two of them drawn; then 1 024 whatever the sampling allows."""
    for most, room in ((512, 510), (9999, 1022), (3, 1)):
        engine = Ledger(letters)
        searched(mcts, engine, 1, STEPS, sampling=Sampling(seed=1, max_tokens=most))
        assert [s.max_tokens for _, s in engine.calls if not s.stop] == [room]


def test_mcts_without_rewards_is_worth_nothing_and_still_answers():
    found = searched(mcts, Ledger(letters, lambda text: ()), 2, STEPS)
    assert len(found.traces) == 2
    assert [t.rewards for t in found.traces] == [(), ()]


def test_an_answer_without_a_rating_does_not_draw_the_search():
    """a is never rated, the others are worth 0.5: b first, then each unvisited one, and then b again rather than a."""
    engine = Ledger(letters, lambda text: () if text.startswith("a") else (0.5,))
    searched(mcts, engine, 5, STEPS)
    assert roll_outs(engine) == "bacdb"


def test_a_step_that_was_cut_ends_its_answer_and_does_not_vote():
    engine = Ledger(lambda p, partial, s, n: "".join(map(chr, range(200, 900))))
    found = searched(mcts, engine, 3, STEPS)
    assert (found.traces, len(engine.calls)) == ((), 4)


def test_mcts_does_not_grow_deeper_than_its_limit():
    """One of each four steps pays, and pays so much that the search goes straight down once it has seen the other
    three."""
    engine = Ledger(lambda p, partial, s, n: ("+\n" if n % 5 == 0 else f"{n}\n") if s.stop else f"{n}.")
    engine.rate = lambda text: (1e3 * text.count("\n") if set(text.split("\n")[:-1]) == {"+"} else 0.0,)
    searched(mcts, engine, 150, STEPS)
    depths = [partial.count("\n") for partial, s in engine.calls if s.stop]
    assert max(depths) == 24


# --- REBASE ---


def beginnings(engine):
    """The beginnings that were continued."""
    return [partial for partial, _ in engine.calls]


def test_rebase_shares_out_what_finished_answers_leave():
    """Width 4. First steps: one ends, three stay open with equal rewards: three places, one each. All end: four
    answers."""
    first = iter(("1.", "a\n", "b\n", "c\n"))
    engine = Ledger(lambda p, partial, s, n: f"{n}." if partial else next(first))
    found = searched(rebase, engine, 4, STEPS)
    assert beginnings(engine) == ["", "", "", "", "a\n", "b\n", "c\n"]
    assert [t.text for t in found.traces] == ["1.", "a\n4.", "b\n5.", "c\n6."]
    assert {t.finish_reason for t in found.traces} == {"stop"}
    assert replace(found.work, depth_tokens=0) == engine.given
    assert found.work.depth_tokens == 4


def test_rebase_ends_when_its_width_is_used_up():
    engine = Ledger(lambda p, partial, s, n: "7.")
    assert len(searched(rebase, engine, 3, STEPS).traces) == len(engine.calls) == 3


def test_rebase_gives_the_good_beginnings_their_share():
    """Rewards 1 and 0 at temperature 0.2: weights 1 and e⁻⁵, so of seven places all but none go to the good one; of
    200, ⌈200/1.0067⌉."""
    engine = Ledger(lambda p, partial, s, n: f"{n}." if partial else "ab"[n % 2] + "\n", likes("a"))
    searched(rebase, engine, 2, STEPS)
    assert beginnings(engine)[2:] == ["a\n", "a\n"]
    many = Ledger(lambda p, partial, s, n: f"{n}." if partial else "ab"[n % 2] + "\n", likes("a"))
    searched(rebase, many, 400, STEPS)
    good = beginnings(many)[400:].count("a\n")
    assert 396 <= good <= 400


def test_rebase_stops_at_its_depth_with_what_there_is():
    engine = Ledger(lambda p, partial, s, n: "ab"[n % 2] + "\n")
    found = searched(rebase, engine, 2, STEPS)
    assert len(engine.calls) == 2 * 25
    assert {t.finish_reason for t in found.traces} == {"length"}
    assert {len(t.text) for t in found.traces} == {2 * 25}


def test_a_step_is_cut_at_256_tokens_and_a_path_at_its_limit():
    """600 tokens: two full steps and one of 88. The first two stop at no delimiter, so they are cut answers, not
    steps."""
    line = "x" * 199 + "\n"
    engine = Ledger(lambda p, partial, s, n: line)
    found = searched(rebase, engine, 1, STEPS, sampling=Sampling(seed=1, max_tokens=600))
    assert [s.max_tokens for _, s in engine.calls] == [256, 256, 200]
    assert (found.traces[0].finish_reason, found.traces[0].generated_tokens) == ("length", 600)
    cut = Ledger(lambda p, partial, s, n: "y0" * 300)
    assert searched(rebase, cut, 1, STEPS).traces[0].finish_reason == "loop"
    assert [s.max_tokens for _, s in cut.calls] == [256]


def test_a_path_has_1024_tokens_at_most():
    engine = Ledger(lambda p, partial, s, n: f"{n}" * 127 + "\n")
    found = searched(rebase, engine, 1, STEPS, sampling=Sampling(seed=1, max_tokens=5000))
    assert found.traces[0].generated_tokens == 1024
    assert [s.max_tokens for _, s in engine.calls] == [256] * 7 + [128]


def test_an_answer_ends_with_its_final_phrase_or_the_end_of_text():
    """`is_final` ends a step that stopped at the delimiter; without a delimiter the engine's own end counts."""
    final = Steps("\n", lambda text: "answer" in text)
    engine = Ledger(lambda p, partial, s, n: "the answer is 4\n")
    assert [t.finish_reason for t in searched(rebase, engine, 1, final).traces] == ["stop"]
    engine = Ledger(lambda p, partial, s, n: "nothing to say" if partial else "well\n")
    assert [(t.text, t.finish_reason) for t in searched(rebase, engine, 1, final).traces] == [
        ("well\nnothing to say", "stop")
    ]


def test_rebase_scores_every_beginning_and_keeps_the_rewards():
    engine = Ledger(
        lambda p, partial, s, n: "1." if partial else "a\n", lambda text: (0.25,) * text.count("\n") + (0.75,)
    )
    found = searched(rebase, engine, 1, STEPS)
    assert engine.scored == ["a\n", "a\n1."]
    assert found.traces[0].rewards == (0.25, 0.75)


# --- draws and their seeds ---

SEARCHES = {
    "sampling": lambda e, s: sample(e, e, PROMPT, s, 12),
    "rebase": lambda e, s: rebase(e, e, PROMPT, s, 6, STEPS),
    "mcts": lambda e, s: mcts(e, e, PROMPT, s, 4, STEPS),
    "adaptive": lambda e, s: adaptive_majority(e, PROMPT, s, 12, lambda text: text),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_no_two_draws_of_a_question_share_a_seed(search):
    """Nor do two runs with seeds of their own; engines take seeds of 31 bits; without a seed there is none."""
    seeds = []
    for seed in (1, 2, 2**40):
        engine = Ledger(letters)
        asyncio.run(search(engine, replace(SAMPLING, seed=seed)))
        seeds += [s.seed for _, s in engine.calls]
    assert len(set(seeds)) == len(seeds) >= 36
    assert all(isinstance(s, int) and 0 <= s < 2**31 for s in seeds)
    engine = Ledger(letters)
    asyncio.run(search(engine, replace(SAMPLING, seed=None)))
    assert {s.seed for _, s in engine.calls} == {None}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_every_token_that_was_drawn_or_scored_is_counted(search):
    engine = Ledger(letters, likes("b"))
    found = asyncio.run(search(engine, SAMPLING))
    assert replace(found.work, depth_tokens=0) == engine.given


@pytest.mark.parametrize(
    "search",
    [
        lambda engine: sample(engine, None, PROMPT, SAMPLING, 6),
        lambda engine: rebase(engine, engine, PROMPT, SAMPLING, 6, STEPS),
        lambda engine: mcts(engine, engine, PROMPT, SAMPLING, 2, STEPS),
    ],
)
def test_no_request_outlives_a_question_that_failed(search):
    """Its connection would be half open when the engine closes."""
    begun, ended = [], []

    class Failing:
        async def generate(self, prompt, partial, sampling):
            begun.append(len(begun))
            if begun[-1] == 1:
                raise EngineFailure("the second")
            for _ in range(5):
                await asyncio.sleep(0)
            ended.append(begun[-1])
            raise EngineFailure("a later one")

    async def ask():
        with pytest.raises(EngineFailure, match=r"a later one|the second"):
            await search(Failing())
        return len(ended)

    assert asyncio.run(ask()) == len(begun) - 1 > 2


def test_seeds_use_their_whole_range():
    assert max(seeded(SAMPLING, i * 10**7).seed for i in range(214)) > 2**30


def test_samples_are_drawn_side_by_side_and_scored_whole():
    engine = Ledger(lambda p, partial, s, n: "x" * (3 + n), lambda text: (len(text) / 10,))
    found = asyncio.run(sample(engine, engine, PROMPT, SAMPLING, 3))
    assert [(t.text, t.generated_tokens, t.rewards) for t in found.traces] == [
        ("xxx", 3, (0.3,)),
        ("xxxx", 4, (0.4,)),
        ("xxxxx", 5, (0.5,)),
    ]
    assert found.work.depth_tokens == 5
    unscored = asyncio.run(sample(Ledger(letters), None, PROMPT, SAMPLING, 2))
    assert (unscored.work.scored_tokens, unscored.traces[0].rewards) == (0, ())


# --- adaptive voting ---


@pytest.mark.parametrize(("top", "second"), [(0, 0), (1, 0), (4, 0), (6, 1), (3, 3), (20, 11)])
def test_the_lead_is_the_beta_distributions_tail(top, second):
    assert lead_probability(top, second) == pytest.approx(beta.sf(0.5, top + 1, second + 1))


@given(st.lists(st.sampled_from("abc"), max_size=9), st.integers(0, 6))
@settings(max_examples=100)
def test_a_vote_is_settled_when_no_other_answer_can_draw_level(votes, left):
    """With a confidence nobody reaches: the leader stays ahead even if the runner-up gets all that is left."""
    counts = {a: votes.count(a) for a in votes}
    leader = max(counts, key=lambda a: counts[a], default=None)
    caught = [a for a in "abcd" if a != leader and counts.get(a, 0) + left >= counts.get(leader, 0)]
    assert settled(Counter(votes), left, 2.0) == (not caught)


def test_adaptive_voting_asks_until_the_lead_is_sure():
    """Beta(5, 1) has 1 − 2⁻⁵ of its weight above one half, Beta(4, 1) 1 − 2⁻⁴ = 0.9375: four unanimous answers are
    enough at 0.95."""

    def calls(answers, most, **confidence):
        engine = Ledger(lambda p, partial, s, n: answers[n])
        found = asyncio.run(
            adaptive_majority(engine, PROMPT, SAMPLING, most, lambda text: None if text == "?" else text, **confidence)
        )
        assert len(found.traces) == len(engine.calls)
        assert found.work.depth_tokens == sum(map(len, answers[: len(engine.calls)]))  # one after another
        return len(engine.calls)

    assert calls("aaaaaaaa", 8) == 4
    assert calls("aaaaaaaa", 8, confidence=0.9375) == 3
    assert calls("abaaaaaa", 20 // 2 - 2) == 6  # 5 to 1 with two left: cannot be caught
    assert calls("aaa", 3) == 2
    assert calls("abab", 4) == 4
    assert calls("????????", 8) == 8
    assert calls("??aaaaaa", 8) == 6
    assert calls("?", 1) == 1
    assert calls("??aa", 4, confidence=0.5) == 3


# --- a cap on thinking ---


def test_a_forced_answer_follows_what_was_thought():
    engine = Ledger(lambda p, partial, s, n: "42." + "." * 99 if partial else "hm, let me see" * 9)
    found = asyncio.run(thinking_budget(engine, PROMPT, SAMPLING, 20, "\nA: "))
    (trace,) = found.traces
    assert beginnings(engine) == ["", "hm, let me seehm, le\nA: "]
    assert [s.max_tokens for _, s in engine.calls] == [20, 64]
    assert trace.text == "hm, let me seehm, le\nA: 42." + "." * 61
    assert (trace.finish_reason, trace.generated_tokens) == ("forced", 84)
    assert found.work == replace(engine.given, depth_tokens=84)


def test_a_thought_handed_out_apart_is_continued_and_what_is_forced_is_the_answer():
    calls = []

    class Apart:
        """As a server with a reasoning parser: all is reasoning until a thought ends, even what was forced."""

        async def generate(self, prompt, partial, sampling):
            calls.append((partial, sampling.max_tokens))
            return Completion("", 5, 10, 0, "length", "", "7" if partial else "so 3+4")

    found = asyncio.run(thinking_budget(Apart(), PROMPT, SAMPLING, 5, "\nA: "))
    assert calls == [("", 5), ("so 3+4\nA: ", 64)]
    assert [(t.text, t.generated_tokens, t.finish_reason) for t in found.traces] == [("so 3+4\nA: 7", 10, "forced")]


def test_no_empty_line_before_a_forced_answer():
    engine = Ledger(lambda p, partial, s, n: "4" if partial else "one\ntwo\nthree")
    asyncio.run(thinking_budget(engine, PROMPT, SAMPLING, 8, "\nA: "))
    assert beginnings(engine) == ["", "one\ntwo\nA: "]


def test_thinking_that_ended_or_cannot_be_forced_stays_as_it_is():
    for text, cap, force, reason in (
        ("done.", 9, "A: ", "stop"),
        ("go on, ", 5, "", "length"),
        ("ha" * 99, 150, "", "loop"),
    ):
        engine = Ledger(lambda p, partial, s, n, text=text: text)
        found = asyncio.run(thinking_budget(engine, PROMPT, SAMPLING, cap, force))
        assert [(t.text, t.finish_reason) for t in found.traces] == [(text[:cap], reason)]
        assert found.work == replace(engine.given, depth_tokens=min(cap, len(text)))


# --- loops ---


@pytest.mark.parametrize(
    ("piece", "times", "loop"),
    [
        ("x", 63, False),
        ("x", 64, True),
        ("ab", 31, False),
        ("ab", 32, True),
        ("0123456789", 7, False),
        ("0123456789", 8, True),
        ("".join(map(chr, range(33, 97))), 7, False),
        ("".join(map(chr, range(33, 97))), 8, True),  # 64 characters
        ("".join(map(chr, range(33, 98))), 20, False),  # 65 characters
    ],
)
def test_a_loop_is_eight_times_the_same_and_64_characters(piece, times, loop):
    assert loops(piece * times) == loops("before it: " + piece * times) == loop
    assert not loops(piece * times + "~")


def test_only_a_cut_answer_is_a_loop():
    assert [finish("ab" * 40, "length"), finish("ab" * 40, "stop"), finish("abc", "length")] == [
        "loop",
        "stop",
        "length",
    ]


# --- selections ---

votes = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.sampled_from([0.1, 0.2, 0.5])), max_size=8)


@given(votes)
def test_selections_equal_their_definitions(drawn):
    answers, rewards = [a for a, _ in drawn], [r for _, r in drawn]
    voting = [a for a in answers if a is not None]
    chosen = {name: select(answers, rewards) for name, select in SELECTIONS.items()}
    if not voting:
        assert set(chosen.values()) == {None}
        return
    sums = {v: sum(r for a, r in drawn if a == v) for v in voting}
    assert chosen["first"] == voting[0]
    assert voting.count(chosen["majority"]) == max(map(voting.count, voting))
    assert sums[chosen["weighted"]] == pytest.approx(max(sums.values()))
    assert chosen["best"] == next(
        a for a, r in drawn if a is not None and r == max(r for a, r in drawn if a is not None)
    )


def test_ties_go_to_the_answer_seen_first():
    assert SELECTIONS["majority"](["b", "a", "a", "b"], [0, 0, 0, 0]) == "b"
    assert SELECTIONS["weighted"](["b", "a"], [0.5, 0.5]) == "b"
    assert SELECTIONS["best"](["c", "b", "a"], [0.1, 0.7, 0.7]) == "b"


def test_an_empty_trace_has_no_reward():
    assert {name: reward([]) for name, reward in REWARDS.items()} == dict.fromkeys(
        ("last", "min", "mean", "product"), 0
    )


def test_a_strategy_asks_for_rewards_where_its_answer_depends_on_them():
    """By exchanging the rewards of two answers; a tree search needs them to search."""
    published = "greedy majority weighted-majority best-of-n rebase mcts thinking-budget adaptive-majority"
    assert set(STRATEGIES) >= set(published.split())
    for name, strategy in STRATEGIES.items():
        select = SELECTIONS[strategy.selection]
        depends = select(["a", "b"], [0.1, 0.9]) != select(["a", "b"], [0.9, 0.1])
        assert strategy.needs_rewards >= depends
        if name in published.split():
            assert strategy.needs_rewards == (depends or strategy.search in ("rebase", "mcts"))
