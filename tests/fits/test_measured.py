"""From stored answers to strategy points."""

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.fits.curve import curve
from advisor.fits.curve_priors import read_learned
from advisor.fits.fit import fit, fitted_answers, setups
from advisor.fits.imputed_tokens import with_imputed_tokens
from advisor.fits.measured import measured, stored
from advisor.fits.setup_fits import setup_fits
from advisor.fits.votes import expected_longest
from advisor.store.published import published
from advisor.store.workspace import Workspace
from advisor.tables import texts
from tests.fits.stored import sample, workspace
from tests.known import SHIPPED


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=7).flatmap(
        lambda t: st.tuples(st.just(t), st.integers(1, len(t)))
    )
)
def test_the_longest_of_k_equals_enumeration(case):
    tokens, k = case
    assert expected_longest(tokens, k) == pytest.approx(np.mean([max(s) for s in combinations(tokens, k)]))


@pytest.fixture
def points(tmp_path):
    """Store rows, fit, and return the strategy points of one strategy, or all."""

    def build(rows, strategy=None):
        ws = workspace(tmp_path, rows)
        fit(ws)
        own = [p for p in ws.fits.points if p.task == "mine"]
        return [p for p in own if strategy in (None, p.strategy)]

    return build


def mine(tmp_path, strategy=None):
    return curve(Workspace(tmp_path), model="qwen3-8b", task="mine", strategy=strategy)


def test_repeats_give_votes(points, tmp_path):
    rows = [sample(q, i, (q + i) % 3 > 0, 400 + 300 * i + 10 * q) for q in range(20) for i in range(8)]
    found = points(rows, "majority")
    assert [p.n_samples for p in found] == [1, 4, 8]
    assert found[0].accuracy == pytest.approx(np.mean([r["correct"] for r in rows]), abs=1e-5)
    tokens = np.mean([r["generated_tokens"] for r in rows])
    assert [p.generated_tokens for p in found] == pytest.approx([tokens, 4 * tokens, 8 * tokens], rel=1e-5)
    longest = np.mean([max(r["generated_tokens"] for r in rows if r["question_id"] == f"q{q}") for q in range(20)])
    assert found[2].depth_tokens == pytest.approx(longest, rel=1e-5)
    right = [r["generated_tokens"] for r in rows if r["correct"]]
    assert found[0].right_tokens == pytest.approx(np.mean(right), rel=1e-5)
    assert found[1].right_tokens is None
    voted = mine(tmp_path, "majority")
    assert voted.voting_limit.low <= voted.voting_limit.value <= voted.voting_limit.high


@pytest.mark.parametrize(("n", "sizes"), [(1, [1]), (2, [1]), (3, [1, 3]), (9, [1, 4, 8, 9])])
def test_sizes_of_votes(points, n, sizes):
    """Powers of two from four, and all; a vote of two is as good as one answer, since a tie is a coin."""
    found = points([sample(q, i, i % 2 == 0, 100) for q in range(4) for i in range(n)], "majority")
    assert [p.n_samples for p in found] == sizes


def test_pass_at_k_is_what_a_perfect_selection_would_reach(points):
    rows = [sample(q, i, i < q, 100) for q in range(5) for i in range(4)]  # q of 4 right
    found = {p.n_samples: p for p in points(rows, "majority")}
    assert found[1].pass_at_k == pytest.approx(0.5)
    assert found[4].pass_at_k == pytest.approx(0.8)  # all but the question without a right answer
    assert found[4].accuracy < found[4].pass_at_k


