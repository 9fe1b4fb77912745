"""Readers of dense families."""

from __future__ import annotations

from advisor.models.attention import Attention
from advisor.models.config import Config
from advisor.models.layers import FeedForward, Layer, MixtureOfExperts
from advisor.models.parts import Reader, attention, full_every, gated, windows


def llama(c: Config) -> list[Layer]:
    bias = c.flag("attention_bias")
    window = c.optional("sliding_window") if c.family in {"mistral", "mixtral", "phi3"} else None
    window = window if window and window < c.integer("max_position_embeddings") else None
    return [Layer(attention(c, window=window, qkv_bias=bias, out_bias=bias), gated(c), 2 * c.hidden)] * c.n_layers


def _qwen2(c: Config) -> list[Layer]:
    return [Layer(attention(c, qkv_bias=True), gated(c), 2 * c.hidden)] * c.n_layers


def _qwen3(c: Config) -> list[Layer]:
    bias = c.flag("attention_bias")
    return [
        Layer(attention(c, qkv_bias=bias, out_bias=bias, norms=2 * c.head_dim), gated(c), 2 * c.hidden)
    ] * c.n_layers


def _gemma2(c: Config) -> list[Layer]:
    seen = windows(c, lambda i: "full_attention" if i % 2 else "sliding_attention")
    return [Layer(attention(c, window=w), gated(c), 4 * c.hidden) for w in seen]


def _gemma3(c: Config) -> list[Layer]:
    pattern = c.integer("sliding_window_pattern", "_sliding_window_pattern", default=6, least=1)
    seen = windows(c, full_every(pattern))
    return [Layer(attention(c, window=w, norms=2 * c.head_dim), gated(c), 4 * c.hidden) for w in seen]


def _gemma4(c: Config) -> list[Layer]:
    """Every sixth layer sees everything, with heads of its own; the last layers may read an earlier one's cache.

    Inputs of each layer's own (E2B, E4B) pass a gate, a projection back and this layer's share of the projection in:
    as many weights as that many more columns of the feed-forward.
    """
    own = c.integer("hidden_size_per_layer_input", default=0)
    first_shared = c.n_layers - c.integer("num_kv_shared_layers", default=0)
    layers = []
    for i, window in enumerate(windows(c, full_every(6))):
        head_dim = c.head_dim if window else c.integer("global_head_dim")
        kv_heads = c.kv_heads if window else c.integer("num_global_key_value_heads", default=c.kv_heads)
        shares = i >= first_shared > 0
        mixer = Attention(
            c.hidden,
            c.heads,
            kv_heads,
            head_dim,
            window,
            keys_as_values=not window and c.flag("attention_k_eq_v"),
            other_parameters=(1 if shares else 2) * head_dim,
            shares_cache=shares,
        )
        width = c.integer("intermediate_size") * (2 if shares and c.flag("use_double_wide_mlp") else 1)
        dense = FeedForward(c.hidden, width + own)
        norms = 4 * c.hidden + 1 + (c.hidden if own else 0)
        if not c.flag("enable_moe_block"):
            layers.append(Layer(mixer, dense, norms))
            continue
        expert = FeedForward(c.hidden, c.integer("moe_intermediate_size"))
        mixture = MixtureOfExperts(
            c.hidden, c.integer("num_experts"), c.integer("top_k_experts"), expert, always=(dense,)
        )
        layers.append(Layer(mixer, mixture, norms + 4 * c.hidden + c.integer("num_experts")))
    return layers


def _olmo2(c: Config) -> list[Layer]:
    norms = (c.heads + c.kv_heads) * c.head_dim
    bias = c.flag("attention_bias")
    seen = windows(c, full_every(4)) if c.family == "olmo3" else [None] * c.n_layers
    return [
        Layer(attention(c, window=w, qkv_bias=bias, out_bias=bias, norms=norms), gated(c), 2 * c.hidden) for w in seen
    ]


def _gpt_neox(c: Config) -> list[Layer]:
    bias = c.flag("attention_bias", default=True)
    feed_forward = FeedForward(c.hidden, c.integer("intermediate_size"), gated=False, bias=True)
    return [Layer(attention(c, qkv_bias=bias, out_bias=bias), feed_forward, 4 * c.hidden)] * c.n_layers


