"""Readers of mixtures of experts with softmax attention over keys and values."""

from __future__ import annotations

from advisor.models.attention import Attention, SparseAttention
from advisor.models.config import Config
from advisor.models.dense import DIFFERENCES, Difference, mixers
from advisor.models.layers import FeedForward, Layer, MixtureOfExperts
from advisor.models.parts import (
    Reader,
    attention,
    dense_or_experts,
    experts,
    first_dense,
    full_every,
    gated,
    sharing,
    windows,
)


def _mixtral(c: Config) -> list[Layer]:
    mixture = experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"))
    return [Layer(mixer, mixture, 2 * c.hidden) for mixer in mixers(c, DIFFERENCES["mistral"])]


def _qwen_moe(c: Config) -> list[Layer]:
    """Qwen2-MoE, Qwen3-MoE: sparse every `decoder_sparse_step` layers, dense where `mlp_only_layers` says."""
    shared = c.integer("shared_expert_intermediate_size", default=0)
    mixture = experts(
        c,
        c.integer("num_experts", "num_local_experts"),
        c.integer("moe_intermediate_size"),
        shared=shared,
        shared_gate=bool(shared),
    )
    dense_only = c.numbers("mlp_only_layers") or ()
    step = c.integer("decoder_sparse_step", default=1, least=1)
    sparse = [i not in dense_only and (i + 1) % step == 0 for i in range(c.n_layers)]
    heads = mixers(c, DIFFERENCES["qwen2" if c.family == "qwen2_moe" else "qwen3"])
    return [Layer(mixer, mixture if s else gated(c), 2 * c.hidden) for mixer, s in zip(heads, sparse, strict=True)]


def _glm4_moe(c: Config) -> list[Layer]:
    norms = 2 * c.head_dim if c.flag("use_qk_norm") else 0
    mixer = attention(c, qkv_bias=c.flag("attention_bias"), norms=norms)
    return [Layer(mixer, feed_forward, 2 * c.hidden) for feed_forward in first_dense(c)]


def _gpt_oss(c: Config) -> list[Layer]:
    expert = FeedForward(c.hidden, c.integer("intermediate_size"), bias=True)
    mixture = MixtureOfExperts(
        c.hidden,
        c.integer("num_local_experts"),
        c.integer("num_experts_per_tok", "experts_per_token"),
        expert,
        router_bias=True,
    )
    seen = windows(c, lambda i: "full_attention" if i % 2 else "sliding_attention")
    bias = c.flag("attention_bias", default=True)
    return [
        Layer(attention(c, window=w, qkv_bias=bias, out_bias=bias, norms=c.heads), mixture, 2 * c.hidden) for w in seen
    ]


def _llama4(c: Config) -> list[Layer]:
    """Every fourth layer sees everything, the others their own chunk of `attention_chunk_size`."""
    step = c.integer("interleave_moe_layer_step", least=1)
    expert = c.integer("intermediate_size")
    mixture = experts(c, c.integer("num_local_experts"), expert, shared=expert)
    dense = gated(c, "intermediate_size_mlp")
    chunk = c.integer("attention_chunk_size")
    types = c.layer_types(lambda i: "chunked_attention" if (i + 1) % 4 else "full_attention")
    sparse = c.numbers("moe_layers") or range(step - 1, c.n_layers, step)
    return [
        Layer(
            attention(c, window=chunk if t == "chunked_attention" else None),
            mixture if i in sparse else dense,
            2 * c.hidden,
        )
        for i, t in enumerate(types)
    ]


def _minimax(c: Config) -> list[Layer]:
    norms = (c.heads + c.kv_heads) * c.head_dim
    mixture = experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"))
    return [Layer(attention(c, norms=norms), mixture, 2 * c.hidden)] * c.n_layers


