"""A fit after any changes gives what a fit from nothing gives, and makes again only what changed."""

import json
import os
import shutil
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.fits import fit as fit_module
from advisor.fits import kept_fits, speed_fits
from advisor.fits import setup_fits as setup_fits_module
from advisor.fits.kept_fits import OF_ANSWERS, OF_LOADS, read_setup_fits
from advisor.performance import groups
from advisor.store.measurements import seal_rows
from advisor.store.samples import Sample
from advisor.store.workspace import Workspace
from tests.fits.stored import run, sample, workspace

fit = fit_module.fit
TABLES = ("points.csv", "curves.csv", "setups.csv")


def answers(bits, *, model="own/one", run="run", temperature=None, samples=2, **others):
    """Answers to six questions, right where the bits say so."""
    return [
        sample(q, i, bool(bits >> (q + i) & 1), 100 + (bits * (q + 3) + 7 * i) % 900, model=model, run_id=run)
        | {"temperature": temperature, **others}
        for q in range(6)
        for i in range(samples)
    ]


def file_of(folder, name):
    return folder / "measurements" / "samples" / f"{name}.parquet"


def seal(folder, name, rows, sealed_at=None):
    """Write a file of answers, as sealed at some second."""
    path = seal_rows(Sample, rows, file_of(folder, name))
    if sealed_at is not None:
        os.utime(path, (sealed_at, sealed_at))


def opened(folder):
    return Workspace(folder, own_answers=True)


def tables(folder):
    found = {name: folder / "profiles" / name for name in TABLES}
    return {name: path.read_bytes() if path.exists() else None for name, path in found.items()}


def from_nothing(folder, beside):
    """The tables of a fit of the same measurements in a new folder."""
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(folder / "measurements", beside / "measurements")
    fit(opened(beside))
    return tables(beside)


@pytest.fixture
def fitted_ways(monkeypatch):
    """Model and set-up of everything that is fitted while a test runs."""
    found, original = [], setup_fits_module.fitted

    def counted(each, learned):
        found.append((each.drawn.model, each.drawn.setup))
        return original(each, learned)

    monkeypatch.setattr(setup_fits_module, "fitted", counted)
    return found


def refitted(ways, folder):
    """What one more fit fits."""
    ways.clear()
    fit(opened(folder))
    return sorted(ways)


FILES = st.integers(0, 4)
STEPS = st.one_of(
    st.tuples(st.just("put"), FILES, st.integers(0, 2**12), st.integers(1, 3)),
    st.tuples(st.just("regrade"), FILES, st.integers(0, 11), st.integers(0, 9)),
    st.tuples(st.just("remove"), FILES, st.just(0), st.just(0)),
    st.tuples(st.just("touch"), FILES, st.integers(0, 9), st.just(0)),
)
WAYS = (
    {"model": "own/one", "run": "a"},
    {"model": "own/one", "run": "b", "seed": 1, "engine": "vllm", "endpoint": "chat"},
    {"model": "own/one", "run": "c", "seed": 1, "engine": "vllm", "endpoint": "chat"},
    {"model": "own/two", "run": "d", "temperature": 0.5, "score": 0.25, "reward_model": "own/judge"},
    {"model": "own/two", "run": "e", "strategy": "greedy", "search_generated_tokens": 300},
)
"""Of each file: two of one model that share draws, one with rewards, and a search."""


def changed(folder, held, step, at):
    """Do one step to the files of a workspace, whose rows are `held`."""
    kind, file, number, samples = step
    if kind == "put":
        held[file] = answers(number, samples=1 if file == 4 else samples, **WAYS[file])
    elif kind == "regrade" and file in held:
        row = held[file][number % len(held[file])]
        row["correct"] = not row["correct"]
    elif kind == "remove" and file in held:
        del held[file]
        file_of(folder, file).unlink()
        return
    elif kind == "touch" and file in held:
        os.utime(file_of(folder, file), (number, number))
        return
    if file in held:
        seal(folder, str(file), held[file], sealed_at=at)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=2, max_size=5))
def test_after_any_changes_the_tables_are_those_of_a_fit_from_nothing(tmp_path, steps):
    shutil.rmtree(tmp_path / "ours", ignore_errors=True)
    held = {}
    for at, step in enumerate([("put", 1, 0b1011, 2), ("put", 2, 0b1101, 2), *steps]):
        changed(tmp_path / "ours", held, step, at)
        if at:
            fit(opened(tmp_path / "ours"))
            assert tables(tmp_path / "ours") == from_nothing(tmp_path / "ours", tmp_path / "beside")


