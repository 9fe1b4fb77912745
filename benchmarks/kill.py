"""Kill commands at random moments, run them again, and look at what is there then.

    python benchmarks/kill.py [--moments 100] [--only import …]

Each command is killed (SIGKILL) at random moments, half of them anywhere in its run, half after it first wrote to its
workspace. After each kill `advisor check` has to find every file sound, the same command run again has to succeed, no
row that was recorded before may be lost, none may be there twice, the outcome has to be that of a run that was never
killed (of `profile`, whose loads are chosen as it goes, as far as it can be compared), and no leftover may lie there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from advisor.fits.check import check
from advisor.store.recorded import journals
from advisor.store.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the local servers of the tests

Rows = Counter[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Work:
    """One command that is killed: `begin` fills a folder with what it needs.

    `arguments` are those of `advisor`, with {ws} for the workspace and {url} for a local server; `outcome` is what has
    to be there at the end, whatever was killed on the way; `server` is open meanwhile.
    """

    name: str
    begin: Callable[[Path], None]
    arguments: str
    outcome: Callable[[Path], object]
    server: Callable[[], contextlib.AbstractContextManager[str]] = lambda: contextlib.nullcontext("")


@dataclass(slots=True)
class Tally:
    """What came of one command's kills."""

    kills: int = 0
    ended: int = 0
    faults: list[str] = field(default_factory=list)


def command(work: Work, ws: Path, url: str) -> list[str]:
    """The process's arguments."""
    filled = [each.replace("{ws}", str(ws)).replace("{url}", url) for each in work.arguments.split()]
    return [sys.executable, "-m", "advisor", *filled, "--workspace", str(ws)]