def test_lengths_give_caps(points, tmp_path):
    rows = [sample(q, i, (q + i) % 3 > 0, 400 + 300 * i + 10 * q) for q in range(20) for i in range(8)]
    found = {p.token_budget: p for p in points(rows, "thinking-budget")}
    assert sorted(found) == [512, 1024, 2048]
    for cap, p in found.items():
        within = [r["correct"] and r["generated_tokens"] <= cap for r in rows]
        assert p.accuracy == pytest.approx(np.mean(within), abs=1e-5)
        assert p.cut == pytest.approx(np.mean([r["generated_tokens"] > cap for r in rows]), abs=1e-5)
        spent = np.mean([min(r["generated_tokens"], cap) for r in rows])
        assert p.generated_tokens == pytest.approx(spent, rel=1e-5)
        assert p.pass_at_k is None
    first = mine(tmp_path, "thinking-budget").points[0]
    wrong = [r["generated_tokens"] for r in rows if not (r["correct"] and r["generated_tokens"] <= 512)]
    assert first.share_of_failures_cut == pytest.approx(np.mean([tokens > 512 for tokens in wrong]), abs=1e-4)


def test_an_answer_as_long_as_the_cap_is_whole(points):
    rows = [sample(q, 0, True, 512 if q < 10 else 600) for q in range(20)]
    (point,) = points(rows, "thinking-budget")
    assert (point.token_budget, point.accuracy, point.cut) == (512, 0.5, 0.5)


@pytest.mark.parametrize("reason", ["length", "loop"])
def test_an_answer_cut_by_its_limit_never_counts_as_ended(points, tmp_path, reason):
    rows = [
        sample(q, 0, q % 2 == 0 and q < 10, 600 if q < 10 else 2000, finish_reason="stop" if q < 10 else reason)
        for q in range(20)
    ]
    last = points(rows, "thinking-budget")[-1]
    assert (last.token_budget, last.cut) == (2048, pytest.approx(0.5))
    assert last.generated_tokens == pytest.approx((600 + 2000) / 2)  # its own limit came before the cap
    found = mine(tmp_path, "thinking-budget")
    if reason == "loop":  # they never end
        assert found.asymptote.value == pytest.approx(found.points[-1].accuracy)
    else:
        assert found.asymptote.value is None
        assert found.asymptote.low <= found.points[-1].accuracy


def test_without_lengths_there_are_votes_alone(points):
    found = points([sample(q, i, i > 0, None) for q in range(10) for i in range(4)])
    assert {p.strategy for p in found} == {"majority"}
    assert {p.generated_tokens for p in found} == {None}


def test_votes_need_the_answers(points):
    rows = [sample(q, i, False, 100, answer=None) for q in range(10) for i in range(4)]
    assert [p.n_samples for p in points(rows, "majority")] == [1]


def test_more_answers_than_can_be_counted(points):
    rows = [sample(q, i, (i * (q + 2)) % 5 < 3, 100) for q in range(2) for i in range(1100)]
    assert points(rows, "majority")[-1].n_samples == 1000


def test_failed_requests_are_no_answers(points):
    failed = {"answer": None, "finish_reason": "error"}
    rows = [sample(q, i, i == 0, 100, **(failed if i > 1 else {})) for q in range(10) for i in range(4)]
    assert points(rows, "majority")[0].accuracy == 0.5
    assert points([sample(q, 0, False, 0, **failed) for q in range(3)]) == []


def test_levels_of_thinking_are_points_of_one_curve(points, tmp_path):
    rows = [
        sample(q, 0, q % 4 < level, 100 * 4**level, strategy="thinking-budget", run_id=f"level-{level}")
        for level in (1, 2, 3)
        for q in range(24)
    ]
    found = points(rows, "thinking-budget")
    assert [p.generated_tokens for p in found] == [400, 1600, 6400]
    assert [p.accuracy for p in found] == pytest.approx([0.25, 0.5, 0.75])
    drawn = mine(tmp_path, "thinking-budget")
    assert (drawn.compute, len(drawn.points)) == ("tokens", 3)


def searched(run_id, width, questions, right, **others):
    """A run of REBASE with as many answers as its width, where `right` questions in four are right."""
    drawn = {"strategy": "rebase", "run_id": run_id, "budget": width, "reward_model": "judge", "score": 0.5}
    return [sample(q, i, q % 4 < right, 100, **drawn | others) for q in questions for i in range(width)]