def _ernie4_5_moe(c: Config) -> list[Layer]:
    """The correction of the router's scores is a weight of each expert."""
    n_experts, intermediate = c.integer("moe_num_experts"), c.integer("moe_intermediate_size")
    mixture = MixtureOfExperts(
        c.hidden,
        n_experts,
        c.integer("moe_k"),
        FeedForward(c.hidden, intermediate),
        FeedForward(c.hidden, intermediate * c.integer("moe_num_shared_experts")),
        router_bias=True,
    )
    first, last = c.integer("moe_layer_start_index"), c.integer("moe_layer_end_index", default=c.n_layers - 1)
    step, mixer = c.integer("moe_layer_interval", default=1, least=1), attention(c)
    sparse = [first <= i <= last and (i + 1) % step == 0 for i in range(c.n_layers)]
    return [Layer(mixer, mixture if s else gated(c), 2 * c.hidden) for s in sparse]


def _qk_norm_moe(c: Config) -> list[Layer]:
    """Norms of queries and keys by head, the first layers dense: dots.llm1, Hunyuan 3."""
    mixer = attention(c, norms=2 * c.head_dim)
    intermediate = c.integer("moe_intermediate_size")
    shared = c.integer("n_shared_experts", "num_shared_experts", default=0) * intermediate
    mixture = experts(c, c.integer("n_routed_experts", "num_experts"), intermediate, shared=shared)
    return [Layer(mixer, block, 2 * c.hidden) for block in dense_or_experts(c, mixture)]


def _hunyuan_moe(c: Config) -> list[Layer]:
    """Hunyuan A13B: numbers of experts may be given for each layer, all alike."""

    def alike(*names: str) -> int:
        found = next((c.keys[name] for name in names if c.keys.get(name) is not None), None)
        return int(max(found)) if isinstance(found, list) else c.integer(*names)

    expert = FeedForward(c.hidden, alike("moe_intermediate_size", "intermediate_size"))
    shared = FeedForward(c.hidden, c.integer("intermediate_size") * alike("num_shared_expert"))
    mixture = MixtureOfExperts(c.hidden, c.integer("num_experts"), alike("moe_topk"), expert, shared)
    return sharing(c, [Layer(attention(c, norms=2 * c.head_dim), mixture, 2 * c.hidden)] * c.n_layers)


def _exaone_moe(c: Config) -> list[Layer]:
    intermediate = c.integer("moe_intermediate_size")
    mixture = experts(c, c.integer("num_experts"), intermediate, shared=intermediate * c.integer("num_shared_experts"))
    blocks = dense_or_experts(c, mixture)
    seen = windows(c, full_every(4))
    return [
        Layer(attention(c, window=w, norms=2 * c.head_dim), block, 2 * c.hidden)
        for w, block in zip(seen, blocks, strict=True)
    ]


def _afmoe(c: Config) -> list[Layer]:
    """Arcee Trinity: gated attention, four norms a layer, a correction for each expert."""
    intermediate = c.integer("moe_intermediate_size")
    shared = FeedForward(c.hidden, intermediate * c.integer("num_shared_experts"))
    mixture = MixtureOfExperts(
        c.hidden,
        c.integer("num_experts"),
        c.integer("num_experts_per_tok"),
        FeedForward(c.hidden, intermediate),
        shared,
        router_bias=True,
    )
    n_dense = c.integer("num_dense_layers")
    seen = windows(c, full_every(c.integer("global_attn_every_n_layers", default=4, least=1)))
    return [
        Layer(
            attention(c, window=w, norms=2 * c.head_dim, output_gate=True),
            gated(c) if i < n_dense else mixture,
            4 * c.hidden,
        )
        for i, w in enumerate(seen)
    ]


def _laguna(c: Config) -> list[Layer]:
    """Heads of each layer's own number, each with a gate."""
    shared = c.integer("shared_expert_intermediate_size", default=0)
    mixture = MixtureOfExperts(
        c.hidden,
        c.integer("num_experts"),
        c.integer("num_experts_per_tok"),
        FeedForward(c.hidden, c.integer("moe_intermediate_size")),
        FeedForward(c.hidden, shared) if shared else None,
        router_bias=True,
    )
    blocks = dense_or_experts(c, mixture)
    heads = c.keys.get("num_attention_heads_per_layer") and c.per_layer("num_attention_heads_per_layer")
    by_head = c.keys.get("gating", True) in (True, "per-head")
    layers = []
    for i, (window, block) in enumerate(zip(windows(c, lambda i: "full_attention"), blocks, strict=True)):
        n = int(heads[i]) if heads else c.heads
        gates, norms = (c.hidden * n if by_head else 0), 2 * c.head_dim
        mixer = Attention(c.hidden, n, c.kv_heads, c.head_dim, window, not by_head, other_parameters=norms + gates)
        layers.append(Layer(mixer, block, 2 * c.hidden))
    return layers


