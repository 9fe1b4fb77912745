"""Mixers that keep a state of fixed size instead of a cache: parameters, state and FLOPs. Conventions: `layers.py`.

Sources: Mamba-2, arXiv 2405.21060; gated delta rule, arXiv 2412.06464; Kimi delta attention, arXiv 2510.26692;
Mamba, arXiv 2312.00752; lightning attention, arXiv 2501.08313 §2.2; short convolutions, LFM2's code in transformers.
"""

from __future__ import annotations

from dataclasses import dataclass


class Recurrent:
    """What all of them have in common: the state is read and written once a step, and nothing grows."""

    __slots__ = ()

    window = None
    kv_elements_per_token = 0
    kv_replicable_heads = 1

    @property
    def state_elements(self) -> int:
        """Of one sequence in one layer."""
        raise NotImplementedError

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        """What tensor parallelism has to split evenly, by name and count."""
        raise NotImplementedError

    def kept_elements(self, context: int) -> int:
        return self.state_elements

    def read_elements(self, context: int) -> int:
        return 2 * self.state_elements

    def core_flops(self, first: int, last: int) -> int:
        return 0

    def decode_core_flops(self, context: int) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Mamba2(Recurrent):
    """State-space mixer: a state of fixed size instead of a KV cache."""

    hidden: int
    heads: int
    head_dim: int
    groups: int
    state: int
    conv_kernel: int
    conv_bias: bool = True
    proj_bias: bool = False
    gated_norm: bool = True

    launches = 7  # norm, projection in, convolution, step sizes, state update, gated norm, projection out

    @property
    def _inner(self) -> int:
        return self.heads * self.head_dim

    @property
    def _conv_width(self) -> int:
        return self._inner + 2 * self.groups * self.state

    @property
    def _in_width(self) -> int:
        return self._inner + self._conv_width + self.heads

    @property
    def matmul_parameters(self) -> int:
        return self.hidden * self._in_width + self._inner * self.hidden

    @property
    def parameters(self) -> int:
        conv = self._conv_width * (self.conv_kernel + int(self.conv_bias))
        norm = self._inner if self.gated_norm else 0
        biases = (self._in_width + self.hidden) if self.proj_bias else 0
        return self.matmul_parameters + conv + 3 * self.heads + norm + biases

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        heads = (("Mamba heads", self.heads),)
        return (*heads, ("Mamba groups", self.groups)) if self.groups > 1 else heads

    @property
    def state_elements(self) -> int:
        return self._inner * self.state + self._conv_width * (self.conv_kernel - 1)

    @property
    def extra_flops_per_token(self) -> int:
        return 2 * self.conv_kernel * self._conv_width + 6 * self._inner * self.state


@dataclass(frozen=True, slots=True)
class GatedDeltaNet(Recurrent):
    """Linear attention by the gated delta rule (Qwen3-Next, Qwen3.5)."""

    hidden: int
    key_heads: int
    key_head_dim: int
    value_heads: int
    value_head_dim: int
    conv_kernel: int

    launches = 8  # norm, two projections in, convolution, gates, state update, gated norm, projection out

    @property
    def _key_width(self) -> int:
        return self.key_heads * self.key_head_dim

    @property
    def _value_width(self) -> int:
        return self.value_heads * self.value_head_dim

    @property
    def _conv_width(self) -> int:
        return 2 * self._key_width + self._value_width

    @property
    def matmul_parameters(self) -> int:
        projections = 2 * self._key_width + 2 * self._value_width + 2 * self.value_heads
        return self.hidden * projections + self._value_width * self.hidden

    @property
    def parameters(self) -> int:
        return self.matmul_parameters + self._conv_width * self.conv_kernel + 2 * self.value_heads + self.value_head_dim

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        return (("linear-attention key heads", self.key_heads), ("linear-attention value heads", self.value_heads))

    @property
    def state_elements(self) -> int:
        return self.value_heads * self.key_head_dim * self.value_head_dim + self._conv_width * (self.conv_kernel - 1)

    @property
    def extra_flops_per_token(self) -> int:
        # decay, read, delta update and output read of a key_dim × value_dim state for every value head
        return 2 * self.conv_kernel * self._conv_width + 8 * self.value_heads * self.key_head_dim * self.value_head_dim


