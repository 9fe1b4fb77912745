"""Claims on a store in memory, and on S3: one draws at a time, and the claims of the dead are free."""

import json
import threading
import time
import uuid

import pytest

from advisor.errors import AdvisorError, NoAnswer
from advisor.store import claims
from advisor.store.claims import Standing, claimed
from advisor.store.remote import Remote, opened


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    monkeypatch.setattr(claims, "BEAT_S", 0.05)
    monkeypatch.setattr(claims, "GONE_S", 0.6)
    monkeypatch.setattr(claims, "LOOK_S", 0.02)


@pytest.fixture(params=["memory", "s3"])
def remote(request):
    if request.param == "s3":
        return opened(f"s3://{request.getfixturevalue('bucket')}/team")
    pytest.importorskip("fsspec")
    return opened(f"memory://{uuid.uuid4().hex}/team")


def left(remote, **changed):
    """A claim that a process left which was killed."""
    standing = {"holder": "x", "who": "eve@gone", "place": "elsewhere", "since": "2026-01-01 00:00 UTC", "of": 9}
    remote.create("claims/draws/000000007.json", json.dumps(standing | changed).encode())


def test_one_draws_at_a_time(remote, tmp_path):
    with claimed(remote, "draws", "a", tmp_path / "a") as held:
        held.progress(3, 9)
        time.sleep(0.2)
        with (
            pytest.raises(NoAnswer, match=r"@.* draws this since 20.* by the clock there, 3 of 9 questions") as refused,
            claimed(remote, "draws", "b", tmp_path / "b"),
        ):
            pass
        assert refused.value.exit_code == 1
        assert remote.url in str(refused.value)
        with claimed(remote, "other draws", "b", tmp_path / "b"):
            pass
        assert held.lost is None
    with claimed(remote, "draws", "b", tmp_path / "b") as mine:
        assert [note for note in mine.notes if "taken over" in note] == []


def test_a_claim_is_free_when_drawing_fails(remote, tmp_path, monkeypatch):
    with pytest.raises(RuntimeError), claimed(remote, "draws", "a", tmp_path / "a"):
        raise RuntimeError
    monkeypatch.setattr(claims, "GONE_S", 1e9)
    with claimed(remote, "draws", "b", tmp_path / "b") as held:
        assert [note for note in held.notes if "taken over" in note] == []


def test_a_second_process_of_one_machine_is_refused_by_its_lock(remote, tmp_path):
    with (
        claimed(remote, "draws", "a", tmp_path),
        pytest.raises(AdvisorError, match="already running, pid"),
        claimed(remote, "draws", "a", tmp_path),
    ):
        pass


@pytest.mark.parametrize("since", ["1970-01-01 00:00 UTC", "2099-01-01 00:00 UTC", "", "yesterday"])
def test_who_is_gone_is_known_without_his_clock(remote, tmp_path, since):
    left(remote, since=since)
    begun_s = time.monotonic()
    with claimed(remote, "draws", "a", tmp_path) as held:
        assert time.monotonic() - begun_s >= claims.GONE_S
        assert held.number > 7
        assert "eve@gone" in held.notes[0]
        assert "taken over" in held.notes[0]


@pytest.mark.parametrize("since", ["1970-01-01 00:00 UTC", "2099-01-01 00:00 UTC"])
def test_who_draws_is_known_without_his_clock(remote, tmp_path, monkeypatch, since):
    class Clock(claims.datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromisoformat(f"{since[:10]}T00:00:00+00:00")

    with monkeypatch.context() as changed:
        changed.setattr(claims.datetime, "datetime", Clock)
        holding = claimed(remote, "draws", "a", tmp_path / "a")
        holding.__enter__()
    with pytest.raises(NoAnswer, match=since[:10]), claimed(remote, "draws", "b", tmp_path / "b"):
        pass
    holding.__exit__(None, None, None)


def test_a_killed_process_of_this_machine_is_taken_over_at_once(remote, tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "GONE_S", 1e9)
    left(remote, place="a")
    with claimed(remote, "draws", "a", tmp_path) as held:
        assert held.number >= 8


def test_of_several_who_find_the_holder_gone_one_takes_over(remote, tmp_path):
    left(remote)
    held, refused, all_held = [], [], threading.Event()

    def come(name):
        try:
            with claimed(remote, "draws", name, tmp_path / name):
                held.append(name)
                all_held.wait(20)
        except NoAnswer as error:
            refused.append(str(error))

    people = [threading.Thread(target=come, args=(f"p{i}",)) for i in range(8)]
    for each in people:
        each.start()
    until_s = time.monotonic() + 15
    while len(held) + len(refused) < 8 and time.monotonic() < until_s:
        time.sleep(0.05)
    all_held.set()
    for each in people:
        each.join()
    assert (len(held), len(refused)) == (1, 7)


def test_a_holder_who_comes_back_finds_it_taken_and_stops(remote, tmp_path, monkeypatch):
    away = threading.Event()
    create = Remote.create

    def created(self, name, content):
        if away.is_set() and threading.current_thread() is not threading.main_thread():
            raise AdvisorError("does not answer")
        return create(self, name, content)

    monkeypatch.setattr(Remote, "create", created)
    with claimed(remote, "draws", "a", tmp_path / "a") as first:
        away.set()
        with claimed(remote, "draws", "b", tmp_path / "b") as second:
            first.progress(1, 9)  # it cannot know yet, and goes on
            away.clear()
            until_s = time.monotonic() + 10
            while first.lost is None and time.monotonic() < until_s:
                time.sleep(0.02)
            with pytest.raises(NoAnswer, match="taken over"):
                first.progress(2, 9)
            assert second.lost is None
    with claimed(remote, "draws", "c", tmp_path / "c"):  # the one that lost it has not ended that of the other
        pass


def test_a_store_that_overwrites_is_named(remote, tmp_path, monkeypatch):
    create = Remote.create

    def overwrites(self, name, content):
        if self.is_conditional:
            self.fs.pipe_file(f"{self.root}/{name}", content)
            return True
        return create(self, name, content)

    monkeypatch.setattr(Remote, "create", overwrites)
    with claimed(remote, "draws", "a", tmp_path) as held:
        (note,) = held.notes
        assert "overwrites what has to be made once" in note or "looks first and writes then" in note
        assert "may not see each other" in note


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"holder": 1, "done": "x"}', b'{"ended": {}}', b"\xff"])
def test_a_claim_that_says_nothing_is_waited_for(remote, tmp_path, content):
    remote.create("claims/draws/000000003.json", content)
    remote.create("claims/draws/notes.txt", b"somebody's")
    with claimed(remote, "draws", "a", tmp_path) as held:
        assert held.number >= 4


def test_only_the_highest_number_stays(remote, tmp_path):
    with claimed(remote, "draws", "a", tmp_path):
        time.sleep(0.4)
    (name,) = remote.names("claims/draws")
    assert int(name.removesuffix(".json")) > 2
    standing = Standing(**json.loads(remote.read(f"claims/draws/{name}")))
    assert standing.ended
