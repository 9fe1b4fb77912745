"""The study on what ships, on an empty workspace and on own answers; verdicts turn with the data."""

import json
from dataclasses import replace

import numpy as np
import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.studies.coverage_tails import CoverageTail
from advisor.studies.inference_scaling_claims import Evidence, claims, verdict
from advisor.studies.size_families import COVERAGE, VOTE, counts_of_rows, coverage_families
from advisor.studies.strategies_at_equal_flops import Contest, Kind, Side
from advisor.studies.study import Verdict
from advisor.studies.voting_limits import LimitForecast
from advisor.values import Rows
from tests.known import SHIPPED


@pytest.fixture(scope="module")
def shipped():
    return advisor.inference_scaling(SHIPPED)


def test_what_ships_tells_sizes_and_says_what_it_assumes(shipped):
    assert {law.task for law in shipped.laws} == {"gsm8k", "math"}
    assert all(law.tokens_assumed for law in shipped.laws)
    assert any("256 are assumed" in note for note in shipped.notes)
    on_math = [o for o in shipped.optima if o.task == "math"]
    assert on_math[0].model == "EleutherAI/pythia-70m"
    sizes = [float(o.model.split("-")[1].rstrip("bm")) * (1e3 if o.model.endswith("b") else 1) for o in on_math]
    assert sizes == sorted(sizes)


def test_coverage_of_all_answers_is_the_share_of_questions_ever_right(shipped):
    for tail in shipped.tails:
        assert 0 < tail.one.value < tail.all.value < 1
    largest = next(t for t in shipped.tails if (t.task, t.model) == ("math", "EleutherAI/pythia-12b"))
    assert largest.all.value == pytest.approx(112 / 128)


def test_every_claim_has_a_figure_a_source_and_a_verdict(shipped):
    assert len(shipped.claims) == 10
    assert all(claim.source.startswith("arXiv") and claim.ours and claim.verdict in Verdict for claim in shipped.claims)


def test_flops_are_two_n_tokens_k(shipped):
    spec = SHIPPED.models.spec("EleutherAI/pythia-12b")
    first = next(p for p in shipped.sizes if p.model == "EleutherAI/pythia-12b")
    assert first.n_answers == 1
    assert 1 <= first.budget_flops / (2 * spec.active_parameters * 256) < 10 ** (1 / 8)


def test_an_empty_workspace_of_nobody_is_no_error(monkeypatch, tmp_path):
    ws = advisor.Workspace(tmp_path)
    monkeypatch.setattr(ws, "roots", (tmp_path,))
    found = advisor.inference_scaling(ws)
    assert {claim.verdict for claim in found.claims} == {Verdict.OPEN}
    assert "Nothing is stored" in found.basis.data
    assert len(found.notes) >= 3
    assert not found.sizes


def test_own_sampled_sizes_are_a_family_with_votes(tmp_path):
    ws, rows = advisor.Workspace(tmp_path / "ours"), []
    for model, chance in (("pythia-70m", 0.35), ("pythia-160m", 0.55), ("pythia-410m", 0.8)):
        drawn = np.random.default_rng(len(model)).random((20, 8))
        rows += [
            {"model": f"EleutherAI/{model}", "task": "tickets", "question_id": f"q{q}", "sample_index": i}
            | {"answer": "yes" if drawn[q, i] < chance else f"no {i % 2}", "correct": bool(drawn[q, i] < chance)}
            | {"generated_tokens": 50}
            for q in range(20)
            for i in range(8)
        ]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    advisor.import_samples(ws, tmp_path / "a.jsonl")
    found = advisor.inference_scaling(ws)
    own = [law for law in found.laws if law.task == "tickets"]
    assert {law.measure for law in own} == {"coverage", "majority vote"}
    assert not any(law.tokens_assumed for law in own)
    spec = ws.models.spec("EleutherAI/pythia-70m")
    assert own[0].budgets_flops[0] == 2 * spec.active_parameters * 50
    voted = {p.model for p in found.pluralities if p.task == "tickets"}
    assert voted == {f"EleutherAI/pythia-{size}" for size in ("70m", "160m", "410m")}


