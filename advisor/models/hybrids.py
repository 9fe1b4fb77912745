"""Readers of families whose layers are not all alike in kind: recurrent ones beside attention."""

from __future__ import annotations

from advisor.errors import AdvisorError
from advisor.models.config import Config
from advisor.models.latent import hyper_connections, latent
from advisor.models.layers import FeedForward, Layer, Mixer, MixtureOfExperts
from advisor.models.parts import Reader, attention, dense_or_experts, experts, gated
from advisor.models.recurrent import (
    GatedDeltaNet,
    KimiDelta,
    LightningAttention,
    Mamba,
    Mamba2,
    ShortConvolution,
)


def _delta(c: Config) -> GatedDeltaNet:
    return GatedDeltaNet(
        c.hidden,
        c.integer("linear_num_key_heads"),
        c.integer("linear_key_head_dim"),
        c.integer("linear_num_value_heads"),
        c.integer("linear_value_head_dim"),
        c.integer("linear_conv_kernel_dim"),
    )


def _qwen_hybrid(c: Config) -> list[Layer]:
    """Qwen3-Next and Qwen3.5: gated delta rule, full attention every fourth layer."""
    linear = _delta(c)
    full = attention(c, norms=2 * c.head_dim, output_gate=True)
    feed_forward: FeedForward | MixtureOfExperts
    if c.integer("num_experts", default=0):
        shared = c.integer("shared_expert_intermediate_size")
        feed_forward = experts(
            c, c.integer("num_experts"), c.integer("moe_intermediate_size"), shared=shared, shared_gate=True
        )
    else:
        feed_forward = gated(c)
    interval = c.integer("full_attention_interval", default=4, least=1)
    types = c.layer_types(lambda i: "linear_attention" if (i + 1) % interval else "full_attention")
    return [Layer(full if t == "full_attention" else linear, feed_forward, 2 * c.hidden) for t in types]


_BLOCKS = {"mamba": "M", "linear_attention": "M", "attention": "*", "full_attention": "*", "moe": "E", "mlp": "-"}


def _nemotron_h(c: Config) -> list[Layer]:
    """One mixer or feed-forward a layer, by `hybrid_override_pattern`: M Mamba-2, * attention, - dense, E experts.

    Newer configs name the same in `layers_block_type`.
    """
    blocks = c.keys.get("layers_block_type")
    names = [_BLOCKS.get(str(block), str(block)) for block in blocks] if isinstance(blocks, list) else None
    pattern = names or list(str(c.keys.get("hybrid_override_pattern") or ""))
    layers = c.integer("num_hidden_layers", default=len(pattern))
    if not pattern or len(pattern) != layers:
        raise AdvisorError(f"lacks a 'hybrid_override_pattern' of {layers} layers", where=c.where)
    return [Layer(*_nemotron_part(c, symbol), c.hidden) for symbol in pattern]


def _nemotron_part(c: Config, symbol: str) -> tuple[Mixer | None, FeedForward | MixtureOfExperts | None]:
    if symbol == "M":
        return Mamba2(
            c.hidden,
            c.integer("mamba_num_heads"),
            c.integer("mamba_head_dim"),
            c.integer("n_groups"),
            c.integer("ssm_state_size"),
            c.integer("conv_kernel"),
            conv_bias=c.flag("use_conv_bias", default=True),
            proj_bias=c.flag("mamba_proj_bias"),
        ), None
    if symbol == "*":
        return attention(c), None
    if symbol == "-":
        return None, FeedForward(c.hidden, c.integer("intermediate_size"), gated=False)
    if symbol == "E":
        return None, _nemotron_experts(c)
    raise AdvisorError(
        f"hybrid_override_pattern has the unknown layer {symbol!r}", where=c.where, hint="known: M * - E"
    )


def _nemotron_experts(c: Config) -> MixtureOfExperts:
    """With `moe_latent_size` the experts are that narrow; the projections there and back are as a feed-forward."""
    shared = c.integer("moe_shared_expert_intermediate_size") * c.integer("n_shared_experts", default=1)
    latent_size = c.integer("moe_latent_size", default=0)
    return MixtureOfExperts(
        c.hidden,
        c.integer("n_routed_experts"),
        c.integer("num_experts_per_tok"),
        FeedForward(latent_size or c.hidden, c.integer("moe_intermediate_size"), gated=False),
        FeedForward(c.hidden, shared, gated=False),
        always=(FeedForward(c.hidden, latent_size, gated=False),) if latent_size else (),
    )


