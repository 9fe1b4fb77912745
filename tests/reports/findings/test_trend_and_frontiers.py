"""Sections and pictures of the two studies, on what ships and on a team's own models alone."""

import pytest

from advisor.reports.findings.sections import RENDERINGS, section
from advisor.studies.frontiers import frontiers
from advisor.studies.trends import trends
from tests.known import SHIPPED
from tests.studies.made import DENSE, MOE, Own, one

OURS = [one(m, 0.3 + 0.06 * i, 500.0 * (i + 1), task=t) for i, m in enumerate((*DENSE, *MOE)) for t in ("a", "b")]
FEW = OURS[:4]
ONE = OURS[:1]


@pytest.fixture(scope="module", params=["shipped", "ours", "few", "one", "none"])
def ws(request):
    return {"shipped": SHIPPED, "ours": Own(*OURS), "few": Own(*FEW), "one": Own(*ONE), "none": Own()}[request.param]


PAGES = [(trends, "trends"), (frontiers, "frontiers")]


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "name"), PAGES)
def test_a_section_and_a_picture_come_of_whatever_is_known(ws, verb, name):
    found = verb(ws)
    parts = list(section(name, found))
    assert parts[0].startswith("## ")
    assert all(isinstance(part, str) and part.strip() for part in parts)
    text = "\n\n".join(parts)
    for claim in found.claims:
        assert claim.verdict.value in text
    assert "What would change it" in text
    assert "nan" not in text.replace("nano", "")
    assert "inf " not in text
    drawn = RENDERINGS[name].figure(found)
    assert (drawn is None) == (not found.tasks)
    if drawn is not None:
        drawn.draw_without_rendering()


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "name"), PAGES)
def test_no_name_in_a_picture_covers_another(verb, name):
    drawn = RENDERINGS[name].figure(verb(Own(*OURS)))
    drawn.draw_without_rendering()
    named = 0
    for axes in drawn.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        named += len(boxes)
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[i + 1 :])
    assert named >= 3


def test_tables_say_who_moves_and_what_is_filled_in():
    text = "\n\n".join(section("frontiers", frontiers(Own(*OURS))))
    assert "| a | 11 | 5 |" in text
    assert "mean of 2 tasks: a, b" in text
    assert "FILLED IN, not measured: of 22 cells of models and tasks 22 are known" in text
