"""A store on a local S3 server, and mirrors of it: what one has recorded all have, once, whatever goes wrong."""

import errno
import json
import shutil
import time

import duckdb
import pytest

from advisor.errors import AdvisorError, MissingAbility
from advisor.store import mirror as mirrors
from advisor.store.mirror import Mirror
from advisor.store.remote import Remote
from advisor.store.samples import Sample
from advisor.store.seal import formers, sealed
from advisor.store.workspace import Workspace

SAMPLES, TEXTS = "measurements/samples", "measurements/texts"


def rows(run, answer="1", n=2):
    shared = {"model": "Qwen/Qwen3-8B", "task": "mine", "correct": True, "generated_tokens": 9, "run_id": run}
    return [shared | {"question_id": f"q{i}", "sample_index": 0, "answer": answer} for i in range(n)]


def seal(folder, run, answer="1", n=2, **more):
    """Samples and texts of a run, by hand."""
    for kind, columns in (("samples", {}), ("texts", {"text": "it is"})):
        listed = [
            {name: row[name] for name in ("run_id", "question_id", "sample_index")} | columns
            if kind == "texts"
            else row | more
            for row in rows(run, answer, n)
        ]
        target = folder / "measurements" / kind / f"{run}.parquet"

        def write(path, listed=listed):
            source = path.with_suffix(".json")
            source.write_text(json.dumps(listed))
            duckdb.connect().execute(f"copy (from read_json('{source}')) to '{path}' (format parquet)")
            source.unlink()

        sealed(target, write)
    return folder / SAMPLES / f"{run}.parquet"


@pytest.fixture
def people(bucket, tmp_path, monkeypatch):
    """Open the store on the machine of somebody: its mirror."""

    def opened(name, url=f"s3://{bucket}/team"):
        monkeypatch.setenv("ADVISOR_CACHE", str(tmp_path / name))
        return Mirror(url)

    return opened


@pytest.fixture
def objects(bucket):
    import s3fs

    return s3fs.S3FileSystem(use_listings_cache=False), f"{bucket}/team"


def answers(mirror):
    """Run, question and answer of every row that somebody sees."""
    found = Workspace(mirror.folder).samples.connect()
    return sorted(found.execute("select run_id, question_id, answer from samples where own").fetchall())


def expected(*runs, answer="1", n=2):
    return sorted((run, f"q{i}", answer) for run in runs for i in range(n))


def test_what_one_recorded_all_have(people):
    alice, bob = people("alice"), people("bob")
    seal(alice.folder, "run-a")
    seal(bob.folder, "run-b")
    alice.push()
    bob.push()
    assert (alice.unpushed, bob.unpushed) == (None, None)
    for mirror in (people("alice"), people("bob"), people("carol")):
        assert answers(mirror) == expected("run-a", "run-b")
        assert mirror.notes == []


def test_a_slash_at_the_end_names_the_same_store(people, bucket):
    assert people("alice", f"s3://{bucket}/team").folder == people("alice", f"s3://{bucket}/team//").folder
    assert people("alice", f"s3://{bucket}/other").folder != people("alice", f"s3://{bucket}/team").folder


def test_slashes_in_a_row_and_capitals_of_the_protocol_name_the_same_store(people, bucket):
    alice = people("alice", f"s3://{bucket}//team")
    assert alice.url == f"s3://{bucket}/team"
    seal(alice.folder, "run-a")
    alice.push()
    assert alice.unpushed is None
    assert answers(people("bob", f"S3://{bucket}/team//")) == expected("run-a")


def test_links_are_not_followed_to_what_lies_elsewhere(people, objects, tmp_path):
    fs, root = objects
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "p.csv").write_text("secret")
    alice = people("alice")
    seal(alice.folder, "run-a")
    (alice.folder / "measurements" / "published").mkdir()
    (alice.folder / "measurements" / "published" / "p.csv").symlink_to(tmp_path / "private" / "p.csv")
    (alice.folder / "measurements" / "lengths").symlink_to(tmp_path / "private")
    alice.push()
    assert [path.removeprefix(f"{root}/") for path in fs.find(f"{root}/measurements")] == [
        f"{SAMPLES}/run-a.parquet",
        f"{TEXTS}/run-a.parquet",
    ]


