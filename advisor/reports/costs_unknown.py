"""What is not counted, in words: costs that rest on imputed tokens, and models left out for want of a cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.uncosted import LeftOut
from advisor.units import percent

IMPUTED = "‡"
"""Mark of costs with imputed tokens."""
NAMED = 3
"""Models that are named, the most accurate first; of more there is the number."""


def imputed_mark(c: Candidate) -> str:
    """Behind every cost of a candidate whose tokens are imputed."""
    return IMPUTED if c.provenance.tokens is Provenance.IMPUTED else ""


def imputed_legend(shown: Iterable[Candidate]) -> list[str]:
    """What the mark means, where one of the candidates has it."""
    spreads = sorted(c.tokens_spread for c in shown if imputed_mark(c))
    if not spreads:
        return []
    ends = dict.fromkeys(f"{end:.2g}" for end in (spreads[0], spreads[-1]))
    return [f"{IMPUTED} length of the answers imputed, within a factor {' to '.join(ends)}"]


def left_out_text(models: Sequence[LeftOut]) -> str:
    """`org/model (84.0 %): lacks a config, advisor import model FOLDER; …; and 4 more`, one reason after another."""
    shown = [
        f"{each.model} ({percent(each.accuracy)} right): {each.missing} is missing; `{each.command}`"
        for each in models[:NAMED]
    ]
    more = [f"{len(models) - NAMED} more in --json"] if len(models) > NAMED else []
    return " · ".join([*shown, *more])