def _kimi_linear(c: Config) -> list[Layer]:
    """Kimi Linear: three of Kimi delta attention, then MLA. Kimi K3 has gates, narrow experts, attention residuals.

    Newer configs have no part for the first, and name the layers in `layer_types`.
    """
    older = c.section("linear_attn_config") if c.keys.get("layer_types") is None else None
    linear = older or c
    delta = KimiDelta(
        c.hidden,
        linear.integer("num_heads" if older else "linear_num_heads"),
        linear.integer("head_dim" if older else "linear_head_dim"),
        linear.integer("short_conv_kernel_size", "linear_conv_kernel_dim"),
        linear.flag("use_full_rank_gate"),
    )
    full = latent(c, output_gate=c.flag("mla_use_output_gate"))
    attends = (older.numbers("full_attn_layers") if older else None) or frozenset()
    types = c.layer_types(lambda i: "full_attention" if i + 1 in attends else "linear_attention")
    norms = 2 * c.hidden + (4 * c.hidden if c.family == "kimi_k3" and c.optional("attn_res_block_size") else 0)
    return [
        Layer(full if t == "full_attention" else delta, block, norms)
        for t, block in zip(types, dense_or_experts(c, _kimi_experts(c)), strict=True)
    ]


def _kimi_experts(c: Config) -> MixtureOfExperts:
    intermediate, narrow = c.integer("moe_intermediate_size"), c.integer("routed_expert_hidden_size", default=0)
    return MixtureOfExperts(
        c.hidden,
        c.integer("num_experts"),
        c.integer("num_experts_per_token", "num_experts_per_tok"),
        FeedForward(narrow or c.hidden, intermediate),
        FeedForward(c.hidden, intermediate * c.integer("num_shared_experts")),
        always=(FeedForward(c.hidden, narrow, gated=False),) if narrow else (),
    )


def _glm5_next(c: Config) -> list[Layer]:
    """GLM-5.3-Flash: Kimi delta attention, every fourth layer MLA over what an indexer chose from pooled keys."""
    delta = KimiDelta(
        c.hidden, c.integer("linear_num_heads"), c.integer("linear_head_dim"), c.integer("linear_conv_kernel_dim")
    )
    full = latent(c, index_pool=c.integer("index_kpool", default=1))
    types = c.layer_types(lambda i: "linear_attention" if (i + 1) % 4 else "indexed_attention")
    intermediate = c.integer("moe_intermediate_size")
    shared = intermediate * c.integer("n_shared_experts")
    mixture = experts(c, c.integer("n_routed_experts"), intermediate, shared=shared)
    norms = 2 * c.hidden + hyper_connections(c)
    return [
        Layer(delta if t == "linear_attention" else full, block, norms)
        for t, block in zip(types, dense_or_experts(c, mixture), strict=True)
    ]


def _granite_hybrid(c: Config) -> list[Layer]:
    """Granite 4: Mamba-2 or attention, then experts beside a shared feed-forward, or that one alone."""
    shared = c.integer("shared_intermediate_size")
    block: FeedForward | MixtureOfExperts = FeedForward(c.hidden, shared)
    if n_experts := c.integer("num_local_experts", default=0):
        block = experts(c, n_experts, c.integer("intermediate_size"), shared=shared)
    types = c.layer_types(lambda i: "mamba")
    return [Layer(attention(c) if t in ATTENDING else _mamba2(c), block, 2 * c.hidden) for t in types]


ATTENDING = {"attention", "full_attention"}


def _mamba2(c: Config, *, gated_norm: bool = True) -> Mamba2:
    return Mamba2(
        c.hidden,
        c.integer("mamba_n_heads"),
        c.integer("mamba_d_head"),
        c.integer("mamba_n_groups"),
        c.integer("mamba_d_state"),
        c.integer("mamba_d_conv"),
        conv_bias=c.flag("mamba_conv_bias", default=True),
        proj_bias=c.flag("mamba_proj_bias"),
        gated_norm=gated_norm,
    )


def _falcon_h1(c: Config) -> list[Layer]:
    """Attention and Mamba-2 side by side: counted as a layer of each."""
    mamba = _mamba2(c, gated_norm=c.flag("mamba_rms_norm"))
    return [Layer(attention(c), None, 0), Layer(mamba, gated(c), 2 * c.hidden)] * c.n_layers


def _lfm2(c: Config) -> list[Layer]:
    """Short convolutions, and attention where `layer_types` says so."""
    full, short = attention(c, norms=2 * c.head_dim), ShortConvolution(c.hidden, c.integer("conv_L_cache"))
    types = c.layer_types(lambda i: "conv")
    if c.family == "lfm2":
        return [Layer(full if t in ATTENDING else short, _lfm2_feed_forward(c), 2 * c.hidden) for t in types]
    mixture = experts(c, c.integer("num_experts"), c.integer("moe_intermediate_size"))
    n_dense = c.integer("num_dense_layers")
    return [
        Layer(full if t in ATTENDING else short, gated(c) if i < n_dense else mixture, 2 * c.hidden)
        for i, t in enumerate(types)
    ]


