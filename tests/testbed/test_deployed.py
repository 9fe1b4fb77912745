"""The files of a deployment before the real vLLM: its parsers take their commands, a tiny model is started by them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

import advisor
from advisor.deployments.deploy import deploy
from tests.deployments.made import KINDS, found, rent, written
from tests.deployments.names import HOSTILE, renamed
from tests.known import SHIPPED
from tests.testbed.conftest import MODELS

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("vllm")
START_S = 300
AS_VLLM = """
import runpy
import sys

if __name__ == "__main__":  # and not in the processes that it starts
    if sys.argv[1] == "serve":
        sys.argv[1:3] = ["--model", sys.argv[2]]
        runpy.run_module("vllm.entrypoints.openai.api_server", run_name="__main__")
    else:
        from vllm.benchmarks.serve import add_cli_args, main
        from vllm.utils.argparse_utils import FlexibleArgumentParser

        parser = FlexibleArgumentParser()
        add_cli_args(parser)
        main(parser.parse_args(sys.argv[3:]))
"""
"""The program `vllm`: its own asks for the package of that name, and the CPU build has another one."""
OF_VLLM = [kind for kind, changed in KINDS.items() if changed.get("request", {}).get("engine", "vllm") == "vllm"]


@pytest.fixture(scope="module")
def parse():
    """What `vllm` makes of the words after it; SystemExit for what it does not accept."""
    from vllm.benchmarks.serve import add_cli_args
    from vllm.entrypoints.cli.serve import cmd_init
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    server, bench = FlexibleArgumentParser(prog="vllm"), FlexibleArgumentParser(prog="vllm bench serve")
    subparsers = server.add_subparsers(dest="subparser", required=True)
    for command in cmd_init():
        command.subparser_init(subparsers)
    add_cli_args(bench)
    return lambda words: bench.parse_args(words[2:]) if words[0] == "bench" else server.parse_args(words)


def program(folder, name, text):
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def started(folder, script, **environment):
    """The words that a script gives to each `vllm` that it starts."""
    said, path = folder / "said", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    said.unlink(missing_ok=True)
    program(
        folder / "bin",
        "vllm",
        f"#!{sys.executable}\nimport json, sys, time\n"
        f"print(json.dumps(sys.argv[1:]), file=open({str(said)!r}, 'a'), flush=True)\n"
        "time.sleep(30 if 'pooling' in sys.argv else 0)  # the script ends with the first that does\n",
    )
    waits = f"until grep -qs pooling {said}; do sleep 0.1; done"
    program(folder / "bin", "python3", f'#!/bin/sh\n[ -z "$REWARD_URL" ] || {waits}\n')
    subprocess.run(["bash", folder / "files" / script], env={**os.environ, "PATH": path, **environment}, timeout=60)
    return [json.loads(line) for line in said.read_text().splitlines()]


@pytest.mark.parametrize("kind", OF_VLLM)
def test_vllm_parses_every_command_as_what_was_costed(tmp_path, parse, kind):
    written(tmp_path / "files", **KINDS[kind])
    c = found(**KINDS[kind]).recommended
    machines = 4 if "machines" in kind else 1
    for rank in range(machines):
        *reward, words = sorted(
            started(tmp_path, "serve.sh", LEADER="10.0.0.1", RANK=str(rank)), key=lambda words: "pooling" not in words
        )
        args = parse(words)
        assert (args.subparser, args.model_tag, args.host, args.port) == ("serve", c.model, "127.0.0.1", 8000)
        assert args.tensor_parallel_size * args.data_parallel_size == c.gpu_count
        assert args.max_num_seqs == -(-c.concurrency // args.data_parallel_size)
        assert (args.headless or False) == (rank > 0)
        if kind == "several machines":
            assert (args.nnodes, args.node_rank, args.master_addr) == (4, rank, "10.0.0.1")
        if kind == "groups over machines":
            assert (args.data_parallel_size_local, args.data_parallel_address) == (4, "10.0.0.1")
            assert args.data_parallel_start_rank == (4 * rank or None)
        assert [parse(one).port for one in reward] == [8001] * bool(c.reward_model)


@pytest.mark.parametrize("kind", OF_VLLM)
def test_vllm_parses_the_load_of_the_smoke_test(tmp_path, parse, kind):
    written(tmp_path / "files", **KINDS[kind])
    (words,) = started(tmp_path, "smoke_test.sh")
    args = parse(words)
    assert (args.model, args.base_url) == (found(**KINDS[kind]).recommended.model, "http://127.0.0.1:8000")
    lengths = (args.random_input_len, args.random_output_len, float(args.random_range_ratio))
    assert lengths == (200, 250 if found(**KINDS[kind]).recommended.n_samples == 4 else 1000, 0.0)
    assert (args.dataset_name, args.ignore_eos, args.save_result) == ("random", True, True)
    assert (args.max_concurrency, args.request_rate) == ((None, 4.0) if kind == "at a rate" else (16, float("inf")))


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_strangers_reach_vllm_as_they_are(tmp_path, parse, name):
    written(tmp_path / "files", workspace=renamed(SHIPPED, tmp_path / "own", name), model=name)
    ((served,), (asked,)) = started(tmp_path, "serve.sh"), started(tmp_path, "smoke_test.sh")
    assert (parse(served).model_tag, parse(asked).model) == (name, name)


def test_a_tiny_model_is_started_and_judged_by_its_files(tmp_path):
    """serve.sh as it is, on a CPU; what smoke_test.sh measured there goes back into the workspace."""
    ws = advisor.Workspace(tmp_path / "ours")
    advisor.import_model(ws, MODELS / "small", name="tiny")
    load = {"concurrency": 4, "tokens": 60.0, "generated_tokens": 40.0, "context_tokens": 256}
    made = found(model="tiny", tpot_s=0.05, spread=20.0, questions_per_s=1.0, rent=rent(), **load)
    deploy(ws, recommendation=made, output=tmp_path / "files")
    program(tmp_path / "bin", "vllm", f"#!{sys.executable}\n{AS_VLLM}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PORT": port,
        "URL": f"http://127.0.0.1:{port}",
        "RESULT": str(tmp_path / "result.json"),
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "TORCH_COMPILE_DISABLE": "1",  # a minute of compiling that the flags do not need
    }
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            ["bash", tmp_path / "files" / "serve.sh"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait(f"{environment['URL']}/health", server, tmp_path / "log")
        done = subprocess.run(
            ["bash", tmp_path / "files" / "smoke_test.sh"], env=environment, capture_output=True, text=True, timeout=300
        )
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok      requests answered   32" in done.stdout
    imported = advisor.import_vllm_bench(ws, tmp_path / "result.json", model="tiny", gpu="h100-sxm", precision="bf16")
    assert imported.rows == 1


def wait(url, server, log):
    import httpx

    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise RuntimeError(f"no server: {log.read_text()[-3000:]}")
