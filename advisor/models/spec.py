"""ModelSpec: a whole decoder, its parameters, cache and FLOPs."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.gpus import BYTES_PER_WEIGHT
from advisor.models.flop_parts import FlopParts, linear_parts
from advisor.models.layers import Layer, MixtureOfExperts


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A decoder-only language model, as its config.json describes it.

    `layers` are runs of equal layers. Heads of multi-token prediction are left out, since serving does not use them by
    itself; the checkpoint has `mtp_layers` of them. `checkpoint_precision` is that of the weights that the config came
    with, empty where nothing here knows its cost; `four_bit_bytes` those of a weight in four bits with its share of
    scales; `notes` say what about the counts a reader has to know.
    """

    name: str
    family: str
    hidden: int
    vocabulary: int
    tied_embeddings: bool
    layers: tuple[Layer, ...]
    final_norm_parameters: int
    max_context: int
    table_parameters: int = 0  # look-up tables beside the embedding
    encoder_parameters: int = 0  # of images and sound: held in memory, passed by no token of text
    checkpoint_precision: str = "bf16"
    notes: tuple[str, ...] = ()
    mtp_layers: int = 0
    four_bit_bytes: float = BYTES_PER_WEIGHT["fp4"]

    @property
    def n_layers(self) -> int:
        return sum(layer.count for layer in self.layers)

    @property
    def embedding_parameters(self) -> int:
        return self.vocabulary * self.hidden

    @property
    def total_parameters(self) -> int:
        """Every weight a checkpoint holds, encoders too: what has to fit in memory."""
        embeddings = self.embedding_parameters * (1 if self.tied_embeddings else 2)
        return (
            embeddings
            + self.table_parameters
            + self.encoder_parameters
            + self.final_norm_parameters
            + sum(layer.count * _layer_parameters(layer) for layer in self.layers)
        )

    @property
    def active_parameters(self) -> int:
        """Weights one token passes: routed experts per token, shared experts and the LM head; the
        embedding look-up multiplies nothing and is not counted (gpt-oss model card, arXiv 2508.10925 table 1).
        """
        inactive = sum(
            layer.count * layer.feed_forward.inactive_parameters
            for layer in self.layers
            if isinstance(layer.feed_forward, MixtureOfExperts)
        )
        return self.total_parameters - inactive - self.lookup_parameters - self.encoder_parameters

    @property
    def lookup_parameters(self) -> int:
        """Tables that multiply nothing: the embedding, unless it is the LM head too, and those beside it."""
        return self.table_parameters + (0 if self.tied_embeddings else self.embedding_parameters)

    @property
    def is_moe(self) -> bool:
        return any(isinstance(layer.feed_forward, MixtureOfExperts) for layer in self.layers)

    @property
    def head_matmul_parameters(self) -> int:
        return self.vocabulary * self.hidden

    @property
    def kv_elements_per_token(self) -> int:
        """Cache elements stored for one token by all layers (a window bounds the tokens, not this)."""
        return sum(layer.count * layer.mixer.kv_elements_per_token for layer in self.layers if layer.mixer)

    def kv_elements(self, context: int) -> int:
        """Cache elements of one sequence of `context` tokens, windows respected, states included."""
        return sum(layer.count * layer.mixer.kept_elements(context) for layer in self.layers if layer.mixer)

    def kv_read_elements(self, context: int) -> int:
        """Cache elements one decode step reads for one sequence (states are read and written)."""
        return sum(layer.count * layer.mixer.read_elements(context) for layer in self.layers if layer.mixer)

    def linear_flops_per_token(self) -> int:
        """Weight products and state updates of one token, without the LM head; constant in the context."""
        return linear_parts(self.layers).total

    def attention_flops(self, first: int, last: int) -> int:
        """Attention products for the tokens whose contexts run from `first` to `last`."""
        return sum(layer.count * layer.mixer.core_flops(first, last) for layer in self.layers if layer.mixer)

    def prefill_flops(self, prompt_tokens: int, cached_tokens: int = 0) -> int:
        """FLOPs until the first token is drawn; the LM head runs once."""
        new = prompt_tokens - cached_tokens
        return (
            new * self.linear_flops_per_token()
            + self.attention_flops(cached_tokens + 1, prompt_tokens)
            + 2 * self.head_matmul_parameters
        )

    def decode_flops(self, context: int) -> int:
        """FLOPs of one generated token that sees `context` tokens, itself included."""
        return self.linear_flops_per_token() + self.attention_flops(context, context) + 2 * self.head_matmul_parameters

    def trace_flops(self, prompt_tokens: int, generated_tokens: int) -> int:
        """FLOPs of one whole answer: the prompt, then every generated token with all it sees.

        Counts each generated token as processed once (arXiv 2512.24776: one pass over the trace), so
        the very last one too, which an engine does not feed back.
        """
        return self.trace_parts(prompt_tokens, generated_tokens).total

    def trace_parts(self, prompt_tokens: int, generated_tokens: int) -> FlopParts:
        """The same by component."""
        tokens = prompt_tokens + generated_tokens
        return linear_parts(self.layers) * tokens + FlopParts(
            attention_core=self.attention_flops(1, tokens),
            lm_head=2 * self.head_matmul_parameters * generated_tokens,
        )

    @property
    def decode_launches(self) -> int:
        """Kernels of one decode step that wait for each other, without fusion."""
        return sum(
            layer.count * sum(part.launches for part in (layer.mixer, layer.feed_forward) if part)
            for layer in self.layers
        )

    def engine_decode_core_flops(self, context: int) -> int:
        """Attention products of one decode step as engines run them (MLA absorbed)."""
        return sum(layer.count * layer.mixer.decode_core_flops(context) for layer in self.layers if layer.mixer)


def _layer_parameters(layer: Layer) -> int:
    mixer = layer.mixer.parameters if layer.mixer else 0
    feed_forward = layer.feed_forward.parameters if layer.feed_forward else 0
    return mixer + feed_forward + layer.norm_parameters
