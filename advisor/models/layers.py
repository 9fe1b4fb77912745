"""The parts of a decoder layer, each with its parameters, cache and FLOPs.

Conventions: a multiply-add is two FLOPs, so a weight matrix costs 2 FLOPs a weight and token. Norms,
activations, rotary embeddings and the softmax are left out (below 1 % for every shipped model).
`context` is the number of tokens a new token sees, itself included. Elements, not bytes: precision is
the deployment's business. `launches` counts the kernels of one decode step that wait for each other, as
engines run them where no two operations are fused into one; each carries a fixed latency.

Sources: attention and feed-forward, arXiv 2001.08361 §2.1; MLA, arXiv 2405.04434 §2.1; sparse
attention's indexer, DeepSeek-V3.2 report; Mamba-2, arXiv 2405.21060; gated delta rule, arXiv 2412.06464.
"""

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
    """Softmax attention with grouped KV heads, optionally windowed (`window` tokens kept)."""

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    window: int | None = None
    output_gate: bool = False
    keys_as_values: bool = False
    other_parameters: int = 0  # biases, q/k norms, sinks

    launches = 5  # norm, projection in, rotation with cache write, attention, projection out

    @property
    def matmul_parameters(self) -> int:
        q_width = self.heads * self.head_dim
        kv_width = self.kv_heads * self.head_dim
        return self.hidden * (
            q_width * (2 if self.output_gate else 1) + kv_width * (1 if self.keys_as_values else 2) + q_width
        )

    @property
    def parameters(self) -> int:
        return self.matmul_parameters + self.other_parameters

    @property
    def kv_elements_per_token(self) -> int:
        return 2 * self.kv_heads * self.head_dim

    @property
    def kv_replicable_heads(self) -> int:
        """KV heads that tensor parallelism can share out before it has to copy them."""
        return self.kv_heads

    @property
    def state_elements(self) -> int:
        return 0

    @property
    def extra_flops_per_token(self) -> int:
        return 0

    def core_flops(self, first: int, last: int) -> int:
        """Scores and weighted values for the tokens whose contexts run from first to last."""
        return 4 * self.heads * self.head_dim * visible_sum(first, last, self.window)

    def decode_core_flops(self, context: int) -> int:
        return self.core_flops(context, context)


@dataclass(frozen=True, slots=True)
class LatentAttention:
    """Multi-head latent attention (MLA); with `index_heads`, a sparse one that reads `index_topk` tokens."""

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
        out = self.heads * self.v_head_dim * self.hidden
        return q + kv_down + kv_up + out + self._indexer_parameters

    @property
    def _indexer_parameters(self) -> int:
        if not self.index_heads:
            return 0
        q_rank = self.q_lora_rank or self.hidden
        return q_rank * self.index_heads * self.index_head_dim + self.hidden * (self.index_head_dim + self.index_heads)

    @property
    def parameters(self) -> int:
        norms = self.kv_lora_rank + (self.q_lora_rank or 0) + (2 * self.index_head_dim if self.index_heads else 0)
        return self.matmul_parameters + norms

    @property
    def window(self) -> int | None:
        return self.index_topk

    @property
    def kv_elements_per_token(self) -> int:
        return self.kv_lora_rank + self.qk_rope_head_dim + (self.index_head_dim if self.index_heads else 0)

    @property
    def kv_replicable_heads(self) -> int:
        return 1  # the latent is shared by all heads: every tensor-parallel rank holds a copy

    @property
    def state_elements(self) -> int:
        return 0

    @property
    def extra_flops_per_token(self) -> int:
        return 0

    def _indexer_flops(self, first: int, last: int) -> int:
        return 2 * self.index_heads * self.index_head_dim * visible_sum(first, last, None)

    def core_flops(self, first: int, last: int) -> int:
        """Expanded form, as the papers count it: scores over qk_head_dim, values over v_head_dim."""
        per_pair = 2 * self.heads * (self._qk_head_dim + self.v_head_dim)
        return per_pair * visible_sum(first, last, self.index_topk) + self._indexer_flops(first, last)

    def decode_core_flops(self, context: int) -> int:
        """Absorbed form, which engines run in decode: both products over the latent itself."""
        per_pair = 2 * self.heads * (2 * self.kv_lora_rank + self.qk_rope_head_dim)
        return per_pair * visible_sum(context, context, self.index_topk) + self._indexer_flops(context, context)


