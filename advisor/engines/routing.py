"""Which experts a step's tokens took: methods that vLLM gives its workers, who run in processes of their own.

vLLM's own records of routed experts need its GPU runner; the hook they hang on is on every router.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

Steps = dict[int, tuple[int, int]]
"""By the number of tokens in a step: layer passes seen, and distinct experts summed over them."""


class Tally:
    """Counts layer passes and the distinct experts they touched, by the number of tokens."""

    def __init__(self) -> None:
        self.passes: Counter[int] = Counter()
        self.distinct: Counter[int] = Counter()

    def capture(self, layer_id: int, topk_ids: Any) -> None:
        """What vLLM's routers call with the chosen experts, shape (tokens, experts per token)."""
        tokens = int(topk_ids.shape[0])
        self.passes[tokens] += 1
        self.distinct[tokens] += int(topk_ids.unique().numel())


class CountsExperts:
    """vLLM's worker_extension_cls: methods that its workers get beside their own."""

    def count_experts(self) -> None:
        """Begin to count. Raises ValueError where the model has no routers, or kernels that hide them."""
        from vllm.model_executor.layers.fused_moe.routed_experts_capturer import bind_routed_experts_capturer

        self._tally = Tally()
        bind_routed_experts_capturer(self.model_runner.get_model(), self._tally)  # type: ignore[attr-defined]

    def counted_experts(self) -> Steps:
        """What was counted since."""
        return {tokens: (passes, self._tally.distinct[tokens]) for tokens, passes in self._tally.passes.items()}
