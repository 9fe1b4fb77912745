"""Seconds and memory of the commands at one, ten and a hundred times the measurements, and how both grow.

    python benchmarks/scale.py [--answers 5000000] [--runs 10000] [--candidates 10000000]
    python benchmarks/scale.py --imports 10 --answers 10000000    # many files into one workspace, and their fit

Thirty-two answers to each of a thousand questions of ever more models, imported, fitted, fitted again after a thousand
answers more, and looked up; then ever more files of twenty measured loads; then the queries of a recommendation over
ever more candidates. Every command is run as a user types it, in a workspace of its own. The table goes to
docs/operations.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from math import log10
from pathlib import Path

import duckdb
import frontier
from validation_page import put, table

from advisor.recommendation.candidates import PACKAGE, feasible
from advisor.recommendation.model_points import WORTH
from advisor.store.measurements import spilling
from advisor.store.sql import statement

PAGE = Path(__file__).resolve().parent.parent / "docs" / "operations.md"
GROWTH = (100, 10, 1)
SHORT_OF_MEMORY = "1GB"
Figures = tuple[float, float, float]
"""Seconds of all processors, wall-clock seconds, and GiB of the largest process at its peak."""
ANSWERS = """
select
    '{lab}/model-' || m as model,
    'task-' || (m % 4) as task,
    'question-' || q as question_id,
    s::int as sample_index,
    if(luck < chance, 'right', 'wrong-' || (hash(m, q, s) % 7)) as answer,
    luck < chance as correct,
    (200 + 3000 * (hash(s, q, m) % 100000) / 100000)::int as generated_tokens,
    120 as prompt_tokens,
    'stop' as finish_reason,
    0.7 as temperature,
    '{run}-' || m as run_id
from (
    select m, q, s, (hash(q, m, s) % 100000) / 100000 as luck, (hash(q) % 100) / 100 as chance
    from range({models}) as models(m), range(1000) as questions(q), range(32) as samples(s)
)
limit {answers}
"""
LOADS = """
select
    'Qwen/Qwen3-8B' as model, 'h100-sxm' as gpu, 'tp1' as parallelism, 'bf16' as precision, 'vllm' as engine,
    'ok' as status, 1024.0 as prompt_tokens, 256.0 as generated_tokens, (2 ** (i % 8))::double as concurrency,
    (0.0075 + 0.00006 * 2 ** (i % 8)) * (1 + (hash(i, {file}) % 10000000) / 50000000) as tpot_s,
    'made up' as source, 'loads-{file}' as run_id
from range(20) as loads(i)
"""

WORDS = """\
On {processors} processors; `python benchmarks/scale.py`.{busy} CPU s are those of all processors and processes
together, GiB those of the largest process at its peak; the last column is the power of the size that CPU s follow over
the last tenfold. A hundred million answers came in as ten files of ten million (`--imports 10 --answers 10000000`,
once, on a machine of 23 GiB): 44 to 46 CPU s (28 to 32 s) and 5.3 to 5.5 GiB a file, the tenth as the first. `fit` of
them took 2,650 CPU s (24 minutes) and 13.2 GiB, of which its database takes no more than half of the machine's memory
and keeps the rest in files; again with nothing new or a thousand answers more 365 CPU s (4 minutes), `tasks` 2.3.

