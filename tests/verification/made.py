"""Pages of metrics made from requests, as vLLM of several releases would show them, and a server that shows them."""

import math
from dataclasses import dataclass, field

TIME_BOUNDS = {
    "time_to_first_token_seconds": (
        0.001,
        0.005,
        0.01,
        0.02,
        0.04,
        0.06,
        0.08,
        0.1,
        0.25,
        0.5,
        0.75,
        1.0,
        2.5,
        5.0,
        10.0,
    ),
    "request_time_per_output_token_seconds": (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
    "e2e_request_latency_seconds": (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
    "request_queue_time_seconds": (0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0),
}
TOKEN_BOUNDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
TPOT = "request_time_per_output_token_seconds"
NAMES = {
    "0.32": {},
    "0.26": {},
    "older": {TPOT: "time_per_output_token_seconds", "kv_cache_usage_perc": "gpu_cache_usage_perc"},
    "by token": {TPOT: "inter_token_latency_seconds"},
}
"""What a release calls what the others call by its key."""
PREFIXES = {"0.32": "vllm:", "0.26": "kserve_vllm:", "older": "vllm:", "by token": "vllm:"}


@dataclass
class Answered:
    """One request that ended, in seconds and tokens."""

    ttft_s: float = 0.1
    tpot_s: float = 0.02
    prompt_tokens: int = 1024
    generated_tokens: int = 101
    queue_s: float = 0.0

    @property
    def request_s(self):
        return self.ttft_s + self.tpot_s * (self.generated_tokens - 1)


@dataclass
class State:
    """What a server counts."""

    answered: list = field(default_factory=list)
    running: float = 0
    waiting: float = 0
    cache_use: float = 0.1
    queries: float = 0
    hits: float = 0
    preemptions: float = 0
    blocks: int = 10000
    model: str = "tiny"
    release: str = "0.32"
    engine: str = "0"


def text(*states):
    """The page of one engine or more."""
    return "\n".join(["# HELP python_info Python", 'python_info{version="3.12"} 1.0', *map(_text, states)]) + "\n"


def _text(s):
    renamed, prefix = NAMES[s.release], PREFIXES[s.release]
    labels = f'engine="{s.engine}",model_name="{s.model}"'

    def name(of):
        return prefix + renamed.get(of, of)

    lines = [f'{prefix}cache_config_info{{block_size="16",engine="{s.engine}",num_gpu_blocks="{s.blocks}"}} 1.0']
    values = {
        "num_requests_running": s.running,
        "num_requests_waiting": s.waiting,
        "kv_cache_usage_perc": s.cache_use,
        "prefix_cache_queries_total": s.queries,
        "prefix_cache_hits_total": s.hits,
        "num_preemptions_total": s.preemptions,
        "generation_tokens_total": sum(a.generated_tokens for a in s.answered),
        "prompt_tokens_total": sum(a.prompt_tokens for a in s.answered),
    }
    lines += [f"{name(of)}{{{labels}}} {float(value)!r}" for of, value in values.items()]
    observed = {
        "time_to_first_token_seconds": [a.ttft_s for a in s.answered],
        TPOT: [a.tpot_s for a in s.answered if a.generated_tokens > 1],
        "e2e_request_latency_seconds": [a.request_s for a in s.answered],
        "request_queue_time_seconds": [a.queue_s for a in s.answered],
        "request_prompt_tokens": [a.prompt_tokens for a in s.answered],
        "request_generation_tokens": [a.generated_tokens for a in s.answered],
    }
    for of, each in observed.items():
        lines.append(f"# TYPE {name(of)} histogram")
        for bound in (*TIME_BOUNDS.get(of, TOKEN_BOUNDS), math.inf):
            upto = "+Inf" if bound == math.inf else repr(float(bound))
            lines.append(f'{name(of)}_bucket{{{labels},le="{upto}"}} {float(sum(x <= bound for x in each))}')
        lines.append(f"{name(of)}_count{{{labels}}} {float(len(each))}")
        lines.append(f"{name(of)}_sum{{{labels}}} {float(sum(each))!r}")
    return "\n".join(lines)


def showing(*pages):
    """What a server of tests.engines.serving answers a GET with: these texts in turn, then always the last."""
    left = list(pages)

    def give(wire, closing):
        page = (left.pop(0) if len(left) > 1 else left[0]).encode()
        wire.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % len(page) + page)

    return give