def _granite(c: Config) -> list[Layer]:
    """Llama with scales, which are no weights; Arcee's feed-forward is not gated."""
    bias = c.flag("attention_bias")
    feed_forward = FeedForward(c.hidden, c.integer("intermediate_size"), c.family != "arcee", c.flag("mlp_bias"))
    return [Layer(attention(c, qkv_bias=bias, out_bias=bias), feed_forward, 2 * c.hidden)] * c.n_layers


def _seed_oss(c: Config) -> list[Layer]:
    mixer = attention(c, qkv_bias=c.flag("attention_bias"), out_bias=c.flag("attention_out_bias"))
    return [Layer(mixer, gated(c), 2 * c.hidden)] * c.n_layers


def _ernie4_5(c: Config) -> list[Layer]:
    bias = c.flag("use_bias")
    feed_forward = FeedForward(c.hidden, c.integer("intermediate_size"), bias=bias)
    return [Layer(attention(c, qkv_bias=bias, out_bias=bias), feed_forward, 2 * c.hidden)] * c.n_layers


def _internlm3(c: Config) -> list[Layer]:
    mixer = attention(c, qkv_bias=c.flag("qkv_bias"), out_bias=c.flag("bias"))
    feed_forward = FeedForward(c.hidden, c.integer("intermediate_size"), bias=c.flag("bias"))
    return [Layer(mixer, feed_forward, 2 * c.hidden)] * c.n_layers


def _glm4(c: Config) -> list[Layer]:
    norms = 4 if c.family == "glm4" else 2
    mixer = attention(c, qkv_bias=c.flag("attention_bias", default=True))
    return [Layer(mixer, gated(c), norms * c.hidden)] * c.n_layers


def _hunyuan(c: Config) -> list[Layer]:
    bias, norms = c.flag("attention_bias"), 2 * c.head_dim
    return [Layer(attention(c, qkv_bias=bias, out_bias=bias, norms=norms), gated(c), 2 * c.hidden)] * c.n_layers


def _exaone4(c: Config) -> list[Layer]:
    """Without a window where `sliding_window` is null."""
    default = full_every(4) if c.optional("sliding_window") else lambda i: "full_attention"
    return [Layer(attention(c, window=w, norms=2 * c.head_dim), gated(c), 2 * c.hidden) for w in windows(c, default)]


def _apertus(c: Config) -> list[Layer]:
    """Its activation has two weights."""
    bias = c.flag("attention_bias")
    mixer = attention(c, qkv_bias=bias, out_bias=bias, norms=2 * c.head_dim)
    feed_forward = FeedForward(c.hidden, c.integer("intermediate_size"), gated=False)
    return [Layer(mixer, feed_forward, 2 * c.hidden + 2)] * c.n_layers


def _cohere2(c: Config) -> list[Layer]:
    """Attention and feed-forward side by side after one norm."""
    pattern = c.integer("sliding_window_pattern", default=4, least=1)
    return [Layer(attention(c, window=w), gated(c), c.hidden) for w in windows(c, full_every(pattern))]


def _muse_glimmer(c: Config) -> list[Layer]:
    seen = windows(c, full_every(4))
    return [Layer(attention(c, window=w, output_gate=True), gated(c), 4 * c.hidden) for w in seen]


FAMILIES: dict[str, Reader] = {
    "llama": llama,
    "mistral": llama,
    "ministral": llama,
    "ministral3": llama,
    "phi3": llama,
    "smollm3": llama,
    "mimo": _qwen2,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "gemma3_text": _gemma3,
    "gemma4": _gemma4,
    "gemma4_text": _gemma4,
    "gemma4_unified": _gemma4,
    "gemma4_unified_text": _gemma4,
    "olmo2": _olmo2,
    "olmo3": _olmo2,
    "gpt_neox": _gpt_neox,
    "granite": _granite,
    "arcee": _granite,
    "seed_oss": _seed_oss,
    "ernie4_5": _ernie4_5,
    "internlm3": _internlm3,
    "glm": _glm4,
    "glm4": _glm4,
    "hunyuan_v1_dense": _hunyuan,
    "exaone4": _exaone4,
    "exaone4_5": _exaone4,
    "apertus": _apertus,
    "cohere2": _cohere2,
    "muse_glimmer": _muse_glimmer,
    "muse_glimmer_text": _muse_glimmer,
}
