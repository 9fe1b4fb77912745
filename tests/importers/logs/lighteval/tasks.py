"""Sums of our own, for lighteval."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lighteval.metrics.metrics import Metrics
from lighteval.metrics.metrics_sample import AvgAtN, ExactMatches
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc, SamplingMethod

HERE = Path(__file__).parent


def prompt(line: dict, task_name: str | None = None) -> Doc:
    return Doc(task_name=task_name, query=line["question"], choices=[line["answer"]], gold_index=0)


def task(name: str, **options: object) -> LightevalTaskConfig:
    return LightevalTaskConfig(
        name=name,
        prompt_function=prompt,
        hf_repo=str(HERE / "tasks"),
        hf_subset="default",
        hf_avail_splits=["test"],
        evaluation_splits=["test"],
        generation_size=48,
        stop_sequence=[],
        **options,
    )


def suffix(text: str) -> str:
    return text.strip().rpartition("A ")[2]


EXACT = SampleLevelMetric(
    metric_name="em",
    sample_level_fn=ExactMatches(normalize_pred=suffix),
    category=SamplingMethod.GENERATIVE,
    corpus_level_fn=np.mean,
    higher_is_better=True,
)
THREE = SampleLevelMetric(
    metric_name="avg@n:n=3",
    sample_level_fn=AvgAtN(n=3, normalize=suffix),
    category=SamplingMethod.GENERATIVE,
    corpus_level_fn=np.mean,
    higher_is_better=True,
)
TASKS_TABLE = [
    task("sums_once", metrics=[EXACT, Metrics.f1_score]),
    task("sums_three", metrics=[THREE], num_samples=[3]),
]
