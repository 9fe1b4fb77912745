"""How the models of a request are served beside their layout: the KV cache's precision, and drafted tokens."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.models.spec import ModelSpec
from advisor.performance.demand import Demand, demand
from advisor.performance.speculation import Speculation, speculating


@dataclass(frozen=True, slots=True)
class Served:
    """`speculation` is that of models with a head of multi-token prediction; others draft nothing."""

    kv_precision: str = "bf16"
    speculation: Speculation | None = None

    def drafted(self, spec: ModelSpec) -> int | None:
        """Tokens that are drafted before each step of a model."""
        return self.speculation.tokens if self.speculation and spec.mtp_layers else None

    def demand(
        self, spec: ModelSpec, precision: str, prompt_tokens: int, generated_tokens: int, *, cached_tokens: int = 0
    ) -> Demand:
        """What requests of these lengths take."""
        lengths = (prompt_tokens, generated_tokens)
        d = demand(spec, precision, *lengths, self.kv_precision, cached_tokens=cached_tokens)
        return speculating(d, self.speculation) if self.speculation and self.drafted(spec) else d


USUALLY = Served()
