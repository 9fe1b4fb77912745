"""A recommendation as a page: the answer, all models to explore, and the report as its Markdown has it."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.fits.line import Line
from advisor.recommendation.pick import Recommendation
from advisor.reports.markdown import answer_parts, basis_parts, choice_parts, curve_parts
from advisor.reports.markdown_text import heading, paragraph
from advisor.reports.page.charts import curve_chart, frontier_chart
from advisor.reports.page.data import LEFT_OUT, explored
from advisor.reports.page.html import Panel, Part, page
from advisor.reports.text_tables import short_name
from advisor.store.workspace import Workspace


def recommendation_page(workspace: Workspace, found: Recommendation, curves: Sequence[Line], command: str) -> str:
    """The HTML of a page; `curves` are the pick's, `command` makes the page again."""
    shown = explored(workspace, found.request, found.recommended)
    charts = {"frontier": frontier_chart(), "curve": curve_chart()}
    parts: list[Part] = [
        *answer_parts(found),
        heading("All models"),
        Panel("explorer", charts, shown.data),
        paragraph(LEFT_OUT),
        *(paragraph(sentence) for sentence in shown.left_out),
        heading("The pick"),
        *choice_parts(found),
        *curve_parts(curves, {}),
        *basis_parts(found, command),
    ]
    return page(f"{short_name(found.recommended.model)} for {found.task}", parts)
