"""Speculative decoding: tokens are drafted one by one, and one step of the model verifies all of them.

A step passes K drafted tokens of each sequence and one more. Where each draft is accepted with probability A if those
before it were, it adds 1 + A + … + A^K tokens to the answer (Leviathan et al. 2023). Drafts come of the model's own
head of multi-token prediction (MTP), one layer like the model's passed K times, or of a smaller model.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from advisor.errors import AdvisorError
from advisor.models.spec import ModelSpec
from advisor.performance.demand import Demand, demand

MOST_TOKENS = 16
"""Drafted tokens of a step that are costed; engines default to one to five."""

DRAFTS_CHECKED = (
    "drafted tokens are checked on 42 loads of DeepSeek-R1 alone, whose acceptance was not published"
    " (docs/validation.md): unvalidated elsewhere"
)


@dataclass(frozen=True, slots=True)
class Speculation:
    """`tokens` drafted a step, each accepted with probability `acceptance` where those before it were.

    `draft` is the model that drafts, in 16 bit on the same GPUs; None: the model's own MTP head.
    """

    tokens: int
    acceptance: float
    draft: ModelSpec | None = None

    @property
    def tokens_per_step(self) -> float:
        """Tokens that a step adds to an answer on average: those that were accepted, and one more."""
        return sum(self.acceptance**i for i in range(self.tokens + 1))

    def __str__(self) -> str:
        by = self.draft.name if self.draft else "the MTP head"
        return f"{self.tokens} tokens drafted by {by}, {self.acceptance:g} accepted"


def checked_speculation(tokens: int | None, acceptance: float | None) -> Speculation | None:
    """From the options; None without them. Raises AdvisorError where one of the two is missing or impossible."""
    if tokens is None and acceptance is None:
        return None
    if tokens is None or acceptance is None:
        given, other = ("--acceptance", "--speculative-tokens")[:: 1 if tokens is None else -1]
        hint = "give both, e.g. --speculative-tokens 3 --acceptance 0.7"
        raise AdvisorError(f"requires {other}", where=given, hint=hint)
    if not 1 <= tokens <= MOST_TOKENS:
        what, hint = f"{tokens} tokens cannot be drafted in a step", f"give a whole number from 1 to {MOST_TOKENS}"
        raise AdvisorError(what, where="--speculative-tokens", hint=hint)
    if not (math.isfinite(acceptance) and 0 <= acceptance <= 1):
        hint = "the chance that a drafted token is accepted, those before it being so: from 0 to 1, e.g. 0.7"
        raise AdvisorError(f"{acceptance:g} is no probability", where="--acceptance", hint=hint)
    return Speculation(tokens, acceptance)


def speculating(d: Demand, s: Speculation) -> Demand:
    """The same requests with drafted tokens."""
    d = replace(d, verified_tokens=s.tokens + 1.0, tokens_per_step=s.tokens_per_step)
    if s.draft is None:
        return _by_mtp(d, s.tokens)
    drafting = demand(s.draft, "bf16", round(float(d.prompt_tokens)), round(float(d.generated_tokens)))
    return _by_model(d, s.tokens, drafting)


def _by_mtp(d: Demand, passes: int) -> Demand:
    """One layer more in memory, whose weights a step reads `passes` times, each time with the LM head's."""
    layers = d.n_layers
    head_bytes = d.head_flops  # two operations and two bytes a weight
    layer_flops = (d.dense_flops + d.expert_flops) / layers + d.decode_core_flops / layers
    body_bytes = (d.resident_weight_bytes - d.expert_weight_bytes - head_bytes) / layers
    return replace(
        d,
        draft_layers=float(passes),
        always_weight_bytes=d.always_weight_bytes
        + passes * ((d.always_weight_bytes - head_bytes) / layers + head_bytes),
        four_bit_weight_bytes=d.four_bit_weight_bytes * (1 + passes / layers),
        resident_weight_bytes=d.resident_weight_bytes + body_bytes + d.expert_weight_bytes / layers,
        head_flops=d.head_flops + passes * (d.head_flops + layer_flops) / d.verified_tokens,
        kv_read_bytes=d.kv_read_bytes * (1 + passes / layers),
        kv_sequence_bytes=d.kv_sequence_bytes * (1 + 1 / layers),
        launches=d.launches * (1 + passes / layers),
        four_bit_launches=d.four_bit_launches * (1 + passes / layers),
    )


def _by_model(d: Demand, passes: int, draft: Demand) -> Demand:
    """A dense model beside it, shared out as it is, which a step passes `passes` times."""
    own = draft.dense_flops + draft.head_flops + draft.decode_core_flops
    return replace(
        d,
        always_weight_bytes=d.always_weight_bytes + passes * draft.always_weight_bytes,
        resident_weight_bytes=d.resident_weight_bytes + draft.resident_weight_bytes,
        head_flops=d.head_flops + passes * own / d.verified_tokens,
        prefill_core_flops=d.prefill_core_flops
        + draft.prefill_core_flops
        + draft.dense_flops * (d.prompt_tokens - d.cached_tokens),
        kv_read_bytes=d.kv_read_bytes + passes * draft.kv_read_bytes,
        kv_sequence_bytes=d.kv_sequence_bytes + draft.kv_sequence_bytes,
        launches=d.launches + passes * draft.launches,
    )
