"""How models want to be asked, and how they were: sampling.csv and measured_with.csv."""

import pytest

from advisor.errors import AdvisorError
from advisor.sampling import MeasuredRow, Sampling, SamplingRow
from advisor.store.workspace import Workspace
from tests.known import SHIPPED


def row(runs="epoch-", **changed):
    return MeasuredRow(**({"runs": runs, "source": "seen"} | changed))


@pytest.mark.parametrize(
    ("measured", "runs", "fits"),
    [
        (row("epoch-abc"), "epoch-abc", True),
        (row("epoch-abc"), "epoch-abd", False),
        (row("epoch-"), "epoch-abd", True),
        (row("run-b"), "run-a run-b run-c", True),
        (row("b run"), "run-a run-b", False),
        (row("Epoch AI"), "Epoch AI benchmarking hub (CC BY 4.0); independent", True),
        (row(model="org/m"), "epoch-abc", True),
        (row(model="org/other"), "epoch-abc", False),
        (row(generated_tokens=500.0), "epoch-abc", True),
        (row(generated_tokens=502.0), "epoch-abc", True),
        (row(generated_tokens=505.0), "epoch-abc", False),
    ],
)
def test_which_points_a_row_is_about(measured, runs, fits):
    assert measured.fits(runs, "org/m", 500.0) is fits


def test_the_first_row_that_fits_counts():
    table = Sampling([], [row("epoch-abc", temperature=0.3), row("epoch-", temperature=0.7)])
    assert table.measured_with("epoch-abc", "org/m", 1.0).temperature == 0.3
    assert table.measured_with("epoch-x", "org/m", 1.0).temperature == 0.7
    assert table.measured_with("ours", "org/m", 1.0) is None


def test_modes_stand_in_the_order_of_the_table_and_the_first_row_of_each_counts():
    rows = [
        SamplingRow(model="org/m", mode=mode, temperature=t, switches=switches, source="seen")
        for mode, t, switches in (("low", 0.1, ""), ("high", 0.2, '{"reasoning_effort": "high"}'), ("low", 0.9, ""))
    ]
    modes = Sampling(rows).modes("org/m")
    assert [(mode, found.temperature) for mode, found in modes.items()] == [("low", 0.1), ("high", 0.2)]
    assert modes["high"].switch == {"reasoning_effort": "high"}
    assert modes["low"].switch == {}


@pytest.mark.parametrize("switches", ['"{thinking}"', '"[1]"'])
def test_a_switch_that_is_no_json_object_is_named(tmp_path, switches):
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "sampling.csv").write_text(f"model,mode,switches,source\na,thinking,{switches},seen\n")
    with pytest.raises(AdvisorError, match="not a JSON object") as error:
        _ = Workspace(tmp_path).sampling
    assert "sampling.csv, line 2" in str(error.value.where)


def test_what_ships_names_known_models_modes_and_sources():
    table = SHIPPED.sampling
    for each in table.recommended:
        assert each.model in SHIPPED.models, each
        assert each.source, each
        assert each.source_url, each
        assert set(each.switch) <= {"reasoning_effort", "chat_template_kwargs"}, each
    for each in table.measured:
        assert each.source, each
        assert each.as_of, each
        if each.model and each.mode:
            assert each.mode in table.modes(each.model), each


def test_recommended_values_that_ship_are_possible_and_stand_once_a_mode():
    rows = SHIPPED.sampling.recommended
    assert len({(each.model, each.mode) for each in rows}) == len(rows)
    for each in rows:
        stated = each.stated
        others = len(SHIPPED.sampling.modes(each.model)) > 1
        assert stated or each.switch or others or each.mode == "thinking", each  # that it thinks is a fact too
        assert 0 <= stated.get("temperature", 0) <= 2, each
        assert 0 < stated.get("top_p", 1) <= 1, each
        assert stated.get("top_k", 1) >= 1, each
        assert 0 <= stated.get("min_p", 0) < 1, each


def test_what_is_not_stated_is_left_out():
    row = SamplingRow(model="org/m", mode="thinking", temperature=0.0, top_k=20, source="seen")
    assert row.stated == {"temperature": 0.0, "top_k": 20}


def test_of_every_shipped_point_that_can_be_recommended_something_is_known_of_how_it_was_asked():
    points = [p for p in SHIPPED.fits.points if p.generated_tokens and p.model in SHIPPED.models]
    assert len(points) > 200
    for p in points:
        assert SHIPPED.sampling.measured_with(p.runs, p.model, p.generated_tokens / p.n_samples), (p.model, p.runs)


def test_each_level_of_thinking_finds_its_own_run():
    levels = {
        p.generated_tokens: SHIPPED.sampling.measured_with(p.runs, p.model, p.generated_tokens)
        for p in SHIPPED.fits.points
        if (p.task, p.model) == ("simpleqa", "Qwen/Qwen3-8B")
    }
    modes = [levels[tokens].mode for tokens in sorted(levels)]
    assert modes == ["non-thinking", "thinking", "thinking", "thinking"]
    assert len({levels[tokens].runs for tokens in levels}) == 4
