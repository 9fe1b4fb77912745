"""Pictures for reports: what is drawn, where, and that it can be read."""

from dataclasses import replace
from itertools import combinations

import pytest

pytest.importorskip("matplotlib")

import advisor
from advisor.accuracy.shapes import Claim
from advisor.fits.curve import lines
from advisor.provenance import Provenance
from advisor.reports.frontier_view import of_recommendation
from advisor.reports.plots import BLUE, GREY, VERMILLION, curve_figure, curve_picture, frontier_figure
from tests.known import SHIPPED
from tests.reports.pictured import mark, view


def points(figure):
    """Marker, face colour, x and y of everything that is drawn as a single point."""
    (axes,) = figure.axes
    single = [line for line in axes.lines if len(line.get_xdata()) == 1 and line.get_marker() in {"o", "D", "s"}]
    return [(p.get_marker(), p.get_markerfacecolor(), p.get_xdata()[0], p.get_ydata()[0]) for p in single]


def names(figure):
    (axes,) = figure.axes
    return {text.get_text(): text for text in axes.texts if text.get_text()}


def test_models_stand_at_their_cost_and_accuracy_with_the_marker_of_their_evidence():
    figure = frontier_figure(
        view(
            mark("a", 1.0, 0.4),
            mark("b", 100.0, 0.8, evidence=Provenance.PUBLISHED),
            mark("c", 10.0, 0.3, leads=False),
            mark("d", 20.0, 0.3, leads=False, evidence=Provenance.IMPUTED),
        )
    )
    assert points(figure) == [
        ("o", BLUE, 1.0, 40.0),
        ("D", BLUE, 100.0, 80.0),
        ("o", "white", 10.0, 30.0),
        ("s", "white", 20.0, 30.0),
    ]
    assert set(names(figure)) == {"a", "b", "c", "d"}


def test_the_pick_has_a_ring_around_its_point():
    figure = frontier_figure(view(mark("b, the pick", 100.0, 0.8, picked=True), mark("a", 1.0, 0.4)))
    assert points(figure)[:2] == [("o", BLUE, 100.0, 80.0), ("o", "none", 100.0, 80.0)]
    assert names(figure)["b, the pick"].get_fontweight() == "bold"


def test_bars_are_the_ninety_percent_intervals():
    figure = frontier_figure(view(mark("a", 1.0, 0.4, half=0.05)))
    (axes,) = figure.axes
    (bar,) = axes.containers[0][2][0].get_segments()
    assert bar.tolist() == [[1.0, pytest.approx(35.0)], [1.0, pytest.approx(45.0)]]


def test_the_frontier_is_a_staircase_that_goes_on_to_the_edge():
    drawn = view(mark("a", 1.0, 0.4), mark("b", 100.0, 0.8))
    (axes,) = frontier_figure(drawn).axes
    stairs = axes.lines[0]
    assert stairs.get_drawstyle() == "steps-post"
    assert list(stairs.get_xdata()) == [1.0, 100.0, drawn.cost_range()[1]]
    assert list(stairs.get_ydata()) == [40.0, 80.0, 80.0]
    assert axes.get_ylim() == (30, 90)
    assert axes.get_xlabel() == "USD per question, log scale"


def test_the_budget_is_a_line_with_its_label():
    (axes,) = (figure := frontier_figure(view(mark("a", 1.0, 0.4), mark("b", 9.0, 0.5), budget=3.0))).axes
    assert [list(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "--"] == [[3.0, 3.0]]
    assert names(figure)["budget 3 USD"].xy[0] == 3.0
    (axes,) = (figure := frontier_figure(view(mark("a", 1.0, 0.4), mark("b", 9.0, 0.5), budget=3000.0))).axes
    assert not [line for line in axes.lines if line.get_linestyle() == "--"]
    assert "budget 3,000 USD →" in names(figure)
    assert "← budget 0.001 USD" in names(frontier_figure(view(mark("a", 1.0, 0.4), budget=0.001)))


@pytest.mark.parametrize(
    ("task", "budget"), [("gpqa-diamond", "0.002usd"), ("mmlu-redux", "0.00005usd"), ("crux", "60s")]
)
def test_no_name_covers_another_or_leaves_the_picture(task, budget):
    found = advisor.recommend(SHIPPED, task=task, budget=budget)
    figure = frontier_figure(of_recommendation(found))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    inside = axes.get_window_extent().padded(2)
    labels = {text: label for text, label in names(figure).items() if not text.startswith("budget")}
    boxes = {text: label.get_window_extent() for text, label in labels.items()}
    assert {m.model.split("/")[-1] for m in found.models} <= {text.removesuffix(", the pick") for text in boxes}
    for (one, a), (other, b) in combinations(boxes.items(), 2):
        assert not a.padded(-1.5).overlaps(b.padded(-1.5)), (one, other)
    for box in boxes.values():
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1


def test_a_crowd_makes_the_picture_higher():
    few = frontier_figure(view(*(mark(f"model {i}", 1.0 + i, 0.3 + 0.02 * i) for i in range(5))))
    many = frontier_figure(view(*(mark(f"model {i}", 1.0 + i, 0.3 + 0.02 * i) for i in range(20))))
    assert few.get_figheight() < many.get_figheight()


def test_the_legend_names_what_is_there():
    def legend(drawn):
        return [text.get_text() for text in frontier_figure(drawn).legends[0].get_texts()]

    assert legend(view(mark("a", 1.0, 0.4))) == [
        "frontier: nothing cheaper is as accurate",
        "accuracy measured, from stored answers",
    ]
    both = view(mark("a", 1.0, 0.4), mark("b", 2.0, 0.3, leads=False, evidence=Provenance.PUBLISHED), budget=3.0)
    assert legend(both)[2:] == ["accuracy as published by its source", "beaten by another model or above the budget"]
    assert len({BLUE, GREY, VERMILLION}) == 3


@pytest.fixture
def curve():
    pick = advisor.recommend(SHIPPED, budget="100s", task="gpqa-diamond", model="gpt-oss-120b").recommended
    return lines(SHIPPED, pick.model, pick.task), pick


def test_a_curve_has_the_pick_in_a_ring(curve):
    rows, pick = curve
    (axes,) = (figure := curve_figure(rows, pick)).axes
    (ring,) = (line for line in axes.lines if line.get_markerfacecolor() == "none" and line.get_marker() == "o")
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (pick.generated_tokens, 100 * pick.accuracy.value)
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words[0] == f"the pick: one answer, ≤{pick.token_budget:,} tokens"
    limit = 100 * rows[0].curve.asymptote.value
    assert words[1] == f"thinking-budget (measured); dotted: what more of it can reach, {limit:.1f} %"
    low, high = axes.get_xlim()
    assert all(low < p.tokens < high for p in rows[0].points)


def test_a_curve_whose_end_cannot_be_told_has_no_line_there(curve):
    rows, pick = curve
    untold = replace(rows[0].curve, asymptote=Claim(None, 0.7123, 1.0))
    figure = curve_figure([replace(rows[0], curve=untold)], pick)
    words = " ".join(text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts())
    assert "more of it reaches at least 71.2 %; the measured range cannot tell" in words
    dotted = [line for line in figure.axes[0].lines if len(set(line.get_ydata())) == 1 and len(line.get_ydata()) == 2]
    assert dotted == []


def test_pictures_are_the_same_every_time(curve, tmp_path):
    for name in ("one.svg", "two.svg"):
        curve_picture(tmp_path / name, *curve)
    assert "<dc:date>" not in (tmp_path / "one.svg").read_text()
