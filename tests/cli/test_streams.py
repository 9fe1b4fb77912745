"""Streams that are closed, full, ASCII or read by nobody, and signals: an exit code and one line, never a traceback."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from advisor.cli import main
from advisor.cli.streams import ALIKE

ADVISOR = f"{sys.executable} -m advisor"


def shell(line, **environment):
    """(exit code, stdout, stderr) of a shell line in which `advisor` runs the program."""
    done = subprocess.run(
        ["bash", "-c", line.replace("advisor", ADVISOR)], capture_output=True, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("advisor tasks >&-", 3, b"advisor: stdout: cannot be written (Bad file descriptor); make room, or write "),
        ("advisor tasks --json >&-", 3, b"advisor: stdout: cannot be written (Bad file descriptor)"),
        ("advisor nope 2>&-", 2, b""),
        ("advisor nope 2>/dev/full", 2, b""),
        ("advisor tasks <&- >/dev/null", 0, b""),
        ("advisor tasks >&- 2>&- <&-", 3, b""),
        ("set -o pipefail; advisor models | head -1 >/dev/null", 0, b""),
        ("set -o pipefail; advisor nope 2>&1 | true", 2, b""),
    ],
)
def test_whatever_the_streams_are(line, code, said):
    ended, out, err = shell(line)
    assert (ended, out) == (code, b"")
    assert err.startswith(said)
    assert err.count(b"\n") == bool(said)


def test_what_is_kept_in_a_file_never_gets_the_number_of_a_closed_stream(tmp_path):
    line = "from advisor.cli.streams import prepare; prepare(); import os; os._exit(os.open('.', os.O_RDONLY))"
    done = subprocess.run(["bash", "-c", f'{sys.executable} -c "{line}" >&- 2>&- <&-'])
    assert done.returncode > 2


@pytest.mark.parametrize("encoding", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}])
def test_signs_that_the_terminal_lacks_become_readable_ones(encoding):
    code, out, err = shell("advisor curve gpt-oss-120b", **encoding)
    assert (code, err) == (0, b"")
    text = out.decode("latin-1")
    assert "one answer, <=512 tokens" in text
    assert re.search(r"0\.2 % - 2\.5 %", text)
    assert not re.search(r"\\[xu]", text)


def test_json_on_an_ascii_terminal_is_the_same_json():
    plain, ascii_ = (
        json.loads(shell("advisor gpus --json", PYTHONIOENCODING=e)[1].decode()) for e in ("utf-8", "ascii")
    )
    assert plain == ascii_


def test_every_sign_that_the_program_writes_has_one_that_looks_alike():
    """Signs of the notation of answers, which are read and never printed, apart."""
    code = Path(main.__file__).parents[1]
    rooms = (code / room for room in ("cli", "reports", "recommendation", "fits", "calibration", "units.py"))
    files = [file for room in rooms for file in ([room] if room.is_file() else room.rglob("*.py"))]
    signs = {sign for file in files for sign in file.read_text(encoding="utf-8") if ord(sign) > 127}
    assert {sign for sign in signs if ord(sign) not in ALIKE} == set()


QUERY = """
import sys
from advisor.cli import lookup, main
def slow(*_, **__):
    import duckdb
    connection = duckdb.connect()
    connection.execute("select 1").fetchall()
    print("begun", flush=True)
    connection.execute("select count(*) from range(300000000) t(a) where hash(a) % 7 = 1").fetchall()
def idle(*_, **__):
    print("begun", flush=True)
    import time
    time.sleep(60)
import advisor.recommendation.frontier as room
room.known_tasks = {"slow": slow, "idle": idle}[sys.argv.pop()]
main.main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("work", ["slow", "idle"])
def test_a_signal_is_130_inside_a_query_too(number, work):
    with subprocess.Popen(
        [sys.executable, "-c", QUERY, "tasks", work], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.2)
        process.send_signal(number)
        assert process.communicate(timeout=60)[1] == "advisor: interrupted\n"
    assert process.returncode == 130


def test_what_a_library_makes_of_a_signal_is_130(monkeypatch, capsys):
    def called(*_, **__):
        try:
            main.interrupt(signal.SIGINT, None)
        except KeyboardInterrupt:
            raise SystemError("returned a result with an exception set") from None

    monkeypatch.setattr(main, "_signals", [])
    monkeypatch.setattr(main, "app", called)
    assert main.run([]) == 130
    assert capsys.readouterr().err == "advisor: interrupted\n"
    assert main._signals == [signal.SIGINT]


def test_in_the_background_of_a_script_an_interrupt_stays_ignored():
    line = "trap '' INT; advisor tasks --json & sleep 0.1; kill -INT $!; sleep 0.4; kill -INT $!; wait $!"
    assert shell(line)[0] == 0


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("Query interrupted"), 130, "advisor: interrupted"),
        (RuntimeError("something else"), 70, "bug in advisor"),
        (OSError(28, "No space left on device", "/a/file"), 3, "/a/file: cannot be written (No space left on device"),
        (PermissionError(13, "Permission denied", "/a/file"), 2, "/a/file: cannot be read or written (Permission de"),
        (OSError(28, "No space left on device"), 3, f"{os.getcwd()}: cannot be written (No space left on device)"),
        (duckdb.IOException("IO Error: Failed to create directory"), 3, "IO Error: Failed to create directory; make"),
        (duckdb.OutOfMemoryException("Out of Memory Error: x\ny"), 3, "Out of Memory Error: x; make room"),
        (MemoryError(), 3, "there is not enough memory"),
        (ConnectionResetError(104, "Connection reset"), 70, "bug in advisor"),
    ],
    ids=str,
)
def test_what_the_machine_refuses_is_no_bug_of_ours(advisor, monkeypatch, error, code, said):
    def refused(*_, **__):
        raise error

    monkeypatch.setattr("advisor.recommendation.frontier.known_tasks", refused)
    ended, out, err = advisor("tasks")
    assert (ended, out, err.count("\n")) == (code, "", 1)
    assert said in err


def test_sigterm_while_answers_are_drawn_ends_at_once_and_loses_nothing(tmp_path):
    import os
    import signal
    import subprocess
    import sys
    import time

    from tests.calibration.serving import MODEL, Handler, journaled, serving

    class Slow(Handler):
        def reply(self, content, status=200):
            time.sleep(0.02)
            super().reply(content, status)

    with serving(Slow) as server:
        words = ["calibrate", MODEL, "--task", "arithmetic", "--samples", "4", "--in-flight", "2"]
        command = [sys.executable, "-m", "advisor", *words, "--url", server.url, "--workspace", str(tmp_path)]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)
        while server.completions < 40:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "advisor: interrupted"
    (journal,) = tmp_path.rglob(".*.jsonl")
    assert len(journaled(journal)) > 3
