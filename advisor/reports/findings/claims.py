"""Published findings beside our figures, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from advisor.reports.markdown_text import to_markdown
from advisor.reports.text_tables import table
from advisor.studies.study import Claim


def claims_table(claims: Sequence[Claim]) -> str:
    """One line each: what was published and how well that is known, our figure, and how the two stand to each other."""
    rows = [(claim.claim, claim.source, claim.ours, claim.verdict.value) for claim in claims]
    return to_markdown(table(("published", "source", "here", "verdict"), rows))
