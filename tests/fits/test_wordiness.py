"""How wordy models are: known answers of the regression, and tokens that `fit` imputes from it."""

import math

import numpy as np
import pytest

from advisor.errors import AdvisorError
from advisor.fits.fit import fit
from advisor.fits.imputed_tokens import MOST_SPREAD, Z90, known_lengths
from advisor.fits.wordiness import CHARACTERS_A_TOKEN, COUNTED, NOISE, SPREADS, Answered, predicted
from advisor.provenance import Provenance
from advisor.store.reported_lengths import reported_lengths
from tests.fits.stored import sample, workspace
from tests.known import SHIPPED

HEADER = "model,mode,task,kind,n_answers,generated_tokens,characters,source\n"
TERSE, WORDY = Answered("org/terse-1", "", "2025-01", "a"), Answered("org/wordy-1", "", "2025-01", "a")


def on(who, task, **others):
    """The same model on another task."""
    return Answered(who.model, who.mode, who.released, task, **others)


def imputed(known, asked):
    """Tokens and the factor of their 90 % interval."""
    mean, deviation = predicted([who for who, _ in known], np.array([tokens for _, tokens in known]), [asked])
    return math.exp(mean[0]), math.exp(Z90 * deviation[0])


def test_a_figure_that_was_counted_comes_back():
    tokens, spread = imputed([(TERSE, 200.0), (WORDY, 800.0)], TERSE)
    assert tokens == pytest.approx(200, rel=0.02)
    assert spread < math.exp(Z90 * 2 * COUNTED)


def test_two_figures_against_the_formula_for_normal_variables():
    """One known figure: the posterior of a sum of independent normal terms, by hand."""
    (mean,), (deviation,) = predicted([TERSE], np.array([500.0]), [on(TERSE, "b")])
    shared = sum(SPREADS[name] ** 2 for name in SPREADS if name in (
        "all", "generation", "generation on a kind", "model", "model on a kind",
    ))  # fmt: skip
    own = SPREADS["task"] ** 2 + NOISE["benchmark"] ** 2
    assert mean == pytest.approx(math.log(500))  # the level is that of the only figure
    assert deviation**2 == pytest.approx(shared + own - shared**2 / (shared + own + COUNTED**2))


def test_who_is_wordier_on_one_task_is_so_on_another():
    known = [(TERSE, 200.0), (WORDY, 800.0), (Answered("org/other-1", "", "2025-01", "b"), 1000.0)]
    terse, wordy = (imputed(known, on(who, "b"))[0] for who in (TERSE, WORDY))
    assert 1.2 < wordy / terse < 4


def test_thinking_takes_more_where_others_think_longer():
    thinks = [(Answered("org/t-1", "thinking", "2025-01", task), 8000.0) for task in ("a", "b")]
    known = [(TERSE, 200.0), (WORDY, 300.0), *thinks]
    assert imputed(known, Answered("org/new-2", "thinking", "2025-01", "a"))[0] > 3000
    assert imputed(known, Answered("org/new-2", "", "2025-01", "a"))[0] < 600


def test_a_lower_effort_takes_fewer_tokens_where_others_do():
    known = [(Answered(f"org/{name}-1", mode, "2025-01", "a"), tokens) for name, mode, tokens in (
        ("s", "low", 1000.0), ("s", "high", 8000.0), ("t", "low", 1500.0), ("t", "high", 9000.0), ("u", "high", 5000.0),
    )]  # fmt: skip
    low, high = (imputed(known, Answered("org/new-2", mode, "2025-01", "a"))[0] for mode in ("low", "high"))
    assert low < high / 2


def test_on_a_task_of_which_nothing_is_known_the_interval_is_too_wide_to_impute():
    rows = known_lengths(SHIPPED)
    _, deviation = predicted(
        [who for who, _ in rows],
        np.array([tokens for _, tokens in rows]),
        [
            Answered("meta-llama/Llama-3.1-70B-Instruct", "", "2024-07", "never seen"),
            Answered("deepseek-ai/DeepSeek-R1", "thinking", "2025-01", "never seen"),
        ],
    )
    assert (np.exp(Z90 * deviation) > MOST_SPREAD).all()


