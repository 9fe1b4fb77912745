"""The arithmetic behind docs/examples.md in plain Python: tables of profiles/, configs, and formulas of docs/method.md.

Nothing here imports the program, so that what it prints can be set beside these figures (benchmarks/examples.py).
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist, median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROFILES = ROOT / "profiles"
WEIGHT_BYTES = {"bf16": 2.0, "fp8": 1.0, "int8": 1.0}
CACHE_BYTES = 2  # of one element of the KV cache, in 16 bit
PROMPT_TOKENS = 200  # of a benchmark question whose length was not recorded
MEMORY_SHARE, ENGINE_BYTES = 0.90, 2.2e9  # of the memory that the engine hands out, and what it takes itself
MOST_SKEW = 1.0  # above what any run showed: more skew touches fewer experts, so this bounds the reading from below
KINDS = ("on-demand", "marketplace", "reserved-1yr", "reserved-3yr", "owned", "spot")
Z50, Z95, Z99 = (NormalDist().inv_cdf(p) for p in (0.5, 0.95, 0.99))


@cache
def table(name: str) -> list[dict[str, str]]:
    """The rows of a table of profiles/."""
    with (PROFILES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    """A cell; not a number where it is empty."""
    return float(text) if text else math.nan


def point(candidate: dict[str, Any]) -> dict[str, float]:
    """A candidate's tokens from its row of points.csv, and the mean and the 90 % interval of its draws."""
    wanted = (candidate["model"], candidate["task"], candidate["strategy"])
    for row in table("points"):
        same = (row["model"], row["task"], row["strategy"]) == wanted
        same &= int(row["n_samples"]) == candidate["n_samples"]
        same &= (int(row["token_budget"]) if row["token_budget"] else None) == candidate["token_budget"]
        if same and math.isclose(number(row["generated_tokens"]), candidate["generated_tokens"], rel_tol=1e-3):
            columns = ("prompt_tokens", "generated_tokens", "depth_p50_tokens")
            columns += ("depth_p95_tokens", "depth_p99_tokens", "n_questions")
            cells = {name: number(row[name]) for name in columns}
            return cells | believed(row) | {"observed": number(row["accuracy"])}
    raise LookupError(f"no row of points.csv for {wanted}")


def believed(row: dict[str, str]) -> dict[str, float]:
    """What the draws of a row say: 1.645 standard deviations to each side, or where that leaves 0 to 1 their ends
    without the twentieth on each side."""
    draws = [int(draw) / 1e4 for draw in row["draws"].split()]
    middle, mean = number(row["believed"]), sum(draws) / len(draws)
    half = 1.645 * math.sqrt(sum((draw - mean) ** 2 for draw in draws) / len(draws))
    low, high = middle - half, middle + half
    if low < 0 or high > 1:
        ordered = sorted(draw + middle - mean for draw in draws)
        low, high = (between(ordered, share) for share in (0.05, 0.95))
    return {"accuracy": middle, "low": low, "high": high}