def _lfm2_feed_forward(c: Config) -> FeedForward:
    """Two thirds of the width that the config names, rounded up, where it says so."""
    width = c.integer("block_ff_dim", "intermediate_size")
    if c.flag("block_auto_adjust_ff_dim", default=True):
        multiple = c.integer("block_multiple_of", default=256, least=1)
        width = -(-(2 * width // 3) // multiple) * multiple
    return FeedForward(c.hidden, width)


def _olmo_hybrid(c: Config) -> list[Layer]:
    """OLMo 3's attention every fourth layer, the gated delta rule in between."""
    linear = _delta(c)
    full = attention(c, norms=(c.heads + c.kv_heads) * c.head_dim)
    types = c.layer_types(lambda i: "linear_attention" if (i + 1) % 4 else "full_attention")
    return [Layer(full if t == "full_attention" else linear, gated(c), 2 * c.hidden) for t in types]


def _jamba(c: Config) -> list[Layer]:
    """Mamba, attention and experts each every so many layers."""
    mamba = Mamba(
        c.hidden,
        c.integer("mamba_expand") * c.hidden,
        c.integer("mamba_d_state"),
        c.integer("mamba_d_conv"),
        c.integer("mamba_dt_rank"),
    )
    n_experts = c.integer("num_experts", default=1)
    dense: FeedForward | MixtureOfExperts = gated(c)
    mixture = experts(c, n_experts, c.integer("intermediate_size")) if n_experts > 1 else dense

    def due(i: int, kind: str) -> bool:
        period, offset = c.integer(f"{kind}_layer_period", least=1), c.integer(f"{kind}_layer_offset")
        return i % period == offset

    return [
        Layer(attention(c) if due(i, "attn") else mamba, mixture if due(i, "expert") else dense, 2 * c.hidden)
        for i in range(c.n_layers)
    ]


def _minimax_text(c: Config) -> list[Layer]:
    """MiniMax-Text-01 and M1: seven of lightning attention, then softmax attention."""
    lightning = LightningAttention(c.hidden, c.heads, c.head_dim)
    mixture = experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"))
    kinds = c.per_layer("attn_type_list")
    return [Layer(attention(c) if kind else lightning, mixture, 2 * c.hidden) for kind in kinds]


def _minimax(c: Config) -> list[Layer]:
    """The same in transformers' own form, with `layer_types`."""
    lightning = LightningAttention(c.hidden, c.heads, c.head_dim)
    mixture = experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"))
    types = c.layer_types(lambda i: "linear_attention" if (i + 1) % 2 else "full_attention")
    return [Layer(attention(c) if t in ATTENDING else lightning, mixture, 2 * c.hidden) for t in types]


def _bamba(c: Config) -> list[Layer]:
    """Mamba-2, and attention in the layers of `attn_layer_indices`."""
    attends = c.numbers("attn_layer_indices") or ()
    types = c.layer_types(lambda i: "attention" if i in attends else "mamba")
    return [Layer(attention(c) if t in ATTENDING else _mamba2(c), gated(c), 2 * c.hidden) for t in types]


def _mamba(c: Config) -> list[Layer]:
    mixer = Mamba(
        c.hidden,
        c.integer("intermediate_size", default=c.integer("expand", default=2) * c.hidden),
        c.integer("state_size"),
        c.integer("conv_kernel"),
        c.integer("time_step_rank", default=-(-c.hidden // 16)),
        normed=False,
        conv_bias=c.flag("use_conv_bias", default=True),
        proj_bias=c.flag("use_bias"),
    )
    return [Layer(mixer, None, c.hidden)] * c.n_layers


def _mamba2_alone(c: Config) -> list[Layer]:
    mixer = Mamba2(
        c.hidden,
        c.integer("num_heads"),
        c.integer("head_dim"),
        c.integer("n_groups"),
        c.integer("state_size"),
        c.integer("conv_kernel"),
        conv_bias=c.flag("use_conv_bias", default=True),
        proj_bias=c.flag("use_bias"),
    )
    return [Layer(mixer, None, c.hidden)] * c.n_layers


FAMILIES: dict[str, Reader] = {
    "qwen3_next": _qwen_hybrid,
    "qwen3_5": _qwen_hybrid,
    "qwen3_5_text": _qwen_hybrid,
    "qwen3_5_moe": _qwen_hybrid,
    "qwen3_5_moe_text": _qwen_hybrid,
    "nemotron_h": _nemotron_h,
    "kimi_linear": _kimi_linear,
    "kimi_k3": _kimi_linear,
    "glm5_next": _glm5_next,
    "glm5_next_text": _glm5_next,
    "granitemoehybrid": _granite_hybrid,
    "falcon_h1": _falcon_h1,
    "lfm2": _lfm2,
    "lfm2_moe": _lfm2,
    "olmo_hybrid": _olmo_hybrid,
    "jamba": _jamba,
    "minimax_text_01": _minimax_text,
    "minimax_m1": _minimax_text,
    "minimax": _minimax,
    "bamba": _bamba,
    "mamba": _mamba,
    "falcon_mamba": _mamba,
    "mamba2": _mamba2_alone,
}
