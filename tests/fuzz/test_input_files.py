"""What is no file, or a huge one, is refused at once by every command that reads files."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.watched import Case, watched

READERS = {
    "samples.jsonl": ("import", "samples", "FILE"),
    "samples.parquet": ("import", "samples", "FILE"),
    "runs.csv": ("import", "runs", "FILE"),
    "runs.parquet": ("import", "runs", "FILE"),
    "bench.json": ("import", "vllm-bench", "FILE", "--gpu", "l4", "--model", "qwen3-8b"),
    "guide.json": ("import", "guidellm", "FILE", "--gpu", "l4", "--model", "qwen3-8b"),
    "epoch.parquet": ("import", "epoch", "FILE"),
    "own.json": ("import", "model", "FILE"),
    "config.json": ("estimate", "FILE", "--gpu", "l4"),
    "other.json": ("compare", "FILE", "qwen3-8b"),
    "price.csv": ("gpus", "--price", "FILE"),
    "traffic.csv": ("recommend", "--traffic", "FILE"),
    "hosted.csv": ("recommend", "--hosted", "FILE", "--model", "gpt-oss-120b", "--gpu", "h100-sxm"),
    "task.jsonl": ("calibrate", "qwen3-8b", "--url", "http://127.0.0.1:9", "--task", "FILE"),
    "task.parquet": ("calibrate", "qwen3-8b", "--url", "http://127.0.0.1:9", "--task", "FILE"),
    "ws/profiles/models.csv": ("models",),
    "ws/profiles/points.csv": ("tasks",),
    "ws/profiles/gpus.csv": ("gpus",),
    "ws/profiles/prices.csv": ("gpus",),
    "ws/measurements/samples/a.parquet": ("fit",),
    "ws/measurements/runs/a.parquet": ("fit",),
    "ws/measurements/published/a.csv": ("fit",),
    "ws/measurements/lengths/a.csv": ("fit",),
}

OF_FOLDERS = {
    "bench.json": "no report here",
    "own.json": "no such file",
    "config.json": "no such config.json",
    "other.json": "no such config.json",
}
"""Of those that take a folder: what is not in it."""
IMPOSSIBLE = ["a\0b{}", "x" * 5000 + "{}", "~nobody-of-this-name/{}", "\udcff{}", "{}/{}"]


def sparse(path):
    with path.open("wb") as file:
        file.truncate(40_000_000_000)


def socket_at(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # in its folder: the address of a socket is short


KINDS = {
    "pipe": (os.mkfifo, "is a pipe, not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
    "folder": (Path.mkdir, "is a folder, not a file"),
    "socket": (socket_at, "is a socket, not a file"),
    "gigabytes": (sparse, "has 40,000,000,000 bytes, more than the"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch, name, kind):
    file, (make, what) = tmp_path / name, KINDS[kind]
    file.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "ws").mkdir(exist_ok=True)
    monkeypatch.chdir(file.parent)
    make(file)
    if kind == "folder":
        what = OF_FOLDERS.get(name, what)
    arguments = [str(file) if word == "FILE" else word for word in READERS[name]]
    done = watched(0, Case((*arguments, "--workspace", str(tmp_path / "ws")), (str(file),)))
    assert (done.code, done.problems) == (2, ()), done
    assert what in done.err


@pytest.mark.parametrize("path", IMPOSSIBLE, ids=ascii)
@pytest.mark.parametrize("name", [name for name in READERS if "FILE" in READERS[name]])
def test_paths_that_cannot_be(tmp_path, monkeypatch, name, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ws").mkdir()
    ending = name.rpartition("/")[2]
    arguments = [path.format(ending, ending) if word == "FILE" else word for word in READERS[name]]
    done = watched(0, Case((*arguments, "--workspace", str(tmp_path / "ws")), (ending,)))
    assert (done.code, done.problems) == (2, ()), done


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (4_000_000_000,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from advisor.cli.main import run
sys.exit(run(sys.argv[1:]))
"""


def limited(*arguments):
    """A command that may take four gigabytes and a minute of a processor."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-c", LIMITED, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr


def test_gigabytes_within_the_limit_of_answers_take_no_memory(tmp_path):
    """As many zeros in one line: no row."""
    with (tmp_path / "s.jsonl").open("wb") as file:
        file.truncate(8_000_000_000)
    code, err = limited("import", "samples", tmp_path / "s.jsonl", "--workspace", tmp_path / "ws")
    assert (code, err.count("\n")) == (2, 1), err
    assert f"{tmp_path / 's.jsonl'}, line 1" in err


def test_a_small_parquet_file_of_many_equal_rows_takes_no_memory(tmp_path):
    import duckdb

    for name, columns in (("s", "'m' as model"), ("t", "'q' as question, 'a' as answer")):
        query = f"select {columns} from range(30_000_000)"
        duckdb.execute(f"copy ({query}) to '{tmp_path / name}.parquet' (format parquet, compression zstd)")
    assert (tmp_path / "s.parquet").stat().st_size < 10_000_000
    ws = ("--workspace", tmp_path / "ws")
    for arguments in (
        ("import", "samples", tmp_path / "s.parquet"),
        ("calibrate", "qwen3-8b", "--url", "http://127.0.0.1:9", "--task", tmp_path / "t.parquet"),
    ):
        code, err = limited(*arguments, *ws)
        assert (code, err.count("\n")) == (2, 1), err
        assert "has 30,000,000 rows" in err


@pytest.mark.parametrize("template", ["{question:99999999999}", "{question!r:>99999999999}", "{question.__class__}"])
def test_a_template_with_a_format_takes_no_memory(tmp_path, template):
    (tmp_path / "t.jsonl").write_text('{"question": "1 + 1", "answer": "2"}\n')
    calibrate = ("calibrate", "qwen3-8b", "--url", "http://127.0.0.1:9", "--task", tmp_path / "t.jsonl")
    code, err = limited(*calibrate, "--template", template)
    assert (code, err.count("\n")) == (2, 1), err
    assert err.startswith("advisor: --template: has a field other than {question}")


def test_layers_without_number_take_no_memory(tmp_path):
    config = '{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 4000000000, "num_attention_heads": 8,'
    config += ' "intermediate_size": 64, "vocab_size": 64, "max_position_embeddings": 64}'
    (tmp_path / "config.json").write_text(config)
    code, err = limited("estimate", tmp_path / "config.json", "--gpu", "l4")
    assert (code, err.count("\n")) == (2, 1), err
    assert "num_hidden_layers is 4000000000" in err
