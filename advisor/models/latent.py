"""Readers of families with latent or compressed attention."""

from __future__ import annotations

from dataclasses import replace

from advisor.models.config import Config
from advisor.models.dense import DIFFERENCES, dense
from advisor.models.latent_attention import CompressedAttention, LatentAttention
from advisor.models.layers import FeedForward, Layer, MixtureOfExperts
from advisor.models.parts import Reader, experts, first_dense, gated


def deepseek(c: Config) -> list[Layer]:
    """DeepSeek V2, V3, R1, V3.2; Kimi K2; GLM-5 and GLM-4.7-Flash; Mistral Small 4: MLA, first layers dense.

    Where `indexer_types` says "shared", a layer attends to what the last indexer before it chose.
    """
    own, shared = latent(c), latent(c, indexed=False)
    types = c.per_layer("indexer_types") if c.keys.get("indexer_types") else ["full"] * c.n_layers
    return [
        Layer(own if t == "full" else shared, block, 2 * c.hidden)
        for t, block in zip(types, first_dense(c), strict=True)
    ]


def latent(c: Config, *, indexed: bool = True, index_pool: int = 1, output_gate: bool = False) -> LatentAttention:
    """MLA by the usual names, without an indexer of its own where `indexed` says so."""
    return LatentAttention(
        c.hidden,
        c.heads,
        c.optional("q_lora_rank"),
        c.integer("kv_lora_rank"),
        c.integer("qk_nope_head_dim"),
        c.integer("qk_rope_head_dim"),
        c.integer("v_head_dim"),
        c.integer("index_n_heads", default=0) if indexed else 0,
        c.integer("index_head_dim", default=0) if indexed else 0,
        c.optional("index_topk"),
        index_pool,
        output_gate,
    )


def hyper_connections(c: Config) -> int:
    """Weights that mix the `hc_mult` residual streams, twice a layer (below 1 % of what a token passes)."""
    streams = c.integer("hc_mult", default=1)
    columns = (2 + streams) * streams
    return 2 * (columns * streams * c.hidden + columns + 3) if streams > 1 else 0


def _deepseek_v4(c: Config) -> list[Layer]:
    """`compress_ratios` of the layers: 0 a window alone, else tokens a compressed vector, few enough for an indexer."""
    intermediate = c.integer("moe_intermediate_size")
    mixture = experts(
        c, c.integer("n_routed_experts"), intermediate, shared=intermediate * c.integer("n_shared_experts")
    )
    norms = 2 * c.hidden + hyper_connections(c)
    return [Layer(_compressed(c, rate), mixture, norms) for rate in _rates(c)]


def _rates(c: Config) -> list[int]:
    """Tokens a compressed vector, of each layer: newer configs name the kinds of layers and the rates of these."""
    if c.keys.get("compress_rates") is None:
        return [int(rate) for rate in c.per_layer("compress_ratios")]
    rates = c.section("compress_rates")
    return [rates.integer(kind, default=0) for kind in c.layer_types(lambda i: "sliding_attention")]


MOST_INDEXED_RATE = 8
"""Layers that compress more than this see every compressed vector."""


def _compressed(c: Config, rate: int) -> CompressedAttention:
    indexed = 0 < rate <= MOST_INDEXED_RATE
    return CompressedAttention(
        c.hidden,
        c.heads,
        c.head_dim,
        c.integer("q_lora_rank"),
        c.integer("o_groups"),
        c.integer("o_lora_rank"),
        c.integer("sliding_window"),
        rate,
        c.integer("index_n_heads") if indexed else 0,
        c.integer("index_head_dim") if indexed else 0,
        c.integer("index_topk") if indexed else None,
    )


def _longcat(c: Config) -> list[Layer]:
    """Each layer is two of attention and a dense feed-forward, experts beside the first.

    Some of the experts that a token is sent to are empty: on average as large a share as they are of all.
    """
    n_experts, empty = c.integer("n_routed_experts"), c.integer("zero_expert_num", default=0)
    dense = FeedForward(c.hidden, c.integer("ffn_hidden_size"))
    mixture = MixtureOfExperts(
        c.hidden,
        n_experts,
        round(c.integer("moe_topk") * n_experts / (n_experts + empty)),
        FeedForward(c.hidden, c.integer("expert_ffn_hidden_size")),
        always=(dense,),
    )
    norms = 2 * c.hidden
    pair = [Layer(latent(c), mixture, norms + c.hidden * empty), Layer(latent(c), dense, norms)]
    return pair * c.integer("num_layers", least=1)


def _mistral3(c: Config) -> list[Layer]:
    """Its text part is Mistral's, Ministral 3's, or with MLA Mistral Small 4's."""
    return deepseek(c) if c.optional("kv_lora_rank") else dense(c, DIFFERENCES["mistral"])


def _latent_dense(c: Config) -> list[Layer]:
    """MLA and one feed-forward a layer: MiniCPM3, Youtu."""
    return [Layer(latent(c), gated(c), 2 * c.hidden)] * c.n_layers


def _normed_after(c: Config) -> list[Layer]:
    """A.X K1: a third norm, after the experts."""
    return [
        replace(layer, norm_parameters=(3 if isinstance(layer.feed_forward, MixtureOfExperts) else 2) * c.hidden)
        for layer in deepseek(c)
    ]


FAMILIES: dict[str, Reader] = {
    "deepseek_v2": deepseek,
    "deepseek_v3": deepseek,
    "deepseek_v32": deepseek,
    "kimi_k2": deepseek,
    "kimi_k25": deepseek,
    "glm_moe_dsa": deepseek,
    "glm4_moe_lite": deepseek,
    "mistral3": _mistral3,
    "mistral4": deepseek,
    "kimi_vl": deepseek,
    "deepseek_vl_v2": deepseek,
    "axk1": _normed_after,
    "minicpm3": _latent_dense,
    "youtu": _latent_dense,
    "deepseek_v4": _deepseek_v4,
    "longcat_flash": _longcat,
}