def test_a_damaged_file_stays_here(people, objects):
    alice = people("alice")
    seal(alice.folder, "run-a")
    junk = alice.folder / SAMPLES / "junk.parquet"
    junk.write_bytes(b"junk")
    alice.push()
    assert alice.notes == [f"{junk}: cannot be read ({alice.notes[0].partition('(')[2]}"]
    assert f"so {alice.url} does not get {SAMPLES}/junk.parquet; move it away" in alice.notes[0]
    assert f"1 file ({SAMPLES}/junk.parquet) is not yet in s3://" in str(alice.unpushed)
    assert alice.unpushed.exit_code == 3
    assert answers(people("bob")) == expected("run-a")


def test_a_damaged_file_costs_the_others_no_further_listing(people, monkeypatch):
    alice, listings, listed = people("alice"), [], Remote.listing
    seal(alice.folder, "run-a")
    (alice.folder / SAMPLES / "junk.parquet").write_bytes(b"junk")
    monkeypatch.setattr(Remote, "listing", lambda *given: listings.append(1) or listed(*given))
    alice.push()
    assert len(listings) == 2  # before and after


def test_texts_without_samples_wait_here(people, objects):
    fs, root = objects
    alice = people("alice")
    seal(alice.folder, "run-a").unlink()
    alice.push()
    assert (alice.unpushed, alice.is_whole, fs.find(root)) == (None, True, [])
    seal(alice.folder, "run-a")
    assert not alice.is_whole
    alice.push()
    assert (alice.is_whole, len(fs.find(root))) == (True, 2)


