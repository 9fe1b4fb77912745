"""The section and the picture of the study of inference scaling."""

from dataclasses import fields, replace
from itertools import pairwise

import pytest

import advisor
from advisor.reports.findings.inference_scaling import figure
from advisor.reports.findings.sections import section
from advisor.values import Rows
from tests.known import SHIPPED


@pytest.fixture(scope="module")
def shipped():
    return advisor.inference_scaling(SHIPPED)


def vars_of(value):
    return {field.name: getattr(value, field.name) for field in fields(value)}


@pytest.fixture(scope="module")
def empty(shipped):
    names = (
        "claims",
        "laws",
        "optima",
        "takeovers",
        "sizes",
        "tails",
        "limits",
        "pluralities",
        "contests",
        "strategies",
    )
    return replace(shipped, **{name: Rows() for name in names})


def test_every_table_has_as_many_lines_as_rows(shipped):
    parts = list(section("inference_scaling", shipped))
    text = "\n\n".join(parts)
    assert text.startswith("## Do the laws of inference scaling hold?")
    by_heading = dict(pairwise(parts))
    for heading, rows in (
        ("### Which size for which budget", shipped.optima),
        ("### From where a larger size is ahead", shipped.takeovers),
        ("### Coverage by the number of answers", shipped.tails),
        ("### Where votes end", shipped.pluralities),
    ):
        assert by_heading[heading].strip().count("\n") == len(rows) + 1
    assert all(claim.claim.split(" ")[0] in text for claim in shipped.claims)


def test_the_picture_has_a_curve_a_size(shipped):
    drawn = figure(shipped)
    panel = drawn.axes[0]
    task = next(iter(shipped.sizes)).task
    models = {p.model.split("/")[-1] for p in shipped.sizes if p.task == task}
    assert models < {text.get_text() for text in panel.get_legend().get_texts()}
    assert panel.get_title() == f"{task}: coverage by size"


def test_strategies_stand_right_of_themselves_where_rewards_count(shipped):
    policy, total = figure(shipped).axes[-2:]
    assert "tiny models" in policy.get_title()
    ends = [max(max(line.get_xdata(), default=0) for line in panel.get_lines()) for panel in (policy, total)]
    points = [s for s in shipped.strategies if s.caveat]
    assert ends == [max(s.policy_flops for s in points), max(s.total_flops for s in points)]


def test_nothing_stored_is_no_picture_and_no_empty_table(empty):
    assert figure(empty) is None
    parts = list(section("inference_scaling", empty))
    assert not any(part.startswith("### Which size") for part in parts)
    assert any(part.startswith("**What would change it.**") for part in parts)
