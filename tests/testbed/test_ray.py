"""Calibrations on several nodes of this machine, and a worker, a node or the command itself killed in the middle."""

import json
import os
import signal

import duckdb
import pytest

import advisor
from advisor.errors import AdvisorError, MissingAbility
from tests.testbed import scripted_engine
from tests.testbed.conftest import MODELS, SETTINGS
from tests.testbed.ray_nodes import actors_of, are_gone, command, lines, when

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

QUESTIONS, SAMPLES = 40, 4
NEEDED = QUESTIONS * SAMPLES
IN_FLIGHT = 2 * scripted_engine.AT_ONCE
OPTIONS = {"model": "Qwen/Qwen3-0.6B", "task": "arithmetic", "questions": QUESTIONS, "samples": SAMPLES}
WORDS = ["--task", "arithmetic", "--questions", str(QUESTIONS), "--samples", str(SAMPLES)]


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    """The log of the draws."""
    scripted_engine.patch(monkeypatch.setattr)
    log = tmp_path / "draws"
    log.touch()
    return log


def rows(path):
    names = "question_id, sample_index, answer, correct, generated_tokens, finish_reason"
    return duckdb.connect().execute(f"select {names} from '{path}' order by all").fetchall()


def calibrate(folder, log, **options):
    return advisor.calibrate(advisor.Workspace(folder), engine_option=f"log={log}", **{**OPTIONS, **options})


@pytest.fixture(scope="module")
def untouched(cluster, tmp_path_factory):
    """The rows of a run that nothing happened to."""
    folder = tmp_path_factory.mktemp("untouched")
    with pytest.MonkeyPatch.context() as patched:
        scripted_engine.patch(patched.setattr)
        done = calibrate(folder, folder / "draws", ray=cluster.address)
    found = lines(folder / "draws")
    assert len({process for process, _ in found}) == 2  # both nodes drew
    assert len(found) == len(set(found)) == NEEDED
    assert done.questions == QUESTIONS
    assert done.failed == 0
    return rows(done.path)


