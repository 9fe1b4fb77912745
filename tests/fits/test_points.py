"""Published accuracies as strategy points."""

import pytest

from advisor.accuracy.estimators import Interval, wilson
from advisor.errors import AdvisorError
from advisor.fits.fit import fit
from advisor.fits.points import _widened, published_points
from advisor.provenance import Provenance
from advisor.store.published import Published, published
from tests.fits.stored import MODEL, sample, workspace

HEADER = (
    "model,task,strategy,n_samples,n_questions,accuracy,stderr,generated_tokens,tokens_from,quality,source,source_url"
)


def reported(accuracy, tokens=None, *, strategy="majority", n_samples=1, stderr=None, origin="a paper", weak=False):
    return Published(
        MODEL, "mine", strategy, n_samples, 100, accuracy, stderr, tokens, origin, weak=weak, source=origin
    )


def test_tables_of_a_workspace_become_points(tmp_path):
    folder = tmp_path / "measurements" / "published"
    folder.mkdir(parents=True)
    rows = [f"{MODEL},MINE,majority,1,100,0.5,,2000,their paper,good,somebody,https://example.org"]
    (folder / "mine.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    ws = workspace(tmp_path)
    assert fit(ws).points == 1
    (point,) = (p for p in ws.fits.points if p.task == "mine")
    assert (point.provenance, point.accuracy, point.generated_tokens) == (Provenance.PUBLISHED, 0.5, 2000)
    assert point.runs == "somebody; good; tokens: their paper"


def test_three_published_points_make_a_curve(tmp_path):
    folder = tmp_path / "measurements" / "published"
    folder.mkdir(parents=True)
    rows = [
        f"{MODEL},mine,thinking-budget,1,100,{a},,{t},,,somebody," for a, t in ((0.3, 500), (0.5, 1000), (0.6, 2000))
    ]
    ws = workspace(tmp_path)
    (folder / "mine.csv").write_text("\n".join([HEADER, *rows[:2]]) + "\n")
    assert fit(ws).curves == 0
    (folder / "mine.csv").write_text("\n".join([HEADER, *rows]) + "\n")
    assert fit(ws).curves == 1
    (curve,) = (c for c in ws.fits.curves if c.task == "mine")
    assert (curve.unit, curve.x_min, curve.x_max, curve.provenance) == ("tokens", 500, 2000, Provenance.PUBLISHED)


def test_a_damaged_table_is_named(tmp_path):
    folder = tmp_path / "measurements" / "published"
    folder.mkdir(parents=True)
    (folder / "mine.csv").write_text("model,task\nx,y\n")
    with pytest.raises(AdvisorError, match=r"mine\.csv"):
        published(workspace(tmp_path))


def test_a_measured_point_comes_before_a_published_one(tmp_path):
    ws = workspace(tmp_path, [sample(q, 0, q > 1, 100) for q in range(4)])
    fit(ws)
    known = [p for p in ws.fits.points if p.task == "mine"]
    assert published_points([reported(0.9)], known) == []
    assert len(published_points([reported(0.9, n_samples=4)], known)) == 1


def test_of_several_sources_one_with_tokens_counts():
    rows = [reported(0.5, origin="first"), reported(0.6, 2000.0, origin="second"), reported(0.7, 900.0, origin="third")]
    (point,) = published_points(rows, [])
    assert (point.accuracy, point.runs) == (0.6, "second")


def test_levels_of_thinking_are_told_apart_by_their_tokens():
    rows = [reported(0.5, 500.0, strategy="thinking-budget"), reported(0.6, 2000.0, strategy="thinking-budget")]
    assert [p.accuracy for p in published_points(rows, [])] == [0.5, 0.6]


def test_tokens_of_one_chain():
    (point,) = published_points([reported(0.5, 8000.0, n_samples=8)], [])
    assert (point.generated_tokens, point.depth_tokens) == (8000, 1000)


def test_intervals():
    (known,) = published_points([reported(0.95, stderr=0.05)], [])
    assert (known.low, known.high) == (pytest.approx(0.95 - 1.645 * 0.05), 1.0)
    (counted,) = published_points([reported(0.95)], [])
    assert (counted.low, counted.high) == pytest.approx(wilson(0.95, 100))


def test_an_accuracy_by_monte_carlo_has_its_error_in_its_interval(tmp_path):
    """Twelve answers are counted exactly, sixteen by random orders; the one error is that of a share over questions."""
    rows = [
        sample(q, i, (q + i) % 3 == 0, 300, score=((7 * i + q) % 16) / 16, reward_model="a judge")
        for q in range(30)
        for i in range(16)
    ]
    for n in (12, 16):
        ws = workspace(tmp_path / str(n), [row for row in rows if row["sample_index"] < n])
        fit(ws)
        found = [p for p in ws.fits.points if p.strategy in ("weighted-majority", "best-of-n") and p.n_samples == 4]
        errors = {p.strategy: p.simulation_error for p in found}
        assert errors["best-of-n"] is None
        assert (errors["weighted-majority"] is None) == (n == 12)
    assert errors["weighted-majority"] <= 0.5 / 20 / 30**0.5


def test_errors_add_up_in_squares():
    wider = _widened(Interval(0.5, 0.47, 0.54), 0.04)
    assert (wider.low, wider.value) == (pytest.approx(0.45), 0.5)
    assert wider.high == pytest.approx(0.5 + 0.04 * 2**0.5)
    assert _widened(Interval(0.99, 0.98, 1.0), 0.1).high == 1