"""


def measured(*words: str) -> Figures:
    """What a command takes; of its processes those that it waited for, which are all."""
    begun = time.perf_counter()
    started = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    assert status == 0, words
    return used.ru_utime + used.ru_stime, time.perf_counter() - begun, used.ru_maxrss / 2**20


def answers_file(folder: Path, name: str, models: int, answers: int, lab: str = "lab") -> str:
    file = folder / f"{name}.parquet"
    query = ANSWERS.format(models=models, answers=answers, run=name, lab=lab)
    duckdb.execute(f"copy ({query}) to '{file}' (format parquet)")
    return str(file)


def of_answers(folder: Path, n: int) -> dict[str, Figures]:
    workspace = ("--workspace", str(folder / f"answers-{n}"))
    many = answers_file(folder, "many", -(-n // 32_000), n)
    few = answers_file(folder, "few", 1, 1000)
    advisor = ("-m", "advisor")
    found = {"`import samples`": measured(*advisor, "import", "samples", many, *workspace)}
    found["`fit`"] = measured(*advisor, "fit", *workspace)
    found["`fit` again, nothing new"] = measured(*advisor, "fit", *workspace)
    found["`import samples`, 1 000 more"] = measured(*advisor, "import", "samples", few, *workspace)
    found["`fit` again after them"] = measured(*advisor, "fit", *workspace)
    found["`tasks`"] = measured(*advisor, "tasks", *workspace)
    return found


def imports(files: int, answers: int) -> None:
    """Import so many files of so many answers, one after the other, into one workspace, and fit them; print figures."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)

        def show(name: str, *words: str) -> None:
            found = measured("-m", "advisor", *words, "--workspace", str(folder / "answers"))
            print(name, *(f"{figure:.2f}" for figure in found), sep="\t", flush=True)

        for number in range(files):
            file = answers_file(folder, f"many-{number}", -(-answers // 32_000), answers, lab=f"lab-{number}")
            show(f"import {number + 1}", "import", "samples", file)
            Path(file).unlink()
        few = answers_file(folder, "few", 1, 1000)
        show("fit", "fit")
        show("fit again, nothing new", "fit")
        show("import 1 000 more", "import", "samples", few)
        show("fit again after them", "fit")
        show("tasks", "tasks")


def of_runs(folder: Path, n: int) -> dict[str, Figures]:
    workspace = folder / f"runs-{n}"
    runs = workspace / "measurements" / "runs"
    runs.mkdir(parents=True)
    for file in range(n):
        duckdb.execute(f"copy ({LOADS.format(file=file)}) to '{runs}/loads-{file}.parquet' (format parquet)")
    recommend = ("recommend", "--budget", "0.01usd", "--task", "gpqa-diamond")
    commands = {"`fit`": ("fit",), "`fit` again, nothing new": ("fit",), "`measurements`": ("measurements",)}
    commands["`recommend`"] = recommend
    return {name: measured("-m", "advisor", *words, "--workspace", str(workspace)) for name, words in commands.items()}


def of_candidates(folder: Path, n: int) -> dict[str, Figures]:
    limits = {"in memory": "8GB", f"in {SHORT_OF_MEMORY}, the rest in files": SHORT_OF_MEMORY}
    return {
        f"queries of `recommend` over made-up candidates, {name}": measured(__file__, "--choose", str(n), limit)
        for name, limit in limits.items()
    }


def choose(n: int, memory_limit: str) -> None:
    """Make candidates, and ask for frontier, pick, contenders and models once."""
    connection = spilling()
    connection.execute(f"set memory_limit = '{memory_limit}'")
    frontier.generate(connection, n)
    by_model = {"cost": "usd", "worth": WORTH}
    connection.execute(f"create temp table front as {statement(PACKAGE, 'frontier')}", {"cost": "usd"})
    pick = connection.execute(feasible(statement(PACKAGE, "pick")), frontier.LIMITS).fetchall()
    others = {name: value for name, value in frontier.LIMITS.items() if name != "worth"} | {"usd": None}
    connection.execute(feasible(statement(PACKAGE, "contenders")), others | {"chosen": [pick[0][0]]}).fetchall()
    connection.execute(statement(PACKAGE, "models"), by_model).fetchall()


def grown(what: str, n: int, measure: Callable[[Path, int], dict[str, Figures]]) -> list[list[str]]:
    """A row for each command and size: its figures, and the power of the size that the seconds of processors follow."""
    rows, before = [], dict[str, Figures]()
    for part in GROWTH:
        with tempfile.TemporaryDirectory() as folder:
            found = measure(Path(folder), n // part)
        for name, (cpu_s, wall_s, gib) in found.items():
            power = f"{log10(cpu_s / before[name][0]):.2f}" if name in before else ""
            rows.append([name, f"{n // part:,} {what}", f"{cpu_s:.1f}", f"{wall_s:.0f}", f"{gib:.2f}", power])
            print(*rows[-1], sep="\t", file=sys.stderr, flush=True)
        before = found
    names = list(found)
    return sorted(rows, key=lambda row: names.index(row[0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--candidates", type=int, default=10_000_000)
    parser.add_argument("--busy", action="store_true", help="say that others used the processors at the same time")
    parser.add_argument("--choose", nargs=2, metavar=("CANDIDATES", "MEMORY"), help=argparse.SUPPRESS)
    parser.add_argument("--imports", type=int, metavar="FILES", help="import so many files of --answers, and fit them")
    given = parser.parse_args()
    if given.imports:
        imports(given.imports, given.answers)
        return
    if given.choose:
        choose(int(given.choose[0]), given.choose[1])
        return
    rows = grown("answers", given.answers, of_answers)
    rows += grown("files of 20 loads", given.runs, of_runs)
    rows += grown("candidates", given.candidates, of_candidates)
    body = table(rows, ["command", "size", "CPU s", "wall s", "GiB", "power of the size"])
    busy = " Others used them at the same time, so wall-clock time says little." if given.busy else ""
    put("How it grows", WORDS.format(processors=os.cpu_count(), busy=busy) + body, PAGE)
    print(body)


if __name__ == "__main__":
    main()