TABLES = {  # a sound table, and one with a mistake in its third line
    "profiles/prices.csv": ("gpu,usd_per_hour\nh100-sxm,2.1\n", "h100-sxm,cheap\n", "usd_per_hour is 'cheap'"),
    "profiles/measured_with.csv": (
        "runs,temperature,source,source_url,as_of\nrun-a,1,paper,https://a.org,2026-01-01\n",
        "run-b,hot,paper,https://a.org,2026-01-01\n",
        "temperature is 'hot'",
    ),
    "measurements/published/mine.csv": (
        "model,task,strategy,n_samples,n_questions,accuracy\nQwen/Qwen3-8B,mine,greedy,1,9,0.5\n",
        "Qwen/Qwen3-8B,mine,greedy,1,9,50\n",
        "accuracy is 50, not from 0 to 1",
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_with_a_mistake_stays_here_until_it_is_mended(people, objects, name):
    fs, root = objects
    sound, mistake, what = TABLES[name]
    alice = people("alice")
    seal(alice.folder, "run-a")
    table = alice.folder / name
    table.parent.mkdir(parents=True, exist_ok=True)
    table.write_text(sound + mistake)
    alice.push()
    (note,) = alice.notes
    assert note.startswith(f"{table}, line 3: {what}")
    assert f"so {alice.url} does not get {name}; " in note
    assert str(alice.unpushed).startswith(f"1 file ({name}) is not yet in {alice.url}, kept in {alice.folder}: to be")
    assert not fs.exists(f"{root}/{name}")
    assert answers(people("bob")) == expected("run-a")
    again = people("alice")
    assert again.notes == [note]
    assert (again.unpushed, again.is_behind) == (None, False)  # a command that only reads is none the worse
    table.write_text(sound)
    assert people("alice").notes[0].startswith(f"1 file ({name}) is in {alice.url} now")
    assert (people("bob").folder / name).read_text() == sound


def test_prices_wait_for_the_gpu_that_they_name(people, objects):
    """By themselves they have no mistake, and without the GPU nobody could read them."""
    fs, root = objects
    alice = people("alice")
    profiles = alice.folder / "profiles"
    profiles.mkdir()
    (profiles / "prices.csv").write_text("gpu,usd_per_hour\nour-gpu,2.1\n")
    (profiles / "gpus.csv").write_text("gpu\nour-gpu\n")
    alice.push()
    (note,) = {note.partition(", so ")[0] for note in alice.notes}
    assert note.startswith(f"{profiles / 'gpus.csv'}: lacks the column")
    assert fs.find(root) == []


def test_texts_come_when_they_are_needed(people):
    alice = people("alice")
    seal(alice.folder, "run-a")
    seal(alice.folder, "run-b")
    alice.push()
    bob = people("bob")
    assert not (bob.folder / TEXTS).exists()
    assert bob.distant_texts() == ("run-a", "run-b")
    assert bob.distant_text_rows() == {"run-a": 2, "run-b": 2}
    bob.fetch_texts({"run-b", "run-of-nobody"})
    assert [file.name for file in (bob.folder / TEXTS).iterdir()] == ["run-b.parquet"]
    again = people("bob")
    assert again.distant_texts() == ("run-a",)
    assert (again.folder / TEXTS / "run-b.parquet").read_bytes() == (
        alice.folder / TEXTS / "run-b.parquet"
    ).read_bytes()


def test_of_two_who_made_the_same_run_the_first_counts(people):
    alice, bob = people("alice"), people("bob")
    seal(alice.folder, "run-a", "theirs")
    ours = seal(bob.folder, "run-a", "ours").read_bytes()
    alice.push()
    bob.push()
    assert bob.unpushed is None
    (note,) = bob.notes
    assert "another one was in s3://" in note
    (former,) = formers(bob.folder / SAMPLES / "run-a.parquet")
    assert str(former) in note
    assert former.read_bytes() == ours
    for mirror in (people("alice"), people("bob"), people("carol")):
        assert answers(mirror) == expected("run-a", answer="theirs")
        mirror.fetch_texts({"run-a"})
        assert (mirror.folder / TEXTS / "run-a.parquet").exists()


def test_an_object_that_was_made_since_the_listing_is_seen(people):
    alice, bob = people("alice"), people("bob")
    name = f"{SAMPLES}/run-a.parquet"
    assert bob.remote.listing("measurements", "profiles") == {}
    assert bob.remote.read(name) is None
    assert alice.remote.create(name, b"alice")
    assert not bob.remote.create(name, b"bob")
    assert bob.remote.create(name, b"alice")  # the same: as if sent again
    assert bob.remote.read(name) == b"alice"


def test_the_same_rows_packed_otherwise_are_the_same(people):
    alice, bob = people("alice"), people("bob")
    seal(alice.folder, "run-a")
    file = seal(bob.folder, "run-a")
    reversed_rows = f"copy (from read_parquet('{file}') order by question_id desc) to '{file}.new' (format parquet)"
    duckdb.connect().execute(reversed_rows)
    shutil.move(f"{file}.new", file)
    alice.push()
    bob.push()
    assert (bob.notes, formers(file)) == ([], [])
    assert answers(people("bob")) == expected("run-a")


def test_a_run_that_is_sealed_anew_is_a_version_and_the_former_stays(people, objects):
    fs, root = objects
    alice = people("alice")
    seal(alice.folder, "run-a", "wrong")
    alice.push()
    bob = people("bob")
    seal(bob.folder, "run-a", "right")
    bob.push()
    assert bob.unpushed is None
    assert answers(people("alice")) == answers(people("carol")) == expected("run-a", answer="right")
    assert fs.exists(f"{root}/{SAMPLES}/run-a.parquet")
    assert fs.exists(f"{root}/{SAMPLES}/run-a.parquet.v2")
    assert len(formers(alice.folder / SAMPLES / "run-a.parquet")) == 1


def priced(usd):
    return f"gpu,usd_per_hour\nh100-sxm,{usd}\n"


def test_two_who_change_a_table_at_once_lose_neither(people):
    alice = people("alice")
    prices = "profiles/prices.csv"
    sealed(alice.folder / prices, lambda path: path.write_text(priced(1)))
    alice.push()
    alice, bob = people("alice"), people("bob")
    for mirror, usd in ((alice, 2), (bob, 3)):
        sealed(mirror.folder / prices, lambda path, usd=usd: path.write_text(priced(usd)))
    alice.push()
    bob.push()
    assert (bob.folder / prices).read_text() == (people("carol").folder / prices).read_text() == priced(2)
    (former,) = formers(bob.folder / prices)
    assert former.read_text() == priced(3)
    assert str(former) in bob.notes[0]


def test_derived_tables_stay_here(people, objects):
    fs, root = objects
    alice = people("alice")
    sealed(alice.folder / "profiles" / "points.csv", lambda path: path.write_text("x\n"))
    sealed(alice.folder / SAMPLES / ".run.jsonl", lambda path: path.write_text("{}\n"))
    alice.push()
    assert fs.find(root) == []


def test_files_of_others_in_the_bucket_are_left_alone(people, objects):
    fs, root = objects
    strange = [
        "cat.jpg",
        "profiles/notes.txt",
        f"{SAMPLES}/.hidden.parquet",
        f"{SAMPLES}/a/b.parquet",
        "profiles/points.csv",
    ]
    for name in strange:
        fs.pipe_file(f"{root}/{name}", b"x")
    fs.pipe_file(f"{root.partition('/')[0]}/team-b/{SAMPLES}/run-b.parquet", b"x")
    alice = people("alice")
    seal(alice.folder, "run-a")
    alice.push()
    assert answers(people("bob")) == expected("run-a")
    assert {f"{root}/{name}" for name in strange} <= set(fs.find(root))
    assert not (people("bob").folder / "profiles").exists()


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"no parquet at all"])
def test_a_damaged_object_is_named_by_its_address_and_spoils_nothing(people, objects, damage):
    fs, root = objects
    alice = people("alice")
    seal(alice.folder, "run-a")
    alice.push()
    assert answers(people("bob")) == expected("run-a")
    fs.pipe_file(f"{root}/{SAMPLES}/run-a.parquet", damage)
    for name in ("bob", "carol"):
        with pytest.raises(AdvisorError, match=f"^s3://{root}/{SAMPLES}/run-a.parquet: is damaged") as raised:
            people(name)
        assert raised.value.exit_code == 2
    fs.rm_file(f"{root}/{SAMPLES}/run-a.parquet")
    assert answers(people("alice")) == answers(people("bob")) == []  # it can be brought in again


