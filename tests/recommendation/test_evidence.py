"""Which evidence a request counts."""

import pytest

import advisor
from advisor.provenance import Provenance
from tests.recommendation.made import MODEL, point, workspace

BIG = "Qwen/Qwen3-32B"
GPU = {"task": "mine", "gpu": "h100-sxm"}


@pytest.fixture
def ws(tmp_path):
    chart = {"provenance": Provenance.PUBLISHED, "weak": True, "accuracy": 0.9, "low": 0.85, "high": 0.95}
    return workspace(tmp_path, point(), point(model=BIG, **chart))


def test_weak_evidence_does_not_win_unless_it_may(ws):
    found = advisor.recommend(ws, **GPU)
    assert (found.recommended.model, found.recommended.evidence) == (MODEL, "measured")
    assert not found.alternatives
    assert f"left out, since the evidence is weak (--evidence any): {BIG}" in found.notes
    any_ = advisor.recommend(ws, **GPU, evidence="any")
    assert (any_.recommended.model, any_.recommended.evidence) == (BIG, "weak")
    assert any_.recommended.provenance.accuracy == "weak: made"
    assert "evidence any" in any_.constraints


def test_published_evidence_counts_unless_answers_have_to_be_seen(tmp_path):
    reported = {"provenance": Provenance.PUBLISHED, "accuracy": 0.9, "low": 0.85, "high": 0.95}
    ws = workspace(tmp_path, point(), point(model=BIG, **reported))
    assert advisor.recommend(ws, **GPU).recommended.evidence == "published"
    assert advisor.recommend(ws, **GPU, evidence="measured").recommended.model == MODEL


def test_where_only_weak_evidence_is_known_that_is_said(tmp_path):
    ws = workspace(tmp_path, point(provenance=Provenance.PUBLISHED, weak=True))
    with pytest.raises(advisor.NoAnswer, match=r"no accuracy but weak ones is known on mine.*--evidence any"):
        advisor.recommend(ws, **GPU)
    with pytest.raises(advisor.NoAnswer, match="no measured accuracy is known on mine"):
        advisor.recommend(ws, **GPU, evidence="measured")


def test_another_kind_is_refused(ws):
    with pytest.raises(advisor.AdvisorError, match="--evidence"):
        advisor.recommend(ws, **GPU, evidence="some")


@pytest.mark.parametrize("confidence", [0.4, 1.0, float("nan")])
def test_a_confidence_is_a_probability(ws, confidence):
    with pytest.raises(advisor.AdvisorError, match="--confidence"):
        advisor.recommend(ws, **GPU, min_accuracy=0.4, confidence=confidence)


def test_a_target_is_reached_with_the_confidence_that_is_asked_for(ws):
    """0.5 with a 90 % interval of ±8 points has 0.46 with 79 % and 0.44 with 89 %."""
    with pytest.raises(advisor.NoAnswer, match=r"--min-accuracy 0\.4"):
        advisor.recommend(ws, **GPU, min_accuracy=0.46)
    loose = advisor.recommend(ws, **GPU, min_accuracy=0.46, confidence=0.7)
    assert loose.recommended.odds.reaches == pytest.approx(0.79, abs=0.05)
    assert "accuracy ≥ 0.46 with 70 % confidence" in loose.constraints
