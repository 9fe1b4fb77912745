"""Parts of a layer as most families' configs describe them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from advisor.models.attention import Attention
from advisor.models.config import MOST, Config
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
    """Window of each layer, None where it attends to everything: one as wide as the context is none."""
    types = c.layer_types(default)
    longest = c.integer("max_position_embeddings", default=MOST)
    seen = c.integer("sliding_window") if "sliding_attention" in types else longest
    return [seen if t == "sliding_attention" and 0 < seen < longest else None for t in types]


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


def first_dense(c: Config, *, routed: str = "n_routed_experts") -> list[Block]:
    """Experts in all layers but the first, which are dense."""
    intermediate = c.integer("moe_intermediate_size")
    shared = c.integer("n_shared_experts", "num_shared_experts", default=0) * intermediate
    mixture = experts(c, c.integer(routed), intermediate, shared=shared)
    return dense_or_experts(c, mixture)


def dense_or_experts(c: Config, mixture: MixtureOfExperts) -> list[Block]:
    """By `mlp_layer_types`, else by `first_k_dense_replace`."""
    n_dense = c.integer("first_k_dense_replace", default=0)
    types = ["dense" if i < n_dense else "sparse" for i in range(c.n_layers)]
    types = c.per_layer("mlp_layer_types") if c.keys.get("mlp_layer_types") else types
    return [gated(c) if t == "dense" else mixture for t in types]


def sharing(c: Config, layers: list[Layer]) -> list[Layer]:
    """Cross-layer attention where `use_cla` says so: of `cla_share_factor` layers one alone has keys and values."""
    if not c.flag("use_cla"):
        return layers
    factor = c.integer("cla_share_factor", default=2, least=1)
    return [
        replace(layer, mixer=replace(layer.mixer, shares_cache=i % factor > 0))
        if isinstance(layer.mixer, Attention)
        else layer
        for i, layer in enumerate(layers)
    ]


Block = FeedForward | MixtureOfExperts
