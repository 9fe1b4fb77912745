"""The sections of the report of findings: data, method, claims, picture, tables, and what would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.distribution import own_version
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
from advisor.reports.findings.opening import opening
from advisor.reports.findings.own_models import left_out, measured
from advisor.reports.markdown_text import bullets, fenced, heading, linked_bullets, paragraph, to_markdown
from advisor.reports.text_tables import table
from advisor.store.workspace import Workspace
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


UNTESTED = "Claims without data here"
"""Title of the last section."""
FIRST = (Verdict.CONTRADICTED, Verdict.CONFIRMED, Verdict.REFINED, Verdict.IN_SMALL, Verdict.OPEN)
"""Verdicts in the order in which a reader wants them."""


def figures(found: Findings) -> dict[str, Any]:
    """What each study has to draw, by its name."""
    drawn = ((name, RENDERINGS[name].figure(study)) for name, study in found.studies.items())
    return {name: figure for name, figure in drawn if figure is not None}


def overview(found: Findings, workspace: Workspace, further: Sequence[str] = ()) -> list[str]:
    """What to do, what was left out, how the claims stand, and links to the sections, `further` ones before them."""
    tested = {name: [c for c in study.claims if not c.is_untested] for name, study in found.studies.items()}
    rows = [
        (claim.verdict.value, claim.claim, RENDERINGS[name].title)
        for verdict in FIRST
        for name, claims in tested.items()
        for claim in claims
        if claim.verdict is verdict
    ]
    sentences = [(sentence, RENDERINGS[name].title) for sentence, name in opening(found)]
    untested = [UNTESTED] if any(claim.is_untested for claim in found.claims) else []
    titles = [*further, *(each.title for each in RENDERINGS.values()), *untested]
    return [
        heading("Findings", 1),
        linked_bullets(sentences) or paragraph("Too little is stored to say what to do."),
        *_own(workspace),
        paragraph(_counts(found)),
        linked_bullets(("", title) for title in titles),
        to_markdown(table(("verdict", "claim", "section"), rows), linked="section"),
        bullets(LEGEND),
    ]


def _own(workspace: Workspace) -> list[str]:
    """Of a team's own answers alone: that they are, and how right each model is; of any, models that lack a config."""
    missing = left_out(workspace)
    if not workspace.alone:
        return missing
    said = f"Only the answers in {workspace.alone} count; what ships of answers does not."
    return [paragraph(said), *missing, *measured(workspace)]


def _counts(found: Findings) -> str:
    published = [claim for claim in found.claims if claim.published and not claim.is_untested]
    others = [claim for claim in found.claims if not claim.published and not claim.is_untested]
    untested = sum(claim.is_untested for claim in found.claims)
    more = f"; of {counted(len(others), 'expectation')} of our own beside them {_standing(others)}" if others else ""
    rest = f"; {counted(untested, 'more claim')} for which there is no data stand at the end" if untested else ""
    return (
        "What two papers found, compute-accuracy frontiers of open reasoning models (arXiv 2512.24776) and inference"
        " scaling laws (arXiv 2408.00724), with what follows from it, and what the answers and runs stored here say:"
        f" of {counted(len(published), 'published claim')} {_standing(published)}{more}{rest}. Intervals are 90 %;"
        " verdicts follow from them by fixed rules, so other data would turn them."
    )


def _standing(claims: Sequence[Claim]) -> str:
    """How many of them stand how."""
    times = {verdict: sum(claim.verdict is verdict for claim in claims) for verdict in Verdict}
    return ", ".join(f"{n} {verdict.value}" for verdict, n in times.items() if n)


def sections(found: Findings, pictures: Mapping[str, Sequence[Any]]) -> Iterator[Any]:
    """The parts of all sections in order; `pictures` are those that stand in a study's."""
    for name, study in found.studies.items():
        yield from section(name, study, pictures.get(name, ()))
    if untested := [claim for claim in found.claims if claim.is_untested]:
        yield heading(UNTESTED)
        rows = [(claim.claim, claim.source, claim.ours) for claim in untested]
        yield to_markdown(table(("claim", "source", "here"), rows))


def made_by(command: str) -> list[str]:
    """The version and the command that makes the report again."""
    return [paragraph(f"Made by advisor {own_version()}; again with"), fenced(command, "sh")]


def section(name: str, study: Study, pictures: Sequence[Any] = ()) -> Iterator[Any]:
    """That of one study, `pictures` after its claims."""
    rendering = RENDERINGS[name]
    yield heading(rendering.title)
    yield paragraph(_sentence(study.basis.data), "Data.")
    yield paragraph(_sentence(study.basis.method), "Method.")
    yield paragraph(_sentence(study.basis.would_change), "What would change it.")
    if tested := [claim for claim in study.claims if not claim.is_untested]:
        yield _claims(tested)
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
