"""Readers of dense families: how each differs from Llama, as a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from advisor.models.attention import Attention
from advisor.models.config import Config
from advisor.models.layers import FeedForward, Layer, MixtureOfExperts
from advisor.models.parts import Reader, attention, full_every, sharing, windows

Flag = bool | str | tuple[str, bool]
"""What is so, or the key of the config that says it, with its default where that is not false."""
Pattern = Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a family's layers differ from Llama's.

    norms         of the hidden width, in a layer
    norm_weights  of each channel of a norm: 2 with a bias, 0 for none
    qk_norm       norms of queries and keys: one of a "head" for all, or as wide as all heads together ("width")
    attends       which layers see a window, where no `layer_types` says it
    times_hidden  width of the feed-forward where no key says it, in hidden widths
    sinks         one weight a head
    extra         other weights of a layer
    positions     learned positions beside those of the longest context; None: none are learned
    """

    qkv_bias: Flag = "attention_bias"
    out_bias: Flag = "attention_bias"
    mlp_bias: Flag = "mlp_bias"
    gated: Flag = True
    norms: int = 2
    norm_weights: int = 1
    qk_norm: str = ""
    qk_norm_if: Flag = True
    output_gate: bool = False
    attends: Callable[[Config], Pattern] | None = None
    times_hidden: int | None = None
    sinks: bool = False
    extra: int = 0
    head_bias: bool = False
    embedding_norm: bool = False
    positions: int | None = None


LLAMA = Difference()


def is_so(c: Config, flag: Flag) -> bool:
    """What a flag says for a config."""
    if isinstance(flag, bool):
        return flag
    return c.flag(flag) if isinstance(flag, str) else c.flag(*flag)


def dense(c: Config, difference: Difference = LLAMA) -> list[Layer]:
    """Layers of one feed-forward each, as Llama's but for the difference."""
    default = difference.times_hidden and difference.times_hidden * c.hidden
    width = c.integer("intermediate_size", default=default)
    feed_forward = FeedForward(c.hidden, width, is_so(c, difference.gated), is_so(c, difference.mlp_bias))
    norms = difference.norms * difference.norm_weights * c.hidden + difference.extra
    return sharing(c, [Layer(mixer, feed_forward, norms) for mixer in mixers(c, difference)])


def mixers(c: Config, difference: Difference = LLAMA) -> list[Attention]:
    """The attention of each layer."""
    attends = difference.attends(c) if difference.attends else lambda i: "full_attention"
    heads = {"": 0, "head": 2, "width": c.heads + c.kv_heads}[difference.qk_norm]
    own = (heads * c.head_dim if is_so(c, difference.qk_norm_if) else 0) + (c.heads if difference.sinks else 0)
    return [
        attention(
            c,
            window=window,
            qkv_bias=is_so(c, difference.qkv_bias),
            out_bias=is_so(c, difference.out_bias),
            norms=own,
            output_gate=difference.output_gate,
        )
        for window in windows(c, attends)
    ]


def _all_windowed(c: Config) -> Pattern:
    return lambda i: "sliding_attention" if c.optional("sliding_window") else "full_attention"


def _from_layer(c: Config) -> Pattern:
    """Qwen's: windows from `max_window_layers` on, where `use_sliding_window` says so."""
    first = c.integer("max_window_layers", default=0) if c.flag("use_sliding_window") else c.n_layers
    return lambda i: "full_attention" if i < first or not c.optional("sliding_window") else "sliding_attention"


def _every_other(c: Config) -> Pattern:
    return lambda i: "full_attention" if i % 2 else "sliding_attention"


def _full_each(n: int, *keys: str) -> Callable[[Config], Pattern]:
    """Every n-th layer sees everything, n the default of the first of `keys` that is given."""

    def attends(c: Config) -> Pattern:
        return full_every(c.integer(*keys, default=n, least=1) if keys else n)

    return attends


def _full_each_if_windowed(c: Config) -> Pattern:
    """EXAONE 4's, without a window where `sliding_window` is null."""
    return full_every(4) if c.optional("sliding_window") else lambda i: "full_attention"


