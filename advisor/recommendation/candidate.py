"""One candidate: a strategy point on a deployment, with what it gives and takes per question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor.accuracy.estimators import Interval
from advisor.provenance import Provenance
from advisor.recommendation.mixture import TaskResult
from advisor.rents import Rent
from advisor.values import Value


@dataclass(frozen=True, slots=True)
class Costs:
    """The five costs, by the unit that names each."""

    usd: float
    flops: float
    s: float
    J: float
    tokens: float

    def __truediv__(self, share: float) -> Costs:
        return Costs(self.usd / share, self.flops / share, self.s / share, self.J / share, self.tokens / share)


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the numbers of a candidate come from: a word of the vocabulary (provenance.py) and its source.

    `tokens` is that of the answers' mean length, `prompt` of the prompt's, imputed where nobody recorded it.
    """

    accuracy: str
    tokens: Provenance
    lengths: Provenance
    performance: Provenance
    price: str
    prompt: Provenance = Provenance.MEASURED

    @property
    def evidence(self) -> Provenance:
        """Of the accuracy, without its source; weak evidence is published."""
        kind = self.accuracy.partition(":")[0]
        return Provenance.PUBLISHED if kind == "weak" else Provenance(kind)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds to an answer that 50, 95 and 99 % of the questions stay within, by the lengths of their answers."""

    p50_s: float
    p95_s: float
    p99_s: float


CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
"""Endpoints of every engine's OpenAI-compatible server."""


@dataclass(frozen=True, slots=True)
class RequestBody:
    """What a request states beside its messages, by the names of the OpenAI-compatible servers; None: left out."""

    model: str = ""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    max_tokens: int | None = None
    n: int | None = None
    stop: str | None = None
    reasoning_effort: str | None = None
    chat_template_kwargs: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of the conversation that a request holds."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Ask:
    """How to ask so that the accuracy comes out.

    `messages` are those of the measurement, `{question}` in the place of the question; empty where they are not known.
    `as_measured` are the names that the source of the accuracy states, `as_recommended` those that it does not state
    and the model's card recommends, `not_stated` those that neither does: the server's defaults hold for them.
    `answer` says how one answer comes of the responses, where that takes more than reading the only one.
    """

    endpoint: str = CHAT
    body: RequestBody = RequestBody()
    mode: str | None = None
    answer: str = ""
    as_measured: tuple[str, ...] = ()
    as_recommended: tuple[str, ...] = ()
    not_stated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()

    @property
    def is_chat(self) -> bool:
        """Whether the model's chat template is applied: the request has messages, not a prompt."""
        return self.endpoint == CHAT


@dataclass(frozen=True, slots=True)
class CandidateOdds:
    """What joint draws of accuracy, speed and tokens say, as probabilities.

    best           that no other model is better within the limits: more accurate, or of equals cheaper; with a target
                   accuracy the cheapest that reaches it; the same for all candidates of a model
    within_limits  that this candidate holds all limits
    reaches        that it has the target accuracy; None without one
    """

    best: float
    within_limits: float
    reaches: float | None = None


@dataclass(frozen=True, slots=True)
class EnginesApart:
    """Engines that prefill on GPUs of their own, and `replicas` that decode, each in a machine where there are several.

    `prefill_command` starts the first that prefills (the candidate's own the first that decodes), `proxy_command` what
    takes requests for all.
    """

    prefill_parallelism: str
    prefill_replicas: int
    replicas: int
    machines: int
    prefill_command: str = ""
    proxy_command: str = ""


@dataclass(frozen=True, slots=True)
class Candidate(Value):
    """`latency_s` is at the percentile of the request; `longest_answer_tokens` hold 99.9 % of single answers,
    `context_tokens` the prompt too.

    `accuracy` is what is believed beside all other models, `observed_accuracy` what was measured or published,
    `evidence` which of these, or weak; `odds` are within the limits of a request, None without one and where the
    candidate breaks a limit other than that in USD. `spread` is the factor of the 90 % interval of times and of what
    follows from them, of which `tokens_spread` is that of the answers' length: above 1 where it is imputed; budgets
    hold at its upper end too; `ttft_spread` is that of TTFT; `per_correct` is the cost of a question over the accuracy,
    None where nothing is right; `why_not` says what a runner-up lost by; `usd_per_hour` is the bill of all replicas,
    that of `rent` and of the energy where that has a price of its own; `by_task` is what a mean over several tasks is
    made of; `speculative_tokens` are drafted before each step; `max_num_seqs` and `max_num_batched_tokens` are limits
    that the request gave its engines; with `disaggregated` one replica is all of its engines, `gpu_count` their GPUs
    together, `concurrency` the requests in all of them and `parallelism` that of one that decodes;
    `setup` tells how its answers were drawn where the model was
    measured on the task in several ways, else it is empty.
    """

    model: str
    task: str
    strategy: str
    n_samples: int
    token_budget: int | None
    gpu: str
    gpu_count: int
    parallelism: str
    precision: str
    concurrency: int
    accuracy: Interval
    usd: float
    flops: float
    policy_flops: float
    tokens: float
    generated_tokens: float
    longest_answer_tokens: float
    context_tokens: int
    observed_accuracy: float
    evidence: str
    latency_s: float
    latency: Latency
    energy_j: float
    ttft_s: float
    tpot_s: float
    replicas: int
    questions_per_s: float
    usd_per_hour: float
    usd_per_month: float
    per_correct: Costs | None
    spread: float
    ttft_spread: float
    provenance: Origins
    rent: Rent | None = None
    reward_model: str | None = None
    command: str = ""
    reward_command: str | None = None
    ask: Ask = Ask()
    why_not: str | None = None
    by_task: tuple[TaskResult, ...] = ()
    setup: str = ""
    odds: CandidateOdds | None = None
    tokens_spread: float = 1.0
    kv_precision: str = "bf16"
    speculative_tokens: int | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    disaggregated: EnginesApart | None = None

    @property
    def costs(self) -> Costs:
        """Per question."""
        return Costs(self.usd, self.flops, self.latency_s, self.energy_j, self.tokens)

    @property
    def commands(self) -> tuple[str, ...]:
        """Everything to start for one replica."""
        if apart := self.disaggregated:
            return (apart.prefill_command, self.command, apart.proxy_command)
        return (self.command, self.reward_command) if self.reward_command else (self.command,)

    def cost(self, unit: str) -> float:
        """The cost per question in one of units.COSTS."""
        value: float = getattr(self.costs, unit)
        return value
