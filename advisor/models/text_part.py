"""The part of a config.json that describes the text decoder, under the names that most configs use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARTS = ("text_config", "llm_config", "language_config", "thinker_config")
"""Where a config of text with images or sound keeps its decoder's."""

NAMES = {
    "hidden_size": ("n_embd", "d_model", "model_dim"),
    "num_hidden_layers": ("n_layer", "n_layers", "num_layers"),
    "num_attention_heads": ("n_head", "n_heads", "num_heads"),
    "num_key_value_heads": ("multi_query_group_num",),
    "head_dim": ("kv_channels",),
    "intermediate_size": ("n_inner", "ffn_dim", "ffn_hidden_size"),
    "vocab_size": ("padded_vocab_size",),
    "max_position_embeddings": ("n_positions", "max_seq_len", "seq_length", "max_position_embedding", "n_ctx"),
}
"""Other names of the usual keys, each read where the usual one is missing."""

# transformers leaves out of a part what is the default of its class
_GEMMA3 = {
    "vocab_size": 262_208, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26,
    "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "max_position_embeddings": 131_072,
    "sliding_window": 4096,
}  # fmt: skip
_SEVEN_BILLION = {
    "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 32_000,
}  # fmt: skip
DEFAULTS: dict[str, dict[str, int]] = {
    "gemma3_text": _GEMMA3,
    "gemma2": {**_GEMMA3, "vocab_size": 256_000, "max_position_embeddings": 8192},
    "gemma": {
        "vocab_size": 256_000, "hidden_size": 3072, "intermediate_size": 24_576, "num_hidden_layers": 28,
        "num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 256, "max_position_embeddings": 8192,
    },
    "llama": {**_SEVEN_BILLION, "intermediate_size": 11_008, "max_position_embeddings": 2048},
    "mistral": {
        **_SEVEN_BILLION, "intermediate_size": 14_336, "num_key_value_heads": 8, "max_position_embeddings": 131_072,
        "sliding_window": 4096,
    },
    "qwen2": {
        **_SEVEN_BILLION, "vocab_size": 151_936, "intermediate_size": 22_016, "max_position_embeddings": 32_768,
    },
}  # fmt: skip


def text_part(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the text decoder, those of the whole config where it has none of its own; `model_type` is its own.

    >>> text_part({"model_type": "llava", "text_config": {"model_type": "llama", "hidden_size": 64}})["hidden_size"]
    64
    """
    part = next((keys[name] for name in PARTS if isinstance(keys.get(name), dict)), None)
    if part is None:
        return _usual_names(keys)
    rest = {name: value for name, value in keys.items() if name not in (*PARTS, "model_type", "quantization_config")}
    own = {name: value for name, value in part.items() if value is not None}
    found = text_part({**DEFAULTS.get(str(part.get("model_type")), {}), **rest, **_usual_names(own)})
    if keys.get("tie_word_embeddings") is not None:  # the whole model's word, since the head is its
        found["tie_word_embeddings"] = keys["tie_word_embeddings"]
    return found


def _usual_names(keys: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(keys)
    for usual, others in NAMES.items():
        if found.get(usual) is None:
            given = next((keys[name] for name in others if keys.get(name) is not None), None)
            found |= {usual: given} if given is not None else {}
    return found
