"""Deployments of every kind: what was recommended once, with other candidates in its place."""

from dataclasses import replace
from datetime import date
from functools import cache

from advisor.deployments.deploy import deploy
from advisor.deployments.plan import plan_of
from advisor.recommendation.pick import recommend
from advisor.rents import Rent
from advisor.values import Rows
from tests.known import SHIPPED
from tests.recommendation.made import MODEL, candidate

REWARD = "Qwen/Qwen2.5-Math-7B"
MOE = "Qwen/Qwen3-30B-A3B"
BIG = "deepseek-ai/DeepSeek-V3.2"
FACTS = {
    "concurrency": 16,
    "tokens": 1200.0,
    "generated_tokens": 1000.0,
    "ttft_s": 0.5,
    "tpot_s": 0.02,
    "spread": 1.25,
    "ttft_spread": 2.0,
}


@cache
def recommended():
    return recommend(SHIPPED, model="phi-4", gpu="l40s", task="gpqa-diamond")


def rent(gpu="h100-sxm", size=8, kind="on-demand"):
    return Rent(
        provider="cloud",
        kind=kind,
        region="",
        gpu=gpu,
        gpus=size,
        instances=1,
        gpus_per_instance=size,
        usd_per_hour=16.0,
        as_of=date(2026, 11, 1).isoformat(),
        age_days=1,
    )


def found(request=None, alternatives=(), **changed):
    """The recommendation of one candidate."""
    c = candidate(**({"model": MODEL, "rent": rent()} | FACTS | changed))
    limits = replace(recommended().request, **(request or {}))
    return replace(recommended(), recommended=c, request=limits, alternatives=Rows(alternatives, type(c)), notes=())


def plan(request=None, workspace=SHIPPED, **changed):
    """What its files say."""
    made = found(request, **changed)
    return plan_of(workspace, made, made.recommended)


def written(folder, request=None, workspace=SHIPPED, **changed):
    """The texts of its files by name, and what the verb says of them."""
    done = deploy(workspace, recommendation=found(request, **changed), output=folder)
    return {file.name: (folder / file.name).read_text() for file in done.files}, done


KINDS = {
    "one GPU": {},
    "replicas in one machine": {"gpu_count": 2, "parallelism": "tp2", "replicas": 6},
    "groups": {"model": MOE, "gpu_count": 8, "parallelism": "dp8"},
    "at a rate": {"request": {"qps": 2.0, "max_ttft_s": 1.0, "max_tpot_s": 0.05}, "replicas": 2, "n_samples": 4},
    "spot": {"rent": rent(kind="spot")},
    "no price": {"rent": None},
    "reward model": {
        "reward_model": REWARD,
        "strategy": "best-of-n",
        "n_samples": 4,
        "gpu_count": 2,
        "parallelism": "tp2",
    },
    "sglang": {"request": {"engine": "sglang"}},
    "sglang, reward model": {"request": {"engine": "sglang"}, "reward_model": REWARD, "strategy": "best-of-n"},
    "trtllm": {"request": {"engine": "trtllm"}},
    "trtllm, groups": {"request": {"engine": "trtllm"}, "model": MOE, "gpu_count": 8, "parallelism": "dp8"},
    "AMD": {"gpu": "mi300x", "rent": rent("mi300x")},
    "several machines": {
        "model": BIG,
        "gpu": "gb200",
        "gpu_count": 16,
        "parallelism": "tp16",
        "precision": "fp8",
        "rent": None,
    },
    "groups over machines": {
        "model": BIG,
        "gpu": "gb200",
        "gpu_count": 16,
        "parallelism": "dp16",
        "precision": "fp8",
        "rent": None,
    },
    "sglang over machines": {
        "request": {"engine": "sglang"},
        "model": BIG,
        "gpu": "gb200",
        "gpu_count": 16,
        "parallelism": "tp16",
        "precision": "fp8",
        "rent": None,
    },
}
"""What a candidate and its request change from one GPU, kept busy."""