def test_every_damaged_object_is_named(people, objects):
    fs, root = objects
    for run in ("run-a", "run-b", "run-c"):
        fs.pipe_file(f"{root}/{SAMPLES}/{run}.parquet", b"junk")
    with pytest.raises(AdvisorError, match="is damaged") as raised:
        people("alice")
    assert all(f"s3://{root}/{SAMPLES}/{run}.parquet" in str(raised.value) for run in ("run-a", "run-b", "run-c"))


def test_what_was_taken_away_there_is_kept_aside_here(people, objects):
    fs, root = objects
    alice = people("alice")
    seal(alice.folder, "run-a")
    seal(alice.folder, "run-b")
    alice.push()
    content = (alice.folder / SAMPLES / "run-a.parquet").read_bytes()
    fs.rm_file(f"{root}/{SAMPLES}/run-a.parquet")
    again = people("alice")
    assert answers(again) == expected("run-b")
    assert (again.folder / "removed" / SAMPLES / "run-a.parquet").read_bytes() == content
    assert "no longer in s3://" in again.notes[0]
    assert fs.find(f"{root}/{SAMPLES}") == [f"{root}/{SAMPLES}/run-b.parquet"]


def test_a_store_that_lists_nothing_takes_nothing_away_here(people, objects):
    """As another endpoint would."""
    fs, root = objects
    alice = people("alice")
    seal(alice.folder, "run-a")
    alice.push()
    fs.rm(f"{root}/measurements", recursive=True)
    with pytest.raises(AdvisorError, match="holds nothing; 2 files of it") as raised:
        people("alice")
    assert str(alice.folder) in str(raised.value)
    assert (alice.folder / SAMPLES / "run-a.parquet").exists()


class Gone(KeyboardInterrupt):
    """As good as kill -9."""


