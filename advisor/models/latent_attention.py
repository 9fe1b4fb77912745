"""Attention over a compressed cache: its parameters, cache and FLOPs. Conventions: `layers.py`.

Sources: MLA, arXiv 2405.04434 §2.1; sparse attention's indexer, DeepSeek-V3.2 report; compressed attention,
DeepSeek-V4 report §2.3; pooled index keys, GLM-5.3's code in transformers 5.19.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.models.attention import visible_sum


def pooled_sum(first: int, last: int, pool: int, cap: int | None = None) -> int:
    """Σ min(⌊c/pool⌋, cap) over contexts c = first … last.

    >>> pooled_sum(1, 6, 1), pooled_sum(1, 6, 4), pooled_sum(3, 9, 2), pooled_sum(3, 9, 2, 3)
    (21, 3, 19, 17)
    """
    return _pooled(last, pool, cap) - _pooled(first - 1, pool, cap)


def _pooled(last: int, pool: int, cap: int | None) -> int:
    full = last // pool if cap is None else min(last // pool, cap)
    return pool * full * (full - 1) // 2 + full * (last - pool * full + 1)


@dataclass(frozen=True, slots=True)
class LatentAttention:
    """Multi-head latent attention (MLA), with `index_topk` a sparse one that reads so many tokens: those of its own
    indexer, without `index_heads` those that an earlier layer's chose."""

    hidden: int
    heads: int
    q_lora_rank: int | None
    kv_lora_rank: int
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int
    index_heads: int = 0
    index_head_dim: int = 0
    index_topk: int | None = None
    index_pool: int = 1  # tokens that share one key of the indexer
    output_gate: bool = False

    @property
    def launches(self) -> int:
        """Norm, projection down, two norms, projection up, rotation with cache write, keys absorbed, attention, values
        absorbed, projection out; an indexer adds two projections, quantisation, scores and top-k."""
        return 15 if self.index_heads else 10

    @property
    def _qk_head_dim(self) -> int:
        return self.qk_nope_head_dim + self.qk_rope_head_dim

    @property
    def matmul_parameters(self) -> int:
        q_width = self.heads * self._qk_head_dim
        q = self.hidden * q_width if self.q_lora_rank is None else self.q_lora_rank * (self.hidden + q_width)
        kv_down = self.hidden * (self.kv_lora_rank + self.qk_rope_head_dim)
        kv_up = self.kv_lora_rank * self.heads * (self.qk_nope_head_dim + self.v_head_dim)
        out = self.heads * self.v_head_dim * self.hidden * (2 if self.output_gate else 1)
        return q + kv_down + kv_up + out + self._indexer_parameters

    @property
    def _indexer_parameters(self) -> int:
        if not self.index_heads:
            return 0
        q_rank = self.q_lora_rank or self.hidden
        pooling = self.index_head_dim if self.index_pool > 1 else 0
        columns = self.index_head_dim + self.index_heads + pooling
        return q_rank * self.index_heads * self.index_head_dim + self.hidden * columns

    @property
    def parameters(self) -> int:
        norms = self.kv_lora_rank + (self.q_lora_rank or 0) + (2 * self.index_head_dim if self.index_heads else 0)
        positions = self.index_pool * self.index_head_dim if self.index_pool > 1 and self.index_heads else 0
        return self.matmul_parameters + norms + positions

    @property
    def window(self) -> int | None:
        return self.index_topk

    @property
    def kv_elements_per_token(self) -> int:
        index = self.index_head_dim // self.index_pool if self.index_heads else 0
        return self.kv_lora_rank + self.qk_rope_head_dim + index

    @property
    def kv_replicable_heads(self) -> int:
        return 1  # the latent is shared by all heads: every tensor-parallel rank holds a copy

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        """What tensor parallelism has to split evenly, by name and count."""
        return (("attention heads", self.heads),)

    @property
    def extra_flops_per_token(self) -> int:
        return 0

    def kept_elements(self, context: int) -> int:
        """Cache elements of one sequence; sparse attention reads few tokens but keeps all."""
        return self.kv_elements_per_token * context

    def read_elements(self, context: int) -> int:
        """Cache elements that one decode step reads for one sequence: of chosen tokens, and all keys of the indexer."""
        latent = self.kv_lora_rank + self.qk_rope_head_dim
        keys = self.kv_elements_per_token - latent
        return latent * min(context, self.index_topk or context) + keys * context

    def _indexer_flops(self, first: int, last: int) -> int:
        return 2 * self.index_heads * self.index_head_dim * pooled_sum(first, last, self.index_pool)

    def core_flops(self, first: int, last: int) -> int:
        """Expanded form, as the papers count it: scores over qk_head_dim, values over v_head_dim."""
        per_pair = 2 * self.heads * (self._qk_head_dim + self.v_head_dim)
        return per_pair * visible_sum(first, last, self.index_topk) + self._indexer_flops(first, last)

    def decode_core_flops(self, context: int) -> int:
        """Absorbed form, which engines run in decode: both products over the latent itself."""
        per_pair = 2 * self.heads * (2 * self.kv_lora_rank + self.qk_rope_head_dim)
        return per_pair * visible_sum(context, context, self.index_topk) + self._indexer_flops(context, context)


