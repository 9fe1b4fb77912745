"""Parts of a layer as most families' configs describe them."""

from __future__ import annotations

from collections.abc import Callable

from advisor.models.attention import Attention
from advisor.models.config import Config
from advisor.models.layers import FeedForward, Layer, MixtureOfExperts

Reader = Callable[[Config], list[Layer]]
"""Turns the keys of one architecture into layers."""


def attention(
    c: Config,
    *,
    window: int | None = None,
    qkv_bias: bool = False,
    out_bias: bool = False,
    norms: int = 0,
    output_gate: bool = False,
) -> Attention:
    """Grouped heads by the usual names."""
    biases = (c.heads + 2 * c.kv_heads) * c.head_dim * int(qkv_bias) + c.hidden * int(out_bias)
    return Attention(c.hidden, c.heads, c.kv_heads, c.head_dim, window, output_gate, other_parameters=biases + norms)


def gated(c: Config, *names: str) -> FeedForward:
    """A gated feed-forward of the width under the first of `names`."""
    return FeedForward(c.hidden, c.integer(*(names or ("intermediate_size",))), gated=True, bias=c.flag("mlp_bias"))


def windows(c: Config, default: Callable[[int], str]) -> list[int | None]:
    """Window of each layer, None where it attends to everything."""
    types = c.layer_types(default)
    return [c.integer("sliding_window") if t == "sliding_attention" else None for t in types]


def full_every(n: int) -> Callable[[int], str]:
    """Every n-th layer attends to everything, the others to a window."""
    return lambda i: "sliding_attention" if (i + 1) % n else "full_attention"


def experts(
    c: Config, n_experts: int, intermediate: int, *, shared: int = 0, shared_gate: bool = False
) -> MixtureOfExperts:
    """Gated experts of one width, with a shared one of the width `shared`."""
    return MixtureOfExperts(
        c.hidden,
        n_experts,
        c.integer("num_experts_per_tok", "num_experts_per_token"),
        FeedForward(c.hidden, intermediate),
        FeedForward(c.hidden, shared) if shared else None,
        shared_gate=shared_gate,
    )


def first_dense(c: Config, *, routed: str = "n_routed_experts", dense: str = "first_k_dense_replace") -> list[Block]:
    """Experts in all layers but the first, which are dense."""
    intermediate = c.integer("moe_intermediate_size")
    shared = c.integer("n_shared_experts", "num_shared_experts", default=0) * intermediate
    mixture = experts(c, c.integer(routed), intermediate, shared=shared)
    n_dense = c.integer(dense, default=0)
    return [gated(c) if i < n_dense else mixture for i in range(c.n_layers)]


def dense_or_experts(c: Config, mixture: MixtureOfExperts, dense: FeedForward) -> list[Block]:
    """By `mlp_layer_types`, else by `first_k_dense_replace`."""
    types = c.keys.get("mlp_layer_types")
    if types:
        return [dense if t == "dense" else mixture for t in c.per_layer("mlp_layer_types")]
    n_dense = c.integer("first_k_dense_replace", default=0)
    return [dense if i < n_dense else mixture for i in range(c.n_layers)]


Block = FeedForward | MixtureOfExperts
