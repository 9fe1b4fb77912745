"""Workspaces with stored answers and runs, made in a test's own folder."""

from advisor.store.measurements import seal_rows
from advisor.store.runs import Run
from advisor.store.samples import Sample
from advisor.store.workspace import Workspace

MODEL = "Qwen/Qwen3-8B"


def sample(question, index, correct, tokens, **others):
    """One plain answer; wrong ones are of two classes."""
    answer = "right" if correct else f"wrong{index % 2}"
    made = {"model": MODEL, "task": "mine", "question_id": f"q{question}", "sample_index": index, "answer": answer}
    return made | {"correct": correct, "generated_tokens": tokens, "run_id": "plain", "strategy": "sampling"} | others


def run(concurrency, tpot_s, **others):
    """One measured load of Qwen3-8B on an L4."""
    made = {"model": MODEL, "gpu": "l4", "parallelism": "tp1", "precision": "bf16", "engine": "vllm", "status": "ok"}
    load = {"prompt_tokens": 1024.0, "generated_tokens": 256.0, "concurrency": float(concurrency), "tpot_s": tpot_s}
    return made | load | {"source": "a test", "run_id": "loads"} | others


def workspace(folder, samples=(), runs=(), name="mine"):
    """A workspace with one file of answers and one of loads."""
    if samples:
        seal_rows(Sample, list(samples), folder / "measurements" / "samples" / f"{name}.parquet")
    if runs:
        seal_rows(Run, list(runs), folder / "measurements" / "runs" / f"{name}.parquet")
    return Workspace(folder)
