"""The sections of the report of findings: data, method, claims, picture, tables, and what would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from advisor.errors import DISTRIBUTION
from advisor.reports.costs_unknown import IMPUTED
from advisor.reports.findings import (
    compute,
    dense_and_moe,
    frontiers,
    inference_scaling,
    other_claims,
    saturation,
    trend,
    wrong_answers,
)
from advisor.reports.markdown_text import bullets, fenced, heading, paragraph, to_markdown
from advisor.reports.text_tables import table
from advisor.studies.findings import Findings
from advisor.studies.study import Claim, Study, Verdict
from advisor.units import counted


@dataclass(frozen=True, slots=True)
class Rendering:
    """How one study is shown; `figure` gives a matplotlib figure, or None where there is nothing to draw."""

    title: str
    tables: Callable[[Any], list[str]]
    figure: Callable[[Any], Any]


RENDERINGS = {
    "compute": Rendering(compute.TITLE, compute.tables, compute.figure),
    "frontiers": Rendering(frontiers.TITLE, frontiers.tables, frontiers.figure),
    "dense_and_moe": Rendering(dense_and_moe.TITLE, dense_and_moe.tables, dense_and_moe.figure),
    "trends": Rendering(trend.TITLE, trend.tables, trend.figure),
    "saturation": Rendering(saturation.TITLE, saturation.tables, saturation.figure),
    "wrong_answers": Rendering(wrong_answers.TITLE, wrong_answers.tables, wrong_answers.figure),
    "inference_scaling": Rendering(inference_scaling.TITLE, inference_scaling.tables, inference_scaling.figure),
    "other_claims": Rendering(other_claims.TITLE, other_claims.tables, other_claims.figure),
}
"""By the name of the study, in the order of the report."""


LEGEND = (
    "confirmed, contradicted: our figures clearly agree, or clearly disagree, with the claim; cannot tell: neither is"
    " clear, or there is no data",
    "refined: it holds in part: for some models or tasks, by another figure, or as far as another measure can tell",
    "in small only: nothing but tiny models, trained to try the strategies, can tell; the figures say for or against",
    "believed: an accuracy with what is known of other models and tasks taken in, so that chance highs are lower",
    f"{IMPUTED}: a cost whose answer lengths nobody counted; they are imputed from other models and tasks",
)
"""What the words and marks of the report mean, once."""


FIRST = (Verdict.CONTRADICTED, Verdict.CONFIRMED, Verdict.REFINED, Verdict.IN_SMALL, Verdict.OPEN)
"""Verdicts in the order in which a reader wants them."""


def figures(found: Findings) -> dict[str, Any]:
    """What each study has to draw, by its name."""
    drawn = ((name, RENDERINGS[name].figure(study)) for name, study in found.studies.items())
    return {name: figure for name, figure in drawn if figure is not None}


def overview(found: Findings, alone: str = "") -> list[str]:
    """The heading, how many claims stand how, all of them by verdict; `alone`: whose answers alone count."""
    published = [claim for claim in found.claims if claim.published]
    others = [claim for claim in found.claims if not claim.published]
    more = f"; of {counted(len(others), 'expectation')} of our own beside them {_standing(others)}" if others else ""
    said = (
        "What two papers found, compute-accuracy frontiers of open reasoning models (arXiv 2512.24776) and inference"
        " scaling laws (arXiv 2408.00724), with what follows from it, and what the answers and runs stored here say:"
        f" of {counted(len(published), 'published claim')} {_standing(published)}{more}. Intervals are 90 %; verdicts"
        " follow from them by fixed rules, so other data would turn them."
    )
    rows = [
        (claim.verdict.value, claim.claim, RENDERINGS[name].title)
        for verdict in FIRST
        for name, study in found.studies.items()
        for claim in study.claims
        if claim.verdict is verdict
    ]
    shown = to_markdown(table(("verdict", "claim", "section"), rows))
    whose = [paragraph(f"Only the answers in {alone} count; what ships of answers does not.")] if alone else []
    return [heading("Findings", 1), paragraph(said), *whose, shown, bullets(LEGEND)]


def _standing(claims: Sequence[Claim]) -> str:
    """How many of them stand how."""
    times = {verdict: sum(claim.verdict is verdict for claim in claims) for verdict in Verdict}
    return ", ".join(f"{n} {verdict.value}" for verdict, n in times.items() if n)


def sections(found: Findings, pictures: Mapping[str, Sequence[Any]]) -> Iterator[Any]:
    """The parts of all sections in order; `pictures` are those that stand in a study's."""
    for name, study in found.studies.items():
        yield from section(name, study, pictures.get(name, ()))


def made_by(command: str) -> list[str]:
    """The version and the command that makes the report again."""
    return [paragraph(f"Made by advisor {version(DISTRIBUTION)}; again with"), fenced(command, "sh")]


def section(name: str, study: Study, pictures: Sequence[Any] = ()) -> Iterator[Any]:
    """That of one study, `pictures` after its claims."""
    rendering = RENDERINGS[name]
    yield heading(rendering.title)
    yield paragraph(_sentence(study.basis.data), "Data.")
    yield paragraph(_sentence(study.basis.method), "Method.")
    yield paragraph(_sentence(study.basis.would_change), "What would change it.")
    yield _claims(study.claims)
    yield from pictures
    yield from (part for part in rendering.tables(study) if part)
    if study.notes:
        yield bullets(study.notes)


def _sentence(text: str) -> str:
    """With one full stop."""
    return f"{text.rstrip('. ')}."


def _claims(claims: Sequence[Claim]) -> str:
    """One line each: what was published and how well that is known, our figure, and how the two stand to each other."""
    rows = [(claim.claim, claim.source, claim.ours, claim.verdict.value) for claim in claims]
    return to_markdown(table(("claim", "source", "here", "verdict"), rows))
