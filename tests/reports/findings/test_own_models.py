"""A team's own models at the head of the findings."""

import pytest

from advisor.reports.findings.own_models import left_out, measured
from tests.known import SHIPPED
from tests.recommendation.made import MODEL, point, workspace

NAMELESS = "acme/ops-large"


@pytest.fixture
def folder(tmp_path):
    points = [point(model=NAMELESS, accuracy=a, n_samples=n) for n, a in ((1, 0.6), (4, 0.7))]
    return workspace(
        tmp_path, point(), *points, point(model=NAMELESS, task="other", accuracy=0.4), point(token_budget=99)
    )


def test_models_without_a_config_are_named_with_how_right_they_are_and_what_to_do(folder):
    (said,) = left_out(folder)
    assert said.startswith(f"**Left out.** {NAMELESS} (at best 70.0 % right on mine, at best 40.0 % right on other).")
    assert f"advisor import model FOLDER --workspace {folder.own}" in said
    assert MODEL not in said
    assert left_out(SHIPPED) == []


def test_what_was_measured_stands_beside_what_is_believed_under_full_names(folder):
    shown, _ = measured(folder)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines()[2:]]
    ours = [row for row in rows if row[:2] == [NAMELESS, "mine"]]
    assert [row[2:5] for row in ours] == [
        ["one answer", "100", "60.0 % (42.0 – 58.0)"], ["majority of 4", "100", "70.0 % (42.0 – 58.0)"]
    ]  # fmt: skip
    assert "at most 99 tokens" not in shown
