"""One process at a time: who waits, who is refused, and that a lock dies with the process that has it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from advisor.errors import AdvisorError
from advisor.store.locks import locked
from advisor.store.workspace import Workspace

HOLD = """
import sys, time
from pathlib import Path
from advisor.store.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""
CONFIG = {
    "model_type": "qwen3",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
    "max_position_embeddings": 512,
}


def holder(file, seconds):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(file), str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_one_is_refused_and_told_who_has_it(tmp_path):
    with holder(tmp_path / "run.jsonl", 60) as process:
        with (
            pytest.raises(AdvisorError, match=rf"run\.jsonl: already running, pid {process.pid}; "),
            locked(tmp_path / "run.jsonl"),
        ):
            pass
        process.kill()


def test_a_lock_of_a_killed_process_is_free(tmp_path):
    with holder(tmp_path / "run.jsonl", 60) as process:
        process.send_signal(signal.SIGKILL)
    assert (tmp_path / ".run.jsonl.lock").exists()
    with locked(tmp_path / "run.jsonl"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_who_waits_gets_its_turn(tmp_path):
    with holder(tmp_path / "run.jsonl", 0.3), locked(tmp_path / "run.jsonl", wait_s=60):
        assert (tmp_path / ".run.jsonl.lock").read_text() == f"{os.getpid()}\n"


def test_a_forked_child_does_not_keep_the_lock_of_its_parent(tmp_path):
    with locked(tmp_path / "run.jsonl"):
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
    try:
        with locked(tmp_path / "run.jsonl"):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_of_eight_imports_at_once_every_model_is_there_afterwards(tmp_path):
    for i in range(8):
        (tmp_path / f"model-{i}").mkdir()
        (tmp_path / f"model-{i}" / "config.json").write_text(json.dumps(CONFIG | {"hidden_size": 64 + 4 * i}))
    command = [sys.executable, "-m", "advisor", "import", "model", "--workspace", str(tmp_path / "ws")]
    imports = [subprocess.Popen([*command, str(tmp_path / f"model-{i}")], stdout=subprocess.DEVNULL) for i in range(8)]
    assert [each.wait() for each in imports] == [0] * 8
    assert {f"model-{i}" for i in range(8)} <= set(Workspace(tmp_path / "ws").models)
    assert not list((tmp_path / "ws" / "profiles").glob(".*"))
