"""Readers of StepFun's mixtures of experts: Step 3, Step 3.5 and 3.7."""

from __future__ import annotations

from advisor.models.attention import Attention
from advisor.models.config import Config
from advisor.models.layers import FeedForward, Layer, MixtureOfExperts
from advisor.models.parts import Reader, gated, windows


def _step3p5(c: Config) -> list[Layer]:
    """Windowed layers have heads of their own number; each head has a gate. The first layers are dense."""
    width = c.integer("moe_intermediate_size")
    mixture = MixtureOfExperts(
        c.hidden,
        c.integer("n_routed_experts", "moe_num_experts"),
        c.integer("num_experts_per_tok", "moe_top_k"),
        FeedForward(c.hidden, width),
        FeedForward(c.hidden, c.integer("share_expert_dim")),
    )
    other = c.keys.get("attention_other_setting")
    windowed = Config({**c.keys, **(other if isinstance(other, dict) else {})}, c.where)
    local_heads = c.integer("num_sliding_attention_heads", default=windowed.heads, least=1)
    gate = c.flag("use_head_wise_attn_gate", default=True)
    blocks = [mixture if sparse else gated(c) for sparse in _step_sparse(c)]
    layers = []
    seen = windows(c, lambda i: "sliding_attention" if i % 4 else "full_attention")
    for window, block in zip(seen, blocks, strict=True):
        heads, kv_heads = (local_heads, windowed.kv_heads) if window else (c.heads, c.kv_heads)
        own = 2 * c.head_dim + (c.hidden * heads if gate else 0)
        mixer = Attention(c.hidden, heads, kv_heads, c.head_dim, window, other_parameters=own)
        layers.append(Layer(mixer, block, 2 * c.hidden))
    return layers


def _step_sparse(c: Config) -> list[bool]:
    """Which layers have experts: by `mlp_layer_types`, by the older `moe_layers_enum`, else all from the fourth on."""
    if c.keys.get("mlp_layer_types"):
        return [t != "dense" for t in c.per_layer("mlp_layer_types")]
    named = c.keys.get("moe_layers_enum")
    if isinstance(named, str):
        sparse = {int(each) for each in named.split(",") if each.strip().isdecimal()}
    else:
        sparse = set(c.numbers("moe_layers_enum") or range(3, c.n_layers))
    return [i in sparse for i in range(c.n_layers)]


def _step3(c: Config) -> list[Layer]:
    """Multi-matrix factorisation: queries pass a narrow shared projection, keys and values have one head."""
    rank, head_dim = c.integer("share_q_dim"), c.integer("head_dim")
    mixer = Attention(c.hidden, c.heads, 1, head_dim, q_rank=rank, other_parameters=rank)
    mixture = MixtureOfExperts(
        c.hidden,
        c.integer("moe_num_experts"),
        c.integer("moe_top_k"),
        FeedForward(c.hidden, c.integer("moe_intermediate_size")),
        FeedForward(c.hidden, c.integer("share_expert_dim")),
    )
    return [Layer(mixer, mixture if sparse else gated(c), 2 * c.hidden) for sparse in _step_sparse(c)]


FAMILIES: dict[str, Reader] = {"step3p5": _step3p5, "step3_text": _step3}