def test_only_the_set_up_that_got_answers_is_fitted_again(tmp_path, fitted_ways):
    seal(tmp_path, "one", answers(11, model="own/one"))
    seal(tmp_path, "two", answers(12, model="own/two"))
    assert refitted(fitted_ways, tmp_path) == [("own/one", ""), ("own/two", "")]
    assert refitted(fitted_ways, tmp_path) == []
    seal(tmp_path, "more", answers(13, model="own/two", run="more"))
    assert refitted(fitted_ways, tmp_path) == [("own/two", "")]
    file_of(tmp_path, "more").unlink()
    assert refitted(fitted_ways, tmp_path) == [("own/two", "")]


def test_a_set_up_that_gets_another_name_is_fitted_again(tmp_path, fitted_ways):
    seal(tmp_path, "cold", answers(11, temperature=0.0))
    assert refitted(fitted_ways, tmp_path) == [("own/one", "")]
    seal(tmp_path, "hot", answers(12, run="hot", temperature=1.0))
    assert refitted(fitted_ways, tmp_path) == [("own/one", "temperature 0"), ("own/one", "temperature 1")]


@pytest.mark.parametrize(
    "change", [{"answer": "other"}, {"generated_tokens": 101}, {"correct": True}, {"finish_reason": "length"}]
)
def test_every_change_of_an_answer_counts(tmp_path, fitted_ways, change):
    rows = answers(0)
    seal(tmp_path, "one", rows)
    refitted(fitted_ways, tmp_path)
    seal(tmp_path, "one", [rows[0] | change, *rows[1:]])
    assert refitted(fitted_ways, tmp_path) == [("own/one", "")]


def test_values_that_change_places_count(tmp_path, fitted_ways):
    """Sums over a column stay the same."""
    rows = answers(0b101010101010)
    seal(tmp_path, "one", rows)
    refitted(fitted_ways, tmp_path)
    for name in ("answer", "correct", "generated_tokens"):
        other = next(row for row in rows if row[name] != rows[0][name])
        rows[0][name], other[name] = other[name], rows[0][name]
        seal(tmp_path, "one", rows)
        assert refitted(fitted_ways, tmp_path) == [("own/one", "")]


def test_order_of_rows_and_age_of_a_file_do_not_count(tmp_path, fitted_ways):
    rows = answers(11)
    seal(tmp_path, "one", rows, sealed_at=5)
    refitted(fitted_ways, tmp_path)
    seal(tmp_path, "one", rows[::-1], sealed_at=9)
    assert refitted(fitted_ways, tmp_path) == []


def test_of_two_verdicts_of_one_draw_it_counts_which_is_the_later(tmp_path, fitted_ways):
    common = {"seed": 1, "engine": "vllm", "endpoint": "chat"}
    for name, bits in {"a": 0, "b": -1}.items():
        seal(tmp_path, name, answers(bits, run=name, **common), sealed_at=1)
    refitted(fitted_ways, tmp_path)
    at_once = tables(tmp_path)
    for later, at in (("b", 2), ("a", 3)):
        os.utime(file_of(tmp_path, later), (at, at))
        assert refitted(fitted_ways, tmp_path) == [("own/one", "")]
        assert (tables(tmp_path) == at_once) == (later == "a")  # of two of one time the first run counts


def test_another_version_of_the_program_keeps_to_itself(tmp_path, fitted_ways, monkeypatch):
    seal(tmp_path, "one", answers(11))
    refitted(fitted_ways, tmp_path)
    monkeypatch.setattr(fit_module, "basis_of", lambda learned: "another")
    assert refitted(fitted_ways, tmp_path) == [("own/one", "")]
    monkeypatch.undo()
    assert read_setup_fits(tmp_path / "profiles")


def test_a_version_with_other_columns_keeps_to_itself(tmp_path, fitted_ways, monkeypatch):
    """What it kept cannot be read here: that is no reason to end."""
    seal(tmp_path, "one", answers(11))
    with monkeypatch.context() as later:
        later.setattr(kept_fits, "FORM", "of a later version")
        later.setattr(kept_fits, "asdict", lambda row: {**asdict(row), "column": 1})
        refitted(fitted_ways, tmp_path)
    assert refitted(fitted_ways, tmp_path) == [("own/one", "")]


def test_without_the_file_the_tables_are_the_same(tmp_path, fitted_ways):
    seal(tmp_path, "one", answers(11))
    refitted(fitted_ways, tmp_path)
    before = tables(tmp_path)
    (tmp_path / "profiles" / OF_ANSWERS).unlink()
    assert refitted(fitted_ways, tmp_path) == [("own/one", "")]
    assert tables(tmp_path) == before