_MISTRAL = Difference(attends=_all_windowed)
_QWEN2 = Difference(qkv_bias=True, out_bias=False, attends=_from_layer)
_QWEN3 = Difference(qk_norm="head", attends=_from_layer)
_GLM = Difference(qkv_bias=("attention_bias", True), out_bias=False)
_GEMMA2 = Difference(qkv_bias=False, out_bias=False, norms=4, attends=_every_other)
_GEMMA3 = Difference(
    qkv_bias=False,
    out_bias=False,
    norms=4,
    qk_norm="head",
    attends=_full_each(6, "sliding_window_pattern", "_sliding_window_pattern"),
)
_EXAONE4 = Difference(qkv_bias=False, out_bias=False, qk_norm="head", attends=_full_each_if_windowed)
_MUSE = Difference(qkv_bias=False, out_bias=False, norms=4, output_gate=True, attends=_full_each(4))
_UNGATED = Difference(gated=False)
_GPT2 = Difference(
    qkv_bias=True, out_bias=True, mlp_bias=True, gated=False, norm_weights=2, times_hidden=4, positions=0
)

DIFFERENCES: dict[str, Difference] = {
    **dict.fromkeys(("llama", "gemma", "smollm3", "granite", "minicpm", "baichuan", "exaone"), LLAMA),
    "cwm": LLAMA,  # its config lists the layers that see a window
    "granite_swa": Difference(sinks=True),
    **dict.fromkeys(("mistral", "ministral", "ministral3", "phi3", "phi4_multimodal"), _MISTRAL),
    **dict.fromkeys(("qwen2", "qwen2_vl", "qwen2_5_vl", "qwen2_vl_text", "qwen2_5_vl_text", "mimo"), _QWEN2),
    **dict.fromkeys(("qwen3", "qwen3_vl_text"), _QWEN3),
    "gemma2": _GEMMA2,
    "vaultgemma": Difference(qkv_bias=False, out_bias=False, attends=_every_other),
    **dict.fromkeys(("gemma3", "gemma3_text", "shieldgemma2"), _GEMMA3),
    "olmo": Difference(norm_weights=0),
    "olmo2": Difference(qk_norm="width"),
    "olmo3": Difference(qk_norm="width", attends=_full_each(4)),
    "arcee": _UNGATED,
    "helium": Difference(qkv_bias="attention_bias", out_bias=False),
    "hyperclovax": Difference(norms=4),
    "seed_oss": Difference(out_bias="attention_out_bias"),
    "ernie4_5": Difference(qkv_bias="use_bias", out_bias="use_bias", mlp_bias="use_bias"),
    "paddleocr_vl_text": Difference(qkv_bias="use_bias", out_bias="use_bias", mlp_bias="use_bias"),
    **dict.fromkeys(("internlm", "internlm2"), Difference(qkv_bias="bias", out_bias="bias", mlp_bias=False)),
    "chatglm": Difference(qkv_bias="add_qkv_bias", out_bias=False, mlp_bias=False),
    "internlm3": Difference(qkv_bias="qkv_bias", out_bias="bias", mlp_bias="bias"),
    "glm": _GLM,
    "glm4": Difference(qkv_bias=("attention_bias", True), out_bias=False, norms=4),
    "glm4v_text": Difference(qkv_bias=True, out_bias=False, norms=4),
    "glm_ocr_text": Difference(qkv_bias=False, out_bias=False, norms=4),
    **dict.fromkeys(("hunyuan_v1_dense", "hunyuan_vl_text"), Difference(qk_norm="head")),
    **dict.fromkeys(("exaone4", "exaone4_5"), _EXAONE4),
    "apertus": Difference(qk_norm="head", gated=False, extra=2),  # its activation has two weights
    # attention and feed-forward side by side after one norm
    "cohere": Difference(norms=1, qk_norm="width", qk_norm_if="use_qk_norm"),
    "cohere2": Difference(qkv_bias=False, out_bias=False, norms=1, attends=_full_each(4, "sliding_window_pattern")),
    **dict.fromkeys(("muse_glimmer", "muse_glimmer_text"), _MUSE),
    "nemotron": Difference(gated=False, norm_weights=2),
    "jais2": Difference(
        qkv_bias=("attention_bias", True), out_bias=("attention_bias", True), mlp_bias=("mlp_bias", True),
        gated=False, norm_weights=2,
    ),
    "starcoder2": Difference(
        qkv_bias=("use_bias", True), out_bias=("use_bias", True), mlp_bias=("use_bias", True), gated=False,
        norm_weights=2, attends=_all_windowed,
    ),
    "stablelm": Difference(
        qkv_bias="use_qkv_bias", out_bias=False, norm_weights=2, qk_norm="width", qk_norm_if="qk_layernorm"
    ),
    "phi": Difference(
        qkv_bias=True, out_bias=True, mlp_bias=True, gated=False, norms=1, norm_weights=2, times_hidden=4,
        head_bias=True,
    ),
    "gpt_neox": Difference(
        qkv_bias=("attention_bias", True), out_bias=("attention_bias", True), mlp_bias=True, gated=False,
        norm_weights=2,
    ),
    "gpt2": _GPT2,
    "opt": Difference(
        qkv_bias=("enable_bias", True), out_bias=("enable_bias", True), mlp_bias=("enable_bias", True), gated=False,
        norm_weights=2, positions=2,
    ),
    "bloom": Difference(
        qkv_bias=True, out_bias=True, mlp_bias=True, gated=False, norm_weights=2, times_hidden=4, embedding_norm=True
    ),
    "gptj": Difference(
        qkv_bias=False, out_bias=False, mlp_bias=True, gated=False, norms=1, norm_weights=2, times_hidden=4,
        head_bias=True,
    ),
    "gpt_bigcode": _GPT2,
    "mpt": Difference(qkv_bias=False, out_bias=False, mlp_bias=False, gated=False, times_hidden=4),
}  # fmt: skip


