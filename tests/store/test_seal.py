"""A whole file or nothing, and what killed processes leave behind."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from advisor.errors import AdvisorError
from advisor.store.seal import check_writable, sealed

DIE = """
import os, sys
from pathlib import Path
from advisor.store.seal import sealed
def write(temporary):
    temporary.write_text("half")
    if sys.argv[2] == "die":
        os._exit(9)
    print("writing", flush=True)
    sys.stdin.readline()
sealed(Path(sys.argv[1]), write)
"""


def writer(target, how):
    command = [sys.executable, "-c", DIE, str(target), how]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_what_a_dead_process_left_is_swept_by_the_next_write_and_what_a_living_one_writes_is_not(tmp_path):
    with writer(tmp_path / "dead.csv", "die") as dead:
        pass
    assert (dead.returncode, names(tmp_path)) == (9, [f".dead.csv.{dead.pid}.tmp"])
    (tmp_path / f".old.csv.{os.getpid()}.tmp").write_text("its number is ours now")
    with writer(tmp_path / "slow.csv", "wait") as slow:
        assert slow.stdout.readline() == "writing\n"
        sealed(tmp_path / "new.csv", lambda temporary: temporary.write_text("whole"))
        assert names(tmp_path) == [f".slow.csv.{slow.pid}.tmp", "new.csv"]
        slow.communicate("go on\n")
    assert (slow.returncode, names(tmp_path)) == (0, ["new.csv", "slow.csv"])


@pytest.mark.parametrize("name", [".notes.tmp", ".x.md.77.tmp", ".x.csv.swp.tmp", "x.csv.77.tmp"])
def test_files_of_other_programs_and_kinds_are_left_alone(tmp_path, name):
    (tmp_path / name).write_text("not ours")
    sealed(tmp_path / "new.csv", lambda temporary: temporary.write_text("whole"))
    assert names(tmp_path) == sorted([name, "new.csv"])


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path):
    def full(temporary):
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sealed(tmp_path / "table.csv", lambda temporary: temporary.write_text("whole"))
    with pytest.raises(AdvisorError, match=r"cannot write here \(No space left on device\)"):
        sealed(tmp_path / "table.csv", full)
    assert (names(tmp_path), (tmp_path / "table.csv").read_text()) == (["table.csv"], "whole")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no folder here that nobody may write")
def test_a_place_that_cannot_be_written_is_known_before_the_work(tmp_path):
    with pytest.raises(AdvisorError, match=r"/proc/x.md: cannot write here .*; choose a folder"):
        check_writable(Path("/proc/x.md"))
    with pytest.raises(AdvisorError, match="cannot write here"):
        check_writable(Path("/proc/none/there/x.md"))
    check_writable(tmp_path / "not" / "yet" / "x.md")
    assert names(tmp_path) == []


@pytest.mark.parametrize("target", ["/dev/full", "/proc/none/at.all"])
def test_what_duckdb_cannot_write_is_said_in_its_words(tmp_path, target):
    copy = f"copy (select 1) to '{target}' (format parquet, use_tmp_file false)"
    with pytest.raises(
        AdvisorError, match=r"cannot write here \((No space left on device|No such file or directory)\)"
    ):
        sealed(tmp_path / "run.parquet", lambda _: duckdb.connect().execute(copy))
    assert names(tmp_path) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 128 kB, where this user may mount one."""
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(tmp_path)], capture_output=True)
    if made.returncode:
        pytest.skip("no file system may be mounted here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def answers(path):
    row = {"model": "Qwen/Qwen3-8B", "task": "mine", "sample_index": 0, "correct": False, "generated_tokens": 5}
    rows = [row | {"question_id": f"q{i}", "answer": os.urandom(40).hex()} for i in range(3000)]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_full_disk_is_one_line_and_leaves_nothing(small_disk, tmp_path_factory, advisor):
    file = answers(tmp_path_factory.mktemp("in") / "a.jsonl")
    code, out, err = advisor("import", "samples", file, "--workspace", small_disk)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "cannot write here (No space left on device); make room" in err
    assert [path for path in small_disk.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("command", [["import", "samples"], ["fit"], ["report", "-o"]], ids=lambda c: c[0])
def test_a_disk_that_cannot_be_written_is_one_line(small_disk, tmp_path_factory, advisor, command):
    file = answers(tmp_path_factory.mktemp("in") / "a.jsonl")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    last = {"samples": [file], "-o": [small_disk / "r.md"]}.get(command[-1], [])
    code, out, err = advisor(*command, *last, "--workspace", small_disk)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"advisor: {small_disk}")
    assert "cannot write here (Read-only file system)" in err
