"""The tiny models of the test bed on vLLM's CPU engine: where they are, engine options, running commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

MODELS = Path(__file__).resolve().parent.parent / "tests" / "testbed" / "models"

OPTIONS = {
    "enforce_eager": True,
    "max_model_len": 512,
    "kv_cache_memory_bytes": 128 << 20,
    "block_size": 32,
    "max_num_seqs": 128,
}
"""Of the engine, for measuring speed."""

QUIET = {
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
}


def option_words(options: dict[str, object]) -> list[str]:
    """The options as words of a command line."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in options.items()}
    return [word for name, text in texts.items() for word in ("--engine-option", f"{name}={text}")]


def advisor(*words: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """One command line of the program, in a process of its own; messages go to our stderr where it must succeed."""
    command = [sys.executable, "-m", "advisor", *map(str, words)]
    messages = None if check else subprocess.PIPE
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=messages, text=True, check=check, env=os.environ | QUIET
    )
