"""What `advisor models` shows: licence, release, context, and what is known of asking each model."""

import json

import pytest

from advisor.reports.listings import listed_models
from tests.known import SHIPPED

LISTED = {m.model: m for m in listed_models(SHIPPED.models.known(), SHIPPED.sampling)}


def shown(advisor, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    _, out, _ = advisor("models")
    return out


@pytest.mark.parametrize(
    ("columns", "headings"),
    [
        (80, ["model", "context", "licence"]),
        (118, ["model", "release", "context", "licence", "temp.", "thinking"]),
        (
            160,
            ["model", "release", "kind", "kB/token", "context", "precision", "licence", "temp.", "thinking"],
        ),
    ],
)
def test_the_columns_that_fit(advisor, monkeypatch, columns, headings):
    out = shown(advisor, monkeypatch, columns)
    heading = out[: out.index("──")]
    assert [h for h in headings if h not in heading] == []


@pytest.mark.parametrize(
    ("model", "cells"),
    [
        ("Qwen3-32B", ["2025-04", "dense", "32.76", "41k", "bf16", "apache-2.0", "0.6/0.7", "on/off"]),
        ("DeepSeek-V3.1", ["2025-08", "MoE", "671", "164k", "fp8", "mit", "0.6", "on/off"]),
        ("gpt-oss-120b", ["2025-08", "MoE", "117", "131k", "fp4", "apache-2.0", "3 modes"]),
        ("Qwen3-Next-80B-A3B-Thinking", ["2025-09", "MoE", "262k", "apache-2.0", "0.6"]),
    ],
)
def test_a_line_of_the_listing(advisor, monkeypatch, model, cells):
    (line,) = [
        each
        for each in shown(advisor, monkeypatch, 160).splitlines()
        if each.split()[:1] and each.split()[0].endswith("/" + model)
    ]
    for cell in cells:
        assert cell in line, line


def test_a_model_with_one_mode_has_no_switch():
    assert LISTED["Qwen/Qwen3-Next-80B-A3B-Thinking"].switches == {}
    assert LISTED["Qwen/Qwen3-Next-80B-A3B-Thinking"].recommended_sampling["thinking"]["top_p"] == 0.95


def test_json_has_sampling_and_switches_by_mode(advisor):
    _, out, _ = advisor("models", "--json")
    rows = {row["model"]: row for row in json.loads(out)["models"]}
    assert len(rows) == len(SHIPPED.models)
    found = rows["Qwen/Qwen3-32B"]
    assert found["recommended_sampling"]["thinking"] == {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "min_p": 0.0}
    assert found["switches"]["non-thinking"] == {"chat_template_kwargs": {"enable_thinking": False}}
    assert found["license"] == "apache-2.0"
    assert rows["openai/gpt-oss-120b"]["switches"]["high"] == {"reasoning_effort": "high"}
