"""What the README of a deployment says: the answer, the steps, and where each figure comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from advisor.deployments.files import DeployedFile
from advisor.deployments.load import Predicted
from advisor.deployments.plan import DOWNLOAD_BYTES_PER_S, Plan
from advisor.recommendation.candidate import Candidate
from advisor.recommendation.pick import Recommendation
from advisor.reports.recommendations import SPEED_FROM, head, hours_text, money_text, result_text, seconds_text
from advisor.reports.words import interval_text, rent_text, request_parts, sampling_text, sources_text, within_text
from advisor.units import significant

CHECKED = {
    "vllm": "the parser of vLLM 0.32",
    "sglang": "SGLang's documentation",
    "trtllm": "TensorRT-LLM's documentation",
}
"""What says that the options of a command exist, by engine: the image may be of another release."""
STEPS = {
    "serve.sh": "`bash serve.sh`, on a machine with the GPUs and the engine",
    "compose.yaml": "`docker compose up -d`",
    "kubernetes.yaml": "`kubectl apply -f kubernetes.yaml`",
    "leaderworkerset.yaml": "`kubectl apply -f leaderworkerset.yaml`, where LeaderWorkerSet is installed",
    "kserve.yaml": "`kubectl apply -f kserve.yaml`, where KServe is installed",
    "sky.yaml": "`sky serve up sky.yaml --secret HF_TOKEN`",
}


def about(plan: Plan, found: Recommendation, files: Sequence[DeployedFile]) -> dict[str, Any]:
    """What README.md.j2 fills in, by name."""
    c = plan.candidate
    body, questions, endpoint = request_parts(c)
    hours = hours_text(found)
    return {
        "answer": f"{' · '.join(head(found))}: {result_text(found)}, {money_text(found)}, {seconds_text(found)}.",
        "steps": [STEPS[file.name] for file in files if file.name in STEPS],
        "body": f"{body}\n{questions}",
        "endpoint": endpoint,
        "sampling": f"{sampling_text(c)}. {sources_text(c)}",
        "figures": [
            *_figures(plan, c),
            *([("replicas by the hour", hours, "the traffic that was given")] if hours else []),
        ],
    }


def _figures(plan: Plan, c: Candidate) -> list[tuple[str, str, str]]:
    """Figure, value, origin."""
    load, spread = plan.load, f"{within_text(c.spread, c.ttft_spread)} in 90 %"
    speed = f"{SPEED_FROM.get(c.provenance.performance, c.provenance.performance)}, {spread}"
    lengths = f"prompt {c.provenance.prompt}, answers {c.provenance.tokens}"
    loaded = (
        f"{load.concurrency} always in flight"
        if load.rate_per_s is None
        else f"{significant(load.rate_per_s)} requests/s at random, of up to {load.concurrency} in flight"
    )
    wanted = f"{plan.request.qps:g} questions/s" if plan.request.qps else "no rate was given: one, kept busy"
    start = (
        f"{plan.engine_start_s} s of engine start, {plan.start_from}, and the weights at an assumed"
        f" {DOWNLOAD_BYTES_PER_S / 1e6:.0f} MB/s"
    )
    rows = [
        ("accuracy", interval_text(c.accuracy), c.provenance.accuracy),
        ("replicas", f"{c.replicas}", wanted),
        ("bill", f"{significant(c.usd_per_hour)} USD/h", rent_text(c.rent)),
        ("load of a replica", loaded, "as costed"),
        ("lengths", f"{load.input_tokens:,} prompt tokens, {load.output_tokens:,} generated", lengths),
        ("TTFT, s", _range(load.ttft_s), speed),
        ("TPOT, s", _range(load.tpot_s), speed),
    ]
    if load.output_tokens_per_s:
        rows.append(("generated tokens/s of a replica", _range(load.output_tokens_per_s), speed))
    return [
        *rows,
        ("context", f"{c.context_tokens:,} tokens", "the prompt and the longest of a thousand answers"),
        ("image", plan.image.name or "none", f"{plan.image.why}; its options were checked with {CHECKED[plan.engine]}"),
        ("limit of a start", f"{plan.start_limit_s} s", start),
        ("disk", f"{plan.disk_gib} GiB", "the weights, counted from config.json, and a fifth more, and 50 GB"),
    ]


def _range(predicted: Predicted) -> str:
    return f"{significant(predicted.value)} (90 %: {significant(predicted.low)} – {significant(predicted.high)})"
