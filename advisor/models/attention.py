"""Softmax attention over keys and values: its parameters, cache and FLOPs. Conventions: `layers.py`."""

from __future__ import annotations

from dataclasses import dataclass


def visible_sum(first: int, last: int, cap: int | None) -> int:
    """Σ min(c, cap) over contexts c = first … last (0 when the range is empty).

    >>> visible_sum(1, 4, None), visible_sum(1, 4, 2), visible_sum(3, 4, 2), visible_sum(2, 1, None)
    (10, 7, 4, 0)
    """
    if last < first:
        return 0
    if cap is None or cap >= last:
        return (first + last) * (last - first + 1) // 2
    if cap < first:
        return cap * (last - first + 1)
    return (first + cap) * (cap - first + 1) // 2 + cap * (last - cap)


@dataclass(frozen=True, slots=True)
class Attention:
    """Grouped KV heads, optionally windowed (`window` tokens kept). With `shares_cache` an earlier layer's keys and
    values are read and none are made."""

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    window: int | None = None
    output_gate: bool = False
    keys_as_values: bool = False
    other_parameters: int = 0  # biases, q/k norms, sinks
    v_head_dim: int | None = None  # where it is not head_dim
    shares_cache: bool = False
    q_rank: int | None = None  # of a narrow projection that queries pass first

    @property
    def launches(self) -> int:
        """Norm, projection in, rotation with cache write, attention, projection out."""
        return 5

    @property
    def _value_dim(self) -> int:
        return self.v_head_dim or self.head_dim

    @property
    def _projection_parameters(self) -> int:
        q_width, out_width = self.heads * self.head_dim, self.heads * self._value_dim
        keys = 0 if self.shares_cache else self.kv_heads * self.head_dim
        values = 0 if self.shares_cache or self.keys_as_values else self.kv_heads * self._value_dim
        gate = out_width if self.output_gate else 0
        queries = self.q_rank * (self.hidden + q_width) if self.q_rank else self.hidden * q_width
        return queries + self.hidden * (gate + keys + values + out_width)

    @property
    def matmul_parameters(self) -> int:
        return self._projection_parameters

    @property
    def parameters(self) -> int:
        return self.matmul_parameters + self.other_parameters

    @property
    def _kv_width(self) -> int:
        return self.kv_heads * (self.head_dim + self._value_dim)

    @property
    def kv_elements_per_token(self) -> int:
        return 0 if self.shares_cache else self._kv_width

    @property
    def kv_replicable_heads(self) -> int:
        """KV heads that tensor parallelism can share out before it has to copy them."""
        return self.kv_heads

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        """What tensor parallelism has to split evenly, by name and count."""
        return (("attention heads", self.heads),)

    @property
    def extra_flops_per_token(self) -> int:
        return 0

    def kept_elements(self, context: int) -> int:
        """Cache elements of one sequence of `context` tokens."""
        return self.kv_elements_per_token * min(context, self.window or context)

    def read_elements(self, context: int) -> int:
        """Cache elements that one decode step reads for one sequence."""
        return self._kv_width * min(context, self.window or context)

    def core_flops(self, first: int, last: int) -> int:
        """Scores and weighted values for the tokens whose contexts run from first to last."""
        return 2 * self.heads * (self.head_dim + self._value_dim) * visible_sum(first, last, self.window)

    def decode_core_flops(self, context: int) -> int:
        return self.core_flops(context, context)


@dataclass(frozen=True, slots=True)
class SparseAttention(Attention):
    """Grouped KV heads of which a token reads `index_topk` tokens that an indexer chose; all are kept (MiniMax-M3)."""

    index_heads: int = 0
    index_head_dim: int = 0
    index_topk: int = 0

    @property
    def launches(self) -> int:
        """An indexer adds a projection, scores and top-k."""
        return 8

    @property
    def matmul_parameters(self) -> int:
        indexer = self.hidden * (self.index_heads + 1) * self.index_head_dim
        return self._projection_parameters + indexer

    @property
    def kv_elements_per_token(self) -> int:
        return self._kv_width + self.index_head_dim

    def read_elements(self, context: int) -> int:
        return self._kv_width * min(context, self.index_topk) + self.index_head_dim * context

    def core_flops(self, first: int, last: int) -> int:
        per_pair = 2 * self.heads * (self.head_dim + self._value_dim)
        index = 2 * self.index_heads * self.index_head_dim * visible_sum(first, last, None)
        return per_pair * visible_sum(first, last, self.index_topk) + index
