"""The folder is written whole or not at all, and never over what somebody changed."""

from pathlib import Path

import pytest

from advisor.deployments import folder as room
from advisor.deployments.folder import MANIFEST, write_folder
from advisor.errors import AdvisorError


def write(path, **texts):
    write_folder(path, {name.replace("_", "."): text for name, text in texts.items()}, where="--output out")


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def test_a_new_or_empty_folder_is_filled(tmp_path):
    write(tmp_path / "deep" / "new", a_yaml="1", b_sh="2")
    assert names(tmp_path / "deep" / "new") == [MANIFEST, "a.yaml", "b.sh"]
    assert (tmp_path / "deep" / "new" / "b.sh").stat().st_mode & 0o111
    assert not (tmp_path / "deep" / "new" / "a.yaml").stat().st_mode & 0o111
    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty", a_yaml="1")
    assert names(tmp_path / "empty") == [MANIFEST, "a.yaml"]
    assert names(tmp_path) == ["deep", "empty"]


def test_what_nobody_changed_is_replaced_as_a_whole(tmp_path):
    write(tmp_path / "out", a_yaml="1", b_yaml="2")
    write(tmp_path / "out", b_yaml="3", c_yaml="4")
    assert names(tmp_path / "out") == [MANIFEST, "b.yaml", "c.yaml"]
    assert (tmp_path / "out" / "b.yaml").read_text() == "3"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda out: (out / "a.yaml").write_text("mine"), "a.yaml was changed since it was written"),
        (lambda out: (out / "mine").write_text("mine"), "holds 'mine', which advisor deploy did not write"),
        (lambda out: (out / "mine").mkdir(), "holds 'mine'"),
        (lambda out: (out / MANIFEST).unlink(), "holds 'a.yaml', which advisor deploy did not write"),
        (lambda out: (out / MANIFEST).write_text("{"), "holds 'a.yaml'"),
        (lambda out: (out / MANIFEST).write_text("[]"), "holds 'a.yaml'"),
    ],
)
def test_what_somebody_changed_is_left_alone(tmp_path, spoil, message):
    out = tmp_path / "out"
    write(out, a_yaml="1")
    spoil(out)
    before = {name: (out / name).read_bytes() for name in names(out) if (out / name).is_file()}
    with pytest.raises(AdvisorError) as error:
        write(out, a_yaml="2")
    assert message in str(error.value)
    assert str(error.value).startswith("--output out: ")
    assert "name a new folder, or move this one away" in str(error.value)
    assert {name: (out / name).read_bytes() for name in names(out) if (out / name).is_file()} == before


def test_a_file_that_is_missing_is_made_anew(tmp_path):
    write(tmp_path / "out", a_yaml="1", b_yaml="2")
    (tmp_path / "out" / "a.yaml").unlink()
    write(tmp_path / "out", a_yaml="1", b_yaml="2")
    assert (tmp_path / "out" / "a.yaml").read_text() == "1"


@pytest.mark.parametrize("fails", ["_fill", "_put"])
def test_what_fails_half_way_leaves_everything_as_it_was(tmp_path, monkeypatch, fails):
    write(tmp_path / "out", a_yaml="1")

    def broken(made, *others):
        if fails == "_fill":
            (made / "a.yaml").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, fails, broken)
    with pytest.raises(AdvisorError, match=r"cannot write here \(No space left on device\)"):
        write(tmp_path / "out", a_yaml="2")
    assert (tmp_path / "out" / "a.yaml").read_text() == "1"
    assert names(tmp_path) == ["out"]


def test_the_former_folder_comes_back_where_the_new_one_cannot_be_put(tmp_path):
    write(tmp_path / "out", a_yaml="1")
    with pytest.raises(OSError, match="missing"):
        room._put(tmp_path / "missing", tmp_path / "out", tmp_path / ".former")
    assert (tmp_path / "out" / "a.yaml").read_text() == "1"


def test_files_and_links_are_no_folders(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link"):
        with pytest.raises(AdvisorError, match="is no folder"):
            write(tmp_path / name, a_yaml="1")
    with pytest.raises(AdvisorError, match="cannot write here"):
        write(tmp_path / "file" / "below", a_yaml="1")
    with pytest.raises(AdvisorError, match="is no name of a folder"):
        write(tmp_path / "a\nb", a_yaml="1")


def test_the_folder_where_somebody_is_stays_there(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    for path in (Path("."), Path(".."), Path("")):
        with pytest.raises(AdvisorError, match="is where you are, and cannot be replaced; name a folder in it"):
            write(path, a_yaml="1")
    write(Path("b"), a_yaml="1")
    assert names(tmp_path / "a" / "b") == [MANIFEST, "a.yaml"]
