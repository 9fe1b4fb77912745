"""What does a kill cost? `advisor calibrate` killed with -9 at random moments, by strategy, and run again to its end.

    python benchmarks/kill_draws.py [MOMENTS]      no GPU, no vLLM; about 15 s a moment and strategy

A local server draws with the scripted policy of the tests, a token in a fixed time, so that the run lasts a few seconds
and requests are always in flight; it counts every token that it draws, also of answers that nobody reads any more. Lost
is what it drew and the sealed run does not hold, as a share of all that the run needs. Every run must end up with the
answers of one that was never killed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402

from tests.calibration.serving import MODEL, REWARD_MODEL, Handler, Server, serving  # noqa: E402

TOKEN_S = 0.004
QUESTIONS = 40
BUDGETS = {"majority": 8, "rebase": 8, "mcts": 4, "adaptive-majority": 8, "thinking-budget": 24, "greedy": None}
RATED = {"rebase", "mcts"}


class Slow(Handler):
    """Takes its time for every token, and counts them."""

    def reply(self, content: Any, status: int = 200) -> None:
        """As its base class, later."""
        if isinstance(content, dict) and "choices" in content:
            drawn = content["usage"]["completion_tokens"]
            for _ in range(drawn):
                time.sleep(TOKEN_S)
                with self.server.lock:
                    self.server.drawn += 1
        super().reply(content, status)


def command(server: Server, folder: Path, strategy: str) -> list[str]:
    """As a user types it."""
    budget = BUDGETS[strategy]
    samples = [] if budget is None else ["--samples", str(budget)]
    rated = ["--reward-model", REWARD_MODEL, "--reward-url", server.url] if strategy in RATED else []
    drawn = ["--task", "arithmetic", "--questions", str(QUESTIONS), "--strategy", strategy, *samples, *rated]
    return [
        sys.executable,
        "-m",
        "advisor",
        "calibrate",
        MODEL,
        *drawn,
        "--url",
        server.url,
        "--workspace",
        str(folder),
    ]


def start(words: list[str]) -> subprocess.Popen[bytes]:
    """The command, quietly."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(words: list[str]) -> float:
    """Run it to its end; how long that took."""
    begun = time.monotonic()
    process = start(words)
    assert process.wait() == 0, f"ended with {process.returncode}"
    return time.monotonic() - begun


def answers(folder: Path) -> tuple[list[Any], int]:
    """The rows of the one sealed run, and the tokens that its searches spent."""
    (path,) = (folder / "measurements" / "samples").glob("*.parquet")
    names = "question_id, sample_index, answer, correct, generated_tokens, score, finish_reason"
    rows = duckdb.sql(f"select {names} from '{path}' order by all").fetchall()
    spent = f"select sum(spent) from (select any_value(search_generated_tokens) as spent from '{path}'"
    return rows, int(duckdb.sql(f"{spent} group by question_id)").fetchall()[0][0])


def row(server: Server, strategy: str, moments: int) -> str:
    """The line of one strategy."""
    server.drawn, lost = 0, []
    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary) / "whole"
        took_s = finish(command(server, whole, strategy))
        expected, needed = answers(whole)
        assert server.drawn == needed, f"{server.drawn} drawn, {needed} recorded"
        for moment in range(moments):
            server.drawn, folder = 0, Path(temporary) / str(moment)
            process = start(command(server, folder, strategy))
            time.sleep(random.Random(f"{strategy}{moment}").uniform(0.2, 0.95) * took_s)
            process.send_signal(signal.SIGKILL)
            process.wait()
            finish(command(server, folder, strategy))
            rows, _ = answers(folder)
            assert rows == expected, f"other answers after a kill at moment {moment}"
            lost.append(server.drawn / needed - 1)
    largest, mean = max(lost), statistics.mean(lost)
    return f"| {strategy} | {needed:,} | {moments} | {mean:.1%} | {largest:.1%} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("moments", type=int, nargs="?", default=10)
    moments = parser.parse_args().moments
    print("| strategy | tokens of the run | kills | lost, mean | lost, most |")
    print("| --- | ---: | ---: | ---: | ---: |", flush=True)
    with serving(Slow) as server:
        for strategy in BUDGETS:
            print(row(server, strategy, moments), flush=True)


if __name__ == "__main__":
    main()