DAMAGES = {
    "empty": lambda whole: b"",
    "torn": lambda whole: whole[: len(whole) // 2],
    "something else": lambda whole: b"PAR1 no table",
    "a text": lambda whole: json.dumps({"digest": 1}).encode(),
    **{
        f"a bit at {part} of 20": lambda whole, part=part: (
            whole[: (at := len(whole) * part // 20)] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
        )
        for part in range(20)
    },
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_of_a_damaged_file_only_what_is_sound_is_read(tmp_path, kept_of_two, damage):
    (tmp_path / OF_ANSWERS).write_bytes(damage(kept_of_two.read_bytes()))
    sound, found = read_setup_fits(kept_of_two.parent), read_setup_fits(tmp_path)
    assert all(repr(found[digest]) == repr(sound[digest]) for digest in found)


@pytest.fixture(scope="module")
def kept_of_two(tmp_path_factory):
    """The file that a fit of two set-ups keeps."""
    folder = tmp_path_factory.mktemp("two")
    for name in ("one", "two"):
        seal(folder, name, answers(11, model=f"own/{name}"))
    fit(opened(folder))
    assert len(read_setup_fits(folder / "profiles")) == 2
    return folder / "profiles" / OF_ANSWERS


def test_a_damaged_file_is_made_again(tmp_path, fitted_ways):
    seal(tmp_path, "one", answers(11))
    refitted(fitted_ways, tmp_path)
    before, kept = tables(tmp_path), tmp_path / "profiles" / OF_ANSWERS
    kept.write_bytes(kept.read_bytes()[:-100])
    assert refitted(fitted_ways, tmp_path) == [("own/one", "")]
    assert tables(tmp_path) == before
    assert refitted(fitted_ways, tmp_path) == []


SPEEDS = ("performance.csv", "corrections.csv")


def speeds(folder):
    """The tables of speeds after a fit."""
    fit(Workspace(folder))
    found = [folder / "profiles" / name for name in SPEEDS]
    return [path.read_bytes() if path.exists() else None for path in found]


@pytest.fixture
def fitted_loads(monkeypatch):
    """Model shapes of the loads in every fit of speeds while a test runs."""
    found, original = [], groups.learn

    def learned(runs, *others):
        found.append(set(runs.shape.tolist()))
        return original(runs, *others)

    for module in (groups, speed_fits):
        monkeypatch.setattr(module, "learn", learned)
    return found


def load(at, tpot_s, **others):
    return run(at, tpot_s, run_id=f"load-{at}", **others)


OURS = {"gpu": "rtx-4090", "model": "Qwen/Qwen3-8B"}
OTHER = {"gpu": "rtx-4090", "model": "meta-llama/Llama-3.1-8B-Instruct"}
THEIRS = {"gpu": "h100-sxm", "model": "meta-llama/Llama-3.1-8B-Instruct"}
LOADS = st.tuples(st.sampled_from([OURS, OTHER, THEIRS]), st.integers(1, 6), st.floats(0.02, 0.09))


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(LOADS, min_size=2, max_size=4))
def test_after_any_loads_the_speeds_are_those_of_a_fit_from_nothing(tmp_path, steps):
    for name in ("ours", "beside"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    for at, (about, concurrency, tpot_s) in enumerate(steps):
        workspace(tmp_path / "ours", runs=[load(concurrency, tpot_s, **about)], name=str(at))
        kept = speeds(tmp_path / "ours")
    shutil.copytree(tmp_path / "ours" / "measurements", tmp_path / "beside" / "measurements")
    assert kept == speeds(tmp_path / "beside")


def test_a_load_makes_only_what_follows_from_it_again(tmp_path, fitted_loads):
    def again():
        fitted_loads.clear()
        speeds(tmp_path)
        return list(fitted_loads)

    qwen, llama = {"Qwen--Qwen3-8B"}, {"meta-llama--Meta-Llama-3.1-8B"}
    workspace(tmp_path, runs=[load(c, 0.02 + c / 1000, **OURS) for c in (1, 2, 4)], name="ours")
    workspace(tmp_path, runs=[load(c, 0.01 + c / 1000, **THEIRS) for c in (1, 2, 4)], name="theirs")
    assert again() == [qwen, qwen, llama]  # the GPU that has no efficiencies, then each shape
    assert again() == []
    workspace(tmp_path, runs=[load(8, 0.03, **THEIRS)], name="more")
    assert again() == [llama]
    workspace(tmp_path, runs=[load(8, 0.04, **OTHER)], name="other")  # moves what holds for the GPU, and for all on it
    assert again() == [qwen | llama, qwen, llama]


def test_what_was_kept_of_speeds_and_is_damaged_is_made_again(tmp_path, fitted_loads):
    workspace(tmp_path, runs=[load(c, 0.07 + c / 1000, gpu="rtx-4090") for c in (1, 2, 4)])
    first = speeds(tmp_path)
    (tmp_path / "profiles" / OF_LOADS).write_bytes(b"damaged")
    fitted_loads.clear()
    assert speeds(tmp_path) == speeds(tmp_path) == first
    assert len(fitted_loads) == 2
