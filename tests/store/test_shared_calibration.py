"""People who calibrate in one store at once, as processes on machines of their own, whatever happens to them."""

import json
import random
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from tests.calibration import serving as fakes
from tests.store.sharing import Person, Store

QUESTIONS, SAMPLES = 6, 2


class Named(fakes.Handler):
    """A server that says what it is, so that its answers are taken up, and waits after some answers."""

    def reply(self, content, status=200):
        if self.command == "GET":
            content = {"version": "0.20.0", "data": [{"id": fakes.MODEL, "owned_by": "vllm"}]}
        super().reply(content, status)

    def complete(self, body):
        if body["prompt"] != fakes.GREETING:
            with self.server.lock:
                drawn = (body["prompt"], body["seed"])
                self.server.drawn[drawn] = self.server.drawn.get(drawn, 0) + 1
            if len(self.server.drawn) > self.server.waits_after:
                self.server.goes_on.wait(60)
            time.sleep(self.server.takes_s)
        super().complete(body)


@pytest.fixture
def engine():
    with fakes.serving(Named) as server:
        server.drawn, server.takes_s, server.waits_after = {}, 0.0, float("inf")
        server.goes_on = threading.Event()
        yield server


def calibrate(engine, *more, samples=SAMPLES, in_flight=1):
    drawing = ("--questions", QUESTIONS, "--samples", samples, "--plain", "--max-tokens", 32, "--in-flight", in_flight)
    return ("calibrate", "qwen3-0.6b", "--task", "arithmetic", "--url", engine.url, *drawing, *more)


def held(person):
    """Every answer that somebody sees: how often, by run, question and number."""
    script = (
        "import sys, json; from advisor.store.workspace import Workspace\n"
        "names = 'run_id, question_id, sample_index, count(*)'\n"
        "query = f'select {names} from samples where own group by all'\n"
        "print(json.dumps(Workspace(sys.argv[1]).samples.connect().execute(query).fetchall()))"
    )
    code, out, err = person.run(person.url, script=script)
    assert code == 0, err
    return {tuple(names): n for *names, n in json.loads(out)}


def until(happens, within_s=60):
    until_s = time.monotonic() + within_s
    while not happens():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def whole(found, run):
    """That a run has every answer once."""
    assert sum(name[0] == run for name in found) == QUESTIONS * SAMPLES
    assert set(found.values()) == {1}


def test_the_second_reads_who_draws_and_then_takes_it_up(person, engine):
    alice, bob = person("alice"), person("bob")
    engine.waits_after = 3
    first = alice.start(*calibrate(engine, "--json"))
    until(lambda: len(engine.drawn) > 3)
    code, out, err = bob.run(*calibrate(engine, "--json"))
    assert (code, out) == (1, "")
    assert f"{bob.url}: alice@" in err
    assert f"of {QUESTIONS} questions so far" in err
    engine.goes_on.set()
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    run = json.loads(out)["run_id"]
    assert len(engine.drawn) == QUESTIONS * SAMPLES
    code, out, err = bob.run(*calibrate(engine, "--json"))
    assert (code, json.loads(out)["run_id"]) == (0, run)
    assert "recorded in full already" in err
    code, out, _ = bob.run(*calibrate(engine, "--json", samples=SAMPLES + 1))
    assert code == 0
    assert len(engine.drawn) == QUESTIONS * (SAMPLES + 1)
    assert set(engine.drawn.values()) == {1}  # what alice drew was taken up
    assert f"advisor fit --workspace {bob.url}" in bob.run(*calibrate(engine))[2]
    whole(held(person("carol")), run)


@contextmanager
def own_store(tmp_path):
    """One that may be stopped."""
    store = Store()
    try:
        store.make("team")
        yield store
    finally:
        store.stop()