def test_models_without_a_config_are_left_out_of_families_and_named(tmp_path):
    folder = tmp_path / "measurements" / "counts"
    folder.mkdir(parents=True)
    counts = " ".join(f"{q}:{q % 3}/9" for q in range(12))
    lines = [f"nobody/model-{i},mine,{counts},me" for i in range(3)]
    (folder / "mine.csv").write_text("\n".join(["model,task,counts,source", *lines]) + "\n")
    found = advisor.inference_scaling(advisor.Workspace(tmp_path))
    assert "mine" not in {law.task for law in found.laws}
    assert any("nobody/model-0" in note for note in found.notes)


# verdicts


def evidence(*contests, limits=(), tails=(), laws=(), takeovers=()):
    return Evidence(laws, (), takeovers, Rows(tails), Rows(limits), Rows(), Rows(contests), (), {})


def gained(kind, value, half=0.01, caveat="", ratio=0.9):
    sides = (Side("a", "rebase", 4, 0.5), Side("b", "weighted-majority", 4, 0.4))
    interval = Interval(value, value - half, value + half)
    return Contest(kind, "made", caveat, "t", *sides, 100, interval, ratio, 2.0)


def judged(kind_of_claim, *contests, **more):
    (found,) = [claim for claim in claims(evidence(*contests, **more)) if kind_of_claim in claim.claim]
    return found.verdict


@pytest.mark.parametrize(
    ("agreeing", "disagreeing", "weak", "expected"),
    [
        (1, 0, False, Verdict.CONFIRMED),
        (1, 0, True, Verdict.REFINED),
        (0, 1, False, Verdict.CONTRADICTED),
        (0, 1, True, Verdict.OPEN),
        (1, 1, False, Verdict.REFINED),
        (0, 0, False, Verdict.OPEN),
    ],
)
def test_the_rule(agreeing, disagreeing, weak, expected):
    assert verdict(agreeing, disagreeing, weak=weak) is expected


@pytest.mark.parametrize(
    ("claim", "kind", "sign"),
    [("weighted votes beat", Kind.WEIGHTED, 1), ("Pareto", Kind.REBASE, 1), ("MCTS", Kind.MCTS, -1)],
)
def test_verdicts_turn_with_the_sign_of_the_gain(claim, kind, sign):
    assert judged(claim, gained(kind, 0.1 * sign)) is Verdict.CONFIRMED
    assert judged(claim, gained(kind, -0.1 * sign)) is Verdict.CONTRADICTED
    assert judged(claim, gained(kind, 0.1 * sign, half=0.2)) is Verdict.OPEN
    assert judged(claim, gained(kind, 0.1 * sign), gained(kind, -0.1 * sign)) is Verdict.REFINED
    assert judged(claim, gained(kind, 0.1 * sign, caveat="tiny")) is Verdict.REFINED
    assert judged(claim, gained(kind, -0.1 * sign, caveat="tiny")) is Verdict.OPEN


def test_rewards_counted_against_it_refine_the_claim_of_rebase():
    assert judged("Pareto", gained(Kind.REBASE, 0.1), gained(Kind.REBASE_TOTAL, -0.1)) is Verdict.REFINED


def test_saving_needs_both_as_accurate_and_cheaper():
    assert judged("256 weighted votes", gained(Kind.REBASE_SAVES, 0.1, ratio=0.2)) is Verdict.CONFIRMED
    assert judged("256 weighted votes", gained(Kind.REBASE_SAVES, 0.1, ratio=1.2)) is Verdict.CONTRADICTED
    assert judged("256 weighted votes", gained(Kind.REBASE_SAVES, -0.1, ratio=0.2)) is Verdict.CONTRADICTED
    assert judged("smaller model with REBASE", gained(Kind.SMALLER_SAVES, 0.1, ratio=0.2)) is Verdict.CONFIRMED


