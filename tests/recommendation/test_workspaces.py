"""Workspaces are values: two open at once answer independently."""

import json
import shutil

import pytest

import advisor
from tests.known import SHIPPED
from tests.recommendation.made import point, workspace


def test_two_open_at_once_answer_independently(tmp_path):
    good = workspace(tmp_path / "good", point(accuracy=0.9, low=0.85, high=0.95))
    bad = workspace(tmp_path / "bad", point(accuracy=0.1, low=0.05, high=0.15))
    answers = [advisor.recommend(ws, task="mine").recommended.accuracy.value for ws in (good, bad, good)]
    assert answers == [0.9, 0.1, 0.9]
    with pytest.raises(advisor.AdvisorError, match="unknown task 'mine'"):
        advisor.recommend(advisor.Workspace(), task="mine")


def test_a_model_of_one_is_unknown_to_the_other(tmp_path):
    folder = tmp_path / "my-model"
    folder.mkdir()
    shutil.copy(SHIPPED.profiles[0] / "models" / "Qwen--Qwen3-8B" / "config.json", folder)
    first, second = advisor.Workspace(tmp_path / "a"), advisor.Workspace(tmp_path / "b")
    assert "my-model" not in first.models
    advisor.import_model(first, folder)
    assert advisor.estimate(first, model="my-model", gpu="l4").fits
    with pytest.raises(advisor.AdvisorError, match="unknown model 'my-model'"):
        advisor.estimate(second, model="my-model", gpu="l4")
    assert "my-model" in first.models  # and opening the second changed nothing


def test_own_points_stand_over_those_that_ship(tmp_path):
    shipped = next(p for p in SHIPPED.fits.points if p.task == "gpqa-diamond" and p.n_samples == 1)
    import dataclasses

    ws = workspace(tmp_path, dataclasses.replace(shipped, accuracy=0.123))
    mine = [
        p for p in ws.fits.points if (p.model, p.task, p.strategy) == (shipped.model, shipped.task, shipped.strategy)
    ]
    same = [p for p in mine if (p.n_samples, p.token_budget) == (shipped.n_samples, shipped.token_budget)]
    assert [p.accuracy for p in same] == [0.123]
    assert len(ws.fits.points) == len(SHIPPED.fits.points)


def test_a_table_that_changed_is_read_anew(tmp_path):
    ws = workspace(tmp_path, point(accuracy=0.5))
    assert advisor.recommend(ws, task="mine").recommended.accuracy.value == 0.5
    workspace(tmp_path, point(accuracy=0.625))
    assert advisor.recommend(ws, task="mine").recommended.accuracy.value == 0.625


def test_a_path_that_does_not_exist_yet_is_an_empty_workspace(tmp_path):
    ws = advisor.Workspace(tmp_path / "later" / "ours")
    assert advisor.recommend(ws, budget="0.01usd") == advisor.recommend(advisor.Workspace(), budget="0.01usd")
    assert not (tmp_path / "later").exists()


def test_a_file_is_no_workspace(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(advisor.AdvisorError, match="is not a folder"):
        advisor.Workspace(tmp_path / "file")


def test_json_has_the_names_of_the_fields():
    pick = advisor.recommend(advisor.Workspace(), budget="0.01usd")
    answer = json.loads(pick.to_json())
    assert answer["recommended"]["accuracy"]["low"] == pick.recommended.accuracy.low
    assert answer["reason"] == pick.reason
    assert answer["frontier"][0]["model"] == pick.frontier[0].model


def test_tables_show_their_size_and_not_an_address(tmp_path):
    ours = advisor.Workspace(tmp_path)
    assert repr(ours.models) == f"<{len(ours.models)} models>"
    assert repr(ours.fits) == f"<fits of {SHIPPED.profiles[0]}, {tmp_path / 'profiles'}>"


def test_a_notebook_shows_the_pick_and_the_runners_up_in_short(tmp_path):
    ws = workspace(tmp_path, point(accuracy=0.9, low=0.85, high=0.95))
    found = advisor.recommend(ws, task="mine")
    shown = found._repr_html_()
    assert "majority 1" not in shown
    assert len(shown) < 6000
    assert shown.startswith(f"<table><tbody><tr><td>model</td><td>{found.recommended.model}</td></tr>")
    for part in ("90.0 %", "85.0 % to 95.0 %", found.reason, "vllm serve"):
        assert part in shown
    assert (found.alternatives[0].why_not in shown) if found.alternatives else ("why not" not in shown)
    assert "prefill_flops" not in shown
    assert list(advisor.recommend(ws, task="mine", budget="1usd").alternatives.to_frame().columns)
