"""In which precision a checkpoint's weights are, and how many bytes they take, as its config.json says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from advisor.errors import AdvisorError
from advisor.gpus import BYTES_PER_WEIGHT

OWN = "bf16"
"""Of weights that no `quantization_config` is about."""
UNKNOWN = ""
"""Of weights in a format whose cost nothing here knows, such as three bits."""

GROUPS = (16, 32, 64, 128, 256, 512, 1024)
"""Weights that checkpoints give one scale."""
A_CHANNEL = 4096
"""About as many as a row of a matrix has."""

_BY_METHOD = {
    "fp8": "fp8", "fbgemm_fp8": "fp8", "ptpc_fp8": "fp8", "modelopt_fp4": "fp4", "mxfp4": "fp4", "nvfp4": "fp4",
    "petit_nvfp4": "fp4", "mxfp8": "fp8", "eetq": "int8",
}  # fmt: skip
_BY_WORD = (
    ("nvfp4", "fp4"), ("mxfp4", "fp4"), ("fp4", "fp4"), ("float4", "fp4"), ("w4a", "int4"), ("int4", "int4"),
    ("fp8", "fp8"), ("float8", "fp8"), ("int8", "int8"),
)  # fmt: skip
"""What the names of algorithms and number types contain, the first that is found."""


def checkpoint_precision(config: Mapping[str, Any]) -> str:
    """The precision of a config's weights: bf16, fp8, fp4, int8 or int4; `UNKNOWN` for any other.

    >>> checkpoint_precision({"quantization_config": {"quant_method": "awq", "bits": 4}})
    'int4'
    >>> checkpoint_precision({"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}})
    'fp4'
    """
    found = quantization(config)
    if not found:
        return OWN
    if "fp4" in str(config.get("expert_dtype")).lower():  # DeepSeek-V4, whose other weights are in 8 bit
        return "fp4"
    method = str(found.get("quant_method") or "").lower().replace("-", "_")
    if method in _BY_METHOD:
        return _BY_METHOD[method]
    if method == "bitsandbytes":
        return "int8" if found.get("load_in_8bit") or found.get("_load_in_8bit") else "int4"
    if "config_groups" in found:
        return _of_groups(found["config_groups"])
    if algorithm := found.get("quant_algo"):
        return _of_words(str(algorithm))
    for part in ("global_quant_config", "quant_type", "weights", "weight_format"):
        if found.get(part):
            return _of_words(str(_weights_of(found[part])))
    bits = found.get("bits", found.get("w_bit", found.get("nbits")))
    return _of_number(bits, str(found.get("data_type") or "int"))


def four_bit_bytes(config: Mapping[str, Any]) -> float:
    """Bytes of a weight of this checkpoint in four bits, its share of scales included.

    One scale of 8 bits is shared by 16 weights in NVFP4 and by 32 in MXFP4 (OCP Microscaling Formats 1.0, section 5.1);
    a group of integers has one of 16 bits, and where it says so a zero point of 4.

    >>> four_bit_bytes({"quantization_config": {"quant_method": "mxfp4"}})
    0.53125
    >>> four_bit_bytes({"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}})
    0.515625
    """
    found = quantization(config)
    if "mxfp4" in " ".join(str(found.get(key)) for key in ("quant_method", "quant_algo", "format")).lower():
        return 0.5 + 1 / 32
    if checkpoint_precision(config) == "int4" and (group := _group_size(found)):
        return 0.5 + (2.5 if found.get("zero_point") or found.get("sym") is False else 2.0) / group
    return BYTES_PER_WEIGHT["fp4"]


def known_precision(precision: str, *, where: str) -> str:
    """A checkpoint's precision. Raises AdvisorError for `UNKNOWN`."""
    if precision == UNKNOWN:
        what = "the format of its weights (quantization_config) is none whose cost is known"
        hint = "known are bf16, fp8, fp4, int8 and int4: `advisor estimate` takes one of them as --precision"
        raise AdvisorError(what, where=where, hint=hint)
    return precision


def quantization(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The `quantization_config` of a config or of its text part; empty where there is none."""
    for part in (config, config.get("text_config")):
        found = part.get("quantization_config") if isinstance(part, Mapping) else None
        if isinstance(found, Mapping):
            return found
    return {}


def _group_size(found: Mapping[str, Any]) -> int | None:
    """Weights that share a scale, where a config says how many; a channel has too many to count."""
    groups = found.get("config_groups")
    each = groups.values() if isinstance(groups, Mapping) else ()
    parts = [found, *(group["weights"] for group in each if isinstance(group, Mapping) and group.get("weights"))]
    sizes = [part.get("group_size") for part in parts if isinstance(part, Mapping)]
    return next((A_CHANNEL if size == -1 else size for size in sizes if size == -1 or size in GROUPS), None)


def _of_groups(groups: Any) -> str:
    """Of compressed-tensors: the group with the fewest bits, in which most weights are. A cache alone is no weights."""
    each = groups.values() if isinstance(groups, Mapping) else ()
    weights = [group["weights"] for group in each if isinstance(group, Mapping) and group.get("weights")]
    formats = [(w.get("num_bits"), str(w.get("type", "int"))) for w in weights if isinstance(w, Mapping)]
    if not formats:
        return OWN
    fewest = min(formats, key=lambda each: each[0] if isinstance(each[0], int) else 0)
    return _of_number(*fewest)


def _weights_of(part: Any) -> Any:
    """Of AMD Quark's config, what it says about weights; of any other all of it."""
    return (part.get("weight") or part) if isinstance(part, Mapping) else part


def _of_words(text: str) -> str:
    folded = text.lower()
    if "mixed" in folded:
        return "fp4" if "fp4" in folded else "fp8"
    return next((precision for word, precision in _BY_WORD if word in folded), UNKNOWN)


def _of_number(bits: Any, kind: str) -> str:
    name = f"{'fp' if 'float' in kind or 'fp' in kind else 'int'}{bits}"
    return name if name in {"fp8", "fp4", "int8", "int4"} else OWN if bits == 16 else UNKNOWN