def between(ordered: list[float], share: float) -> float:
    """The value below which a share of ordered values lies, read on a line between two of them."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    return ordered[below] + (place - below) * (ordered[min(below + 1, len(ordered) - 1)] - ordered[below])


def gpu(name: str) -> dict[str, float]:
    """Memory in bytes, bandwidth in bytes/s, peaks in FLOP/s and power limit in watts of one GPU."""
    row = next(row for row in table("gpus") if row["gpu"] == name)
    columns = ("memory_bytes", "memory_bytes_per_s", "bf16_flops_per_s", "fp8_flops_per_s", "fp4_flops_per_s", "tdp_w")
    return {column: number(row[column]) for column in columns}


# --- rent ---------------------------------------------------------------------------------------------------------


def offers(name: str, wanted: str = "on-demand") -> list[dict[str, str]]:
    """Rows of prices.csv of one GPU, of the wanted kind or of the first kind that it has."""
    rows = [row for row in table("prices") if row["gpu"] == name]
    kind = next(k for k in (wanted, *KINDS) if any(row["kind"] == k for row in rows))
    return [row for row in rows if row["kind"] == kind]


def rent_usd_per_hour(name: str, gpus: int, replicas: int = 1) -> tuple[float, str]:
    """USD per hour of whole machines at the middle provider, and its name. A larger deployment would hold it too."""
    found = []
    for size in range(gpus, 18):
        bills: dict[str, float] = {}
        for row in offers(name):
            machine = int(row["gpus_per_instance"] or size)
            if machine >= size:
                count = math.ceil(replicas / (machine // size))
                bill = count * machine * float(row["usd_per_hour"])
                bills[row["provider"]] = min(bill, bills.get(row["provider"], math.inf))
        if bills:
            ordered = sorted((bill, provider) for provider, bill in bills.items())
            found.append(ordered[(len(ordered) - 1) // 2])
    return min(found)


# --- models -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Model:
    """Sizes of a config.json, in numbers (not bytes). `experts` of `expert_size` each, `chosen` of them a token."""

    layers: int
    attention: int  # multiplied weights of one layer
    dense: int  # of all layers together: feed-forwards that every token passes, routers
    experts: int  # of all layers together
    chosen: float  # share of the experts that one token passes
    head: int
    embedding: int
    cache: tuple[tuple[int, int, float, float], ...]  # layers, elements a token, tokens kept and read at most
    pair_flops: tuple[tuple[int, float, float], ...]  # layers, FLOPs a token and token seen, and the window
    group: int  # weights in four bits that share a scale of eight

    @property
    def active(self) -> float:
        """Multiplied weights of one token, without the LM head."""
        return self.layers * self.attention + self.dense + self.chosen * self.experts

    @property
    def weights(self) -> int:
        return self.layers * self.attention + self.dense + self.experts + self.head + self.embedding

    @property
    def cache_per_token(self) -> int:
        """Elements of all layers."""
        return sum(layers * elements for layers, elements, _, _ in self.cache)

    def attention_flops(self, first: int, last: int) -> float:
        """Attention of the tokens that see `first` to `last` tokens, themselves included."""
        return sum(layers * flops * seen(first, last, window) for layers, flops, window in self.pair_flops)

    def answer_flops(self, prompt: int, generated: int, answers: int = 1, cached: int = 0) -> float:
        """FLOPs of some answers to one prompt, which is computed once, without its cached tokens."""
        read = prompt * 2 * self.active + self.attention_flops(1, prompt)
        known = cached * 2 * self.active + self.attention_flops(1, cached)
        write = generated * 2 * (self.active + self.head) + self.attention_flops(prompt + 1, prompt + generated)
        return read - known + answers * write

    def weight_bytes(self, precision: str) -> tuple[float, float, float]:
        """Of the experts, of the rest that every step reads, and of the embedding; LM head and embedding in 16 bit.

        A mixture's 4-bit checkpoint leaves the attention in 16 bit.
        """
        width = (4 + 8 / self.group) / 8 if precision in ("fp4", "int4") else WEIGHT_BYTES[precision]
        around = 2.0 if self.experts and width < 1 else width
        rest = self.layers * self.attention * around + self.dense * width + self.head * 2
        return self.experts * width, rest, self.embedding * 2.0


def seen(first: int, last: int, window: float = math.inf) -> float:
    """Sum of the tokens seen by tokens that see `first` … `last`, each at most `window`."""
    inside = min(last, window)
    below = (first + inside) * (inside - first + 1) / 2 if inside >= first else 0.0
    beyond = last - max(inside, first - 1)
    return below + (beyond * window if beyond else 0.0)


@cache
def model(name: str) -> Model:
    """A model of models.csv: grouped-query or latent attention, gated feed-forwards, experts or none."""
    row = next(row for row in table("models") if row["model"] == name)
    whole = json.loads((PROFILES / "models" / row["config"] / "config.json").read_text(encoding="utf-8"))
    c = whole.get("text_config", whole)
    hidden, heads, layers = c["hidden_size"], c["num_attention_heads"], c["num_hidden_layers"]
    if "kv_lora_rank" in c:
        rank, rope, nope, values = c["kv_lora_rank"], c["qk_rope_head_dim"], c["qk_nope_head_dim"], c["v_head_dim"]
        queries = c["q_lora_rank"] * (hidden + heads * (nope + rope))
        attention = queries + hidden * (rank + rope) + rank * heads * (nope + values) + heads * values * hidden
        index_heads, index = c.get("index_n_heads", 0), c.get("index_head_dim", 0)  # of sparse attention
        attention += c["q_lora_rank"] * index_heads * index + hidden * (index + index_heads)
        read = c.get("index_topk") or math.inf
        cache = ((layers, rank + rope, math.inf, read), (layers, index, math.inf, math.inf))
        chosen = (layers, 2.0 * heads * (nope + rope + values), read)
        pairs = (chosen, (layers, 2.0 * index_heads * index, math.inf))
    else:
        width = c.get("head_dim") or hidden // heads
        attention = 2 * hidden * width * (heads + c["num_key_value_heads"])
        pair = 2 * c["num_key_value_heads"] * width
        windowed = sum(kind == "sliding_attention" for kind in c.get("layer_types", ()))
        per_pair = 4.0 * heads * width
        window = c.get("sliding_window") or math.inf
        pairs = ((layers - windowed, per_pair, math.inf), (windowed, per_pair, window))
        cache = ((layers - windowed, pair, math.inf, math.inf), (windowed, pair, window, window))
    count = c.get("n_routed_experts") or c.get("num_experts") or c.get("num_local_experts") or 0
    expert = 3 * hidden * (c.get("moe_intermediate_size") or c["intermediate_size"])
    plain = c.get("first_k_dense_replace", 0) if count else layers
    shared = c.get("n_shared_experts", 0) * expert
    dense = plain * 3 * hidden * c["intermediate_size"] + (layers - plain) * (shared + hidden * count)
    head = hidden * c["vocab_size"]
    return Model(
        layers,
        attention,
        dense,
        (layers - plain) * count * expert,
        c.get("num_experts_per_tok", 0) / count if count else 0.0,
        head,
        0 if c.get("tie_word_embeddings") else head,
        cache,
        pairs,
        32 if whole.get("quantization_config", {}).get("quant_method") == "mxfp4" else 16,
    )


# --- a deployment -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model on GPUs: `copies` groups that each hold the attention, all sharing the experts (data-parallel)."""

    model: Model
    gpu: dict[str, float]
    gpus: int
    copies: int
    precision: str

    @classmethod
    def of(cls, candidate: dict[str, Any]) -> Deployment:
        layout, gpus = candidate["parallelism"], candidate["gpu_count"]
        copies = int(layout[2:]) if layout.startswith("dp") else 1
        return cls(model(candidate["model"]), gpu(candidate["gpu"]), gpus, copies, candidate["precision"])

    @property
    def weights_bytes(self) -> float:
        """On each GPU."""
        experts, rest, embedding = self.model.weight_bytes(self.precision)
        return experts / self.gpus + (rest + embedding) * self.copies / self.gpus

    def cache_bytes(self, sequences: float, tokens: float) -> float:
        """On each GPU, of sequences of so many tokens; layers with a sliding window keep that many."""
        kept = sum(layers * elements * min(tokens, most) for layers, elements, most, _ in self.model.cache)
        return sequences * kept * CACHE_BYTES / self.gpus

    def read_bytes(self, sequences: float, tokens: float) -> float:
        """What one step reads of that; sparse attention reads the tokens that it chose."""
        read = sum(layers * elements * min(tokens, most) for layers, elements, _, most in self.model.cache)
        return sequences * read * CACHE_BYTES / self.gpus

    @property
    def room_bytes(self) -> float:
        """For the cache, on each GPU."""
        return MEMORY_SHARE * self.gpu["memory_bytes"] - ENGINE_BYTES - self.weights_bytes

    def reading_s(self, sequences: float, tokens: float) -> float:
        """Least seconds to read what one step reads: weights, the experts that its tokens touch, and the cache."""
        experts, rest, _ = self.model.weight_bytes(self.precision)
        touched = experts * experts_touched(self.model.chosen, sequences, MOST_SKEW)
        per_gpu = touched / self.gpus + rest * self.copies / self.gpus
        return (per_gpu + self.read_bytes(sequences, tokens)) / self.gpu["memory_bytes_per_s"]

    @property
    def peak_flops_per_s(self) -> float:
        """The highest of the peaks that these weights could be multiplied at."""
        order = {"bf16": 1, "int4": 1, "int8": 1, "fp8": 2, "fp4": 3}[self.precision]
        peaks = [self.gpu[f"{p}_flops_per_s"] for p in ("bf16", "fp8", "fp4")[:order]]
        return self.gpus * max(peak for peak in peaks if not math.isnan(peak))


