"""The page and the picture of FLOPs counted twice."""

import re

import pytest

import advisor
from advisor.provenance import Provenance
from advisor.reports.findings.compute import figure
from advisor.reports.findings.sections import section
from tests.studies.scored_models import alone, scored

DENSE, MIXTURE, WINDOWED = "Qwen/Qwen3-8B", "Qwen/Qwen3-30B-A3B", "google/gemma-3-27b-it"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    imputed = {"tokens_provenance": Provenance.IMPUTED, "tokens_spread": 2.0}
    points = (
        scored(WINDOWED, 0.5, 10_000),
        scored(DENSE, 0.5, 34_000),
        scored(MIXTURE, 0.4, 500),
        scored(MIXTURE, 0.4, 900, task="other", prompt_tokens=None, **imputed),
    )
    return advisor.compute_per_query(alone(tmp_path_factory.mktemp("made"), *points))


def test_the_page_says_what_changes(found):
    page = "\n\n".join(section("compute", found))
    assert page.startswith("## Does it matter")
    assert "4 points of 3 models on 2 tasks" in page
    assert re.search(r"\| mine \| gemma-3-27b-it \| Qwen3-8B \| 1\.\d\d × \| 0\.\d\d × \| attention over", page)
    assert "mine: gemma-3-27b-it enters the front with the full count (Qwen3-8B beats it by the simple one)" in page
    assert "mine: Qwen3-8B leaves the front with the full count (gemma-3-27b-it beats it by the full one)" in page
    assert "1 of 4 prompts taken for 200 tokens" in page
    assert "What would change it" in page


def test_the_page_names_the_model_whose_attention_takes_half(found):
    page = "\n\n".join(section("compute", found))
    half = next(row.half_tokens for row in found.models if row.model == MIXTURE)
    assert re.search(rf"\| Qwen3-30B-A3B \| MoE \|.*\| {half:,} tokens \|", page)
    assert re.search(r"\| gemma-3-27b-it \| dense \|.*\| not within its context \|", page)


def test_where_nothing_changes_it_says_so(tmp_path):
    page = "\n\n".join(section("compute", advisor.compute_per_query(alone(tmp_path, scored(DENSE, 0.5, 500)))))
    assert "No pair of models changes its order" in page


def test_nothing_known_has_a_page_and_no_picture(tmp_path):
    nothing = advisor.compute_per_query(alone(tmp_path))
    assert "no accuracy of single answers" in "".join(section("compute", nothing))
    assert figure(nothing) is None


def test_the_picture_has_every_point_and_tells_kinds_apart(found):
    pytest.importorskip("matplotlib")
    (axes,) = figure(found).axes
    points = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert sum(len(line.get_xdata()) for line in points) == len(found.queries)
    assert sorted({tokens for line in points for tokens in line.get_xdata()}) == [500, 900, 10_000, 34_000]
    hollow = [line for line in points if line.get_markerfacecolor() == "none"]
    assert [list(line.get_xdata()) for line in hollow] == [[900]]
    labels = axes.get_legend_handles_labels()[1]
    assert "mixture of experts, length imputed" in labels
    assert "dense, length counted" in labels
    styles = {(line.get_marker(), line.get_color()) for line in points}
    assert len({marker for marker, _ in styles}) == len({colour for _, colour in styles}) == 2
