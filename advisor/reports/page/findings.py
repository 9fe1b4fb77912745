"""The findings as a page: what stands how, all models to explore, and every study with its picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from advisor.errors import NoAnswer
from advisor.recommendation.request import checked_request
from advisor.reports.findings.sections import RENDERINGS, made_by, overview, sections
from advisor.reports.markdown_text import heading, paragraph
from advisor.reports.page.charts import curve_chart, frontier_chart
from advisor.reports.page.data import LEFT_OUT, explored
from advisor.reports.page.html import Panel, Part, Picture, page
from advisor.store.workspace import Workspace
from advisor.studies.findings import Findings

ALL_MODELS = "All models"


def findings_page(workspace: Workspace, found: Findings, pictures: Mapping[str, bytes], command: str) -> str:
    """The HTML of a page; `pictures` are SVG by study, `command` makes the page again."""
    shown = {name: [Picture(svg, RENDERINGS[name].title)] for name, svg in pictures.items()}
    models = _models(workspace)
    parts: list[Part] = [
        *overview(found, workspace, [ALL_MODELS] if models else ()),
        *models,
        *sections(found, shown),
        *made_by(command),
    ]
    return page("Findings", parts)


def _models(workspace: Workspace) -> list[Part]:
    """Every candidate to explore, from the task of most models on."""
    models = Counter(task for task, _ in {(p.task, p.model) for p in workspace.fits.points})
    if not models:
        return []
    task = max(sorted(models), key=lambda name: models[name])
    try:
        seen = explored(workspace, checked_request(workspace, task=task))
    except NoAnswer as none:
        return [heading(ALL_MODELS), paragraph(f"None can be shown: {none.what}.")]
    charts = {"frontier": frontier_chart(), "curve": curve_chart()}
    left_out = [paragraph(sentence) for sentence in (LEFT_OUT, *seen.left_out)]
    return [heading(ALL_MODELS), Panel("explorer", charts, seen.data), *left_out]