def test_a_pull_that_is_interrupted_leaves_no_half_file(people, monkeypatch):
    alice = people("alice")
    for run in ("run-a", "run-b", "run-c"):
        seal(alice.folder, run)
    alice.push()
    whole = Remote.fetch

    def dies(self, names, targets):
        whole(self, names[:-1], targets[:-1])
        targets[-1].write_bytes(b"PAR1 half")
        raise Gone

    with monkeypatch.context() as patched:
        patched.setattr(Remote, "fetch", dies)
        with pytest.raises(Gone):
            people("bob")
    bob = people("bob")
    assert answers(bob) == expected("run-a", "run-b", "run-c")
    assert not list(bob.folder.glob(".incoming-*"))


def test_a_copy_that_comes_short_is_not_taken(people, monkeypatch):
    alice = people("alice")
    seal(alice.folder, "run-a")
    alice.push()
    whole = Remote.fetch

    def short(self, names, targets):
        whole(self, names, targets)
        for target in targets:
            target.write_bytes(target.read_bytes()[:-1])

    monkeypatch.setattr(Remote, "fetch", short)
    with pytest.raises(MissingAbility, match="changed while it was fetched"):
        people("bob")


def test_a_full_disk_is_said_and_the_next_command_goes_on(people, monkeypatch):
    alice = people("alice")
    seal(alice.folder, "run-a")
    alice.push()

    async def full(self, remote, local, **_):
        raise OSError(errno.ENOSPC, "No space left on device", local)

    import s3fs

    with monkeypatch.context() as changed:
        changed.setattr(s3fs.S3FileSystem, "_get_file", full)
        with pytest.raises(MissingAbility, match=r"no room for a copy of s3://.*No space left.*ADVISOR_CACHE"):
            people("bob")
    assert answers(people("bob")) == expected("run-a")


async def refusing(*_, **__):
    raise PermissionError("Access Denied")


def test_in_a_bucket_that_is_read_only_what_is_sealed_waits(people, monkeypatch):
    import s3fs

    with monkeypatch.context() as changed:
        changed.setattr(s3fs.S3FileSystem, "_put_file", refusing)
        s3fs.S3FileSystem.clear_instance_cache()
        alice = people("alice")
        seal(alice.folder, "run-a")
        alice.push()
        assert "2 files" in str(alice.unpushed)
        assert "not yet in s3://" in str(alice.unpushed)
        assert alice.unpushed.exit_code == 3
        again = people("alice")  # a command that reads goes on
        assert answers(again) == expected("run-a")
        assert (again.unpushed, again.is_behind) == (None, False)
        assert "2 files" in again.notes[0]
        assert "Access Denied" in again.notes[0]
        assert answers(people("bob")) == []
    s3fs.S3FileSystem.clear_instance_cache()
    later = people("alice")
    assert later.unpushed is None
    assert "2 files" in later.notes[0]
    assert "as an earlier command left it" in later.notes[0]
    assert answers(people("bob")) == expected("run-a")


def test_an_answer_that_is_lost_is_no_conflict(people, monkeypatch):
    """The object was made, the connection died before that was said, and the request is sent again."""
    import s3fs

    real, made = s3fs.S3FileSystem._put_file, []

    async def made_and_sent_again(self, *given, **named):
        await real(self, *given, **named)
        made.append(given)
        await real(self, *given, **named)

    monkeypatch.setattr(s3fs.S3FileSystem, "_put_file", made_and_sent_again)
    s3fs.S3FileSystem.clear_instance_cache()
    alice = people("alice")
    seal(alice.folder, "run-a")
    alice.push()
    s3fs.S3FileSystem.clear_instance_cache()
    assert len(made) == 2
    assert (alice.unpushed, alice.notes) == (None, [])
    assert answers(people("bob")) == expected("run-a")


def test_a_conflict_with_one_who_then_fails_is_tried_again(people, monkeypatch):
    """S3 answers 409 while another request for the same object is under way."""
    import s3fs

    real, tries = s3fs.S3FileSystem._put_file, []

    async def first_in_conflict(self, *given, **named):
        tries.append(given)
        if len(tries) == 1:
            raise OSError(errno.EBUSY, "ConditionalRequestConflict")
        await real(self, *given, **named)

    monkeypatch.setattr(s3fs.S3FileSystem, "_put_file", first_in_conflict)
    s3fs.S3FileSystem.clear_instance_cache()
    alice = people("alice")
    seal(alice.folder, "run-a")
    alice.push()
    s3fs.S3FileSystem.clear_instance_cache()
    assert (alice.unpushed, len(tries)) == (None, 3)
    assert answers(people("bob")) == expected("run-a")


