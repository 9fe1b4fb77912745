"""The reader of models that were counted with `transformers` (`advisor/counting.py`): weights by layer, not by part."""

from __future__ import annotations

from advisor.models.config import MOST_WEIGHTS, Config
from advisor.models.layers import FeedForward, Layer, MixtureOfExperts
from advisor.models.parts import Reader, attention, windows

FAMILY = "counted"


def counted_layers(c: Config) -> list[Layer]:
    """Layers with the weights that were counted: each costs as attention over its keys and values, to all tokens where
    no window is named, and as one feed-forward of the rest, beside experts where it has some."""
    routed = (
        c.integers("layer_expert_parameters", most=MOST_WEIGHTS)
        if c.keys.get("layer_expert_parameters")
        else [0] * c.n_layers
    )
    seen, each = windows(c, lambda i: "full_attention"), c.integers("layer_parameters", most=MOST_WEIGHTS)
    return [_layer(c, window, *weights) for window, *weights in zip(seen, each, routed, strict=True)]


def _layer(c: Config, window: int | None, weights: int, routed: int) -> Layer:
    mixer, matrix = attention(c, window=window), 3 * c.hidden
    n_experts = c.integer("num_experts", least=1) if routed else 0
    rest = weights - routed - mixer.parameters - c.hidden * n_experts
    dense = FeedForward(c.hidden, max(rest, 0) // matrix)
    if not routed:
        return Layer(mixer, dense, rest - dense.parameters)
    expert = FeedForward(c.hidden, routed // n_experts // matrix)
    mixture = MixtureOfExperts(c.hidden, n_experts, c.integer("num_experts_per_tok"), expert, always=(dense,))
    return Layer(mixer, mixture, weights - mixer.parameters - mixture.parameters)


def counted_rest(c: Config) -> int:
    """Weights of the decoder beside layers and embeddings."""
    embeddings = c.integer("vocab_size") * c.hidden * (1 if c.flag("tie_word_embeddings") else 2)
    return (
        c.integer("decoder_parameters", most=MOST_WEIGHTS)
        - sum(c.integers("layer_parameters", most=MOST_WEIGHTS))
        - embeddings
    )


def note(c: Config) -> str:
    """What of a counted model a reader has to know."""
    return (
        f"{c.keys.get('counted_as')} has no reader here: its weights were counted with {c.keys.get('counted_with')},"
        f" attention's cost is that of full attention with {c.kv_heads} KV heads of {c.head_dim}"
    )


FAMILIES: dict[str, Reader] = {FAMILY: counted_layers}