def test_a_killed_worker_is_replaced_and_its_requests_drawn_by_others(cluster, scripted, untouched, tmp_path):
    def kill():
        os.kill(lines(scripted)[0][0], signal.SIGKILL)

    killer = when(scripted, NEEDED // 3, kill)
    done = calibrate(tmp_path, scripted, ray=cluster.address)
    killer.join()
    found = lines(scripted)
    assert rows(done.path) == untouched  # nothing lost, nothing doubled
    assert NEEDED <= len(found) <= NEEDED + IN_FLIGHT
    assert done.notes == ("1 replica died; its requests went to others",)


def test_a_node_that_is_gone_costs_only_what_was_in_flight(cluster, untouched, tmp_path):
    log = tmp_path / "draws"
    log.touch()
    gone = list(cluster.worker_nodes)[-1]

    def remove():
        actors = actors_of(gone)
        cluster.remove_node(gone, allow_graceful=False)
        for actor in actors:  # of a whole machine they would not live on for a while
            os.kill(actor, signal.SIGKILL)

    process = command(cluster, tmp_path / "ws", log, "calibrate", OPTIONS["model"], *WORDS)
    killer = when(log, NEEDED // 3, remove)
    try:
        out, err = process.communicate(timeout=120)
    finally:
        killer.join()
        cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
    assert process.returncode == 0, err
    done = json.loads(out)  # and nothing else on stdout, whatever Ray has to say
    assert rows(done["path"]) == untouched
    assert done["notes"] == ["1 replica died; its requests went to others"]
    assert NEEDED <= len(lines(log)) <= NEEDED + IN_FLIGHT


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 130)])
def test_the_command_itself_dies_and_the_same_command_resumes(cluster, tmp_path, untouched, number, code):
    log = tmp_path / "draws"
    log.touch()
    process = command(cluster, tmp_path / "ws", log, "calibrate", OPTIONS["model"], *WORDS)
    when(log, NEEDED // 3, lambda: process.send_signal(number)).join()
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert out == ""
    before = lines(log)
    assert are_gone({process for process, _ in before})
    again = command(cluster, tmp_path / "ws", log, "calibrate", OPTIONS["model"], *WORDS)
    out, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    done = json.loads(out)  # and nothing else on stdout
    assert rows(done["path"]) == untouched
    in_vain = IN_FLIGHT + IN_FLIGHT  # requests in flight, and those that an actor begins until Ray ends it too
    assert NEEDED <= len(lines(log)) <= NEEDED + in_vain


def test_a_failed_request_is_recorded_and_kills_nobody(cluster, scripted, tmp_path):
    questions = tmp_path / "three.jsonl"
    three = [{"id": str(n), "question": text, "answer": "3"} for n, text in enumerate(["Q 1+2", "what?", "Q 4-1"])]
    questions.write_text("".join(json.dumps(each) + "\n" for each in three))
    options = {"task": str(questions), "questions": None, "answers": "arithmetic", "template": "{question}\n"}
    done = calibrate(tmp_path, scripted, ray=cluster.address, replicas=1, **options)
    assert (done.failed, done.most_common_failure) == (1, "longer than the context")
    assert done.failed_questions == ("1",)
    assert len({process for process, _ in lines(scripted)}) == 1


def test_rewards_share_the_cluster(cluster, scripted, tmp_path):
    rated = {"strategy": "rebase", "reward_model": "Qwen/Qwen3-1.7B", "questions": 4}
    done = calibrate(tmp_path, scripted, ray=cluster.address, replicas=1, **rated)
    assert done.scored_tokens > 0


def test_what_the_cluster_cannot(cluster, scripted, tmp_path):
    for options, words in (
        ({"replicas": 4}, r"--replicas: no room for 4 replicas .*the cluster has it for 2 in all"),
        ({"ray": "127.0.0.1:1"}, r"--ray: no Ray cluster answers at 127.0.0.1:1 \(Connection refused\); .*ray start"),
    ):
        with pytest.raises(MissingAbility, match=words):
            calibrate(tmp_path, scripted, **{"ray": cluster.address, **options})
    for options, words in (
        ({"ray": "nowhere"}, r"--ray: 'nowhere' is no address of a Ray cluster; give local"),
        ({"url": "http://127.0.0.1:1/v1", "ray": "local"}, r"--ray: .* does not go with --url"),
        ({"replicas": 2}, "--replicas: is for --ray"),
        ({"replicas": 0, "ray": "local"}, "--replicas: 0 is out of range"),
    ):
        with pytest.raises(AdvisorError, match=words):
            calibrate(tmp_path, scripted, **options)


def test_room_that_others_hold_is_not_taken(cluster, scripted, tmp_path, monkeypatch):
    import ray

    ray.init(cluster.address, log_to_driver=False)
    try:
        held = ray.remote(num_cpus=1)(scripted_engine.Oracle).remote()
        ray.get(held.__ray_ready__.remote())
        with monkeypatch.context() as patched:
            patched.setattr("advisor.engines.cluster.ROOM_S", 1.0)
            with pytest.raises(MissingAbility, match=r"--replicas: the cluster has room for . of 2 replicas now"):
                calibrate(tmp_path, scripted, ray=cluster.address, replicas=2)
        done = calibrate(tmp_path, scripted, ray=cluster.address, questions=4)
        assert done.questions == 4
        assert len({process for process, _ in lines(scripted)}) == 1
        assert ray.is_initialized()  # what was connected before stays so
    finally:
        ray.shutdown()


def test_real_engines_lose_one_and_draw_what_one_in_process_draws(cluster, tmp_path, monkeypatch):
    pytest.importorskip("vllm")
    monkeypatch.setenv("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    options = {
        "model": str(MODELS / "small"),
        "task": "arithmetic",
        "questions": 200,
        "samples": 8,
        "max_tokens": 96,
        "in_flight": 32,
        "engine_option": [f"{name}={value}" for name, value in SETTINGS.items()],
    }
    killed = []

    def kill(progress):
        if progress.done >= 50 and not killed:
            killed.extend(actors_of(next(iter(cluster.worker_nodes))))
            os.kill(killed[0], signal.SIGKILL)

    done = advisor.calibrate(advisor.Workspace(tmp_path), ray=cluster.address, progress=kill, **options)
    assert len(killed) == 1
    assert "1 replica died" in " ".join(done.notes)
    alone = advisor.calibrate(advisor.Workspace(tmp_path / "alone"), **options)
    assert rows(done.path) == rows(alone.path)