def _mimo_v2(c: Config) -> list[Layer]:
    """Windowed layers have KV heads of their own number, and sinks; values are narrower than keys."""
    mixture = experts(c, c.integer("n_routed_experts"), c.integer("moe_intermediate_size"))
    layers = []
    for local, sparse in zip(c.per_layer("hybrid_layer_pattern"), c.per_layer("moe_layer_freq"), strict=True):
        heads = c.integer("swa_num_attention_heads") if local else c.heads
        mixer = Attention(
            c.hidden,
            heads,
            c.integer("swa_num_key_value_heads") if local else c.kv_heads,
            c.integer("swa_head_dim") if local else c.head_dim,
            c.integer("sliding_window") if local else None,
            other_parameters=heads if local and c.flag("add_swa_attention_sink_bias") else 0,
            v_head_dim=c.integer("swa_v_head_dim") if local else c.integer("v_head_dim"),
        )
        layers.append(Layer(mixer, mixture if sparse else gated(c), 2 * c.hidden))
    return layers


def _minimax_m3(c: Config) -> list[Layer]:
    """From the layer on where `sparse_attention_freq` says so, blocks of tokens that an indexer chose.

    Newer configs say the same with keys of their own, `layer_types` and `mlp_layer_types`.
    """
    older = c.section("sparse_attention_config") if c.keys.get("sparse_attention_config") else None
    index = older or c
    shared = c.integer("shared_intermediate_size")
    mixture = experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"), shared=shared)
    index_dim, norms = index.integer("sparse_index_dim", "index_head_dim"), 2 * c.head_dim
    blocks = index.integer("sparse_topk_blocks", "index_topk_blocks")
    chosen = SparseAttention(
        c.hidden,
        c.heads,
        c.kv_heads,
        c.head_dim,
        other_parameters=norms + 2 * index_dim,
        index_heads=index.integer("sparse_num_index_heads", "index_n_heads"),
        index_head_dim=index_dim,
        index_topk=blocks * index.integer("sparse_block_size", "index_block_size"),
    )
    if older:
        indexed = Config({**older.keys, "num_hidden_layers": c.n_layers}, c.where).per_layer("sparse_attention_freq")
        routed = c.per_layer("moe_layer_freq")
    else:
        indexed = [t != "full_attention" for t in c.layer_types(lambda i: "full_attention")]
        routed = [t != "dense" for t in c.per_layer("mlp_layer_types")]
    dense = gated(c, "dense_intermediate_size")
    return [
        Layer(chosen if i else attention(c, norms=norms), mixture if r else dense, 2 * c.hidden)
        for i, r in zip(indexed, routed, strict=True)
    ]


def _bailing_moe(c: Config) -> list[Layer]:
    """Ling and Ring 2.0: norms of queries and keys by head."""
    mixer = attention(c, norms=2 * c.head_dim if c.flag("use_qk_norm") else 0, qkv_bias=c.flag("use_qkv_bias"))
    return [Layer(mixer, block, 2 * c.hidden) for block in first_dense(c, routed="num_experts")]


def _granite_moe(c: Config) -> list[Layer]:
    """Beside the experts a shared one where the config has its width; with windows its heads have sinks."""
    shared = c.integer("shared_intermediate_size", default=0)
    mixture = experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"), shared=shared)
    sinks = c.heads if c.family == "granitemoe_swa" else 0
    seen = windows(c, lambda i: "full_attention")
    return [Layer(attention(c, window=w, norms=sinks), mixture, 2 * c.hidden) for w in seen]


def _phimoe(c: Config) -> list[Layer]:
    """Mixtral's, with biases."""
    mixture = experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"))
    difference = Difference(attends=DIFFERENCES["mistral"].attends)
    return [Layer(mixer, mixture, 4 * c.hidden) for mixer in mixers(c, difference)]


