"""Hugging Face config.json → ModelSpec, one short reader a family.

A reader turns the keys of one architecture into layers; FAMILIES names them by `model_type`. A key that
is needed and absent is an error that names it, never a guess; a default is used only where
`transformers` itself documents that default for the family.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError
from advisor.input_files import read_json
from advisor.models.config import SHOWN, Config
from advisor.models.layers import (
    Attention,
    FeedForward,
    GatedDeltaNet,
    LatentAttention,
    Layer,
    Mamba2,
    Mixer,
    MixtureOfExperts,
)
from advisor.models.spec import ModelSpec
from advisor.printable import is_name, shortened

FORMS = "a model is a config.json in the form of Hugging Face, or its folder"


def _attention(
    c: Config,
    *,
    window: int | None = None,
    qkv_bias: bool = False,
    out_bias: bool = False,
    norms: int = 0,
    output_gate: bool = False,
) -> Attention:
    biases = (c.heads + 2 * c.kv_heads) * c.head_dim * int(qkv_bias) + c.hidden * int(out_bias)
    return Attention(c.hidden, c.heads, c.kv_heads, c.head_dim, window, output_gate, other_parameters=biases + norms)


def _gated(c: Config, *names: str) -> FeedForward:
    return FeedForward(c.hidden, c.integer(*(names or ("intermediate_size",))), gated=True, bias=c.flag("mlp_bias"))


def _sliding(c: Config, default: Callable[[int], str]) -> list[int | None]:
    """Window of each layer, None where it attends to everything."""
    types = c.layer_types(default)
    return [c.integer("sliding_window") if t == "sliding_attention" else None for t in types]


def _llama(c: Config) -> list[Layer]:
    bias = c.flag("attention_bias")
    window = c.optional("sliding_window") if c.family in {"mistral", "mixtral", "phi3"} else None
    window = window if window and window < c.integer("max_position_embeddings") else None
    return [Layer(_attention(c, window=window, qkv_bias=bias, out_bias=bias), _gated(c), 2 * c.hidden)] * c.n_layers


def _qwen2(c: Config) -> list[Layer]:
    return [Layer(_attention(c, qkv_bias=True), _gated(c), 2 * c.hidden)] * c.n_layers


def _qwen3(c: Config) -> list[Layer]:
    bias = c.flag("attention_bias")
    return [
        Layer(_attention(c, qkv_bias=bias, out_bias=bias, norms=2 * c.head_dim), _gated(c), 2 * c.hidden)
    ] * c.n_layers


def _gemma2(c: Config) -> list[Layer]:
    windows = _sliding(c, lambda i: "full_attention" if i % 2 else "sliding_attention")
    return [Layer(_attention(c, window=w), _gated(c), 4 * c.hidden) for w in windows]


def _gemma3(c: Config) -> list[Layer]:
    pattern = c.integer("sliding_window_pattern", "_sliding_window_pattern", default=6, least=1)
    windows = _sliding(c, lambda i: "sliding_attention" if (i + 1) % pattern else "full_attention")
    return [Layer(_attention(c, window=w, norms=2 * c.head_dim), _gated(c), 4 * c.hidden) for w in windows]


def _gemma4(c: Config) -> list[Layer]:
    if c.integer("hidden_size_per_layer_input", default=0) or c.integer("num_kv_shared_layers", default=0):
        raise AdvisorError("per-layer inputs and shared KV layers are not modelled", where=c.where)
    layers = []
    for window in _sliding(c, lambda i: "sliding_attention" if (i + 1) % 6 else "full_attention"):
        head_dim = c.head_dim if window else c.integer("global_head_dim")
        kv_heads = c.kv_heads if window else c.integer("num_global_key_value_heads", default=c.kv_heads)
        shared = not window and c.flag("attention_k_eq_v")
        mixer = Attention(
            c.hidden, c.heads, kv_heads, head_dim, window, keys_as_values=shared, other_parameters=2 * head_dim
        )
        dense = _gated(c)
        if not c.flag("enable_moe_block"):
            layers.append(Layer(mixer, dense, 4 * c.hidden + 1))
            continue
        experts = MixtureOfExperts(
            c.hidden,
            c.integer("num_experts"),
            c.integer("top_k_experts"),
            FeedForward(c.hidden, c.integer("moe_intermediate_size")),
            always=(dense,),
        )
        router_scales = c.hidden + c.integer("num_experts")
        layers.append(Layer(mixer, experts, 7 * c.hidden + router_scales + 1))
    return layers


def _olmo2(c: Config) -> list[Layer]:
    norms = (c.heads + c.kv_heads) * c.head_dim
    bias = c.flag("attention_bias")
    windows = (
        _sliding(c, lambda i: "sliding_attention" if (i + 1) % 4 else "full_attention")
        if c.family == "olmo3"
        else [None] * c.n_layers
    )
    return [
        Layer(_attention(c, window=w, qkv_bias=bias, out_bias=bias, norms=norms), _gated(c), 2 * c.hidden)
        for w in windows
    ]


def _gpt_neox(c: Config) -> list[Layer]:
    bias = c.flag("attention_bias", default=True)
    feed_forward = FeedForward(c.hidden, c.integer("intermediate_size"), gated=False, bias=True)
    return [Layer(_attention(c, qkv_bias=bias, out_bias=bias), feed_forward, 4 * c.hidden)] * c.n_layers


def _mixtral(c: Config) -> list[Layer]:
    experts = _experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"))
    return [Layer(layer.mixer, experts, layer.norm_parameters) for layer in _llama(c)]


def _experts(
    c: Config, n_experts: int, intermediate: int, *, shared: int = 0, shared_gate: bool = False
) -> MixtureOfExperts:
    return MixtureOfExperts(
        c.hidden,
        n_experts,
        c.integer("num_experts_per_tok"),
        FeedForward(c.hidden, intermediate),
        FeedForward(c.hidden, shared) if shared else None,
        shared_gate=shared_gate,
    )


def _qwen_moe(c: Config) -> list[Layer]:
    """Qwen2-MoE, Qwen3-MoE: sparse every `decoder_sparse_step` layers, dense where `mlp_only_layers` says."""
    second = c.family == "qwen2_moe"
    attention = _attention(c, qkv_bias=second or c.flag("attention_bias"), norms=0 if second else 2 * c.head_dim)
    shared = c.integer("shared_expert_intermediate_size", default=0)
    experts = _experts(
        c,
        c.integer("num_experts", "num_local_experts"),
        c.integer("moe_intermediate_size"),
        shared=shared,
        shared_gate=bool(shared),
    )
    dense_only = c.numbers("mlp_only_layers") or ()
    step = c.integer("decoder_sparse_step", default=1, least=1)
    sparse = [i not in dense_only and (i + 1) % step == 0 for i in range(c.n_layers)]
    return [Layer(attention, experts if s else _gated(c), 2 * c.hidden) for s in sparse]


def _qwen_hybrid(c: Config) -> list[Layer]:
    """Qwen3-Next and Qwen3.5: gated delta rule, full attention every fourth layer."""
    linear = GatedDeltaNet(
        c.hidden,
        c.integer("linear_num_key_heads"),
        c.integer("linear_key_head_dim"),
        c.integer("linear_num_value_heads"),
        c.integer("linear_value_head_dim"),
        c.integer("linear_conv_kernel_dim"),
    )
    full = _attention(c, norms=2 * c.head_dim, output_gate=True)
    feed_forward: FeedForward | MixtureOfExperts
    if c.integer("num_experts", default=0):
        shared = c.integer("shared_expert_intermediate_size")
        feed_forward = _experts(
            c, c.integer("num_experts"), c.integer("moe_intermediate_size"), shared=shared, shared_gate=True
        )
    else:
        feed_forward = _gated(c)
    interval = c.integer("full_attention_interval", default=4, least=1)
    types = c.layer_types(lambda i: "linear_attention" if (i + 1) % interval else "full_attention")
    return [Layer(full if t == "full_attention" else linear, feed_forward, 2 * c.hidden) for t in types]


def _deepseek(c: Config) -> list[Layer]:
    """DeepSeek V2, V3, R1, V3.2; Kimi K2; GLM-5 and GLM-4.7-Flash: MLA, first layers dense."""
    mixer = LatentAttention(
        c.hidden,
        c.heads,
        c.optional("q_lora_rank"),
        c.integer("kv_lora_rank"),
        c.integer("qk_nope_head_dim"),
        c.integer("qk_rope_head_dim"),
        c.integer("v_head_dim"),
        c.integer("index_n_heads", default=0),
        c.integer("index_head_dim", default=0),
        c.optional("index_topk"),
    )
    return [Layer(mixer, feed_forward, 2 * c.hidden) for feed_forward in _first_dense(c)]


def _first_dense(c: Config) -> list[FeedForward | MixtureOfExperts]:
    intermediate = c.integer("moe_intermediate_size")
    shared = c.integer("n_shared_experts", default=0) * intermediate
    experts = _experts(c, c.integer("n_routed_experts"), intermediate, shared=shared)
    n_dense = c.integer("first_k_dense_replace", default=0)
    return [_gated(c) if i < n_dense else experts for i in range(c.n_layers)]


def _glm4_moe(c: Config) -> list[Layer]:
    norms = 2 * c.head_dim if c.flag("use_qk_norm") else 0
    mixer = _attention(c, qkv_bias=c.flag("attention_bias"), norms=norms)
    return [Layer(mixer, feed_forward, 2 * c.hidden) for feed_forward in _first_dense(c)]


def _gpt_oss(c: Config) -> list[Layer]:
    expert = FeedForward(c.hidden, c.integer("intermediate_size"), bias=True)
    experts = MixtureOfExperts(
        c.hidden,
        c.integer("num_local_experts"),
        c.integer("num_experts_per_tok", "experts_per_token"),
        expert,
        router_bias=True,
    )
    windows = _sliding(c, lambda i: "full_attention" if i % 2 else "sliding_attention")
    bias = c.flag("attention_bias", default=True)
    return [
        Layer(_attention(c, window=w, qkv_bias=bias, out_bias=bias, norms=c.heads), experts, 2 * c.hidden)
        for w in windows
    ]


def _llama4(c: Config) -> list[Layer]:
    """Every fourth layer sees everything, the others their own chunk of `attention_chunk_size`."""
    step = c.integer("interleave_moe_layer_step", least=1)
    expert = c.integer("intermediate_size")
    experts = _experts(c, c.integer("num_local_experts"), expert, shared=expert)
    dense = _gated(c, "intermediate_size_mlp")
    chunk = c.integer("attention_chunk_size")
    types = c.layer_types(lambda i: "chunked_attention" if (i + 1) % 4 else "full_attention")
    sparse = c.numbers("moe_layers") or range(step - 1, c.n_layers, step)
    return [
        Layer(
            _attention(c, window=chunk if t == "chunked_attention" else None),
            experts if i in sparse else dense,
            2 * c.hidden,
        )
        for i, t in enumerate(types)
    ]


def _minimax(c: Config) -> list[Layer]:
    norms = (c.heads + c.kv_heads) * c.head_dim
    experts = _experts(c, c.integer("num_local_experts"), c.integer("intermediate_size"))
    return [Layer(_attention(c, norms=norms), experts, 2 * c.hidden)] * c.n_layers


def _nemotron_h(c: Config) -> list[Layer]:
    """One mixer or feed-forward a layer, by `hybrid_override_pattern`: M Mamba-2, * attention, - dense, E experts."""
    pattern = str(c.keys.get("hybrid_override_pattern") or "")
    if len(pattern) != c.n_layers:
        raise AdvisorError(f"lacks a 'hybrid_override_pattern' of {c.n_layers} layers", where=c.where)
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
        return _attention(c), None
    if symbol == "-":
        return None, FeedForward(c.hidden, c.integer("intermediate_size"), gated=False)
    if symbol == "E":
        shared = c.integer("moe_shared_expert_intermediate_size") * c.integer("n_shared_experts", default=1)
        return None, MixtureOfExperts(
            c.hidden,
            c.integer("n_routed_experts"),
            c.integer("num_experts_per_tok"),
            FeedForward(c.hidden, c.integer("moe_intermediate_size"), gated=False),
            FeedForward(c.hidden, shared, gated=False),
        )
    raise AdvisorError(
        f"hybrid_override_pattern has the unknown layer {symbol!r}", where=c.where, hint="known: M * - E"
    )


FAMILIES: dict[str, Callable[[Config], list[Layer]]] = {
    "llama": _llama,
    "mistral": _llama,
    "ministral": _llama,
    "phi3": _llama,
    "mimo": _qwen2,
    "qwen2": _qwen2,
    "qwen3": _qwen3,
    "gemma2": _gemma2,
    "gemma3": _gemma3,
    "gemma3_text": _gemma3,
    "gemma4": _gemma4,
    "gemma4_text": _gemma4,
    "olmo2": _olmo2,
    "olmo3": _olmo2,
    "gpt_neox": _gpt_neox,
    "mixtral": _mixtral,
    "qwen2_moe": _qwen_moe,
    "qwen3_moe": _qwen_moe,
    "qwen3_next": _qwen_hybrid,
    "qwen3_5": _qwen_hybrid,
    "qwen3_5_text": _qwen_hybrid,
    "qwen3_5_moe": _qwen_hybrid,
    "qwen3_5_moe_text": _qwen_hybrid,
    "deepseek_v2": _deepseek,
    "deepseek_v3": _deepseek,
    "deepseek_v32": _deepseek,
    "kimi_k2": _deepseek,
    "kimi_k25": _deepseek,
    "glm_moe_dsa": _deepseek,
    "glm4_moe_lite": _deepseek,
    "glm4_moe": _glm4_moe,
    "gpt_oss": _gpt_oss,
    "llama4": _llama4,
    "llama4_text": _llama4,
    "minimax_m2": _minimax,
    "nemotron_h": _nemotron_h,
}

# transformers ties these families' embeddings unless the config says otherwise
_TIED_BY_DEFAULT = {"gemma2", "gemma3", "gemma3_text", "gemma4", "gemma4_text"}


def spec_from_config(keys: dict[str, Any], *, name: str, where: str) -> ModelSpec:
    """A ModelSpec from the keys of a config.json (a multimodal one's `text_config` is used).

    Raises AdvisorError for an unknown architecture or a missing field, naming it.
    """
    family = str(keys.get("model_type") or "")
    if not family:
        raise AdvisorError("lacks the field 'model_type'", where=where, hint=FORMS)
    if family not in FAMILIES:
        raise AdvisorError(
            f"unknown architecture model_type={shortened(family, SHOWN)!r}",
            where=where,
            hint=f"known: {', '.join(FAMILIES)}",
        )
    text = keys.get("text_config")
    flat = {**keys, **text} if isinstance(text, dict) else keys
    c = Config({**flat, "model_type": family}, where)
    layers = FAMILIES[family](c)
    for block in (layer.feed_forward for layer in layers):
        if isinstance(block, MixtureOfExperts) and not 1 <= block.experts_per_token <= block.n_experts:
            raise AdvisorError(f"takes {block.experts_per_token} of {block.n_experts} experts a token", where=where)
    norm = 2 * c.hidden if family == "gpt_neox" else c.hidden
    tied = c.flag("tie_word_embeddings", default=family in _TIED_BY_DEFAULT)
    context = c.integer("max_position_embeddings", least=1)
    return ModelSpec(name, family, c.hidden, c.integer("vocab_size", least=1), tied, _runs(layers), norm, context)


def _runs(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    runs = [(layer, len(list(group))) for layer, group in groupby(layers)]
    return tuple(Layer(layer.mixer, layer.feed_forward, layer.norm_parameters, count) for layer, count in runs)


def read_config(path: Path, *, name: str | None = None) -> ModelSpec:
    """A ModelSpec from a config.json, or from a folder that holds one. Raises AdvisorError."""
    file = path / "config.json" if os.path.isdir(path) else path
    keys = read_json(file, missing="no such config.json", hint=FORMS)
    if not isinstance(keys, dict):
        raise AdvisorError("is not a JSON object", where=str(file), hint=FORMS)
    return spec_from_config(keys, name=name or _name(keys, file), where=str(file))


def _name(keys: dict[str, Any], file: Path) -> str:
    """As the config says it, else the folder's."""
    found = keys.get("_name_or_path")
    return found if isinstance(found, str) and found and is_name(found) else file.parent.resolve().name
