"""The page and the picture of dense models against mixtures."""

import re

import pytest

import advisor
from advisor.reports.findings.dense_and_moe import figure
from advisor.reports.findings.sections import section
from tests.studies.scored_models import alone, scored
from tests.studies.test_dense_and_moe import world


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return advisor.dense_and_moe(alone(tmp_path_factory.mktemp("made"), *world(4.0)), gpu="h200-sxm")


@pytest.fixture(scope="module")
def page(found):
    return "\n\n".join(section("dense_and_moe", found))


def test_the_page_shows_factors_and_points_beside_those_at_equal_date(found, page):
    rows = {r.dated: r for r in found.differences if (r.equal, r.figure, r.task) == ("accuracy", "flops", "all tasks")}
    cells = [f"{r.value.value:.2f} × ({r.value.low:.2f} – {r.value.high:.2f})" for _, r in sorted(rows.items())]
    assert f"| accuracy | FLOPs | {cells[0]} | {cells[1]} | 5 | 5 |" in page
    assert re.search(r"\| FLOPs \| accuracy \| \+\d+\.\d points \(", page)


def test_tasks_with_the_same_models_are_one_line(page):
    assert "| a and 1 with the same models | 5 | 5 |" in page


def test_the_page_names_pairs_loads_and_gpu(found, page):
    assert "## Dense models or mixtures of experts?" in page
    assert "alike in total size" in page
    assert "h200-sxm" in page
    first = found.advantages[0]
    usd = f"{first.usd.value:.2f} × ({first.usd.low:.2f} – {first.usd.high:.2f})"
    assert f"| 1,024 tokens | {first.flops:.1f} × | {usd} |" in page
    assert all(claim.ours.split("(")[0].strip()[:20] in page for claim in found.claims)


def test_nothing_known_has_a_page_and_no_picture(tmp_path):
    nothing = advisor.dense_and_moe(alone(tmp_path, without=("prices.csv", "models.csv", "models")))
    assert "no accuracy of single answers" in "".join(section("dense_and_moe", nothing))
    assert figure(nothing) is None


def test_models_of_one_kind_have_a_page(tmp_path):
    dense = advisor.dense_and_moe(alone(tmp_path, scored("Qwen/Qwen3-8B", 0.5, 900)))
    said = "\n\n".join(section("dense_and_moe", dense))
    assert "no task has 2 architectures of each kind" in said
    assert "cannot tell" in said


def test_without_a_price_there_is_no_picture_but_flops(tmp_path):
    found = advisor.dense_and_moe(alone(tmp_path, *world(4.0), without=("prices.csv",)))
    assert figure(found) is None
    assert not found.advantages
    assert found.losses
    assert "| – |" in "\n\n".join(section("dense_and_moe", found))


def test_the_picture_has_a_panel_a_pair_and_a_line_a_load(found):
    pytest.importorskip("matplotlib")
    drawn = figure(found)
    assert len(drawn.axes) == len({row.alike for row in found.advantages})
    for axes in drawn.axes:
        alike = re.search(r"alike in ([a-z ]+)\)", axes.get_title(loc="left"))[1]
        rows = [row for row in found.advantages if row.alike == alike]
        lines = {line.get_label(): line for line in axes.lines}
        assert list(lines["FLOPs"].get_ydata()) == list({row.answer_tokens: row.flops for row in rows}.values())
        one = [row for row in rows if row.concurrency == 1 and row.usd]
        assert list(lines["USD, 1 in flight"].get_ydata()) == [row.usd.value for row in one]
        assert len({line.get_marker() for label, line in lines.items() if label.startswith("USD")}) == 4