def test_runs_over_the_same_questions_are_points_of_one_curve(points, tmp_path):
    rows = searched("r4", 4, range(20), 1) + searched("r8", 8, range(20), 2)
    assert [(p.n_samples, p.accuracy, p.runs) for p in points(rows, "rebase")] == [
        (4, 0.25, "r4 r8"),
        (8, 0.5, "r4 r8"),
    ]
    assert len(mine(tmp_path, "rebase").points) == 2


def test_a_width_is_the_runs_own_budget_and_no_cap_on_tokens(points):
    rows = [row | {"budget": 6} for row in searched("a", 4, range(20), 2)]
    assert [(p.n_samples, p.token_budget) for p in points(rows, "rebase")] == [(6, None)]
    rows = [row | {"budget": None} for row in searched("a", 4, range(20), 2)]
    assert [(p.n_samples, p.token_budget) for p in points(rows, "rebase")] == [(4, None)]


def test_runs_are_points_by_rising_tokens_however_they_are_named(points):
    rows = searched("a", 8, range(20), 2) + searched("b", 4, range(20), 1)
    found = points(rows, "rebase")
    assert [(p.n_samples, p.generated_tokens) for p in found] == [(4, 400), (8, 800)]


def test_runs_over_other_questions_are_points_of_their_own(points, tmp_path):
    rows = searched("r4", 4, range(20), 1) + searched("r8", 8, range(20, 40), 2) + searched("r16", 16, range(20), 3)
    found = points(rows + [sample(q, i, i > 0, 100) for q in range(20) for i in range(4)], "rebase")
    assert [(p.runs, p.n_samples, p.n_questions) for p in found] == [("r4", 4, 20), ("r8", 8, 20), ("r16", 16, 20)]
    assert [p.accuracy for p in found] == pytest.approx([0.25, 0.5, 0.75])
    strategies = {c.strategy for c in Workspace(tmp_path).fits.curves if c.task == "mine"}
    assert "majority" in strategies
    assert "rebase" not in strategies


def test_questions_that_not_all_runs_have_are_left_out(points):
    rows = searched("r4", 4, range(20), 1) + searched("r8", 8, range(1, 20), 4)
    assert {p.n_questions for p in points(rows, "rebase")} == {19}


def test_the_work_of_the_whole_search_counts(points):
    work = {"search_generated_tokens": 900, "search_depth_tokens": 300, "search_scored_tokens": 1200}
    (point,) = points(searched("r4", 4, range(4), 1, **work), "rebase")
    assert (point.generated_tokens, point.depth_tokens, point.scored_tokens) == (900, 300, 1200)
    assert point.reward_model == "judge"


def test_an_adaptive_vote_counts_the_answers_it_drew(points):
    drawn = {"strategy": "adaptive-majority", "budget": 16, "run_id": "adaptive"}
    rows = [sample(q, i, True, 100, **drawn) for q in range(10) for i in range(3 if q else 5)]
    (point,) = points(rows, "adaptive-majority")
    assert (point.n_samples, point.accuracy) == (3, 1)
    assert point.generated_tokens == pytest.approx(320)


def test_rewards_choose_among_the_answers(points):
    rows = [
        sample(q, i, i == 0, 300, score=0.9 if i == 0 else 0.2, reward_model="judge", search_scored_tokens=4 * 50)
        for q in range(20)
        for i in range(4)
    ]
    everything = points(rows)
    assert {p.n_samples for p in everything if p.reward_model} == {4}  # of one answer there is nothing to choose
    found = {p.strategy: p for p in everything if p.n_samples == 4}
    assert found["best-of-n"].accuracy == 1
    assert found["weighted-majority"].accuracy == 1  # 0.9 against 0.4 for the two classes of wrong ones
    assert found["majority"].accuracy == 0
    assert {found[s].scored_tokens for s in ("best-of-n", "weighted-majority")} == {200}
    assert {found[s].pass_at_k for s in found if s != "thinking-budget"} == {1}


