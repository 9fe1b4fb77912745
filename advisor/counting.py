"""Models of no known family, counted by building them with `transformers` where no weight takes memory.

Nothing is downloaded, and code that lies beside weights is never run. The result is a config of the family `counted`
(`models/counted.py`), which is read like any other and needs `transformers` no more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from advisor.errors import AdvisorError, MissingAbility, install
from advisor.models.config import MOST, SHOWN
from advisor.models.counted import FAMILY
from advisor.printable import shortened

EXPERTS_PER_TOKEN = ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "top_k_experts", "moe_top_k")
NEEDED = ("num_attention_heads", "hidden_size", "vocab_size")
NO_SHAPE = ("quantization_config", "auto_map", "torch_dtype", "dtype", "architectures")
"""Keys that make other modules of the same weights, or none."""
NOT_SIZES = ("_token_id", "_token_index", "_feature_layer", "_select_layer")
"""Keys that count from the end, or what is no size."""
MOST_LAYERS = 1000
"""Modules take memory, even where their weights take none."""


def counted(keys: Mapping[str, Any], family: str, where: str) -> dict[str, Any]:
    """The keys of the family `counted` for a config of an architecture that no reader here knows.

    Raises MissingAbility without `transformers`; AdvisorError where that does not know the architecture either or
    cannot build it, or where it is no decoder with attention.
    """
    _check_sizes(keys, where)
    model, library = _built(keys, family, where)
    text = model.config.get_text_config()
    decoder = model.get_decoder() if hasattr(model, "get_decoder") else model
    layers = _layers(decoder, getattr(text, "num_hidden_layers", None))
    if not layers or not all(getattr(text, name, None) for name in NEEDED):
        what = f"{_named(family)} is no stack of layers with attention, which alone are counted so"
        raise AdvisorError(what, where=where)
    kept = {name: keys[name] for name in ("quantization_config",) if name in keys}
    origin = {"model_type": FAMILY, "counted_as": family, "counted_with": library}
    return kept | origin | _shape(text, len(layers)) | _parts(model, decoder) | _by_layer(layers, text, where)


def _shape(text: Any, n_layers: int) -> dict[str, Any]:
    """Dimensions of the decoder, and its windows where the config lists them."""
    heads = _largest(text.num_attention_heads)
    windowed = isinstance(getattr(text, "layer_types", None), list) and getattr(text, "sliding_window", None)
    return {
        "hidden_size": text.hidden_size,
        "num_hidden_layers": n_layers,
        "num_attention_heads": heads,
        "num_key_value_heads": _largest(getattr(text, "num_key_value_heads", None) or heads),
        "head_dim": _largest(getattr(text, "head_dim", None) or text.hidden_size // heads),
        "vocab_size": text.vocab_size,
        "max_position_embeddings": getattr(text, "max_position_embeddings", None),
        **({"layer_types": list(text.layer_types), "sliding_window": text.sliding_window} if windowed else {}),
    }


def _parts(model: Any, decoder: Any) -> dict[str, Any]:
    """Weights of the decoder with its head, and of all beside it."""
    head = model.get_output_embeddings()
    in_decoder = _weights(decoder, *([head] if head else []))
    return {
        "tie_word_embeddings": head is None or head.weight is model.get_input_embeddings().weight,
        "decoder_parameters": in_decoder,
        "encoder_parameters": _weights(model) - in_decoder,
    }


def _by_layer(layers: Sequence[Any], text: Any, where: str) -> dict[str, Any]:
    """Weights of each layer, those of its routed experts among them. Raises AdvisorError."""
    routed = [_experts(layer) for layer in layers]
    n_experts = max(n for _, n in routed)
    found: dict[str, Any] = {"layer_parameters": [_weights(layer) for layer in layers]}
    if not n_experts:
        return found
    experts = {"layer_expert_parameters": [weights for weights, _ in routed], "num_experts": n_experts}
    return found | experts | {"num_experts_per_tok": _taken(text, where)}


def _named(family: str) -> str:
    return f"architecture model_type={shortened(family, SHOWN)!r}"


def _check_sizes(part: Any, where: str) -> None:
    """Raises AdvisorError for a number that no model has, before it is built."""
    for name, value in part.items():
        if isinstance(value, Mapping):
            _check_sizes(value, where)
        most = MOST_LAYERS if re.fullmatch(r"(num_hidden_layers|n_layers?|num_layers|depth)", name) else MOST
        numbers = [each for each in (value if isinstance(value, list) else [value]) if type(each) is int]
        if not all(-1 <= each <= most for each in numbers) and not name.endswith(NOT_SIZES):
            what = f"{name} is {shortened(str(value), SHOWN)}"
            raise AdvisorError(what, where=where, hint=f"it is a whole number of at most {most:,}")


def _built(keys: Mapping[str, Any], family: str, where: str) -> tuple[Any, str]:
    """The model with weights on the meta device, and what built it. Raises AdvisorError."""
    try:
        import torch
        import transformers
    except ImportError:
        hint = f"`{install('models')}` brings transformers, which counts what it knows"
        raise MissingAbility(f"{_named(family)} has no reader here", where=where, hint=hint) from None
    library = f"transformers {transformers.__version__}"
    transformers.logging.set_verbosity_error()
    known = transformers.models.auto.configuration_auto.CONFIG_MAPPING_NAMES
    if family not in known:
        what, hint = f"unknown {_named(family)}, to {library} too", "a newer transformers may know it"
        raise AdvisorError(what, where=where, hint=hint)
    plain = {name: value for name, value in keys.items() if name not in (*NO_SHAPE, "model_type")}
    failure: Exception | None = None
    try:
        config = transformers.AutoConfig.for_model(family, **plain)
        makers = _makers(transformers, config)
    except Exception as error:  # another's code on another's config fails in any way
        failure, makers = error, []
    for maker in makers:
        try:
            with torch.device("meta"):
                model = maker.from_config(config)
            model.tie_weights()
        except Exception as error:  # likewise; what builds the text part alone may still do
            failure = error
        else:
            return model, library
    if failure is None:
        raise AdvisorError(f"{_named(family)} is no decoder of text, which alone are costed", where=where)
    what = f"{library} cannot build it ({type(failure).__name__}: {shortened(str(failure), 200)})"
    raise AdvisorError(what, where=where, hint="the config lacks a key, or has one of another kind")


def _makers(transformers: Any, config: Any) -> list[Any]:
    """What builds a decoder of text, with its encoders first; nothing for models of other kinds."""
    auto = transformers.models.auto.modeling_auto
    masked = config.model_type in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    if config.is_encoder_decoder or (masked and not getattr(config, "is_decoder", False)):
        return []
    makers = (transformers.AutoModelForImageTextToText, transformers.AutoModelForCausalLM)
    return [maker for maker in makers if type(config) in maker._model_mapping]


def _layers(decoder: Any, n_layers: int | None) -> list[Any]:
    """The list of modules that is as long as the model has layers, the largest of them."""
    lists = [
        list(module)
        for module in decoder.modules()
        if type(module).__name__ == "ModuleList" and len(module) == n_layers
    ]
    return max(lists, key=lambda layers: _weights(*layers), default=[])


def _weights(*modules: Any) -> int:
    """Weights of modules, shared ones once."""
    return sum({id(p): p.numel() for module in modules for p in module.parameters()}.values())


def _experts(layer: Any) -> tuple[int, int]:
    """Weights of a layer's routed experts, and how many experts they are."""
    routed, numbers = 0, {0}
    for name, p in layer.named_parameters():
        if "experts." not in name or "shared" in name:
            continue
        routed += p.numel()
        alone = re.search(r"experts\.(\d+)\.", name)
        numbers.add(int(alone[1]) + 1 if alone else p.shape[0])
    return routed, max(numbers)


def _taken(text: Any, where: str) -> int:
    found = next((getattr(text, name) for name in EXPERTS_PER_TOKEN if getattr(text, name, None)), None)
    if found is None:
        what = f"has experts and says by none of {', '.join(EXPERTS_PER_TOKEN)} how many a token takes"
        raise AdvisorError(what, where=where)
    return _largest(found)


def _largest(value: Any) -> int:
    return int(max(value)) if isinstance(value, list | tuple) else int(value)
