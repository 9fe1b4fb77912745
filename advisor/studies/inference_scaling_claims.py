"""What arXiv 2408.00724 and its successors claim, beside what is stored."""

from __future__ import annotations

from advisor.studies.inference_scaling_answers import answer_claims
from advisor.studies.inference_scaling_evidence import Evidence
from advisor.studies.inference_scaling_searches import search_claims
from advisor.studies.inference_scaling_sizes import size_claims
from advisor.studies.study import Claim
from advisor.values import Rows


def claims(found: Evidence) -> Rows[Claim]:
    """Every claim with our figure and its verdict: on sizes, on many answers of one model, and on strategies."""
    return Rows([*size_claims(found), *answer_claims(found), *search_claims(found)], Claim)
