"""Several nodes of a Ray cluster on this machine, what runs on them, and commands that are killed."""

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def two_nodes():
    """A head without processors, so that the other nodes can be removed, and two nodes with one each."""
    from ray.cluster_utils import Cluster

    os.environ |= {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(2):
        made.add_node(num_cpus=1)
    made.wait_for_nodes()
    yield made
    made.shutdown()


def lines(log):
    """(process, what it did) of each line."""
    parts = [line.partition(" ") for line in log.read_text().splitlines()]
    return [(int(process), done) for process, _, done in parts]


def when(log, n, act):
    """Do it in a thread of its own once the log has so many lines."""

    def wait():
        deadline = time.monotonic() + 120
        while len(lines(log)) < n and time.monotonic() < deadline:
            time.sleep(0.02)
        act()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def actors_of(node):
    """Processes of a node's actors."""
    (raylet,) = node.all_processes["raylet"]
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(raylet.process.pid)], capture_output=True, text=True
    )
    return [int(line.split()[0]) for line in found.stdout.splitlines() if "ray::Hosted" in line]


def are_gone(processes):
    """Raises AssertionError where one of them still runs after a while."""
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < deadline, "actors outlive their command"
        time.sleep(0.1)
    return True


def command(cluster, folder, log, *words):
    """As a user types it, with the scripted engine on the actors."""
    where = ["--json", "--ray", cluster.address, "--workspace", str(folder), "--engine-option", f"log={log}"]
    whole = [sys.executable, "-m", "tests.testbed.scripted_engine", *words, *where]
    return subprocess.Popen(whole, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