def forecast(predicted, seen, n_all=64):
    interval, miss = Interval(predicted, predicted - 0.02, predicted + 0.02), predicted - seen
    misses = (Interval(miss, miss, miss), Interval(0.1, 0.1, 0.1))
    return LimitForecast("made", "", "t", "m", "majority", 100, 16, n_all, 0.5, interval, seen, *misses)


def test_votes_converge_where_forecasts_hold():
    assert judged("votes converge", limits=[forecast(0.6, 0.61)]) is Verdict.CONFIRMED
    assert judged("votes converge", limits=[forecast(0.6, 0.7)]) is Verdict.CONTRADICTED
    assert judged("votes converge", limits=[forecast(0.6, 0.7, n_all=32)]) is Verdict.OPEN


def family_claims(*right_by_model, drawn=400, measure=VOTE):
    """The claims about sizes, of counts with a chance of a right answer by model."""
    from advisor.fits.reported_counts import CountRow
    from advisor.studies.compute_optimal_size import compared, optima, size_law, takeovers

    names = ("EleutherAI/pythia-70m", "EleutherAI/pythia-160m", "EleutherAI/pythia-410m")
    rows = []
    for model, chances in zip(names, right_by_model, strict=True):
        counts = " ".join(f"{q}:{round(chance * drawn)}/{drawn}" for q, chance in enumerate(chances))
        rows.append(CountRow(model=model, task="t", counts=counts, source="made", generated_tokens=100.0))
    (family,) = coverage_families(counts_of_rows(rows), SHIPPED.models)
    sizes = compared(replace(family, measure=measure))
    found = Evidence((size_law(sizes),), optima(sizes), takeovers(sizes), Rows(), Rows(), Rows(), Rows(), (), {})
    return {claim.claim.split(" ")[0]: claim.verdict for claim in claims(found)}


HARD, EASY = [0.0] * 30, [0.3] * 30


def test_a_small_model_that_flattens_is_overtaken():
    found = family_claims([*EASY[:10], *HARD[:20]], [*[0.1] * 20, *HARD[:10]], [0.05] * 30)
    assert found["at"] is Verdict.CONFIRMED
    assert found["smaller"] is Verdict.CONFIRMED


def test_coverage_is_another_measure_than_the_claims():
    found = family_claims([*EASY[:10], *HARD[:20]], [*[0.1] * 20, *HARD[:10]], [0.05] * 30, measure=COVERAGE)
    assert found["at"] is Verdict.REFINED
    assert found["smaller"] is Verdict.REFINED


def test_tiny_models_do_not_count_where_others_can_tell():
    tiny = gained(Kind.WEIGHTED, 0.1, caveat="tiny")
    assert judged("weighted votes beat", tiny, gained(Kind.WEIGHTED, 0.1, half=0.2)) is Verdict.OPEN
    assert judged("weighted votes beat", tiny, gained(Kind.WEIGHTED, -0.1)) is Verdict.CONTRADICTED


def tail(all_answers, by_tail, by_law):
    at = Interval(all_answers, all_answers, all_answers)
    return CoverageTail("t", "m", 100, 1000, at, at, Interval(0.4, 0.3, 0.5), 0.99, 0.4, by_tail, by_law)


def test_the_distribution_that_predicts_better_than_the_power_law():
    assert judged("power law", tails=[tail(0.8, 0.8, 0.6), tail(0.5, 0.45, 0.6)]) is Verdict.CONFIRMED
    assert judged("power law", tails=[tail(0.8, 0.6, 0.8), tail(0.5, 0.6, 0.45)]) is Verdict.CONTRADICTED
    assert judged("power law", tails=[tail(0.8, 0.6, 0.8), tail(0.5, 0.5, 0.7)]) is Verdict.OPEN


def test_a_large_model_that_is_always_better_contradicts():
    found = family_claims([0.01] * 30, [0.02] * 30, [0.9] * 30)
    assert found["at"] is Verdict.CONTRADICTED


def test_a_small_model_that_always_leads_is_never_overtaken():
    found = family_claims([0.3] * 30, [0.0025] * 30, [0.0025] * 30)
    assert found["at"] is Verdict.CONFIRMED
    assert found["smaller"] is Verdict.CONTRADICTED
