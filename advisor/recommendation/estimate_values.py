"""What `estimate` returns: values whose field names are the keys of its JSON."""

from __future__ import annotations

from dataclasses import dataclass

from advisor.performance.feasibility import Reason
from advisor.performance.under_load import UnderLoad
from advisor.provenance import Provenance
from advisor.rents import Rent
from advisor.values import Value


@dataclass(frozen=True, slots=True)
class MemoryUse:
    """Bytes per GPU, and the sequences of full length that fit at once in the whole deployment."""

    weights_bytes: float
    kv_cache_bytes: float
    overhead_bytes: float
    total_bytes: float
    capacity_bytes: float
    max_sequences: float


@dataclass(frozen=True, slots=True)
class Origin:
    """Where speed, price and power come from."""

    performance: Provenance
    source: str
    price: str | None
    power: str


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ends of a 90 % interval."""

    low: float
    high: float

    @classmethod
    def within(cls, value: float, factor: float) -> Bounds:
        """Of a value that is known within a factor."""
        return cls(value / factor, value * factor)


@dataclass(frozen=True, slots=True)
class Intervals:
    """90 % intervals of the times, and of the energy that follows from them and the power."""

    ttft_s: Bounds
    tpot_s: Bounds
    output_tokens_per_s: Bounds
    energy_j_per_request: Bounds


@dataclass(frozen=True, slots=True)
class WithinLimits:
    """The most that one replica carries with 90 % of the requests within the limits; replicas for `qps`."""

    max_concurrency: int
    max_requests_per_s: float
    replicas: int | None


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Options of the engine beside its layout; None: its own defaults, no drafted tokens."""

    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    speculative_tokens: int | None = None
    acceptance: float | None = None
    draft_model: str | None = None


@dataclass(frozen=True, slots=True)
class PartsApart:
    """Prefill on GPUs of its own: engines of both kinds, the parts of TTFT in seconds, requests that decode in each
    replica, and the share of the time that the prefill engines work."""

    prefill_parallelism: str
    prefill_replicas: int
    prefill_gpu_count: int
    parallelism: str
    replicas: int
    queue_s: float
    prefill_s: float
    transfer_s: float
    decoding: float
    prefill_busy: float


@dataclass(frozen=True, slots=True)
class Estimate(Value):
    """Memory, times and cost of one replica; None where there is no price, or no traffic was given.

    `start_s`: until the engine takes requests. With `disaggregated` times and cost are of all its engines together,
    memory is of one that decodes.
    """

    model: str
    gpu: str
    gpu_count: int
    parallelism: str
    precision: str
    kv_precision: str
    engine: str
    concurrency: int
    input_tokens: int
    output_tokens: int
    rate: float | None
    qps: float | None
    fits: bool
    memory: MemoryUse
    ttft_s: float
    tpot_s: float
    request_s: float
    output_tokens_per_s: float
    usd_per_million_output_tokens: float | None
    energy_j_per_request: float
    prefill_flops: int
    decode_flops_per_token: int
    bound: str
    spread: float
    provenance: Origin
    interval: Intervals
    usd_per_hour: float | None
    rent: Rent | None
    notes: tuple[str, ...] = ()
    load: UnderLoad | None = None
    load_usd_per_million_output_tokens: float | None = None
    within_limits: WithinLimits | None = None
    reasons: tuple[Reason, ...] = ()
    start_s: float | None = None
    options: EngineOptions = EngineOptions()
    disaggregated: PartsApart | None = None
    cached_prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class CannotStart(Value):
    """What `--json` prints of a deployment that cannot start: the keys of an Estimate, why, and what comes nearest."""

    model: str
    gpu: str
    gpu_count: int
    parallelism: str
    precision: str
    kv_precision: str
    engine: str
    concurrency: int
    input_tokens: int
    output_tokens: int
    rate: float | None
    qps: float | None
    memory: MemoryUse
    reasons: tuple[Reason, ...]
    fits: bool = False
    ttft_s: None = None
    tpot_s: None = None
    request_s: None = None
    output_tokens_per_s: None = None
    usd_per_million_output_tokens: None = None
    energy_j_per_request: None = None
    prefill_flops: None = None
    decode_flops_per_token: None = None
    bound: None = None
    spread: None = None
    provenance: None = None
    interval: None = None
    usd_per_hour: None = None
    rent: None = None
    notes: tuple[str, ...] = ()
    load: None = None
    load_usd_per_million_output_tokens: None = None
    within_limits: None = None
    start_s: None = None
    options: EngineOptions = EngineOptions()
    disaggregated: None = None
    cached_prompt_tokens: int | None = None