@dataclass(frozen=True, slots=True)
class KimiDelta(Recurrent):
    """Kimi delta attention: the gated delta rule with a decay for every channel (Kimi Linear, Kimi K3, GLM-5.3)."""

    hidden: int
    heads: int
    head_dim: int
    conv_kernel: int
    full_rank_gate: bool = False

    launches = 10  # norm, projection in, convolution, two products for each of two gates, step sizes, update, norm, out

    @property
    def _width(self) -> int:
        return self.heads * self.head_dim

    @property
    def matmul_parameters(self) -> int:
        low_rank = self.head_dim * (self.hidden + self._width)
        gate = self.hidden * self._width if self.full_rank_gate else low_rank
        return 4 * self.hidden * self._width + low_rank + gate + self.hidden * self.heads

    @property
    def parameters(self) -> int:
        conv, steps = 3 * self._width * self.conv_kernel, self._width + self.heads
        return self.matmul_parameters + conv + steps + self.head_dim

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        return (("linear-attention heads", self.heads),)

    @property
    def state_elements(self) -> int:
        return self._width * self.head_dim + 3 * self._width * (self.conv_kernel - 1)

    @property
    def extra_flops_per_token(self) -> int:
        return 2 * self.conv_kernel * 3 * self._width + 8 * self._width * self.head_dim


@dataclass(frozen=True, slots=True)
class LightningAttention(Recurrent):
    """Linear attention with a fixed decay and an output gate (MiniMax-Text-01, MiniMax-M1)."""

    hidden: int
    heads: int
    head_dim: int

    launches = 6  # norm, projection in, state update, gate, norm, projection out

    @property
    def _width(self) -> int:
        return self.heads * self.head_dim

    @property
    def matmul_parameters(self) -> int:
        return 5 * self.hidden * self._width

    @property
    def parameters(self) -> int:
        return self.matmul_parameters + self._width

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        return (("linear-attention heads", self.heads),)

    @property
    def state_elements(self) -> int:
        return self._width * self.head_dim

    @property
    def extra_flops_per_token(self) -> int:
        return 6 * self._width * self.head_dim


@dataclass(frozen=True, slots=True)
class Mamba(Recurrent):
    """The first Mamba, with the norms that Jamba adds (`normed`)."""

    hidden: int
    inner: int
    state: int
    conv_kernel: int
    dt_rank: int
    normed: bool = True
    conv_bias: bool = True
    proj_bias: bool = False

    launches = (
        8  # norm, projection in, convolution, projection of steps and states, norms, steps, update, projection out
    )

    @property
    def matmul_parameters(self) -> int:
        steps = self.inner * (2 * self.dt_rank + 2 * self.state)
        return 3 * self.hidden * self.inner + steps

    @property
    def parameters(self) -> int:
        conv = self.inner * (self.conv_kernel + int(self.conv_bias))
        norms = self.dt_rank + 2 * self.state if self.normed else 0
        biases = 2 * self.inner + self.hidden if self.proj_bias else 0
        return self.matmul_parameters + conv + norms + biases + self.inner * (self.state + 2)

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        return (("Mamba channels", self.inner),)

    @property
    def state_elements(self) -> int:
        return self.inner * (self.state + self.conv_kernel - 1)

    @property
    def extra_flops_per_token(self) -> int:
        return 2 * self.conv_kernel * self.inner + 6 * self.inner * self.state


@dataclass(frozen=True, slots=True)
class ShortConvolution(Recurrent):
    """A gated convolution over the last few tokens (LFM2)."""

    hidden: int
    conv_kernel: int

    launches = 4  # norm, projection in, gated convolution, projection out

    @property
    def matmul_parameters(self) -> int:
        return 4 * self.hidden * self.hidden

    @property
    def parameters(self) -> int:
        return self.matmul_parameters + self.hidden * self.conv_kernel

    @property
    def split_parts(self) -> tuple[tuple[str, int], ...]:
        return (("convolution channels", self.hidden),)

    @property
    def state_elements(self) -> int:
        return self.hidden * (self.conv_kernel - 1)

    @property
    def extra_flops_per_token(self) -> int:
        return 2 * self.conv_kernel * self.hidden
