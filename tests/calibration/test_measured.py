import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.calibration.measured import expected_longest
from advisor.recommend.recommend import tasks
from advisor.store.workspace import Workspace


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=7).flatmap(
        lambda t: st.tuples(st.just(t), st.integers(1, len(t)))
    )
)
def test_the_longest_of_k_equals_enumeration(case):
    tokens, k = case
    assert expected_longest(tuple(tokens), k) == pytest.approx(np.mean([max(s) for s in combinations(tokens, k)]))


def sample(question, index, correct, tokens, **others):
    answer = "right" if correct else f"wrong{index % 2}"
    return {
        "model": "Qwen/Qwen3-8B",
        "task": "mine",
        "question_id": f"q{question}",
        "sample_index": index,
        "answer": answer,
        "correct": correct,
        "generated_tokens": tokens,
        **others,
    }


@pytest.fixture
def own(tmp_path, advisor):
    """Import rows into a workspace, fit, and return what `advisor curve` says."""

    def build(rows, *arguments):
        file = tmp_path / "mine.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows))
        assert advisor("import", "samples", file, "--workspace", tmp_path / "ws")[0] == 0
        assert advisor("fit", "--workspace", tmp_path / "ws")[0] == 0
        code, out, err = advisor(
            "curve", "qwen3-8b", "--task", "mine", "--workspace", tmp_path / "ws", "--json", *arguments
        )
        assert code == 0, err
        return json.loads(out)

    return build


def test_repeats_give_votes_and_lengths_give_caps(own):
    rows = [sample(q, i, (q + i) % 3 > 0, 400 + 300 * i + 10 * q) for q in range(20) for i in range(8)]
    votes = own(rows, "--strategy", "majority")
    assert [p["n_samples"] for p in votes["points"]] == [1, 4, 8]
    assert votes["points"][0]["accuracy"] == pytest.approx(np.mean([r["correct"] for r in rows]), abs=1e-4)
    assert votes["points"][2]["tokens"] == pytest.approx(8 * np.mean([r["generated_tokens"] for r in rows]), rel=1e-4)
    assert votes["voting_limit"]["low"] <= votes["voting_limit"]["value"] <= votes["voting_limit"]["high"]
    caps = votes["others"] or own(rows, "--strategy", "thinking-budget")
    assert caps["points"][0]["token_budget"] == 512
    within = [r["correct"] and r["generated_tokens"] <= 512 for r in rows]
    assert caps["points"][0]["accuracy"] == pytest.approx(np.mean(within), abs=1e-4)
    assert 0 < caps["area"] < 1


def test_an_answer_cut_by_its_limit_never_counts_as_ended(own):
    rows = [
        sample(q, 0, q % 2 == 0 and q < 10, 600 if q < 10 else 2048, finish_reason="stop" if q < 10 else "length")
        for q in range(20)
    ]
    answer = own(rows, "--strategy", "thinking-budget")
    assert max(p["token_budget"] for p in answer["points"]) == 2048
    assert answer["points"][-1]["cut"] == pytest.approx(0.5)
    assert answer["asymptote"]["value"] >= answer["points"][-1]["accuracy"]


def test_more_answers_than_can_be_counted(own):
    rows = [sample(q, i, (i * (q + 2)) % 5 < 3, 100) for q in range(2) for i in range(1100)]
    assert own(rows, "--strategy", "majority")["points"][-1]["n_samples"] == 1000


def test_levels_of_thinking_are_points_of_one_curve(own):
    rows = [
        sample(q, 0, q % 4 < level, 100 * 4**level, strategy="thinking-budget", run_id=f"level-{level}")
        for level in (1, 2, 3)
        for q in range(24)
    ]
    answer = own(rows, "--strategy", "thinking-budget")
    assert [p["tokens"] for p in answer["points"]] == [400, 1600, 6400]
    assert [p["accuracy"] for p in answer["points"]] == pytest.approx([0.25, 0.5, 0.75])


def test_shipped_accuracy_covers_the_tasks():
    known = {row["task"]: row for row in tasks(Workspace(None))}
    assert {"gpqa-diamond", "otis-mock-aime", "aime24", "aime25", "math500", "gsm8k", "mmlu-pro", "simpleqa"} <= set(
        known
    )
    assert sum(row["models_with_tokens"] for row in known.values()) > 50


def test_runs_over_other_questions_are_points_of_their_own(own):
    def searched(run, width, first):
        return [
            sample(q, 0, q % 2 == 0, 100 * width, strategy="rebase", run_id=run, budget=width)
            for q in range(first, first + 20)
        ]

    rows = (
        searched("r1", 4, 0)
        + searched("r2", 8, 20)
        + searched("r3", 16, 0)
        + [sample(q, i, i > 0, 100) for q in range(20) for i in range(4)]
    )
    assert own(rows, "--strategy", "majority")["points"]


def test_what_a_reward_model_costs_is_not_known_so_it_is_not_recommended(own, advisor, tmp_path):
    rows = [sample(q, i, i % 2 == 0, 300, score=0.9 if i % 2 == 0 else 0.1) for q in range(20) for i in range(8)]
    weighted = own(rows, "--strategy", "weighted-majority")
    assert weighted["points"][-1]["accuracy"] == 1
    answer = json.loads(advisor("recommend", "--task", "mine", "--workspace", tmp_path / "ws", "--json")[1])
    assert {c["strategy"] for c in [answer["recommended"], *answer["alternatives"], *answer["frontier"]]} <= {
        "majority",
        "thinking-budget",
    }


def test_answers_drawn_with_other_settings_are_not_pooled(own, advisor, tmp_path):
    hot = [sample(q, i, i % 2 == 0, 500, temperature=1.0, run_id="hot") for q in range(10) for i in range(8)]
    cold = [sample(q, i, True, 500, temperature=0.2, run_id="cold") for q in range(10) for i in range(4)]
    found = own(hot + cold, "--strategy", "majority")
    assert found["points"][0]["accuracy"] == 0.5
    assert "hot" in found["provenance"]
    assert "drawn with other settings (cold)" in advisor("fit", "--workspace", tmp_path / "ws")[2]


def test_votes_are_weighted_by_one_reward_model_at_a_time(own):
    rows = [
        sample(q, i, i % 2 == 0, 500, score=float((i % 2 == 0) == (name == "good")), reward_model=name, run_id=name)
        for name in ("good", "bad")
        for q in range(10)
        for i in range(8)
    ]
    first = own(rows)
    curves = [found for found in [first, *first["others"]] if found["strategy"] == "best-of-n"]
    assert {c["reward_model"]: c["points"][-1]["accuracy"] for c in curves} == {"good": 1.0, "bad": 0.0}
