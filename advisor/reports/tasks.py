"""The question in words of a table: accuracy on one task or the mean of several, and whose lengths count."""

from __future__ import annotations

from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.own_lengths import PROMPT_ASSUMED, Lengths
from advisor.reports.words import interval_text, with_setup
from advisor.units import percent


def accuracy_rows(c: Candidate) -> list[list[str]]:
    """The accuracy with its interval and origin; of several tasks their mean, then each with its weight."""
    if not c.by_task:
        beside = f"{percent(c.observed_accuracy)} {c.provenance.accuracy}; believed beside all other models"
        return [[f"accuracy on {c.task}", interval_text(c.accuracy), beside]]
    mean = [f"accuracy, mean of {len(c.by_task)} tasks", interval_text(c.accuracy), "weighted, tasks independent"]
    each = [
        [f"{t.task}, weight {t.weight:.3g}", interval_text(t.accuracy), with_setup(t.source, t.setup)]
        for t in c.by_task
    ]
    return [mean, *each]


def tokens_origin(c: Candidate, lengths: Lengths) -> str:
    """Where the tokens of a question come from."""
    spread = f" (within a factor {c.tokens_spread:.2f})" if c.tokens_spread > 1 else ""
    given = f"{' and '.join(lengths.texts)}, as given" if lengths.texts else f"{c.provenance.tokens}{spread}"
    return origin_text(given, c.provenance.prompt)


def origin_text(tokens: str, prompt: Provenance) -> str:
    """`measured`, or `measured, prompts assumed to have 200 tokens`."""
    return f"{tokens}, {PROMPT_ASSUMED}" if prompt is Provenance.IMPUTED else tokens