@dataclass(frozen=True, slots=True)
class Mamba2:
    """State-space mixer: a state of fixed size instead of a KV cache."""

    hidden: int
    heads: int
    head_dim: int
    groups: int
    state: int
    conv_kernel: int
    conv_bias: bool = True
    proj_bias: bool = False

    launches = 7  # norm, projection in, convolution, step sizes, state update, gated norm, projection out

    @property
    def _inner(self) -> int:
        return self.heads * self.head_dim

    @property
    def _conv_width(self) -> int:
        return self._inner + 2 * self.groups * self.state

    @property
    def _in_width(self) -> int:
        return self._inner + self._conv_width + self.heads

    @property
    def matmul_parameters(self) -> int:
        return self.hidden * self._in_width + self._inner * self.hidden

    @property
    def parameters(self) -> int:
        conv = self._conv_width * (self.conv_kernel + int(self.conv_bias))
        biases = (self._in_width + self.hidden) if self.proj_bias else 0
        return self.matmul_parameters + conv + 3 * self.heads + self._inner + biases

    window = None
    kv_elements_per_token = 0
    kv_replicable_heads = 1

    @property
    def state_elements(self) -> int:
        return self._inner * self.state + self._conv_width * (self.conv_kernel - 1)

    @property
    def extra_flops_per_token(self) -> int:
        return 2 * self.conv_kernel * self._conv_width + 6 * self._inner * self.state

    def core_flops(self, first: int, last: int) -> int:
        return 0

    def decode_core_flops(self, context: int) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class GatedDeltaNet:
    """Linear attention by the gated delta rule (Qwen3-Next, Qwen3.5)."""

    hidden: int
    key_heads: int
    key_head_dim: int
    value_heads: int
    value_head_dim: int
    conv_kernel: int

    launches = 8  # norm, two projections in, convolution, gates, state update, gated norm, projection out

    @property
    def _key_width(self) -> int:
        return self.key_heads * self.key_head_dim

    @property
    def _value_width(self) -> int:
        return self.value_heads * self.value_head_dim

    @property
    def _conv_width(self) -> int:
        return 2 * self._key_width + self._value_width

    @property
    def matmul_parameters(self) -> int:
        projections = 2 * self._key_width + 2 * self._value_width + 2 * self.value_heads
        return self.hidden * projections + self._value_width * self.hidden

    @property
    def parameters(self) -> int:
        return self.matmul_parameters + self._conv_width * self.conv_kernel + 2 * self.value_heads + self.value_head_dim

    window = None
    kv_elements_per_token = 0
    kv_replicable_heads = 1

    @property
    def state_elements(self) -> int:
        return self.value_heads * self.key_head_dim * self.value_head_dim + self._conv_width * (self.conv_kernel - 1)

    @property
    def extra_flops_per_token(self) -> int:
        # decay, read, delta update and output read of a key_dim × value_dim state for every value head
        return 2 * self.conv_kernel * self._conv_width + 8 * self.value_heads * self.key_head_dim * self.value_head_dim

    def core_flops(self, first: int, last: int) -> int:
        return 0

    def decode_core_flops(self, context: int) -> int:
        return 0


Mixer = Attention | LatentAttention | Mamba2 | GatedDeltaNet


@dataclass(frozen=True, slots=True)
class FeedForward:
    """Dense feed-forward: three matrices when gated, two when not."""

    hidden: int
    intermediate: int
    gated: bool = True
    bias: bool = False

    launches = 4  # norm, up, activation, down

    @property
    def matmul_parameters(self) -> int:
        return (3 if self.gated else 2) * self.hidden * self.intermediate

    @property
    def parameters(self) -> int:
        widths = (2 if self.gated else 1) * self.intermediate + self.hidden
        return self.matmul_parameters + (widths if self.bias else 0)


@dataclass(frozen=True, slots=True)
class MixtureOfExperts:
    """Routed experts, `experts_per_token` of `n_experts` a token, beside what every token passes."""

    hidden: int
    n_experts: int
    experts_per_token: int
    expert: FeedForward
    shared: FeedForward | None = None
    shared_gate: bool = False
    router_bias: bool = False
    always: tuple[FeedForward, ...] = ()  # dense branch in parallel (Gemma 4)

    @property
    def launches(self) -> int:
        """Norm, router, top-k, two that sort tokens by expert, up, activation, down, sum; those of each shared
        feed-forward without its norm."""
        return 9 + sum(f.launches - 1 for f in self.resident)

    @property
    def router_parameters(self) -> int:
        return self.hidden * self.n_experts

    @property
    def resident(self) -> tuple[FeedForward, ...]:
        """The feed-forwards every token passes."""
        return (self.shared, *self.always) if self.shared else self.always

    @property
    def always_matmul_parameters(self) -> int:
        gate = self.hidden if self.shared_gate else 0
        return self.router_parameters + gate + sum(f.matmul_parameters for f in self.resident)

    @property
    def matmul_parameters(self) -> int:
        """Weights a token is multiplied with: router, shared and its own experts."""
        return self.always_matmul_parameters + self.experts_per_token * self.expert.matmul_parameters

    @property
    def parameters(self) -> int:
        rest = (self.hidden if self.shared_gate else 0) + (self.n_experts if self.router_bias else 0)
        resident = sum(f.parameters for f in self.resident)
        return self.router_parameters + rest + resident + self.n_experts * self.expert.parameters

    @property
    def inactive_parameters(self) -> int:
        return (self.n_experts - self.experts_per_token) * self.expert.parameters


@dataclass(frozen=True, slots=True)
class Layer:
    """One decoder layer, or `count` equal ones; either half may be absent in hybrids."""

    mixer: Mixer | None
    feed_forward: FeedForward | MixtureOfExperts | None
    norm_parameters: int
    count: int = 1