def test_a_killed_push_is_finished_by_the_next_command(people, monkeypatch):
    alice = people("alice")
    seal(alice.folder, "run-a")
    real = Remote.create

    def dies(self, name, content):
        assert real(self, name, content)
        raise Gone

    with monkeypatch.context() as changed:
        changed.setattr(Remote, "create", dies)
        with pytest.raises(Gone):
            alice.push()
    bob = people("bob")
    assert answers(bob) == expected("run-a")
    assert bob.distant_texts() == ()
    again = people("alice")
    assert (again.unpushed, formers(again.folder / SAMPLES / "run-a.parquet")) == (None, [])
    assert people("bob").distant_texts() == ("run-a",)


def test_columns_of_a_newer_version(people, monkeypatch):
    """One that says nothing is left away; one that says something keeps the file out until the program knows it."""
    alice = people("alice")
    seal(alice.folder, "run-old")
    seal(alice.folder, "run-same", mood=None)
    seal(alice.folder, "run-new", mood="happy")
    with monkeypatch.context() as newer:
        newer.setattr(mirrors, "reader_of", lambda name: None)  # alice's program knows the column
        alice.push()
    bob = people("bob")
    assert answers(bob) == expected("run-old", "run-same")
    (note,) = bob.notes
    assert f"1 file ({SAMPLES}/run-new.parquet) is left out" in note
    assert "column mood" in note
    assert "pip install --upgrade" in note
    assert people("bob").notes == [note]
    assert bob.newer == {f"{SAMPLES}/run-new.parquet": ("mood",)}
    monkeypatch.setitem(mirrors.understood.__globals__["ROWS"], "samples", type("Newer", (Sample,), {}))
    known = mirrors.understood.__globals__["columns"]
    monkeypatch.setitem(
        mirrors.understood.__globals__, "columns", lambda row: [*known(Sample), type("C", (), {"name": "mood"})]
    )
    upgraded = people("bob")
    assert upgraded.notes == []
    assert (upgraded.folder / SAMPLES / "run-new.parquet").exists()


def test_a_file_of_an_older_version_lacks_columns(people):
    alice = people("alice")
    seal(alice.folder, "run-a")  # six of some thirty columns
    alice.push()
    found = Workspace(people("bob").folder).samples.connect()
    assert found.execute("select count(*), count(seed) from samples where own").fetchall() == [(2, 0)]


def test_the_order_of_arrival_is_that_of_the_store(people):
    alice = people("alice")
    for run in ("run-z", "run-a"):
        seal(alice.folder, run)
        alice.push()
        time.sleep(1.1)  # the store's clock has seconds
    files = (people("bob").folder / SAMPLES).iterdir()
    arrived = sorted(files, key=lambda file: file.stat().st_mtime_ns)
    assert [file.stem for file in arrived] == ["run-z", "run-a"]


def test_a_lost_state_is_made_anew(people):
    alice = people("alice")
    seal(alice.folder, "run-a")
    alice.push()
    for damage in ("", "{", '{"a": 1}', "[]"):
        (alice.folder / ".store.json").write_text(damage)
        again = people("alice")
        assert (again.notes, again.unpushed) == ([], None)
        assert answers(again) == expected("run-a")


def test_the_workspace_is_named_by_its_address(bucket):
    opened = Workspace(f"s3://{bucket}/team/")
    assert opened.name == f"s3://{bucket}/team"
    assert repr(opened) == f"Workspace('s3://{bucket}/team')"
    assert opened.fit_command == f"advisor fit --workspace s3://{bucket}/team"
    assert opened.is_new
    seal(opened.writable, "run-a")
    opened.push()
    assert not Workspace(opened.name).is_new
