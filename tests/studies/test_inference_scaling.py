"""The study on what ships, on an empty workspace and on own answers; verdicts turn with the data."""

import json
from dataclasses import replace

import numpy as np
import pytest

import advisor
from advisor.accuracy.estimators import Interval
from advisor.store.published import Published
from advisor.studies.coverage_tails import CoverageOfTask, Predictions
from advisor.studies.inference_scaling_claims import claims
from advisor.studies.inference_scaling_evidence import Evidence, by_another_measure, in_small, share, verdict
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
    assert len(shipped.claims) == 15
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


def evidence(*contests, limits=(), coverage=(), **more):
    return Evidence(
        limits=Rows(limits, LimitForecast),
        coverage=Rows(coverage, CoverageOfTask),
        contests=Rows(contests, Contest),
        parameters={"small": 7e9, "large": 34e9},
        **more,
    )


def around(value, half):
    return Interval(value, value - half, value + half)


def gained(kind, value, half=0.01, caveat="", saving=None, n=256):
    sides = (Side("a", "rebase", 4, 0.5), Side("b", "weighted-majority", n, 0.4))
    return Contest(kind, "made", caveat, "t", *sides, 100, around(value, half), 0.9, 2.0, saving)


def judged(kind_of_claim, *contests, **more):
    (found,) = [claim for claim in claims(evidence(*contests, **more)) if kind_of_claim in claim.claim]
    return found.verdict


@pytest.mark.parametrize(
    ("agreeing", "disagreeing", "expected"),
    [
        (1, 0, Verdict.CONFIRMED),
        (0, 1, Verdict.CONTRADICTED),
        (1, 1, Verdict.REFINED),
        (0, 0, Verdict.OPEN),
    ],
)
def test_the_rule(agreeing, disagreeing, expected):
    assert verdict(agreeing, disagreeing) is expected


def test_what_is_left_of_a_verdict_by_another_measure_or_in_small():
    left = {v: by_another_measure(v) for v in Verdict}
    assert left[Verdict.CONFIRMED] is left[Verdict.REFINED] is Verdict.REFINED
    assert left[Verdict.CONTRADICTED] is left[Verdict.OPEN] is Verdict.OPEN
    tiny, large = gained(Kind.MCTS, 0.1, caveat="tiny"), gained(Kind.MCTS, 0.1)
    assert {v: in_small(v, [tiny]) for v in Verdict} == dict.fromkeys(Verdict, Verdict.IN_SMALL) | {
        Verdict.OPEN: Verdict.OPEN
    }
    assert all(in_small(v, [tiny, large]) is v for v in Verdict)


@pytest.mark.parametrize(
    ("claim", "kind", "sign"),
    [("weighted votes beat", Kind.WEIGHTED, 1), ("Pareto", Kind.REBASE, 1), ("MCTS", Kind.MCTS, -1)],
)
def test_verdicts_turn_with_the_sign_of_the_gain(claim, kind, sign):
    assert judged(claim, gained(kind, 0.1 * sign)) is Verdict.CONFIRMED
    assert judged(claim, gained(kind, -0.1 * sign)) is Verdict.CONTRADICTED
    assert judged(claim, gained(kind, 0.1 * sign, half=0.2)) is Verdict.OPEN
    assert judged(claim, gained(kind, 0.1 * sign), gained(kind, -0.1 * sign)) is Verdict.REFINED
    assert judged(claim, gained(kind, 0.1 * sign, caveat="tiny")) is Verdict.IN_SMALL
    assert judged(claim, gained(kind, -0.1 * sign, caveat="tiny")) is Verdict.IN_SMALL
    assert judged(claim, gained(kind, 0.1 * sign, half=0.2, caveat="tiny")) is Verdict.OPEN
    texts = [claims(evidence(gained(kind, s * sign, caveat="tiny"))) for s in (0.1, -0.1)]
    said = [next(c.ours for c in text if claim in c.claim) for text in texts]
    assert said[0].startswith("in small, where it holds:")
    assert said[1].startswith("in small, against it:")


def test_rewards_counted_against_it_refine_the_claim_of_rebase():
    assert judged("Pareto", gained(Kind.REBASE, 0.1), gained(Kind.REBASE_TOTAL, -0.1)) is Verdict.REFINED


