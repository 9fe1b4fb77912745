"""Further claims as Markdown."""

from __future__ import annotations

from typing import Any

from advisor.accuracy.estimators import Interval
from advisor.reports.markdown_text import heading, to_markdown
from advisor.reports.text_tables import Table, short_name, table
from advisor.studies.other_claims import OtherClaims

TITLE = "What else is claimed"


def tables(value: OtherClaims) -> list[str]:
    """Its tables as parts of a Markdown page; one only where there is something to say."""
    found = []
    for title, shown in (
        ("Votes that stop when they are settled", _votes(value)),
        ("The shortest answer to a question", _short(value)),
        ("Sizes with the reads of the KV cache counted", _sizes(value)),
    ):
        if shown.rows:
            found += [heading(title, 3), to_markdown(shown)]
    return found


def figure(_: OtherClaims) -> Any | None:
    """Nothing to draw."""
    return None


def _votes(value: OtherClaims) -> Table:
    head = ("task", "model", "questions", "answers", "used", "times fewer (90 %)", "points over the vote of all (90 %)")
    rows = [
        (v.task, short_name(v.model), str(v.n_questions), str(v.n), f"{v.used:.1f}", _times(v.saving), _points(v.gain))
        for v in value.votes
    ]
    return table(head, rows, right=head[2:])


def _short(value: OtherClaims) -> Table:
    head = (
        "task",
        "model",
        "questions",
        "answers",
        "points over the longest (90 %)",
        "over the vote (90 %)",
        "tokens",
        "vote of three over that of all (90 %)",
        "wait for three",
    )
    rows = [
        (
            s.task,
            short_name(s.model),
            str(s.n_questions),
            str(s.n),
            _points(s.over_longest),
            _points(s.over_vote),
            f"{100 * s.tokens:.0f} %",
            _points(s.three_over_vote),
            f"{100 * s.three_wait:.0f} %",
        )
        for s in value.short
    ]
    return table(head, rows, right=head[2:])


def _sizes(value: OtherClaims) -> Table:
    head = ("smaller", "larger", "parameters", "cost")
    rows = [
        (short_name(s.smaller), short_name(s.larger), f"{s.parameter_ratio:.1f} ×", f"{s.cost_ratio:.2f} ×")
        for s in value.sizes
    ]
    return table(head, rows, right=head[2:])


def _times(saving: Interval) -> str:
    return f"{saving.value:.2f} ({saving.low:.2f} – {saving.high:.2f})"


def _points(gain: Interval) -> str:
    return f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} – {100 * gain.high:+.1f})"