def test_characters_leave_open_how_many_a_token_has():
    in_characters = Answered("org/terse-1", "", "2025-01", "a", "puzzles", in_characters=True)
    tokens, spread = imputed([(in_characters, 800 / CHARACTERS_A_TOKEN)], on(TERSE, "a", kind="puzzles"))
    assert tokens == pytest.approx(200, rel=0.05)
    assert spread == pytest.approx(math.exp(Z90 * SPREADS["characters"]), rel=0.05)


def shipped_point(model, task="gpqa-diamond", n_samples=1):
    points = [p for p in SHIPPED.fits.points if (p.model, p.task, p.n_samples) == (model, task, n_samples)]
    return next(p for p in points if p.strategy == "majority" and not p.token_budget)


def test_what_ships_says_of_every_point_where_its_tokens_come_from():
    for p in SHIPPED.fits.points:
        assert (p.tokens_provenance is None) == (p.generated_tokens is None)
        assert (p.tokens_spread > 1) == (p.tokens_provenance is Provenance.IMPUTED), p
        assert p.tokens_spread <= MOST_SPREAD
    on_gpqa = {p.model for p in SHIPPED.fits.points if p.task == "gpqa-diamond" and p.generated_tokens}
    assert len(on_gpqa) >= 25
    assert shipped_point("moonshotai/Kimi-K2.5").tokens_provenance is Provenance.MEASURED
    budgets = [p for p in SHIPPED.fits.points if p.model == "simplescaling/s1-32B" and p.task == "gpqa-diamond"]
    assert {p.tokens_provenance for p in budgets} == {Provenance.PUBLISHED}
    assert shipped_point("deepseek-ai/DeepSeek-R1").generated_tokens > 5 * shipped_point(
        "deepseek-ai/DeepSeek-V3").generated_tokens  # fmt: skip


def test_a_vote_takes_as_many_times_the_tokens():
    one, eight = (shipped_point("mistralai/Mistral-Large-Instruct-2411", n_samples=n) for n in (1, 8))
    assert eight.generated_tokens == pytest.approx(8 * one.generated_tokens, rel=1e-3)
    assert eight.tokens_spread == one.tokens_spread


def test_nothing_is_imputed_on_a_task_without_any_length_and_for_strategies_with_rewards():
    assert all(p.generated_tokens is None for p in SHIPPED.fits.points if p.task == "math-l5")
    assert all(
        p.generated_tokens is None for p in SHIPPED.fits.points if p.strategy == "rebase" and p.task == "math500"
    )


def test_own_answers_with_tokens_count_for_those_without(tmp_path):
    """A model is as wordy on gsm8k as its own answers on another task say, beside others there."""

    def tokens_on_gsm8k(folder, tokens):
        rows = [sample(q, 0, q > 1, tokens, task="crux", model="me/own-9b") for q in range(4)]
        rows += [sample(q, 0, q > 1, None, task="gsm8k", model="me/own-9b", run_id="other") for q in range(4)]
        ws = workspace(folder, rows)
        fit(ws)
        (found,) = (p for p in ws.fits.points if (p.model, p.task) == ("me/own-9b", "gsm8k"))
        assert found.tokens_provenance is Provenance.IMPUTED
        return found.generated_tokens

    terse, wordy = (tokens_on_gsm8k(tmp_path / str(tokens), tokens) for tokens in (60, 240))
    assert wordy > 1.5 * terse


def test_own_tables_of_lengths_are_read_and_damaged_ones_named(tmp_path):
    folder = tmp_path / "measurements" / "lengths"
    folder.mkdir(parents=True)
    (folder / "mine.csv").write_text(HEADER + "me/own-9b,thinking,mine,benchmark,10,900,,seen here\n")
    ws = workspace(tmp_path)
    assert reported_lengths(ws)[-1].generated_tokens == 900
    assert len(reported_lengths(ws)) == len(reported_lengths(SHIPPED)) + 1
    (folder / "mine.csv").write_text(HEADER + "me/own-9b,thinking,mine,benchmark,10,900,3600,seen here\n")
    with pytest.raises(AdvisorError, match="not both"):
        reported_lengths(ws)
    (folder / "mine.csv").write_text(HEADER + "me/own-9b,thinking,mine,benchmark,10,0,,seen here\n")
    with pytest.raises(AdvisorError, match="generated_tokens is 0"):
        reported_lengths(ws)
