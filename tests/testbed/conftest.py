"""Real engines on the tiny models: vLLM in process and behind real servers.

They are started once for all tests, on a loop of their own.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from advisor.engines.adaptive import FixedLimit
from advisor.engines.protocol import Prompting
from advisor.engines.rewards import StepMarks

collect_ignore = ["train.py"]  # a script, which needs torch

MODELS = Path(__file__).parent / "models"
SETTINGS = {
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 256,
    "kv_cache_memory_bytes": 64 << 20,
    "block_size": 32,
}
SERVER_WAIT_S = 300
os.environ.update(
    {
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "VLLM_LOGGING_LEVEL": "ERROR",
    }
)


@pytest.fixture(scope="session")
def loop():
    """Run coroutines on one event loop, as vLLM's engine wants it."""
    running = asyncio.new_event_loop()
    thread = threading.Thread(target=running.run_forever, daemon=True)
    thread.start()
    yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, running).result(600)
    running.call_soon_threadsafe(running.stop)
    thread.join(10)
    running.close()


async def opened(make):
    return await make().__aenter__()


@pytest.fixture(scope="session")
def small(loop):
    if find_spec("vllm") is None:
        pytest.skip("needs vLLM")
    from advisor.engines.vllm import Policy

    engine = loop(opened(lambda: Policy(str(MODELS / "small"), **SETTINGS)))
    yield engine
    loop(engine.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def reward(loop):
    if find_spec("vllm") is None:
        pytest.skip("needs vLLM")
    from advisor.engines.vllm import RewardModel

    engine = loop(opened(lambda: RewardModel(str(MODELS / "reward"), StepMarks(), **SETTINGS)))
    yield engine
    loop(engine.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def cluster():
    """A Ray cluster of a head and two nodes with one processor each."""
    if find_spec("ray") is None:
        pytest.skip("needs Ray")
    from tests.testbed.ray_nodes import two_nodes

    with two_nodes() as made:
        yield made


class Served:
    """A vLLM server of one model on a free port of this machine."""

    def __init__(self, model, log, *arguments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = [
            "--dtype",
            "float32",
            "--enforce-eager",
            "--max-model-len",
            "256",
            "--kv-cache-memory-bytes",
            str(64 << 20),
            "--block-size",
            "32",
        ]
        self.url, self.log = f"http://127.0.0.1:{self.port}", log
        command = [
            sys.executable,
            "-m",
            "vllm.entrypoints.openai.api_server",
            "--model",
            str(MODELS / model),
            "--served-model-name",
            model,
        ]
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [*command, *settings, "--host", "127.0.0.1", "--port", str(self.port), *arguments],
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def wait(self):
        """Until it answers."""
        import httpx

        deadline = time.monotonic() + SERVER_WAIT_S
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                httpx.get(f"{self.url}/v1/models")
                return self
            except httpx.HTTPError:
                time.sleep(0.5)
        raise RuntimeError(f"no server: {self.log.read_text()[-2000:]}")

    def kill(self):
        """With the engine processes that it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """(policy, reward model) servers."""
    if find_spec("vllm") is None:
        pytest.skip("needs vLLM")
    logs = tmp_path_factory.mktemp("servers")
    policy = Served("small", logs / "policy.log")
    rewards = Served(
        "reward", logs / "reward.log", "--runner", "pooling", "--pooler-config", '{"tok_pooling_type": "ALL"}'
    )
    try:
        yield policy.wait(), rewards.wait()
    finally:
        policy.kill()
        rewards.kill()


@pytest.fixture(scope="session")
def clients(loop, servers):
    """(policy, reward model) over HTTP."""
    from advisor.engines.openai import Client
    from advisor.engines.reward_client import RewardClient

    async def connected():
        policy, rewards = (
            Client(servers[0].url, "small", limit=FixedLimit(32)),
            RewardClient(servers[1].url, "reward", limit=FixedLimit(32)),
        )
        await policy.check()
        await rewards.check()
        await rewards.prepare(StepMarks())
        await policy.open(Prompting())
        assert policy.served.endpoint == "completions"  # the tiny models have no chat template
        return policy, rewards

    both = loop(connected())
    yield both
    for client in both:
        loop(client.__aexit__(None, None, None))