def started(work: Work, ws: Path, url: str) -> subprocess.Popen[bytes]:
    """The running command, its words thrown away."""
    return subprocess.Popen(
        command(work, ws, url), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def everything(ws: Path) -> dict[str, tuple[int, int]]:
    """Name, time and size of every file."""
    found = {}
    for path in ws.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found[str(path)] = (path.stat().st_mtime_ns, path.stat().st_size)
    return found


def killed(work: Work, ws: Path, url: str, run_s: float, *, while_writing: bool) -> bool:
    """Whether the command was still running when it was killed."""
    process = started(work, ws, url)
    if while_writing:
        before = everything(ws)
        while process.poll() is None and everything(ws) == before:
            time.sleep(0.001)
        time.sleep(random.uniform(0, 0.1) if random.random() < 0.7 else random.uniform(0, run_s / 3))
    else:
        time.sleep(random.uniform(0, run_s))
    was_running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return was_running


def recorded_rows(ws: Path) -> Rows:
    """Answers and loads by what names them, sealed and in journals; those that are to be tried again left out."""
    keys = {
        "samples": ("run_id", "model", "task", "question_id", "sample_index"),
        "runs": ("run_id", "prompt_tokens", "generated_tokens", "concurrency"),
    }
    found: Rows = Counter()
    for kind, names in keys.items():
        folder = ws / "measurements" / kind
        for file in folder.glob("[!.]*.parquet"):
            query = f"select {', '.join(names)} from read_parquet('{file}')"
            found.update((kind, *row) for row in duckdb.connect().execute(query).fetchall())
        for journal in journals(folder):
            if not (folder / f"{journal.stem[1:]}.parquet").exists():  # sealed, and killed before it was removed
                found.update((kind, *(row.get(name) for name in names)) for row in _kept(journal))
    return found


def _kept(journal: Path) -> Iterator[dict[str, object]]:
    by_key = {}
    for line in journal.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n") and "rows" in (entry := json.loads(line)):
            by_key[entry["key"]] = entry["rows"]
    for rows in by_key.values():
        yield from (r for r in rows if r.get("finish_reason") != "error" and r.get("status", "ok") != "failed")


def faults(work: Work, ws: Path, url: str, expected: object) -> Iterator[str]:
    """What is wrong after a kill, and after the same command ran once more."""
    if damaged := check(Workspace(ws)).damaged:
        yield f"damaged after the kill: {damaged[0].where}: {damaged[0].what}"
    before = recorded_rows(ws)
    again = subprocess.run(command(work, ws, url), cwd=ROOT, capture_output=True, text=True)
    if again.returncode:
        yield f"the same command again: exit {again.returncode}, {again.stderr.strip()}"
        return
    if damaged := check(Workspace(ws)).damaged:
        yield f"damaged at the end: {damaged[0].where}: {damaged[0].what}"
    after = recorded_rows(ws)
    if lost := set(before) - set(after):
        yield f"{len(lost)} rows lost, as {next(iter(lost))}"
    if doubled := [row for row, times in after.items() if times > 1]:
        yield f"{len(doubled)} rows doubled, as {doubled[0]}"
    if work.outcome(ws) != expected:
        yield "another outcome than without the kill"
    if left := [str(path) for path in ws.rglob(".*") if path.name.endswith((".tmp", ".jsonl", ".lock"))]:
        yield f"left behind: {', '.join(left)}"


def tally(work: Work, moments: int, folder: Path) -> Tally:
    """Kill one command at so many moments, each in a workspace of its own."""
    done = Tally()
    with work.server() as url:
        whole = folder / "whole"
        work.begin(whole)
        begun = time.perf_counter()
        process = started(work, whole, url)
        said = process.communicate()[1].decode()
        assert process.returncode == 0, f"{work.name} fails without being killed: {said}"
        run_s = time.perf_counter() - begun
        expected = work.outcome(whole)
        for moment in range(moments):
            ws = folder / str(moment)
            work.begin(ws)
            if killed(work, ws, url, run_s, while_writing=moment % 2 == 1):
                done.kills += 1
            else:
                done.ended += 1
            done.faults += [f"{work.name}, kill {moment}: {fault}" for fault in faults(work, ws, url, expected)]
            shutil.rmtree(ws)
    return done


def _answers(runs: int, questions: int) -> list[dict[str, object]]:
    return [
        {
            "run_id": f"run-{run}",
            "model": "Qwen/Qwen3-8B",
            "task": "mine",
            "question_id": f"q{question}",
            "sample_index": index,
            "answer": str((run + question * index) % 3),
            "correct": (run + question * index) % 3 == 1,
            "generated_tokens": 100 + index,
        }
        for run in range(runs)
        for question in range(questions)
        for index in range(4)
    ]


def _with_answers(ws: Path) -> None:
    """Answers and loads to import, and some that are imported."""
    ws.mkdir(parents=True)
    (ws / "answers.jsonl").write_text("\n".join(map(json.dumps, _answers(40, 10))))
    (ws / "loads.csv").write_text(
        "model,gpu,prompt_tokens,generated_tokens,concurrency,tpot_s\nqwen3-8b,l4,1024,256,16,0.09\n"
    )


def _fitted(ws: Path) -> None:
    _with_answers(ws)
    for arguments in (["import", "samples", "answers.jsonl"], ["import", "runs", "loads.csv"]):
        subprocess.run(
            [sys.executable, "-m", "advisor", *arguments[:2], str(ws / arguments[2]), "--workspace", str(ws)],
            check=True,
            capture_output=True,
        )


def _empty(ws: Path) -> None:
    ws.mkdir(parents=True)


def _tables(ws: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (ws / "profiles").glob("*.csv")}


def _page(ws: Path) -> dict[str, str]:
    """The report's page and the names of its pictures."""
    pages = {path.name: path.read_text().replace(str(ws), "") for path in ws.glob("out/*.md")}
    return pages | {path.name: "a picture" for path in ws.glob("out/**/*.svg")}


@contextlib.contextmanager
def _answering() -> Iterator[str]:
    from tests.calibration.serving import serving

    with serving() as server:
        server.handle_error = lambda *_: None  # a killed client is no news
        yield server.url


@contextlib.contextmanager
def _streaming() -> Iterator[str]:
    from tests.profiler.streaming import streaming

    with streaming() as server:
        yield f"http://127.0.0.1:{server.server_port}"


CALIBRATE = (
    Work(
        "calibrate",
        _empty,
        "calibrate qwen3-0.6b --task arithmetic --questions 40 --samples 4 --plain --url {url} --max-tokens 64",
        lambda ws: sorted(recorded_rows(ws).items()),
        _answering,
    ),
)
"""Commands that draw answers: add another one here, as with texts kept or a tree search."""
WORKS = (
    Work(
        "import",
        _with_answers,
        "import samples {ws}/answers.jsonl",
        lambda ws: sorted(recorded_rows(ws).items()),
    ),
    Work("fit", _fitted, "fit", _tables),
    Work("report", _with_answers, "report -o {ws}/out/report.md", _page),
    Work(
        "profile",
        _empty,
        "profile qwen3-0.6b --url {url} --gpu l4 --served-model served --time 6s --within 0.3",
        lambda ws: len(list((ws / "measurements" / "runs").glob("[!.]*.parquet"))),
        _streaming,
    ),
    *CALIBRATE,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=100, help="kills of each command")
    parser.add_argument("--only", nargs="*", default=[work.name for work in WORKS], help="these commands alone")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    given = parser.parse_args()
    random.seed(given.seed)
    print(f"{'command':10s} {'killed':>7s} {'had ended':>10s} {'faults':>7s}")
    found = []
    for work in WORKS:
        if work.name in given.only:
            with tempfile.TemporaryDirectory() as folder:
                done = tally(work, given.moments, Path(folder))
            print(f"{work.name:10s} {done.kills:7d} {done.ended:10d} {len(done.faults):7d}", flush=True)
            found += done.faults
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
