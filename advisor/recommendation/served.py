"""How the models of a request are served beside their layout: KV cache, drafted tokens, limits of a batch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from advisor.models.spec import ModelSpec
from advisor.performance.demand import CHUNK_TOKENS, Demand, demand
from advisor.performance.speculation import Speculation, speculating

SAME = "same"
"""Layout of engines that prefill: that of those that decode."""


@dataclass(frozen=True, slots=True)
class Served:
    """`speculation` is that of models with a head of multi-token prediction; others draft nothing.

    `max_num_seqs` is what each data-parallel group runs at once, None: as many as are costed; `max_num_batched_tokens`
    the prompt tokens of one step, None: CHUNK_TOKENS; `prefill_parallelism` is the layout of engines that prefill,
    SAME: as those that decode, None: none do.
    """

    kv_precision: str = "bf16"
    speculation: Speculation | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    prefill_parallelism: str | None = None

    def drafted(self, spec: ModelSpec) -> int | None:
        """Tokens that are drafted before each step of a model."""
        return self.speculation.tokens if self.speculation and spec.mtp_layers else None

    def demand(
        self, spec: ModelSpec, precision: str, prompt_tokens: int, generated_tokens: int, *, cached_tokens: int = 0
    ) -> Demand:
        """What requests of these lengths take."""
        lengths = (prompt_tokens, generated_tokens)
        d = demand(spec, precision, *lengths, self.kv_precision, cached_tokens=cached_tokens)
        d = replace(d, chunk_tokens=self.max_num_batched_tokens or CHUNK_TOKENS)
        return speculating(d, self.speculation) if self.speculation and self.drafted(spec) else d


USUALLY = Served()