@pytest.mark.parametrize("comes_back", [True, False])
def test_the_store_dies_while_answers_are_drawn(tmp_path, engine, comes_back):
    with own_store(tmp_path) as store:
        alice = Person("alice", tmp_path, store.url, "s3://team/shared")
        engine.waits_after = 3
        process = alice.start(*calibrate(engine, "--json"))
        until(lambda: len(engine.drawn) > 3)
        store.freeze() if comes_back else store.stop()
        engine.waits_after = 8
        engine.goes_on.set()
        until(lambda: len(engine.drawn) > 8)
        if comes_back:
            store.thaw()
        out, err = process.communicate(timeout=120)
        run = json.loads(out)["run_id"]
        if not comes_back:
            assert process.returncode == 3
            assert "2 files" in err
            assert "not yet in s3://team/shared" in err
            code, out, err = alice.run("measurements", "--json")
            assert (code, out) == (3, "")
            assert "--workspace" in err
            assert "is the copy as it was last" in err
            store.start()
            store.make("team")
            code, out, err = alice.run("measurements", "--json")
            assert code == 0
            assert "2 files" in err
            assert "as an earlier command left it" in err
            assert any(each["whose"] == "own" for each in json.loads(out)["measurements"])
        else:
            assert process.returncode == 0, err
        assert len(engine.drawn) == QUESTIONS * SAMPLES
        assert set(engine.drawn.values()) == {1}
        whole(held(Person("bob", tmp_path, store.url, alice.url)), run)


def test_two_commands_at_once_on_one_machine(person, tmp_path):
    alice = person("alice")
    shared = {"model": "Qwen/Qwen3-8B", "task": "mine", "question_id": "q", "sample_index": 0, "correct": True}
    processes = []
    for run in ("run-a", "run-b"):
        row = {**shared, "run_id": run, "answer": run, "generated_tokens": 9, "text": run}
        (tmp_path / f"{run}.jsonl").write_text(json.dumps(row))
        processes.append(alice.start("import", "samples", tmp_path / f"{run}.jsonl", "--json"))
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert json.loads(out)["rows"] == 1
    assert held(person("bob")) == held(alice) == {("run-a", "q", 0): 1, ("run-b", "q", 0): 1}


@pytest.mark.slow
def test_eight_writers_who_are_killed_and_come_again(person, engine, tmp_path):
    """Four import, four calibrate two set-ups; each is killed at random, runs again until done; all is there once."""
    chance = random.Random(7)
    engine.takes_s = 0.1
    people = [person(f"p{number}") for number in range(8)]
    for number in range(4):
        rows = [
            {
                "run_id": f"run-{number // 2}-{run}",
                "model": "Qwen/Qwen3-8B",
                "task": "mine",
                "question_id": f"q{question}",
                "sample_index": 0,
                "answer": f"{number // 2}-{run}",  # a run with the answers of another is not recorded again
                "correct": True,
                "generated_tokens": 9,
                "text": f"it is {number // 2}-{run}",
            }
            for run in range(6)
            for question in range(3)
        ]
        (tmp_path / f"{number}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    works = [("import", "samples", tmp_path / f"{number}.jsonl") for number in range(4)]
    works += [calibrate(engine, "--seed", number // 2) for number in range(4)]
    said = []

    def goes_on(who, work, kills):
        for moment_s in kills:
            process = who.start(*work)
            time.sleep(moment_s)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        for _ in range(60):
            code, _, err = who.run(*work)
            said.append((who.name, code, err))
            if code == 0:
                return
            assert code == 1, err  # somebody else draws it

    moments = [[chance.uniform(0.8, 3.0) for _ in range(chance.choice([1, 2]))] for _ in works]
    threads = [threading.Thread(target=goes_on, args=each) for each in zip(people, works, moments, strict=True)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(code == 0 for _, code, _ in said) == 8, said
    fresh = held(person("somebody new"))
    imported = {(f"run-{number}-{run}", f"q{q}", 0) for number in range(2) for run in range(6) for q in range(3)}
    calibrated = {name for name in fresh if not name[0].startswith("run-")}
    assert set(fresh) - calibrated == imported
    assert len(calibrated) == 2 * QUESTIONS * SAMPLES
    assert set(fresh.values()) == {1}
    assert all(held(each) == fresh for each in people[::4])
    code, out, _ = person("somebody new").run("measurements", "--json")
    assert code == 0
    mine = [each for each in json.loads(out)["measurements"] if each["whose"] == "own"]
    assert sum(each["texts"] for each in mine) == len(fresh)
    assert all(each["finished"] for each in mine)