@pytest.mark.parametrize(
    ("claim", "kind", "factor"),
    [
        ("256 weighted votes", Kind.REBASE_SAVES, 7.0),
        ("smaller model with REBASE equals", Kind.SMALLER_SAVES, 2.0),
    ],
)
def test_a_saving_is_judged_by_intervals(claim, kind, factor):
    same, other, none = around(factor, 0.5), around(3 * factor, 1), around(0.8, 0.1)
    assert judged(claim, gained(kind, 0.1, saving=same)) is Verdict.CONFIRMED
    assert judged(claim, gained(kind, 0.1, saving=other)) is Verdict.REFINED
    assert judged(claim, gained(kind, 0.1, saving=none)) is Verdict.CONTRADICTED
    assert judged(claim, gained(kind, -0.1, saving=around(0, 0))) is Verdict.CONTRADICTED
    assert judged(claim, gained(kind, 0.1, saving=same), gained(kind, 0.1, saving=none)) is Verdict.REFINED
    assert judged(claim, gained(kind, 0.1, saving=Interval(factor, 0.9, 9))) is Verdict.OPEN
    assert judged(claim, gained(kind, 0.1, half=0.15, saving=same)) is Verdict.OPEN
    assert judged(claim, gained(kind, 0.1, saving=None)) is Verdict.OPEN
    assert judged(claim, gained(kind, 0.1, saving=same, caveat="tiny")) is Verdict.IN_SMALL


def test_a_saving_against_few_votes_is_none_against_256():
    assert judged("256 weighted", gained(Kind.REBASE_SAVES, 0.1, saving=around(7, 0.5), n=16)) is Verdict.OPEN


@pytest.mark.parametrize(
    ("searched", "n", "expected"),
    [(0.468, 500, Verdict.OPEN), (0.468, 50_000, Verdict.CONFIRMED), (0.40, 50_000, Verdict.CONTRADICTED)],
)
def test_the_published_pair_is_judged_against_a_loss(searched, n, expected):
    def row(model, strategy, samples, accuracy):
        return Published(model, "math500", strategy, samples, n, accuracy, None, None, False, "made", "made")

    pair = (row("small", "rebase", 32, searched), row("large", "weighted-majority", 64, 0.467))
    assert judged("as accurate as a 34B", published=pair) is expected


def forecast(predicted, seen, n_all=64):
    interval, miss = Interval(predicted, predicted - 0.02, predicted + 0.02), predicted - seen
    misses = (Interval(miss, miss, miss), Interval(0.1, 0.1, 0.1))
    return LimitForecast("made", "", "t", "m", "majority", 100, 16, n_all, 0.5, interval, seen, *misses)


@pytest.mark.parametrize(
    ("held", "of", "expected"),
    [
        (10, 12, Verdict.CONFIRMED),
        (6, 12, Verdict.CONTRADICTED),
        (1, 1, Verdict.OPEN),
        (0, 1, Verdict.OPEN),
        (0, 2, Verdict.CONTRADICTED),
    ],
)
def test_votes_converge_where_forecasts_hold_as_often_as_they_say(held, of, expected):
    limits = [forecast(0.6, 0.61)] * held + [forecast(0.6, 0.5)] * (of - held)
    assert judged("votes converge", limits=limits) is expected
    assert judged("votes converge", limits=[forecast(0.6, 0.7, n_all=32)] * 20) is Verdict.OPEN


def test_no_budget_passes_the_limit_unless_votes_lie_above_it():
    assert judged("no sampling budget", limits=[forecast(0.6, 0.5)] * 12) is Verdict.CONFIRMED
    assert judged("no sampling budget", limits=[forecast(0.6, 0.7)] * 4) is Verdict.CONTRADICTED
    assert judged("no sampling budget", limits=[forecast(0.6, 0.6)]) is Verdict.OPEN


def test_a_share_is_as_a_binomial_test_has_it():
    assert share(10, 12).low == pytest.approx(0.562, abs=1e-3)
    assert share(10, 12).high == pytest.approx(0.970, abs=1e-3)
    assert (share(0, 3).low, share(3, 3).high) == (0, 1)


