"""The journal: what was written is found again, whatever happened to the process or the disk in between."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.store import journal as module
from advisor.store.journal import Journal


def whole(folder, **options):
    """What a second process finds."""
    with Journal(folder, "r", **options) as journal:
        return journal


def test_rows_texts_and_parts_come_back(tmp_path):
    with Journal(tmp_path, "r") as journal:
        journal.add_part("q1", "a", {"text": "so\nß"})
        journal.add_part("q1", "b", [1])
        journal.add_part("q2", "a", {"text": "other"})
        assert journal.part("q1", "a") == {"text": "so\nß"}
        journal.add("q2", [{"n": 1}], [{"text": "a\u2028b"}])
        journal.add("q3", [{"n": 2}])
        assert journal.part("q2", "a") is None  # finished: its parts are of no use any more
    with Journal(tmp_path, "r") as journal:
        assert journal.done == {"q2": [{"n": 1}], "q3": [{"n": 2}]}
        assert (journal.texts("q2"), journal.texts("q3")) == ([{"text": "a\u2028b"}], [])
        assert (journal.part("q1", "a"), journal.part("q1", "b")) == ({"text": "so\nß"}, [1])
        assert (journal.part("q2", "a"), journal.part("q1", "c"), journal.part("q9", "a")) == (None, None, None)


def test_parts_of_a_failed_question_stay(tmp_path):
    with Journal(tmp_path, "r") as journal:
        journal.add_part("q", "a", 1)
        journal.add("q", [{"finish_reason": "error"}])
        assert journal.part("q", "a") == 1
    assert whole(tmp_path)._parts["q"].keys() == {"a"}


def test_time_is_counted_over_processes(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    for at in (105.0, 107.0):
        with Journal(tmp_path, "r", begun_s=99.0) as journal:
            clock[0] = at
            journal.add_part("q", "a", 1)
            journal.add(f"q{at}", [{"n": 1}])
            clock[0] = 109.0
    with Journal(tmp_path, "r", begun_s=109.0) as journal:
        assert journal.earlier_s == 6.0 + 8.0
        clock[0] = 110.0
        assert journal.spent_s == 15.0


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_cut_anywhere_it_has_every_whole_line_before(tmp_path, cut):
    with Journal(tmp_path, "r") as journal:
        for n in range(3):
            journal.add_part(f"q{n}", "a", n)
            journal.add(f"q{n}", [{"n": n}], [{"text": "t" * n}])
    data = journal.path.read_bytes()[:cut]
    journal.path.write_bytes(data)
    kept = [json.loads(line) for line in data.split(b"\n")[:-1]]
    again = whole(tmp_path)
    assert again.done == {entry["key"]: entry["rows"] for entry in kept if "rows" in entry}
    assert again.set_aside == ()
    assert again.path.read_bytes().startswith(data[: data.rfind(b"\n") + 1])


@given(st.data())
def test_a_damaged_line_is_set_aside_and_the_others_stand(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("j")
    with Journal(folder, "r") as journal:
        for n in range(4):
            journal.add_part(f"p{n}", "a", {"text": "x" * n})
            journal.add(f"q{n}", [{"n": n}], [{"text": f"text {n}"}])
    lines = journal.path.read_bytes().splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    lines[place] = data.draw(st.sampled_from([b"\xff\n", b"{\n", b"[]\n", b'{"key": 1, "rows": []}\n', b"null\n"]))
    journal.path.write_bytes(b"".join(lines))
    fine = [json.loads(line) for i, line in enumerate(lines) if i != place]
    with Journal(folder, "r") as again:
        assert again.done == {e["key"]: e["rows"] for e in fine if "rows" in e}
        assert {key: again.texts(key) for key in again.done} == {e["key"]: e["texts"] for e in fine if "rows" in e}
        assert {e["of"]: again.part(e["of"], "a") for e in fine if "part" in e} == {
            e["of"]: e["value"] for e in fine if "part" in e
        }
    assert again.set_aside == (f"{again.path}, line {place + 1}: is no line of a journal; set aside in .r.set-aside",)
    assert again.aside.read_bytes() == lines[place]
    assert whole(folder).set_aside == ()


def test_a_line_that_does_not_fit_on_the_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    with Journal(tmp_path, "r") as journal:
        journal.add("q1", [{"n": 1}])
        before = journal.path.read_bytes()

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(module.os, "fsync", full)
        with pytest.raises(Exception, match=r"cannot be written \(No space left on device\); make room"):
            journal.add("q2", [{"n": 2}])
        assert journal.path.read_bytes() == before
        assert list(journal.done) == ["q1"]
