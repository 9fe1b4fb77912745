"""Commands on a store that several share, in this process: what they print, and what the next one finds."""

import json

import duckdb
import pytest

from tests.calibration.serving import serving


@pytest.fixture
def on(advisor, bucket, monkeypatch, tmp_path):
    """Run a command on the machine of somebody."""

    def run(name, *arguments):
        monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path / name))
        return advisor(*arguments, "--workspace", f"s3://{bucket}/team")

    return run


@pytest.fixture
def objects(bucket):
    import s3fs

    return s3fs.S3FileSystem(use_listings_cache=False), f"{bucket}/team"


@pytest.fixture
def answers(tmp_path):
    """A file to import: two answers, of which one was judged wrongly."""
    shared = {"run_id": "pilot", "model": "Qwen/Qwen3-8B", "task": "mine", "sample_index": 0, "generated_tokens": 9}
    judged = {"kind": "number", "reference": "7"}
    rows = [
        {**shared, **judged, "question_id": f"q{i}", "answer": "7", "correct": right, "text": "it is 7"}
        for i, right in enumerate((True, False))
    ]
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def test_what_one_imports_another_one_regrades(on, objects, bucket, answers):
    fs, root = objects
    code, _, err = on("alice", "import", "samples", answers)
    assert (code, err) == (
        0,
        f"advisor: kept in s3://{bucket}/team; next: advisor fit --workspace s3://{bucket}/team\n",
    )
    code, out, _ = on("bob", "regrade", "--json")
    assert (code, json.loads(out)["runs"][0]["now_right"]) == (0, 1)
    samples = f"{root}/measurements/samples/pilot.parquet"
    assert sorted(fs.find(f"{root}/measurements/samples")) == [samples, f"{samples}.v2"]
    for name in ("alice", "carol"):
        code, out, err = on(name, "measurements", "--json")
        (own,) = [each for each in json.loads(out)["measurements"] if each["whose"] == "own"]
        assert (code, err, own["accuracy"], own["texts"]) == (0, "", 1.0, 2)
    code, out, _ = on("alice", "import", "samples", answers, "--json")  # the rows as they were are known
    assert (code, json.loads(out)["new_runs"]) == (0, [])
    assert len(fs.find(f"{root}/measurements/samples")) == 2


def test_what_did_not_arrive_is_not_said_to_be_there(on, bucket, answers, monkeypatch, tmp_path):
    import s3fs

    real, url = s3fs.S3FileSystem._put_file, f"s3://{bucket}/team"

    async def no_texts(self, local, remote, **named):
        if "/texts/" in remote:
            raise PermissionError("Access Denied")
        await real(self, local, remote, **named)

    with monkeypatch.context() as changed:
        changed.setattr(s3fs.S3FileSystem, "_put_file", no_texts)
        s3fs.S3FileSystem.clear_instance_cache()
        code, _, err = on("alice", "import", "samples", answers)
        first, last = err.splitlines()
        (folder,) = (tmp_path / "alice").iterdir()
        assert (code, first) == (3, f"advisor: kept in {folder}; next: advisor fit --workspace {url}")
        missing = f"1 file (measurements/texts/pilot.parquet) is not yet in {url}, kept in {folder}"
        assert last.startswith(f"advisor: {missing}")
        again = on("alice", "import", "samples", answers)[2].splitlines()[-1]  # nothing new, and still not there
        assert again == first
    s3fs.S3FileSystem.clear_instance_cache()
    assert on("alice", "import", "samples", answers)[2].endswith(
        f"kept in {url}; next: advisor fit --workspace {url}\n"
    )


def test_a_table_with_a_mistake_stops_nobody_else(on, objects, bucket, answers, tmp_path):
    fs, root = objects
    assert on("alice", "tasks")[0] == 0
    (folder,) = (tmp_path / "alice").iterdir()
    (folder / "profiles").mkdir()
    (folder / "profiles" / "prices.csv").write_text("gpu,usd_per_hour\nh100-sxm,cheap\n")
    code, _, err = on("alice", "import", "samples", answers)
    mistake, place, missing = err.splitlines()
    assert code == 3
    assert mistake.startswith(f"advisor: {folder}/profiles/prices.csv, line 2: usd_per_hour is 'cheap'")
    assert place == f"advisor: kept in {folder}; next: advisor fit --workspace s3://{bucket}/team"
    assert missing.startswith(f"advisor: 1 file (profiles/prices.csv) is not yet in s3://{bucket}/team")
    assert len(fs.find(root)) == 2
    code, _, err = on("bob", "recommend", "--budget", "0.01usd")
    assert (code, "cheap" in err) == (0, False)


def test_a_fit_is_of_what_is_there_and_stays_here(on, objects, answers):
    fs, root = objects
    assert on("alice", "import", "samples", answers)[0] == 0
    assert on("bob", "fit")[0] == 0
    code, out, err = on("bob", "tasks", "--json")
    assert (code, err) == (0, "")
    assert "mine" in {task["task"] for task in json.loads(out)["tasks"]}
    assert fs.find(f"{root}/profiles") == []


def test_an_empty_store_says_so(on, bucket):
    code, _, err = on("alice", "tasks", "--json")
    assert (code, err) == (0, f"advisor: nothing in s3://{bucket}/team yet; only what ships is known\n")


CALIBRATE = ("calibrate", "qwen3-0.6b", "--task", "arithmetic", "--questions", 2, "--samples", 2, "--plain")


def test_where_nothing_can_be_written_nothing_is_drawn(on, bucket, monkeypatch):
    import s3fs

    async def refusing(*_, **__):
        raise PermissionError("Access Denied")

    with serving() as server, monkeypatch.context() as changed:
        changed.setattr(s3fs.S3FileSystem, "_pipe_file", refusing)
        s3fs.S3FileSystem.clear_instance_cache()
        code, out, err = on("alice", *CALIBRATE, "--url", server.url, "--json")
        assert (code, out, server.completions) == (3, "", 0)
        assert f"s3://{bucket}/team: refuses this (Access Denied); check AWS_ENDPOINT_URL" in err
    s3fs.S3FileSystem.clear_instance_cache()


def test_what_a_newer_version_has_drawn_is_not_drawn_again(on, objects, tmp_path):
    fs, root = objects
    with serving() as server:
        code, out, _ = on("alice", *CALIBRATE, "--url", server.url, "--json")
        assert code == 0
        drawn, run = server.completions, json.loads(out)["run_id"]
        key, file = f"{root}/measurements/samples/{run}.parquet", tmp_path / "newer.parquet"
        fs.get_file(key, str(file))
        newer = f"copy (select *, 'happy' as mood from '{file}') to '{file}.new' (format parquet)"
        duckdb.connect().execute(newer)
        fs.put_file(f"{file}.new", key)
        code, out, err = on("bob", *CALIBRATE, "--url", server.url, "--json")
        assert (code, out, server.completions) == (2, "", drawn)
        assert f"run {run}: was drawn by a newer version of the program, which wrote the column mood" in err
        assert on("bob", *CALIBRATE, "--seed", 1, "--url", server.url)[0] == 0
