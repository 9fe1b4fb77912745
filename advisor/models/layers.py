"""The parts of a decoder layer, each with its parameters, cache and FLOPs.

Conventions: a multiply-add is two FLOPs, so a weight matrix costs 2 FLOPs a weight and token. Norms,
activations, rotary embeddings and the softmax are left out (below 1 % for every shipped model).
`context` is the number of tokens a new token sees, itself included. Elements, not bytes: precision is
the deployment's business. `launches` counts the kernels of one decode step that wait for each other, as
engines run them where no two operations are fused into one; each carries a fixed latency.

Mixers lie in `attention.py`, `latent_attention.py` and `recurrent.py`; here are feed-forwards and the layer.
Source of attention and feed-forward: arXiv 2001.08361 §2.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.models.attention import Attention
from advisor.models.latent_attention import CompressedAttention, LatentAttention
from advisor.models.recurrent import (
    GatedDeltaNet,
    KimiDelta,
    LightningAttention,
    Mamba,
    Mamba2,
    ShortConvolution,
)

Mixer = (
    Attention
    | LatentAttention
    | CompressedAttention
    | Mamba2
    | GatedDeltaNet
    | KimiDelta
    | LightningAttention
    | Mamba
    | ShortConvolution
)


@dataclass(frozen=True, slots=True)
class FeedForward:
    """Dense feed-forward: three matrices when gated, two when not."""

    hidden: int
    intermediate: int
    gated: bool = True
    bias: bool = False

    launches = 4  # norm, up, activation, down

    @property
    def rows(self) -> int:
        """Of its matrices, taken so that a row has the intermediate width, which tensor parallelism cuts."""
        return (3 if self.gated else 2) * self.hidden

    @property
    def matmul_parameters(self) -> int:
        return self.rows * self.intermediate

    @property
    def parameters(self) -> int:
        widths = (2 if self.gated else 1) * self.intermediate + self.hidden
        return self.matmul_parameters + (widths if self.bias else 0)


@dataclass(frozen=True, slots=True)
class MixtureOfExperts:
    """Routed experts, `experts_per_token` of `n_experts` a token, beside what every token passes."""

    hidden: int
    n_experts: int
    experts_per_token: int
    expert: FeedForward
    shared: FeedForward | None = None
    shared_gate: bool = False
    router_bias: bool = False
    always: tuple[FeedForward, ...] = ()  # dense branch in parallel (Gemma 4)

    @property
    def launches(self) -> int:
        """A norm, those of the routed experts, and those of each shared feed-forward without its norm."""
        return 1 + self.routed_launches + sum(f.launches - 1 for f in self.resident)

    routed_launches = 8  # router, top-k, two that sort tokens by expert, up, activation, down, sum

    @property
    def router_parameters(self) -> int:
        return self.hidden * self.n_experts

    @property
    def resident(self) -> tuple[FeedForward, ...]:
        """The feed-forwards every token passes."""
        return (self.shared, *self.always) if self.shared else self.always

    @property
    def always_matmul_parameters(self) -> int:
        gate = self.hidden if self.shared_gate else 0
        return self.router_parameters + gate + sum(f.matmul_parameters for f in self.resident)

    @property
    def matmul_parameters(self) -> int:
        """Weights a token is multiplied with: router, shared and its own experts."""
        return self.always_matmul_parameters + self.experts_per_token * self.expert.matmul_parameters

    @property
    def parameters(self) -> int:
        rest = (self.hidden if self.shared_gate else 0) + (self.n_experts if self.router_bias else 0)
        resident = sum(f.parameters for f in self.resident)
        return self.router_parameters + rest + resident + self.n_experts * self.expert.parameters

    @property
    def inactive_parameters(self) -> int:
        return (self.n_experts - self.experts_per_token) * self.expert.parameters


@dataclass(frozen=True, slots=True)
class Layer:
    """One decoder layer, or `count` equal ones; either half may be absent in hybrids."""

    mixer: Mixer | None
    feed_forward: FeedForward | MixtureOfExperts | None
    norm_parameters: int
    count: int = 1
