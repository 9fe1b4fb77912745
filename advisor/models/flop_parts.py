"""FLOPs by the component that takes them. Conventions: `layers.py`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from advisor.models.layers import Layer, MixtureOfExperts
from advisor.models.recurrent import Recurrent


@dataclass(frozen=True, slots=True)
class FlopParts:
    """FLOPs of a model's components; `+` adds them up, `*` repeats them.

    projections     weights of softmax attention: queries, keys, values, output, gates, indexers
    attention_core  scores and weighted values over every token that is seen, an indexer's scores too
    recurrent       state-space and linear-attention layers: their weights and state updates
    feed_forward    feed-forwards that every token passes, shared experts too
    routed_experts  the experts that a token is sent to
    router          choosing them
    lm_head         scores of the vocabulary
    """

    projections: int = 0
    attention_core: int = 0
    recurrent: int = 0
    feed_forward: int = 0
    routed_experts: int = 0
    router: int = 0
    lm_head: int = 0

    @property
    def total(self) -> int:
        """All of them together."""
        return sum(getattr(self, name) for name in PARTS)

    def __add__(self, other: FlopParts) -> FlopParts:
        return FlopParts(*(getattr(self, name) + getattr(other, name) for name in PARTS))

    def __mul__(self, times: int) -> FlopParts:
        return FlopParts(*(getattr(self, name) * times for name in PARTS))


PARTS = tuple(field.name for field in fields(FlopParts))


def linear_parts(layers: Iterable[Layer]) -> FlopParts:
    """Weight products and state updates of one token in the layers; constant in the context."""
    projections = recurrent = feed_forward = routed = router = 0
    for layer in layers:
        mixer, block, count = layer.mixer, layer.feed_forward, layer.count
        if isinstance(mixer, Recurrent):
            recurrent += count * (2 * mixer.matmul_parameters + mixer.extra_flops_per_token)
        elif mixer:
            projections += count * (2 * mixer.matmul_parameters + mixer.extra_flops_per_token)
        if isinstance(block, MixtureOfExperts):
            resident = sum(each.matmul_parameters for each in block.resident)
            feed_forward += 2 * count * resident
            routed += 2 * count * block.experts_per_token * block.expert.matmul_parameters
            router += 2 * count * (block.always_matmul_parameters - resident)
        elif block:
            feed_forward += 2 * count * block.matmul_parameters
    return FlopParts(projections, 0, recurrent, feed_forward, routed, router)