def _dbrx(c: Config) -> list[Layer]:
    """Its config has parts of its own for attention and experts."""
    heads, inner = c.section("attn_config"), c.section("ffn_config")
    mixer = Attention(c.hidden, c.heads, heads.integer("kv_n_heads"), c.head_dim)
    mixture = MixtureOfExperts(
        c.hidden,
        inner.integer("moe_num_experts"),
        inner.integer("moe_top_k"),
        FeedForward(c.hidden, inner.integer("ffn_hidden_size")),
    )
    return [Layer(mixer, mixture, 2 * c.hidden)] * c.n_layers


def _mellum(c: Config) -> list[Layer]:
    mixture = experts(c, c.integer("num_local_experts", "num_experts"), c.integer("moe_intermediate_size"))
    difference = Difference(qk_norm="head")
    blocks = dense_or_experts(c, mixture)
    return [Layer(mixer, b, 2 * c.hidden) for mixer, b in zip(mixers(c, difference), blocks, strict=True)]


def _aria(c: Config) -> list[Layer]:
    width = c.integer("intermediate_size")
    mixture = MixtureOfExperts(
        c.hidden,
        c.integer("moe_num_experts"),
        c.integer("moe_topk"),
        FeedForward(c.hidden, width),
        FeedForward(c.hidden, width * c.integer("moe_num_shared_experts")),
    )
    return [Layer(attention(c), mixture, 2 * c.hidden)] * c.n_layers


def _olmoe(c: Config) -> list[Layer]:
    mixture = experts(c, c.integer("num_experts"), c.integer("intermediate_size"))
    return [Layer(attention(c, norms=(c.heads + c.kv_heads) * c.head_dim), mixture, 2 * c.hidden)] * c.n_layers


def _cohere2_moe(c: Config) -> list[Layer]:
    """Attention and experts side by side after one norm; experts have the width of `intermediate_size`."""
    width = c.integer("intermediate_size")
    shared = c.integer("num_shared_experts", default=0) * width
    mixture = experts(c, c.integer("num_experts"), width, shared=shared)
    n_dense = c.integer("first_k_dense_replace", default=0)
    dense = gated(c, "prefix_dense_intermediate_size") if n_dense else mixture
    seen = windows(c, full_every(c.integer("sliding_window_pattern", default=4, least=1)))
    return [Layer(attention(c, window=w), dense if i < n_dense else mixture, c.hidden) for i, w in enumerate(seen)]


def _solar_open(c: Config) -> list[Layer]:
    return [Layer(attention(c), block, 2 * c.hidden) for block in first_dense(c)]


FAMILIES: dict[str, Reader] = {
    "mixtral": _mixtral,
    "qwen2_moe": _qwen_moe,
    "qwen3_moe": _qwen_moe,
    "qwen3_vl_moe_text": _qwen_moe,
    "qwen3_omni_moe_text": _qwen_moe,
    "glm4_moe": _glm4_moe,
    "glm4v_moe_text": _glm4_moe,
    "gpt_oss": _gpt_oss,
    "llama4": _llama4,
    "llama4_text": _llama4,
    "minimax_m2": _minimax,
    "minimax_m3": _minimax_m3,
    "minimax_m3_vl": _minimax_m3,
    "minimax_m3_vl_text": _minimax_m3,
    "ernie4_5_moe": _ernie4_5_moe,
    "dots1": _qk_norm_moe,
    "hy_v3": _qk_norm_moe,
    **dict.fromkeys(("hunyuan", "hunyuan_v1_moe"), _hunyuan_moe),
    "exaone_moe": _exaone_moe,
    "afmoe": _afmoe,
    "laguna": _laguna,
    "mimo_v2_flash": _mimo_v2,
    "mimo_v2": _mimo_v2,
    "bailing_moe": _bailing_moe,
    **dict.fromkeys(("granitemoe", "granitemoeshared", "granitemoe_swa"), _granite_moe),
    "phimoe": _phimoe,
    "dbrx": _dbrx,
    "mellum": _mellum,
    "aria_text": _aria,
    "olmoe": _olmoe,
    "flex_olmo": _olmoe,
    "cohere2_moe": _cohere2_moe,
    "solar_open": _solar_open,
}