def test_scored_tokens_count_only_where_all_were_recorded(points):
    judged = {"score": 0.5, "reward_model": "judge"}
    rows = [
        sample(q, i, i == 0, 300, **judged, search_scored_tokens=None if q == 3 else 200)
        for q in range(20)
        for i in range(4)
    ]
    assert {p.scored_tokens for p in points(rows) if p.reward_model} == {None}


def test_an_unread_answer_is_never_the_best(tmp_path):
    """One answer in a hundred may be missing; however high its score, it cannot be kept."""
    rows = [
        sample(q, i, i > 0, 300, score=9.0 if i == 0 else 0.1 * i, **({"answer": None} if i == 0 and q == 0 else {}))
        for q in range(20)
        for i in range(4)
    ]
    ws = workspace(tmp_path, rows)
    fit(ws)
    (best,) = (p for p in ws.fits.points if p.strategy == "best-of-n" and p.n_samples == 4)
    assert best.accuracy == pytest.approx(1 / 20)


def test_votes_are_weighted_by_one_reward_model_at_a_time(points):
    rows = [
        sample(q, i, i % 2 == 0, 500, score=float((i % 2 == 0) == (name == "good")), reward_model=name, run_id=name)
        for name in ("good", "bad")
        for q in range(10)
        for i in range(8)
    ]
    best = {p.reward_model: p.accuracy for p in points(rows, "best-of-n") if p.n_samples == 8}
    assert best == {"good": 1.0, "bad": 0.0}


def test_the_users_own_set_up_lies_beside_what_ships(tmp_path):
    """However few answers it has: neither is averaged with the other, and neither hides the other."""
    shipped = next(p for p in SHIPPED.fits.points if p.provenance == "measured" and p.strategy == "majority")
    own = {"model": shipped.model, "task": shipped.task, "temperature": 0.123, "run_id": "own"}
    ws = workspace(tmp_path, [sample(0, 0, True, 100, **own)])
    (group,) = (m for m in measured(ws) if m.strategy == "majority")
    assert (group.model, group.runs, group.setup) == (shipped.model, "own", "temperature 0.123")
    fit(ws)
    key = (shipped.model, shipped.task, "majority", 1)
    found = {p.setup: p for p in ws.fits.points if (p.model, p.task, p.strategy, p.n_samples) == key}
    assert {name: p.runs for name, p in found.items()} == {"": shipped.runs, "temperature 0.123": "own"}
    assert found[""].accuracy == shipped.accuracy


def test_shipped_accuracy_covers_the_tasks():
    tasks = {p.task for p in SHIPPED.fits.points}
    assert {"gpqa-diamond", "otis-mock-aime", "aime24", "aime25", "math500", "gsm8k", "mmlu-pro", "simpleqa"} <= tasks
    timed = {(p.model, p.task) for p in SHIPPED.fits.points if p.generated_tokens is not None}
    assert len(timed) > 50


@pytest.mark.slow
def test_what_ships_is_what_the_shipped_measurements_give():
    assert {p.setup for p in SHIPPED.fits.points} == {c.setup for c in SHIPPED.fits.curves} == {""}
    learned = read_learned(SHIPPED)
    fits = list(chain.from_iterable(setup_fits(stored(SHIPPED), learned, {}, "").values()))
    points, curves = fitted_answers(fits, published(SHIPPED), learned)
    points = with_imputed_tokens(points, setups(fits), SHIPPED)
    assert texts(points) == texts(SHIPPED.fits.points)
    found, shipped = texts(curves), texts(SHIPPED.fits.curves)
    assert [without_ends(row) for row in found] == [without_ends(row) for row in shipped]
    for row, other in zip(found, shipped, strict=True):
        assert ends(row) == pytest.approx(ends(other), rel=0.03, abs=0.01, nan_ok=True)


def without_ends(row):
    return {name: value for name, value in row.items() if not name.endswith(("_low", "_high"))}


def ends(row):
    """Of intervals: a fit of resampled questions ends elsewhere by processor, in the third digit."""
    return {name: float(value or "nan") for name, value in row.items() if name.endswith(("_low", "_high"))}
