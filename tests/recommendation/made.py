"""Workspaces whose strategy points are written by hand, so that every figure of a candidate can be computed by hand."""

from advisor.accuracy.estimators import Interval
from advisor.checkpoints import CheckpointRow
from advisor.prices import Price
from advisor.provenance import Provenance
from advisor.recommendation.candidate import Candidate, Latency, Origins
from advisor.store.beliefs import Point
from advisor.store.seal import write_rows
from advisor.store.workspace import Workspace

MODEL = "Qwen/Qwen3-8B"


def point(**changed):
    """One answer of 1,000 tokens to prompts of 200, right half of the time; `changed` fields differ."""
    usual = {
        "model": MODEL,
        "task": "mine",
        "strategy": "majority",
        "n_samples": 1,
        "n_questions": 100,
        "accuracy": 0.5,
        "low": 0.42,
        "high": 0.58,
        "prompt_tokens": 200.0,
        "generated_tokens": 1000.0,
        "depth_tokens": 1000.0,
        "depth_p50_tokens": 800.0,
        "depth_p95_tokens": 2000.0,
        "depth_p99_tokens": 3000.0,
        "answer_p999_tokens": 4000.0,
        "provenance": Provenance.MEASURED,
        "runs": "made",
    }
    return Point(**(usual | changed))


def workspace(folder, *points, prices=(), today=None):
    """What ships, and these points; `prices` are the machines, instead of those that ship of the same GPU and kind."""
    write_rows(folder / "profiles" / "points.csv", points)
    if prices:
        write_rows(folder / "profiles" / "prices.csv", prices)
    return Workspace(folder, today=today)


def quantised(folder, *models, precision="fp8", format_="modelopt"):
    """Weights of the models in another precision, in a format that every engine loads."""
    rows = [
        CheckpointRow(
            model=model, precision=precision, checkpoint=f"{model}-{precision}", format=format_, source="made"
        )
        for model in models
    ]
    write_rows(folder / "profiles" / "checkpoints.csv", rows)


def machine(usd_per_gpu, size, gpu="h100-sxm", **changed):
    """A machine of `size` GPUs, on demand; `changed` fields differ."""
    return Price(gpu=gpu, usd_per_hour=usd_per_gpu, gpus_per_instance=size, **({"provider": "cloud"} | changed))


def candidate(**changed):
    """A candidate that costs 1 in every unit and is right half of the time; `changed` fields differ."""
    usual = {
        "model": MODEL,
        "task": "mine",
        "strategy": "majority",
        "n_samples": 1,
        "token_budget": None,
        "gpu": "h100-sxm",
        "gpu_count": 1,
        "parallelism": "tp1",
        "precision": "bf16",
        "concurrency": 1,
        "accuracy": Interval(0.5, 0.45, 0.55),
        "usd": 1.0,
        "flops": 1.0,
        "policy_flops": 1.0,
        "tokens": 1.0,
        "generated_tokens": 1.0,
        "latency_s": 1.0,
        "latency": Latency(0.5, 1.0, 2.0),
        "longest_answer_tokens": 4000.0,
        "context_tokens": 5120,
        "observed_accuracy": 0.5,
        "evidence": "measured",
        "energy_j": 1.0,
        "ttft_s": 1.0,
        "tpot_s": 1.0,
        "replicas": 1,
        "questions_per_s": 1.0,
        "usd_per_hour": 1.0,
        "usd_per_month": 730.0,
        "per_correct": None,
        "spread": 1.2,
        "ttft_spread": 1.7,
        "provenance": Origins(
            "measured: made",
            Provenance.MEASURED,
            Provenance.MEASURED,
            Provenance.FITTED,
            "1 × h100-sxm at your price (on-demand)",
        ),
    }
    return Candidate(**(usual | changed))
