"""Profiles of several models on several nodes, and a worker or the command itself killed in the middle."""

import json
import os
import signal
import time
from collections import Counter

import duckdb
import pytest

import advisor
from tests.testbed.conftest import MODELS, SETTINGS
from tests.testbed.ray_nodes import are_gone, command, lines, when

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

OPTIONS = {name: value for name, value in SETTINGS.items() if name != "dtype"} | {"max_num_seqs": 64}
MODELS_PROFILED = ["Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B", "Qwen/Qwen2.5-0.5B"]
WORDS = ["profile", *MODELS_PROFILED, "--time", "10s", "--within", "0.01"]


def loads(folder):
    """How often each load of each model is in the sealed files."""
    files = (folder / "measurements" / "runs").glob("*.parquet")
    names = "model, prompt_tokens, generated_tokens, concurrency"
    found = [row for file in files for row in duckdb.connect().execute(f"select {names} from '{file}'").fetchall()]
    return Counter(f"{model} {p:.0f} {g:.0f} {c:.0f}" for model, p, g, c in found)


def test_a_killed_worker_costs_no_load(cluster, tmp_path):
    log = tmp_path / "loads"
    log.touch()
    process = command(cluster, tmp_path / "ws", log, *WORDS)
    killer = when(log, 5, lambda: os.kill(lines(log)[0][0], signal.SIGKILL))
    out, err = process.communicate(timeout=200)
    killer.join()
    done = json.loads(out)
    assert (process.returncode, done["failures"]) == (0, []), err
    assert {profile["loads"][0]["model"] for profile in done["profiles"]} == set(MODELS_PROFILED)
    assert done["found"] == []
    assert {load["status"] for profile in done["profiles"] for load in profile["loads"]} == {"ok"}
    assert all(f"{model} on cpu: " in err for model in MODELS_PROFILED)
    recorded, measured = loads(tmp_path / "ws"), len(lines(log))
    assert sum(recorded.values()) <= measured <= sum(recorded.values()) + 1  # what it was at when it died
    assert len({process for process, _ in lines(log)}) == 4  # three, and the one that followed


def test_the_command_itself_dies_and_the_same_command_resumes(cluster, tmp_path):
    log = tmp_path / "loads"
    log.touch()
    runs = tmp_path / "ws" / "measurements" / "runs"
    process = command(cluster, tmp_path / "ws", log, *WORDS)
    while not list(runs.glob("*.parquet")) and process.poll() is None:
        time.sleep(0.02)
    n = len(lines(log))
    when(log, n + 2, lambda: process.send_signal(signal.SIGKILL)).join()
    process.communicate()
    before = lines(log)
    assert are_gone({process for process, _ in before})
    finished = {file.stem for file in runs.glob("*.parquet")}
    kept = sum(1 for file in runs.glob(".*.jsonl") for line in file.read_text().splitlines() if '"key"' in line)
    again = command(cluster, tmp_path / "ws", log, *WORDS)
    out, err = again.communicate(timeout=200)
    assert again.returncode == 0, err
    done = json.loads(out)
    assert set(done["found"]) == finished != set()
    notes = [note for profile in done["profiles"] for note in profile["notes"]]
    assert sum(int(note.split()[0]) for note in notes if "before it was interrupted" in note) == kept
    assert len(done["profiles"]) + len(done["found"]) == len(MODELS_PROFILED)
    recorded = sum(loads(tmp_path / "ws").values())
    assert recorded <= len(lines(log)) <= recorded + 2  # one a node was being measured


def test_a_real_engine(cluster, tmp_path, monkeypatch):
    pytest.importorskip("vllm")
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    options = {"dummy_weights": True, "time": "3s", "engine_option": [f"{name}={OPTIONS[name]}" for name in OPTIONS]}
    ws = advisor.Workspace(tmp_path)
    done = advisor.profile_on_ray(ws, models=str(MODELS / "small"), ray=cluster.address, **options)
    (profile,) = done.profiles
    assert {run.status for run in profile.loads} == {"ok"}
    assert profile.loads[0].gpu == "cpu"
    assert profile.loads[0].start_s > 0
    assert 0 < profile.loads[0].kv_cache_bytes <= OPTIONS["kv_cache_memory_bytes"]
    assert ws.gpus["cpu"].memory_bytes_per_s > 0
