"""Hugging Face config.json → ModelSpec, one short reader a family.

A reader turns the keys of one architecture into layers; FAMILIES names them by `model_type`, and the modules imported
below hold them, `dense.py` as a table. A key that is needed and absent is an error that names it,
never a guess; a default is used only where `transformers` itself documents that default for the family.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from advisor.errors import AdvisorError
from advisor.input_files import read_json
from advisor.models import counted, dense, hybrids, latent, mixtures, searched, stepfun
from advisor.models.config import MOST_WEIGHTS, SHOWN, Config
from advisor.models.encoders import encoder_notes, encoder_parameters
from advisor.models.layers import Layer, MixtureOfExperts
from advisor.models.parts import Reader
from advisor.models.quantization import checkpoint_precision, four_bit_bytes
from advisor.models.spec import ModelSpec
from advisor.models.text_part import text_part
from advisor.printable import is_name, shortened

FORMS = "a model is a config.json in the form of Hugging Face, or its folder"


FAMILIES: dict[str, Reader] = {
    **dense.FAMILIES,
    **mixtures.FAMILIES,
    **latent.FAMILIES,
    **hybrids.FAMILIES,
    **searched.FAMILIES,
    **stepfun.FAMILIES,
    **counted.FAMILIES,
}

# transformers ties these families' embeddings unless the config says otherwise
_TIED_BY_DEFAULT = {
    "gemma", "gemma2", "gemma3", "gemma3_text", "gemma3n", "gemma3n_text", "gemma4", "gemma4_text", "gemma4_unified",
    "gemma4_unified_text", "shieldgemma2", "vaultgemma", "cohere", "cohere2", "cohere2_moe", "ernie4_5",
    "ernie4_5_moe", "lfm2", "lfm2_moe", "smollm3", "starcoder2", "gpt2", "gpt_bigcode", "opt", "bloom", "mpt",
    "falcon", "mamba", "falcon_mamba", "granite_swa",
}  # fmt: skip
_ANY = 1_048_576
_LONGEST = {"mamba": _ANY, "mamba2": _ANY, "falcon_mamba": _ANY, "bloom": 2048, "falcon": 2048}
"""The context of families whose configs name none: a state holds any."""
MTP_LAYERS = ("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules", "mtp_transformer_layers")
"""Keys that say how many layers of multi-token prediction a checkpoint has."""
_BIASED_NORMS = {"falcon", "phimoe"}


def spec_from_config(keys: dict[str, Any], *, name: str, where: str) -> ModelSpec:
    """A ModelSpec from the keys of a config.json (of a multimodal one those of its text part).

    Raises AdvisorError for an unknown architecture or a missing field, naming it.
    """
    text = text_part(keys)
    family = family_of(keys, text, where)
    if family not in FAMILIES:
        raise AdvisorError(
            f"unknown architecture model_type={shortened(family, SHOWN)!r}",
            where=where,
            hint=f"known: {', '.join(family for family in FAMILIES if family != counted.FAMILY)}",
        )
    c = Config({**text, "model_type": family}, where)
    layers = FAMILIES[family](c)
    for block in (layer.feed_forward for layer in layers):
        if isinstance(block, MixtureOfExperts) and not 1 <= block.experts_per_token <= block.n_experts:
            raise AdvisorError(f"takes {block.experts_per_token} of {block.n_experts} experts a token", where=where)
    tied = c.flag("tie_word_embeddings", default=family in _TIED_BY_DEFAULT)
    encoders = c.integer("encoder_parameters", default=encoder_parameters(keys, c.hidden, where), most=MOST_WEIGHTS)
    notes = (counted.note(c),) if family == counted.FAMILY else encoder_notes(keys, encoders)
    return ModelSpec(
        name,
        family,
        c.hidden,
        c.integer("vocab_size", least=1),
        tied,
        _runs(layers),
        _last_norm(c),
        _longest(c),
        _tables(c),
        encoders,
        notes=notes,
        checkpoint_precision=checkpoint_precision(keys),
        mtp_layers=c.integer(*MTP_LAYERS, default=0),
        four_bit_bytes=four_bit_bytes(keys),
    )


def family_of(keys: Mapping[str, Any], text: Mapping[str, Any], where: str) -> str:
    """The `model_type` of a config, of its text part where the whole is not known, else by `architectures`.

    Raises AdvisorError where a config has neither.
    """
    named = [str(part.get("model_type") or "") for part in (keys, text)]
    architectures = keys.get("architectures")
    if not any(named) and isinstance(architectures, list) and architectures:
        by_class = {family.replace("_", "").casefold(): family for family in FAMILIES}
        plain = re.sub("(For[A-Z].*|LMHeadModel|Model)$", "", str(architectures[0]))
        named = [by_class.get(plain.casefold(), plain)]
    if not any(named):
        raise AdvisorError("lacks the field 'model_type'", where=where, hint=FORMS)
    return next((each for each in named if each in FAMILIES), next(filter(None, named)))


def _longest(c: Config) -> int:
    default = _LONGEST.get(c.family)
    return c.integer("max_position_embeddings", "model_max_length", default=default, least=1)


def _last_norm(c: Config) -> int:
    """Weights after the last layer, LM head apart: a norm, and what joins residual streams before it."""
    if c.family == counted.FAMILY:
        return counted.counted_rest(c)
    streams = c.integer("hc_mult", default=1)
    joined = streams * streams * c.hidden + streams + 1 if c.family == "deepseek_v4" else 0
    residuals = 2 * c.hidden if c.optional("attn_res_block_size") else 0
    difference = dense.DIFFERENCES.get(c.family, dense.LLAMA)
    biases = c.integer("vocab_size") if difference.head_bias or c.flag("lm_head_bias") else 0
    weights = 2 if c.family in _BIASED_NORMS else difference.norm_weights
    return weights * c.hidden + joined + residuals + biases


def _tables(c: Config) -> int:
    """Embeddings for each layer (Gemma 3n, 4 E2B and E4B) with the norm of their sum, learned positions, and what is
    done once to the embedding: its norm, or projections of further streams, there and back."""
    difference = dense.DIFFERENCES.get(c.family, dense.LLAMA)
    own = c.integer("hidden_size_per_layer_input", default=0)
    layered = own * (c.n_layers * c.integer("vocab_size_per_layer_input") + 1) if own else 0
    learned = difference.positions is not None
    positions = c.hidden * (_longest(c) + (difference.positions or 0)) if learned else 0
    normed = 2 * c.hidden if difference.embedding_norm else 0
    streams = 2 * (c.integer("altup_num_inputs", default=1, least=1) - 1) * c.hidden**2
    return layered + positions + normed + streams


def _runs(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    runs = [(layer, len(list(group))) for layer, group in groupby(layers)]
    return tuple(Layer(layer.mixer, layer.feed_forward, layer.norm_parameters, count) for layer, count in runs)


Count = Callable[[Mapping[str, Any], str, str], dict[str, Any]]
"""What makes a config of the family `counted` of another's keys, model_type and file."""


def read_config(path: Path, *, name: str | None = None, count: Count | None = None) -> ModelSpec:
    """A ModelSpec from a config.json, or from a folder that holds one; `count` reads what no family here does.

    Raises AdvisorError.
    """
    file = path / "config.json" if os.path.isdir(path) else path
    keys = read_keys(file, count=count)
    return spec_from_config(keys, name=name or _name(keys, file), where=str(file))


def read_keys(file: Path, *, count: Count | None = None) -> dict[str, Any]:
    """The keys of a config.json, those that `count` makes of an architecture that is not known. Raises AdvisorError."""
    keys = read_json(file, missing="no such config.json", hint=FORMS)
    if not isinstance(keys, dict):
        raise AdvisorError("is not a JSON object", where=str(file), hint=FORMS)
    family = family_of(keys, text_part(keys), str(file))
    return keys if count is None or family in FAMILIES else count(keys, family, str(file))


def _name(keys: dict[str, Any], file: Path) -> str:
    """As the config says it, else the folder's."""
    found = keys.get("_name_or_path")
    return found if isinstance(found, str) and found and is_name(found) else file.parent.resolve().name
