"""Every kind of file of a workspace, damaged in every way: each command that reads it says so in one line."""

import json
import os
import shutil

import pytest

from tests.store import damage

ESTIMATE = ["estimate", "mine", "--gpu", "l4"]
RECOMMEND = ["recommend", "--task", "mine"]
CURVE = ["curve", "mine", "--task", "mine"]
MODELS, GPUS, TASKS, FIT, LIST, CHECK = ([name] for name in ("models", "gpus", "tasks", "fit", "measurements", "check"))

ANY, TABLE, NUMBERS, PARQUET = damage.ANY, damage.TABLE, damage.NUMBERS, damage.PARQUET
FILES = [
    ("measurements/samples/import-*.parquet", ANY | PARQUET, [LIST, FIT]),
    ("measurements/runs/*.parquet", ANY | PARQUET, [LIST, FIT]),
    ("measurements/texts/*.parquet", ANY, [LIST]),
    ("measurements/published/s1.csv", ANY | TABLE | NUMBERS, [FIT]),
    ("measurements/lengths/epoch_hub.csv", ANY | TABLE | NUMBERS, [FIT]),
    ("measurements/counts/pythia_math.csv", ANY | TABLE, []),
    ("measurements/strategies/testbed.csv", ANY | TABLE | NUMBERS, []),
    ("profiles/models.csv", ANY | TABLE, [MODELS, ESTIMATE]),
    ("profiles/models/mine/config.json", ANY, [MODELS, ESTIMATE]),
    ("profiles/gpus.csv", ANY | TABLE | NUMBERS, [GPUS]),
    ("profiles/prices.csv", ANY | TABLE | NUMBERS, [GPUS]),
    ("profiles/support.csv", ANY | TABLE, [ESTIMATE]),
    ("profiles/families.csv", ANY | TABLE, [ESTIMATE]),
    ("profiles/performance.csv", ANY | TABLE | NUMBERS, [ESTIMATE]),
    ("profiles/corrections.csv", ANY | TABLE | NUMBERS, [ESTIMATE]),
    ("profiles/points.csv", ANY | TABLE | NUMBERS, [TASKS, CURVE]),
    ("profiles/curves.csv", ANY | TABLE, [CURVE]),
    ("profiles/setups.csv", ANY | TABLE, [RECOMMEND]),
    *((f"profiles/{name}.csv", {"empty": ANY["empty"]}, [RECOMMEND]) for name in damage.MAINTAINED[4:]),
    *((f"profiles/{name}.csv", ANY | TABLE, []) for name in damage.MAINTAINED[4:]),
]
CASES = [
    pytest.param(file, way, commands, id=f"{file}, {name}")
    for file, ways, commands in FILES
    for name, way in ways.items()
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    import contextlib
    import io

    from advisor.cli import main

    def run(*arguments):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return (main.run([str(a) for a in arguments]),)

    return damage.full_workspace(tmp_path_factory.mktemp("full"), run)


@pytest.fixture
def own(workspace, tmp_path):
    return shutil.copytree(workspace, tmp_path / "ws")


@pytest.mark.parametrize(("file", "way", "commands"), CASES)
def test_a_damaged_file_is_named_in_one_line(own, advisor, file, way, commands):
    (path,) = own.glob(file)
    way(path)
    for command in commands:
        code, out, err = advisor(*command, "--workspace", own)
        assert (code, out, err.count("\n")) == (2, "", 1), (command, err)
        assert str(path) in err, command
    code, out, err = advisor("check", "--workspace", own)
    assert (code, err.count("\n")) == (2, 1)
    assert str(path) in out


@pytest.mark.parametrize("command", [LIST, FIT, RECOMMEND, CHECK, ESTIMATE], ids=lambda c: c[0])
def test_a_file_where_a_folder_should_be(own, advisor, command):
    folder = own / ("profiles" if command is ESTIMATE else "measurements/samples")
    shutil.rmtree(folder)
    folder.write_text("")
    code, out, err = advisor(*command, "--workspace", own)
    assert (code, err.count("\n")) == (2, 1), err
    assert str(folder) in out + err


def test_a_folder_that_may_not_be_read_is_not_an_empty_one(own, advisor, monkeypatch):
    listed = os.listdir

    def refused(folder):
        if str(folder).endswith("samples"):
            raise PermissionError(13, "Permission denied", folder)
        return listed(folder)

    monkeypatch.setattr(os, "listdir", refused)
    points = (own / "profiles" / "points.csv").read_bytes()
    for command in (FIT, LIST):
        code, _, err = advisor(*command, "--workspace", own)
        assert (code, "samples: cannot be read as a folder (Permission denied)" in err) == (2, True)
    assert (own / "profiles" / "points.csv").read_bytes() == points


def test_a_sound_workspace_is_said_to_be_sound(own, advisor):
    code, out, err = advisor("check", "--workspace", own)
    assert (code, err) == (0, "")
    assert " ".join(out.split()) == f"all 24 files are sound in {own}"  # a long path has a line of its own
    assert json.loads(advisor("check", "--workspace", own, "--json")[1]) == {
        "folder": str(own),
        "files": 24,
        "damaged": [],
    }


def test_all_that_is_damaged_is_named_in_one_go(own, advisor):
    damaged = [own / "profiles" / name for name in ("points.csv", "gpus.csv", "models/mine/config.json")]
    damaged += list((own / "measurements").glob("*/*.parquet"))
    for path in damaged:
        damage.ANY["empty"](path)
    (own / "measurements" / "samples" / ".begun.jsonl").write_text('{"key": "q0", "rows": []}\nnonsense\n{"key"')
    code, out, err = advisor("check", "--workspace", own, "--json")
    found = json.loads(out)["damaged"]
    assert (code, err.count("\n")) == (2, 1)
    assert f"{len(damaged) + 1} of 24 files are damaged" in err
    assert {each["where"].partition(", line")[0] for each in found} == {
        *map(str, damaged),
        str(own / "measurements" / "samples" / ".begun.jsonl"),
    }
    assert all(each["what"] and each["hint"] for each in found)


@pytest.mark.parametrize(
    ("file", "rows", "what"),
    [
        ("samples", "* replace (-1 as generated_tokens)", "generated_tokens is -1"),
        ("samples", "* replace (0 as sample_index)", "twice"),
        ("samples", "* replace ('by magic' as strategy)", "strategy is 'by magic'"),
        ("runs", "* replace (-1.0 as tpot_s)", "tpot_s is -1.0"),
    ],
)
def test_rows_that_cannot_be_are_named(own, advisor, file, rows, what):
    (path,) = (own / "measurements" / file).glob("[!.]*.parquet")
    damage.rows(rows)(path)
    code, out, _ = advisor("check", "--workspace", own)
    assert (code, str(path) in out, what in " ".join(out.split())) == (2, True, True)


def test_what_ships_is_sound(advisor):
    assert advisor("check")[0] == 0
