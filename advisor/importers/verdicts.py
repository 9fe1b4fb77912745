"""Which of an evaluation's metrics says whether an answer is right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from advisor.errors import AdvisorError, unknown

EXACT = (
    "exact_match",
    "exactmatch",
    "em",
    "extractive_match",
    "match",
    "exact",
    "answer",
    "choice",
    "pattern",
    "math",
    "math_verify",
    "verify",
    "expression_equivalence",
    "expr_gold_metric",
    "latex_gold_metric",
    "acc",
    "accuracy",
    "avg",
    "pass",
    "includes",
)
"""Metrics that compare an answer with the right one, by the first words of their names, the strictest first."""
PARTIAL = re.compile(r"(?:f1|bleu|chrf|ter|rouge|bert|bleurt|meteor|perplexity|likelihood|logprob|maj)", re.IGNORECASE)
"""Metrics of how close a text is, of how likely it was, or of a vote: even where all their values are 0 or 1."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a metric says of one answer: whether it is right, None for a partial score, and the answer it read."""

    right: bool | None
    answer: str | None = None


def of_score(value: object) -> bool | None:
    """Right or wrong as a number or a truth; None for anything between or else.

    >>> of_score(1.0), of_score(False), of_score(0.22), of_score("A")
    (True, False, None, None)
    """
    return bool(value) if isinstance(value, (bool, int, float)) and value in (0, 1) else None


def choose(
    judged: Sequence[dict[str, Verdict]], order: Sequence[str], metric: str | None, where: str
) -> tuple[str, str]:
    """The metric that decides, and words for the others that could: `metric` where given, else the strictest.

    It judges every answer, right or wrong. Raises AdvisorError where none does, or `metric` does not.
    """
    names = list(dict.fromkeys([*order, *(name for verdicts in judged for name in verdicts)]))
    full = [n for n in names if all(n in each and each[n].right is not None for each in judged)]
    if metric is not None and metric not in names:
        raise unknown("metric", metric, names, where=where)
    if metric is not None and metric not in full:
        raise AdvisorError(f"{metric} gives partial scores, or none", where=where, hint="an answer is right or wrong")
    usable = [name for name in full if not PARTIAL.match(name)] if metric is None else [metric]
    if not usable:
        what = f"has no verdict of right or wrong for every answer ({', '.join(names) or 'no metric'})"
        hint = "partial scores and votes are not imported; give another metric with --metric where the log has one"
        raise AdvisorError(what, where=where, hint=hint)
    best = min(usable, key=_strictness)
    others = [name for name in names if name != best]
    return best, f" (not by {', '.join(others)}: --metric)" if others else ""


def _strictness(name: str) -> int:
    words = re.split(r"[^a-z0-9_]", name.lower())[0]
    return next((i for i, exact in enumerate(EXACT) if words == exact or words.startswith(f"{exact}_")), len(EXACT))
