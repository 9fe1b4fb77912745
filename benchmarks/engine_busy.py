"""Does calibration keep the engine busy? Generated tokens/s of `advisor calibrate` beside a bare vLLM generate call on the same prompts.

    python benchmarks/engine_busy.py [ROUNDS]      needs vLLM; without a GPU its CPU build, a few minutes a round

Both run in turn, ROUNDS times, each in a process of its own, start-up not counted; the ratio of medians is what counts. The larger
model has random weights: its steps take long enough that what surrounds them shows as it would on a GPU. Tree searches generate on
one engine and score on another, both on this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from advisor.tasks.arithmetic import questions

MODELS = Path("tests/testbed/models")
ENGINE = {"dtype": "float32", "enforce_eager": True, "max_model_len": 256, "kv_cache_memory_bytes": 512 << 20, "block_size": 32}
LARGER = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 6, "num_key_value_heads": 2, "intermediate_size": 1152, "head_dim": 64}
QUESTIONS, SAMPLES, LONGEST = 50, 16, 64
ENVIRONMENT = {**os.environ, "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
BARE = """
import json, sys, time
from vllm import LLM, SamplingParams
asked = json.loads(sys.stdin.read())
llm = LLM(model=asked["model"], enable_prefix_caching=True, enable_chunked_prefill=False, **asked["engine"])
sampling = [SamplingParams(temperature=1.0, max_tokens=asked["longest"], seed=i) for i in range(len(asked["prompts"]))]
llm.generate(asked["prompts"][:8], sampling[:8], use_tqdm=False)
start = time.monotonic()
outputs = llm.generate(asked["prompts"], sampling, use_tqdm=False)
print("tokens/s", sum(len(o.outputs[0].token_ids) for o in outputs) / (time.monotonic() - start))
"""


def bare(model: Path, engine: dict[str, object]) -> float:
    prompts = [q.prompt for q in questions(QUESTIONS) for _ in range(SAMPLES)]
    asked = json.dumps({"model": str(model), "engine": engine, "longest": LONGEST, "prompts": prompts})
    done = subprocess.run([sys.executable, "-c", BARE], input=asked, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return float(done.stdout.split("tokens/s")[-1])


def calibrated(model: Path, engine: dict[str, object], strategy: str, budget: int) -> float:
    settings = [word for name, value in engine.items() for word in ("--engine-option", f"{name}={value}")]
    rewards = ["--reward-model", str(MODELS / "reward")] if strategy in {"rebase", "mcts"} else []
    with tempfile.TemporaryDirectory() as workspace:
        asked = ["calibrate", str(model), "--task", "arithmetic", "--strategy", strategy, "--samples", str(budget), "--questions", str(QUESTIONS), *rewards]
        command = [
            sys.executable,
            "-c",
            "from advisor.cli import main; main()",
            *asked,
            "--max-tokens",
            str(LONGEST),
            "--workspace",
            workspace,
            "--json",
            *settings,
        ]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["tokens_per_s"])


def larger(folder: Path) -> Path:
    """The medium model's folder with a larger shape and no weights."""
    shutil.copytree(MODELS / "medium", folder)
    (folder / "model.safetensors").unlink()
    config = json.loads((folder / "config.json").read_text()) | LARGER
    (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if k != "layer_types"}))
    return folder


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as temporary:
        cases = [
            ("larger, random weights", larger(Path(temporary) / "larger"), {**ENGINE, "load_format": "dummy"}, [("majority", SAMPLES)]),
            ("medium", MODELS / "medium", ENGINE, [("majority", SAMPLES), ("rebase", 16), ("mcts", 4)]),
        ]
        print("| model | strategy | tokens/s | bare vLLM | ratio |\n| --- | --- | ---: | ---: | ---: |")
        for name, model, engine, strategies in cases:
            alone, ours = [], {strategy: [] for strategy, _ in strategies}
            for _ in range(rounds):
                alone.append(bare(model, engine))
                for strategy, budget in strategies:
                    ours[strategy].append(calibrated(model, engine, strategy, budget))
            top = statistics.median(alone)
            for strategy, speeds in ours.items():
                speed = statistics.median(speeds)
                print(f"| {name} | {strategy} | {speed:,.0f} | {top:,.0f} | {speed / top:.2f} |", flush=True)


if __name__ == "__main__":
    main()