def experts_touched(chosen: float, tokens: float, skew: float) -> float:
    """Share of the experts that a batch touches, where their popularity has a gamma distribution of that variance."""
    if not chosen:
        return 0.0
    first, others = 1 - chosen, max(tokens - 1, 0.0)
    return 1 - first * (1 - skew * others * math.log(first)) ** (-1 / skew)


# --- waiting ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """Questions at random at one replica, `answers` side by side each, while at most `most` answers are in flight.

    `states`: of so many in flight the mean TTFT, TPOT and seconds of one answer. `lengths`: tokens waited for by 50, 95
    and 99 % of the questions. An M/G/m queue: the chance to wait after Sakasegawa (1977), the mean wait after Lee and
    Longton (1959).
    """

    states: dict[int, tuple[float, float, float]]
    answers: int
    lengths: tuple[float, float, float]

    @property
    def most(self) -> int:
        return max(self.states)

    @property
    def servers(self) -> int:
        return max(self.most // self.answers, 1)

    @property
    def service_s(self) -> float:
        """Mean seconds of a question with every place taken."""
        return self.servers * self.states[self.most][2] * self.answers / self.most

    def length(self, share: float) -> float:
        """Tokens of any percentile: log-normal between the known ones."""
        z, (p50, p95, p99) = NormalDist().inv_cdf(share), map(math.log, self.lengths)
        low, high, z0, z1 = (p50, p95, Z50, Z95) if z <= Z95 else (p95, p99, Z95, Z99)
        return math.exp(low + (high - low) * (z - z0) / (z1 - z0))

    @cached_property
    def percentiles(self) -> list[float]:
        """The lengths of a thousand questions, evenly through their distribution."""
        return [self.length((i + 0.5) / 1000) for i in range(1000)]

    @cached_property
    def cv2(self) -> float:
        lengths = self.percentiles
        mean = sum(lengths) / len(lengths)
        return sum((x - mean) ** 2 for x in lengths) / len(lengths) / mean**2

    def wait(self, rate: float) -> tuple[float, float]:
        """The chance to wait, and how many of those who wait get a place in a second."""
        full = self.servers / self.service_s
        load = min(rate / full, 1.0)
        return load ** (math.sqrt(2 * (self.servers + 1)) - 1), (full - rate) * 2 / (1 + self.cv2)

    def beyond(self, wait: tuple[float, float], wait_s: float) -> float:
        """Share of the questions that wait longer than that; all where it is negative."""
        if wait_s < 0:
            return 1.0
        chance, ends = wait
        first = max(1 - wait_s / self.service_s, 0.0) ** self.servers
        return chance * max(math.exp(-ends * wait_s), first)

    def at(self, in_flight: float) -> tuple[float, float, float]:
        """TTFT, TPOT and seconds of an answer with so many in flight, read between the states."""
        known = sorted(self.states)
        in_flight = min(max(in_flight, known[0]), known[-1])
        low, high = next(pair for pair in pairwise((known[0], *known)) if in_flight <= pair[1])
        share = (in_flight - low) / (high - low) if high > low else 0.0
        first, second = self.states[low], self.states[high]
        return tuple(a + share * (b - a) for a, b in zip(first, second, strict=True))  # type: ignore[return-value]

    def in_flight(self, rate: float) -> float:
        """Answers in flight while one is answered: its own and, by Little's law, rate × seconds of an answer."""
        own, low, high = min(self.answers, self.most), float(min(self.states)), float(self.most)
        return bisected(lambda n: n - own - rate * self.answers * self.at(n)[2] < 0, low, high)

    def crowding(self, rate: float, share: float = 0.95) -> float:
        """Factor on a percentile because the number in flight varies too: variances of both logarithms add up."""
        z, n = NormalDist().inv_cdf(share), self.in_flight(rate)
        if not z:
            return 1.0
        more = min(n + math.sqrt(2 / 3 * n * self.answers), self.most)
        of_number = math.log(self.at(more)[2] / self.at(n)[2])
        of_lengths = math.log(self.length(share) / self.length(0.5)) / z
        return math.exp(z * (math.hypot(of_lengths, of_number) - of_lengths))

    def answer_s(self, rate: float, share: float = 0.95) -> float:
        """Seconds to the answer, waiting included, that a share of the questions stay within."""
        ttft, tpot, _ = self.at(self.in_flight(rate))
        crowding, wait = self.crowding(rate, share), self.wait(rate)
        times = [crowding * (ttft + tpot * tokens) for tokens in self.percentiles]

        def late(seconds: float) -> bool:
            return sum(self.beyond(wait, seconds - time) for time in times) / len(times) > 1 - share

        return bisected(late, 0.0, 3 * max(times))

    @property
    def capacity(self) -> float:
        """84 % of the rate at which 96.5 % of the questions wait no longer than a tenth of an answer's mean time."""
        limit = 0.1 * self.states[self.most][2]
        full = self.servers / self.service_s
        return 0.84 * bisected(lambda rate: self.beyond(self.wait(rate), limit) <= 0.035, 0.0, full)


def bisected(below: Callable[[float], bool], low: float, high: float) -> float:
    """Where `below` turns false between two values."""
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return high


# --- the rest -----------------------------------------------------------------------------------------------------


def typical_lengths() -> tuple[float, float, float]:
    """Percentiles over the mean, where no lengths are known: the median over all single answers without a cap."""
    ratios = [
        [number(row[f"depth_p{p}_tokens"]) / number(row["depth_tokens"]) for p in (50, 95, 99)]
        for row in table("points")
        if row["n_samples"] == "1" and not row["token_budget"] and row["depth_tokens"] and row["depth_p95_tokens"]
    ]
    p50, p95, p99 = (median(column) for column in zip(*ratios, strict=True))
    return p50, p95, p99


def single_answers(task: str) -> Iterator[float]:
    """Mean generated tokens of one answer without a cap, of every model that has them on the task."""
    for row in table("points"):
        one = (row["task"], row["strategy"], row["n_samples"], row["token_budget"]) == (task, "majority", "1", "")
        if one and row["generated_tokens"] and row["tokens_provenance"] != "imputed":
            yield float(row["generated_tokens"])