@dataclass(frozen=True, slots=True)
class CompressedAttention:
    """Attention of DeepSeek V4: one vector is key and value of all heads; the last `window` tokens are seen one by
    one, all before as one vector every `rate` tokens (`rate` 0: not at all). With `index_heads` of these the
    `index_topk` that an indexer chose."""

    hidden: int
    heads: int
    head_dim: int
    q_lora_rank: int
    o_groups: int
    o_lora_rank: int
    window: int
    rate: int = 0
    index_heads: int = 0
    index_head_dim: int = 0
    index_topk: int | None = None

    @property
    def launches(self) -> int:
        """Norm, projection down, norm, projection up, rotation with cache write, attention, two projections out; a
        compressor adds a projection and a sum, an indexer those of its own, scores and top-k."""
        return 8 + (2 if self.rate else 0) + (6 if self.index_heads else 0)

    @property
    def _compressed_width(self) -> int:
        """Columns of the compressor; those an indexer chooses among overlap, so it has two sets."""
        return self.head_dim * (2 if self.index_heads else 1) if self.rate else 0

    @property
    def matmul_parameters(self) -> int:
        q_width, out_rank = self.heads * self.head_dim, self.o_groups * self.o_lora_rank
        query = self.q_lora_rank * (self.hidden + q_width)
        out = q_width * self.o_lora_rank + out_rank * self.hidden
        compressor = self.hidden * 2 * self._compressed_width
        index_width = self.index_heads * self.index_head_dim
        indexer = self.q_lora_rank * index_width + self.hidden * (4 * self.index_head_dim + self.index_heads)
        return query + self.hidden * self.head_dim + out + compressor + (indexer if self.index_heads else 0)

    @property
    def parameters(self) -> int:
        norms = self.q_lora_rank + self.head_dim + (self.head_dim if self.rate else 0)
        positions = self.rate * self._compressed_width
        index = (2 * self.rate + 1) * self.index_head_dim if self.index_heads else 0
        return self.matmul_parameters + norms + positions + index + self.heads

    @property
    def kv_elements_per_token(self) -> int:
        """What the cache grows by past the window, a mean; without compression what one token takes."""
        return (self.head_dim + self.index_head_dim) // self.rate if self.rate else self.head_dim

    @property
    def kv_replicable_heads(self) -> int:
        return 1

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        """What tensor parallelism has to split evenly, by name and count."""
        return (("attention heads", self.heads), ("output groups", self.o_groups))

    @property
    def extra_flops_per_token(self) -> int:
        return 0

    def kept_elements(self, context: int) -> int:
        """Cache elements of one sequence of `context` tokens."""
        compressed = context // self.rate if self.rate else 0
        return min(context, self.window) * self.head_dim + compressed * (self.head_dim + self.index_head_dim)

    def read_elements(self, context: int) -> int:
        """Cache elements that one decode step reads for one sequence."""
        compressed = context // self.rate if self.rate else 0
        chosen = min(compressed, self.index_topk or compressed)
        return (min(context, self.window) + chosen) * self.head_dim + compressed * self.index_head_dim

    def core_flops(self, first: int, last: int) -> int:
        """Scores and weighted values, both over head_dim; an indexer scores every compressed vector."""
        seen = visible_sum(first, last, self.window)
        if not self.rate:
            return 4 * self.heads * self.head_dim * seen
        seen += pooled_sum(first, last, self.rate, self.index_topk)
        index = 2 * self.index_heads * self.index_head_dim * pooled_sum(first, last, self.rate)
        return 4 * self.heads * self.head_dim * seen + index

    def decode_core_flops(self, context: int) -> int:
        return self.core_flops(context, context)
