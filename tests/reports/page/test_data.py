"""What the charts are handed, against the values behind it."""

import pytest

import advisor
from advisor.reports.page import data
from advisor.reports.page.data import columns, explored
from advisor.units import COSTS
from tests.known import SHIPPED
from tests.recommendation.made import MODEL, point, workspace


def rows_of(table):
    """Columns back to rows."""
    names = list(table)
    texts = [
        table[n] if isinstance(table[n], list) else [table[n]["texts"][at] for at in table[n]["at"]] for n in names
    ]
    return [dict(zip(names, values, strict=True)) for values in zip(*texts, strict=True)]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    ws = workspace(
        tmp_path_factory.mktemp("data"),
        point(accuracy=0.6, low=0.5, high=0.7),
        point(n_samples=4, generated_tokens=4000.0, accuracy=0.71234, low=0.6, high=0.8),
        point(task="other", accuracy=0.5),
        point(task="silent", generated_tokens=None),
    )
    limits = {"task": "mine", "gpu": ["h100-sxm", "l40s"], "model": MODEL, "budget": ["1usd", "60s"]}
    return ws, advisor.recommend(ws, **limits)


def test_rows_come_back_as_they_were():
    rows = [{"a": "x", "b": 1.5, "c": None}, {"a": "y", "b": 2, "c": 3}, {"a": "x", "b": 3, "c": 4}]
    assert rows_of(columns(rows)) == rows
    assert columns([]) == {}


def test_a_row_has_the_figures_of_its_candidate(found):
    ws, recommendation = found
    seen = explored(ws, recommendation.request, recommendation.recommended).data
    rows = [row for row in rows_of(seen["candidates"]) if row["task"] == "mine"]
    front = advisor.frontier(ws, task="mine", gpu=["h100-sxm", "l40s"], model=MODEL, cost="usd").frontier
    for c in front:
        (row,) = [
            row
            for row in rows
            if "usd" in row["anywhere"].split() and row["accuracy"] == round(100 * c.accuracy.value, 4)
        ]
        assert (row["low"], row["high"]) == (round(100 * c.accuracy.low, 4), round(100 * c.accuracy.high, 4))
        assert [row[unit] for unit in COSTS] == pytest.approx([c.cost(unit) for unit in COSTS], rel=1e-3)
        assert row["deployment"] == f"{c.gpu_count} × {c.gpu}, {c.precision}, {c.concurrency} in flight"
        assert row["accuracy_from"] == "measured: made"
        assert row["cost_from"].startswith("tokens measured; speed ")
        assert f"price of {c.rent}" in row["cost_from"]
        assert (row["kind"], row["evidence"], row["model"]) == ("dense", "measured", MODEL)


def test_it_starts_at_the_pick_with_its_budgets(found):
    ws, recommendation = found
    seen = explored(ws, recommendation.request, recommendation.recommended)
    assert seen.data["start"] == {"task": "mine", "unit": "usd", "model": MODEL}
    assert [(b["unit"], b["cost"]) for b in seen.data["budgets"]] == [("usd", 1.0), ("s", 60.0)]
    pick = recommendation.recommended
    assert seen.data["pick"]["accuracy"] == round(100 * pick.accuracy.value, 4)
    assert seen.data["pick"]["usd"] == pytest.approx(pick.usd, rel=1e-3)
    assert (seen.data["pick"]["kind"], seen.data["pick"]["evidence"]) == ("dense", "measured")
    assert seen.data["tasks"][0] == "mine"
    assert "other" in seen.data["tasks"]
    assert "silent" not in seen.data["tasks"]
    assert seen.left_out[0].startswith("No accuracy and cost is known, all else as requested, on ")
    assert "silent" in seen.left_out[0]


def test_tasks_without_room_are_named(found, monkeypatch):
    ws, recommendation = found
    everything = explored(ws, recommendation.request, recommendation.recommended).data["tasks"]
    monkeypatch.setattr(data, "MOST_ROWS", 1)
    seen = explored(ws, recommendation.request, recommendation.recommended)
    assert seen.data["tasks"] == ["mine"]  # its own task is always there
    assert seen.left_out[-1] == f"There was no room for {', '.join(everything[1:])}: name one with --task."


def test_a_curve_is_that_of_the_verb():
    recommendation = advisor.recommend(SHIPPED, task="gpqa-diamond", model="openai/gpt-oss-120b", gpu="h100-sxm")
    seen = explored(SHIPPED, recommendation.request, recommendation.recommended).data["curves"]
    drawn = [each for each in seen if each["task"] == "gpqa-diamond"]
    verb = advisor.curve(SHIPPED, model="openai/gpt-oss-120b", task="gpqa-diamond")
    assert {each["model"] for each in seen} == {"openai/gpt-oss-120b"}
    assert len(drawn) == 1 + len(verb.others)
    known = [(p.flops, 100 * p.accuracy, 100 * p.low) for p in verb.points if p.flops]
    assert [(p["flops"], p["accuracy"], p["low"]) for p in drawn[0]["points"]] == [
        pytest.approx(each, rel=1e-3, abs=1e-4) for each in known
    ]
    assert verb.asymptote_in_words in drawn[0]["text"]
    flops = [p["flops"] for p in drawn[0]["line"]]
    assert flops == sorted(flops)
    assert flops[0] == pytest.approx(known[0][0], rel=0.05)
