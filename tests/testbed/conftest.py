"""Real vLLM on the tiny models: one engine a session, shared by all tests, on a loop of its own."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

collect_ignore = ["train.py"]  # a script, which needs torch

MODELS = Path(__file__).parent / "models"
SETTINGS = {"dtype": "float32", "enforce_eager": True, "max_model_len": 256, "kv_cache_memory_bytes": 64 << 20, "block_size": 32}
NEWLINE = 2  # its id in the tokenizer of train.py
os.environ.update({"VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"})


@pytest.fixture(scope="session")
def loop():
    """Run coroutines on one event loop, as vLLM's engine wants it."""
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever, daemon=True)
    thread.start()
    yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, running).result(600)
    running.call_soon_threadsafe(running.stop)
    thread.join(10)


async def opened(make):
    return await make().__aenter__()


@pytest.fixture(scope="session")
def small(loop):
    pytest.importorskip("vllm")
    from advisor.engines.vllm import Policy

    engine = loop(opened(lambda: Policy(str(MODELS / "small"), **SETTINGS)))
    yield engine
    loop(engine.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def reward(loop):
    pytest.importorskip("vllm")
    from advisor.engines.vllm import RewardModel

    engine = loop(opened(lambda: RewardModel(str(MODELS / "reward"), NEWLINE, **SETTINGS)))
    yield engine
    loop(engine.__aexit__(None, None, None))