def test_best_of_n_may_fall():
    fall, rise = gained(Kind.BEST_FALLS, -0.1), gained(Kind.BEST_FALLS, 0.1)
    assert judged("best-of-N", fall, rise) is Verdict.CONFIRMED
    assert judged("best-of-N", rise, rise) is Verdict.CONTRADICTED
    assert judged("best-of-N", rise, gained(Kind.BEST_FALLS, 0.1, half=0.2)) is Verdict.OPEN
    assert judged("best-of-N") is Verdict.OPEN


def family_claims(*right_by_model, drawn=400, measure=VOTE):
    """The claims about sizes, of counts with a chance of a right answer by model."""
    from advisor.store.reported_counts import CountRow
    from advisor.studies.compute_optimal_size import compared, optima, size_law, takeovers

    names = ("EleutherAI/pythia-70m", "EleutherAI/pythia-160m", "EleutherAI/pythia-410m")
    rows = []
    for model, chances in zip(names, right_by_model, strict=True):
        counts = " ".join(f"{q}:{round(chance * drawn)}/{drawn}" for q, chance in enumerate(chances))
        rows.append(CountRow(model=model, task="t", counts=counts, source="made", generated_tokens=100.0))
    (family,) = coverage_families(counts_of_rows(rows), SHIPPED.models)
    sizes = compared(replace(family, measure=measure))
    found = Evidence(laws=(size_law(sizes),), optima=optima(sizes), takeovers=takeovers(sizes), parameters={})
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


def of_task(law, tail=0.02, half=0.01, fit=0.02):
    found = Predictions(4, around(law, half), around(tail, half), around(law - tail, half))
    return CoverageOfTask("t", 5, 1, 100, around(fit, half), found)


@pytest.mark.parametrize("claim", ["follows a power law", "power law of a 16th"])
def test_the_power_law_is_judged_by_its_misses_of_each_task(claim):
    def at(*misses):
        return judged(claim, coverage=[of_task(each, fit=each) for each in misses])

    assert at(0.02) is Verdict.CONFIRMED
    assert at(0.2, 0.2) is Verdict.CONTRADICTED
    assert at(0.2) is Verdict.OPEN
    assert at(0.2, 0.2, 0.05) is Verdict.OPEN
    assert at(0.2, 0.02) is Verdict.REFINED
    assert at(0.05) is Verdict.OPEN


@pytest.mark.parametrize("claim", ["power law of a 16th", "distribution of the"])
def test_a_task_with_predictions_of_few_models_does_not_count(claim):
    few = of_task(0.2, 0.02)
    few = replace(few, predictions=replace(few.predictions, n_models=2))
    (found,) = [each for each in claims(evidence(coverage=[few])) if claim in each.claim]
    assert found.verdict is Verdict.OPEN
    assert "2 models, too few to count: 3 are needed" in found.ours
    none = replace(few, predictions=None)
    (found,) = [each for each in claims(evidence(coverage=[none])) if claim in each.claim]
    assert (found.verdict, found.ours) == (Verdict.OPEN, "nothing stored that could tell")


def test_the_law_and_its_prediction_are_two_claims():
    (law, predicts, *_) = (claim for claim in claims(evidence(coverage=[of_task(0.2)])) if "power law" in claim.claim)
    assert (law.verdict, law.published) == (Verdict.CONFIRMED, True)
    assert (predicts.verdict, predicts.published) == (Verdict.OPEN, False)
    assert "5 models, 100 questions; 1 without a right answer to fit left out" in law.ours
    assert "4 models, 100 questions; 2 with fewer than 100 right answers in the part left out" in predicts.ours


def test_the_distribution_that_predicts_better_than_the_power_law():
    assert judged("distribution of the", coverage=[of_task(0.2, 0.02)]) is Verdict.CONFIRMED
    assert judged("distribution of the", coverage=[of_task(0.02, 0.2)]) is Verdict.CONTRADICTED
    assert judged("distribution of the", coverage=[of_task(0.02, 0.02)]) is Verdict.OPEN


def test_a_large_model_that_is_always_better_contradicts():
    found = family_claims([0.01] * 30, [0.02] * 30, [0.9] * 30)
    assert found["at"] is Verdict.CONTRADICTED


def test_a_small_model_that_always_leads_is_never_overtaken():
    found = family_claims([0.3] * 30, [0.0025] * 30, [0.0025] * 30)
    assert found["at"] is Verdict.CONFIRMED
    assert found["smaller"] is Verdict.CONTRADICTED
