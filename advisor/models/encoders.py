"""Encoders of images and sound beside a text decoder: their weights, which memory has to hold.

Counted as transformers of the width, depth and feed-forward that the config names, with the patches' embedding,
positions and the projection into the decoder; the many small differences between them are left out: some per cent of
the encoder, mostly below half a per cent of the model. The time that a picture or a sound takes is not estimated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.models.config import Config

PARTS = ("vision_config", "audio_config", "visual_config")
NAMES = {"vision_config": "images", "visual_config": "images", "audio_config": "sound"}

_WIDTH = ("hidden_size", "embed_dim", "width", "d_model", "vt_hidden_size")
_DEPTH = ("num_hidden_layers", "depth", "layers", "encoder_layers", "num_blocks", "vt_num_hidden_layers")
_INNER = ("intermediate_size", "encoder_ffn_dim", "vt_intermediate_size")
_GATED = {
    "qwen2_5_vl", "qwen2_5_vl_vision", "pixtral", "glm4v", "glm4v_vision", "glm4v_moe", "glm4v_moe_vision",
    "glm_ocr_vision", "gemma4_vision",
}  # fmt: skip
_FIXED = {"mobilenetv5_300m_enc": 300_000_000}
"""Of networks that are no transformers: as their name says."""
CONFORMER = 24
"""Matrices of the width squared in a layer of two feed-forwards, attention and a convolution (arXiv 2005.08100)."""


def encoder_parameters(keys: Mapping[str, Any], hidden: int, where: str) -> int:
    """Weights of all encoders of a config, 0 where it has none that can be counted. Raises AdvisorError."""
    return sum(_encoder(keys, part, hidden, where) for part in PARTS if isinstance(keys.get(part), Mapping))


def encoder_notes(keys: Mapping[str, Any], parameters: int) -> tuple[str, ...]:
    """That a model takes more than text, and what of it is counted."""
    kinds = sorted({NAMES[part] for part in PARTS if isinstance(keys.get(part), Mapping)})
    if not kinds and not parameters:
        return ()
    whose = f"its encoder of {' and '.join(kinds or ['images or sound'])}"
    if not parameters:
        return (f"{whose} could not be counted: memory is that of the text part",)
    return (f"{whose} ({parameters / 1e9:.2g} B weights) is in memory; speed is that of text alone",)


def _encoder(keys: Mapping[str, Any], part: str, hidden: int, where: str) -> int:
    own = keys[part]
    if own.get("architecture") in _FIXED:
        return _FIXED[own["architecture"]]
    c = Config({**own, "model_type": f"{part} of {keys.get('model_type')}"}, where)
    if "conf_num_hidden_layers" in own:
        return c.integer("conf_num_hidden_layers") * CONFORMER * c.integer("hidden_size") ** 2
    width, depth, inner = (_first(c, names) for names in (_WIDTH, _DEPTH, _INNER))
    if not width or not depth:
        return 0
    qwen2 = keys.get("model_type") == "qwen2_vl"  # its `hidden_size` is that of the decoder
    width = c.integer("embed_dim") if qwen2 and c.optional("embed_dim") else width
    ratio = own.get("mlp_ratio")
    if str(keys.get("model_type")).startswith("glm4"):  # its `intermediate_size` is that of the projection
        inner = c.integer("out_hidden_size", default=inner)
    inner = inner or round(width * (ratio if isinstance(ratio, int | float) and 0 < ratio < 100 else 4))
    matrices = 3 if own.get("model_type") in _GATED or keys.get("model_type") in _GATED else 2
    layer = 4 * width**2 + matrices * width * inner + 9 * width + inner
    return depth * layer + _patches(c, width) + _projection(c, width, hidden)


def _first(c: Config, names: tuple[str, ...]) -> int:
    """The first of the names whose value is a number at all; 0 for none."""
    name = next((name for name in names if type(c.keys.get(name)) is int), None)
    return c.integer(name) if name else 0


def _patches(c: Config, width: int) -> int:
    """Patches' embedding and a position for each."""
    patch = _first(c, ("patch_size",)) or 14
    image = _first(c, ("image_size",))
    time = c.integer("temporal_patch_size", default=1) if type(c.keys.get("temporal_patch_size")) is int else 1
    positions = _first(c, ("num_position_embeddings",)) or (image // patch) ** 2
    return width * (3 * patch**2 * time + positions)


def _projection(c: Config, width: int, hidden: int) -> int:
    """Two matrices into the decoder, over `spatial_merge_size` patches squared; as many again for each deep layer."""
    merged = width * (_first(c, ("spatial_merge_size",)) or 1) ** 2
    inner = merged if merged > width else hidden
    deep = c.keys.get("deepstack_visual_indexes")
    times = 1 + (len(deep) if isinstance(deep, list) else 0)
    return times * (merged * inner + inner * (_first(c, ("out_hidden_size",)) or hidden))