def gemma4(c: Config) -> list[Layer]:
    """Every sixth layer sees everything, with heads of its own; the last layers may read an earlier one's cache.

    Inputs of each layer's own (E2B, E4B) pass a gate, a projection back and this layer's share of the projection in:
    as many weights as that many more columns of the feed-forward.
    """
    own = c.integer("hidden_size_per_layer_input", default=0)
    first_shared = c.n_layers - c.integer("num_kv_shared_layers", default=0)
    layers = []
    for i, window in enumerate(windows(c, full_every(6))):
        head_dim = c.head_dim if window else c.integer("global_head_dim", default=512)
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
        block = FeedForward(c.hidden, width + own)
        norms = 4 * c.hidden + 1 + (c.hidden if own else 0)
        if not c.flag("enable_moe_block"):
            layers.append(Layer(mixer, block, norms))
            continue
        expert = FeedForward(c.hidden, c.integer("moe_intermediate_size"))
        mixture = MixtureOfExperts(
            c.hidden, c.integer("num_experts"), c.integer("top_k_experts"), expert, always=(block,)
        )
        layers.append(Layer(mixer, mixture, norms + 4 * c.hidden + c.integer("num_experts")))
    return layers


def _gemma3n(c: Config) -> list[Layer]:
    """Gemma 4's inputs of each layer's own and shared caches; beside attention a narrow pair of projections (LAuReL),
    and `altup_num_inputs` streams, of which a layer computes one and predicts the others (AltUp)."""
    own, streams = c.integer("hidden_size_per_layer_input"), c.integer("altup_num_inputs")
    first_shared = c.n_layers - c.integer("num_kv_shared_layers", default=0)
    narrow = 2 * c.hidden * c.integer("laurel_rank") + c.hidden
    mixing = c.hidden * (streams + 2) + streams**3 + streams**2
    widths = c.integers("intermediate_size")
    layers = []
    for i, window in enumerate(windows(c, full_every(5))):
        shares = i >= first_shared > 0
        mixer = Attention(
            c.hidden,
            c.heads,
            c.kv_heads,
            c.head_dim,
            window,
            other_parameters=(1 if shares else 2) * c.head_dim,
            shares_cache=shares,
        )
        layers.append(Layer(mixer, FeedForward(c.hidden, widths[i] + own), 5 * c.hidden + narrow + mixing))
    return layers


def _falcon(c: Config) -> list[Layer]:
    """Falcon's first code names one key and value head `multi_query`; two norms where attention and feed-forward are
    side by side and each has its own."""
    new, parallel = c.flag("new_decoder_architecture"), c.flag("parallel_attn", default=True)
    kv_heads = c.integer("num_kv_heads", default=c.heads) if new or not c.flag("multi_query", default=True) else 1
    bias = c.flag("bias")
    each = c.head_dim * (c.heads + 2 * kv_heads) + c.hidden if bias else 0
    mixer = Attention(c.hidden, c.heads, kv_heads, c.head_dim, other_parameters=each)
    block = FeedForward(c.hidden, c.integer("ffn_hidden_size", default=4 * c.hidden), gated=False, bias=bias)
    norms = c.integer("num_ln_in_parallel_attn", default=2) if new else 1 if parallel else 2
    return [Layer(mixer, block, 2 * norms * c.hidden)] * c.n_layers


FAMILIES: dict[str, Reader] = {
    **{family: partial(dense, difference=difference) for family, difference in DIFFERENCES.items()},
    "gemma4": gemma4,
    "gemma4_text": gemma4,
    "gemma4_unified": gemma4,
    "gemma4_unified_text": gemma4,
    "gemma3n": _gemma3n,
    "gemma3n_text": _gemma3n,
    "falcon": _falcon,
}
